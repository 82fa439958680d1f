"""Videos: they are made as sheets of their frames, so they are shown as pictures are, and move. One
of kinds.KINDS, which says what each part is for."""

from __future__ import annotations

from typing import Any

from PIL import Image
from torch import Tensor

from aigc.media import VideoMedia
from aigc.ui import figures, labels, patches, texts


def __getattr__(name: str) -> Any:
    """All that is not said here is as for pictures."""
    return getattr(patches, name)


def gallery(media: VideoMedia, made: Tensor, alt: str, pick: bool = False, **below: Any) -> str:
    """(N, C, H, W) in [0, 1] -> the videos side by side, as `figures.gallery`, and a button that
    holds them (static/app.js)."""
    sheet = figures.gallery(media, made, alt, pick, **below)
    return (
        f'<div class="videos">{sheet}<button type="button" class="pill hold" '
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
    columns = figures.columns_of(len(made))
    found = [
        figures.enlarge(media.frame.grid(moment, columns), figures.DOWNLOAD_SIDE, media.frame.width)
        for moment in media.to_videos(made).unbind(1)
    ]
    return [labels.visible(one, label).convert(one.mode) for one in found] if label else found


def downloads(
    media: VideoMedia, made: Tensor, name: str, mark: bytes, label: str, sentence: str
) -> str:
    """Links that save a batch as one video with its `mark`, and with a visible `label`; and the
    sheets of frames."""
    each = 1000 // media.rate
    plain = figures.webp(together(media, made), each, mark)
    said = figures.webp(together(media, made, label), each, mark)
    sheets = figures.sheet_png(media, made, mark)
    return (
        figures.download(plain, "image/webp", f"{name}.webp", texts.DOWNLOAD_VIDEO)
        + figures.download(said, "image/webp", f"{name}-labelled.webp", texts.DOWNLOAD_LABELLED)
        + figures.download(sheets, "image/png", f"{name}.png", texts.DOWNLOAD)
    )


def pieces(media: VideoMedia, made: Tensor) -> tuple[list[Image.Image], dict[str, Any]]:
    """What an endpoint returns of a batch: sheets of frames, and how to read them."""
    found, facts = patches.pieces(media, made)
    return found, facts | {"rows": media.rows, "columns": media.columns, "rate": media.rate}
