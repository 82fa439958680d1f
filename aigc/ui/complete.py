"""Half of a picture, and what the model makes of the rest. A view of Explore."""

from __future__ import annotations

import html
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from aigc import latent
from aigc.ui import cache, coverage, figures, texts
from aigc.ui.catalogue import whole

PART, NEEDS = "", "complete"
CONTROLS = ("seed", "label", "rows", "count", "temperature", "drawing")
DRAWN = CONTROLS[:-1]  # the seed draws what is missing, too


def rows_of(wish: Any) -> int:
    """How many rows of patches are kept. Raises ValueError with a sentence for too many."""
    return whole(texts.ROWS, wish.values["rows"], 0, wish.checkpoint.model.grid[0] - 1)


def start(wish: Any) -> Tensor:
    """The picture (C, H, W) that is kept in part: the drawing, or what Sample draws from the
    seed."""
    if wish.drawing is not None:
        return wish.drawing
    return cache.first_of(wish.checkpoint, wish.values["seed"], wish.values["label"])


def steps(wish: Any, image: Tensor) -> Iterator[Tensor]:
    """`completions` as they are drawn."""
    values = wish.values
    index = wish.checkpoint.label_index(values["label"])
    sources = latent.generators(values["seed"], values["count"] + 1)[1:]
    yield from wish.checkpoint.model.completing(
        image, rows_of(wish), sources, [index] * len(sources), values["temperature"]
    )


def completions(wish: Any, image: Tensor) -> Tensor:
    """(count, C, H, W) in [0, 1], each from draws of its own; the seed's first draws made the
    picture itself, so these begin with the second."""

    def make() -> Tensor:
        *_, made = steps(wish, image)
        return made

    return cache.recall(wish.checkpoint, wish.values, make)


def watch(wish: Any) -> Iterator[str]:
    """The picture as it is drawn, then what is made of its upper part. Raises ValueError as
    `rows_of`."""
    chosen = wish.checkpoint
    rows_of(wish)
    if wish.drawing is None:
        for image in cache.grow_first(chosen, wish.values["seed"], wish.values["label"]):
            yield kept(wish, image)
    image = start(wish)
    for made in cache.grow(chosen, wish.values, lambda: steps(wish, image)):
        yield kept(wish, image) + beside(wish, made, ["…"] * len(made))


def pictures(wish: Any) -> Tensor:
    """(1 + count, C, H, W): the picture, and its completions."""
    image = start(wish)
    return torch.cat([image[None], completions(wish, image)])


def facts(wish: Any) -> dict[str, Any]:
    return {}


def kept(wish: Any, image: Tensor) -> str:
    """The picture (C, H, W) beside what is kept of it, as HTML."""
    media, own = wish.checkpoint.media, wish.drawing is not None
    height = rows_of(wish) * media.height // wish.checkpoint.model.grid[0]
    upper = image.clone()
    upper[:, height:] = 0
    first = figures.captioned(media, image, texts.WHOLE_PICTURE, own)
    return f'<div class="two">{first}{figures.captioned(media, upper, texts.KEPT, own)}</div>'


def beside(wish: Any, made: Tensor, names: list[str]) -> str:
    """The completions (N, C, H, W), each with a name, as HTML."""
    media = wish.checkpoint.media
    tiles = "".join(figures.captioned(media, one, name) for one, name in zip(made, names))
    return f'<h2>{texts.COMPLETIONS}</h2><div class="verdicts">{tiles}</div>'


def show(wish: Any) -> str:
    """What was kept beside the whole, and the completions with the class that is seen in each."""
    chosen = wish.checkpoint
    image = start(wish)
    made = completions(wish, image)
    seen = [""] * len(made)
    said = ""
    if wish.judge is not None:
        logits, _ = wish.judge.model.classify(made)
        seen = [html.escape(wish.judge.labels[k]) for k in logits.argmax(1).tolist()]
        said = coverage.page(chosen, wish.judge, made)
    return kept(wish, image) + beside(wish, made, seen) + f"<p>{texts.COMPLETE_INFO}</p>{said}"
