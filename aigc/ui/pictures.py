"""Pictures that a person draws or uploads: a pad in the page, and the check of what it sends."""

from __future__ import annotations

import base64
import binascii
import io
import re
import warnings
from typing import Any

import gradio as gr
from PIL import Image
from torch import Tensor

from aigc.media import ImageMedia
from aigc.ui import figures, texts

MAX_BYTES = 4 * 2**20
MAX_SIDE = 4096
FORMATS = ("PNG", "JPEG", "WEBP")
GIVEN = "a picture"  # what stands among the settings in place of a seed

PAD = """
<div class="pad">
  <canvas width="224" height="224" tabindex="0" aria-label="{draw}"></canvas>
  <div class="actions">
    <label class="pill" tabindex="0">{upload}<input type="file" accept="image/*" hidden></label>
    <button type="button" class="pill clear">{clear}</button>
  </div>
  <div class="hint" role="status">{hint}</div>
</div>
"""


def pad(label: str, **options: Any) -> gr.HTML:
    """A square to draw on with a finger or a mouse, or to put a picture in. Its value is a PNG
    as a data address, or '' while it is empty."""
    template = PAD.format(
        draw=f"{texts.DRAW} ({label})",
        upload=texts.UPLOAD,
        clear=texts.CLEAR,
        hint=texts.PAD_HINT.format(label=label),
    )
    return gr.HTML(
        "", html_template=template, js_on_load=figures.read_static("pad.js"),
        elem_classes="pad-box", **options,
    )  # fmt: skip


def read_picture(value: object) -> Image.Image | None:
    """A data address -> the decoded picture; None for an empty pad. Raises ValueError with one
    sentence for anything else."""
    if value is None or value == "":
        return None
    match = re.match(r"data:image/[a-z+.-]+;base64,", value) if isinstance(value, str) else None
    if match is None or not isinstance(value, str):
        raise ValueError(texts.NO_PICTURE)
    if len(value) > MAX_BYTES * 4 // 3 + 100:
        raise ValueError(texts.LARGE_FILE.format(limit=MAX_BYTES >> 20))
    try:
        content = base64.b64decode(value[match.end() :], validate=True)
    except (binascii.Error, ValueError):
        raise ValueError(texts.NO_PICTURE) from None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            image = Image.open(io.BytesIO(content), formats=FORMATS)
        if max(image.size) > MAX_SIDE:  # before a pixel is decoded
            raise ValueError(texts.LARGE_PICTURE.format(limit=MAX_SIDE))
        image.load()
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        raise ValueError(texts.LARGE_PICTURE.format(limit=MAX_SIDE)) from None
    except (OSError, SyntaxError):
        raise ValueError(texts.NO_PICTURE) from None
    return image


def read_given(media: ImageMedia, value: object) -> Tensor:
    """A data address -> (C, H, W), prepared as the model knows its pictures. Raises ValueError
    with a sentence, for an empty pad, too."""
    picture = read_picture(value)
    image = None if picture is None else media.from_drawing(picture)
    if image is None or not image.any():
        raise ValueError(texts.PAD_EMPTY)
    return image
