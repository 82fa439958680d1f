"""The attention formula with the numbers of one place and one head. A view of Explore."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

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
    chosen, values = wish.checkpoint, wish.values
    rows, columns = chosen.model.grid
    limits = dict(zip(("layer", "head"), heads.heads_of(chosen))) | {"position": rows * columns}
    layer, head, at = (
        whole(texts.PLACES[name], values[name], 1, most) - 1 for name, most in limits.items()
    )
    q, k, v = chosen.model.scores(image, chosen.label_index(values["label"]), layer, head)
    scores = k[: at + 1] @ q[at]
    scaled = scores / math.sqrt(q.shape[1])
    return Step(at, scores, scaled, scaled.softmax(0), v[: at + 1])


def pictures(wish: Any) -> Tensor:
    return pixel.start(wish)[None]


def facts(wish: Any) -> dict[str, Any]:
    found = step(wish, pixel.start(wish))
    return {
        "scores": found.scores.tolist(),
        "scaled": found.scaled.tolist(),
        "weights": found.weights.tolist(),
        "sum": (found.weights @ found.values).tolist(),
    }


def place(wish: Any, key: int) -> str:
    """What stands at a key: the start token, or a patch."""
    if key == 0:
        return texts.FORMULA_START
    row, column = divmod(key - 1, wish.checkpoint.model.grid[1])
    return texts.FORMULA_PLACE.format(row=row + 1, column=column + 1)


def show(wish: Any) -> str:
    """The place, and a table with a row for each of the strongest keys."""
    image = pixel.start(wish)
    found = step(wish, image)
    width = found.values.shape[1]
    source = figures.address(figures.png(pixel.marked(wish, image, found.at)), "image/png")
    alt = texts.PLACE_ALT.format(position=found.at + 1)
    order = found.weights.argsort(descending=True, stable=True).tolist()
    rows = "".join(
        f"<tr><td>{place(wish, key)}</td><td>{found.scores[key]:.2f}</td>"
        f"<td>{found.scaled[key]:.2f}</td><td>{found.weights[key]:.1%}</td></tr>"
        for key in order[:TOP]
    )
    rest = order[TOP:]
    if rest:
        rows += (
            f"<tr><td>{texts.FORMULA_REST.format(count=len(rest))}</td><td></td><td></td>"
            f"<td>{float(found.weights[rest].sum()):.1%}</td></tr>"
        )
    grid = wish.checkpoint.model.grid
    if later := grid[0] * grid[1] - len(order):
        said = texts.FORMULA_MASKED.format(count=later)
        rows += f"<tr><td>{said}</td><td></td><td></td><td>0</td></tr>"
    head = "".join(
        f"<th>{name.format(d=width)}</th>" for name in (texts.FORMULA_KEY, *texts.FORMULA_STEPS)
    )
    shares = found.weights[:, None] * found.values  # (S, D)
    lengths = shares.norm(dim=1)
    total = texts.FORMULA_SUM.format(
        length=f"{float(torch.linalg.vector_norm(shares.sum(0))):.2f}",
        share=f"{float(lengths.max()):.2f}", where=place(wish, int(lengths.argmax())),
    )  # fmt: skip
    return (
        f'<img class="tile place" alt="{alt}" src="{source}"><div class="wide">'
        f'<table class="measured formula"><thead><tr>{head}</tr></thead><tbody>{rows}</tbody>'
        f"</table></div><p>{total}</p><p>{texts.FORMULA_INFO.format(d=width, top=TOP)}</p>"
    )
