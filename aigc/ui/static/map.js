// The map of Explore. `props.value` is what `show` in plane.py sent; from there on nothing asks the
// server: the pictures of a grid of points came along, and the one under the pointer is shown. A
// click keeps that point, a drag records a path and plays it.

const part = (name) => element.querySelector(`[data-part="${name}"]`);
const viewer = part("viewer"), plane = part("plane"), picture = part("picture");
const pen = plane.getContext("2d"), brush = picture.getContext("2d");
const words = window.aigcTexts.map;
const say = (key, values) => window.aigc.fill(words[key], values);
const clamp = (x, low, high) => Math.min(high, Math.max(low, x));
const MAX_WALK = 240; // plane.py
const SIDE = 720; // of the canvas, in its own pixels
// Ten inks that stay apart on black for every kind of colour vision, by lightness and by hue; the
// letters themselves say the class, too.
const INKS = ["#56b4e9", "#e69f00", "#009e73", "#f0e442", "#cc79a7", "#d55e00", "#ffffff", "#8da0ff",
  "#a6d854", "#bbbbbb"];

let data = null;
let sheet = null; // the decoded grid, an image
let points = new Float32Array(0), classes = new Int16Array(0);
let hidden = new Set(); // classes whose points are not shown
let base = null; // what does not change while the pointer moves
let kept = null; // the point that was clicked, {x, y}
let shown = null; // the one on the right
let path = [], drawing = false, playing = 0;

const bytes = (text) => Uint8Array.from(atob(text), (sign) => sign.charCodeAt(0)).buffer;
const ink = (k) => INKS[k % INKS.length];
const toPixel = ({ x, y }) => [(x / data.reach + 1) / 2 * SIDE, (1 - y / data.reach) / 2 * SIDE];
const cellOf = ({ x, y }) => [x, -y].map((v) =>
  clamp(Math.floor((v / data.reach + 1) / 2 * data.cells), 0, data.cells - 1));
// The middle of a cell, as the link carries it.
const middle = ([column, row]) => {
  const at = (i) => ((i + 0.5) / data.cells * 2 - 1) * data.reach;
  return { x: Number(at(column).toFixed(4)), y: Number((-at(row)).toFixed(4)) };
};

function paintBase() {
  base = document.createElement("canvas");
  base.width = base.height = SIDE;
  const paper = base.getContext("2d");
  paper.fillStyle = "#0b0d13";
  paper.fillRect(0, 0, SIDE, SIDE);
  if (part("pictures").checked && sheet) {
    paper.imageSmoothingEnabled = false;
    paper.globalAlpha = part("dots").checked ? 0.45 : 1;
    paper.drawImage(sheet, 0, 0, SIDE, SIDE);
    paper.globalAlpha = 1;
  }
  paper.strokeStyle = "rgba(255, 255, 255, 0.25)";
  paper.beginPath();
  paper.moveTo(SIDE / 2, 0);
  paper.lineTo(SIDE / 2, SIDE);
  paper.moveTo(0, SIDE / 2);
  paper.lineTo(SIDE, SIDE / 2);
  paper.stroke();
  if (!part("dots").checked) return;
  const letters = data.labels.length > 0 && data.labels.every((name) => name.length < 3);
  paper.font = "600 13px system-ui, sans-serif";
  paper.textAlign = "center";
  paper.textBaseline = "middle";
  for (let i = 0; i < classes.length; i++) {
    if (hidden.has(classes[i])) continue;
    const [x, y] = toPixel({ x: points[2 * i], y: points[2 * i + 1] });
    paper.fillStyle = ink(classes[i]);
    if (letters) paper.fillText(data.labels[classes[i]], x, y);
    else paper.fillRect(x - 2, y - 2, 5, 5);
  }
}

function paint() {
  if (!data) return;
  pen.drawImage(base, 0, 0);
  if (path.length > 1) {
    pen.strokeStyle = "#ff6b3d";
    pen.lineWidth = 4;
    pen.lineJoin = "round";
    pen.beginPath();
    path.forEach((point, i) => pen[i ? "lineTo" : "moveTo"](...toPixel(point)));
    pen.stroke();
  }
  for (const [point, colour] of [[kept, "#ff6b3d"], [shown, "#ffffff"]]) {
    if (!point) continue;
    const [x, y] = toPixel(point);
    pen.lineWidth = 6;
    pen.strokeStyle = "#000";
    pen.strokeRect(x - 11, y - 11, 22, 22);
    pen.lineWidth = 3;
    pen.strokeStyle = colour;
    pen.strokeRect(x - 11, y - 11, 22, 22);
  }
}

// Shows the picture at a point: that of its cell, or the exact one that the link asked for.
function look(point) {
  shown = point;
  brush.imageSmoothingEnabled = false;
  const [column, row] = cellOf(point), near = middle([column, row]);
  const asked = Math.abs(point.x - data.x) < 1e-6 && Math.abs(point.y - data.y) < 1e-6;
  const onGrid = Math.abs(point.x - near.x) < 1e-3 && Math.abs(point.y - near.y) < 1e-3;
  if (asked && !onGrid && data.picture) brush.drawImage(data.picture, 0, 0);
  else if (sheet) {
    const { width, height } = data;
    brush.drawImage(sheet, column * width, row * height, width, height, 0, 0, width, height);
  }
  part("at").textContent = say("at", { x: point.x.toFixed(2), y: point.y.toFixed(2) });
  paint();
}

