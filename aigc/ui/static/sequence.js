// The viewer of texts in the attention tab; static/weights.js stands before it. Gradio runs this
// once: `element` is the component, `props.value` what the server sent last (sequence.py), `watch`
// tells of a new value, `trigger` calls back. Hovering and clicking happen here, without the
// server. Indices count from 0 inside and from 1 in everything that a person reads.

const part = (name) => element.querySelector(`[data-part="${name}"]`);
const viewer = part("viewer"), text = part("text");
const words = window.aigcTexts.sequence;
const say = (key, values) => window.aigc.fill(words[key], values);
const escape = (s) => s.replace(/[&<>"]/g, (c) => `&#${c.codePointAt(0)};`);

let data = null; // the decoded value
let signs = []; // the elements of the characters
let painted = []; // what stands on each of them now
let tiles = []; // {button, bar, number, layer, head}
let choices = []; // the buttons of the likeliest characters
let kept = { layer: 0, head: 0, position: 0 }; // what was clicked
let preview = {}; // what is pointed at
let touched = false; // whether the visitor has chosen something
let shade = "attention";
const ODD_BITS = 8; // surprise that is painted in full

// Characters

const SIGNS = { "\n": "⏎", "\t": "⇥", "\u0003": "■", "\u00a0": "⍽" };
const hidden = (c) => c in SIGNS || /[\p{C}\p{Zl}\p{Zp}]/u.test(c);
// A character as something that can be seen, whatever it does to the text around it.
const seen = (c) => SIGNS[c] || (hidden(c) ? `U+${c.codePointAt(0).toString(16).toUpperCase()}` : c);
const named = (c) => `“<b>${escape(c === " " ? "␣" : seen(c))}</b>”`;

// The lines of a verse: below the title, pieces of one length, an even number of them when it is
// whole. Null for a text that is none; parallel places stand below each other in a verse.
function verse() {
  if (!data.han) return null;
  const lines = [[]];
  data.chars.forEach((c, i) => {
    lines.at(-1).push(i);
    if (c === "\n" || (lines.length > 1 && "，。！？；".includes(c) && data.chars[i + 1] !== "\n"))
      lines.push([]);
  });
  if (!lines.at(-1).length) lines.pop();
  const rows = lines.slice(1).map((line) => line.filter((i) => /\p{sc=Han}|\ufffd/u.test(data.chars[i])))
    .filter((row) => row.length);
  const length = rows.length ? rows[0].length : 0;
  if (rows.length < 2 || length < 3 || length > 9) return null;
  if (rows.slice(0, -1).some((row) => row.length !== length) || rows.at(-1).length > length) return null;
  return { lines, rows };
}

function buildText() {
  const set = verse();
  const one = (i) => {
    const c = data.chars[i], node = document.createElement("i");
    node.dataset.i = i;
    node.textContent = seen(c);
    if (hidden(c)) node.classList.add("sign");
    if (i < data.given) node.classList.add("given");
    signs[i] = node;
    return node;
  };
  signs = [];
  painted = [];
  data.pairs = [];
  data.verse = set;
  text.classList.toggle("han", Boolean(data.han));
  text.classList.toggle("verse", Boolean(set));
  viewer.toggleAttribute("data-verse", Boolean(set));
  const inside = document.createDocumentFragment();
  if (set) {
    set.lines.forEach((line, k) => {
      const row = document.createElement("span");
      row.className = k ? "tv-line" : "tv-line title";
      row.append(...line.map(one));
      inside.append(row);
    });
    set.rows.forEach((row, k) => {
      const partner = set.rows[k ^ 1];
      row.forEach((i, place) => { if (partner && place < partner.length) data.pairs[i] = partner[place]; });
      if (k % 2 && row.length === set.rows[0].length) signs[row.at(-1)].classList.add("rhyme");
    });
  } else
    data.chars.forEach((c, i) => {
      inside.append(one(i));
      if (c === "\n") inside.append("\n");
    });
  text.replaceChildren(inside);
}

// Painting

// Plain colours, read once: a variable in each would be looked up anew for every character.
const style = getComputedStyle(viewer);
const COLOURS = ["earlier", "later", "odd"].map((name) => Array.from({ length: 33 },
  (_, k) => `rgba(${style.getPropertyValue(`--${name}`).trim()}, ${(0.75 * k / 32).toFixed(3)})`));
function paint(i, colour, share) {
  const level = share > 0.002 ? Math.max(1, Math.round(32 * Math.sqrt(Math.min(1, share)))) : 0;
  const code = level ? colour * 64 + level : 0;
  if (painted[i] === code) return;
  painted[i] = code;
  signs[i].style.backgroundColor = COLOURS[colour][level];
}

// What stands around a place: what its step read, and which later steps read it.
function around(layer, head, t) {
  const before = new Float32Array(data.steps), after = new Float32Array(data.steps);
  const first = data.weights.row(layer, head, t, before);
  data.weights.column(layer, head, t, after);
  return { first, before, after };
}

const top = (values, low, high) => {
  let most = 0;
  for (let i = low; i < high; i++) most = Math.max(most, values[i]);
  return most;
};
const strongest = (values, low, high, count) => {
  const order = [];
  for (let i = low; i < high; i++) if (values[i] > 0.005) order.push(i);
  return order.sort((a, b) => values[b] - values[a]).slice(0, count);
};

function nameOf(layer, head) {
  if (layer === "rollout") return words.rollout;
  return typeof head === "number" ? say("oneHead", { layer: layer + 1, head: head + 1 })
    : say(head, { layer: layer + 1 });
}

function describe(shown, found) {
  const t = shown.position, name = nameOf(shown.layer, shown.head), lines = [];
  const list = (values, low, high) => strongest(values, low, high, 3).map((i) =>
    say("onSign", { sign: named(data.chars[i]), place: i + 1, share: percent(values[i]) })).join(words.list);
  lines.push(say(t < data.given ? "signGiven" : "sign", { sign: named(data.chars[t]), place: t + 1,
    places: data.steps, bits: data.bits[t].toFixed(1), share: percent(2 ** -data.bits[t]) }));
  const read = list(found.before, 0, t);
  lines.push(say("read", { name, share: percent(found.first), signs: read ? words.list + read : "" }));
  const later = list(found.after, t + 1, data.steps);
  lines.push(later ? say("laterBy", { signs: later }) : words.laterNone);
  if (data.pairs[t] !== undefined) lines.push(`<span class="quiet">${
    say(signs[t].classList.contains("rhyme") ? "pairRhyme" : "pair",
      { sign: named(data.chars[data.pairs[t]]) })}</span>`);
  lines.push(`<span class="quiet">${say("whole",
    { bits: (data.bits.reduce((a, b) => a + b, 0) / data.steps).toFixed(2) })}</span>`);
  return lines;
}

const current = () => ({ ...kept, ...preview });
let queued = false;
function render() {
  if (queued) return;
  queued = true;
  requestAnimationFrame(() => {
    queued = false;
    if (ready()) renderNow();
  });
}

let now = null, pair = null;
function renderNow() {
  const shown = current(), t = shown.position;
  const found = around(shown.layer, shown.head, t);
  if (shade === "surprise") data.bits.forEach((bits, i) => paint(i, 2, bits / ODD_BITS));
  else {
    const most = top(found.before, 0, t) || 1, later = top(found.after, t + 1, data.steps) || 1;
    for (let i = 0; i < t; i++) paint(i, 0, found.before[i] / most);
    paint(t, 0, 0);
    for (let i = t + 1; i < data.steps; i++) paint(i, 1, found.after[i] / later);
  }
  now?.classList.remove("now");
  pair?.classList.remove("pair");
  now = signs[t];
  pair = signs[data.pairs[t]];
  now.classList.add("now");
  pair?.classList.add("pair");
  const row = new Float32Array(data.steps), at = `${(100 * (t + 0.5)) / data.steps}%`;
  for (const tile of tiles) {
    const first = data.weights.row(tile.layer, tile.head, t, row);
    const share = short(first);
    if (tile.number.data !== share) tile.number.data = share;
    tile.bar.style.backgroundSize = `${100 * first}% 100%`;
    tile.marks.style.backgroundPosition = `0 ${at}, ${at} 0`;
    const pressed = String(tile.layer === kept.layer && tile.head === kept.head);
    if (tile.button.getAttribute("aria-pressed") !== pressed)
      tile.button.setAttribute("aria-pressed", pressed);
  }
  if (part("layer").value !== String(shown.layer)) part("layer").value = shown.layer;
  if (part("head").value !== String(shown.head)) part("head").value = shown.head;
  part("head").disabled = shown.layer === "rollout";
  part("readout").innerHTML = describe(shown, found).map((p) => `<p>${p}</p>`).join("");
  renderChoices(t);
}

// The likeliest characters at a place, and the one that stands there.
function renderChoices(t) {
  const k = data.count, here = data.chars[t];
  const rows = Array.from({ length: k }, (_, i) => [data.options[t * k + i], data.chances[t * k + i]]);
  if (!rows.some(([c]) => c === here)) rows.push([here, 2 ** -data.bits[t]]);
  while (choices.length < k + 1) {
    const button = document.createElement("button");
    button.type = "button";
    button.append(document.createElement("b"), document.createElement("span"));
    part("choices").append(button);
    choices.push(button);
  }
  choices.forEach((button, i) => {
    button.hidden = i >= rows.length;
    if (button.hidden) return;
    const [c, share] = rows[i], stands = c === here, sign = c === " " ? "␣" : seen(c);
    button.value = c;
    button.firstChild.textContent = sign;
    button.lastChild.textContent = percent(share);
    button.style.backgroundSize = `${100 * share}% 100%`;
    button.toggleAttribute("aria-current", stands);
    button.disabled = data.alone || stands || c === data.end || c === "\ufffd";
    button.title = button.disabled ? "" : say("choose", { sign });
  });
}

// Each head's whole map: a row for each step, from top to bottom, each as bright as its own peak.
const VIRIDIS = ["440154", "482878", "3e4989", "31688e", "26828e", "1f9e89", "35b779", "6ece58",
  "b5de2b", "fde725"].map((hex) => [0, 2, 4].map((i) => parseInt(hex.slice(i, i + 2), 16)));
const LUT = Uint32Array.from({ length: 256 }, (_, i) => {
  const x = (i / 255) * (VIRIDIS.length - 1), low = Math.min(Math.floor(x), VIRIDIS.length - 2);
  const [r, g, b] = VIRIDIS[low].map((c, k) => Math.round(c + (VIRIDIS[low + 1][k] - c) * (x - low)));
  return (255 << 24) | (b << 16) | (g << 8) | r;
});
function paintTile(tile) {
  const n = data.steps, image = new ImageData(n, n), out = new Uint32Array(image.data.buffer);
  if (tile.head === "mean") {
    const row = new Float32Array(n);
    for (let t = 0; t < n; t++) {
      data.weights.row(tile.layer, "mean", t, row);
      const most = top(row, 0, t) || 1;
      for (let p = 0; p < t; p++) out[t * n + p] = LUT[Math.round(255 * Math.sqrt(row[p] / most))];
    }
  } else {
    let at = data.weights.start(tile.layer, tile.head);
    for (let t = 0; t < n; t++)
      for (let p = 0; p < t; p++) out[t * n + p] = LUT[data.weights.maps[at++]];
  }
  tile.canvas.width = tile.canvas.height = n;
  tile.canvas.getContext("2d").putImageData(image, 0, 0);
}

function buildTiles() {
  const rows = [];
  tiles = [];
  const heads = [...Array(data.heads).keys(), ...(data.heads > 1 ? ["mean"] : [])];
  for (let layer = 0; layer < data.layers; layer++) {
    const row = document.createElement("div");
    row.className = "av-layer";
    row.innerHTML = `<span>${say("layer", { layer: layer + 1 })}</span><div class="av-tiles"></div>`;
    for (const head of heads) {
      const button = document.createElement("button"), name = nameOf(layer, head);
      button.type = "button";
      button.className = head === "mean" ? "av-tile av-mean" : "av-tile";
      Object.assign(button.dataset, { layer, head });
      button.innerHTML = `<span class="av-map"><canvas width="1" height="1"></canvas><i class="tv-marks"></i></span>
        <span class="av-bar"><i></i></span><span class="av-tag"><span></span><b> </b></span>`;
      button.querySelector(".av-tag span").textContent = head === "mean" ? words.tileMean : `H${head + 1}`;
      button.setAttribute("aria-label", name);
      button.title = say("tileTitle", { name });
      row.lastChild.append(button);
      tiles.push({ button, layer, head, canvas: button.querySelector("canvas"),
        marks: button.querySelector(".tv-marks"), bar: button.querySelector(".av-bar i"),
        number: button.querySelector("b").firstChild });
    }
    rows.push(row);
  }
  part("layers").replaceChildren(...rows);
  viewer.style.setProperty("--tiles", heads.length);
  viewer.toggleAttribute("data-wide", data.heads > 6);
  const choice = (value, name) => new Option(name, value);
  part("layer").replaceChildren(...Array.from({ length: data.layers }, (_, i) => choice(i, i + 1)),
    choice("rollout", words.optionRollout));
  part("head").replaceChildren(...Array.from({ length: data.heads }, (_, i) => choice(i, i + 1)),
    choice("mean", words.optionMean), choice("max", words.optionMax));
}

// Where to start: two thirds into the text, with the head that looks furthest there and is sure.
function firstLook() {
  const position = Math.floor(data.steps * 0.66), row = new Float32Array(data.steps);
  let best = { layer: 0, head: 0 }, most = -1;
  for (let layer = 0; layer < data.layers; layer++)
    for (let head = 0; head < data.heads; head++) {
      data.weights.row(layer, head, position, row);
      let reach = 0;
      for (let i = 0; i < position; i++) reach += row[i] * Math.min(20, position - i);
      reach *= Math.sqrt(top(row, 0, position));
      if (reach > most) [most, best] = [reach, { layer, head }];
    }
  return { ...best, position };
}

// A link's view, as far as this text has it.
function asked(wanted) {
  const out = {};
  const index = (x, count) => (Number.isInteger(x) && x >= 1 && x <= count ? x - 1 : null);
  const layer = wanted.layer === "rollout" ? "rollout" : index(wanted.layer, data.layers);
  const head = ["mean", "max"].includes(wanted.head) ? wanted.head : index(wanted.head, data.heads);
  const position = index(wanted.position, data.steps);
  if (layer !== null) out.layer = layer;
  if (head !== null) out.head = head;
  if (position !== null) out.position = position;
  return out;
}

async function inflated(content) {
  const stream = new Blob([bytes(content)]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

let received = 0;
async function receive() {
  const value = props.value;
  if (!value || !value.chars) return;
  const turn = ++received;
  preview = {};
  if (!value.maps) {
    data = { ...value, steps: value.chars.length };
    now = pair = null;
    buildText();
    part("wait").textContent = say("writing", { count: data.steps });
    viewer.dataset.phase = "drawing";
    return;
  }
  const maps = await inflated(value.maps);
  if (turn !== received) return; // a newer one came meanwhile
  const old = data, steps = value.chars.length;
  data = { ...value, steps, weights: new Weights(value, steps, maps), bits: floats(value.bits),
    chances: floats(value.chances), count: value.options.length / steps };
  now = pair = null;
  buildText();
  if (tiles.length !== data.layers * (data.heads + (data.heads > 1 ? 1 : 0))
    || part("head").options.length !== data.heads + 2) {
    buildTiles();
    touched = false;
  }
  if (!touched) kept = { ...firstLook(), ...asked(data.view || {}) };
  if (!touched && data.view?.show?.includes("surprise")) colour("surprise");
  kept.position = Math.min(kept.position, steps - 1);
  viewer.dataset.phase = "ready";
  renderNow();
  tiles.forEach(paintTile);
  remember();
}

let noting = 0;
function remember() {
  const name = (x) => (typeof x === "number" ? String(x + 1) : x);
  const view = { layer: name(kept.layer), head: name(kept.head), position: name(kept.position),
    show: shade === "surprise" ? "surprise" : "" };
  Object.assign(viewer.dataset, view);
  clearTimeout(noting);
  noting = setTimeout(() => window.aigc.look("attention", view), 120);
  // The formula with the numbers of this place, where it stands on the page.
  if (document.querySelector("#attention-formula")?.offsetParent) trigger("select");
}

function keep(change) {
  if (!ready()) return;
  touched = true;
  kept = { ...kept, ...change };
  preview = {};
  render();
  remember();
}

const ready = () => data && data.weights;
const placeOf = (event) => {
  const sign = event.target.closest("[data-i]");
  return sign ? Number(sign.dataset.i) : -1;
};
text.addEventListener("pointerover", (event) => {
  const position = placeOf(event);
  if (!ready() || position < 0 || event.pointerType === "touch") return;
  preview = { ...preview, position };
  render();
});
text.addEventListener("pointerleave", () => {
  delete preview.position;
  render();
});
text.addEventListener("click", (event) => {
  const position = placeOf(event);
  if (position >= 0) keep({ position });
});
text.addEventListener("keydown", (event) => {
  if (!ready()) return;
  const next = { ArrowLeft: kept.position - 1, ArrowRight: kept.position + 1, Home: 0,
    End: data.steps - 1 }[event.key];
  if (next === undefined) return;
  if (next >= 0 && next < data.steps) keep({ position: next });
  event.preventDefault();
});

const number = (value) => (/^[0-9]+$/.test(value) ? Number(value) : value);
const tileOf = (event) => event.target.closest(".av-tile");
part("layers").addEventListener("click", (event) => {
  const tile = tileOf(event);
  if (tile) keep({ layer: number(tile.dataset.layer), head: number(tile.dataset.head) });
});
part("layers").addEventListener("pointerover", (event) => {
  const tile = tileOf(event);
  if (!tile || !ready() || event.pointerType === "touch") return;
  preview = { ...preview, layer: number(tile.dataset.layer), head: number(tile.dataset.head) };
  render();
});
part("layers").addEventListener("pointerleave", () => {
  delete preview.layer;
  delete preview.head;
  render();
});
part("layer").addEventListener("change", (event) => keep({ layer: number(event.target.value) }));
part("head").addEventListener("change", (event) => keep({ head: number(event.target.value) }));
function colour(by) {
  shade = viewer.dataset.shade = by;
  for (const button of element.querySelectorAll("button[data-shade]"))
    button.setAttribute("aria-pressed", String(button.dataset.shade === by));
}
for (const button of element.querySelectorAll("button[data-shade]"))
  button.addEventListener("click", () => {
    colour(button.dataset.shade);
    render();
    remember();
  });

// Another character in this place: the text up to there is the prompt from which it goes on.
part("choices").addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (!button || !ready()) return;
  touched = true;
  trigger("submit", { prompt: data.chars.slice(0, kept.position).join("") + button.value });
});

watch("value", receive);
receive();
