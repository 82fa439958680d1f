"""What temperature costs and gives: fidelity against variety, measured, above the same samples at
each temperature. A view of Explore."""

from __future__ import annotations

import html
from typing import Any

import torch
from torch import Tensor

from aigc import latent
from aigc.checkpoint import Checkpoint
from aigc.survey import columns
from aigc.ui import figures, texts
from aigc.ui.catalogue import surveyed

PART, NEEDS = "tradeoff", "sample"
CONTROLS = ("seed", "label")
ACROSS = 10  # samples at each temperature
SHARES = (1, 3, 4, 5)  # columns that are shares and stand in the chart


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
    names = columns(wish.checkpoint)
    return {"measured": [dict(zip(names, row)) for row in table.tolist()]}


def chart(chosen: Checkpoint, table: Tensor) -> str:
    """SHARES over the temperature, as SVG: (T, 6) -> from 0 to 100%."""
    low, high = table[0, 0].item(), table[-1, 0].item()
    across = [(t - low) / (high - low or 1) for t in table[:, 0].tolist()]
    lines = {
        texts.TRADEOFF[columns(chosen)[column]]: list(zip(across, table[:, column].tolist()))
        for column in SHARES
    }
    return figures.curves(lines, texts.TRADEOFF_TITLE, (f"{low:g}", texts.TEMPERATURE, f"{high:g}"))


def show(wish: Any) -> str:
    """The chart, the numbers, and the same samples at each temperature."""
    chosen = wish.checkpoint
    survey = surveyed(chosen, PART)
    table, names = survey["tradeoff"], columns(chosen)
    head = "".join(f"<th>{texts.TRADEOFF[name]}</th>" for name in names)
    rows = ""
    for row, made in zip(table.tolist(), pictures(wish).split(ACROSS)):
        values = dict(zip(names, row))
        cells = "".join(
            f"<td>{value:g}</td>" if name == "temperature"
            else f"<td>{value:.2f}</td>" if name == "frechet" else f"<td>{value:.1%}</td>"
            for name, value in ((name, round(values[name], 4)) for name in names)
        )  # fmt: skip
        sheet = figures.address(figures.png(chosen.media.grid(made, ACROSS)), "image/png")
        alt = texts.AT_TEMPERATURE.format(temperature=f"{round(values['temperature'], 4):g}")
        rows += f'<tr>{cells}<td><img class="tile" alt="{alt}" src="{sheet}"></td></tr>'
    said = texts.TRADEOFF_INFO.format(
        samples=survey.about.get("samples", "?"),
        classifier=html.escape(survey.about.get("classifier", "?")),
    )
    return (
        chart(chosen, table)
        + figures.table(
            f"<thead><tr>{head}<th>{texts.SAME_SEED}</th></tr></thead><tbody>{rows}</tbody>",
            texts.VIEWS["tradeoff"],
        )
        + f"<p>{said}</p>"
    )
