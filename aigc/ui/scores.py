"""What the discriminator says of each sample, under its picture. Part of Sample, for checkpoints
that judge; a switch takes it away, without asking anybody (static/style.css)."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import Any

import gradio as gr
import torch
from torch import Tensor

from aigc import latent
from aigc.checkpoint import Checkpoint, shown
from aigc.survey import quantile_of
from aigc.ui import figures, judge, parts, texts
from aigc.ui.catalogue import Catalogue, survey_of

NEEDS = judge.NEEDS
OFF = "off"


def read_scores(value: object) -> bool:
    """Whether they are in sight, which they are unless a link says `off`. Raises ValueError with
    one sentence."""
    if value not in ("on", OFF):
        known = texts.either(("on", OFF))
        raise ValueError(
            texts.NO_CHOICE.format(name=texts.SCORES_SWITCH, known=known, value=shown(value))
        )
    return value != OFF


READERS = {"scores": read_scores}


@dataclass(frozen=True)
class Scores:
    """Of a batch of N pictures."""

    logits: list[float]
    """Before the sigmoid."""
    above: list[float] | None
    """The share in [0, 1] of the test images of its class that score lower than each; None where
    nobody measured them."""

    @property
    def facts(self) -> dict[str, Any]:
        """What the endpoint says of them."""
        return {"scores": self.logits, "above_test_images": self.above}


@torch.inference_mode()
def of(wish: Any, images: Tensor) -> Scores | None:
    """Of the samples (N, C, H, W) in [0, 1] of a request of Sample, each judged as the class that
    it was drawn as; None where the checkpoint does not judge."""
    chosen: Checkpoint = wish.checkpoint
    if NEEDS not in chosen.capabilities:
        return None
    model: Any = chosen.model
    index = chosen.label_index(wish.label)
    conditions = torch.stack([
        model.prior(source, index, wish.temperature)[1]
        for source in latent.generators(wish.seed, len(images))
    ])  # fmt: skip  # (N, K)
    logits = model.discriminate(images, conditions).tolist()
    survey = survey_of(chosen, judge.PART)
    if survey is None:
        return Scores(logits, None)
    real = survey["scores.real"]  # (K, Q)
    classes = conditions.argmax(1).tolist()
    return Scores(logits, [quantile_of(score, real[k]) for score, k in zip(logits, classes)])


def captions(chosen: Checkpoint, found: Scores) -> list[str]:
    """What stands under each picture: the score, and a bar as long as `above`."""
    if found.above is None:
        return [f'<span class="score">{score:.2f}</span>' for score in found.logits]
    images = texts.SCORED_IMAGES[bool(chosen.labels)]
    items = []
    for score, above in zip(found.logits, found.above):
        title = texts.SCORED.format(score=f"{score:.2f}", share=f"{above:.0%}", images=images)
        items.append(
            f'<span class="score" title="{title}">{score:.2f}'
            f'<i style="width:{100 * above:.0f}%"></i></span>'
        )
    return items


def sentence(wish: Any, found: Scores | None) -> str:
    """What the numbers under the pictures are, and where there is more of them."""
    if found is None:
        return ""
    if found.above is None:
        return f'<p class="said scored">{texts.SCORES_UNDER_ALONE}</p>'
    these = {
        "seed": wish.seed, "label": wish.label, "count": wish.count,
        "temperature": wish.temperature,
    }  # fmt: skip
    said = texts.SCORES_UNDER.format(
        images=texts.SCORED_IMAGES[bool(wish.checkpoint.labels)],
        share=f"{median(found.above):.0%}",
    )
    links = []
    for title, asked, part in (
        (texts.SCORES_MORE, these, ""), (texts.SCORES_DRAWING, {}, f"#{judge.PAD}")
    ):  # fmt: skip
        query = {"tab": "explore", "checkpoint": wish.checkpoint.name, "look": "scores", **asked}
        links.append(figures.link(title, query, part))
    return f'<p class="said scored">{said} {" · ".join(links)}</p>'


def build(catalogue: Catalogue, checkpoint: gr.Dropdown, tab: str) -> gr.Checkbox:
    """The switch; out of sight unless the chosen checkpoint judges."""

    def able(name: str | None) -> bool:
        return bool(name) and NEEDS in catalogue.find(name, "sample").capabilities

    def follow(name: str | None) -> gr.Checkbox:
        return gr.Checkbox(visible=able(name))

    switch = gr.Checkbox(
        True, label=texts.SCORES_SWITCH, container=False, visible=able(checkpoint.value),
        elem_classes="switch",
    )  # fmt: skip
    checkpoint.change(parts.spoken(follow), checkpoint, switch, **parts.QUIET)
    switch.change(None, switch, None, js=f"(on) => aigc.scores('{tab}', on)", **parts.PRIVATE)
    return switch
