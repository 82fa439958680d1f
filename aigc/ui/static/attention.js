// The viewer of the attention tab. Gradio runs this once: `element` is the component, `props.value`
// what the server sent last (see `whole_view` in attention.py), `watch` tells of a new value.
// Everything else happens here, without the server. Indices count from 0 inside and from 1 in
// everything that a person reads, links included.

const part = (name) => element.querySelector(`[data-part="${name}"]`);
const viewer = part("viewer"), stage = part("stage"), slider = part("slider");
const pen = stage.getContext("2d");
const words = window.aigcTexts.attention;
const say = (key, values) => window.aigc.fill(words[key], values);
const clamp = (x, low, high) => Math.min(high, Math.max(low, x));

// Viridis, by its nine tenths: light means much, in grey and for every kind of colour vision.
const VIRIDIS = ["440154", "482878", "3e4989", "31688e", "26828e", "1f9e89", "35b779", "6ece58",
  "b5de2b", "fde725"].map((hex) => [0, 2, 4].map((i) => parseInt(hex.slice(i, i + 2), 16)));
const LUT = Array.from({ length: 256 }, (_, i) => {
  const x = (i / 255) * (VIRIDIS.length - 1), low = Math.min(Math.floor(x), VIRIDIS.length - 2);
  return VIRIDIS[low].map((c, k) => Math.round(c + (VIRIDIS[low + 1][k] - c) * (x - low)));
});
// How a share of the brightest place becomes a colour, and back for the legend.
const TONES = {
  root: [(x) => Math.sqrt(x), (y) => y ** 2],
  linear: [(x) => x, (y) => y],
  log: [(x) => 1 + Math.log10(Math.max(x, 1e-3)) / 3, (y) => 10 ** (3 * (y - 1))],
};
const tone = (share) => TONES[option.tone][0](clamp(share, 0, 1));
const colour = (share) => LUT[Math.round(255 * tone(share))];
const paintRamp = () => element.style.setProperty("--ramp", `linear-gradient(90deg, ${VIRIDIS.map(
  (c, i) => `rgb(${c}) ${(100 * TONES[option.tone][1](i / (VIRIDIS.length - 1))).toFixed(2)}%`)})`);

let data = null; // the decoded value
let picture = null; // a canvas with the picture, one pixel a pixel
let tiles = []; // {button, canvas, bar, number, layer, head}
let kept = { layer: 0, head: 0, position: 0 }; // what was clicked
let preview = {}; // what is pointed at
let touched = false; // whether the visitor has chosen something
let playing = 0;
const option = { sink: false, shared: false, lines: true, surprise: false, way: "from", tone: "root" };
const RING = "#ff6b3d";

// Weights

function decode(value) {
  const steps = value.rows * value.columns;
  const out = { ...value, steps, pixels: bytes(value.pixels) };
  if (value.maps) {
    out.weights = new Weights(value, steps, bytes(value.maps));
    if (value.bits) out.bits = floats(value.bits);
    const told = value.expected;
    if (told) out.expected = { values: bytes(told.values), chances: floats(told.chances),
      bars: bytes(told.bars) };
  }
  return out;
}

const spare = new Map();
function scratch(name) {
  const old = spare.get(name);
  if (old && old.length === data.steps) return old.fill(0);
  spare.set(name, new Float32Array(data.steps));
  return spare.get(name);
}

// What a map shows: a weight for each patch, the patches `low` .. `high - 1` that have one, and
// the start token's share.
function spread(layer, head, position) {
  const w = new Float32Array(data.steps);
  if (option.way === "from") {
    let first = data.weights.row(layer, head, position, w);
    if (option.sink) {
      const rest = 1 - first;
      for (let p = 0; p < position; p++) w[p] = rest > 1e-6 ? w[p] / rest : 0;
      first = 0;
    }
    return { w, low: 0, high: position, first };
  }
  const row = scratch("row");
  for (let t = position + 1; t < data.steps; t++) {
    const first = data.weights.row(layer, head, t, row);
    w[t] = option.sink && first < 1 - 1e-6 ? row[position] / (1 - first) : row[position];
  }
  return { w, low: position + 1, high: data.steps, first: 0 };
}

