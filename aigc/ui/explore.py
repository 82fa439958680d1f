"""The tab of the explorers: what a model does with its latent space, its discriminator or its
attention heads, one view at a time.

What a view is stands in views.py, what it is set with in controls.py, and its endpoint in
views_api.py; here is how its result comes to the page.
"""

from __future__ import annotations

import html
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import gradio as gr
from torch import Tensor

from aigc.ui import (
    figures,
    films,
    heads,
    modes,
    parts,
    pictures,
    projection,
    texts,
    views,
    views_api,
)  # fmt: skip
from aigc.ui.catalogue import Catalogue
from aigc.ui.controls import Controls, lay_out
from aigc.ui.views import FILMS, VIEWS, Wish, lacks, listed, possible, read, read_view

ID = "explore"
NEEDS = views.NEEDS

# The page, its settings, and whether it ended: one step of what grows while one watches.
Step = tuple[Any, Any, bool]


def note(kind: str, sentence: str) -> gr.HTML:
    """A sentence in place of a result."""
    return gr.HTML(f'<div class="{kind}" role="status">{sentence}</div>', visible=True)


def sheet(wish: Wish, shown: str) -> gr.HTML:
    """A result, and the settings under it."""
    return gr.HTML(shown + figures.chips(wish.made, wish.checkpoint), visible=True)


def offers(catalogue: Catalogue, checkpoint: str, view: str) -> gr.Radio:
    """The views that the checkpoint has, and the one that was asked for, though a link may ask for
    one that it has not. What is chosen stays: that may be another one by now."""
    can = {*possible(catalogue.find(checkpoint, NEEDS)), view}
    return gr.Radio(choices=listed(name for name in VIEWS if name in can))


def grow(wish: Wish, halted: threading.Event) -> Iterator[Step]:
    """The coverage, until it has all samples or is halted: then its settings are those of a
    shorter one."""
    for shown, reached in modes.grow(wish, halted):
        ended = reached is not wish
        yield sheet(reached, shown), reached.made if ended else gr.skip(), ended


def look(
    catalogue: Catalogue, wish: Wish, image: Tensor, halted: threading.Event
) -> Iterator[Step]:  # fmt: skip
    """The search for an `image` (C, H, W), beside what one pass of an encoder makes of it."""
    told = wish.values["label"]
    beside = projection.one_pass(catalogue, wish.checkpoint, image, told)
    for found in projection.search(wish.checkpoint, image, told, halted):
        shown = projection.page(wish.checkpoint, image, found, beside)
        yield sheet(wish, shown), wish.made if found.ended else gr.skip(), found.ended


def film(catalogue: Catalogue, asked: dict[str, Any]) -> films.Film:
    """Of what the address says."""
    wish = read(catalogue, asked.get("checkpoint"), asked.get("view"), asked)
    if wish.view not in FILMS:
        raise ValueError(texts.NO_FILM)
    frames, loops = VIEWS[wish.view].film(wish)
    name = f"{wish.checkpoint.name}-{wish.view}"
    return films.Film(wish.checkpoint.media, frames, name, ID, wish.made, loops)


