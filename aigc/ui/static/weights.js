// The weights of one sequence, shared by the viewers of pictures and of texts, which begin with this
// file. `attention.pack` says how they are sent; the step t of a layer and head looked at the places
// 0 .. t-1 and at the start token. `layer` may be "rollout", `head` "mean" or "max".

const bytes = (text) => {
  const raw = atob(text), out = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i++) out[i] = raw.charCodeAt(i);
  return out;
};
const floats = (text) => new Float32Array(bytes(text).buffer);
// A share for people. What came is never at 0%, however unlikely it was. In HTML a < before a digit
// begins no tag.
const percent = (x) => (x > 0 && x < 0.0005 ? "<0.1%"
  : `${(100 * x).toFixed(x >= 0.0995 || x <= 0 ? 0 : 1)}%`);

// The same where there is no room for more, beside the name of a head.
const short = (x) => percent(x).replace("<0.", "<.");

class Weights {
  constructor(value, steps, maps) {
    Object.assign(this, { layers: value.layers, heads: value.heads, steps, maps });
    this.first = floats(value.first);
    this.peak = floats(value.peak);
    this.spare = new Float32Array(steps);
    this.all = null;
  }

  // Where the steps of one head begin in `maps`.
  start(layer, head) {
    return ((layer * this.heads + head) * this.steps * (this.steps - 1)) / 2;
  }

  // The weights of one step of one head, place by place; returns what the start token got.
  headRow(layer, head, t, out) {
    const k = layer * this.heads + head, top = this.peak[k * this.steps + t];
    const from = this.start(layer, head) + (t * (t - 1)) / 2;
    for (let p = 0; p < t; p++) out[p] = top * (this.maps[from + p] / 255) ** 2;
    return this.first[k * this.steps + t];
  }

  row(layer, head, t, out) {
    if (layer === "rollout") {
      const all = this.rollout();
      for (let p = 0; p < t; p++) out[p] = all[t * this.steps + p + 1];
      return all[t * this.steps];
    }
    if (typeof head === "number") return this.headRow(layer, head, t, out);
    const one = this.spare;
    let first = 0;
    out.fill(0);
    for (let h = 0; h < this.heads; h++) {
      const f = this.headRow(layer, h, t, one);
      first = head === "max" ? Math.max(first, f) : first + f / this.heads;
      for (let p = 0; p < t; p++)
        out[p] = head === "max" ? Math.max(out[p], one[p]) : out[p] + one[p] / this.heads;
    }
    return first;
  }

  // What each later step put on place p: out[t] for t = p+1 ..
  column(layer, head, p, out) {
    const n = this.steps;
    out.fill(0);
    if (layer === "rollout") {
      const all = this.rollout();
      for (let t = p + 1; t < n; t++) out[t] = all[t * n + p + 1];
      return;
    }
    const heads = typeof head === "number" ? [head] : [...Array(this.heads).keys()];
    for (const h of heads) {
      const from = this.start(layer, h), k = (layer * this.heads + h) * n;
      for (let t = p + 1; t < n; t++) {
        const w = this.peak[k + t] * (this.maps[from + (t * (t - 1)) / 2 + p] / 255) ** 2;
        out[t] = head === "max" ? Math.max(out[t], w) : out[t] + w / heads.length;
      }
    }
  }

  // Abnar and Zuidema 2020: heads averaged, half of each for the residual, layers multiplied.
  rollout() {
    if (this.all) return this.all;
    const n = this.steps, row = new Float32Array(n);
    let all = null;
    for (let layer = 0; layer < this.layers; layer++) {
      const next = new Float32Array(n * n);
      for (let t = 0; t < n; t++) {
        const first = this.row(layer, "mean", t, row);
        for (let j = 0; j <= t; j++) {
          const a = ((j ? row[j - 1] : first) + (j === t ? 1 : 0)) / 2;
          if (!all) next[t * n + j] = a;
          else for (let i = 0; i <= j; i++) next[t * n + i] += a * all[j * n + i];
        }
      }
      all = next;
    }
    this.all = all;
    return all;
  }
}