const largest = (map) => {
  let top = 0;
  for (let i = map.low; i < map.high; i++) top = Math.max(top, map.w[i]);
  return top;
};

// Pictures

function paintPicture() {
  picture = document.createElement("canvas");
  picture.width = data.width;
  picture.height = data.height;
  const image = new ImageData(data.width, data.height), c = data.channels;
  for (let i = 0; i < data.width * data.height; i++) {
    for (let k = 0; k < 3; k++) image.data[4 * i + k] = data.pixels[c * i + (c === 3 ? k : 0)];
    image.data[4 * i + 3] = 255;
  }
  picture.getContext("2d").putImageData(image, 0, 0);
}

// The outline of what is bright, to lie over every map.
function contour() {
  const zoom = 8, w = data.width, h = data.height, c = data.channels;
  const canvas = document.createElement("canvas"), ink = canvas.getContext("2d");
  canvas.width = w * zoom;
  canvas.height = h * zoom;
  const bright = (x, y) => x >= 0 && y >= 0 && x < w && y < h && data.pixels[c * (y * w + x)] > 110;
  ink.beginPath();
  for (let y = 0; y <= h; y++)
    for (let x = 0; x <= w; x++) {
      if (bright(x, y) !== bright(x - 1, y)) {
        ink.moveTo(x * zoom, y * zoom);
        ink.lineTo(x * zoom, (y + 1) * zoom);
      }
      if (bright(x, y) !== bright(x, y - 1)) {
        ink.moveTo(x * zoom, y * zoom);
        ink.lineTo((x + 1) * zoom, y * zoom);
      }
    }
  ink.lineCap = "square";
  ink.lineWidth = 4;
  ink.strokeStyle = "rgba(0, 0, 0, 0.45)";
  ink.stroke();
  ink.lineWidth = 2;
  ink.strokeStyle = "rgba(255, 255, 255, 0.8)";
  ink.stroke();
  return canvas;
}

function paintMap(canvas, map, scale) {
  const image = new ImageData(data.columns, data.rows);
  for (let i = map.low; i < map.high; i++) {
    const [r, g, b] = colour(scale > 0 ? map.w[i] / scale : 0);
    image.data.set([r, g, b, 255], 4 * i);
  }
  canvas.getContext("2d").putImageData(image, 0, 0);
}

const place = (i, size) => [(i % data.columns) * size[0], Math.floor(i / data.columns) * size[1]];