@dataclass(frozen=True)
class Results:
    """The handlers that make a result, and end what still runs for the same page."""

    catalogue: Catalogue
    names: Sequence[str]
    """The settings that `run` is given after the checkpoint and the view."""
    runs: parts.Runs = field(default_factory=parts.Runs)

    def halt(self, request: gr.Request) -> None:
        """What is there so far is the result."""
        self.runs.halt(request)

    def overtake(self, request: gr.Request) -> None:
        """What still runs is about settings that no longer stand: it ends unseen."""
        self.runs.drop(request)

    def run(
        self, request: gr.Request, checkpoint: str, view: str, *given: Any
    ) -> Iterator[tuple[Any, ...]]:
        """What `make` does, and where the link looked, which holds for the first result alone."""
        for result in self.make(request, checkpoint, view, *given):
            yield *result, "", ""

    def make(
        self, request: gr.Request, checkpoint: str, view: str, *given: Any
    ) -> Iterator[tuple[Any, ...]]:
        """The page, the map in its place, the settings, the seed, the views that there are, and
        what `fill` is asked for."""
        self.overtake(request)
        values = dict(zip(self.names, given))
        off, offered = gr.HTML(visible=False), offers(self.catalogue, checkpoint, view)
        if why := lacks(self.catalogue.find(checkpoint, NEEDS), read_view(view)):
            said = note("notice", html.escape(why))
            yield said, off, gr.skip(), values["seed"], offered, gr.skip()
            return
        if view == "project":  # which has an event of its own
            wish = read(self.catalogue, checkpoint, view, {**values, "drawing": ""})
            said = note("sheet waiting", texts.PROJECT_FIRST)
            yield said, off, wish.made, values["seed"], offered, gr.skip()
            return
        wish = read(self.catalogue, checkpoint, view, values)
        seed_now = wish.values.get("seed", values["seed"])
        module = VIEWS[view]
        if view == "map":
            shown_map = gr.HTML(value=module.show(wish), visible=True)
            yield off, shown_map, wish.made, seed_now, offered, gr.skip()
            return
        if view == "modes":  # which grows in a turn of its own
            asked_now = wish.made | {"at": time.monotonic()}  # always another one, so it starts
            said = note("sheet waiting", texts.MODES_FIRST)
            yield said, off, gr.skip(), seed_now, offered, asked_now
            return
        if hasattr(module, "watch"):
            for grown in module.watch(wish):
                now = gr.HTML(figures.growing(grown), visible=True)
                yield now, off, gr.skip(), gr.skip(), offered, gr.skip()
        yield sheet(wish, module.show(wish)), off, wish.made, seed_now, offered, gr.skip()

    def watched(
        self, request: gr.Request, start: Callable[[threading.Event], Iterator[Step]]
    ) -> Iterator[tuple[Any, ...]]:
        """The page, its settings, and the button that stops what `start` begins with the event
        that this sets, for as long as that yields."""
        with self.runs.begin(request) as halted:
            for page_now, made_now, ended in start(halted):
                if self.runs.of(request) is not halted:
                    rest = self.runs.of(request) is None
                    yield gr.skip(), gr.skip(), gr.Button(visible=False) if rest else gr.skip()
                    return
                yield page_now, made_now, gr.Button(visible=not ended)

    def fill(self, request: gr.Request, wanted: object) -> Iterator[tuple[Any, ...]]:
        """The coverage, as it grows, for what `run` asked; nothing for None."""
        if wanted is None:
            yield gr.skip(), gr.skip(), gr.skip()
            return
        given = wanted if isinstance(wanted, dict) else {}
        values = {name: given.get(name) for name in modes.CONTROLS}
        wish = read(self.catalogue, given.get("checkpoint"), "modes", values)
        yield from self.watched(request, partial(grow, wish))

    def search(
        self, request: gr.Request, checkpoint: str, view: str, label: str, data: str
    ) -> Iterator[tuple[Any, ...]]:
        """The drawing `data` as the generator comes nearest to it; nothing in another view."""
        if view != "project":
            yield gr.skip(), gr.skip(), gr.skip()
            return
        wish = read(self.catalogue, checkpoint, view, {"drawing": data, "label": label})
        image = pictures.read_given(wish.checkpoint.media, data)
        yield from self.watched(request, partial(look, self.catalogue, wish, image))

    def open_link(
        self, request: gr.Request, checkpoint: str, view: str, label: str, data: str
    ) -> Iterator[tuple[Any, ...]]:
        """The drawing that a link brought, if it did."""
        yield from self.search(request, checkpoint, view if data else "", label, data)


@dataclass(frozen=True)
class Stage:
    """Where the result stands, and what can be done with it."""

    enough: gr.Button
    page: gr.HTML
    viewer: gr.HTML
    """The map, in place of `page`."""
    saving: gr.Row
    link: gr.Button
    made: gr.JSON


def stage(catalogue: Catalogue, view: str) -> Stage:
    """The components, for the view that the page begins with."""
    with gr.Row(elem_classes="actions above"):
        enough = gr.Button(
            texts.HALT, variant="stop", size="sm", elem_classes="pill", visible=False
        )
    page = gr.HTML(
        figures.waiting(), js_on_load=figures.STEADY, elem_classes="explore", visible=view != "map"
    )
    viewer = parts.viewer("map", texts.MAP, elem_id="explore-map", visible=view == "map")
    with gr.Row(elem_classes="actions"):
        with gr.Row(elem_classes="actions", visible=view in FILMS) as saving:
            films.buttons(partial(film, catalogue), ID, [])
        link = parts.link_button(ID)
    return Stage(enough, page, viewer, saving, link, parts.made_box())


