"""The pages of the app: `build()` makes them from the checkpoints that are there.

TABS is a plain list of modules. A tab is a module with

    ID      its name in links, "sample"; what the visitor reads is texts.TABS[ID], in each language
    NEEDS   the capability that its checkpoints have, "sample" (see aigc.models), or files
            (catalogue.NEEDED_FILES)
    build(catalogue) -> parts.Page

`build` is called inside its gr.Tab, when some checkpoint has the capability, or when one may come
from the Hub: then nothing is chosen yet (`parts.chooser`). It lays out the components, and below
them `parts.about`, how the chosen model works; wires its own events (parts.PRIVATE;
parts.MODEL_WORK for whatever runs a model, parts.LATEST for what a choice makes, parts.UNSEEN where
no `show_progress_on` says what is being made); adds its public endpoint with `parts.endpoint`; and
returns the Page, by which the shell fills the settings from a link, makes the first result, and
copies links. What a handler answers is made by plain functions above `build`: they take the
catalogue first, are tested without Gradio, and raise ValueError with
one sentence (`parts.spoken` shows it).
"""

from __future__ import annotations

import functools
import html
import itertools
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gradio as gr
from starlette.middleware import Middleware
from starlette.routing import Route

from aigc import checkpoint, film
from aigc.checkpoint import Broken, Checkpoint, CheckpointError, shown
from aigc.ui import (
    attention,
    explore,
    figures,
    interpolate,
    languages,
    parts,
    programs,
    remote,
    sample,
    social,
    texts,
    timelapse,
)  # fmt: skip
from aigc.ui.catalogue import ANY, Catalogue, read_link, reason
from aigc.ui.labels import SHORT
from aigc.ui.parts import PRIVATE, QUIET, UNSEEN, Page
from aigc.ui.remote import Remote
from aigc.ui.theme import theme

__all__ = ["TABS", "Broken", "Catalogue", "Checkpoint", "CheckpointError", "Remote",
           "build", "catalogue_of", "launch", "programs"]  # fmt: skip

TABS = [sample, interpolate, explore, attention, timelapse]

MAX_WAITING = 32  # requests in the queue; the next one is told that it is full
MAX_UPLOAD = "8mb"
# Visitors, and programs that come without a session of their own, of whom Gradio keeps what their
# page shows, half a megabyte and more each; who comes next takes the place of whom it has not heard
# of for longest.
MAX_SESSIONS = 500
SECONDS_KEPT = 3600  # files that endpoints made
PANELS = ("api", "api-recorder", "settings")  # of Gradio: `view` in an address


def follow(
    catalogue: Catalogue, pages: dict[str, Page], needs: dict[str, str], query: dict[str, str]
) -> tuple[str, dict[str, Any], list[str]]:
    """A link's query -> the tab that it opens, that tab's settings, what was ignored."""
    tab, language = query.get("tab", ""), query.get("lang", "")
    ignored = []
    if language and language not in texts.LANGUAGES:
        known = texts.either(list(texts.LANGUAGES))
        ignored.append(texts.NO_LANGUAGE.format(name=shown(language), known=known))
    if tab not in pages:
        if tab:
            ignored.append(texts.NO_TAB.format(name=shown(tab)))
        able = (name for name in pages if catalogue.able(needs[name]))
        return next(able, next(iter(pages))), {}, ignored
    page = pages[tab]
    # An address calls the view `look`, since `view` is Gradio's there; older links call it `view`.
    query = {name: v for name, v in query.items() if name != "view" or v not in PANELS}
    if "view" in page.settings and "look" in query:
        query["view"] = query.pop("look")
    values, more = read_link(catalogue, needs[tab], list(page.settings), query, page.readers)
    return tab, values, ignored + more


