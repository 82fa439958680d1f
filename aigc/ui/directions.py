"""The directions along which a picture changes most, named by what they change. A view of
Explore."""

from __future__ import annotations

import html
from typing import Any

import torch
from torch import Tensor

from aigc import latent
from aigc.checkpoint import Checkpoint
from aigc.survey import Survey
from aigc.ui import figures, kinds, texts
from aigc.ui.catalogue import survey_of, surveyed

PART, NEEDS = "directions", "decode"
MOVES = ("move_1", "move_2", "move_3", "move_4", "move_5", "move_6")
CONTROLS = ("seed", "label", *MOVES)
REACH = 4.0  # standard deviations of the prior
STRIP = (-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0)
NOTABLE_LOGITS = 0.15  # between the class it leads to and the one it leads away from
NOTABLE = 0.25  # standard deviations of a look, from which on it names a direction


def by_channel(response: Tensor, channels: int) -> Tensor:
    """What a direction changes in each colour of a stacked model, whose K^C classes are those of
    its C channels side by side: response (K^C,) of log probabilities, which are sums over the
    channels -> the terms of each channel, around their mean, (C, K)."""
    table = response.view([round(len(response) ** (1 / channels))] * channels)
    others = [[d for d in range(channels) if d != channel] for channel in range(channels)]
    found = torch.stack([table.mean(dims) for dims in others])
    return found - found.mean(1, keepdim=True)


def colours(chosen: Checkpoint) -> int:
    """How many channels have classes of their own, 0 where a picture's class is one thing."""
    return chosen.media.channels if chosen.dataset.startswith("stacked-") else 0


def name_of(chosen: Checkpoint, survey: Survey, at: int) -> str:
    """A direction by what two steps along it change: the two colours whose classes it changes most,
    where there are such; or the looks that move notably, the strongest first; or else the classes
    that the classifier sees more and less of, where that is notable, too."""
    if count := colours(chosen):
        channels = by_channel(survey["directions.response"][at], count)
        strongest = (channels.amax(1) - channels.amin(1)).argsort(descending=True)[:2]
        return texts.AND.join(
            texts.CHANNEL_TOWARD.format(channel=texts.CHANNELS[i], more=int(channels[i].argmax()))
            for i in strongest.tolist()
        )
    looks = survey["directions.looks"][at]
    order = [int(i) for i in looks.abs().argsort(descending=True)]
    said = [
        texts.LOOKS[chosen.media.LOOKS[i]][0 if looks[i] > 0 else 1]
        for i in order[:2] if abs(float(looks[i])) >= NOTABLE
    ]  # fmt: skip
    logits = survey["directions.response"][at]
    if chosen.labels and not said and float(logits.max() - logits.min()) >= NOTABLE_LOGITS:
        more, less = (chosen.labels[int(at)] for at in (logits.argmax(), logits.argmin()))
        said.append(texts.TOWARDS.format(more=more, less=less))
    return texts.AND.join(said) or texts.LITTLE


def titles(chosen: Checkpoint | None) -> list[tuple[bool, str]]:
    """For each of MOVES, whether the checkpoint has it, and its name."""
    survey = survey_of(chosen, PART) if chosen else None
    if chosen is None or survey is None:
        return [(False, "")] * len(MOVES)
    count = len(survey["directions.vectors"])
    return [
        (
            i < count,
            f"{i + 1} · {name_of(chosen, survey, i)}" if i < count else "",
        )
        for i in range(len(MOVES))
    ]


def moves(wish: Any, count: int) -> Tensor:
    """How far along each direction, (count,)."""
    return torch.tensor([wish.values[move] for move in MOVES[:count]])


def pictures(wish: Any) -> Tensor:
    """(2, C, H, W) in [0, 1]: before and after."""
    return strips(wish)[0]


def strips(wish: Any) -> tuple[Tensor, Tensor]:
    """Before and after, (2, C, H, W); and for each direction the picture after, moved by STRIP
    more along it, (D, len(STRIP), C, H, W)."""
    survey = surveyed(wish.checkpoint, PART)
    vectors = survey["directions.vectors"][: len(MOVES)]  # (D, L)
    model = wish.checkpoint.model
    index = wish.checkpoint.label_index(wish.values["label"])
    with torch.inference_mode():
        z, condition = model.prior(latent.generator(wish.values["seed"]), index)
        moved = z + moves(wish, len(vectors)) @ vectors
        fan = moved + torch.tensor(STRIP)[:, None] * vectors[:, None]  # (D, S, L)
        latents = torch.cat([z[None], moved[None], fan.flatten(0, 1)])
        made = model.decode(latents, condition.expand(len(latents), -1))
    return made[:2], made[2:].unflatten(0, fan.shape[:2])


def facts(wish: Any) -> dict[str, Any]:
    """What each direction changes, for two more along it."""
    chosen = wish.checkpoint
    survey = surveyed(chosen, PART)
    return {
        "directions": [
            {
                "looks": dict(zip(chosen.media.LOOKS, look.tolist())),
                "classifier": dict(zip(chosen.labels, logits.tolist())),
                "channels": by_channel(logits, n).tolist() if (n := colours(chosen)) else [],
            }
            for look, logits in zip(survey["directions.looks"], survey["directions.response"])
        ]
    }


def show(wish: Any) -> str:
    """Before and after, and a strip along each direction with its measured effects."""
    chosen, survey = wish.checkpoint, surveyed(wish.checkpoint, PART)
    ends, fan = strips(wish)
    rows = ""
    for i, row in enumerate(fan):
        name = html.escape(name_of(chosen, survey, i))
        looks = " · ".join(
            f"{texts.LOOKS[look][2]} {value:+.2f} σ"
            for look, value in zip(chosen.media.LOOKS, survey["directions.looks"][i].tolist())
        )
        if chosen.labels:
            logits = survey["directions.response"][i]
            looks += " · " + texts.LOGITS.format(
                more=html.escape(chosen.labels[int(logits.argmax())]), up=f"{logits.max():+.2f}",
                less=html.escape(chosen.labels[int(logits.argmin())]), down=f"{logits.min():+.2f}",
            )  # fmt: skip
        if count := colours(chosen):
            channels = by_channel(survey["directions.response"][i], count)
            for colour, channel in zip(texts.CHANNELS, channels):
                looks += f" · {colour}: " + texts.LOGITS.format(
                    more=int(channel.argmax()), up=f"{channel.max():+.2f}",
                    less=int(channel.argmin()), down=f"{channel.min():+.2f}",
                )  # fmt: skip
        alt = texts.DIRECTION_ALT.format(number=i + 1)
        strip = figures.seen(chosen.media, row, len(row), alt, "tile strip-image")
        rows += f"<h2>{i + 1} · {name}</h2>{strip}<p>{looks}</p>"
    info = texts.DIRECTIONS_INFO.format(
        samples=survey.about.get("samples", "?"),
        classifier=html.escape(survey.about.get("classifier", "?")),
    )
    kind, titles = kinds.of(chosen), (texts.BEFORE, texts.AFTER)
    pair = "".join(
        figures.captioned(chosen.media, image, title, beside=beside)
        for image, title, beside in zip(ends, titles, kind.beside(chosen.media, ends, titles))
    )
    shown = f'<div class="two">{pair}</div><section class="ways">{rows}<p>{info}</p></section>'
    return kind.holdable(shown)
