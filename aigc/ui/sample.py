"""Pictures, texts and sounds from nothing but a seed, or from a beginning."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import gradio as gr
from torch import Tensor

from aigc import latent
from aigc.checkpoint import Checkpoint, shown
from aigc.ui import (
    cache,
    choice,
    coverage,
    figures,
    kinds,
    labels,
    levels,
    measured,
    parts,
    scores,
    served,
    texts,
)  # fmt: skip
from aigc.ui.catalogue import (
    ANY,
    LENGTH,
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


@dataclass(frozen=True)
class Wish:
    """A checked request."""

    checkpoint: Checkpoint
    count: int
    seed: int
    label: str
    temperature: float
    more: dict[str, Any] = field(default_factory=dict)
    """What its kind asks for besides, see kinds.py."""

    @property
    def made(self) -> dict[str, Any]:
        """The settings of the result, by the names of the endpoint."""
        return {
            "checkpoint": self.checkpoint.name, "revision": self.checkpoint.revision,
            "count": self.count, "seed": self.seed, "label": self.label,
            "temperature": self.temperature, **self.more,
        }  # fmt: skip

    @property
    def draw(self) -> tuple[Any, ...]:
        """The arguments of a model's `sample` and `draw`."""
        index = self.checkpoint.label_index(self.label)
        return latent.generators(self.seed, self.count), [index] * self.count, self.temperature


def read(
    catalogue: Catalogue, checkpoint: object, count: object, seed: object, label: object,
    temperature: object, **more: object,
) -> Wish:  # fmt: skip
    """Check everything. Raises ValueError with one sentence. Of `more` counts what the kind of the
    checkpoint asks for: the boxes keep the rest while another checkpoint is chosen."""
    chosen = catalogue.find(checkpoint, NEEDS)
    asked = {"length": LENGTH, **kinds.of(chosen).SILENT, **more}
    return Wish(
        chosen, read_count(count), read_seed(seed), read_label(chosen, label),
        read_temperature(temperature),
        {name: check(asked[name]) for name, check in kinds.of(chosen).ASKED.items()},
    )  # fmt: skip


def images(wish: Wish) -> Tensor:
    """(count, C, H, W) in [0, 1], or (count, T) symbols."""
    return kinds.of(wish.checkpoint).making(wish.checkpoint, wish.draw, wish.more)


def views(wish: Wish, halted: threading.Event | None = None) -> Iterator[tuple[Tensor, bool]]:
    """The pictures as they grow, no more often than a person can see, and whether they are
    finished, which they also are once `halted` is set. Models that cannot be watched give the
    finished pictures alone."""
    kind = kinds.of(wish.checkpoint)
    if not kind.grows(wish.checkpoint):
        yield images(wish), True
        return
    last, pictures = -math.inf, None
    for pictures in kind.growing(wish.checkpoint, wish.draw, wish.more):
        if halted is not None and halted.is_set():
            break
        if time.monotonic() - last >= cache.SECONDS_BETWEEN_VIEWS:
            yield pictures, False
            last = time.monotonic()
    if pictures is not None:
        yield pictures, True


def as_far(wish: Wish, written: Tensor) -> Wish:
    """The request that gives what was written until somebody stopped it: a shorter one."""
    return replace(wish, more=kinds.of(wish.checkpoint).so_far(wish.more, written))


def page(wish: Wish, pictures: Tensor, finished: bool = True) -> str:
    """The gallery and the settings under it, without those that say nothing; a picture can be
    chosen once all are `finished`, and then a discriminator says what it thinks of each."""
    chosen = wish.checkpoint
    says = texts.PICTURE_ALT if chosen.labels else texts.PICTURE_ALT_ALONE
    alt = says.format(name=chosen.name, label=texts.VALUES.get(wish.label, wish.label))
    judged = scores.of(wish, pictures) if finished else None
    kind, below = kinds.of(chosen), {}
    if judged:
        below = {"captions": scores.captions(chosen, judged)}
    made = kind.gallery(chosen.media, pictures, alt, pick=finished, **below)
    made += scores.sentence(wish, judged)
    said = {k: v for k, v in wish.made.items() if k not in kind.SILENT or v != kind.SILENT[k]}
    return kind.noted(chosen, wish.more) + made + figures.chips(said, chosen)


def covered(catalogue: Catalogue, wish: Wish, pictures: Tensor) -> str:
    """The classes among the pictures, where no class was asked for and something can tell."""
    classifier = coverage.judge(catalogue, wish.checkpoint) if wish.label == ANY else None
    return coverage.page(wish.checkpoint, classifier, pictures) if classifier else ""


