"""Explorers: of latent spaces, of what a discriminator or attention heads do, of samples.

VIEWS is a plain dictionary of modules. A view is a module with

    PART            what it needs of the survey (aigc.survey.PARTS), or '' for nothing
    NEEDS           a capability
    CONTROLS        the settings of this tab that it uses, by their names in links
    LOOKS           where the browser has more than is seen at once: settings that say what is
                    looked at, which a link may carry, and an endpoint has no use for
    DRAWN           where CONTROLS has `drawing`: the settings that count when there is one
    show(wish)      -> HTML, or what the map's viewer takes
    pictures(wish)  -> (N, C, H, W) in [0, 1], which its endpoint returns
    facts(wish)     -> what its endpoint says beyond the settings
    film(wish)      -> where there is one to save: its frames, and whether they go round
    watch(wish)     -> where a model draws long: the beginning of `show` as it grows, as HTML;
                    nothing where what it draws is known already

Two take long and have turns of their own: `project`, which somebody starts, and `modes`, which
grows while one watches.

The tab reads every setting of the chosen view once, in `read`, and a link carries those alone.
"""

from __future__ import annotations

import html
import math
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import gradio as gr
from torch import Tensor

from aigc import latent
from aigc.checkpoint import Checkpoint, shown
from aigc.survey import PLANES
from aigc.ui import (
    arithmetic,
    complete,
    corners,
    coverage,
    directions,
    figures,
    films,
    formula,
    heads,
    judge,
    loop,
    modes,
    parts,
    pictures,
    pixel,
    plane,
    projection,
    served,
    texts,
    tradeoff,
)  # fmt: skip
from aigc.ui.catalogue import (
    ANY,
    MAX_COUNT,
    MAX_TEMPERATURE,
    PICTURES,
    Catalogue,
    read_count,
    read_frame,
    read_label,
    read_path,
    read_seed,
    read_temperature,
    surveyed,
    whole,
)  # fmt: skip

ID = "explore"
NEEDS = PICTURES
VIEWS: dict[str, ModuleType] = {
    "map": plane,
    "classes": arithmetic,
    "directions": directions,
    "corners": corners,
    "loop": loop,
    "scores": judge,
    "project": projection,
    "tradeoff": tradeoff,
    "modes": modes,
    "complete": complete,
    "heads": heads,
    "pixel": pixel,
    "formula": formula,
}
# Whose turns a view takes that takes long.
WORK = {"project": projection.WORK, "modes": modes.WORK}
FILMS = tuple(name for name, module in VIEWS.items() if hasattr(module, "film"))
MAX_SIDE, MAX_STOPS, MAX_LEG, MAX_ROWS = 12, 8, 24, 64


@dataclass(frozen=True)
class Wish:
    """A checked request; `values` are the settings that the view uses, by name."""

    checkpoint: Checkpoint
    view: str
    values: dict[str, Any]
    judge: Checkpoint | None = None
    """Who tells the classes apart, where something can."""
    drawing: Tensor | None = None
    """What was drawn in place of a seed, (C, H, W) in [0, 1]."""

    @property
    def made(self) -> dict[str, Any]:
        return {
            "checkpoint": self.checkpoint.name, "revision": self.checkpoint.revision,
            "view": self.view, **self.values,
        }  # fmt: skip


def number(name: str, value: object, reach: float, empty: float = 0.0) -> float:
    """A number from -reach to reach; '' is `empty`."""
    if value in ("", None):
        return empty
    found = math.nan
    if isinstance(value, (int, float, str)) and not isinstance(value, bool):
        try:
            found = float(value)
        except (ValueError, OverflowError):
            pass
    if not -reach <= found <= reach:
        raise ValueError(texts.NO_NUMBER.format(name=name, reach=f"{reach:g}", value=shown(value)))
    return round(found, 4)


def one_of(name: str, value: object, known: tuple[str, ...]) -> str:
    if value not in known:
        raise ValueError(
            texts.NO_CHOICE.format(name=name, known=texts.either(known), value=shown(value))
        )
    return str(value)


def read_view(value: object) -> str:
    return one_of(texts.VIEW, value, tuple(VIEWS))