def offered(catalogue: Catalogue, pages: dict[str, Page]) -> dict[Any, list[Any]]:
    """Each component that chooses among checkpoints -> what it offers now: more may have come
    since the page was built."""
    choices: dict[Any, list[Any]] = {}
    for module in TABS:
        if page := pages.get(module.ID):
            choices[page.settings["checkpoint"]] = catalogue.choices(module.NEEDS)
            choices |= {page.settings[name]: offer() for name, offer in page.offers.items()}
    return choices


def chosen(catalogue: Catalogue, need: str, page: Page, name: str) -> dict[Any, Any]:
    """What makes the page of a tab stand on this checkpoint: the chooser, and its classes."""
    choices = catalogue.choices(need)
    updates = {page.settings["checkpoint"]: gr.Dropdown(choices=choices, value=name)}
    labels = parts.labels(catalogue, name, need)
    for setting, component in page.settings.items():
        if setting.startswith("label"):
            updates[component] = parts.classes(labels, ANY)
    return updates


def catalogue_of(
    folder: Path, more: Sequence[Checkpoint] = (), broken: Sequence[Broken] = (),
    films: Path | None = None,
) -> Catalogue:  # fmt: skip
    """The checkpoints under `folder`, and `more`, in the order of
    texts.FAMILIES, and the films under `films`. A name that stands twice is kept once."""
    loaded, failed = checkpoint.scan(folder)
    names = {one.name for one in loaded}
    loaded += [one for one in more if one.name not in names]
    order = list(texts.FAMILIES)
    loaded.sort(key=lambda one: order.index(one.family) if one.family in order else len(order))
    kept, unread = film.scan(films) if films else ([], [])
    return Catalogue(loaded, [*failed, *broken, *unread], kept)


def trouble(catalogue: Catalogue) -> str:
    """What could not be loaded, and why, as HTML; nothing when all is well."""
    if not catalogue.broken:
        return ""
    count = len(catalogue.broken)
    title = texts.BROKEN_ONE if count == 1 else texts.BROKEN_MANY.format(count=count)
    items = "".join(
        f"<li><b>{html.escape(one.name)}</b> {html.escape(texts.own(reason(one)))}</li>"
        for one in catalogue.broken
    )
    title = title if catalogue.checkpoints else texts.BROKEN_ALL
    return f'<details class="trouble"><summary>{title}</summary><ul>{items}</ul></details>'


def notice_of(ignored: list[str]) -> str:
    """What a link had that was ignored, as HTML; nothing when all was well."""
    if not ignored:
        return ""
    items = "".join(f"<li>{html.escape(sentence)}</li>" for sentence in ignored)
    return f'<div class="notice" role="status">{texts.LINK_TROUBLE}<ul>{items}</ul></div>'


def switch() -> str:
    """The choice of a language, as HTML; static/app.js keeps the rest of the address."""
    items = ""
    for name, module in texts.LANGUAGES.items():
        now = ' aria-current="true"' if name == texts.language() else ""
        items += (
            f'<a href="?lang={name}" lang="{languages.TAGS[name]}" data-lang="{name}"{now}>'
            f"{module.LANGUAGE}</a>"
        )
    return f'<nav class="languages" aria-label="{texts.SWITCH}">{items}</nav>'


def build(catalogue: Catalogue, hub: Remote | None = None) -> languages.Blocks:
    """The app on a catalogue, and what it has to do with the Hub, in every language."""
    # Once for all languages, since a checkpoint may come between.
    able = {module.ID: bool(catalogue.able(module.NEEDS)) for module in TABS}
    some, more = bool(catalogue.checkpoints), hub is not None and hub.may_bring
    demo = languages.in_each_language(lambda: _build(catalogue, hub, able, some, more))
    demo.catalogue = catalogue
    return demo


