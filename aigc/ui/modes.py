"""Which classes samples fall into, while more and more are drawn. A view of Explore.

It may take a minute, so it has a turn of its own: one at a time, while everything else goes on,
and whoever asked for it can stop it.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from torch import Tensor

from aigc import latent
from aigc.ui import cache, coverage, figures, texts

PART, NEEDS = "", "sample"
CONTROLS = ("seed", "total", "temperature")
BATCH = 64
SHOWN = 32  # of the last batch
MAX_TOTAL = 26_000  # as many as the papers on lost modes take
SECONDS = 60.0  # after which it ends with what it has
WORK: dict[str, Any] = {"concurrency_id": "modes", "concurrency_limit": 1}


@dataclass(frozen=True)
class Tally:
    """What was drawn so far."""

    counts: list[int]
    """Of each class."""
    latest: Tensor
    """The last batch, (<= BATCH, C, H, W) in [0, 1]."""
    ended: bool

    @property
    def total(self) -> int:
        return sum(self.counts)


def batches(wish: Any) -> Iterator[Tensor]:
    """The pictures of the seed without a class, BATCH by BATCH, (<= BATCH, C, H, W)."""
    values = wish.values
    for start in range(0, values["total"], BATCH):
        count = min(BATCH, values["total"] - start)
        sources = [latent.generator(values["seed"], start + i) for i in range(count)]
        yield wish.checkpoint.model.sample(sources, [None] * count, values["temperature"])


def pictures(wish: Any) -> Tensor:
    """The first of them."""
    return next(batches(wish))


def tally(wish: Any, halted: threading.Event | None = None) -> Iterator[Tally]:
    """After each batch. Ends when all are drawn, when SECONDS are over, or once `halted` is set."""
    counts = [0] * len(wish.judge.labels)
    began = time.monotonic()
    for made in batches(wish):
        counts = [a + b for a, b in zip(counts, coverage.count(wish.judge, made))]
        over = time.monotonic() - began >= SECONDS or (halted is not None and halted.is_set())
        ended = over or sum(counts) == wish.values["total"]
        yield Tally(counts, made, ended)
        if ended:
            return


def as_far(wish: Any, total: int) -> Any:
    """The request that gives what was drawn until the time was over: one for fewer."""
    return replace(wish, values={**wish.values, "total": total})


def facts(wish: Any) -> dict[str, Any]:
    *_, last = tally(wish)
    wanted = coverage.target(wish.checkpoint, wish.judge)
    expected, floor = coverage.chance(last.total, wanted.shares)
    return {
        "counts": dict(zip(wish.judge.labels, last.counts)),
        "drawn": last.total,
        "covered": sum(n > 0 for n in last.counts),
        "covered_by_chance": expected,
        "kl": coverage.kl(last.counts, wanted.shares),
        "floor": floor,
        "against": "training images" if wanted.measured else "equal shares",
        "judge": f"{wish.judge.name} {wish.judge.revision}",
    }


def page(wish: Any, now: Tally) -> str:
    """The classes, and the last pictures."""
    alt = texts.PICTURE_ALT_ALONE.format(name=wish.checkpoint.name)
    wanted = coverage.target(wish.checkpoint, wish.judge)
    progress = ""
    if not now.ended:
        progress = (
            f'<progress max="{wish.values["total"]}" value="{now.total}" '
            f'aria-label="{texts.VIEWS["modes"]}"></progress>'
        )
    elif now.total < wish.values["total"]:
        progress = texts.MODES_ENDED.format(count=now.total, seconds=f"{SECONDS:.0f}")
        progress = f'<p role="status">{progress}</p>'
    return (
        coverage.chart(wish.judge, wanted, now.counts) + progress
        + figures.gallery(wish.checkpoint.media, now.latest[-SHOWN:], alt)
    )  # fmt: skip


def grow(wish: Any, halted: threading.Event | None = None) -> Iterator[tuple[str, Any]]:
    """The page as often as a person can see it, and the request that it answers by then; the last
    time at the end."""
    last = -math.inf
    for now in tally(wish, halted):
        if now.ended or time.monotonic() - last >= cache.SECONDS_OF_A_SEARCH:
            last = time.monotonic()
            yield page(wish, now), as_far(wish, now.total) if now.ended else wish


def show(wish: Any) -> str:
    *_, (last, _) = grow(wish)
    return last