READERS: dict[str, Callable[[object], Any]] = {
    "view": read_view,
    "seed": read_seed,
    "path": read_path,
    "count": read_count,
    "temperature": read_temperature,
    "rows": lambda value: whole(texts.ROWS, value, 0, MAX_ROWS),
    "position": lambda value: whole(texts.PLACES["position"], value, 1, MAX_ROWS**2),
    "muted": heads.read_muted,
    "layer": lambda value: whole(texts.PLACES["layer"], value, 1, MAX_ROWS),
    "head": lambda value: whole(texts.PLACES["head"], value, 1, MAX_ROWS),
    "total": lambda value: whole(texts.TOTAL, value, 1, modes.MAX_TOTAL),
    "side": lambda value: whole(texts.SIDE, value, 2, MAX_SIDE),
    "stops": lambda value: whole(texts.STOPS, value, 2, MAX_STOPS),
    "leg": lambda value: whole(texts.LEG, value, 1, MAX_LEG),
    "plane": lambda value: one_of(texts.PLANE, value, PLANES),
    "walk": plane.read_walk,
    "show": plane.read_show,
    "frame": read_frame,
    "x": lambda value: number("x", value, plane.FAR),
    "y": lambda value: number("y", value, plane.FAR),
    **{
        move: lambda value: number(texts.MOVE, value, directions.REACH)
        for move in directions.MOVES
    },
}  # fmt: skip


def lacks(chosen: Checkpoint, view: str) -> str:
    """Why this checkpoint has no such view, or nothing."""
    module = VIEWS[view]
    if module.NEEDS and module.NEEDS not in chosen.capabilities:
        return texts.NO_VIEW.format(
            name=chosen.name, view=texts.VIEWS[view], capability=module.NEEDS
        )
    if module.PART:
        try:
            surveyed(chosen, module.PART)
        except ValueError as error:
            return str(error)
    return ""


def possible(chosen: Checkpoint) -> list[str]:
    """The views that this checkpoint has."""
    return [view for view in VIEWS if not lacks(chosen, view)]


def reading(chosen: Checkpoint) -> str:
    """How to read the views of a latent space that this checkpoint has, as Markdown."""
    found = [text for view, text in texts.ABOUT_VIEWS.items() if not lacks(chosen, view)]
    return "".join([texts.ABOUT_LATENT, *found]) if found else ""


def listed(views: Iterable[str]) -> list[tuple[str, str]]:
    """What is read of each and what it is, as a list of choices takes them."""
    return [(texts.VIEWS[view], view) for view in views]


def read(catalogue: Catalogue, checkpoint: object, view: object, given: dict[str, Any]) -> Wish:
    """Check everything that the view uses. Raises ValueError with one sentence."""
    chosen, wanted = catalogue.find(checkpoint, NEEDS), read_view(view)
    if why := lacks(chosen, wanted):
        raise ValueError(why)
    module = VIEWS[wanted]
    names, drawing = module.CONTROLS, None
    if "drawing" in names:
        drawing = pictures.prepared(chosen.media, given.get("drawing", ""))
        names = [name for name in names if name != "drawing"]
    values: dict[str, Any] = {}
    if drawing is not None:
        names = module.DRAWN
        values["drawing"] = pictures.pack(chosen.media, drawing)
    for name in names:
        reader = READERS.get(name)
        values[name] = reader(given[name]) if reader else read_label(chosen, given[name])
    for name in getattr(module, "LOOKS", ()):
        if given.get(name) not in ("", None):
            values[name] = READERS[name](given[name])
    classifier = coverage.judge(catalogue, chosen)
    if wanted == "modes" and classifier is None:
        raise ValueError(texts.NO_JUDGE.format(name=chosen.name))
    return Wish(chosen, wanted, values, classifier, drawing)


def taken_for(chosen: Checkpoint | None) -> dict[str, Any]:
    """What a drawing is to a model of something else than pictures, and whether it is said."""
    said = texts.DRAWN_AS.get(chosen.media.kind, "") if chosen else ""
    return {"value": f'<p class="said">{said}</p>', "visible": bool(said)}