def _build(
    catalogue: Catalogue, hub: Remote | None, able: dict[str, bool], some: bool, more: bool
) -> languages.Blocks:  # fmt: skip
    """`able` says which tabs have a checkpoint, `some` whether there is any, and `more` whether
    others may come."""
    pages: dict[str, Page] = {}
    empty = Empty()

    def checkpoints() -> list[dict[str, Any]]:
        return [figures.described(one) for one in catalogue.checkpoints]

    with languages.Blocks(
        title=texts.TITLE, analytics_enabled=False, delete_cache=(SECONDS_KEPT, SECONDS_KEPT)
    ) as demo:
        gr.HTML(
            f'<div class="top">{switch()}<h1>{texts.NAME}</h1><p>{texts.TAGLINE}</p>'
            f"{remote.duplicate()}</div>"
            f"{trouble(catalogue)}",
            js_on_load=None,
        )
        notice = gr.HTML(visible=False, js_on_load=None)
        away = gr.HTML(remote.note(catalogue, hub), js_on_load=None)
        if not some:
            with gr.Column(elem_id="none") as empty.none:
                gr.Markdown(texts.EMPTY)
        if some or more:
            items = {}
            with gr.Tabs() as tabs:
                for module in TABS:
                    with gr.Tab(texts.TABS[module.ID], id=module.ID) as items[module.ID]:
                        if able[module.ID]:
                            pages[module.ID] = module.build(catalogue)
                            continue
                        lacking = texts.NOTHING_ABLE.format(capability=module.NEEDS)
                        if not more:
                            gr.Markdown(lacking)
                            continue
                        with gr.Column(elem_id=f"{module.ID}-empty") as said:
                            gr.Markdown(f"{lacking} {texts.NOTHING_YET}")
                        with gr.Column(visible=False) as page:
                            pages[module.ID] = module.build(catalogue)
                        empty.tabs[module.ID] = said, page
            if pages:
                _wire(demo, catalogue, tabs, items, pages, empty, notice)
                if hub:
                    _wire_hub(demo, catalogue, hub, away, pages, empty)
        gr.HTML(f'<footer class="credit">{texts.FOOTNOTE}</footer>', js_on_load=None)
        gr.api(
            checkpoints, api_name="checkpoints", queue=False,
            api_description="What is loaded: name, family, capabilities, classes, source, "
            "revision and measured figures of each checkpoint.",
        )  # fmt: skip
    demo.queue(max_size=MAX_WAITING)
    return demo


@dataclass
class Empty:
    """What stands on a page while nothing can be shown there, and goes when something comes."""

    none: gr.Column | None = None
    """How to train a checkpoint, when there is none at all."""
    tabs: dict[str, tuple[gr.Column, gr.Column]] = field(default_factory=dict)
    """ID of a tab -> what it says, and its page, out of sight until then."""

    @property
    def places(self) -> list[gr.Column]:
        """The components that `filled` may change beside those of the tabs."""
        return [*([self.none] if self.none else []), *itertools.chain(*self.tabs.values())]

    def filled(
        self, catalogue: Catalogue, pages: dict[str, Page], now: Sequence[str | None] = ()
    ) -> dict[Any, Any]:
        """Shows the page of each tab that a checkpoint can fill by now, with the first one chosen.
        `now` is what is chosen on each, in the order of `tabs`; that stays."""
        updates: dict[Any, Any] = {}
        if self.none and catalogue.checkpoints:
            updates[self.none] = gr.Column(visible=False)
        needs = {module.ID: module.NEEDS for module in TABS}
        for (tab, (said, page)), stands in itertools.zip_longest(self.tabs.items(), now):
            if not stands and (name := catalogue.first(needs[tab])):
                updates |= {said: gr.Column(visible=False), page: gr.Column(visible=True)}
                updates |= chosen(catalogue, needs[tab], pages[tab], name)
        return updates


