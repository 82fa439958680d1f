"""One picture as every class, in two ways: by arithmetic with class means, and by telling the
decoder. A view of Explore, and part of the drawing explorer."""

from __future__ import annotations

import html
from typing import Any

import torch
from torch import Tensor

from aigc import latent
from aigc.checkpoint import Checkpoint
from aigc.ui import figures, texts
from aigc.ui.catalogue import surveyed

PART, NEEDS = "arithmetic", "encode"
CONTROLS = ("seed", "label", "drawing")
DRAWN = ("label",)


def nearest(chosen: Checkpoint, image: Tensor) -> int:
    """The class to whose mean the latent of a picture (C, H, W) lies nearest."""
    survey, model = surveyed(chosen, PART), chosen.model
    z, _ = model.encode(image[None], model.condition(None)[None])  # type: ignore[operator]
    return int((survey["map.class_means"] - z).norm(dim=1).argmin())


def table(chosen: Checkpoint, image: Tensor, own: int) -> Tensor:
    """A picture (C, H, W) of class `own` as every class: (2, classes, C, H, W) in [0, 1].

    First by z - mean of `own` + mean of the other, where no class is told to the encoder or the
    decoder (Larsen et al. 2016, arXiv 1512.09300, do so with attributes). Then by z of the
    encoder that was told `own`, decoded as the other."""
    model: Any = chosen.model
    means = surveyed(chosen, PART)["map.class_means"]  # (C, L)
    classes = len(means)
    with torch.inference_mode():
        free = model.condition(None)[None]
        told = torch.stack([model.condition(k) for k in range(classes)])  # (C, K)
        z, _ = model.encode(image[None], free)  # (1, L)
        by_means = model.decode(z - means[own] + means, free.expand(classes, -1))
        z, _ = model.encode(image[None], told[own][None])
        by_class = model.decode(z.expand(classes, -1), told)
    return torch.stack([by_means, by_class])


def start(wish: Any) -> Tensor:
    """The drawing (C, H, W), or the picture that Sample draws from the seed."""
    if wish.drawing is not None:
        return wish.drawing
    index = wish.checkpoint.label_index(wish.values["label"])
    source = latent.generators(wish.values["seed"], 1)
    return wish.checkpoint.model.sample(source, [index])[0]


def own_class(wish: Any, image: Tensor) -> int:
    index = wish.checkpoint.label_index(wish.values["label"])
    return nearest(wish.checkpoint, image) if index is None else index


def pictures(wish: Any) -> Tensor:
    """(2 * classes, C, H, W) in [0, 1]: `table`, row by row."""
    image = start(wish)
    return table(wish.checkpoint, image, own_class(wish, image)).flatten(0, 1)


def facts(wish: Any) -> dict[str, Any]:
    """From which class it went, and how often each way arrives among test images."""
    chosen = wish.checkpoint
    by_means, by_class = surveyed(chosen, PART)["arithmetic"].tolist()
    return {
        "from": chosen.labels[own_class(wish, start(wish))],
        "arrives_by_means": dict(zip(chosen.labels, by_means)),
        "arrives_by_class": dict(zip(chosen.labels, by_class)),
    }


def show(wish: Any) -> str:
    image = start(wish)
    own = own_class(wish, image)
    said = texts.FROM_GIVEN if wish.values["label"] != "any" else texts.FROM_NEAREST
    return page(wish.checkpoint, image, own, said, wish.drawing is not None)


def page(chosen: Checkpoint, image: Tensor, own: int, said: str, given: bool) -> str:
    """The picture, which may be `given`, both rows of `table`, and how often either way arrives."""
    survey = surveyed(chosen, PART)
    rows = ""
    ways = (texts.BY_MEANS, texts.BY_CLASS)
    for way, made, arrived in zip(ways, table(chosen, image, own), survey["arithmetic"]):
        tiles = "".join(
            figures.captioned(chosen.media, one, html.escape(name))
            for one, name in zip(made, chosen.labels)
        )
        share = texts.ARRIVES.format(
            share=f"{float(arrived.mean()):.1%}",
            worst=html.escape(chosen.labels[int(arrived.argmin())]),
            least=f"{float(arrived.min()):.1%}",
        )
        rows += f'<h2>{way}</h2><div class="tens">{tiles}</div><p>{share}</p>'
    first = figures.captioned(
        chosen.media, image, said.format(label=html.escape(chosen.labels[own])), given
    )
    info = texts.ARRIVES_INFO.format(classifier=html.escape(survey.about.get("classifier", "?")))
    return f'<section class="ways"><div class="two">{first}</div>{rows}<p>{info}</p></section>'