def build(catalogue: Catalogue) -> parts.Page:
    with gr.Row(elem_classes="page"):
        with gr.Column(scale=2, min_width=280, elem_classes="controls"):
            controls = lay_out(catalogue)
        with gr.Column(scale=3, min_width=300, elem_classes="result"):
            shown = stage(catalogue, controls.first)
    parts.about(catalogue, controls.checkpoint, NEEDS, views.reading)
    asked = parts.made_box()
    # A link says where, and which heads, through these.
    x, y, walk, muted, show, frame = (gr.Textbox("", visible=False) for _ in range(6))
    settings: dict[str, Any] = {
        "checkpoint": controls.checkpoint, "view": controls.view, "seed": controls.seed,
        **controls.labels, **controls.sliders, "path": controls.path, "plane": controls.plane,
        "muted": muted, "x": x, "y": y, "walk": walk, **controls.moves, "drawing": controls.pad,
        "show": show, "frame": frame,
    }  # fmt: skip

    results = Results(catalogue, list(settings)[2:])
    event: dict[str, Any] = {
        "fn": parts.spoken(results.run), "inputs": list(settings.values()),
        "outputs": [
            shown.page, shown.viewer, shown.made, controls.seed, controls.view, asked, show, frame,
        ],
        "show_progress": "minimal", "show_progress_on": shown.page,
        **parts.LATEST, **parts.PRIVATE, **parts.MODEL_WORK,
    }  # fmt: skip
    searching: dict[str, Any] = {
        "inputs": [controls.checkpoint, controls.view, controls.labels["label"], controls.pad],
        "outputs": [shown.page, shown.made, shown.enough],
        "trigger_mode": "multiple",  # the one before is dropped, and may not have ended yet
        **parts.UNSEEN, **projection.WORK,
    }  # fmt: skip
    controls.use.click(**{**event, **parts.ONCE})
    controls.go.click(results.overtake, None, None, **parts.QUIET).then(
        parts.spoken(results.search), **searching
    )
    # Gradio says of one value twice that it has changed.
    asked.change(
        parts.spoken(results.fill), asked, [shown.page, shown.made, shown.enough],
        js="(asked) => aigc.once(asked)", **parts.UNSEEN, **modes.WORK,
    )  # fmt: skip
    shown.enough.click(results.halt, None, None, **parts.QUIET)
    wire_button(controls, settings, event)
    wire_choices(controls, shown, muted, event)
    views_api.endpoints(catalogue, ID)
    return parts.Page(
        settings, event, shown.made, shown.link,
        {**views.READERS, "drawing": pictures.read_packed},
        follow=controls.follow, fit=controls.fit,
        also=({"fn": parts.spoken(results.open_link), **searching},),
    )  # fmt: skip


def wire_button(controls: Controls, settings: dict[str, Any], event: dict[str, Any]) -> None:
    """Wire the button that makes a result from nothing but a seed: what was drawn does not count,
    and the browser draws a new seed where it shall, which costs no second round trip."""
    at, drawing_at = (list(settings).index(name) for name in ("seed", "drawing"))
    new_seed = (
        f"(...all) => {{ const again = all.pop(); all[{drawing_at}] = ''; "
        f"if (again) all[{at}] = aigc.seed(); return [...all, again]; }}"
    )
    inputs = [*settings.values(), controls.randomise]
    controls.button.click(**{**event, **parts.ONCE, "inputs": inputs, "js": new_seed})
    parts.typed([controls.seed], controls.randomise)


def wire_choices(
    controls: Controls, shown: Stage, muted: gr.Textbox, event: dict[str, Any]
) -> None:
    """Wire what a choice changes: the other controls, and by `event` the result."""
    controls.checkpoint.input(
        parts.spoken(controls.keep), controls.chosen, [controls.view, *controls.fitted],
        **parts.LATEST, **parts.QUIET,
    ).then(**event)  # fmt: skip
    controls.view.input(**event)
    # What a page has wired to one kind of event it does one after the other; another kind has the
    # controls fitted while the result is made.
    controls.view.select(**controls.follow)
    controls.view.change(
        parts.spoken(lambda view: gr.Row(visible=view in FILMS)), controls.view, shown.saving,
        **parts.QUIET,
    )  # fmt: skip
    controls.view.change(None, None, None, js="() => aigc.look('explore', {})", **parts.PRIVATE)
    gr.on([one.input for one in controls.boxes], **event)
    controls.muting.input(
        parts.spoken(heads.read_muted), controls.muting, muted, **parts.LATEST, **parts.QUIET
    ).then(**event)
    muted.change(
        parts.spoken(lambda names: heads.read_muted(names).split(",") if names else []), muted,
        controls.muting, **parts.QUIET,
    )  # fmt: skip
