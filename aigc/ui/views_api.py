"""The views of Explore for programs: an endpoint each, which answers with pictures and the settings
that made them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import gradio as gr

from aigc.ui import directions, parts, projection, served
from aigc.ui.catalogue import ANY, Catalogue
from aigc.ui.views import VIEWS, WORK, read

Answer = tuple[list[Any], dict[str, Any]]  # the pictures, and their settings and facts
Ask = Callable[..., Answer]  # `answer`, for the catalogue and the tab of this page

# The endpoints in their order, and what they say of themselves: in English, since programs send no
# language.
ABOUT = {
    "map": (
        "The picture at a point of a plane through the latent space (pca, means or kl), where x "
        "and y are measured from the middle of the test images, and the pictures along a walk over "
        "its grid of 24 by 24 points, numbered row by row from 0, as 301.302.326."
    ),
    "classes": (
        "One picture as every class: first by adding class means in the latent space, then by "
        "telling the decoder the class."
    ),
    "directions": (
        "A picture before and after moves along the strongest directions of the latent space, and "
        "what each of them changes."
    ),
    "corners": "A square of pictures between four, row by row.",
    "loop": "The frames of a walk through several pictures and back to the first.",
    "scores": (
        "Samples, what the discriminator says of each, and which share of the test images of its "
        "class scores lower."
    ),
    "project": (
        "A drawing (a PNG, JPEG or WebP as a data address, or as a link carries it), the best that "
        "was found of it by optimisation, and every search. One at a time."
    ),
    "tradeoff": (
        "The same ten samples at each temperature, and what was measured there: label accuracy, "
        "Frechet distance, precision, recall, coverage."
    ),
    "complete": "A picture, and others that keep its first rows of patches.",
    "heads": (
        "The same draws with all heads and without those that are named (layer and head from 1, as "
        "1.2,3.4), what that costs in bits, and what each head is like."
    ),
    "pixel": (
        "A picture, and how likely the model held each value of the patch at a position (from 1) "
        "before it was drawn."
    ),
    "formula": (
        "A picture, and the numbers of softmax(QK^T / sqrt(d)) V at one position of one head (all "
        "from 1): scores, scaled, weights, and the weighted sum."
    ),
    "modes": (
        "The first 64 of `total` samples without a class, how many of all fall into each class, "
        "and the KL from the classes of the training images (or equal shares) with what as many "
        "true draws would give. Ends after a minute with what was drawn; one at a time."
    ),
}


def answer(catalogue: Catalogue, tab: str, view: str, checkpoint: object, **given: Any) -> Answer:
    """What the endpoint of a view says of the settings that were `given`; a picture leads back to
    `tab`. Raises ValueError with one sentence."""
    wish = read(catalogue, checkpoint, view, given)
    media, made = wish.checkpoint.media, wish.made
    if view == "project":  # seconds: once for both
        images, facts = projection.answer(wish)
    else:
        images, facts = VIEWS[view].pictures(wish), VIEWS[view].facts(wish)
    # gradio_client takes every object with a text under "path" for a file to download.
    settings = {{"path": "path_kind"}.get(name, name): value for name, value in made.items()}
    found = (media.to_pil(image) for image in images)
    return served.pictures(found, tab, made), settings | facts


# The signatures below are the parameters that a program sees; a default names a checkpoint that is
# there. `parts.endpoint` reads them.


def of_latent_spaces(catalogue: Catalogue, ask: Ask) -> dict[str, Callable[..., Answer]]:
    """The endpoints of the views that go through a latent space, by their names."""
    encodes, decodes = catalogue.first("encode"), catalogue.first("decode")

    def map(
        checkpoint: str = encodes, plane: str = "pca", x: float = 0, y: float = 0, walk: str = ""
    ) -> Answer:
        return ask("map", checkpoint, plane=plane, x=x, y=y, walk=walk)

    def classes(
        checkpoint: str = encodes, seed: int = 0, label: str = ANY, drawing: str = ""
    ) -> Answer:
        return ask("classes", checkpoint, seed=seed, label=label, drawing=drawing)

    def directions_(
        checkpoint: str = decodes, seed: int = 0, label: str = ANY, move_1: float = 0,
        move_2: float = 0, move_3: float = 0, move_4: float = 0, move_5: float = 0,
        move_6: float = 0,
    ) -> Answer:  # fmt: skip
        moves = zip(directions.MOVES, (move_1, move_2, move_3, move_4, move_5, move_6))
        return ask("directions", checkpoint, seed=seed, label=label, **dict(moves))

    def corners(
        checkpoint: str = decodes, seed: int = 0, label: str = ANY, label_b: str = ANY,
        label_c: str = ANY, label_d: str = ANY, side: int = 8, path: str = "slerp",
    ) -> Answer:  # fmt: skip
        return ask(
            "corners", checkpoint, seed=seed, label=label, label_b=label_b, label_c=label_c,
            label_d=label_d, side=side, path=path,
        )  # fmt: skip

    def loop(
        checkpoint: str = decodes, seed: int = 0, label: str = ANY, stops: int = 4, leg: int = 12,
        path: str = "slerp",
    ) -> Answer:  # fmt: skip
        return ask("loop", checkpoint, seed=seed, label=label, stops=stops, leg=leg, path=path)

    return {
        "map": map, "classes": classes, "directions": directions_, "corners": corners, "loop": loop,
    }  # fmt: skip


def of_samples(catalogue: Catalogue, ask: Ask) -> dict[str, Callable[..., Answer]]:
    """The endpoints of the views that judge samples, or look for one."""
    decodes = catalogue.first("decode")

    def scores(
        checkpoint: str = catalogue.first("discriminate"), seed: int = 0, label: str = ANY,
        count: int = 12, temperature: float = 1.0, drawing: str = "",
    ) -> Answer:  # fmt: skip
        return ask(
            "scores", checkpoint, seed=seed, label=label, count=count, temperature=temperature,
            drawing=drawing,
        )  # fmt: skip

    def project(
        checkpoint: str = catalogue.first("project"), drawing: str = "", label: str = ANY
    ) -> Answer:
        return ask("project", checkpoint, drawing=drawing, label=label)

    def tradeoff(checkpoint: str = decodes, seed: int = 0, label: str = ANY) -> Answer:
        return ask("tradeoff", checkpoint, seed=seed, label=label)

    def modes(
        checkpoint: str = decodes, seed: int = 0, total: int = 100, temperature: float = 1.0
    ) -> Answer:
        return ask("modes", checkpoint, seed=seed, total=total, temperature=temperature)

    return {"scores": scores, "project": project, "tradeoff": tradeoff, "modes": modes}


def of_attention(catalogue: Catalogue, ask: Ask) -> dict[str, Callable[..., Answer]]:
    """The endpoints of the views of a model that draws patch by patch."""

    def complete(
        checkpoint: str = catalogue.first("complete"), seed: int = 0, label: str = ANY,
        rows: int = 7, count: int = 4, temperature: float = 1.0, drawing: str = "",
    ) -> Answer:  # fmt: skip
        return ask(
            "complete", checkpoint, seed=seed, label=label, rows=rows, count=count,
            temperature=temperature, drawing=drawing,
        )  # fmt: skip

    def heads(
        checkpoint: str = catalogue.first("mute"), seed: int = 0, label: str = ANY, muted: str = ""
    ) -> Answer:
        return ask("heads", checkpoint, seed=seed, label=label, muted=muted)

    def pixel(
        checkpoint: str = catalogue.first("predict"), seed: int = 0, label: str = ANY,
        position: int = 100, drawing: str = "",
    ) -> Answer:  # fmt: skip
        return ask("pixel", checkpoint, seed=seed, label=label, position=position, drawing=drawing)

    def formula(
        checkpoint: str = catalogue.first("scores"), seed: int = 0, label: str = ANY,
        layer: int = 1, head: int = 1, position: int = 100, drawing: str = "",
    ) -> Answer:  # fmt: skip
        return ask(
            "formula", checkpoint, seed=seed, label=label, layer=layer, head=head,
            position=position, drawing=drawing,
        )  # fmt: skip

    return {"complete": complete, "heads": heads, "pixel": pixel, "formula": formula}


def endpoints(catalogue: Catalogue, tab: str) -> None:
    """Add them to the app; `tab` is where a picture that one of them made is made again."""
    ask = partial(answer, catalogue, tab)
    known: dict[str, Callable[..., Answer]] = {}
    for group in (of_latent_spaces, of_samples, of_attention):
        known |= group(catalogue, ask)
    for name, about in ABOUT.items():
        parts.endpoint(
            known[name], name,
            [gr.Gallery(visible=False, label="images"),
             gr.JSON(visible=False, label="settings")],
            about, WORK.get(name, parts.MODEL_WORK),
        )  # fmt: skip