def build(catalogue: Catalogue) -> parts.Page:
    default = catalogue.first(NEEDS)
    first = possible(catalogue.find(default, NEEDS))[0] if default else next(iter(VIEWS))

    def uses(view: str, name: str) -> bool:
        return name in VIEWS[view].CONTROLS

    names: list[str] = []  # of the settings, in the order of the inputs

    runs = parts.Runs()

    def halt(request: gr.Request) -> None:
        runs.halt(request)

    def overtake(request: gr.Request) -> None:
        """What still runs is about settings that no longer stand: it ends unseen."""
        runs.drop(request)

    def watched(
        request: gr.Request, start: Callable[[threading.Event], Iterator[tuple[Any, Any, bool]]]
    ) -> Iterator[tuple[Any, ...]]:
        """The page, its settings, and the button that stops what `start` begins with the event
        that this sets, for as long as that yields: a page, its settings, and whether it ended."""
        with runs.begin(request) as halted:
            for page_now, made_now, ended in start(halted):
                if runs.of(request) is not halted:
                    rest = runs.of(request) is None
                    yield gr.skip(), gr.skip(), gr.Button(visible=False) if rest else gr.skip()
                    return
                yield page_now, made_now, gr.Button(visible=not ended)

    def run(
        request: gr.Request, checkpoint: str, view: str, *given: Any
    ) -> Iterator[tuple[Any, ...]]:
        for result in make(request, checkpoint, view, *given):
            yield *result, "", ""  # where the link looked holds for the first result alone

    def make(
        request: gr.Request, checkpoint: str, view: str, *given: Any
    ) -> Iterator[tuple[Any, ...]]:
        overtake(request)
        values = dict(zip(names, given))
        off, offered = gr.HTML(visible=False), offers(checkpoint, view)
        if why := lacks(catalogue.find(checkpoint, NEEDS), read_view(view)):
            said = f'<div class="notice" role="status">{html.escape(why)}</div>'
            yield gr.HTML(said, visible=True), off, gr.skip(), values["seed"], offered, gr.skip()
            return
        if view == "project":  # which has an event of its own
            wish = read(catalogue, checkpoint, view, {**values, "drawing": ""})
            said = f'<div class="sheet waiting" role="status">{texts.PROJECT_FIRST}</div>'
            yield gr.HTML(said, visible=True), off, wish.made, values["seed"], offered, gr.skip()
            return
        wish = read(catalogue, checkpoint, view, values)
        seed_now = wish.values.get("seed", values["seed"])
        module = VIEWS[view]
        if view == "map":
            shown_map = gr.HTML(value=module.show(wish), visible=True)
            yield off, shown_map, wish.made, seed_now, offered, gr.skip()
            return
        if view == "modes":  # which grows in a turn of its own
            said = f'<div class="sheet waiting" role="status">{texts.MODES_FIRST}</div>'
            asked_now = wish.made | {"at": time.monotonic()}  # always another one, so it starts
            yield gr.HTML(said, visible=True), off, gr.skip(), seed_now, offered, asked_now
            return
        if hasattr(module, "watch"):
            for grown in module.watch(wish):
                now = gr.HTML(figures.growing(grown), visible=True)
                yield now, off, gr.skip(), gr.skip(), offered, gr.skip()
        result = module.show(wish) + figures.chips(wish.made, wish.checkpoint)
        yield gr.HTML(result, visible=True), off, wish.made, seed_now, offered, gr.skip()

    def fill(request: gr.Request, wanted: object) -> Iterator[tuple[Any, ...]]:
        """The coverage, as it grows, for what `run` asked; nothing for None."""
        if wanted is None:
            yield gr.skip(), gr.skip(), gr.skip()
            return
        given = wanted if isinstance(wanted, dict) else {}
        values = {name: given.get(name) for name in modes.CONTROLS}
        wish = read(catalogue, given.get("checkpoint"), "modes", values)

        def grow(halted: threading.Event) -> Iterator[tuple[Any, Any, bool]]:
            for result, reached in modes.grow(wish, halted):
                now = gr.HTML(result + figures.chips(reached.made, wish.checkpoint), visible=True)
                ended = reached is not wish
                yield now, reached.made if ended else gr.skip(), ended

        yield from watched(request, grow)

    def offers(checkpoint: str, view: str) -> gr.Radio:
        """The views that the checkpoint has, and the one that was asked for, though a link may ask
        for one that it has not. What is chosen stays: that may be another one by now."""
        can = {*possible(catalogue.find(checkpoint, NEEDS)), view}
        return gr.Radio(choices=listed(name for name in VIEWS if name in can))

    def film(view: dict[str, Any]) -> films.Film:
        """Of what the address says."""
        wish = read(catalogue, view.get("checkpoint"), view.get("view"), view)
        if wish.view not in FILMS:
            raise ValueError(texts.NO_FILM)
        frames, loops = VIEWS[wish.view].film(wish)
        name = f"{wish.checkpoint.name}-{wish.view}"
        return films.Film(wish.checkpoint.media, frames, name, ID, wish.made, loops)

    def search(
        request: gr.Request, checkpoint: str, view: str, label: str, data: str
    ) -> Iterator[tuple[Any, ...]]:
        if view != "project":
            yield gr.skip(), gr.skip(), gr.skip()
            return
        wish = read(catalogue, checkpoint, view, {"drawing": data, "label": label})
        image = pictures.read_given(wish.checkpoint.media, data)

        def look(halted: threading.Event) -> Iterator[tuple[Any, Any, bool]]:
            told = wish.values["label"]
            beside = projection.one_pass(catalogue, wish.checkpoint, image, told)
            for found in projection.search(wish.checkpoint, image, told, halted):
                shown = projection.page(wish.checkpoint, image, found, beside)
                now = gr.HTML(shown + figures.chips(wish.made, wish.checkpoint), visible=True)
                yield now, wish.made if found.ended else gr.skip(), found.ended

        yield from watched(request, look)

    def open_link(
        request: gr.Request, checkpoint: str, view: str, label: str, data: str
    ) -> Iterator[tuple[Any, ...]]:
        """The drawing that a link brought, if it did."""
        yield from search(request, checkpoint, view if data else "", label, data)

    def offer(checkpoint: str, view: str, *given: str) -> dict[Any, Any]:
        """The controls of another checkpoint or view; a class that was `given` stays where it is
        one of the checkpoint's."""
        chosen, now = catalogue.find(checkpoint, NEEDS), read_view(view)
        updates: dict[Any, Any] = {
            button: gr.Button(visible=uses(now, "seed")),
            randomise: gr.Checkbox(visible=uses(now, "seed")),
            drawn: gr.Column(visible=uses(now, "drawing")),
            taken: gr.HTML(**taken_for(chosen)),
            use: gr.Button(visible=now != "project"),
            go: gr.Button(visible=now == "project"),
        }
        labels = parts.labels(catalogue, checkpoint, NEEDS)
        known = {value for _, value in labels}
        for (name, row), label in zip(rows.items(), given):
            updates[row] = gr.Column(visible=uses(now, name))
            updates[label_boxes[name]] = gr.Dropdown(
                choices=labels, visible=len(labels) > 1, label=label_of(now, name),
                value=label if label in known else ANY,
            )  # fmt: skip
        for name, component in {**sliders, "path": path, "plane": plane_box, "seed": seed}.items():
            updates[component] = type(component)(visible=uses(now, name))
        updates |= limits(chosen, now)
        for move, (there, title) in zip(directions.MOVES, directions.titles(chosen)):
            updates[settings[move]] = gr.Slider(
                visible=uses(now, move) and there, label=title or move
            )
        return updates

    def limits(chosen: Checkpoint, view: str) -> dict[Any, Any]:
        """Heads, rows and places as the checkpoint has them."""
        grid = getattr(chosen.model, "grid", None)
        updates: dict[Any, Any] = {muting: gr.CheckboxGroup(visible=uses(view, "muted"))}
        if view == "heads" and not lacks(chosen, view):
            updates[muting] = gr.CheckboxGroup(choices=heads.choices(chosen), visible=True)
        if "scores" in chosen.capabilities and view == "formula":
            for name, most in zip(("layer", "head"), heads.heads_of(chosen)):
                updates[sliders[name]] = gr.Slider(maximum=most, visible=True)
        if grid is not None:
            rows_now, columns = grid
            updates[sliders["rows"]] = gr.Slider(maximum=rows_now - 1, visible=uses(view, "rows"))
            updates[sliders["position"]] = gr.Slider(
                maximum=rows_now * columns, visible=uses(view, "position")
            )
        return updates

    def keep(checkpoint: str, view: str, *given: str) -> dict[Any, Any]:
        """The view that stays, if the checkpoint has it, and the controls."""
        can = possible(catalogue.find(checkpoint, NEEDS))
        now = view if view in can else can[0]
        return {
            views_box: gr.Radio(choices=listed(can), value=now), **offer(checkpoint, now, *given)
        }  # fmt: skip

    def fit(checkpoint: str) -> dict[Any, Any]:
        can = possible(catalogue.find(checkpoint, NEEDS))
        return {views_box: gr.Radio(choices=listed(can), value=first if first in can else can[0])}

    def label_of(view: str, name: str) -> str:
        return texts.CORNERS[name] if view == "corners" else texts.CLASS

    with gr.Row(elem_classes="page"):
        with gr.Column(scale=2, min_width=280, elem_classes="controls"):
            checkpoint = parts.chooser(catalogue, NEEDS)
            views_box = gr.Radio(listed(VIEWS), value=first, label=texts.VIEW)
            classes = parts.labels(catalogue, checkpoint.value, NEEDS)
            with gr.Group():
                plane_box = gr.Radio(
                    [(texts.PLANES[name], name) for name in PLANES], value=PLANES[0],
                    label=texts.PLANE, info=texts.PLANE_INFO, visible=uses(first, "plane"),
                )  # fmt: skip
                # The shell shows every class chooser that has a choice; these hide by their rows.
                label_boxes: dict[str, gr.Dropdown] = {}
                rows: dict[str, gr.Column] = {}
                for name in ("label", "label_b", "label_c", "label_d"):
                    with gr.Column(visible=uses(first, name), elem_classes="row") as rows[name]:
                        label_boxes[name] = parts.Choice(
                            classes, value=ANY, label=label_of(first, name),
                            visible=len(classes) > 1,
                        )  # fmt: skip
                sliders = {
                    "side": gr.Slider(2, MAX_SIDE, 8, step=1, label=texts.SIDE,
                                      visible=uses(first, "side")),
                    "stops": gr.Slider(2, MAX_STOPS, 4, step=1, label=texts.STOPS,
                                       visible=uses(first, "stops")),
                    "leg": gr.Slider(1, MAX_LEG, 12, step=1, label=texts.LEG,
                                     visible=uses(first, "leg")),
                    "count": gr.Slider(1, MAX_COUNT, 12, step=1, label=texts.COUNT,
                                       visible=uses(first, "count")),
                    "total": gr.Slider(1, modes.MAX_TOTAL, 1000, step=1, label=texts.TOTAL,
                                       visible=uses(first, "total")),
                    "rows": gr.Slider(0, 13, 7, step=1, label=texts.ROWS,
                                      visible=uses(first, "rows")),
                    "layer": gr.Slider(1, 4, 1, step=1, label=texts.LAYER,
                                       visible=uses(first, "layer")),
                    "head": gr.Slider(1, 5, 1, step=1, label=texts.HEAD,
                                      visible=uses(first, "head")),
                    "position": gr.Slider(1, 196, 100, step=1, label=texts.POSITION,
                                          visible=uses(first, "position")),
                    "temperature": gr.Slider(0, MAX_TEMPERATURE, 1, step=0.05,
                                             label=texts.TEMPERATURE,
                                             visible=uses(first, "temperature")),
                }  # fmt: skip
                able = catalogue.able("mute")
                muting = gr.CheckboxGroup(
                    heads.choices(able[0] if able else None), label=texts.MUTED,
                    info=texts.MUTED_INFO, visible=uses(first, "muted"),
                )  # fmt: skip
                path = gr.Radio(
                    [(texts.PATHS[name], name) for name in latent.PATHS], value="slerp",
                    label=texts.PATH, info=texts.PATH_INFO, visible=uses(first, "path"),
                )  # fmt: skip
                titles = directions.titles(catalogue.find(default, NEEDS) if default else None)
                moves = {
                    move: gr.Slider(
                        -directions.REACH, directions.REACH, 0, step=0.25, label=title or move,
                        visible=uses(first, move) and there,
                    )
                    for move, (there, title) in zip(directions.MOVES, titles)
                }  # fmt: skip
                seed = gr.Number(
                    0, label=texts.SEED, precision=0, info=texts.SEED_INFO,
                    visible=uses(first, "seed"),
                )  # fmt: skip
                randomise = gr.Checkbox(
                    True, label=texts.RANDOMISE, container=True, visible=uses(first, "seed")
                )
            with gr.Column(visible=uses(first, "drawing"), elem_id=judge.PAD) as drawn:
                pad = pictures.pad(texts.OWN_PICTURE)
                shown_first = catalogue.find(default, NEEDS) if default else None
                taken = gr.HTML(**taken_for(shown_first), js_on_load=None)
                with gr.Row():
                    use = gr.Button(texts.USE_DRAWING, visible=first != "project", min_width=100)
                    go = gr.Button(texts.PROJECT, visible=first == "project", min_width=100)
            button = gr.Button(
                texts.SHOW, variant="primary", size="lg", visible=uses(first, "seed")
            )
        with gr.Column(scale=3, min_width=300, elem_classes="result"):
            with gr.Row(elem_classes="actions above"):
                enough = gr.Button(
                    texts.HALT, variant="stop", size="sm", elem_classes="pill", visible=False
                )
            page = gr.HTML(
                figures.waiting(), js_on_load=figures.STEADY, elem_classes="explore",
                visible=first != "map",
            )  # fmt: skip
            viewer = parts.viewer("map", texts.MAP, elem_id="explore-map", visible=first == "map")
            with gr.Row(elem_classes="actions"):
                with gr.Row(elem_classes="actions", visible=first in FILMS) as saving:
                    films.buttons(film, ID, [])
                link = parts.link_button(ID)
            made = parts.made_box()
    parts.about(catalogue, checkpoint, NEEDS, reading)

    # A link says where, and which heads, through these.
    asked = parts.made_box()
    x, y, walk, muted, show, frame = (gr.Textbox("", visible=False) for _ in range(6))
    boxes: list[Any] = [*label_boxes.values(), *sliders.values(), *moves.values(), path, plane_box]
    settings: dict[str, Any] = {
        "checkpoint": checkpoint, "view": views_box, "seed": seed, **label_boxes, **sliders,
        "path": path, "plane": plane_box, "muted": muted, "x": x, "y": y, "walk": walk, **moves,
        "drawing": pad, "show": show, "frame": frame,
    }  # fmt: skip
    names[:] = list(settings)[2:]
    event: dict[str, Any] = {
        "fn": parts.spoken(run), "inputs": list(settings.values()),
        "outputs": [page, viewer, made, seed, views_box, asked, show, frame],
        "show_progress": "minimal", "show_progress_on": page,
        **parts.LATEST, **parts.PRIVATE, **parts.MODEL_WORK,
    }  # fmt: skip
    at, drawing_at = (list(settings).index(name) for name in ("seed", "drawing"))
    new_seed = (
        f"(...all) => {{ const again = all.pop(); all[{drawing_at}] = ''; "
        f"if (again) all[{at}] = aigc.seed(); return [...all, again]; }}"
    )
    pressed = {**event, **parts.ONCE}
    use.click(**pressed)
    searching: dict[str, Any] = {
        "inputs": [checkpoint, views_box, label_boxes["label"], pad],
        "outputs": [page, made, enough],
        "trigger_mode": "multiple",  # the one before is dropped, and may not have ended yet
        **parts.UNSEEN, **projection.WORK,
    }  # fmt: skip
    go.click(overtake, None, None, **parts.QUIET).then(parts.spoken(search), **searching)
    # Gradio says of one value twice that it has changed.
    asked.change(
        parts.spoken(fill), asked, [page, made, enough], js="(asked) => aigc.once(asked)",
        **parts.UNSEEN, **modes.WORK,
    )  # fmt: skip
    enough.click(halt, None, None, **parts.QUIET)
    button.click(**{**pressed, "inputs": [*settings.values(), randomise], "js": new_seed})
    chosen_now = [checkpoint, views_box, *label_boxes.values()]
    controls = [button, randomise, drawn, taken, use, go, seed, muting, *rows.values(), *boxes]
    # Not when they change: a link sets both, and each for itself would be asked about beside what
    # the other was before.
    follow: dict[str, Any] = {
        "fn": parts.spoken(offer), "inputs": chosen_now, "outputs": controls,
        **parts.LATEST, **parts.QUIET,
    }  # fmt: skip
    checkpoint.input(
        parts.spoken(keep), chosen_now, [views_box, *controls], **parts.LATEST, **parts.QUIET
    ).then(**event)  # fmt: skip
    views_box.input(**event)
    # What a page has wired to one kind of event it does one after the other; another kind has the
    # controls fitted while the result is made.
    views_box.select(**follow)
    views_box.change(
        parts.spoken(lambda view: gr.Row(visible=view in FILMS)), views_box, saving, **parts.QUIET
    )
    views_box.change(None, None, None, js="() => aigc.look('explore', {})", **parts.PRIVATE)
    gr.on([box.input for box in boxes], **event)
    muting.input(parts.spoken(heads.read_muted), muting, muted, **parts.LATEST, **parts.QUIET).then(
        **event
    )
    muted.change(
        parts.spoken(lambda names: heads.read_muted(names).split(",") if names else []), muted,
        muting, **parts.QUIET,
    )  # fmt: skip
    endpoints(catalogue)
    return parts.Page(
        settings, event, made, link, {**READERS, "drawing": pictures.read_packed},
        follow=follow, fit=fit, also=({"fn": parts.spoken(open_link), **searching},),
    )  # fmt: skip