function paintStage(ink, zoom, shown, map, scale) {
  const width = data.width * zoom, height = data.height * zoom, t = shown.position;
  const size = [width / data.columns, height / data.rows];
  ink.imageSmoothingEnabled = false;
  ink.drawImage(picture, 0, 0, width, height);
  ink.fillStyle = "rgba(8, 10, 16, 0.42)";
  ink.fillRect(0, 0, width, height);
  for (let i = map.low; i < map.high; i++) {
    const share = scale > 0 ? map.w[i] / scale : 0;
    ink.globalAlpha = 0.92 * tone(share);
    ink.fillStyle = `rgb(${colour(share)})`;
    ink.fillRect(...place(i, size), ...size);
  }
  ink.globalAlpha = 1;
  if (option.way === "from" && map.w !== data.bits)
    for (let i = t + 1; i < data.steps; i++) {
      const [x, y] = place(i, size);
      ink.fillStyle = playing ? "#0b0d12" : "rgba(11, 13, 18, 0.6)";
      ink.fillRect(x, y, ...size);
    }
  ink.strokeStyle = "rgba(255, 255, 255, 0.07)";
  ink.lineWidth = 1;
  ink.beginPath();
  for (let x = 1; x < data.columns; x++) {
    ink.moveTo(x * size[0] + 0.5, 0);
    ink.lineTo(x * size[0] + 0.5, height);
  }
  for (let y = 1; y < data.rows; y++) {
    ink.moveTo(0, y * size[1] + 0.5);
    ink.lineTo(width, y * size[1] + 0.5);
  }
  ink.stroke();
  const [x, y] = place(t, size);
  ink.drawImage(picture, (x / zoom), (y / zoom), size[0] / zoom, size[1] / zoom, x, y, ...size);
  if (option.lines && map.w !== data.bits) {
    const centre = ([a, b]) => [a + size[0] / 2, b + size[1] / 2];
    const [cx, cy] = centre([x, y]);
    for (const i of strongest(map, 5).reverse()) {
      const [px, py] = centre(place(i, size)), share = map.w[i] / scale;
      const bend = 0.18, mx = (cx + px) / 2 + (py - cy) * bend, my = (cy + py) / 2 - (px - cx) * bend;
      for (const [style, extra] of [["rgba(0, 0, 0, 0.55)", 3], ["#fff", 0]]) {
        ink.beginPath();
        ink.moveTo(cx, cy);
        ink.quadraticCurveTo(mx, my, px, py);
        ink.strokeStyle = style;
        ink.lineWidth = (0.8 + 3.4 * share) * (width / 600) + extra;
        ink.stroke();
        ink.beginPath();
        ink.arc(px, py, (2.5 + 4 * share) * (width / 600) + extra / 2, 0, 7);
        ink.fillStyle = style;
        ink.fill();
      }
    }
  }
  for (const [style, line, grow] of [["#000", 9, 4], ["#fff", 7, 4], [RING, 5, 4]]) {
    ink.strokeStyle = style;
    ink.lineWidth = line * (width / 600);
    ink.strokeRect(x - grow, y - grow, size[0] + 2 * grow, size[1] + 2 * grow);
  }
}

const strongest = (map, count) => {
  const order = [];
  for (let i = map.low; i < map.high; i++) if (map.w[i] > 0.005) order.push(i);
  return order.sort((a, b) => map.w[b] - map.w[a]).slice(0, count);
};

const distance = (i, j) => Math.hypot((i % data.columns) - (j % data.columns),
  Math.floor(i / data.columns) - Math.floor(j / data.columns)); // in patches
const where = (i) => say("where",
  { row: Math.floor(i / data.columns) + 1, column: (i % data.columns) + 1 });
const quiet = (text) => `<span class="quiet">${text}</span>`;
const sum = (map) => map.w.subarray(map.low, map.high).reduce((a, b) => a + b, 0);

function nameOf(layer, head) {
  if (layer === "rollout") return words.rollout;
  return typeof head === "number" ? say("oneHead", { layer: layer + 1, head: head + 1 })
    : say(head, { layer: layer + 1 });
}

function describe(shown, map) {
  const t = shown.position, total = sum(map), best = strongest(map, 3);
  const name = nameOf(shown.layer, shown.head), lines = [];
  const surprise = data.bits && say("surprise", { bits: data.bits[t].toFixed(1),
    all: (data.bits.reduce((a, b) => a + b, 0) / data.pixels.length).toFixed(3) })
    + (data.real ? say("surpriseReal", { real: data.real }) : "");
  if (option.way === "later") {
    const steps = best.map((i) => say("lookedStep",
      { step: i + 1, where: where(i), share: percent(map.w[i]) })).join(words.list);
    lines.push(say("drawnIn", { where: where(t), step: t + 1 }));
    lines.push(say(best.length ? "lookedAt" : "lookedNone", { name, steps }));
    lines.push(quiet(say("lookedSum", { total: total.toFixed(1) })));
    if (surprise) lines.push(surprise);
    return lines;
  }
  lines.push(say("stepDrew", { step: t + 1, where: where(t) }));
  const token = data.label === "any" ? words.tokenAny
    : say("token", { label: data.label.replace(/[<&]/g, "") });
  if (t === 0) lines.push(say("nothingYet", { name, token }));
  else {
    const places = best.length ? best.map((i) =>
      say("onPlace", { share: percent(map.w[i]), where: where(i) })).join(words.list) : words.noPlace;
    lines.push(say(option.sink ? "onPlaces" : "onToken",
      { name, token, places, share: percent(map.first) }));
    let entropy = 0, far = 0;
    for (let i = 0; i < t; i++) {
      const w = total > 0 ? map.w[i] / total : 0;
      if (w > 0) entropy -= w * Math.log2(w);
      far += w * distance(i, t);
    }
    if (total > 1e-6)
      lines.push(quiet(say("spread", { places: (2 ** entropy).toFixed(1), far: far.toFixed(1) })));
  }
  if (surprise) lines.push(surprise);
  return lines;
}

