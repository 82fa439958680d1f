"""What each level of a latent decides: the upper ones kept, the rest drawn again. Part of Sample,
for checkpoints whose latent has levels."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import Any

import gradio as gr
import torch
from torch import Tensor

from aigc import latent
from aigc.checkpoint import Checkpoint
from aigc.ui import figures, parts, texts
from aigc.ui.catalogue import Catalogue, read_label, read_seed, read_temperature

NEEDS = "levels"
READERS = {"redrawn": read_seed}
DRAWS = 8  # pictures in a row


@dataclass(frozen=True)
class Wish:
    """A checked request: about the first picture of Sample, drawn again with `other_seed`."""

    checkpoint: Checkpoint
    seed: int
    label: str
    temperature: float
    other_seed: int


def read(
    catalogue: Catalogue, checkpoint: object, seed: object, label: object, temperature: object,
    other_seed: object,
) -> Wish:  # fmt: skip
    """Check everything. Raises ValueError with one sentence."""
    chosen = catalogue.find(checkpoint, NEEDS)
    return Wish(
        chosen, read_seed(seed), read_label(chosen, label), read_temperature(temperature),
        read_seed(other_seed),
    )  # fmt: skip


def rows(wish: Wish) -> Tensor:
    """(levels + 1, DRAWS, C, H, W) in [0, 1]: row k keeps the k upper levels, the last one all.
    What is drawn again is the same all down a column."""
    model: Any = wish.checkpoint.model
    index = wish.checkpoint.label_index(wish.label)
    with torch.inference_mode():
        z, condition = model.prior(latent.generator(wish.seed), index, wish.temperature)
        z = z.expand(DRAWS, -1)
        keeps = range(len(model.levels) + 1)
        drawn = [
            model.redraw(z, keep, latent.generators(wish.other_seed, DRAWS), wish.temperature)
            for keep in keeps
        ]
        made = model.decode(torch.cat(drawn), condition.expand(len(keeps) * DRAWS, -1))
    return made.unflatten(0, (len(keeps), DRAWS))


def page(wish: Wish) -> str:
    """A strip of pictures for each number of levels that are kept."""
    levels = len(wish.checkpoint.model.levels)  # type: ignore[arg-type]
    strips = ""
    for keep, images in enumerate(rows(wish)):
        title = html.escape(texts.LEVELS_KEPT.format(kept=keep, levels=levels))
        sheet = figures.png(wish.checkpoint.media.grid(images, DRAWS))
        strips += (
            f"<figure><figcaption>{title}</figcaption>"
            f'<img class="tile" alt="{title}" src="{figures.address(sheet, "image/png")}"></figure>'
        )
    made = {"checkpoint": wish.checkpoint.name, "seed": wish.seed, "other seed": wish.other_seed}
    return f'<div class="strips">{strips}</div>' + figures.chips(made, wish.checkpoint)


def of_result(catalogue: Catalogue, made: object, other_seed: object) -> Wish:
    """About the result that `made` describes. Raises ValueError with one sentence."""
    given = made if isinstance(made, dict) else {}
    return read(
        catalogue, given.get("checkpoint"), given.get("seed"), given.get("label"),
        given.get("temperature"), other_seed,
    )  # fmt: skip


def build(catalogue: Catalogue, checkpoint: gr.Dropdown, tab: str, made: gr.JSON) -> parts.Panel:
    """Below the page of `tab`, whose settings are `made`; out of sight unless the chosen checkpoint
    has levels."""

    def able(name: str | None) -> bool:
        return bool(name) and NEEDS in catalogue.find(name, "sample").capabilities

    def look(made_now: object, other: object) -> tuple[str, dict[str, int], gr.Accordion]:
        wish = of_result(catalogue, made_now, other)
        return page(wish), {"redrawn": wish.other_seed}, gr.Accordion(open=True)

    def open_link(made_now: object, other: str) -> Any:
        """What a link redrew, if it did."""
        return look(made_now, other) if other != "" else gr.skip()

    def follow(name: str | None) -> gr.Accordion:
        return gr.Accordion(visible=able(name))

    with gr.Accordion(
        texts.LEVELS_TITLE, open=False, visible=able(checkpoint.value), elem_classes="levels"
    ) as whole:
        gr.Markdown(texts.LEVELS_INFO)
        button = gr.Button(texts.LEVELS_DRAW, elem_id="levels-draw")
        result = gr.HTML(js_on_load=None, elem_id="levels-strips")
    view = parts.made_box()
    redrawn = gr.Textbox("", visible=False)  # a link says through this by which seed
    work: dict[str, Any] = {
        "inputs": [made, redrawn], "outputs": [result, view, whole],
        **parts.UNSEEN, **parts.MODEL_WORK,
    }  # fmt: skip
    button.click(parts.spoken(look), js="(made) => [made, aigc.seed()]", **work)
    view.change(None, view, None, js=parts.looks(tab, "levels"), **parts.PRIVATE)
    checkpoint.change(parts.spoken(follow), checkpoint, whole, **parts.QUIET)
    # Not on `change`: a link changes it, too, and this may come after what the link redrew.
    checkpoint.input(
        lambda: ("", None), None, [result, view], **parts.LATEST, **parts.QUIET
    )  # fmt: skip
    return parts.Panel(
        {"redrawn": redrawn}, [result, view], {"fn": parts.spoken(open_link), **work}
    )
