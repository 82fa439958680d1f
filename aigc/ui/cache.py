"""What was drawn or written last, kept: asking about another place of a picture does not draw it
again.

Plain Python: no Gradio here. The same settings of the same revision make the same piece, so whoever
asks gets the same with and without this.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from torch import Tensor

from aigc import latent
from aigc.checkpoint import Checkpoint

MAX_KEPT = 64  # pictures and texts, a few kB each
MAX_BYTES = 2**20  # of one that is kept

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
    with _lock:
        found = _kept.get(_key(chosen, made))
    if found is not None:
        return found.clone()
    found = make()
    keep(chosen, made, found)
    return found


def first_of(chosen: Checkpoint, seed: int, label: str, temperature: float = 1.0) -> Tensor:
    """The first picture (C, H, W) in [0, 1] that Sample draws from a seed."""

    def make() -> Tensor:
        index = chosen.label_index(label)
        drawn = chosen.model.sample(latent.generators(seed, 1), [index], temperature)  # type: ignore[operator]
        return drawn[0]

    return recall(chosen, {"seed": seed, "label": label, "temperature": temperature}, make)
