"""What a longer sequence costs the attention that is looked at, measured where the app runs.

One head of the model, with its own queries, keys and values, at lengths that double: all places at
once, which computes a row for each; the same by PyTorch's fused kernel, which keeps no map; and one
further place, whose row alone is computed where the keys and values of the others are kept.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from aigc.checkpoint import Checkpoint
from aigc.models.attention import causal_mask, scaled_dot_product_attention
from aigc.ui import figures, heads, texts

DOUBLINGS = 6  # from a quarter of what the model was made for to eight times as much
MAX_LENGTH = 2048  # places; the map of one head is 16 MB then
SECONDS = 0.02  # for each figure: the best of what fits, so other work on the machine counts less
ROUNDS = 3  # at least
FLOAT = 4  # bytes of a number


@dataclass(frozen=True)
class Cost:
    """Of a sequence of `length` places, the start token among them."""

    length: int
    whole: float
    """Seconds for all rows of one head, written out."""
    fused: float
    """Seconds for the same by the fused kernel."""
    row: float
    """Seconds for the last row alone."""
    apart: float
    """The largest difference between what the first two give."""

    @property
    def pairs(self) -> int:
        """Of a place and one that it may look at, itself among them."""
        return self.length * (self.length + 1) // 2

    def maps(self, heads: int) -> int:
        """Bytes of the maps of so many heads, in float32."""
        return heads * self.length**2 * FLOAT

    def cache(self, heads: int, width: int) -> int:
        """Bytes of the keys and values of so many heads, `width` numbers each, in float32."""
        return 2 * heads * self.length * width * FLOAT


def lengths(places: int) -> list[int]:
    """From a quarter of `places` on, twice as many each time, as far as MAX_LENGTH."""
    found = [places * 2**k // 4 for k in range(DOUBLINGS)]
    return [n for n in found if 2 <= n <= max(MAX_LENGTH, places)]


def seconds(run: Callable[[], object]) -> float:
    """The shortest of several times, after one that warms up."""
    run()
    times: list[float] = []
    while len(times) < ROUNDS or sum(times) < SECONDS:
        began = time.perf_counter()
        run()
        times.append(time.perf_counter() - began)
    return min(times)


@torch.inference_mode()
def cost(q: Tensor, k: Tensor, v: Tensor, length: int) -> Cost:
    """Queries, keys and values (T, D) of one head; where `length` is more than T they come again
    from the first on, since what stands in them does not change what they cost."""
    again = torch.arange(length) % len(q)
    q, k, v = (x[again][None, None].contiguous() for x in (q, k, v))  # (1, 1, length, D)
    mask, last = causal_mask(length), q[:, :, -1:]

    def whole() -> Tensor:
        return scaled_dot_product_attention(q, k, v, mask)[0]

    def fused() -> Tensor:
        return F.scaled_dot_product_attention(q, k, v, is_causal=True)

    def row() -> Tensor:
        return scaled_dot_product_attention(last, k, v)[0]

    apart = float((whole() - fused()).abs().max())
    return Cost(length, seconds(whole), seconds(fused), seconds(row), apart)


def measured(chosen: Checkpoint, piece: Tensor, label: str, places: int) -> str:
    """The costs of the first head over a picture (C, H, W) or a text (T,), as HTML: a chart, a
    table, and what to read in them. The model was made for `places`."""
    index = chosen.label_index(label)
    q, k, v = chosen.model.scores(piece, index, 0, 0)  # type: ignore[operator]
    count = math.prod(heads.heads_of(chosen))
    costs = [cost(q, k, v, length) for length in lengths(places)]
    return (
        chart(costs) + table(costs, count, q.shape[1], places) + said(chosen, costs, count, places)
    )


def chart(costs: list[Cost]) -> str:
    """The three times over the length, both axes by doublings, as SVG."""
    times = [[one.whole for one in costs], [one.fused for one in costs], [one.row for one in costs]]
    low = min(min(values) for values in times)
    doublings = math.log2(max(max(values) for values in times) / low) or 1.0
    lines = {
        name: [
            (i / (len(values) - 1), math.log2(value / low) / doublings)
            for i, value in enumerate(values)
        ]
        for name, values in zip(texts.COST_LINES, times)
    }
    ends = f"{costs[0].length}", texts.COST_AXIS, f"{costs[-1].length}"
    return figures.curves(lines, texts.COST_CHART, ends)


def table(costs: list[Cost], count: int, width: int, places: int) -> str:
    """A row for each length; that of the model stands out. Its heads are `count`, in all layers,
    of `width` numbers each."""
    rows = ""
    for one in costs:
        times = (one.whole, one.fused, one.row)
        cells = (
            f"{one.length}", f"{one.pairs:,}", *(f"{1e3 * t:.2f}\u00a0ms" for t in times),
            size(one.maps(count)), size(one.cache(count, width)),
        )  # fmt: skip
        line = "".join(f"<td>{cell}</td>" for cell in cells)
        here = ' class="here"' if one.length == places else ""
        rows += f"<tr{here}>{line}</tr>"
    head = "".join(f"<th>{name}</th>" for name in texts.COST_COLUMNS)
    body = f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody>"
    return figures.table(body, texts.COST, "lengths")


def size(count: int) -> str:
    """Bytes, in kB below a tenth of a MB."""
    return f"{count / 1e6:.1f}\u00a0MB" if count >= 1e5 else f"{count / 1e3:.0f}\u00a0kB"


def said(chosen: Checkpoint, costs: list[Cost], count: int, places: int) -> str:
    """What to read in the figures."""
    before, last = costs[-2:]
    found = texts.COST_FOUND.format(
        last=last.length, before=before.length, whole=f"{last.whole / before.whole:.1f}",
        row=f"{last.row / before.row:.1f}",
    )  # fmt: skip
    steps = texts.COST_STEPS.format(name=chosen.name, steps=places, times=f"{(places + 2) / 3:.0f}")
    apart = f"{max(one.apart for one in costs):.0e}"
    info = texts.COST_INFO.format(heads=count, places=places, apart=apart)
    return f"<p>{found}</p><p>{steps}</p><p>{info}</p>"
