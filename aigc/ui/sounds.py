"""Sounds: they are made as pictures of their spectra, so they are shown as pictures are, and heard
besides. One of kinds.KINDS, which says what each part is for."""

from __future__ import annotations

import html
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from aigc.checkpoint import Checkpoint
from aigc.media import SoundMedia
from aigc.ui import figures, labels, patches, texts

# Where a button will be.
SILENT_BUTTON = (
    '<button type="button" class="pill hear" disabled aria-label="{label}">'
    '<span aria-hidden="true"></span></button>'
)


def __getattr__(name: str) -> Any:
    """All that is not said here is as for pictures."""
    return getattr(patches, name)


def waves_of(media: SoundMedia, made: Tensor) -> np.ndarray:
    """(N, 1, H, W) in [0, 1] -> the sounds (N, samples) in [-1, 1]; the phases of a batch are found
    once, however often they are asked for."""
    return _waves(media, media.to_uint8(made).tobytes())


@lru_cache(maxsize=4)
def _waves(media: SoundMedia, pixels: bytes) -> np.ndarray:
    images = torch.frombuffer(bytearray(pixels), dtype=torch.uint8).view(-1, *media.shape)
    return media.to_waves(images / 255).numpy()


def heard(media: SoundMedia, sound: np.ndarray, name: str, words: str = "") -> str:
    """A button that plays a sound (S,), which says that AI made it (static/app.js); `name` is for
    screen readers, where there are no `words` on it."""
    source = figures.address(labels.wav(sound, media.rate, labels.SHORT), "audio/wav")
    said = f" {html.escape(words)}" if words else ""
    label = "" if words else f' aria-label="{html.escape(name)}"'
    return (
        f'<button type="button" class="pill hear" aria-pressed="false" data-sound="{source}"'
        f'{label}><span aria-hidden="true"></span>{said}</button>'
    )


def grows(chosen: Checkpoint) -> bool:
    """The spectra are there before their sounds are."""
    return True


def gallery(media: SoundMedia, made: Tensor, alt: str, pick: bool = False, **below: Any) -> str:
    """(N, 1, H, W) in [0, 1] -> the spectra side by side, as `figures.gallery`, each above a button
    that plays it, once they are whole and can be picked."""
    names = [texts.HEAR.format(name=f"{alt} {at}") for at in range(1, len(made) + 1)]
    if pick:
        captions = [heard(media, *one) for one in zip(waves_of(media, made), names)]
    else:
        captions = [SILENT_BUTTON.format(label=html.escape(name)) for name in names]
    sheet = figures.gallery(media, made, alt, pick, beside=captions, **below)
    return f'<div class="sounds">{sheet}</div>'


def beside(media: SoundMedia, images: Tensor, names: Sequence[str]) -> list[str]:
    """A button for each of (N, 1, H, W) that plays it."""
    said = [texts.HEAR.format(name=name) for name in names]
    return [heard(media, *one) for one in zip(waves_of(media, images), said)]


def walk(media: SoundMedia, frames: Tensor) -> str:
    """A button that plays the frames (N, 1, H, W) one after the other."""
    waves = waves_of(media, frames).flatten()
    words = texts.HEAR_ALL.format(count=len(frames))
    return (
        f'<div class="sounds" data-frames="{len(frames)}">{heard(media, waves, words, words)}</div>'
    )


def pieces(media: SoundMedia, made: Tensor) -> tuple[list[Image.Image], dict[str, Any]]:
    """What an endpoint returns of a batch: the spectra, and the sounds among the settings."""
    found, facts = patches.pieces(media, made)
    waves = [labels.wav(one, media.rate, labels.SHORT) for one in waves_of(media, made)]
    return found, facts | {"sounds": [figures.address(one, "audio/wav") for one in waves]}


def file(media: SoundMedia, made: Tensor, marks: labels.Marks) -> bytes:
    """A batch as one sound."""
    return labels.wav(waves_of(media, made).flatten(), media.rate, marks.packet)


def labelled_file(media: SoundMedia, made: Tensor, marks: labels.Marks) -> bytes:
    """The same behind the audible label."""
    said = labels.audible(waves_of(media, made).flatten(), media.rate)
    return labels.wav(said, media.rate, marks.packet)


SAVES = {
    "sound": figures.Save("DOWNLOAD_SOUND", ".wav", "audio/wav", file),
    "labelled": figures.Save("DOWNLOAD_AUDIBLE", "-labelled.wav", "audio/wav", labelled_file),
    "sheet": figures.SHEET,
}