def _wire(
    demo: gr.Blocks, catalogue: Catalogue, tabs: gr.Tabs, items: dict[str, gr.Tab],
    pages: dict[str, Page], empty: Empty, notice: gr.HTML,
) -> None:  # fmt: skip
    needs = {module.ID: module.NEEDS for module in TABS}

    def opened(request: gr.Request) -> dict[Any, Any]:
        tab, values, ignored = follow(catalogue, pages, needs, dict(request.query_params))
        updates: dict[Any, Any] = {tabs: gr.Tabs(selected=tab), front: tab}
        choices = offered(catalogue, pages)
        updates |= {box: gr.Dropdown(choices=known) for box, known in choices.items()}
        updates |= empty.filled(catalogue, pages)
        named = values.get("checkpoint", catalogue.first(needs[tab]))
        if named:
            updates |= pages[tab].fit(named)  # what the link says stands above it
        labels = parts.labels(catalogue, named, needs[tab])
        for name, component in pages[tab].settings.items():
            if name.startswith("label"):
                updates[component] = parts.classes(labels, values.get(name, ANY))
            elif component in choices and name in values:
                updates[component] = gr.Dropdown(choices=choices[component], value=values[name])
            elif name in values:
                updates[component] = gr.update(value=values[name])
        updates[notice] = gr.HTML(notice_of(ignored), visible=bool(ignored))
        return updates

    def begun(tab: str, name: str) -> dict[Any, Any]:
        """A tab begins with the checkpoint that was chosen in another one, if it can."""
        if name not in (one.name for one in catalogue.able(needs[tab])):
            return {pages[tab].settings["checkpoint"]: gr.skip()}
        return chosen(catalogue, needs[tab], pages[tab], name) | pages[tab].fit(name)

    settings = [c for page in pages.values() for c in page.settings.values()]
    front = gr.Textbox(visible="hidden")
    # A tab makes its first result when it comes to the front for the first time, but not before
    # the link was read. The browser says when, since it knows when the components stand.
    demo.load(
        parts.spoken(opened), None, [tabs, notice, front, *settings, *empty.places], **QUIET
    ).then(None, front, None, js="(tab) => aigc.ready(tab)", **PRIVATE)
    for name, page in pages.items():
        items[name].select(None, None, None, js=f"() => aigc.visit('{name}')", **PRIVATE)
        first = gr.Button(visible="hidden", elem_id=f"{name}-first")
        if page.follow:
            first.click(**page.follow)
        gr.Button(visible="hidden", elem_id=f"{name}-follow").click(
            parts.spoken(functools.partial(begun, name)), front, list(page.settings.values()),
            js="() => aigc.last()", **QUIET,
        ).then(None, None, None, js=f"() => aigc.make('{name}')", **PRIVATE)  # fmt: skip
        opened_so_far = first.click(**page.run)
        for more in page.also:
            opened_so_far = opened_so_far.then(**more)
        opened_so_far.then(None, None, None, js="() => aigc.settled()", **PRIVATE)
        names = json.dumps([*page.settings, "revision"])
        page.made.change(
            None, page.made, None, js=f"(made) => aigc.remember('{name}', {names}, made)", **PRIVATE
        )
        page.link.click(None, None, None, js=f"() => aigc.copy('{name}')", **PRIVATE)


