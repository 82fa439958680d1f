// The film of one or two runs. `props.value` is what `watch` in timelapse.py sent; from there on
// nothing asks the server. Two runs share one clock: at each moment both show their last snapshot.

const part = (name) => element.querySelector(`[data-part="${name}"]`);
const viewer = part("viewer"), slider = part("slider");
const words = window.aigcTexts.film;
const say = (key, values) => window.aigc.fill(words[key], values);
const COLOURS = ["#219684", "#c2571a"];

let runs = [];
let moments = []; // minutes of training at which some run has a snapshot
let pictures = []; // of each run its box, its <img> or its texts
let charts = []; // {name, cursor, values: one <b> a run}
let playing = 0;
let noting = 0;

const plain = (text) => String(text).replace(/[<&>]/g, "");
const short = (x) => (x === null || x === undefined ? "–"
  : Math.abs(x) >= 1000 ? Math.round(x).toLocaleString("en") : Number(x.toPrecision(3)).toString());

// The last snapshot of a run up to a moment, or its first one.
function frameAt(run, minutes) {
  let at = 0;
  while (at + 1 < run.minutes.length && run.minutes[at + 1] <= minutes + 1e-9) at++;
  return at;
}

function line(run, name, low, high) {
  const end = moments[moments.length - 1] || 1, values = run.figures[name];
  const points = values.flatMap((value, i) => (value === null || value === undefined ? []
    : [`${((100 * run.minutes[i]) / end).toFixed(2)},${(60 - (56 * (value - low)) / (high - low || 1)).toFixed(2)}`]));
  return `M${points.join("L")}`;
}

// The steps of a run count what it learns from, whatever that is.
const titled = (run, name) => plain((name === "images/s" ? words.rate[run.kind] : words.figures[name]) || name);

function buildCharts() {
  const names = [...new Set(runs.flatMap((run) => Object.keys(run.figures)))];
  charts = [];
  part("charts").replaceChildren(...names.map((name) => {
    const having = runs.filter((run) => name in run.figures);
    const all = having.flatMap((run) => run.figures[name]).filter((x) => typeof x === "number");
    const low = Math.min(...all), high = Math.max(...all);
    const box = document.createElement("section");
    box.className = "tl-chart";
    const lines = having.map((run) => {
      const second = runs.indexOf(run) ? "data-second" : "";
      return `<path ${second} style="--run:${COLOURS[runs.indexOf(run)]}" d="${line(run, name, low, high)}"/>`;
    }).join("");
    const title = [...new Set(having.map((run) => titled(run, name)))].join(" · ");
    box.innerHTML = `<h3><span>${title}</span><span>${having.map((run) =>
      `<b ${runs.indexOf(run) ? "data-second" : ""}></b>`).join("")}</span></h3>
      <svg viewBox="0 0 100 64" preserveAspectRatio="none" role="img" aria-label="${title}">${lines}
      <line x1="0" x2="0" y1="0" y2="64"/></svg>`;
    charts.push({ name, having, cursor: box.querySelector("line"), values: [...box.querySelectorAll("b")] });
    return box;
  }));
}

function buildRuns() {
  pictures = runs.map((run, i) => {
    const box = document.createElement("section");
    box.className = "tl-run";
    box.style.setProperty("--run", COLOURS[i]);
    box.innerHTML = `<h2><i></i>${plain(run.name)}<span></span></h2>`;
    const facts = box.querySelector("span");
    if (run.texts) {
      const texts = document.createElement("div");
      texts.className = "tl-texts";
      box.append(texts);
      return { box, texts, facts };
    }
    const image = document.createElement("img");
    box.append(image);
    image.src = run.frames[0];
    image.decode().then(() => { // the box keeps its height while the film runs
      image.width = image.naturalWidth;
      image.height = image.naturalHeight;
    }).catch(() => {});
    return { box, image, facts };
  });
  part("runs").replaceChildren(...pictures.map((one) => one.box));
  part("runs").dataset.count = runs.length;
  // Of a film: what it is of, and what came of it.
  part("abouts").replaceChildren(...runs.flatMap((run, i) => {
    if (!run.about) return [];
    const about = document.createElement("section");
    about.className = "tl-about";
    about.style.setProperty("--run", COLOURS[i]);
    about.innerHTML = `<h2>${plain(run.name)}</h2>${run.about}`;
    return [about];
  }));
}

