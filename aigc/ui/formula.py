"""The attention formula with the numbers of one place and one head. A view of Explore."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from aigc.checkpoint import Checkpoint
from aigc.ui import figures, heads, pixel, texts
from aigc.ui.catalogue import whole

PART, NEEDS = "", "scores"
CONTROLS = ("seed", "label", "layer", "head", "position", "drawing")
DRAWN = ("label", "layer", "head", "position")
TOP = 8  # keys that are listed one by one


@dataclass(frozen=True)
class Step:
    """One query against the keys of all before it, S of them; the first is the start token."""

    at: int
    """The place, from 0."""
    scores: Tensor
    """q . k, (S,)."""
    scaled: Tensor
    """The same over the root of the width, (S,)."""
    weights: Tensor
    """Their softmax, (S,)."""
    values: Tensor
    """(S, D)."""


def step(wish: Any, image: Tensor) -> Step:
    """Raises ValueError with a sentence for a layer, head or position that is not there."""
    rows, columns = wish.checkpoint.model.grid
    return step_of(wish.checkpoint, image, wish.values, rows * columns)


def step_of(chosen: Checkpoint, piece: Tensor, values: dict[str, Any], length: int) -> Step:
    """The step at a place of a picture (C, H, W) or a text (T,), of which there are `length`;
    `values` has the label, and layer, head and position from 1. Raises ValueError as `step`."""
    layer, head, at = checked(chosen, values, length, piece)
    index = chosen.label_index(values["label"])
    q, k, v = chosen.model.scores(piece, index, layer, head)  # type: ignore[operator]
    scores = k[: at + 1] @ q[at]
    scaled = scores / math.sqrt(q.shape[1])
    return Step(at, scores, scaled, scaled.softmax(0), v[: at + 1])


def checked(
    chosen: Checkpoint, values: dict[str, Any], length: int, piece: Tensor | None = None
) -> tuple[int, int, int]:
    """Layer, head and position from 0. Raises ValueError as `step`."""
    limits = dict(zip(("layer", "head"), heads.heads_of(chosen))) | {"position": length}
    layer, head, at = (
        whole(texts.PLACES[name], values[name], 1, most) - 1 for name, most in limits.items()
    )
    return layer, head, at


def pictures(wish: Any) -> Tensor:
    return pixel.start(wish)[None]


def watch(wish: Any) -> Iterator[str]:
    """See `pixel.watch`. Raises ValueError as `step`."""
    checked(wish.checkpoint, wish.values, math.prod(wish.checkpoint.model.grid))
    yield from pixel.watch(wish)


def facts(wish: Any) -> dict[str, Any]:
    found = step(wish, pixel.start(wish))
    return {
        "scores": found.scores.tolist(),
        "scaled": found.scaled.tolist(),
        "weights": found.weights.tolist(),
        "sum": (found.weights @ found.values).tolist(),
    }


def patch(chosen: Checkpoint, at: int) -> str:
    """A patch of a picture, from 0, in words."""
    grid: Any = chosen.model.grid
    row, column = divmod(at, grid[1])
    return texts.FORMULA_PLACE.format(row=row + 1, column=column + 1)


def show(wish: Any) -> str:
    """The place, and a table with a row for each of the strongest keys."""
    image = pixel.start(wish)
    found = step(wish, image)
    rows, columns = wish.checkpoint.model.grid
    numbers = table(found, rows * columns, lambda at: patch(wish.checkpoint, at))
    return pixel.place(wish, image, found.at) + numbers


def table(found: Step, length: int, named: Callable[[int], str]) -> str:
    """The numbers of one of `length` steps, as HTML; `named` says what stands at a place from 0."""

    def place(key: int) -> str:
        return named(key - 1) if key else texts.FORMULA_START

    width = found.values.shape[1]
    order = found.weights.argsort(descending=True, stable=True).tolist()
    share = [figures.percent(weight) for weight in found.weights.tolist()]
    rows = "".join(
        f"<tr><td>{place(key)}</td><td>{found.scores[key]:.2f}</td>"
        f"<td>{found.scaled[key]:.2f}</td><td>{share[key]}</td></tr>"
        for key in order[:TOP]
    )
    rest = order[TOP:]
    if rest:
        rows += (
            f"<tr><td>{texts.FORMULA_REST.format(count=len(rest))}</td><td></td><td></td>"
            f"<td>{figures.percent(float(found.weights[rest].sum()))}</td></tr>"
        )
    if later := length - len(order):
        said = texts.FORMULA_MASKED.format(count=later)
        rows += f"<tr><td>{said}</td><td></td><td></td><td>0</td></tr>"
    head = "".join(
        f"<th>{name.format(d=width)}</th>" for name in (texts.FORMULA_KEY, *texts.FORMULA_STEPS)
    )
    shares = found.weights[:, None] * found.values  # (S, D)
    lengths = shares.norm(dim=1)
    total = texts.FORMULA_SUM.format(
        length=f"{float(torch.linalg.vector_norm(shares.sum(0))):.2f}",
        share=f"{float(lengths.max()):.2f}", where=place(int(lengths.argmax())),
    )  # fmt: skip
    body = f"<thead><tr>{head}</tr></thead><tbody>{rows}</tbody>"
    return (
        figures.table(body, texts.VIEWS["formula"], "formula")
        + f"<p>{total}</p><p>{texts.FORMULA_INFO.format(d=width, top=TOP)}</p>"
    )