// What was expected in a place, a chart for each value of the patch, and what came

let charts = []; // {pen, caption}
function buildCharts() {
  part("expected").hidden = !data.expected;
  const count = data.expected ? data.expected.values.length / data.steps : 0;
  if (charts.length === count) return;
  charts = Array.from({ length: count }, () => {
    const figure = document.createElement("figure");
    figure.innerHTML = '<canvas width="256" height="80"></canvas><figcaption> </figcaption>';
    return { figure, pen: figure.firstChild.getContext("2d"), caption: figure.lastChild.firstChild };
  });
  part("charts").replaceChildren(...charts.map((chart) => chart.figure));
}

function paintCharts(t) {
  const count = charts.length, bins = count && data.expected.bars.length / data.steps / count;
  const ink = getComputedStyle(viewer).color;
  charts.forEach(({ pen, caption }, i) => {
    const at = t * count + i, value = data.expected.values[at], chance = data.expected.chances[at];
    const now = Math.floor((value * bins) / 256), wide = 256 / bins;
    pen.clearRect(0, 0, 256, 80);
    for (let k = 0; k < bins; k++) {
      const tall = (78 * data.expected.bars[at * bins + k]) / 255;
      pen.fillStyle = k === now ? RING : ink;
      pen.globalAlpha = k === now ? 1 : 0.45;
      pen.fillRect(k * wide, 80 - Math.max(tall, k === now ? 3 : 0), wide - 1, 80);
    }
    caption.data = say("expectedValue", { value, share: percent(chance),
      bits: (-Math.log2(Math.max(chance, 1e-12))).toFixed(1) });
  });
}

// The page

const current = () => ({ ...kept, ...preview });

let queued = false;
function render() {
  if (queued) return;
  queued = true;
  requestAnimationFrame(() => {
    queued = false;
    if (data && data.maps) renderNow();
  });
}

function renderNow() {
  const shown = current(), t = shown.position;
  const maps = tiles.map((tile) => spread(tile.layer, tile.head, t));
  const bits = option.surprise && data.bits;
  const map = bits ? { w: data.bits, low: 0, high: data.steps, first: 0 }
    : spread(shown.layer, shown.head, t);
  const tops = maps.map(largest);
  const all = Math.max(...tops), own = largest(map);
  const scale = option.shared && !bits ? Math.max(all, own) : own;
  tiles.forEach((tile, i) => {
    paintMap(tile.canvas, maps[i], option.shared ? all : tops[i]);
    tile.bar.style.backgroundSize = `${100 * maps[i].first}% 100%`;
    tile.number.textContent = option.way === "from" ? short(maps[i].first) : "";
    tile.button.setAttribute("aria-pressed",
      String(tile.layer === kept.layer && tile.head === kept.head));
  });
  paintStage(pen, stage.width / data.width, shown, map, scale);
  viewer.style.setProperty("--column", t % data.columns);
  viewer.style.setProperty("--row", Math.floor(t / data.columns));
  slider.value = t + 1;
  part("step").textContent = `${t + 1} / ${data.steps}`;
  part("peak").textContent = bits ? say("brightestBits", { bits: scale.toFixed(1) })
    : say("brightest", { share: percent(scale) });
  part("layer").value = shown.layer;
  part("head").value = shown.head;
  part("head").disabled = shown.layer === "rollout";
  paintCharts(t);
  if (!playing) part("readout").innerHTML = describe(shown, bits ? spread(shown.layer, shown.head, t) : map).map((p) => `<p>${p}</p>`).join("");
  else part("readout").innerHTML = `<p>${say("stepDraws", { step: t + 1, where: where(t) })}</p>`;
}

