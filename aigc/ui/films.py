"""Animations as files: WebP, GIF and MP4, each with the mark that says what made it (labels.py).

WebP keeps every grey and is the smallest; GIF plays everywhere a picture does; MP4 (H.264) is what
messengers and platforms take, where it may not loop, so it holds several rounds.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import gradio as gr
import numpy as np
from PIL import Image, ImageOps
from torch import Tensor

from aigc.checkpoint import shown
from aigc.media import ImageMedia
from aigc.ui import figures, labels, parts, texts

FRAME_SIDE = 224  # pixels of a frame, at least
FRAME_MS = 60
MP4_SECONDS = 6  # at least, in whole rounds
XMP_IN_MP4 = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")  # XMP, part 3: the box's UUID


@dataclass(frozen=True)
class Film:
    """What a tab hands over to be saved."""

    media: ImageMedia
    frames: Tensor
    """(N, C, H, W) in [0, 1]."""
    name: str
    """Of the file, without its ending."""
    tab: str
    made: dict[str, Any]
    """The settings that made it, by which the page makes it again."""
    loop: bool = False
    """Whether the first frame follows the last; otherwise it goes there and back."""

    def round(self, label: str = "") -> list[Image.Image]:
        """The frames of one round, L or RGB, with a visible `label` under each."""
        plain = [self.media.to_pil(frame) for frame in self.frames]
        found = [figures.enlarge(picture, FRAME_SIDE, self.media.width) for picture in plain]
        if label:
            found = [labels.visible(one, label).convert(one.mode) for one in found]
        return found if self.loop else found + found[-2:0:-1]


def webp(pictures: list[Image.Image], mark: bytes, aigc: str) -> bytes:
    """An animated WebP, lossless, for ever."""
    return figures.webp(pictures, FRAME_MS, mark)


def gif(pictures: list[Image.Image], mark: bytes, aigc: str) -> bytes:
    """An animated GIF, for ever. XMP stands in an application extension before the trailer; the
    256 bytes that count down behind it bring readers that know nothing of it to its end (XMP
    specification, part 3)."""
    buffer = io.BytesIO()
    pictures[0].save(
        buffer, "GIF", save_all=True, append_images=pictures[1:], duration=FRAME_MS, loop=0
    )
    content = buffer.getvalue()
    countdown = b"\x01" + bytes(range(255, -1, -1)) + b"\x00"
    return content[:-1] + b"\x21\xff\x0bXMP DataXMP" + mark + countdown + content[-1:]


def mp4(pictures: list[Image.Image], mark: bytes, aigc: str) -> bytes:
    """H.264 in MP4. The field AIGC stands among the metadata of the film as well, where the
    practice guide for GB 45438-2025 has it for this format; XMP in a box of its own at the end."""
    import av  # a film is rare, and its libraries are large

    # Sides of 4:2:0 are even.
    odd = (0, 0, pictures[0].width % 2, pictures[0].height % 2)
    round_ = [np.asarray(ImageOps.expand(picture, odd).convert("RGB")) for picture in pictures]
    rounds = math.ceil(MP4_SECONDS * 1000 / (FRAME_MS * len(round_)))
    buffer = io.BytesIO()
    with av.open(buffer, "w", "mp4", options={"movflags": "use_metadata_tags"}) as file:
        file.metadata["AIGC"] = aigc
        stream: Any = file.add_stream(
            "libx264", Fraction(1000, FRAME_MS),
            options={"crf": "18", "preset": "veryfast", "threads": "1"},
        )  # fmt: skip
        stream.height, stream.width = round_[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        for picture in round_ * rounds:
            file.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        file.mux(stream.encode(None))
    box = XMP_IN_MP4 + mark
    return buffer.getvalue() + (len(box) + 8).to_bytes(4, "big") + b"uuid" + box


# The name of a format, its media type, and who writes it.
KINDS: dict[str, tuple[str, str, Callable[[list[Image.Image], bytes, str], bytes]]] = {
    "webp": ("WebP", "image/webp", webp),
    "gif": ("GIF", "image/gif", gif),
    "mp4": ("MP4", "video/mp4", mp4),
}


def read_kind(value: object) -> str:
    """Raises ValueError with one sentence."""
    if not isinstance(value, str) or value not in KINDS:
        raise ValueError(texts.NO_KIND.format(known=texts.either(list(KINDS)), value=shown(value)))
    return value


def encode(film: Film, kind: str, labelled: bool = False) -> bytes:
    """The film as a file of `kind`, one of KINDS; `labelled` says under every frame that AI made
    it."""
    said = labels.VISIBLE.format(**film.made) if labelled else ""
    mark, aigc = labels.xmp(film.tab, film.made), labels.aigc_field(film.made)
    return KINDS[kind][2](film.round(said), mark, aigc)


def name_of(film: Film, kind: str, labelled: bool = False) -> str:
    name = film.name.replace("/", "-")  # of a checkpoint of the Hub
    return f"{name}{'-labelled' if labelled else ''}.{kind}"


def buttons(film: Callable[..., Film], tab: str, inputs: list[Any]) -> None:
    """A button for each of KINDS, which makes the file when it is pressed: most are never. `film`
    gets the settings that the address of `tab` carries at that moment, and the values of
    `inputs`."""

    def save(kind: str, view: dict[str, Any], labelled: bool, *given: Any) -> dict[str, str]:
        found = film(view or {}, *given)
        content = encode(found, kind, labelled)
        return {"name": name_of(found, kind, labelled),
                "address": figures.address(content, KINDS[kind][1])}  # fmt: skip

    view, ready = parts.made_box(), parts.made_box()
    pressed = [
        (kind, gr.Button(texts.SAVE_AS.format(kind=name), size="sm",
                         elem_id=f"{tab}-{kind}", elem_classes="pill"))
        for kind, (name, *_) in KINDS.items()
    ]  # fmt: skip
    labelled = gr.Checkbox(False, label=texts.LABELLED, container=False, min_width=0)
    for kind, button in pressed:
        button.click(
            parts.spoken(lambda *given, kind=kind: save(kind, *given)), [view, labelled, *inputs],
            ready, js=f"(_, ...more) => [aigc.view('{tab}'), ...more]",
            **parts.UNSEEN, **parts.MODEL_WORK,
        ).then(None, ready, ready, js="(file) => aigc.save(file)", **parts.PRIVATE)  # fmt: skip
