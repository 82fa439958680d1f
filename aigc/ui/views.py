"""The views of Explore, and what may be asked of them.

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

Every setting of the chosen view is read once, in `read`, and a link carries those alone. What one
chooses them with stands in controls.py, the endpoints in views_api.py.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from torch import Tensor

from aigc.checkpoint import Checkpoint, shown
from aigc.survey import PLANES
from aigc.ui import (
    arithmetic,
    complete,
    corners,
    coverage,
    directions,
    formula,
    heads,
    judge,
    loop,
    modes,
    pictures,
    pixel,
    plane,
    projection,
    texts,
    tradeoff,
)  # fmt: skip
from aigc.ui.catalogue import (
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

NEEDS = PICTURES  # whatever is explored; a view has NEEDS of its own besides
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


def uses(view: str, name: str) -> bool:
    """Whether the view has a use for this setting."""
    return name in VIEWS[view].CONTROLS


def possible(chosen: Checkpoint) -> list[str]:
    """The views that this checkpoint has."""
    return [view for view in VIEWS if not lacks(chosen, view)]


def beginning(chosen: Checkpoint) -> str:
    """The view that is shown of a checkpoint where nobody asked for one: none that takes long,
    if it has another."""
    found = possible(chosen)
    return next((view for view in found if view not in WORK), found[0])


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