// What a step of training does, with the numbers of this very moment; a sentence about something
// that this run does not have is left out.
function explain(run, at) {
  const steps = words.steps[run.paired ? run.family : `${run.family}_alone`] || words.steps[run.family];
  if (!steps) return "";
  const now = Object.fromEntries(Object.entries(run.figures).flatMap(([name, values]) =>
    (values[at] === null ? [] : [[name.replace(/\W/g, "_"), `<b>${short(values[at])}</b>`]])));
  const told = { step: short(run.step[at]), images: short(run.images[at]), ...run.weighed };
  const { begun, had } = run.began;
  if (begun) Object.assign(told, { begun: plain(begun), had: short(had) });
  const list = begun ? [words.began, ...steps.list.slice(1)] : steps.list; // the first: where from
  const known = { ...now, ...Object.fromEntries(Object.entries(told).map(([name, said]) => [name, `<b>${said}</b>`])) };
  const items = list.filter((text) => [...text.matchAll(/\{(\w+)\}/g)].every(([, k]) => k in known));
  return `<h2>${plain(run.name)}: ${steps.title}</h2><ol>${items.map((text) =>
    `<li>${window.aigc.fill(text, known)}</li>`).join("")}</ol>`;
}

function show(at, keep = true) {
  const minutes = moments[at], end = moments[moments.length - 1] || 1;
  slider.value = at + 1;
  part("at").textContent = say("at", { minutes: short(minutes) });
  slider.setAttribute("aria-valuetext", part("at").textContent);
  const frames = runs.map((run) => frameAt(run, minutes));
  runs.forEach((run, i) => {
    const alt = say("alt", { name: run.name, step: run.step[frames[i]] });
    if (run.texts) {
      pictures[i].texts.replaceChildren(...run.texts[frames[i]].map((text) => {
        const box = document.createElement("pre");
        box.textContent = text;
        box.setAttribute("aria-label", alt);
        return box;
      }));
    } else {
      pictures[i].image.src = run.frames[frames[i]];
      pictures[i].image.alt = alt;
    }
    pictures[i].facts.textContent = window.aigc.fill(words.facts[run.kind],
      { step: short(run.step[frames[i]]), images: short(run.images[frames[i]]) });
  });
  for (const chart of charts) {
    const x = (100 * minutes) / end;
    chart.cursor.setAttribute("x1", x);
    chart.cursor.setAttribute("x2", x);
    chart.having.forEach((run, i) => {
      chart.values[i].textContent = short(run.figures[chart.name][frames[runs.indexOf(run)]]);
    });
  }
  part("steps").innerHTML = runs.map((run, i) => explain(run, frames[i])).join("");
  if (!keep) return;
  clearTimeout(noting);
  noting = setTimeout(() => window.aigc.look("timelapse", { frame: at + 1 }), 120);
}

function stop() {
  clearInterval(playing);
  playing = 0;
  part("play").setAttribute("aria-pressed", "false");
  part("play").setAttribute("aria-label", words.play);
}

function play() {
  let at = Number(slider.value) - 1;
  if (at >= moments.length - 1) at = -1;
  part("play").setAttribute("aria-pressed", "true");
  part("play").setAttribute("aria-label", words.pause);
  playing = setInterval(() => {
    at++;
    if (at < moments.length && viewer.isConnected) show(at, at === moments.length - 1);
    if (at >= moments.length - 1) stop();
  }, 260);
}

part("play").addEventListener("click", () => {
  if (!runs.length) return;
  if (playing) { stop(); show(Number(slider.value) - 1); } else play();
});
slider.addEventListener("input", () => {
  stop();
  show(Number(slider.value) - 1);
});

function receive() {
  const value = props.value;
  if (!value || !value.runs) return;
  stop();
  runs = value.runs;
  moments = [...new Set(runs.flatMap((run) => run.minutes))].sort((a, b) => a - b);
  slider.max = moments.length;
  buildRuns();
  buildCharts();
  viewer.dataset.phase = "ready";
  const asked = value.frame;
  show(asked >= 1 && asked <= moments.length ? asked - 1 : moments.length - 1);
}

watch("value", receive);
receive();
