"""Which classes samples fall into, while more and more are drawn. A view of Explore."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from aigc import latent
from aigc.ui import coverage, figures, texts

PART, NEEDS = "", "sample"
CONTROLS = ("seed", "total", "temperature")
BATCH = 64
SHOWN = 32  # of the last batch


def batches(wish: Any) -> Iterator[Tensor]:
    """The pictures of the seed without a class, BATCH by BATCH, (<= BATCH, C, H, W)."""
    values = wish.values
    for start in range(0, values["total"], BATCH):
        count = min(BATCH, values["total"] - start)
        sources = [latent.generator(values["seed"], start + i) for i in range(count)]
        yield wish.checkpoint.model.sample(sources, [None] * count, values["temperature"])


def pictures(wish: Any) -> Tensor:
    return torch.cat(list(batches(wish)))


def tally(wish: Any) -> Iterator[tuple[Tensor, list[int]]]:
    """Each batch, and how many there have been of each class."""
    counts = [0] * len(wish.judge.labels)
    for made in batches(wish):
        counts = [a + b for a, b in zip(counts, coverage.count(wish.judge, made))]
        yield made, counts


def facts(wish: Any) -> dict[str, Any]:
    *_, (_, counts) = tally(wish)
    total = sum(counts)
    return {
        "counts": dict(zip(wish.judge.labels, counts)),
        "covered": sum(n > 0 for n in counts),
        "kl_to_equal_shares": coverage.kl_to_uniform(counts),
        "floor": coverage.floor(total, len(counts)),
        "judge": f"{wish.judge.name} {wish.judge.revision}",
    }


def grow(wish: Any) -> Iterator[str]:
    """The page after each batch."""
    for made, counts in tally(wish):
        alt = texts.PICTURE_ALT.format(name=wish.checkpoint.name, label=texts.VALUES.get("any", ""))
        yield coverage.bars(wish.judge, counts) + figures.gallery(
            wish.checkpoint.media, made[-SHOWN:], alt
        )


def show(wish: Any) -> str:
    *_, last = grow(wish)
    return last
