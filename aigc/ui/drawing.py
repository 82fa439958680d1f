"""A drawing in the latent space: encoded, decoded, and what either costs. Part of Interpolate,
for checkpoints that encode.

A link carries all of it: the drawing, its class, the class that it was decoded as, and the latents
that were moved. What every position of every slider shows is decoded beforehand, so that moving one
asks nobody (static/latents.js).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gradio as gr
import torch
from torch import Tensor

from aigc import latent
from aigc.checkpoint import Checkpoint, shown
from aigc.ui import figures, parts, pictures, texts
from aigc.ui.catalogue import ANY, Catalogue, read_label

NEEDS = "encode"
SLIDERS = 6  # the latents that say most about a drawing
MAX_LATENTS = 4096
REACH = 4.0  # a slider's end; the prior is beyond it once in 16,000 times
STEP = 0.25  # between the positions of a slider, of which one more is where the drawing stands
DRAWS = 16  # of q(z|x), over which the reconstruction term is averaged
BAR_NATS = 8.0  # a full bar


def read_latents(value: object) -> dict[int, float]:
    """`3:1.25,17:-0.5`, the latents that were moved, counted from 1 -> index -> value. Raises
    ValueError with a sentence."""
    changes: dict[int, float] = {}
    try:
        for pair in str(value or "").split(",") if value else ():
            number, _, size = pair.partition(":")
            at, to = int(number) - 1, float(size)
            if not (0 <= at < MAX_LATENTS and math.isfinite(to)):
                raise ValueError
            changes[at] = max(-REACH, min(REACH, to))
    except ValueError:
        raise ValueError(texts.NO_LATENTS.format(reach=f"{REACH:g}", value=shown(value))) from None
    return changes


def said_latents(changes: dict[int, float]) -> str:
    """The inverse of `read_latents`."""
    return ",".join(f"{at + 1}:{value:g}" for at, value in sorted(changes.items()))


@dataclass(frozen=True)
class Study:
    """What the model makes of one drawing."""

    checkpoint: Checkpoint
    image: Tensor
    """The drawing as the model gets it, (C, H, W) in [0, 1]."""
    mean: Tensor
    """Of q(z|x), (L,)."""
    kl: Tensor
    """Of each latent, in nats, (L,): the mean over the same draws as `nll`."""
    nll: float
    """The reconstruction term, in nats: the mean of -log p(x|z) over DRAWS z of q(z|x)."""

    @property
    def top(self) -> list[int]:
        """The latents with the largest KL, the largest first."""
        return self.kl.argsort(descending=True, stable=True)[:SLIDERS].tolist()


def study(catalogue: Catalogue, checkpoint: object, label: object, data: object) -> Study:
    """Encode what a pad sent, as a picture of class `label`. Raises ValueError with a sentence."""
    chosen = catalogue.find(checkpoint, NEEDS)
    index = chosen.label_index(read_label(chosen, label))
    image = pictures.read_given(chosen.media, data)
    model: Any = chosen.model
    with torch.inference_mode():
        condition = model.condition(index)[None]
        mean, _ = model.encode(image[None], condition)
        many = image.expand(DRAWS, *image.shape)
        nll, kl = model.elbo(many, condition.expand(DRAWS, -1), latent.generator(0))
    # Where levels hang on those above, the KL depends on the draw, too.
    return Study(chosen, image, mean[0], kl.mean(0), float(nll.mean()))


def decoded(chosen: Checkpoint, mean: Tensor, label: object, changes: dict[int, float]) -> Tensor:
    """The picture (C, H, W) of a latent (L,) of which some numbers are others, as class `label`."""
    model: Any = chosen.model
    index = chosen.label_index(read_label(chosen, label))
    z = mean.clone()
    for at, value in changes.items():
        z[at] = max(-REACH, min(REACH, float(value)))
    return model.decode(z[None], model.condition(index)[None])[0]


def weighed(one: Study) -> str:
    """What the KL term counted in training; nothing where the checkpoint does not say so."""
    recipe = one.checkpoint.training.get("recipe")
    beta = recipe.get("beta") if isinstance(recipe, dict) else None
    return texts.TERMS_WEIGHED.format(beta=f"{beta:g}") if isinstance(beta, (int, float)) else ""


def terms(one: Study, label: object) -> str:
    """The drawing beside its reconstruction, and the two terms of the bound."""
    total = float(one.kl.sum())
    shown = (
        (texts.TERM_RECONSTRUCTION, one.nll), (texts.TERM_KL, total), ("−ELBO", one.nll + total),
    )  # fmt: skip
    cells = "".join(
        f"<div><dt>{name}</dt><dd>{texts.NATS.format(value=f'{value:.1f}')}</dd></div>"
        for name, value in shown
    )
    media = one.checkpoint.media
    back = decoded(one.checkpoint, one.mean, label, {})
    return (
        '<div class="coded">'
        + figures.captioned(media, one.image, texts.AS_GIVEN, own=True)
        + figures.captioned(media, back, texts.CAME_BACK)
        + f"<dl>{cells}</dl><p>{texts.TERMS_INFO.format(draws=DRAWS)} {weighed(one)}</p></div>"
    )


def sheets(
    chosen: Checkpoint, mean: Tensor, top: list[int], kl: list[float], label: object,
    changes: dict[int, float],
) -> dict[str, Any]:  # fmt: skip
    """What the viewer takes: for each latent in `top`, with its `kl` in nats, a row of pictures of
    class `label`, one for each position of its slider while the other latents are as in
    `changes`, or else as in `mean` (L,)."""
    model: Any = chosen.model
    grid = [k * STEP for k in range(round(-REACH / STEP), round(REACH / STEP) + 1)]
    rows: list[dict[str, Any]] = []
    latents: list[Tensor] = []
    now = mean.clone()
    for at, value in changes.items():
        now[at] = value
    for at, nats in zip(top, kl):
        stands = round(max(-REACH, min(REACH, float(mean[at]))), 2)
        positions = sorted({*grid, stands, changes.get(at, stands)})
        for position in positions:
            z = now.clone()
            # Where nobody moved it, a latent keeps its own number, of which the slider shows two
            # digits.
            z[at] = mean[at] if position == stands else position
            latents.append(z)
        rows.append({
            "latent": at + 1, "share": min(100.0, 100 * nats / BAR_NATS),
            "title": f"z{at + 1} · KL {texts.NATS.format(value=f'{nats:.2f}')}",
            "positions": positions, "stands": positions.index(stands),
            "at": positions.index(changes.get(at, stands)),
        })  # fmt: skip
    condition = model.condition(chosen.label_index(read_label(chosen, label)))
    with torch.inference_mode():
        made = model.decode(torch.stack(latents), condition.expand(len(latents), -1))
    for row, images in zip(rows, made.split([len(row["positions"]) for row in rows])):
        sheet = figures.png(chosen.media.grid(images, len(images)))
        row["sheet"] = figures.address(sheet, "image/png")
    return {"rows": rows, "width": chosen.media.width, "height": chosen.media.height}


@dataclass(frozen=True)
class Explorer:
    """What Interpolate hands on to the shell (parts.Page)."""

    settings: dict[str, Any]
    readers: dict[str, Callable[[object], Any]]
    opening: dict[str, Any]


def build(catalogue: Catalogue, checkpoint: gr.Dropdown, able: bool, tab: str) -> Explorer:
    """The explorer below the page of `tab`; out of sight unless the chosen checkpoint encodes."""

    def look(name: str, label: str, data: str, style: str = "", moved: str = "") -> dict[Any, Any]:
        """`style` is the other class, `moved` the latents that a link moves."""
        one = study(catalogue, name, label, data)
        style = read_label(one.checkpoint, style or label)
        asked = read_latents(moved)
        changes = {at: asked[at] for at in one.top if at in asked}
        now = {"checkpoint": one.checkpoint.name, "mean": one.mean.tolist(), "top": one.top,
               "kl": one.kl[one.top].tolist(), "label_drawn": label,
               "drawing": pictures.pack(one.checkpoint.media, one.image)}  # fmt: skip
        return {
            result: terms(one, label), viewer: viewed(now, style, changes), kept: now,
            view: carried(now, style, changes), other: style,
            explorer: gr.Column(visible=True), whole: gr.Accordion(open=True),
        }  # fmt: skip

    def open_link(name: str, label: str, data: str, style: str, moved: str) -> Any:
        """The drawing that a link brought, if it did."""
        return look(name, label, data, style, moved) if data else gr.skip()

    def carried(now: dict[str, Any], style: str, changes: dict[int, float]) -> dict[str, str]:
        """What the address carries."""
        return {"drawing": now["drawing"], "label_drawn": now["label_drawn"], "label_as": style,
                "latents": said_latents(changes)}  # fmt: skip

    def viewed(now: dict[str, Any], style: str, changes: dict[int, float]) -> dict[str, Any]:
        """What the viewer takes."""
        chosen = catalogue.find(now["checkpoint"], NEEDS)
        mean = torch.tensor(now["mean"])
        value = sheets(chosen, mean, now["top"], now["kl"], style, changes)
        return {**value, "tab": tab, "view": carried(now, style, changes)}

    def move(now: dict[str, Any] | None, style: str, moved: str) -> dict[str, Any]:
        if not now:
            raise ValueError(texts.PAD_EMPTY)
        asked = read_latents(moved)
        changes = {at: asked[at] for at in now["top"] if at in asked}
        return {**viewed(now, style, changes), "again": True}

    def follow(name: str, now: dict[str, Any] | None) -> dict[Any, Any]:
        there = bool(name) and NEEDS in catalogue.find(name, "decode").capabilities
        updates: dict[Any, Any] = {whole: gr.Accordion(visible=there)}
        if now and now["checkpoint"] != name:
            updates |= {result: "", explorer: gr.Column(visible=False), kept: None, view: {}}
        return updates

    labels = parts.labels(catalogue, checkpoint.value, NEEDS) if able else [(ANY, ANY)]
    with gr.Accordion(
        texts.CODE_TITLE, open=False, visible=able, elem_classes="code"
    ) as whole, gr.Row():  # fmt: skip
        with gr.Column(scale=2, min_width=260):
            pad = pictures.pad(texts.CODE_PAD)
            label = parts.Choice(labels, value=ANY, label=texts.CODE_CLASS)
            button = gr.Button(texts.CODE_LOOK, elem_id="code-look")
            result = gr.HTML(js_on_load=None, elem_id="code-terms")
        with gr.Column(scale=3, min_width=300, visible=False) as explorer:
            other = parts.Choice(labels, value=ANY, label=texts.CODE_OTHER)
            viewer = parts.viewer("latents", texts.LATENTS, elem_id="code-latents")
    kept, view = gr.State(None), parts.made_box()
    moved = gr.Textbox("", visible=False)  # a link says which through this
    work: dict[str, Any] = {**parts.UNSEEN, **parts.MODEL_WORK}
    shown_parts = [result, viewer, kept, view, other, explorer, whole]
    button.click(parts.spoken(look), [checkpoint, label, pad], shown_parts, **work)
    # The browser asks, once a slider rests.
    rested = gr.Button(visible="hidden", elem_id="code-moved")
    gr.on(
        [other.input, rested.click], parts.spoken(parts.in_turn(move)), [kept, other, moved],
        viewer, js="(kept, other) => [kept, other, aigc.latents.said()]",
        **parts.LATEST, **parts.QUIET,
    )  # fmt: skip
    view.change(None, view, None, js=parts.looks(tab, "drawing"), **parts.PRIVATE)
    parts.follow_checkpoint(catalogue, "decode", checkpoint, [label, other])
    checkpoint.change(
        parts.spoken(follow), [checkpoint, kept], [whole, result, explorer, kept, view],
        **parts.QUIET,
    )  # fmt: skip
    return Explorer(
        {"drawing": pad, "label_drawn": label, "label_as": other, "latents": moved},
        {"drawing": pictures.read_packed,
         "latents": lambda value: said_latents(read_latents(value))},
        {"fn": parts.spoken(open_link), "inputs": [checkpoint, label, pad, other, moved],
         "outputs": shown_parts, **work},
    )  # fmt: skip
