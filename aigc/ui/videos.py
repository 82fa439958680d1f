"""Videos: they are made as sheets of their frames, so they are shown as pictures are, and move. One
of kinds.KINDS, which says what each part is for."""

from __future__ import annotations

from typing import Any

from PIL import Image
from torch import Tensor

from aigc.checkpoint import Checkpoint
from aigc.media import VideoMedia
from aigc.ui import figures, labels, patches, texts


def __getattr__(name: str) -> Any:
    """All that is not said here is as for pictures."""
    return getattr(patches, name)


def grows(chosen: Checkpoint) -> bool:
    """The first frames are there before the videos are."""
    return True


def gallery(media: VideoMedia, made: Tensor, alt: str, pick: bool = False, **below: Any) -> str:
    """(N, C, H, W) in [0, 1] -> the videos side by side, as `figures.gallery`, and a button that
    holds them (static/app.js); they move once they can be picked."""
    return holdable(figures.gallery(media, made, alt, pick, **below))


def holdable(part: str) -> str:
    """What moves, with the button that holds it."""
    return (
        f'<div class="videos">{part}<button type="button" class="pill hold" '
        f'aria-pressed="false">{texts.HOLD}</button></div>'
    )


def walk(media: VideoMedia, frames: Tensor) -> str:
    """A button that lets the player's frame move."""
    return (
        '<div class="videos"><button type="button" class="pill hold" aria-pressed="true">'
        f"{texts.HOLD}</button></div>"
    )


def together(media: VideoMedia, made: Tensor, label: str = "") -> list[Image.Image]:
    """All videos as one: its frames, large enough to be seen, with a visible `label` under each."""
    moments, _ = media.moments(made, figures.columns_of(len(made)))
    side, width = figures.DOWNLOAD_SIDE, media.frame.width
    found = [figures.enlarge(moment, side, width) for moment in moments]
    return [labels.visible(one, label).convert(one.mode) for one in found] if label else found


def file(media: VideoMedia, made: Tensor, marks: labels.Marks) -> bytes:
    """A batch as one video."""
    return figures.webp(together(media, made), 1000 // media.rate, marks.packet)


def labelled_file(media: VideoMedia, made: Tensor, marks: labels.Marks) -> bytes:
    """The same with the visible label."""
    return figures.webp(together(media, made, marks.visible), 1000 // media.rate, marks.packet)


SAVES = {
    "video": figures.Save("DOWNLOAD_VIDEO", ".webp", "image/webp", file),
    "labelled": figures.Save("DOWNLOAD_LABELLED", "-labelled.webp", "image/webp", labelled_file),
    "sheet": figures.SHEET,
}


def pieces(media: VideoMedia, made: Tensor) -> tuple[list[Image.Image], dict[str, Any]]:
    """What an endpoint returns of a batch: sheets of frames, and how to read them."""
    found, facts = patches.pieces(media, made)
    return found, facts | {"rows": media.rows, "columns": media.columns, "rate": media.rate}
