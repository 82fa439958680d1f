"""What temperature costs and gives: fidelity against variety, measured, above the same samples at
each temperature. A view of Explore."""

from __future__ import annotations

import html
from typing import Any

import torch
from torch import Tensor

from aigc import latent
from aigc.survey import TRADEOFF
from aigc.ui import figures, texts
from aigc.ui.catalogue import surveyed

PART, NEEDS = "tradeoff", "sample"
CONTROLS = ("seed", "label")
ACROSS = 10  # samples at each temperature
LINES = ("accuracy", "precision", "recall", "coverage")


def pictures(wish: Any) -> Tensor:
    """(temperatures * ACROSS, C, H, W) in [0, 1]: the first pictures of the seed at each
    temperature that was measured."""
    index = wish.checkpoint.label_index(wish.values["label"])
    made = [
        wish.checkpoint.model.sample(
            latent.generators(wish.values["seed"], ACROSS), [index] * ACROSS, temperature
        )
        for temperature in surveyed(wish.checkpoint, PART)["tradeoff"][:, 0].tolist()
    ]
    return torch.cat(made)


def facts(wish: Any) -> dict[str, Any]:
    table = surveyed(wish.checkpoint, PART)["tradeoff"]
    return {"measured": [dict(zip(TRADEOFF, row)) for row in table.tolist()]}


def chart(table: Tensor) -> str:
    """LINES over the temperature, as SVG: (T, 6) -> from 0 to 100%."""
    low, high = table[0, 0].item(), table[-1, 0].item()
    lines, words = "", ""
    for at, name in enumerate(LINES):
        values = table[:, TRADEOFF.index(name)].tolist()
        points = " ".join(
            f"{100 * (t - low) / (high - low or 1):.1f},{58 - 56 * value:.1f}"
            for t, value in zip(table[:, 0].tolist(), values)
        )
        lines += f'<polyline class="line{at}" points="{points}"/>'
        words += f'<span class="line{at}">{texts.TRADEOFF[name]}</span>'
    return (
        f'<section class="compare lines"><h4>{words}</h4>'
        f'<svg viewBox="0 0 100 60" preserveAspectRatio="none" role="img" '
        f'aria-label="{texts.TRADEOFF_TITLE}">{lines}</svg>'
        f'<div class="ends"><span>{low:g}</span><span>{texts.TEMPERATURE}</span>'
        f"<span>{high:g}</span></div></section>"
    )


def show(wish: Any) -> str:
    """The chart, the numbers, and the same samples at each temperature."""
    chosen = wish.checkpoint
    survey = surveyed(chosen, PART)
    table = survey["tradeoff"]
    head = "".join(f"<th>{texts.TRADEOFF[name]}</th>" for name in TRADEOFF)
    rows = ""
    for row, made in zip(table.tolist(), pictures(wish).split(ACROSS)):
        values = dict(zip(TRADEOFF, row))
        cells = "".join(
            f"<td>{value:g}</td>" if name == "temperature"
            else f"<td>{value:.2f}</td>" if name == "frechet" else f"<td>{value:.1%}</td>"
            for name, value in ((name, round(values[name], 4)) for name in TRADEOFF)
        )  # fmt: skip
        sheet = figures.address(figures.png(chosen.media.grid(made, ACROSS)), "image/png")
        alt = texts.AT_TEMPERATURE.format(temperature=f"{round(values['temperature'], 4):g}")
        rows += f'<tr>{cells}<td><img class="tile" alt="{alt}" src="{sheet}"></td></tr>'
    said = texts.TRADEOFF_INFO.format(
        samples=survey.about.get("samples", "?"),
        classifier=html.escape(survey.about.get("classifier", "?")),
    )
    return (
        f'{chart(table)}<div class="wide"><table class="measured"><thead><tr>{head}'
        f"<th>{texts.SAME_SEED}</th></tr></thead><tbody>{rows}</tbody></table></div><p>{said}</p>"
    )
