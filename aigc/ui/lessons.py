"""What to expect of a checkpoint: what its kind does well and what it costs, with its own figures.
Below its card.

Plain Python: no Gradio here.
"""

from __future__ import annotations

import html
from typing import Any

from aigc.checkpoint import Checkpoint
from aigc.ui import figures, texts
from aigc.ui.catalogue import Catalogue

# Family -> the figures that show it, by their names in metrics.json.
SHOWN = {
    "gan": ("precision", "recall"),
    "vae": ("negative_elbo", "negative_log_likelihood"),
    "ladder": ("negative_elbo", "negative_log_likelihood"),
    "attention": ("bits_per_dim", "frechet_distance"),
    "language": ("nats_per_character",),
}
# Families whose likelihoods say which of the two has more room.
BESIDE = {"vae": "ladder", "ladder": "vae"}
LIKELIHOOD = "negative_log_likelihood"


def figure(chosen: Checkpoint, name: str) -> tuple[str, str] | None:
    """What a figure is called and how large it is, as HTML in the visitor's language; None where
    nobody measured it."""
    found = chosen.metrics.get(name)
    if not isinstance(found, dict) or not {"name", "text"} <= found.keys():
        return None
    title = texts.FIGURES.get(found["name"], str(found["name"]))
    return html.escape(title), html.escape(figures.in_units(str(found["text"])))


def steps_of(chosen: Checkpoint) -> int:
    """How many steps a piece takes, each of which looks at all before it; 1 where it comes at
    once."""
    model: Any = chosen.model
    if "attention" not in chosen.capabilities:
        return 1
    grid = getattr(model, "grid", None)
    if grid is not None:
        return int(grid[0] * grid[1])
    return int(getattr(chosen.media, "length", 1))


def expect(catalogue: Catalogue, chosen: Checkpoint) -> str:
    """A folded sentence or two; nothing for a family of which nothing is said."""
    said = texts.EXPECT.get(chosen.family)
    if said is None:
        return ""
    known = [found for name in SHOWN[chosen.family] if (found := figure(chosen, name))]
    listed = texts.AND.join(f"{name} {value}" for name, value in known)
    this = texts.EXPECT_THIS.format(figures=listed) if known else ""
    steps = steps_of(chosen)
    words = said.format(this=this, steps=f"{steps:,}", pairs=f"{steps * (steps + 1) // 2:,}")
    for other in catalogue.checkpoints:
        same = other.dataset == chosen.dataset and other.media == chosen.media
        if same and other.family == BESIDE.get(chosen.family):
            if found := figure(other, LIKELIHOOD):
                words += texts.EXPECT_BESIDE.format(
                    name=html.escape(other.name), figure=found[0], value=found[1]
                )
            break
    return f'<details class="how"><summary>{texts.EXPECT_TITLE}</summary><p>{words}</p></details>'
