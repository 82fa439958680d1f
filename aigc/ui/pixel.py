"""What the model expected at one place before it was drawn. A view of Explore."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import torch
from PIL import Image, ImageDraw
from torch import Tensor

from aigc.ui import cache, figures, labels, texts
from aigc.ui.catalogue import whole
from aigc.ui.weights import encode

PART, NEEDS = "", "predict"
CONTROLS = ("seed", "label", "position", "drawing")
DRAWN = ("label", "position")
BINS = 32  # of the 256 values
ZOOM = 8  # pixels of the page for one of the picture


def start(wish: Any) -> Tensor:
    """The drawing (C, H, W), or what Sample draws from the seed."""
    if wish.drawing is not None:
        return wish.drawing
    return cache.first_of(wish.checkpoint, wish.values["seed"], wish.values["label"])


def pictures(wish: Any) -> Tensor:
    return start(wish)[None]


def watch(wish: Any) -> Iterator[str]:
    """The picture as it is drawn, as it will stand above the rest. Raises ValueError as `show`."""
    at = position(wish)
    if wish.drawing is None:
        grown = cache.grow_first(wish.checkpoint, wish.values["seed"], wish.values["label"])
        yield from (place(wish, image, at) for image in grown)


def position(wish: Any) -> int:
    """The place, from 0. Raises ValueError with a sentence for one that is not there."""
    rows, columns = wish.checkpoint.model.grid
    return whole(texts.PLACES["position"], wish.values["position"], 1, rows * columns) - 1


def expected(wish: Any, image: Tensor) -> tuple[int, Tensor, Tensor]:
    """The position from 0, the probabilities (P, 256) of its values, and the values (P,) that
    stand there. Raises ValueError as `position`."""
    model, at = wish.checkpoint.model, position(wish)
    index = wish.checkpoint.label_index(wish.values["label"])
    return at, model.predict(image[None], [index])[0, at], model.tokens(image[None])[0, at]


def facts(wish: Any) -> dict[str, Any]:
    _, probabilities, values = expected(wish, start(wish))
    own = probabilities.gather(1, values[:, None])[:, 0]
    return {
        "values": values.tolist(),
        "bits": (-own.log2()).tolist(),
        "black": probabilities[:, 0].tolist(),
        "mean": (probabilities @ torch.arange(256.0)).tolist(),
        "probabilities": probabilities.tolist(),
    }


def marked(wish: Any, image: Tensor, at: int) -> Image.Image:
    """The picture with a frame around the patch, what comes after it dimmed."""
    media = wish.checkpoint.media
    rows, columns = wish.checkpoint.model.grid
    height, width = media.height * ZOOM // rows, media.width * ZOOM // columns
    row, column = divmod(at, columns)
    known = image.clone() * 0.35
    tall, wide = media.height // rows, media.width // columns
    known[:, : row * tall] = image[:, : row * tall]
    known[:, row * tall : (row + 1) * tall, : column * wide] = image[
        :, row * tall : (row + 1) * tall, : column * wide
    ]
    large = figures.enlarge(media.to_pil(known).convert("RGB"), media.width * ZOOM, media.width)
    box = (column * width - 1, row * height - 1, (column + 1) * width, (row + 1) * height)
    ImageDraw.Draw(large).rectangle(box, outline=(255, 107, 61), width=2)
    return large


def place(wish: Any, image: Tensor, at: int) -> str:
    """`marked` as HTML; it says that AI made it where no visitor gave it."""
    mark = labels.SHORT if wish.drawing is None else b""
    source = figures.address(figures.png(marked(wish, image, at), mark), "image/png")
    alt = texts.PLACE_ALT.format(position=at + 1)
    return f'<img class="tile place" alt="{alt}" src="{source}">'


def heights(probabilities: Tensor) -> Tensor:
    """A distribution over 256 values (..., 256) -> BINS bars (..., BINS) from 0 to 1, on a
    logarithmic scale from 0.1%."""
    shares = probabilities.unflatten(-1, (BINS, 256 // BINS)).sum(-1)
    return (1 + shares.clamp(min=1e-4).log10() / 3).clamp(0, 1)


def packed(probabilities: Tensor, values: Tensor) -> dict[str, Any]:
    """What was expected in every place, (T, P, 256), and what stands there, (T, P), as the viewer
    of the attention tab gets it: `values` uint8 (T, P), `chances` of these, float32 (T, P), `bars`
    uint8 (T, P, BINS), see `heights`."""
    own = probabilities.gather(-1, values[..., None])[..., 0]  # (T, P)
    return {
        "values": encode(values.numpy().astype("u1")),
        "chances": encode(own.numpy().astype("<f4")),
        "bars": encode((255 * heights(probabilities)).round().numpy().astype("u1")),
    }


def bars(probabilities: Tensor, value: int) -> str:
    """The bars of one distribution (256,), as SVG; the one that holds `value` is marked."""
    items = ""
    for i, share in enumerate(heights(probabilities).tolist()):
        tall = 56 * share
        now = ' class="now"' if i == value * BINS // 256 else ""
        items += (
            f'<rect{now} x="{100 * i / BINS:.2f}" width="{90 / BINS:.2f}" y="{58 - tall:.1f}" '
            f'height="{tall:.1f}"/>'
        )
    return (
        f'<svg viewBox="0 0 100 60" preserveAspectRatio="none" role="img" '
        f'aria-label="{texts.EXPECTED}">{items}</svg>'
        f'<div class="ends"><span>0</span><span>255</span></div>'
    )


def show(wish: Any) -> str:
    """The place, and a distribution for each of its values."""
    image = start(wish)
    at, probabilities, values = expected(wish, image)
    charts = ""
    for i, (p, value) in enumerate(zip(probabilities, values.tolist()), 1):
        said = texts.EXPECTED_VALUE.format(
            number=i, value=value, share=figures.percent(float(p[value])),
            bits=f"{-math.log2(max(float(p[value]), 1e-12)):.2f}",
            black=figures.percent(float(p[0])),
        )  # fmt: skip
        charts += f'<section class="compare"><h2>{said}</h2>{bars(p, value)}</section>'
    return f'{place(wish, image, at)}<div class="charts">{charts}</div><p>{texts.EXPECTED_INFO}</p>'