function renderDrawing() {
  pen.fillStyle = "#0b0d12";
  pen.fillRect(0, 0, stage.width, stage.height);
  pen.imageSmoothingEnabled = false;
  const done = Math.floor(data.drawn / data.columns) * (data.height / data.rows);
  if (done) pen.drawImage(picture, 0, 0, data.width, done, 0, 0, stage.width,
    (stage.height * done) / data.height);
  part("wait").textContent = say("drawing", data);
}

function buildTiles() {
  const rows = [];
  tiles = [];
  for (let layer = 0; layer < data.layers; layer++) {
    const row = document.createElement("div");
    row.className = "av-layer";
    row.innerHTML = `<span>${say("layer", { layer: layer + 1 })}</span><div class="av-tiles"></div>`;
    for (const head of [...Array(data.heads).keys(), ...(data.heads > 1 ? ["mean"] : [])]) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = head === "mean" ? "av-tile av-mean" : "av-tile";
      Object.assign(button.dataset, { layer, head });
      button.innerHTML = `<span class="av-map"><canvas width="${data.columns}" height="${data.rows}">
        </canvas></span><span class="av-bar"><i></i></span><span class="av-tag"><span></span><b></b></span>`;
      const name = nameOf(layer, head);
      button.querySelector(".av-tag span").textContent = head === "mean" ? words.tileMean : `H${head + 1}`;
      button.setAttribute("aria-label", name);
      button.title = say("tileTitle", { name });
      row.lastChild.append(button);
      tiles.push({ button, layer, head, canvas: button.querySelector("canvas"),
        bar: button.querySelector("i"), number: button.querySelector("b") });
    }
    rows.push(row);
  }
  part("layers").replaceChildren(...rows);
  viewer.style.setProperty("--tiles", data.heads + (data.heads > 1 ? 1 : 0));
  viewer.toggleAttribute("data-wide", data.heads > 6);
  const choice = (value, text) => new Option(text, value);
  part("layer").replaceChildren(...Array.from({ length: data.layers }, (_, i) => choice(i, i + 1)),
    choice("rollout", words.optionRollout));
  part("head").replaceChildren(...Array.from({ length: data.heads }, (_, i) => choice(i, i + 1)),
    choice("mean", words.optionMean), choice("max", words.optionMax));
}

// Where to start: a place in the lower part of the drawing that has ink, and a head that looks far
// from it and is sure about it.
function firstLook() {
  const c = data.channels, tall = data.height / data.rows, wide = data.width / data.columns;
  let best = -1, position = Math.floor(data.steps * 0.6);
  for (let i = Math.floor(data.steps * 0.5); i < data.steps * 0.8; i++) {
    let ink = 0;
    for (let y = 0; y < tall; y++)
      for (let x = 0; x < wide; x++)
        ink += data.pixels[c * ((Math.floor(i / data.columns) * tall + y) * data.width
          + (i % data.columns) * wide + x)];
    if (ink > best) [best, position] = [ink, i];
  }
  let layer = 0, head = 0, most = -1;
  const row = scratch("row");
  for (let k = 0; k < data.layers * data.heads; k++) {
    const at = [Math.floor(k / data.heads), k % data.heads];
    data.weights.headRow(...at, position, row);
    let reach = 0;
    for (let i = 0; i < position; i++) reach += row[i] * distance(i, position);
    reach *= Math.sqrt(data.weights.peak[k * data.steps + position]);
    if (reach > most) [most, layer, head] = [reach, ...at];
  }
  return { layer, head, position };
}