def file(wish: Wish, way: object) -> dict[str, str]:
    """The result as one file to keep, its `name` and its `address`: one of the ways of its kind.
    Raises ValueError with one sentence."""
    ways = kinds.of(wish.checkpoint).SAVES
    if way not in ways:
        raise ValueError(texts.NO_KIND.format(known=texts.either(list(ways)), value=shown(way)))
    save = ways[way]
    pictures = cache.recall(wish.checkpoint, kept(wish), lambda: images(wish))
    content = save.make(wish.checkpoint.media, pictures, labels.marks(ID, wish.made))
    name = f"{wish.checkpoint.name}-seed{wish.seed}-{wish.label}{save.ending}"
    return {"name": name.replace("/", "-"), "address": figures.address(content, save.kind)}


def kept(wish: Wish) -> dict[str, Any]:
    """By which `cache` knows the result."""
    return {"tab": ID, **wish.made}


def build(catalogue: Catalogue) -> parts.Page:
    default = catalogue.first(NEEDS)

    def sample(
        checkpoint: str = default, count: int = 16, seed: int = 0, label: str = ANY,
        temperature: float = 1.0, prompt: str = "", length: int = LENGTH, top_k: int = 0,
        top_p: float = 1.0,
    ) -> tuple[list[Any], dict[str, Any]]:  # fmt: skip
        wish = read(
            catalogue, checkpoint, count, seed, label, temperature, prompt=prompt, length=length,
            top_k=top_k, top_p=top_p,
        )  # fmt: skip
        made = images(wish)
        pictures, facts = kinds.of(wish.checkpoint).pieces(wish.checkpoint.media, made)
        judged = scores.of(wish, made)
        pictures = served.pictures(pictures, ID, wish.made)
        return pictures, wish.made | facts | (judged.facts if judged else {})

    runs = parts.Runs()

    def run(request: gr.Request, *given: Any) -> Iterator[tuple[Any, ...]]:
        wish = read(catalogue, **dict(zip(settings, given)))
        closed = ("", None) * len(panels)  # they were about the result before
        stoppable = kinds.of(wish.checkpoint).HALTS
        with runs.begin(request) as halted:
            for pictures, finished in views(wish, halted if stoppable else None):
                if not finished:
                    offered = gr.Button(interactive=True)
                    drawn = figures.growing(page(wish, pictures, finished=False))
                    yield drawn, "", "", gr.skip(), wish.seed, offered, *closed
                    continue
                if halted.is_set() and stoppable:
                    wish = as_far(wish, pictures)
                view, over = page(wish, pictures), gr.Button(interactive=False)
                said = covered(catalogue, wish, pictures) + measured.copies(wish.checkpoint)
                cache.keep(wish.checkpoint, kept(wish), pictures)
                saved = figures.save_buttons(kinds.of(wish.checkpoint).SAVES)
                yield view, said, saved, wish.made, wish.seed, over, *closed

    def halt(request: gr.Request) -> None:
        runs.halt(request)

    def save_as(view: dict[str, Any] | None, way: object) -> dict[str, str]:
        given = {name: (view or {}).get(name) for name in settings}
        return file(read(catalogue, **given), way)

    with gr.Row(elem_classes="page"):
        with gr.Column(scale=2, min_width=280, elem_classes="controls"):
            checkpoint = parts.chooser(catalogue, NEEDS)
            first = catalogue.find(checkpoint.value, NEEDS) if checkpoint.value else None
            with gr.Group():
                label = parts.Choice(
                    parts.labels(catalogue, checkpoint.value, NEEDS), value=ANY, label=texts.CLASS,
                    info=texts.CLASS_INFO,
                )  # fmt: skip
                more: dict[str, Any] = {}
                for kind in kinds.KINDS.values():
                    more |= kind.controls(first)
                count = gr.Slider(1, MAX_COUNT, 16, step=1, label=texts.COUNT)
                temperature = gr.Slider(
                    0, MAX_TEMPERATURE, 1, step=0.05, label=texts.TEMPERATURE,
                    info=texts.TEMPERATURE_INFO,
                )  # fmt: skip
                measured.build(catalogue, checkpoint, temperature)
                seed = gr.Number(0, label=texts.SEED, precision=0, info=texts.SEED_INFO)
                randomise = gr.Checkbox(True, label=texts.RANDOMISE, container=True)
            button = gr.Button(texts.SAMPLE, variant="primary", size="lg")
        with gr.Column(scale=3, min_width=300, elem_classes="result"):
            with gr.Row(elem_classes="actions above"):
                stop = gr.Button(
                    texts.HALT, variant="stop", size="sm", elem_classes="pill",
                    visible=bool(first and kinds.of(first).HALTS), interactive=False,
                )  # fmt: skip
                ways: dict[str, Any] = {}
                for kind in kinds.KINDS.values():
                    ways |= kind.ways(ID, first)
                scored = scores.build(catalogue, checkpoint, ID)
            gallery = gr.HTML(figures.waiting(), js_on_load=figures.STEADY, elem_classes="gallery")
            made = parts.made_box()
            panels = [choice.build(catalogue, ID, made)]
            notes = gr.HTML(js_on_load=None)
            asked = gr.Button(visible="hidden", elem_id=f"{ID}-save")  # static/app.js presses it
            way, ready = gr.JSON(visible="hidden"), gr.JSON(visible="hidden")
            with gr.Row(elem_classes="actions"):
                save = gr.HTML(js_on_load=None, min_width=0)
                link = parts.link_button(ID)
            gr.HTML(choice.favourites(), js_on_load="aigc.chosen.show();")
    panels.append(levels.build(catalogue, checkpoint, ID, made))
    parts.about(catalogue, checkpoint, NEEDS)

    settings = {
        "checkpoint": checkpoint, "count": count, "seed": seed, "label": label,
        "temperature": temperature, **more, **ways, "scores": scored,
    }  # fmt: skip

    def offer(name: str) -> list[Any]:
        chosen = catalogue.find(name, NEEDS)
        halts = gr.Button(visible=kinds.of(chosen).HALTS)  # its place is kept while it rests
        return [halts, *(one for kind in kinds.KINDS.values() for one in kind.shapes(chosen))]

    shaped = [stop, *more.values(), *ways.values()]
    checkpoint.change(parts.spoken(offer), checkpoint, shaped, **parts.QUIET)
    stop.click(halt, None, None, **parts.QUIET)
    asked.click(
        parts.spoken(save_as), [made, way], ready, js="(made) => [made, aigc.saving()]",
        **parts.UNSEEN, **parts.MODEL_WORK,
    ).then(None, ready, ready, js="(file) => aigc.save(file)", **parts.PRIVATE)  # fmt: skip
    event: dict[str, Any] = {
        "fn": parts.spoken(run), "inputs": list(settings.values()),
        "outputs": [
            gallery, notes, save, made, seed, stop, *(one for p in panels for one in p.outputs),
        ],
        "show_progress": "minimal", "show_progress_on": gallery,
        **parts.LATEST, **parts.PRIVATE, **parts.MODEL_WORK,
    }  # fmt: skip
    # The switch is read in the browser, so that a new seed costs no second round trip.
    new_seed = "(c, n, s, ...more) => [c, n, more.at(-1) ? aigc.seed() : s, ...more]"
    button.click(**{
        **event, **parts.ONCE, "inputs": [*settings.values(), randomise], "js": new_seed,
    })  # fmt: skip
    parts.typed([seed], randomise)
    parts.follow_checkpoint(catalogue, NEEDS, checkpoint, [label]).then(**event)
    parts.endpoint(
        sample, "sample",
        [gr.Gallery(visible=False, label="images"),
         gr.JSON(visible=False, label="settings")],
        "Pictures of a checkpoint, and the settings that made them. A checkpoint that writes goes "
        "on from `prompt` for `length` characters, chosen among the `top_k` likeliest (0: all) and "
        "the likeliest that reach `top_p` together, and its `texts` stand among the settings. Of a "
        "GAN these hold the `scores` that its discriminator gives (logits), and for each the share "
        "of the test images of its class that score lower (`above_test_images`). Sounds come as "
        "pictures of their spectra, with `sounds` among the settings, WAV files as data addresses; "
        "videos as sheets of their frames, with `rows`, `columns` and `rate` to read them by.",
    )  # fmt: skip
    choice.endpoint(catalogue)
    readers = choice.READERS | scores.READERS | levels.READERS
    for kind in kinds.KINDS.values():
        readers |= kind.READERS
    linked = {name: box for panel in panels for name, box in panel.settings.items()}
    return parts.Page(
        settings | linked, event, made, link, readers, also=tuple(one.also for one in panels)
    )