def _wire_hub(
    demo: gr.Blocks, catalogue: Catalogue, hub: Remote, away: gr.HTML, pages: dict[str, Page],
    empty: Empty,
) -> None:  # fmt: skip
    """The note that follows the Hub, and the form that opens a checkpoint by its name."""
    needs = {module.ID: module.NEEDS for module in TABS}
    choosers = list(offered(catalogue, pages))
    labels = [
        component for page in pages.values() for name, component in page.settings.items()
        if name.startswith("label")
    ]  # fmt: skip
    changing = [*choosers, *labels, *empty.places]
    unfilled = [pages[name].settings["checkpoint"] for name in empty.tabs]

    def boxes(*filled: str | None) -> dict[Any, Any]:
        now = offered(catalogue, pages)
        updates: dict[Any, Any] = {box: gr.Dropdown(choices=names) for box, names in now.items()}
        return updates | empty.filled(catalogue, pages, filled)

    if hub.follower:
        clock = gr.Timer(remote.REFRESH_S, active=hub.pending)

        def refresh(*filled: str | None) -> dict[Any, Any]:
            # In this order: what comes in between is seen at the next look.
            pending, said = hub.pending, remote.note(catalogue, hub)
            return {away: said, clock: gr.Timer(active=pending), **boxes(*filled)}

        clock.tick(parts.spoken(refresh), unfilled, [away, clock, *changing], **QUIET)

        def looked() -> dict[Any, Any]:
            return {away: remote.note(catalogue, hub), clock: gr.Timer(active=hub.pending)}

        demo.load(parts.spoken(looked), None, [away, clock], **QUIET)
    if not hub.allow:
        return

    def open_(text: str, tab: str, *filled: str | None) -> dict[Any, Any]:
        try:
            found = remote.open_named(catalogue, hub, text)
        except ValueError as error:  # said where the name was written, in place of what was there
            return {said: remote.answer(str(error), wrong=True), front: ""}
        able = [one for one in pages if found in catalogue.able(needs[one])]
        updates = boxes(*filled)
        if tab in able:
            result = texts.HUB_OPENED
            updates |= chosen(catalogue, needs[tab], pages[tab], found.name)
        else:
            result, tab = texts.HUB_ELSEWHERE if able else texts.HUB_NOWHERE, ""
        tabs = texts.either([texts.TABS[one] for one in able]) if able else ""
        updates[said] = remote.answer(
            result.format(name=found.name, revision=found.revision[:12], tabs=tabs)
        )
        return {**updates, front: tab}

    with gr.Accordion(texts.HUB_OPEN, open=False, elem_classes="from-hub"):
        limit = remote.hub.VISITOR_BYTES >> 20
        name = gr.Textbox(
            label=texts.HUB_NAME, info=texts.HUB_HINT.format(limit=limit), max_length=300
        )
        button = gr.Button(texts.HUB_BUTTON, elem_id="hub-open")
        said = gr.HTML(js_on_load=None, elem_classes="hub-said")
    front = gr.Textbox(visible="hidden")
    # A turn of its own: nobody's pictures wait for a download. Then the tab in front shows it.
    gr.on(
        [button.click, name.submit], parts.spoken(lambda: remote.answer(texts.HUB_OPENING)), None,
        said, **QUIET,
    ).then(
        parts.spoken(open_), [name, front, *unfilled], [said, front, *changing],
        js="(name, _, ...more) => [name, aigc.front(), ...more]",
        concurrency_id="hub", concurrency_limit=1, **UNSEEN,
    ).success(None, front, None, js="(tab) => { if (tab) aigc.make(tab); }", **PRIVATE)  # fmt: skip


def launch(demo: languages.Blocks, **options: Any) -> Any:
    """`demo.launch` with the look and the limits of this app; `options` go on top."""
    settings: dict[str, Any] = {
        "theme": theme(),
        "css": figures.read_static("style.css"),
        "head": f"<style>{figures.read_static('first.css')}</style>"
        + f"<script>window.aigcMark = {json.dumps(SHORT.decode())}</script>"
        + "".join(
            f"<script>{figures.read_static(name)}</script>"
            for name in ("app.js", "drop.js", "choice.js", "mark.js", "saving.js")
        ),
        "favicon_path": figures.STATIC / "favicon.svg",
        "i18n": languages.announcements(),
        "footer_links": ["api", "gradio", "settings"],
        "max_file_size": MAX_UPLOAD,
        "state_session_capacity": MAX_SESSIONS,
        "run_history": False,
        "enable_monitoring": False,
        # Gradio ends an app whose first page takes three seconds, and advises to share it. The
        # server has answered by then, and on a busy machine a page may take that long.
        "_frontend": False,
        "app_kwargs": {
            "middleware": [
                Middleware(languages.Page, describe=functools.partial(social.metas, demo.catalogue))
            ],
            "routes": [Route(f"/{social.PATH}", social.Preview(demo.catalogue).answer)],
        },
    }
    return demo.launch(**{**settings, **options})