// A link's view, as far as this picture has it.
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

function receive() {
  const value = props.value;
  if (!value || !value.pixels) return;
  stop();
  preview = {};
  const old = data;
  data = decode(value);
  paintPicture();
  const zoom = Math.max(1, Math.round(640 / data.width));
  if (stage.width !== data.width * zoom || stage.height !== data.height * zoom) {
    stage.width = data.width * zoom;
    stage.height = data.height * zoom;
  }
  if (!data.maps) {
    viewer.dataset.phase = "drawing";
    renderDrawing();
    return;
  }
  const same = old && tiles.length && old.rows === data.rows && old.columns === data.columns
    && tiles.length === data.layers * (data.heads + (data.heads > 1 ? 1 : 0))
    && part("head").options.length === data.heads + 2;
  if (!same) buildTiles();
  if (!touched || !same) kept = { ...firstLook(), ...asked(data.view || {}) };
  if (!touched && data.view?.show) turn(data.view.show.split(","));
  viewer.style.setProperty("--columns", data.columns);
  viewer.style.setProperty("--rows", data.rows);
  viewer.style.setProperty("--contour", `url(${contour().toDataURL()})`);
  slider.max = data.steps;
  buildCharts();
  viewer.toggleAttribute("data-nobits", !data.bits);
  viewer.dataset.phase = "ready";
  renderNow();
  remember();
}

// The switches that do not stand as usual, by what links call them (attention.SWITCHES).
const switches = () => [option.way === "later" && "later", option.tone !== "root" && option.tone,
  option.sink && "sink", option.shared && "shared", !option.lines && "nolines",
  option.surprise && "surprise"].filter(Boolean).join(",");
function turn(names) {
  const on = (name) => names.includes(name);
  Object.assign(option, { way: on("later") ? "later" : "from", sink: on("sink"),
    shared: on("shared"), lines: !on("nolines"), surprise: on("surprise"),
    tone: on("log") ? "log" : on("linear") ? "linear" : "root" });
  for (const box of element.querySelectorAll("[data-option]"))
    box.checked = option[box.dataset.option];
  for (const button of element.querySelectorAll("[data-way]"))
    button.setAttribute("aria-pressed", String(button.dataset.way === option.way));
  part("tone").value = option.tone;
  viewer.toggleAttribute("data-nosink", option.sink || option.way === "later");
  paintRamp();
}

// The address and the link follow what is kept (static/app.js). Browsers limit how often an address
// may change, so a drag along the slider changes it once.
let noting = 0;
function remember() {
  const name = (x) => (typeof x === "number" ? String(x + 1) : x);
  const now = { layer: name(kept.layer), head: name(kept.head), position: name(kept.position),
    show: switches() };
  Object.assign(viewer.dataset, now);
  clearTimeout(noting);
  noting = setTimeout(() => window.aigc.look("attention", now), 120);
  // The formula with the numbers of this place, where it stands on the page.
  if (document.querySelector("#attention-formula")?.offsetParent) trigger("select");
}

function keep(change) {
  if (!data || !data.maps) return;
  touched = true;
  kept = { ...kept, ...change };
  preview = {};
  render();
  remember();
}

function patchAt(event) {
  const box = stage.getBoundingClientRect();
  const x = Math.floor(((event.clientX - box.left) / box.width) * data.columns);
  const y = Math.floor(((event.clientY - box.top) / box.height) * data.rows);
  return clamp(y, 0, data.rows - 1) * data.columns + clamp(x, 0, data.columns - 1);
}

