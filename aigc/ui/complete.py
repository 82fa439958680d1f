"""Half of a picture, and what the model makes of the rest. A view of Explore."""

from __future__ import annotations

import html
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


def completions(wish: Any, image: Tensor) -> Tensor:
    """(count, C, H, W) in [0, 1], each from draws of its own; the seed's first draws made the
    picture itself, so these begin with the second."""
    values = wish.values
    index = wish.checkpoint.label_index(values["label"])
    sources = latent.generators(values["seed"], values["count"] + 1)[1:]
    return wish.checkpoint.model.complete(
        image, rows_of(wish), sources, [index] * len(sources), values["temperature"]
    )


def pictures(wish: Any) -> Tensor:
    """(1 + count, C, H, W): the picture, and its completions."""
    image = start(wish)
    return torch.cat([image[None], completions(wish, image)])


def facts(wish: Any) -> dict[str, Any]:
    return {}


def show(wish: Any) -> str:
    """What was kept beside the whole, and the completions with the class that is seen in each."""
    chosen = wish.checkpoint
    image = start(wish)
    height = rows_of(wish) * chosen.media.height // chosen.model.grid[0]
    upper = image.clone()
    upper[:, height:] = 0
    own = wish.drawing is not None
    first = figures.captioned(chosen.media, image, texts.WHOLE_PICTURE, own)
    first += figures.captioned(chosen.media, upper, texts.KEPT, own)
    made = completions(wish, image)
    seen = [""] * len(made)
    said = ""
    if wish.judge is not None:
        logits, _ = wish.judge.model.classify(made)
        seen = [html.escape(wish.judge.labels[k]) for k in logits.argmax(1).tolist()]
        said = coverage.page(chosen, wish.judge, made)
    tiles = "".join(figures.captioned(chosen.media, one, name) for one, name in zip(made, seen))
    return (
        f'<div class="two">{first}</div><h4>{texts.COMPLETIONS}</h4>'
        f'<div class="verdicts">{tiles}</div><p>{texts.COMPLETE_INFO}</p>{said}'
    )
