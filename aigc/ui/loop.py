"""A walk through several pictures that comes back to the first. A view of Explore."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from aigc import latent
from aigc.ui import figures, kinds, texts

PART, NEEDS = "", "decode"
CONTROLS = ("seed", "label", "stops", "leg", "path")
LOOKS = ("frame",)


def pictures(wish: Any) -> Tensor:
    """The frames (stops * leg, C, H, W) in [0, 1]; after the last one the first follows without
    a jump. The stops are the first pictures of the seed, as Sample draws them."""
    values, model = wish.values, wish.checkpoint.model
    index = wish.checkpoint.label_index(values["label"])
    with torch.inference_mode():
        stops = [
            model.prior(source, index)
            for source in latent.generators(values["seed"], values["stops"])
        ]
        return model.decode(*latent.loop(stops, values["leg"], values["path"]))


def facts(wish: Any) -> dict[str, Any]:
    return {}


def film(wish: Any) -> tuple[Tensor, bool]:
    return pictures(wish), True


def show(wish: Any) -> str:
    """The player, which goes round."""
    frames = pictures(wish)
    info = texts.LOOP_INFO.format(frames=len(frames), stops=wish.values["stops"])
    first = wish.values.get("frame", 1)
    media = wish.checkpoint.media
    walk = kinds.of(wish.checkpoint).walk(media, frames)
    return f"{figures.player(media, frames, True, first)}{walk}<p>{info}</p>"
