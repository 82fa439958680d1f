"""A drawing in the latent space of a model that cannot encode: found by optimisation, beside the
one pass of an encoder. A view of Explore.

It takes seconds, so it has a turn of its own: one projection at a time, while everything else goes
on, and whoever asked for it can stop it.
"""

from __future__ import annotations

import html
import math
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from aigc import latent
from aigc.checkpoint import Checkpoint
from aigc.ui import cache, figures, texts
from aigc.ui.catalogue import Catalogue

PART, NEEDS = "", "project"
CONTROLS = ("drawing", "label")
DRAWN = ("label",)
STEPS = 100
SEARCHES = 4  # of one class, each from another start; without a class one of each
SECONDS = 20.0  # after which it ends with what it has
EVERY = 10  # steps between two views, at the least
WORK: dict[str, Any] = {"concurrency_id": "projection", "concurrency_limit": 1}


@dataclass(frozen=True)
class Found:
    """A projection so far."""

    step: int
    seconds: float
    labels: list[str]
    """Class of each search."""
    latents: Tensor
    """(R, L)."""
    pictures: Tensor
    """(R, C, H, W) in [0, 1]."""
    errors: list[float]
    """Root of the mean squared difference to the drawing, of each search."""
    order: list[int]
    """The searches, the best first."""
    ended: bool


def error(a: Tensor, b: Tensor) -> float:
    """Root of the mean squared difference of two pictures in [0, 1]."""
    return math.sqrt(float((a - b).square().mean()))


def search(
    chosen: Checkpoint, image: Tensor, label: str, halted: threading.Event | None = None,
    steps: int = STEPS,
) -> Iterator[Found]:  # fmt: skip
    """What was found of a picture (C, H, W) as class `label`, or as the best of all classes where
    that is 'any', as often as a page can show it. Ends after `steps`, when SECONDS are over, or
    once `halted` is set."""
    model: Any = chosen.model
    index = chosen.label_index(label)
    if index is None and chosen.labels:
        labels = list(chosen.labels)
    else:
        labels = [label] * SEARCHES
    told = torch.stack([model.condition(chosen.label_index(name)) for name in labels])
    began, last = time.monotonic(), -math.inf
    ways = model.project(image, told, latent.generators(0, len(labels)), steps)
    for step, (latents, _, _) in enumerate(ways, 1):
        seconds = time.monotonic() - began
        over = seconds >= SECONDS or (halted is not None and halted.is_set())
        ended = over or step == steps
        soon = step % EVERY or time.monotonic() - last < cache.SECONDS_OF_A_SEARCH
        if soon and not ended:
            continue
        last = time.monotonic()
        pictures = model.decode(latents, told)
        errors = [error(picture, image) for picture in pictures]
        order = sorted(range(len(errors)), key=errors.__getitem__)
        yield Found(step, seconds, labels, latents, pictures, errors, order, ended)
        if ended:
            return


def encoder_for(catalogue: Catalogue, chosen: Checkpoint) -> Checkpoint | None:
    """The first checkpoint that encodes the same pictures of the same classes, if any."""
    for one in catalogue.able("encode"):
        if one.media == chosen.media and one.labels == chosen.labels:
            return one
    return None


def encoded(one: Checkpoint, image: Tensor, label: str) -> tuple[Tensor, float]:
    """What comes back from one pass through an encoder and its decoder, and the seconds that it
    took."""
    model: Any = one.model
    began = time.monotonic()
    condition = model.condition(one.label_index(label))[None]
    with torch.inference_mode():
        back = model.reconstruct(image[None], condition)[0]
    return back, time.monotonic() - began


def one_pass(catalogue: Catalogue, chosen: Checkpoint, image: Tensor, label: str) -> str:
    """The answer of an encoder, where there is one: the same all through a search."""
    one = encoder_for(catalogue, chosen)
    if one is None:
        return ""
    back, seconds = encoded(one, image, label)
    said = texts.ENCODED.format(
        name=html.escape(one.name), error=f"{error(back, image):.3f}",
        milliseconds=f"{1000 * seconds:.0f}",
    )  # fmt: skip
    return figures.captioned(chosen.media, back, said)


def page(chosen: Checkpoint, image: Tensor, found: Found, beside: str) -> str:
    """The drawing, the best that was found, and `beside` it the encoder's answer (`one_pass`); the
    other searches."""
    media = chosen.media
    best = found.order[0]
    title = texts.PROJECTED.format(
        name=html.escape(chosen.name), label=html.escape(found.labels[best]),
        error=f"{found.errors[best]:.3f}", seconds=f"{found.seconds:.1f}",
    )  # fmt: skip
    shown = figures.captioned(media, image, texts.AS_GIVEN, own=True)
    shown += figures.captioned(media, found.pictures[best], title) + beside
    others = "".join(
        figures.captioned(
            media, found.pictures[i], f"{html.escape(found.labels[i])} · {found.errors[i]:.3f}"
        )
        for i in found.order
    )
    lengths = texts.PROJECTED_LENGTH.format(
        length=f"{float(found.latents[best].norm()):.1f}",
        typical=f"{math.sqrt(found.latents.shape[1]):.1f}",
        dimensions=found.latents.shape[1],
    )
    progress = "" if found.step == STEPS else texts.PROJECTING.format(step=found.step, steps=STEPS)
    return (
        f'<div class="three">{shown}</div>'
        f'<progress max="{STEPS}" value="{found.step}" aria-label="{texts.VIEWS["project"]}">'
        f'</progress><p role="status">{progress}</p>'
        f'<section class="ways"><h2>{texts.SEARCHES}</h2><div class="tens">{others}</div>'
        f"<p>{lengths}</p><p>{texts.PROJECT_INFO.format(seconds=f'{SECONDS:.0f}')}</p></section>"
    )


def last(wish: Any) -> tuple[Tensor, Found]:
    """The drawing, and what was found of it in the end. Raises ValueError for an empty pad."""
    if wish.drawing is None or not wish.drawing.any():
        raise ValueError(texts.PAD_EMPTY)
    *_, found = search(wish.checkpoint, wish.drawing, wish.values["label"])
    return wish.drawing, found


def answer(wish: Any) -> tuple[Tensor, dict[str, Any]]:
    """For programs: the drawing and all that was found of it, the best first, (1 + R, C, H, W);
    and of each search its class and its error."""
    image, found = last(wish)
    order = found.order
    return torch.cat([image[None], found.pictures[order]]), {
        "classes": [found.labels[i] for i in order],
        "errors": [found.errors[i] for i in order],
        "steps": found.step,
        "seconds": round(found.seconds, 2),
    }
