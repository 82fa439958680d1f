"""What each head is like, and what is lost without some of them. A view of Explore."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from aigc import latent
from aigc.checkpoint import Checkpoint, shown
from aigc.ui import cache, figures, texts

PART, NEEDS = "", "mute"
CONTROLS = ("seed", "label", "muted")
MAX_MUTED = 64
MAX_MAPS = 2**26  # numbers in all maps of one picture or text, a quarter of a GB


def read_muted(value: object) -> str:
    """`1.2,3.1`, layer and head from 1, or a list of such, in order and each once. Raises
    ValueError with a sentence."""
    items = value if isinstance(value, list) else str(value or "").split(",") if value else []
    found: set[tuple[int, int]] = set()
    for item in items:
        match = re.fullmatch(r"\s*([1-9][0-9]{0,2})\.([1-9][0-9]{0,2})\s*", str(item))
        if match is None or len(found) >= MAX_MUTED:
            raise ValueError(texts.NO_HEADS.format(value=shown(value)))
        found.add((int(match[1]), int(match[2])))
    return ",".join(f"{layer}.{head}" for layer, head in sorted(found))


def check_maps(chosen: Checkpoint) -> None:
    """Raises ValueError with a sentence for a model whose maps are too many numbers: they grow with
    the square of the places, and a file of 25 kB can ask for all of the memory."""
    model: Any = chosen.model
    (layers, heads), places = heads_of(chosen), math.prod(model.grid)
    if layers * heads * places**2 > MAX_MAPS:
        raise ValueError(
            texts.MAPS_TOO_LARGE.format(name=chosen.name, layers=layers, heads=heads, places=places)
        )


def heads_of(chosen: Checkpoint) -> tuple[int, int]:
    """Layers, and heads in each."""
    config: Any = chosen.model.config
    return config.layers, config.heads


def choices(chosen: Checkpoint | None) -> list[str]:
    """All heads by the names of `read_muted`."""
    if chosen is None or NEEDS not in chosen.capabilities:
        return []
    layers, heads = heads_of(chosen)
    return [f"{i + 1}.{j + 1}" for i in range(layers) for j in range(heads)]


def muted_model(wish: Any) -> Any:
    """The model without those heads. Raises ValueError with a sentence for one that is not
    there."""
    pairs = [tuple(map(int, item.split("."))) for item in wish.values["muted"].split(",") if item]
    layers, heads = heads_of(wish.checkpoint)
    if any(layer > layers or head > heads for layer, head in pairs):
        raise ValueError(texts.NO_HEADS.format(value=shown(wish.values["muted"])))
    return wish.checkpoint.model.muted([(layer - 1, head - 1) for layer, head in pairs])


def pictures(wish: Any) -> Tensor:
    """(2, C, H, W) in [0, 1]: the same draws with all heads and without those."""
    chosen, seed, label = wish.checkpoint, wish.values["seed"], wish.values["label"]
    other, index = muted_model(wish), chosen.label_index(label)
    without = cache.recall(
        chosen, wish.values, lambda: other.sample(latent.generators(seed, 1), [index])[0]
    )
    return torch.stack([cache.first_of(chosen, seed, label), without])


def watch(wish: Any) -> Iterator[str]:
    """Both pictures as they are drawn, one after the other. Raises ValueError as
    `muted_model`."""
    chosen, seed, label = wish.checkpoint, wish.values["seed"], wish.values["label"]
    other, index = muted_model(wish), chosen.label_index(label)

    def steps() -> Iterator[Tensor]:
        if "draw" in chosen.capabilities:
            for images in other.draw(latent.generators(seed, 1), [index]):
                yield images[0]

    empty = torch.zeros(chosen.media.shape)
    for image in cache.grow_first(chosen, seed, label):
        yield both(chosen, image, empty)
    first = cache.first_of(chosen, seed, label)
    for image in cache.grow(chosen, wish.values, steps):
        yield both(chosen, first, image)


def both(chosen: Checkpoint, image: Tensor, other: Tensor, bits: str = "…") -> str:
    """The pictures (C, H, W) with all heads, whose price in bits is told, and without those."""
    first = figures.captioned(chosen.media, image, texts.ALL_HEADS.format(bits=bits))
    second = figures.captioned(chosen.media, other, texts.WITHOUT_HEADS)
    return f'<div class="two">{first}{second}</div>'


def bits(wish: Any, image: Tensor) -> tuple[float, float]:
    """-log2 p of a picture (C, H, W), with all heads and without those."""
    index = wish.checkpoint.label_index(wish.values["label"])
    both = (wish.checkpoint.model, muted_model(wish))
    with_all, without = (float(model.surprise(image[None], [index]).sum()) for model in both)
    return with_all, without


def statistics(weights: Tensor, columns: int) -> Tensor:
    """What a head's weights are like over a picture, (layers, heads, T, T) -> (layers, heads, 3):
    the mean entropy of a step in bits, start token included; the mean distance to what it looked
    at, in patches, start token aside; the mean share of the start token."""
    steps = weights.shape[-1]
    entropy = -(weights * weights.clamp(min=1e-20).log2()).sum(-1).mean(-1)  # (layers, heads)
    at = torch.arange(steps)
    places = torch.stack([at // columns, at % columns], 1).float()
    far = torch.cdist(places, places)[:, :-1]  # (T, T - 1): to patch j - 1, which column j holds
    inside = weights[..., 1:]  # (layers, heads, T, T - 1)
    total = inside.sum((-1, -2))
    distance = (inside * far).sum((-1, -2)) / total.clamp(min=1e-9)
    return torch.stack([entropy, distance, weights[..., 0].mean(-1)], -1)


def facts(wish: Any) -> dict[str, Any]:
    image = pictures(wish)[0]
    with_all, without = bits(wish, image)
    found = measured(wish, image)
    return {
        "bits": with_all, "bits_without": without,
        "heads": {
            f"{i + 1}.{j + 1}": dict(zip(("entropy", "distance", "start"), found[i, j].tolist()))
            for i in range(found.shape[0]) for j in range(found.shape[1])
        },
    }  # fmt: skip


def measured(wish: Any, image: Tensor) -> Tensor:
    """`statistics` of a picture (C, H, W). Raises ValueError as `check_maps`."""
    check_maps(wish.checkpoint)
    model = wish.checkpoint.model
    index = wish.checkpoint.label_index(wish.values["label"])
    return statistics(model.attention(image[None], [index])[0], model.grid[1])


def show(wish: Any) -> str:
    """Both pictures, the price in bits, and a table of all heads."""
    media = wish.checkpoint.media
    image, other = pictures(wish)
    with_all, without = bits(wish, image)
    values = media.channels * media.height * media.width
    said = texts.HEADS_PRICE.format(
        bits=f"{without - with_all:+.1f}", each=f"{(without - with_all) / values:+.4f}"
    )
    found = measured(wish, image)
    muted = wish.values["muted"].split(",")
    rows = ""
    for layer in range(found.shape[0]):
        cells = ""
        for head in range(found.shape[1]):
            entropy, distance, start = found[layer, head].tolist()
            name = f"{layer + 1}.{head + 1}"
            off = ' class="off"' if name in muted else ""
            cells += (
                f'<td{off} title="{texts.HEAD_TITLE.format(name=name)}"><b>{name}</b>'
                f"<span>{entropy:.1f}</span><span>{distance:.1f}</span><span>{start:.0%}</span></td>"
            )
        rows += f"<tr>{cells}</tr>"
    return (
        both(wish.checkpoint, image, other, f"{with_all:.0f}")
        + f"<p>{said}</p><h2>{texts.HEADS_TITLE}</h2>"
        + figures.table(f"<tbody>{rows}</tbody>", texts.HEADS_TITLE, "heads")
        + f"<p>{texts.HEADS_INFO}</p>"
    )
