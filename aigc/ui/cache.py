"""What was drawn or written last, kept: asking about another place of a picture does not draw it
again.

Plain Python: no Gradio here. The same settings of the same revision make the same piece, so whoever
asks gets the same with and without this.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from torch import Tensor

from aigc import latent
from aigc.checkpoint import Checkpoint

MAX_KEPT = 64  # pictures and texts, mostly a few kB each
MAX_BYTES = 2**20  # of one that is kept
SECONDS_BETWEEN_VIEWS = 0.2  # of a picture being drawn: often enough to watch, and costs nothing
SECONDS_OF_A_SEARCH = 0.4  # between two views of it: a slow page keeps up (docs/experiments.md)

_kept: dict[tuple[Any, ...], Tensor] = {}
_lock = threading.Lock()


def _key(chosen: Checkpoint, made: dict[str, Any]) -> tuple[Any, ...]:
    made = {**made, "checkpoint": chosen.name, "revision": chosen.revision}
    return tuple(sorted(made.items()))


def keep(chosen: Checkpoint, made: dict[str, Any], piece: Tensor) -> None:
    """Remember a finished piece and the settings that made it."""
    if not chosen.revision or piece.numel() * piece.element_size() > MAX_BYTES:
        return
    with _lock:
        if len(_kept) >= MAX_KEPT:
            del _kept[next(iter(_kept))]
        _kept[_key(chosen, made)] = piece.clone()


def recall(chosen: Checkpoint, made: dict[str, Any], make: Callable[[], Tensor]) -> Tensor:
    """The piece of these settings: the one that was kept, or what `make` gives, which is kept."""
    found = _find(chosen, made)
    if found is not None:
        return found.clone()
    found = make()
    keep(chosen, made, found)
    return found


def _find(chosen: Checkpoint, made: dict[str, Any]) -> Tensor | None:
    with _lock:
        return _kept.get(_key(chosen, made))


def grow(
    chosen: Checkpoint, made: dict[str, Any], steps: Callable[[], Iterator[Tensor]]
) -> Iterator[Tensor]:
    """The piece of these settings as `steps` makes it, the first at once and then no more often
    than somebody who watches can see; whole, it is kept. Nothing where it was kept already, and
    nobody has to wait."""
    if _find(chosen, made) is not None:
        return
    last, piece = -math.inf, None
    for piece in steps():
        if time.monotonic() - last >= SECONDS_BETWEEN_VIEWS:
            yield piece
            last = time.monotonic()
    if piece is not None:
        keep(chosen, made, piece)


def first_of(chosen: Checkpoint, seed: int, label: str) -> Tensor:
    """The first picture (C, H, W) in [0, 1] that Sample draws from a seed."""

    def make() -> Tensor:
        index = chosen.label_index(label)
        return chosen.model.sample(latent.generators(seed, 1), [index])[0]  # type: ignore[operator]

    return recall(chosen, _first(seed, label), make)


def grow_first(chosen: Checkpoint, seed: int, label: str) -> Iterator[Tensor]:
    """What `first_of` gives, as `grow` does; nothing where a model draws all at once."""

    def steps() -> Iterator[Tensor]:
        if "draw" in chosen.capabilities:
            index = chosen.label_index(label)
            for images in chosen.model.draw(latent.generators(seed, 1), [index]):  # type: ignore[operator]
                yield images[0]

    yield from grow(chosen, _first(seed, label), steps)


def _first(seed: int, label: str) -> dict[str, Any]:
    # As the attention tab calls the settings of the same picture.
    return {"seed": seed, "label": label, "temperature": 1.0}
