"""Pictures and texts from nothing but a seed, or from a beginning."""

from __future__ import annotations

import html
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import gradio as gr
from torch import Tensor

from aigc import latent
from aigc.checkpoint import Checkpoint, shown
from aigc.ui import coverage, figures, labels, levels, parts, texts
from aigc.ui.catalogue import (
    ANY,
    MAX_COUNT,
    MAX_PROMPT,
    MAX_TEMPERATURE,
    Catalogue,
    read_count,
    read_label,
    read_prompt,
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
    prompt: str = ""

    @property
    def made(self) -> dict[str, Any]:
        """The settings of the result, by the names of the endpoint; a prompt only where the model
        takes one."""
        prompt = {"prompt": self.prompt} if takes_prompt(self.checkpoint) else {}
        return {
            "checkpoint": self.checkpoint.name, "revision": self.checkpoint.revision,
            "count": self.count, "seed": self.seed, "label": self.label,
            "temperature": self.temperature, **prompt,
        }  # fmt: skip

    @property
    def draw(self) -> tuple[Any, ...]:
        """The arguments of a model's `sample` and `draw`."""
        index = self.checkpoint.label_index(self.label)
        return latent.generators(self.seed, self.count), [index] * self.count, self.temperature


def read(
    catalogue: Catalogue, checkpoint: object, count: object, seed: object, label: object,
    temperature: object, prompt: object = "",
) -> Wish:  # fmt: skip
    """Check everything. Raises ValueError with one sentence. A prompt for a model that takes none
    is left out: the box keeps it while another checkpoint is chosen."""
    chosen = catalogue.find(checkpoint, NEEDS)
    return Wish(
        chosen, read_count(count), read_seed(seed), read_label(chosen, label),
        read_temperature(temperature), read_prompt(prompt) if takes_prompt(chosen) else "",
    )  # fmt: skip


def takes_prompt(checkpoint: Checkpoint) -> bool:
    return "write" in checkpoint.capabilities


def noted(wish: Wish) -> str:
    """What became of a prompt, where that is not what a person would expect, as HTML."""
    if not wish.prompt:
        return ""
    media = wish.checkpoint.media
    unknown = media.unknown(wish.prompt)
    said = []
    if unknown:
        some = ", ".join(shown(c) for c in unknown[:8]) + (" ..." if len(unknown) > 8 else "")
        said.append(texts.UNKNOWN_SYMBOLS.format(symbols=some))
    if len(wish.prompt) >= media.length:
        said.append(texts.LONG_PROMPT.format(length=media.length - 1))
    items = "".join(f"<li>{html.escape(sentence)}</li>" for sentence in said)
    return f'<div class="notice" role="status"><ul>{items}</ul></div>' if said else ""


def images(wish: Wish) -> Tensor:
    """(count, C, H, W) in [0, 1], or (count, T) symbols."""
    if wish.prompt:
        *_, made = growing(wish)
        return made
    return wish.checkpoint.model.sample(*wish.draw)  # type: ignore[operator]


def growing(wish: Wish) -> Iterator[Tensor]:
    """The model's own steps towards the result."""
    if wish.prompt:
        media = wish.checkpoint.media
        return wish.checkpoint.model.write(  # type: ignore[operator]
            *wish.draw, prompt=media.from_text(wish.prompt)
        )
    return wish.checkpoint.model.draw(*wish.draw)  # type: ignore[operator]


def views(wish: Wish) -> Iterator[tuple[Tensor, bool]]:
    """The pictures as they grow, no more often than a person can see, and whether they are
    finished. Models that cannot be watched give the finished pictures alone."""
    if "draw" not in wish.checkpoint.capabilities:
        yield images(wish), True
        return
    last, pictures = 0.0, None
    for pictures in growing(wish):
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
    made = figures.gallery(wish.checkpoint.media, pictures, alt)
    return noted(wish) + made + figures.chips(wish.made)


def covered(catalogue: Catalogue, wish: Wish, pictures: Tensor) -> str:
    """The classes among the pictures, where no class was asked for and something can tell."""
    classifier = coverage.judge(catalogue, wish.checkpoint) if wish.label == ANY else None
    return coverage.page(classifier, pictures) if classifier else ""


def save_link(wish: Wish, pictures: Tensor) -> str:
    """The result as one file to keep, and the same with a visible label."""
    name = f"{wish.checkpoint.name}-seed{wish.seed}-{wish.label}"
    return figures.downloads(
        wish.checkpoint.media, pictures, name, labels.xmp(ID, wish.made),
        labels.VISIBLE.format(**wish.made), labels.words(ID, wish.made),
    )  # fmt: skip


def build(catalogue: Catalogue) -> parts.Page:
    default = catalogue.first(NEEDS)

    def sample(
        checkpoint: str = default, count: int = 16, seed: int = 0, label: str = ANY,
        temperature: float = 1.0, prompt: str = "",
    ) -> tuple[list[Any], dict[str, Any]]:  # fmt: skip
        wish = read(catalogue, checkpoint, count, seed, label, temperature, prompt)
        pictures, written = figures.pieces(wish.checkpoint.media, images(wish))
        return pictures, wish.made | ({"texts": written} if written else {})

    def run(
        checkpoint: str, count: int, seed: int, label: str, temperature: float, prompt: str,
        _randomise: bool = False,
    ) -> Iterator[tuple[Any, ...]]:  # fmt: skip
        wish = read(catalogue, checkpoint, count, seed, label, temperature, prompt)
        for pictures, finished in views(wish):
            if finished:
                view = page(wish, pictures) + covered(catalogue, wish, pictures)
                yield view, save_link(wish, pictures), wish.made, wish.seed
            else:
                yield page(wish, pictures), "", gr.skip(), wish.seed

    def offers_prompt(name: str | None) -> bool:
        return bool(name) and takes_prompt(catalogue.find(name, NEEDS))

    with gr.Row(elem_classes="page"):
        with gr.Column(scale=2, min_width=280, elem_classes="controls"):
            checkpoint = parts.chooser(catalogue, NEEDS)
            with gr.Group():
                label = gr.Dropdown(
                    parts.labels(catalogue, checkpoint.value, NEEDS), value=ANY, label=texts.CLASS
                )
                prompt = gr.Textbox(
                    label=texts.PROMPT, info=texts.PROMPT_INFO, max_length=MAX_PROMPT, lines=2,
                    visible=offers_prompt(checkpoint.value),
                )  # fmt: skip
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
    levels.build(catalogue, checkpoint, seed, label, temperature)
    parts.about(catalogue, checkpoint, NEEDS)

    settings = {
        "checkpoint": checkpoint, "count": count, "seed": seed, "label": label,
        "temperature": temperature, "prompt": prompt,
    }  # fmt: skip

    def offer_prompt(name: str) -> Any:
        return gr.Textbox(visible=offers_prompt(name))

    checkpoint.change(parts.spoken(offer_prompt), checkpoint, prompt, **parts.QUIET)
    event: dict[str, Any] = {
        "fn": parts.spoken(run), "inputs": list(settings.values()),
        "outputs": [gallery, save, made, seed], "show_progress": "minimal",
        "show_progress_on": gallery, **parts.PRIVATE, **parts.MODEL_WORK,
    }  # fmt: skip
    # The switch is read in the browser, so that a new seed costs no second round trip.
    new_seed = "(c, n, s, l, t, p, again) => [c, n, again ? aigc.seed() : s, l, t, p, again]"
    button.click(**{**event, "inputs": [*settings.values(), randomise], "js": new_seed})
    parts.follow_checkpoint(catalogue, NEEDS, checkpoint, [label]).then(**event)
    parts.endpoint(
        sample, "sample",
        [gr.Gallery(visible=False, format="png", label="images"),
         gr.JSON(visible=False, label="settings")],
        "Pictures of a checkpoint, and the settings that made them. A checkpoint that writes goes "
        "on from `prompt`, and its `texts` stand among the settings.",
    )  # fmt: skip
    return parts.Page(settings, event, made, link)
