"""A plane through a latent space, with test images on it: point at it, and see what the model
makes of that point. A view of Explore.

A grid of points is decoded once and travels with the map, so that pointing asks nobody
(static/map.js). A click keeps the nearest of them, which is exact there.
"""

from __future__ import annotations

import base64
import re
from typing import Any

import torch
from torch import Tensor

from aigc.checkpoint import shown
from aigc.survey import Survey
from aigc.ui import figures, texts
from aigc.ui.catalogue import surveyed

PART, NEEDS = "map", "encode"
CONTROLS = ("plane", "x", "y", "walk")
LOOKS = ("show",)
FAR = 20.0  # nobody asks for a point farther out
CELLS = 24  # points along a side of the grid
MAX_WALK = 240  # points of a walk
MAX_HIDDEN = 1000
SWITCH = "nodots|pictures|no[0-9]{1,4}"
INSIDE = 0.995  # of the test images, at least, lie on the map in each direction


def reach(survey: Survey, plane: str) -> float:
    """Half the side of the map, which is square and has the mean of the test images in its
    middle."""
    points = survey[f"map.{plane}.points"].abs()  # (N, 2)
    return max(round(float(points.quantile(INSIDE, 0).max()) * 1.05, 2), 0.1)


def grid(survey: Survey, plane: str) -> Tensor:
    """The points of the plane that are decoded beforehand, (CELLS * CELLS, 2), row by row from
    the upper left."""
    far = reach(survey, plane)
    steps = (torch.arange(CELLS) + 0.5) / CELLS * 2 * far - far
    x, y = torch.meshgrid(steps, -steps, indexing="xy")
    return torch.stack([x.flatten(), y.flatten()], 1)


def decoded(wish: Any, points: Tensor) -> Tensor:
    """What the model makes of points (N, 2) of the plane, without a class: (N, C, H, W). The
    other dimensions stay at the mean of the test images."""
    survey, model = surveyed(wish.checkpoint, PART), wish.checkpoint.model
    z = survey["map.origin"] + points @ survey[f"map.{wish.values['plane']}.axes"]  # (N, L)
    with torch.inference_mode():
        return model.decode(z, model.condition(None).expand(len(z), -1))


def read_walk(value: object) -> str:
    """`301.302.326`, points of the grid in the order in which they are visited, counted row by row
    from 0. Raises ValueError with a sentence."""
    if value in ("", None):
        return ""
    known = re.fullmatch(rf"[0-9]{{1,3}}(\.[0-9]{{1,3}}){{0,{MAX_WALK - 1}}}", str(value))
    if not known or max(map(int, known[0].split("."))) >= CELLS**2:
        raise ValueError(
            texts.NO_WALK.format(limit=MAX_WALK, last=CELLS**2 - 1, value=shown(value))
        )
    return known[0]


def read_show(value: object) -> str:
    """`nodots,pictures,no3`: the switches of the map that do not stand as usual, and the classes,
    by their numbers from 0, whose points are hidden. Raises ValueError with a sentence."""
    words = str(value).split(",")
    if len(words) > MAX_HIDDEN or not all(re.fullmatch(SWITCH, word) for word in words):
        raise ValueError(
            texts.NO_SWITCHES.format(known="nodots, pictures, no0, no1, ...", value=shown(value))
        )
    return ",".join(dict.fromkeys(words))


def along(wish: Any) -> Tensor:
    """The pictures of the walk, (N, C, H, W), N from 0."""
    found = grid(surveyed(wish.checkpoint, PART), wish.values["plane"])
    return decoded(wish, found[[int(at) for at in wish.values["walk"].split(".") if at]])


def pictures(wish: Any) -> Tensor:
    """The picture at x and y, and behind it those of the walk: (1 + N, C, H, W)."""
    return torch.cat([here(wish), along(wish)])


def here(wish: Any) -> Tensor:
    """(1, C, H, W): the picture at x and y."""
    return decoded(wish, torch.tensor([[wish.values["x"], wish.values["y"]]]))


def film(wish: Any) -> tuple[Tensor, bool]:
    """The walk, there and back. Raises ValueError where there is none."""
    frames = along(wish)
    if len(frames) < 2:
        raise ValueError(texts.DRAG_FIRST)
    return frames, False


def facts(wish: Any) -> dict[str, Any]:
    """What the plane holds of the space."""
    survey = surveyed(wish.checkpoint, PART)
    share, apart = survey[f"map.{wish.values['plane']}.facts"].tolist()
    return {
        "variance": share, "classes_apart": apart,
        "classes_apart_in_all_dimensions": float(survey["map.agreement"]),
        "reach": reach(survey, wish.values["plane"]),
    }  # fmt: skip


def about(wish: Any, survey: Survey) -> str:
    """What the plane is, and what it leaves out."""
    plane = wish.values["plane"]
    share, apart = survey[f"map.{plane}.facts"].tolist()
    dimensions = survey["map.origin"].numel()
    strongest = (survey["map.kl"].argsort(descending=True)[:2] + 1).tolist()
    said = [
        texts.PLANE_IS[plane].format(first=strongest[0], second=strongest[1]),
        texts.PLANE_FACTS.format(
            share=f"{share:.0%}", rest=dimensions - 2, dimensions=dimensions,
            images=survey.about.get("images", "?"), shown=len(survey["map.classes"]),
        ),
    ]  # fmt: skip
    if survey.classes:
        whole = f"{float(survey['map.agreement']):.0%}"
        said.append(texts.PLANE_APART.format(apart=f"{apart:.0%}", whole=whole))
        if not wish.checkpoint.labels:
            said.append(texts.PLANE_UNTOLD)
    return texts.NEXT.join([*said, texts.PLANE_POINT])


def bytes_of(values: Tensor, kind: torch.dtype) -> str:
    return base64.b64encode(values.to(kind).contiguous().numpy().tobytes()).decode()


def show(wish: Any) -> dict[str, Any]:
    """What the viewer takes."""
    survey, values, media = surveyed(wish.checkpoint, PART), wish.values, wish.checkpoint.media
    plane = values["plane"]
    far = reach(survey, plane)
    sheet = media.grid(decoded(wish, grid(survey, plane)), CELLS)
    return {
        "cells": CELLS, "reach": far, "width": media.width, "height": media.height,
        "sheet": figures.address(figures.png(sheet), "image/png"),
        "points": bytes_of(survey[f"map.{plane}.points"], torch.float32),
        "classes": bytes_of(survey["map.classes"], torch.int16),
        "labels": list(survey.classes),
        "exact": figures.address(figures.png(media.to_pil(here(wish)[0])), "image/png"),
        "x": values["x"], "y": values["y"], "walk": values["walk"],
        "show": values.get("show", ""), "about": about(wish, survey),
        "axes": [texts.AXES[plane][0], texts.AXES[plane][1]], "made": wish.made,
    }  # fmt: skip
