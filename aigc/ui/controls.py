"""What Explore is set with: a control for each setting of its views, and what another view or
another checkpoint changes of them. Part of explore."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr

from aigc import latent
from aigc.checkpoint import Checkpoint
from aigc.survey import PLANES
from aigc.ui import directions, heads, judge, modes, parts, pictures, texts
from aigc.ui.catalogue import ANY, MAX_COUNT, MAX_TEMPERATURE, Catalogue
from aigc.ui.views import (
    MAX_LEG,
    MAX_SIDE,
    MAX_STOPS,
    NEEDS,
    VIEWS,
    beginning,
    lacks,
    listed,
    possible,
    read_view,
    uses,
)

LABELS = ("label", "label_b", "label_c", "label_d")


def taken_for(chosen: Checkpoint | None) -> dict[str, Any]:
    """What a drawing is to a model of something else than pictures, and whether it is said."""
    said = texts.DRAWN_AS.get(chosen.media.kind, "") if chosen else ""
    return {"value": f'<p class="said">{said}</p>', "visible": bool(said)}


def label_of(view: str, name: str) -> str:
    """What stands at the class chooser that a link calls `name`."""
    return texts.CORNERS[name] if view == "corners" else texts.CLASS


@dataclass(frozen=True)
class Controls:
    """The components, and the handlers that change them."""

    catalogue: Catalogue
    first: str
    """The view that the page begins with."""
    checkpoint: gr.Dropdown
    view: gr.Radio
    plane: gr.Radio
    labels: dict[str, gr.Dropdown]
    """By their names in links, as `rows`, `sliders` and `moves`."""
    rows: dict[str, gr.Column]
    """Around each of `labels`: the shell shows every class chooser that has a choice, so these
    hide by their rows."""
    sliders: dict[str, gr.Slider]
    muting: gr.CheckboxGroup
    """Heads to switch off; the setting itself is one text, which a link fills."""
    path: gr.Radio
    moves: dict[str, gr.Slider]
    seed: gr.Number
    randomise: gr.Checkbox
    drawn: gr.Column
    """Around what follows, up to `go`."""
    pad: gr.HTML
    taken: gr.HTML
    """Says `taken_for`."""
    use: gr.Button
    go: gr.Button
    """In place of `use` where a drawing is searched for."""
    button: gr.Button

    @property
    def chosen(self) -> list[Any]:
        """What `offer` and `keep` are told."""
        return [self.checkpoint, self.view, *self.labels.values()]

    @property
    def boxes(self) -> list[Any]:
        """Those that make another result as soon as one of them is moved."""
        return [
            *self.labels.values(), *self.sliders.values(), *self.moves.values(), self.path,
            self.plane,
        ]  # fmt: skip

    @property
    def fitted(self) -> list[Any]:
        """What `offer` may change."""
        return [
            self.button, self.randomise, self.drawn, self.taken, self.use, self.go, self.seed,
            self.muting, *self.rows.values(), *self.boxes,
        ]  # fmt: skip

    @property
    def follow(self) -> dict[str, Any]:
        """The event that fits the controls to the checkpoint and the view. Not for when they
        change: a link sets both, and each for itself would be asked about beside what the other
        was before."""
        return {
            "fn": parts.spoken(self.offer), "inputs": self.chosen, "outputs": self.fitted,
            **parts.LATEST, **parts.QUIET,
        }  # fmt: skip

    def offer(self, checkpoint: str, view: str, *given: str) -> dict[Any, Any]:
        """The controls of another checkpoint or view; a class that was `given` stays where it is
        one of the checkpoint's."""
        chosen, now = self.catalogue.find(checkpoint, NEEDS), read_view(view)
        updates: dict[Any, Any] = {
            self.button: gr.Button(visible=uses(now, "seed")),
            self.randomise: gr.Checkbox(visible=uses(now, "seed")),
            self.drawn: gr.Column(visible=uses(now, "drawing")),
            self.taken: gr.HTML(**taken_for(chosen)),
            self.use: gr.Button(visible=now != "project"),
            self.go: gr.Button(visible=now == "project"),
        }
        labels = parts.labels(self.catalogue, checkpoint, NEEDS)
        known = {value for _, value in labels}
        for (name, row), label in zip(self.rows.items(), given):
            updates[row] = gr.Column(visible=uses(now, name))
            updates[self.labels[name]] = gr.Dropdown(
                choices=labels, visible=len(labels) > 1, label=label_of(now, name),
                value=label if label in known else ANY,
            )  # fmt: skip
        others = {**self.sliders, "path": self.path, "plane": self.plane, "seed": self.seed}
        for name, component in others.items():
            updates[component] = type(component)(visible=uses(now, name))
        updates |= self.limits(chosen, now)
        for move, (there, title) in zip(directions.MOVES, directions.titles(chosen)):
            updates[self.moves[move]] = gr.Slider(
                visible=uses(now, move) and there, label=title or move
            )
        return updates

    def limits(self, chosen: Checkpoint, view: str) -> dict[Any, Any]:
        """Heads, rows and places as the checkpoint has them."""
        grid = getattr(chosen.model, "grid", None)
        updates: dict[Any, Any] = {self.muting: gr.CheckboxGroup(visible=uses(view, "muted"))}
        if view == "heads" and not lacks(chosen, view):
            updates[self.muting] = gr.CheckboxGroup(choices=heads.choices(chosen), visible=True)
        if "scores" in chosen.capabilities and view == "formula":
            for name, most in zip(("layer", "head"), heads.heads_of(chosen)):
                updates[self.sliders[name]] = gr.Slider(maximum=most, visible=True)
        if grid is not None:
            rows, columns = grid
            for name, most in (("rows", rows - 1), ("position", rows * columns)):
                updates[self.sliders[name]] = gr.Slider(maximum=most, visible=uses(view, name))
        return updates

    def keep(self, checkpoint: str, view: str, *given: str) -> dict[Any, Any]:
        """The view that stays, if the checkpoint has it, and the controls."""
        offered, now = self.views(checkpoint, view)
        return {self.view: offered, **self.offer(checkpoint, now, *given)}

    def fit(self, checkpoint: str) -> dict[Any, Any]:
        """The views of a checkpoint that the page begins with."""
        return {self.view: self.views(checkpoint, self.first)[0]}

    def views(self, checkpoint: str, view: str) -> tuple[gr.Radio, str]:
        """The views of a checkpoint, and which is chosen: this one, if it is among them."""
        chosen = self.catalogue.find(checkpoint, NEEDS)
        can = possible(chosen)
        now = view if view in can else beginning(chosen)
        return gr.Radio(choices=listed(can), value=now), now


