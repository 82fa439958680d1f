"""Pictures that a person draws or uploads: a pad in the page, the check of what it sends, and the
few characters by which a small one travels in a link."""

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
from aigc.ui.labels import GIVEN

MAX_BYTES = 4 * 2**20
MAX_SIDE = 4096
FORMATS = ("PNG", "JPEG", "WEBP")
MAX_PACKED = 4000  # characters of a picture in a link; servers refuse addresses over 8,000

PACKED = re.compile("[A-Za-z0-9_-]+")

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
    as a data address, a packed picture that a link brought, or '' while it is empty."""
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
        if max(image.size) <= MAX_SIDE:  # before a pixel is decoded
            image.load()
            return image
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        pass
    except Exception:  # whatever a decoder raises at what is damaged
        raise ValueError(texts.NO_PICTURE) from None
    raise ValueError(texts.LARGE_PICTURE.format(limit=MAX_SIDE))


def prepared(media: ImageMedia, value: object) -> Tensor | None:
    """What a pad holds -> (C, H, W) as the model knows its pictures, in steps of 1/255, so that it
    is the same after a journey in a link; None for an empty pad. Raises ValueError with a
    sentence."""
    if isinstance(value, str) and PACKED.fullmatch(value):
        picture = unpack(value)
        if picture.size == (media.width, media.height):  # it was prepared before it was packed
            return media.from_pil(picture)
        return media.from_drawing(picture)
    given = read_picture(value)
    return None if given is None else media.from_drawing(given).mul(255).round().div(255)


def read_given(media: ImageMedia, value: object) -> Tensor:
    """`prepared`, where a picture has to be there. Raises ValueError with a sentence."""
    image = prepared(media, value)
    if image is None or not image.any():
        raise ValueError(texts.PAD_EMPTY)
    return image


def pack(media: ImageMedia, image: Tensor) -> str:
    """(C, H, W) in [0, 1] -> the picture as a link carries it, a lossless WebP in the base64 of
    RFC 4648 section 5, unpadded; a digit takes about 270 characters. GIVEN where it is too
    large."""
    buffer = io.BytesIO()
    media.to_pil(image).save(buffer, "WEBP", lossless=True, quality=100, method=6)
    text = base64.urlsafe_b64encode(buffer.getvalue()).decode().rstrip("=")
    return text if len(text) <= MAX_PACKED else GIVEN


def unpack(text: str) -> Image.Image:
    """The inverse of `pack`. Raises ValueError with a sentence."""
    try:
        content = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            picture = Image.open(io.BytesIO(content), formats=("WEBP",))
        if max(picture.size) <= MAX_SIDE:
            picture.load()
            return picture
    except Exception:  # a decoder's, of any kind, or one of what is no picture at all
        pass
    raise ValueError(texts.NO_PACKED)


def read_packed(value: object) -> str:
    """A packed picture out of a link, checked. Raises ValueError with a sentence."""
    if not isinstance(value, str) or len(value) > MAX_PACKED or not PACKED.fullmatch(value):
        raise ValueError(texts.NO_PACKED)
    unpack(value)
    return value