const ready = () => data && data.maps;
stage.addEventListener("pointermove", (event) => {
  if (!ready() || playing) return;
  if (event.pointerType === "mouse" || event.buttons) {
    preview = { ...preview, position: patchAt(event) };
    render();
  }
});
stage.addEventListener("pointerleave", () => {
  delete preview.position;
  render();
});
// A finger that slides leaves the place where it was lifted; a tap is a click.
stage.addEventListener("pointerup", (event) => {
  if (ready() && event.pointerType !== "mouse" && !playing) keep({ position: patchAt(event) });
});
stage.addEventListener("click", (event) => {
  if (!ready()) return;
  stop();
  keep({ position: patchAt(event) });
});
stage.addEventListener("keydown", (event) => {
  if (!ready()) return;
  const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -data.columns, ArrowDown: data.columns };
  const ends = { Home: 0, End: data.steps - 1 };
  if (event.key === " ") part("play").click();
  else if (event.key in ends) keep({ position: ends[event.key] });
  else if (event.key in step) {
    const next = kept.position + step[event.key];
    if (next >= 0 && next < data.steps) keep({ position: next });
  } else return;
  event.preventDefault();
});

const number = (text) => (/^[0-9]+$/.test(text) ? Number(text) : text);
const tileOf = (event) => event.target.closest(".av-tile");
part("layers").addEventListener("click", (event) => {
  const tile = tileOf(event);
  if (tile) keep({ layer: number(tile.dataset.layer), head: number(tile.dataset.head) });
});
part("layers").addEventListener("pointerover", (event) => {
  const tile = tileOf(event);
  if (!tile || event.pointerType !== "mouse" || playing) return;
  preview = { ...preview, layer: number(tile.dataset.layer), head: number(tile.dataset.head) };
  render();
});
part("layers").addEventListener("pointerleave", () => {
  delete preview.layer;
  delete preview.head;
  render();
});
part("layers").addEventListener("keydown", (event) => {
  const wide = data ? data.heads + (data.heads > 1 ? 1 : 0) : 1;
  const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -wide, ArrowDown: wide }[event.key];
  const at = tiles.findIndex((tile) => tile.button === tileOf(event));
  if (!step || at < 0 || !tiles[at + step]) return;
  tiles[at + step].button.focus();
  tiles[at + step].button.click();
  event.preventDefault();
});
part("layer").addEventListener("change", (event) => keep({ layer: number(event.target.value) }));
part("head").addEventListener("change", (event) => keep({ head: number(event.target.value) }));
slider.addEventListener("input", () => {
  stop();
  keep({ position: Number(slider.value) - 1 });
});
part("tone").addEventListener("change", (event) => {
  option.tone = event.target.value;
  paintRamp();
  render();
  remember();
});
paintRamp();
for (const box of element.querySelectorAll("[data-option]"))
  box.addEventListener("change", () => {
    option[box.dataset.option] = box.checked;
    viewer.toggleAttribute("data-nosink", option.sink || option.way === "later");
    render();
    remember();
  });
for (const button of element.querySelectorAll("[data-way]"))
  button.addEventListener("click", () => {
    option.way = button.dataset.way;
    for (const other of element.querySelectorAll("[data-way]"))
      other.setAttribute("aria-pressed", String(other === button));
    viewer.toggleAttribute("data-nosink", option.sink || option.way === "later");
    render();
    remember();
  });

// Replay

function stop() {
  if (!playing) return;
  cancelAnimationFrame(playing);
  playing = 0;
  part("play").setAttribute("aria-pressed", "false");
  part("play").setAttribute("aria-label", words.replay);
  if (ready()) {
    render();
    remember();
  }
}

