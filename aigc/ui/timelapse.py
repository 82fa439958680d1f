"""Training as a film: what a model drew from the same noise at each stage, and its figures then.

Runs are checkpoints that kept their snapshots, and films (aigc.film), of which nothing else was
kept. All frames travel to the browser once; the slider and the player work there
(static/timelapse.js) and ask nobody.
"""

from __future__ import annotations

from typing import Any

import gradio as gr

from aigc.checkpoint import Broken, Checkpoint, CheckpointError, snapshots
from aigc.film import Film
from aigc.ui import figures, labels, parts, texts
from aigc.ui.catalogue import Catalogue, read_frame, reason

ID = "timelapse"
NEEDS = "snapshots"

ALONE = "none"  # no second run beside the first


def read_beside(catalogue: Catalogue, value: object) -> str:
    """The name of a second run, or 'none'. Raises ValueError with a sentence."""
    if value in ("", None, ALONE):
        return ALONE
    return catalogue.find(value, NEEDS).name


def others(catalogue: Catalogue) -> list[tuple[str, str]]:
    """The choices of a second run."""
    return [(texts.ALONE, ALONE), *catalogue.choices(NEEDS)]


def paired(chosen: Checkpoint) -> bool:
    """Whether the discriminator of a GAN was trained on pairs, as it is by default; its loss means
    another thing then."""
    recipe = chosen.training.get("recipe")
    return not isinstance(recipe, dict) or recipe.get("loss", "relativistic") == "relativistic"


def weighed(chosen: Checkpoint) -> dict[str, str]:
    """What the recipe says of the KL term, by the names in `texts.SCRIPT`: how often it counts,
    over which share of the run that rises from nothing, the nats that a level pays for at least,
    and over which share these fall to nothing. Only what is known and plays a part."""
    given = chosen.training.get("recipe")
    recipe = given if isinstance(given, dict) else {}
    numbers = {name: one for name, one in recipe.items() if isinstance(one, (int, float))}
    found = {"beta": f"{numbers['beta']:g}"} if "beta" in numbers else {}
    if warmup := numbers.get("kl_warmup"):
        found["warmup"] = f"{warmup:.0%}"
    if free := numbers.get("free_bits"):
        found["free"] = f"{free:g}"
        if (until := numbers.get("free_until", 1)) < 1:
            found["until"] = f"{until:.0%}"
    return found


def begun(chosen: Checkpoint) -> dict[str, Any]:
    """The checkpoint whose weights the run began with and what that had learned from, by the names
    in `texts.SCRIPT`; nothing of a run that began with random ones."""
    started = chosen.training.get("started")
    if not isinstance(started, dict):
        return {}
    name, images = started.get("name"), started.get("images")
    known = isinstance(name, str) and isinstance(images, (int, float))
    return {"begun": name, "had": images} if known else {}


def film(chosen: Checkpoint) -> dict[str, Any]:
    """One run for the browser: its frames as data addresses, and each figure along them."""
    if chosen.path is None:
        raise ValueError(texts.NO_SNAPSHOTS.format(name=chosen.name))
    try:
        stages = snapshots(chosen.path)
    except CheckpointError as error:
        why = texts.own(reason(Broken(chosen.name, chosen.path, str(error))))
        raise ValueError(texts.NOT_LOADED.format(name=chosen.name, error=why)) from None
    if not stages:
        raise ValueError(texts.NO_SNAPSHOTS.format(name=chosen.name))
    names = list(dict.fromkeys(name for stage in stages for name in stage.figures))
    return {
        "name": chosen.name,
        "family": chosen.family,
        "kind": chosen.media.kind if chosen.media else "image",  # films are of pictures
        "paired": paired(chosen),
        "weighed": weighed(chosen),
        "began": begun(chosen),
        "about": figures.told(chosen) if isinstance(chosen, Film) else "",
        "frames": [
            figures.address(stage.picture and labels.put(stage.picture, labels.SHORT), "image/png")
            for stage in stages
        ],
        "texts": [list(stage.texts) for stage in stages] if stages[0].texts else None,
        "step": [stage.step for stage in stages],
        "images": [stage.images for stage in stages],
        "minutes": [stage.minutes for stage in stages],
        "figures": {name: [stage.figures.get(name) for stage in stages] for name in names},
    }


def watch(
    catalogue: Catalogue, checkpoint: object, beside: object = ALONE, frame: object = ""
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The viewer's value and the settings that made it. Raises ValueError with a sentence."""
    runs = [catalogue.find(checkpoint, NEEDS)]
    other = read_beside(catalogue, beside)
    if other != ALONE:
        runs.append(catalogue.find(other, NEEDS))
    made = {"checkpoint": runs[0].name, "revision": runs[0].revision, "beside": other}
    at = read_frame(frame) if frame not in ("", None) else 0
    return {"runs": [film(run) for run in runs], "frame": at, "made": made}, made


def build(catalogue: Catalogue) -> parts.Page:
    def run(checkpoint: str, beside: str, frame: str) -> tuple[Any, Any]:
        return watch(catalogue, checkpoint, beside, frame)

    with gr.Row(elem_classes="page runs"):
        with gr.Column(scale=1, min_width=260, elem_classes="controls"):
            checkpoint = parts.chooser(catalogue, NEEDS)
            beside = parts.Choice(
                others(catalogue), value=ALONE, label=texts.BESIDE, info=texts.BESIDE_INFO,
                filterable=False,
            )  # fmt: skip
        with gr.Column(scale=3, min_width=300, elem_classes="result"):
            viewer = parts.viewer("timelapse", texts.FILM, elem_id="timelapse-viewer")
            with gr.Row(elem_classes="actions"):
                link = parts.link_button(ID)
            made = parts.made_box()
    parts.about(catalogue, checkpoint, NEEDS, texts.ABOUT_TIMELAPSE)

    frame = gr.Textbox("", visible=False)  # a link says where to start
    settings = {"checkpoint": checkpoint, "beside": beside, "frame": frame}
    event: dict[str, Any] = {
        "fn": parts.spoken(run), "inputs": list(settings.values()), "outputs": [viewer, made],
        **parts.LATEST, **parts.UNSEEN, **parts.PAGE_WORK,
    }  # fmt: skip
    checkpoint.input(**event)
    beside.input(**event)
    readers = {"frame": read_frame, "beside": lambda value: read_beside(catalogue, value)}
    offers = {"beside": lambda: others(catalogue)}
    return parts.Page(settings, event, made, link, readers, offers)
