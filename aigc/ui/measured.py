"""What was measured of a checkpoint, in a sentence where somebody samples: how near its samples
come to what it learned, and what the temperature does. Part of Sample."""

from __future__ import annotations

import gradio as gr

from aigc.checkpoint import Checkpoint
from aigc.survey import columns
from aigc.ui import figures, parts, texts, tradeoff
from aigc.ui.catalogue import Catalogue, survey_of

NEEDS = "sample"
COPIES = ("near_copies", "copied_lines", "copied_windows")


def beside_real(checkpoint: Checkpoint, key: str) -> dict[str, str] | None:
    """A figure that says what real pictures or texts show in its place, see `figures.measured`."""
    found = figures.measured(checkpoint, key)
    return found if found and "reference_text" in found else None


def copies(checkpoint: Checkpoint) -> str:
    """How much of what it makes it learned by heart, as its card has it; '' where nobody
    measured it. How it was measured shows on hovering, and folded below."""
    for key in COPIES:
        if found := beside_real(checkpoint, key):
            told = [key]
            said = texts.COPIES[key].format(share=found["text"], real=found["reference_text"])
            if inside := beside_real(checkpoint, f"{key}_features"):
                said += texts.COPIES_FEATURES.format(share=inside["text"])
                told.append(f"{key}_features")
            if near := beside_real(checkpoint, "nearest_training"):
                said += texts.COPIES_NEAREST.format(
                    distance=near["text"], real=near["reference_text"]
                )
                told.append("nearest_training")
            return (
                f'<p class="said copies" title="{found.get("protocol", "")}">{said}{texts.STOP}</p>'
                + figures.defined(checkpoint, told)
            )
    return ""


def at_temperatures(checkpoint: Checkpoint, temperature: float) -> str:
    """What was measured at each temperature, the one nearest to `temperature` in sight
    (`aigc.nearest` shows another); '' where nobody measured it."""
    survey = survey_of(checkpoint, tradeoff.PART)
    if survey is None:
        return ""
    table = survey[tradeoff.PART].tolist()
    nearest = min(range(len(table)), key=lambda i: abs(table[i][0] - temperature))
    said = ""
    for i, row in enumerate(table):
        values = dict(zip(columns(checkpoint), row))
        sentence = texts.TRADEOFF_HERE.format(
            temperature=f"{values['temperature']:.4g}", frechet=f"{values['frechet']:.2f}",
            **{name: f"{values[name]:.1%}" for name in ("precision", "recall")},
        )  # fmt: skip
        away = "" if i == nearest else " hidden"
        said += f'<p data-at="{values["temperature"]:.4g}"{away}>{sentence}</p>'
    query = {"tab": "explore", "checkpoint": checkpoint.name, "look": "tradeoff"}
    return f'<div class="said">{said}{figures.link(texts.TRADEOFF_ALL, query)}</div>'


def build(catalogue: Catalogue, checkpoint: gr.Dropdown, temperature: gr.Slider) -> gr.HTML:
    """Below the slider; another temperature asks nobody."""

    def beside(name: str | None, value: float) -> gr.HTML:
        said = at_temperatures(catalogue.find(name, NEEDS), value) if name else ""
        return gr.HTML(said, visible=bool(said))

    chosen = checkpoint.value
    said = at_temperatures(catalogue.find(chosen, NEEDS), temperature.value) if chosen else ""
    box = gr.HTML(
        said, visible=bool(said), js_on_load=None, elem_id="sample-measured", padding=True
    )
    checkpoint.change(parts.spoken(beside), [checkpoint, temperature], box, **parts.QUIET)
    temperature.change(
        None, temperature, None, js="(t) => aigc.nearest('#sample-measured p', t)", **parts.PRIVATE
    )
    return box