def lay_out(catalogue: Catalogue) -> Controls:
    """The components, one below the other, as the first view of the first checkpoint has them."""
    checkpoint = parts.chooser(catalogue, NEEDS)
    chosen = catalogue.find(checkpoint.value, NEEDS) if checkpoint.value else None
    first = beginning(chosen) if chosen else next(iter(VIEWS))
    view = gr.Radio(listed(VIEWS), value=first, label=texts.VIEW)
    with gr.Group():
        plane = gr.Radio(
            [(texts.PLANES[name], name) for name in PLANES], value=PLANES[0], label=texts.PLANE,
            info=texts.PLANE_INFO, visible=uses(first, "plane"),
        )  # fmt: skip
        rows, labels = class_choosers(parts.labels(catalogue, checkpoint.value, NEEDS), first)
        sliders = sliders_of(first)
        able = catalogue.able("mute")
        muting = gr.CheckboxGroup(
            heads.choices(able[0] if able else None), label=texts.MUTED, info=texts.MUTED_INFO,
            visible=uses(first, "muted"),
        )  # fmt: skip
        path = gr.Radio(
            [(texts.PATHS[name], name) for name in latent.PATHS], value="slerp", label=texts.PATH,
            info=texts.PATH_INFO, visible=uses(first, "path"),
        )  # fmt: skip
        moves = moves_of(chosen, first)
        seed = gr.Number(
            0, label=texts.SEED, precision=0, info=texts.SEED_INFO, visible=uses(first, "seed")
        )
        randomise = gr.Checkbox(
            True, label=texts.RANDOMISE, container=True, visible=uses(first, "seed")
        )
    with gr.Column(visible=uses(first, "drawing"), elem_id=judge.PAD) as drawn:
        pad = pictures.pad(texts.OWN_PICTURE)
        taken = gr.HTML(**taken_for(chosen), js_on_load=None)
        with gr.Row():
            use = gr.Button(texts.USE_DRAWING, visible=first != "project", min_width=100)
            go = gr.Button(texts.PROJECT, visible=first == "project", min_width=100)
    button = gr.Button(texts.SHOW, variant="primary", size="lg", visible=uses(first, "seed"))
    return Controls(
        catalogue, first, checkpoint, view, plane, labels, rows, sliders, muting, path, moves, seed,
        randomise, drawn, pad, taken, use, go, button,
    )  # fmt: skip


def class_choosers(
    classes: list[tuple[str, str]], view: str
) -> tuple[dict[str, gr.Column], dict[str, gr.Dropdown]]:
    """A class chooser for each of LABELS, and the row that it stands in."""
    rows: dict[str, gr.Column] = {}
    labels: dict[str, gr.Dropdown] = {}
    for name in LABELS:
        with gr.Column(visible=uses(view, name), elem_classes="row") as rows[name]:
            labels[name] = parts.Choice(
                classes, value=ANY, label=label_of(view, name), visible=len(classes) > 1
            )
    return rows, labels


def sliders_of(view: str) -> dict[str, gr.Slider]:
    """The settings that are numbers. Of a checkpoint with a grid or heads, `Controls.limits` sets
    how far they go."""
    spans: dict[str, tuple[float, float, float, float, str]] = {
        # from, to, at first, step
        "side": (2, MAX_SIDE, 8, 1, texts.SIDE),
        "stops": (2, MAX_STOPS, 4, 1, texts.STOPS),
        "leg": (1, MAX_LEG, 12, 1, texts.LEG),
        "count": (1, MAX_COUNT, 12, 1, texts.COUNT),
        "total": (1, modes.MAX_TOTAL, 1000, 1, texts.TOTAL),
        "rows": (0, 13, 7, 1, texts.ROWS),
        "layer": (1, 4, 1, 1, texts.LAYER),
        "head": (1, 5, 1, 1, texts.HEAD),
        # In the middle, where something is drawn: the margins are black, and no surprise.
        "position": (1, 196, 7 * 14 + 7, 1, texts.POSITION),
        "temperature": (0, MAX_TEMPERATURE, 1, 0.05, texts.TEMPERATURE),
    }
    return {
        name: gr.Slider(least, most, start, step=step, label=label, visible=uses(view, name))
        for name, (least, most, start, step, label) in spans.items()
    }


def moves_of(chosen: Checkpoint | None, view: str) -> dict[str, gr.Slider]:
    """A slider for each direction, called by what it changes; no checkpoint need have all."""
    reach = directions.REACH
    return {
        move: gr.Slider(
            -reach, reach, 0, step=0.25, label=title or move, visible=uses(view, move) and there
        )
        for move, (there, title) in zip(directions.MOVES, directions.titles(chosen))
    }
