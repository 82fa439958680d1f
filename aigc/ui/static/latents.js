// The latents of a drawing under sliders. `props.value` is what `sheets` in drawing.py sent: for each
// slider a row of pictures, one for each of its positions while the others stay where they are.
// Moving one asks nobody. Once it rests, the rows of the others are drawn anew; until they come, a
// slider shows its row as it was.

const part = (name) => element.querySelector(`[data-part="${name}"]`);
const viewer = part("viewer"), picture = part("picture");
const pen = picture.getContext("2d");
const REST = 300; // ms without a move until new rows are asked for

let data = null;
let rows = []; // {...of the value, image, input, output}
let last = 0; // the row that was moved last, whose pictures are those of where the others are
let resting = 0, arrival = 0;

// The latents that were moved, as a link carries them.
const said = () => rows.filter((row) => row.at !== row.stands)
  .map((row) => [row.latent, row.positions[row.at]]).sort((a, b) => a[0] - b[0])
  .map(([latent, value]) => `${latent}:${value}`).join(",");

function paint() {
  const row = rows[last];
  pen.drawImage(row.image, row.at * data.width, 0, data.width, data.height,
    0, 0, data.width, data.height);
}

function show(row) {
  row.input.value = row.at;
  row.output.textContent = row.positions[row.at];
  row.input.setAttribute("aria-valuetext", row.positions[row.at]);
}

const tell = () => window.aigc.look(data.tab, { ...data.view, latents: said() }, "drawing");

function build() {
  part("rows").replaceChildren(...rows.map((row, i) => {
    const box = document.createElement("div");
    box.className = "lt-row";
    box.innerHTML = `<label for="lt-${i}"></label><input type="range" id="lt-${i}" min="0" step="1">
      <output></output>`;
    const label = box.querySelector("label"), bar = document.createElement("i");
    bar.style.width = `${row.share}%`;
    label.append(row.title, bar);
    Object.assign(row, { input: box.querySelector("input"), output: box.querySelector("output") });
    row.input.max = row.positions.length - 1;
    row.input.addEventListener("input", () => {
      row.at = Number(row.input.value);
      last = i;
      paint();
      show(row);
      clearTimeout(resting);
    });
    row.input.addEventListener("change", () => {
      tell();
      clearTimeout(resting);
      resting = setTimeout(() => document.getElementById("code-moved")?.click(), REST);
    });
    show(row);
    return box;
  }));
}

async function receive() {
  const value = props.value;
  if (!value || !value.rows) return;
  const turn = ++arrival;
  const images = await Promise.all(value.rows.map((row) => window.aigc.loaded(row.sheet)));
  if (turn !== arrival) return; // something newer came meanwhile
  if (value.again && rows.length === value.rows.length) {
    // The same drawing: what was moved since it was asked for stays, and is asked for next.
    rows.forEach((row, i) => {
      const stands = row.positions[row.at];
      Object.assign(row, value.rows[i], { image: images[i] });
      const away = row.positions.map((at) => Math.abs(at - stands));
      row.at = away.indexOf(Math.min(...away));
      row.input.max = row.positions.length - 1;
      show(row);
    });
  } else {
    rows = value.rows.map((row, i) => ({ ...row, image: images[i] }));
    last = 0;
    build();
  }
  data = value;
  picture.width = value.width;
  picture.height = value.height;
  paint();
  Object.assign(viewer.dataset, { phase: "ready", turn });
  tell();
}

window.aigc.latents = { said };
watch("value", receive);
receive();