// The address carries the point and the path, by the numbers of its points in the grid.
function keep(point) {
  kept = point;
  look(point);
  const walk = path.map((at) => cellOf(at)).map(([column, row]) => row * data.cells + column);
  const switched = [!part("dots").checked && "nodots", part("pictures").checked && "pictures",
    ...[...hidden].sort((a, b) => a - b).map((k) => `no${k}`)].filter(Boolean).join(",");
  window.aigc.look("explore", { x: point.x, y: point.y, walk: walk.join("."), show: switched });
}

function extend(point) {
  const last = path[path.length - 1];
  if (path.length < MAX_WALK && (!last || last.x !== point.x || last.y !== point.y)) path.push(point);
}

const under = (event) => {
  const box = plane.getBoundingClientRect();
  const at = (v, low, size) => clamp((v - low) / size, 0, 0.9999) * 2 - 1;
  return middle(cellOf({
    x: at(event.clientX, box.left, box.width) * data.reach,
    y: -at(event.clientY, box.top, box.height) * data.reach,
  }));
};

plane.addEventListener("pointermove", (event) => {
  if (!data || playing) return;
  const point = under(event);
  if (drawing) extend(point);
  look(point);
});
plane.addEventListener("pointerleave", () => { if (data && kept && !playing && !drawing) look(kept); });
plane.addEventListener("pointerdown", (event) => {
  if (!data) return;
  stop();
  plane.setPointerCapture(event.pointerId);
  drawing = true;
  path = [under(event)];
});
const lift = () => {
  if (!drawing) return;
  drawing = false;
  part("play").disabled = path.length < 2;
  const last = path[path.length - 1];
  if (path.length < 2) path = [];
  keep(last);
  if (path.length > 1) play();
};
plane.addEventListener("pointerup", lift);
plane.addEventListener("pointercancel", lift);
plane.addEventListener("keydown", (event) => {
  const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
  if (!step || !data) return;
  event.preventDefault();
  stop();
  const cell = cellOf(kept || { x: 0, y: 0 });
  const next = middle(cell.map((v, i) => clamp(v + step[i], 0, data.cells - 1)));
  if (event.shiftKey) {  // a path without a pointer
    extend(middle(cell));
    extend(next);
    part("play").disabled = path.length < 2;
  }
  keep(next);
});

function stop() {
  clearInterval(playing);
  playing = 0;
  part("play").textContent = "▶";
  part("play").setAttribute("aria-label", words.play);
}

// There and back along the path, until somebody stops it.
function play() {
  let at = 0, step = 1;
  part("play").textContent = "❚❚";
  part("play").setAttribute("aria-label", words.pause);
  playing = setInterval(() => {
    if (!viewer.isConnected || path.length < 2) return stop();
    look(path[at]);
    if (at + step < 0 || at + step >= path.length) step = -step;
    at += step;
  }, 90);
}
part("play").addEventListener("click", () => { if (playing) stop(); else if (path.length > 1) play(); });
for (const name of ["dots", "pictures"])
  part(name).addEventListener("change", () => { if (data) { paintBase(); keep(kept); } });

// The switches that a link says, see plane.read_show.
function turn(words) {
  part("dots").checked = !words.includes("nodots");
  part("pictures").checked = words.includes("pictures");
  hidden = new Set(words.filter((word) => /^no\d+$/.test(word)).map((word) => Number(word.slice(2))));
}

function buildLegend() {
  part("legend").replaceChildren(...data.labels.map((name, k) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = name;
    button.style.setProperty("--ink", ink(k));
    button.setAttribute("aria-pressed", !hidden.has(k));
    button.addEventListener("click", () => {
      if (hidden.has(k)) hidden.delete(k); else hidden.add(k);
      button.setAttribute("aria-pressed", !hidden.has(k));
      paintBase();
      keep(kept);
    });
    return button;
  }));
}

async function receive() {
  const value = props.value;
  if (!value || !value.sheet) return;
  stop();
  const images = await Promise.all([window.aigc.loaded(value.sheet), window.aigc.loaded(value.exact)]);
  const labels = data?.labels;
  data = { ...value, picture: images[1] };
  sheet = images[0];
  points = new Float32Array(bytes(value.points));
  classes = new Int16Array(bytes(value.classes));
  if (String(labels) !== String(value.labels)) hidden = new Set();
  if (value.show) turn(value.show.split(","));
  plane.width = plane.height = SIDE;
  picture.width = value.width;
  picture.height = value.height;
  part("axes").replaceChildren(...value.axes.map((text) => {
    const span = document.createElement("span");
    span.textContent = text;
    return span;
  }));
  part("about").textContent = value.about;
  buildLegend();
  paintBase();
  path = (value.walk ? value.walk.split(".") : []).map((at) =>
    middle([at % value.cells, Math.floor(at / value.cells)]));
  part("play").disabled = path.length < 2;
  viewer.dataset.phase = "ready";
  keep({ x: value.x, y: value.y });
}

watch("value", receive);
receive();