function play() {
  if (!ready()) return;
  touched = true;
  preview = {};
  if (option.way !== "from") element.querySelector('[data-way="from"]').click();
  if (kept.position >= data.steps - 1) kept.position = 0;
  const pace = Math.max(30, 12000 / data.steps);
  let before = performance.now();
  const tick = (now) => {
    const steps = Math.floor((now - before) / pace);
    if (steps > 0) {
      before += steps * pace;
      kept.position = Math.min(data.steps - 1, kept.position + steps);
      renderNow();
    }
    if (kept.position >= data.steps - 1) stop();
    else playing = requestAnimationFrame(tick);
  };
  playing = requestAnimationFrame(tick);
  part("play").setAttribute("aria-pressed", "true");
  part("play").setAttribute("aria-label", words.pause);
}
part("play").addEventListener("click", () => (playing ? stop() : play()));

// A picture of the view, for a slide or a paper

function figure() {
  const zoom = Math.max(1, Math.round(560 / data.width)), wide = data.heads + (data.heads > 1 ? 1 : 0);
  const shown = current(), map = spread(shown.layer, shown.head, shown.position);
  const side = 104, gap = 14, left = data.width * zoom + 60, top = 40;
  const canvas = document.createElement("canvas"), ink = canvas.getContext("2d");
  canvas.width = left + 90 + wide * (side + gap);
  canvas.height = Math.max(top + data.height * zoom + 90, top + data.layers * (side + gap + 16) + 20);
  ink.fillStyle = "#fff";
  ink.fillRect(0, 0, canvas.width, canvas.height);
  ink.save();
  ink.translate(20, top);
  ink.beginPath();
  ink.rect(0, 0, data.width * zoom, data.height * zoom);
  ink.clip();
  const maps = tiles.map((tile) => spread(tile.layer, tile.head, shown.position));
  const all = Math.max(...maps.map(largest));
  paintStage(ink, zoom, shown, map, option.shared ? Math.max(all, largest(map)) : largest(map));
  ink.restore();
  ink.fillStyle = "#222";
  ink.font = "15px sans-serif";
  const made = data.made || {};
  const facts = [words.figureMade, made.checkpoint, say("figureClass", data),
    made.seed === undefined ? words.figureGiven : say("figureSeed", made),
    say("figureStep", { step: shown.position + 1, steps: data.steps })].join(" · ");
  const scope = nameOf(shown.layer, shown.head);
  ink.fillText(facts, 20, 26);
  ink.fillText(`${scope} · ${words[option.way]} · ` + say("brightest", { share: percent(largest(map)) }), 20, top + data.height * zoom + 28);
  ink.font = "12px sans-serif";
  const outline = contour(), small = document.createElement("canvas");
  small.width = data.columns;
  small.height = data.rows;
  ink.imageSmoothingEnabled = false;
  tiles.forEach((tile, i) => {
    const x = left + 20 + (i % wide) * (side + gap), y = top + tile.layer * (side + gap + 16);
    ink.fillStyle = "#ececec";
    ink.fillRect(x, y, side, side);
    paintMap(small, maps[i], option.shared ? all : largest(maps[i]));
    ink.drawImage(small, x, y, side, side);
    ink.imageSmoothingEnabled = true;
    ink.drawImage(outline, x, y, side, side);
    ink.imageSmoothingEnabled = false;
    const size = [side / data.columns, side / data.rows], [px, py] = place(shown.position, size);
    ink.fillStyle = RING;
    ink.fillRect(x + px, y + py, ...size);
    ink.fillStyle = "#222";
    const name = `L${tile.layer + 1} ${tile.head === "mean" ? words.tileMean : `H${tile.head + 1}`}`;
    ink.fillText(option.way === "from" && !option.sink ? `${name} · ${say("figureStart", { share: percent(maps[i].first) })}`
      : name, x, y + side + 14);
  });
  return canvas;
}
part("save").addEventListener("click", () => {
  if (!ready()) return;
  const { layer, head, position, show } = viewer.dataset;
  const file = marked(figure(), looking(data.mark, { layer, head, position, show }));
  const link = document.createElement("a");
  link.download = `attention-step${current().position + 1}.png`;
  link.href = URL.createObjectURL(file);
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
});

watch("value", receive);
receive();