def endpoints(catalogue: Catalogue) -> None:
    """Each view for programs: the pictures, and the settings that made them."""
    default = catalogue.first("encode")
    any_default = catalogue.first("decode")

    def answer(
        checkpoint: object, view: str, given: dict[str, Any]
    ) -> tuple[list[Any], dict[str, Any]]:
        wish = read(catalogue, checkpoint, view, given)
        media, made = wish.checkpoint.media, wish.made
        if view == "project":  # seconds: once for both
            images, facts = projection.answer(wish)
        else:
            images, facts = VIEWS[view].pictures(wish), VIEWS[view].facts(wish)
        # gradio_client takes every object with a text under "path" for a file to download.
        settings = {{"path": "path_kind"}.get(name, name): value for name, value in made.items()}
        found = (media.to_pil(image) for image in images)
        return served.pictures(found, ID, made), settings | facts

    def map(
        checkpoint: str = default, plane: str = "pca", x: float = 0, y: float = 0, walk: str = ""
    ) -> tuple[list[Any], dict[str, Any]]:
        return answer(checkpoint, "map", {"plane": plane, "x": x, "y": y, "walk": walk})

    def classes(
        checkpoint: str = default, seed: int = 0, label: str = ANY, drawing: str = ""
    ) -> tuple[list[Any], dict[str, Any]]:
        given = {"seed": seed, "label": label, "drawing": drawing}
        return answer(checkpoint, "classes", given)

    def directions_(
        checkpoint: str = any_default, seed: int = 0, label: str = ANY, move_1: float = 0,
        move_2: float = 0, move_3: float = 0, move_4: float = 0, move_5: float = 0,
        move_6: float = 0,
    ) -> tuple[list[Any], dict[str, Any]]:  # fmt: skip
        values = (move_1, move_2, move_3, move_4, move_5, move_6)
        given = {"seed": seed, "label": label, **dict(zip(directions.MOVES, values))}
        return answer(checkpoint, "directions", given)

    def corners_(
        checkpoint: str = any_default, seed: int = 0, label: str = ANY, label_b: str = ANY,
        label_c: str = ANY, label_d: str = ANY, side: int = 8, path: str = "slerp",
    ) -> tuple[list[Any], dict[str, Any]]:  # fmt: skip
        given = {
            "seed": seed, "label": label, "label_b": label_b, "label_c": label_c,
            "label_d": label_d, "side": side, "path": path,
        }  # fmt: skip
        return answer(checkpoint, "corners", given)

    def loop_(
        checkpoint: str = any_default, seed: int = 0, label: str = ANY, stops: int = 4,
        leg: int = 12, path: str = "slerp",
    ) -> tuple[list[Any], dict[str, Any]]:  # fmt: skip
        given = {"seed": seed, "label": label, "stops": stops, "leg": leg, "path": path}
        return answer(checkpoint, "loop", given)

    def scores(
        checkpoint: str = catalogue.first("discriminate"), seed: int = 0, label: str = ANY,
        count: int = 12, temperature: float = 1.0, drawing: str = "",
    ) -> tuple[list[Any], dict[str, Any]]:  # fmt: skip
        given = {"seed": seed, "label": label, "count": count, "temperature": temperature,
                 "drawing": drawing}  # fmt: skip
        return answer(checkpoint, "scores", given)

    def tradeoff_(
        checkpoint: str = any_default, seed: int = 0, label: str = ANY
    ) -> tuple[list[Any], dict[str, Any]]:
        return answer(checkpoint, "tradeoff", {"seed": seed, "label": label})

    def modes_(
        checkpoint: str = any_default, seed: int = 0, total: int = 100, temperature: float = 1.0
    ) -> tuple[list[Any], dict[str, Any]]:
        given = {"seed": seed, "total": total, "temperature": temperature}
        return answer(checkpoint, "modes", given)

    def project(
        checkpoint: str = catalogue.first("project"), drawing: str = "", label: str = ANY
    ) -> tuple[list[Any], dict[str, Any]]:
        return answer(checkpoint, "project", {"drawing": drawing, "label": label})

    def complete_(
        checkpoint: str = catalogue.first("complete"), seed: int = 0, label: str = ANY,
        rows: int = 7, count: int = 4, temperature: float = 1.0, drawing: str = "",
    ) -> tuple[list[Any], dict[str, Any]]:  # fmt: skip
        given = {"seed": seed, "label": label, "rows": rows, "count": count,
                 "temperature": temperature, "drawing": drawing}  # fmt: skip
        return answer(checkpoint, "complete", given)

    def heads_(
        checkpoint: str = catalogue.first("mute"), seed: int = 0, label: str = ANY, muted: str = ""
    ) -> tuple[list[Any], dict[str, Any]]:
        return answer(checkpoint, "heads", {"seed": seed, "label": label, "muted": muted})

    def pixel_(
        checkpoint: str = catalogue.first("predict"), seed: int = 0, label: str = ANY,
        position: int = 100, drawing: str = "",
    ) -> tuple[list[Any], dict[str, Any]]:  # fmt: skip
        given = {"seed": seed, "label": label, "position": position, "drawing": drawing}
        return answer(checkpoint, "pixel", given)

    def formula_(
        checkpoint: str = catalogue.first("scores"), seed: int = 0, label: str = ANY,
        layer: int = 1, head: int = 1, position: int = 100, drawing: str = "",
    ) -> tuple[list[Any], dict[str, Any]]:  # fmt: skip
        given = {"seed": seed, "label": label, "layer": layer, "head": head,
                 "position": position, "drawing": drawing}  # fmt: skip
        return answer(checkpoint, "formula", given)

    for name, fn, about in (
        ("map", map, "The picture at a point of a plane through the latent space (pca, means or "
         "kl), where x and y are measured from the middle of the test images, and the pictures "
         "along a walk over its grid of 24 by 24 points, numbered row by row from 0, as "
         "301.302.326."),
        ("classes", classes, "One picture as every class: first by adding class means in the "
         "latent space, then by telling the decoder the class."),
        ("directions", directions_, "A picture before and after moves along the strongest "
         "directions of the latent space, and what each of them changes."),
        ("corners", corners_, "A square of pictures between four, row by row."),
        ("loop", loop_, "The frames of a walk through several pictures and back to the first."),
        ("scores", scores, "Samples, what the discriminator says of each, and which share of the "
         "test images of its class scores lower."),
        ("project", project, "A drawing (a PNG, JPEG or WebP as a data address, or as a link "
         "carries it), the best that was found of it by optimisation, and every search. One at a "
         "time."),
        ("tradeoff", tradeoff_, "The same ten samples at each temperature, and what was measured "
         "there: label accuracy, Frechet distance, precision, recall, coverage."),
        ("complete", complete_, "A picture, and others that keep its first rows of patches."),
        ("heads", heads_, "The same draws with all heads and without those that are named (layer "
         "and head from 1, as 1.2,3.4), what that costs in bits, and what each head is like."),
        ("pixel", pixel_, "A picture, and how likely the model held each value of the patch at a "
         "position (from 1) before it was drawn."),
        ("formula", formula_, "A picture, and the numbers of softmax(QK^T / sqrt(d)) V at one "
         "position of one head (all from 1): scores, scaled, weights, and the weighted sum."),
        ("modes", modes_, "The first 64 of `total` samples without a class, how many of all fall "
         "into each class, and the KL from the classes of the training images (or equal shares) "
         "with what as many true draws would give. Ends after a minute with what was drawn; one "
         "at a time."),
    ):  # fmt: skip
        parts.endpoint(
            fn, name,
            [gr.Gallery(visible=False, label="images"),
             gr.JSON(visible=False, label="settings")],
            about, WORK.get(name, parts.MODEL_WORK),
        )  # fmt: skip
