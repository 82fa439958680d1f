"""A square between four pictures. A view of Explore."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from aigc import latent
from aigc.ui import figures, kinds, texts

PART, NEEDS = "", "decode"
CONTROLS = ("seed", "label", "label_b", "label_c", "label_d", "side", "path")


def pictures(wish: Any) -> Tensor:
    """(side * side, C, H, W) in [0, 1], row by row. The corners are the first four pictures of
    the seed, as Sample draws them, each of its own class."""
    values, model = wish.values, wish.checkpoint.model
    labels = [values[name] for name in CONTROLS[1:5]]
    with torch.inference_mode():
        ends = [
            model.prior(source, wish.checkpoint.label_index(label))
            for source, label in zip(latent.generators(values["seed"], 4), labels)
        ]
        return model.decode(*latent.square(ends, values["side"], values["path"]))


def facts(wish: Any) -> dict[str, Any]:
    return {}


def show(wish: Any) -> str:
    """One picture of them all, whose corners are named."""
    chosen, side = wish.checkpoint, wish.values["side"]
    alt = texts.CORNERS_ALT.format(name=chosen.name, side=side)
    square = figures.seen(chosen.media, pictures(wish), side, alt, "tile whole")
    return kinds.of(chosen).holdable(f"{square}<p>{texts.CORNERS_INFO}</p>")
