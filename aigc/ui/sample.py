"""Pictures from nothing but a seed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import gradio as gr
from torch import Tensor

from aigc import latent
from aigc.checkpoint import Checkpoint
from aigc.ui import coverage, figures, labels, parts, texts
from aigc.ui.catalogue import (
    ANY,
    MAX_COUNT,
    MAX_TEMPERATURE,
    Catalogue,
    read_count,
    read_label,
    read_seed,
    read_temperature,
)  # fmt: skip

ID = "sample"
NEEDS = "sample"

SECONDS_BETWEEN_VIEWS = 0.2  # of a picture being drawn: often enough to watch, and costs nothing


@dataclass(frozen=True)
class Wish:
    """A checked request."""

    checkpoint: Checkpoint
    count: int
    seed: int
    label: str
    temperature: float

    @property
    def made(self) -> dict[str, Any]:
        """The settings of the result, by the names of the endpoint."""
        return {
            "checkpoint": self.checkpoint.name, "revision": self.checkpoint.revision,
            "count": self.count, "seed": self.seed, "label": self.label,
            "temperature": self.temperature,
        }  # fmt: skip

    @property
    def draw(self) -> tuple[Any, ...]:
        """The arguments of a model's `sample` and `draw`."""
        index = self.checkpoint.label_index(self.label)
        return latent.generators(self.seed, self.count), [index] * self.count, self.temperature


def read(
    catalogue: Catalogue, checkpoint: object, count: object, seed: object, label: object,
    temperature: object,
) -> Wish:  # fmt: skip
    """Check everything. Raises ValueError with one sentence."""
    chosen = catalogue.find(checkpoint, NEEDS)
    return Wish(
        chosen, read_count(count), read_seed(seed), read_label(chosen, label),
        read_temperature(temperature),
    )  # fmt: skip


def images(wish: Wish) -> Tensor:
    """(count, C, H, W) in [0, 1]."""
    return wish.checkpoint.model.sample(*wish.draw)  # type: ignore[operator]


def views(wish: Wish) -> Iterator[tuple[Tensor, bool]]:
    """The pictures as they grow, no more often than a person can see, and whether they are
    finished. Models that cannot be watched give the finished pictures alone."""
    if "draw" not in wish.checkpoint.capabilities:
        yield images(wish), True
        return
    last, pictures = 0.0, None
    for pictures in wish.checkpoint.model.draw(*wish.draw):  # type: ignore[operator]
        if time.monotonic() - last >= SECONDS_BETWEEN_VIEWS:
            yield pictures, False
            last = time.monotonic()
    if pictures is not None:
        yield pictures, True


def page(wish: Wish, pictures: Tensor) -> str:
    """The gallery and the settings under it."""
    alt = texts.PICTURE_ALT.format(
        name=wish.checkpoint.name, label=texts.VALUES.get(wish.label, wish.label)
    )
    return figures.gallery(wish.checkpoint.media, pictures, alt) + figures.chips(wish.made)


def covered(catalogue: Catalogue, wish: Wish, pictures: Tensor) -> str:
    """The classes among the pictures, where no class was asked for and something can tell."""
    classifier = coverage.judge(catalogue, wish.checkpoint) if wish.label == ANY else None
    return coverage.page(classifier, pictures) if classifier else ""


def save_link(wish: Wish, pictures: Tensor) -> str:
    """The pictures as one file to keep, and the same with a visible label."""
    media, mark = wish.checkpoint.media, labels.xmp(ID, wish.made)
    name = f"{wish.checkpoint.name}-seed{wish.seed}-{wish.label}"
    plain = figures.sheet_png(media, pictures, mark)
    said = figures.sheet_png(media, pictures, mark, labels.VISIBLE.format(**wish.made))
    return figures.download(plain, "image/png", f"{name}.png", texts.DOWNLOAD) + figures.download(
        said, "image/png", f"{name}-labelled.png", texts.DOWNLOAD_LABELLED
    )


def build(catalogue: Catalogue) -> parts.Page:
    default = catalogue.first(NEEDS)

    def sample(
        checkpoint: str = default, count: int = 16, seed: int = 0, label: str = ANY,
        temperature: float = 1.0,
    ) -> tuple[list[Any], dict[str, Any]]:  # fmt: skip
        wish = read(catalogue, checkpoint, count, seed, label, temperature)
        return [wish.checkpoint.media.to_pil(image) for image in images(wish)], wish.made

    def run(
        checkpoint: str, count: int, seed: int, label: str, temperature: float,
        _randomise: bool = False,
    ) -> Iterator[tuple[Any, ...]]:  # fmt: skip
        wish = read(catalogue, checkpoint, count, seed, label, temperature)
        for pictures, finished in views(wish):
            if finished:
                shown = page(wish, pictures) + covered(catalogue, wish, pictures)
                yield shown, save_link(wish, pictures), wish.made, wish.seed
            else:
                yield page(wish, pictures), "", gr.skip(), wish.seed

    with gr.Row(elem_classes="page"):
        with gr.Column(scale=2, min_width=280, elem_classes="controls"):
            checkpoint = parts.chooser(catalogue, NEEDS)
            with gr.Group():
                label = gr.Dropdown(
                    parts.labels(catalogue, checkpoint.value, NEEDS), value=ANY, label=texts.CLASS
                )
                count = gr.Slider(1, MAX_COUNT, 16, step=1, label=texts.COUNT)
                temperature = gr.Slider(
                    0, MAX_TEMPERATURE, 1, step=0.05, label=texts.TEMPERATURE,
                    info=texts.TEMPERATURE_INFO,
                )  # fmt: skip
                seed = gr.Number(0, label=texts.SEED, precision=0, info=texts.SEED_INFO)
                randomise = gr.Checkbox(True, label=texts.RANDOMISE, container=True)
            button = gr.Button(texts.SAMPLE, variant="primary", size="lg")
        with gr.Column(scale=3, min_width=300, elem_classes="result"):
            gallery = gr.HTML(figures.waiting(), js_on_load=None, elem_classes="gallery")
            with gr.Row(elem_classes="actions"):
                save = gr.HTML(js_on_load=None, min_width=0)
                link = parts.link_button(ID)
            made = parts.made_box()
    parts.about(catalogue, checkpoint, NEEDS)

    settings = {
        "checkpoint": checkpoint, "count": count, "seed": seed, "label": label,
        "temperature": temperature,
    }  # fmt: skip
    event: dict[str, Any] = {
        "fn": parts.spoken(run), "inputs": list(settings.values()),
        "outputs": [gallery, save, made, seed], "show_progress": "minimal",
        "show_progress_on": gallery, **parts.PRIVATE, **parts.MODEL_WORK,
    }  # fmt: skip
    # The switch is read in the browser, so that a new seed costs no second round trip.
    new_seed = "(c, n, s, l, t, again) => [c, n, again ? aigc.seed() : s, l, t, again]"
    button.click(**{**event, "inputs": [*settings.values(), randomise], "js": new_seed})
    parts.follow_checkpoint(catalogue, NEEDS, checkpoint, [label]).then(**event)
    parts.endpoint(
        sample, "sample",
        [gr.Gallery(visible=False, format="png", label="images"),
         gr.JSON(visible=False, label="settings")],
        "Pictures of a checkpoint, and the settings that made them.",
    )  # fmt: skip
    return parts.Page(settings, event, made, link)
