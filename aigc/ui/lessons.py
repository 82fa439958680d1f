"""How a checkpoint works, and what to expect of it: what its kind does well and what it costs, with
its own figures. Below its card.

Plain Python: no Gradio here.
"""

from __future__ import annotations

import html
import re
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
# Families whose likelihoods say which of them has more room, and how many of those that there are.
BESIDE = {"vae": ("ladder",), "ladder": ("vae", "ladder")}
OTHERS = 3
LIKELIHOOD = "negative_log_likelihood"


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


def about(chosen: Checkpoint) -> str:
    """How its kind works, as Markdown, and what this very one has that not all of its kind do: of
    a GAN how it was trained, since what is said of the kind is true of the recipe's defaults, and
    of a ladder its window."""
    said = str(texts.ABOUT.get(chosen.family, ""))
    if chosen.family == "ladder":
        config: Any = chosen.model.config
        if not config.window:
            return said
        # Not by format: the formula has braces of its own.
        said += str(texts.LADDER_WINDOW).replace("WINDOW", str(config.window))
        started = chosen.training.get("started")
        older = str(started.get("name", "")) if isinstance(started, dict) else ""
        # A name, and nothing that Markdown would take for more.
        named = re.fullmatch(r"[\w./-]+", older)
        return said + str(texts.LADDER_BEGAN).format(name=older) if named else said
    recipe = chosen.training.get("recipe")
    if chosen.family != "gan" or not isinstance(recipe, dict):
        return said
    name = recipe.get("loss")  # of whatever kind: nobody checks what a checkpoint says of its run
    loss = texts.GAN_LOSSES.get(name) if isinstance(name, str) else None
    if loss is None:
        return said
    kept = [name for name in ("r1", "r2") if recipe.get(name)]
    slopes = [texts.GAN_SLOPES["both" if len(kept) > 1 else kept[0]]] if kept else []
    if recipe.get("gp"):
        slopes.append(texts.GAN_SLOPES["gp"])
    listed = texts.AND.join(slopes or [texts.GAN_SLOPES["none"]])
    return said + str(texts.ABOUT_THIS.format(loss=loss, slopes=listed))


def beside(catalogue: Catalogue, words: str, first: str, second: str) -> str:
    """A link to two runs in Time-lapse; the words alone where one of them is not there."""
    there = {one.name for one in catalogue.able("snapshots")}
    if not {first, second} <= there:
        return html.escape(words)
    return figures.link(words, {"tab": "timelapse", "checkpoint": first, "beside": second})


def pairs(catalogue: Catalogue, family: str = "") -> str:
    """The films of a family, or all, as Markdown: each failure with links to its remedies."""
    found = ""
    for failure in catalogue.films:
        remedies = [film for film in catalogue.films if film.mends == failure.name]
        if remedies and family in ("", failure.family):
            found += texts.PAIR.format(
                failure=failure.name, claim=html.escape(texts.own(failure.claim)),
                remedies=texts.LISTED.join(
                    beside(catalogue, texts.own(film.claim), failure.name, film.name)
                    for film in remedies
                ),
            )  # fmt: skip
    return texts.PAIRS + found if found else ""


def expect(catalogue: Catalogue, chosen: Checkpoint) -> str:
    """A folded sentence or two; nothing for a family of which nothing is said."""
    said = texts.EXPECT.get(chosen.family)
    if said is None:
        return ""
    if getattr(chosen.model.config, "window", 0):
        said = texts.EXPECT_WINDOW
    names = SHOWN[chosen.family]
    known = [found for name in names if (found := figures.measured(chosen, name))]
    listed = texts.AND.join(f"{found['name']} {found['text']}" for found in known)
    this = texts.EXPECT_THIS.format(figures=listed) if known else ""
    steps, coded = steps_of(chosen), ""
    if "encode" in chosen.capabilities:
        where = figures.link(
            texts.TABS["interpolate"], {"tab": "interpolate", "checkpoint": chosen.name}
        )
        coded = texts.EXPECT_CODED.format(link=where)
    words = said.format(
        this=this, steps=f"{steps:,}", pairs=f"{steps * (steps + 1) // 2:,}",
        explore=texts.TABS["explore"], project=texts.VIEWS["project"],
        attend=texts.TABS["attention"], cost=texts.COST, coded=coded,
        mended=beside(catalogue, texts.EXPECT_MENDED, "gan-mnist-collapsed", "gan-mnist-mended"),
        certain=beside(catalogue, texts.EXPECT_CERTAIN, "gan-certain", "gan-penalties"),
    )  # fmt: skip
    others = [
        texts.EXPECT_OTHER.format(
            name=html.escape(other.name), figure=found["name"], value=found["text"]
        )
        for other in catalogue.checkpoints
        if other.name != chosen.name
        and other.family in BESIDE.get(chosen.family, ())
        and other.dataset == chosen.dataset
        and other.media == chosen.media
        and (found := figures.measured(other, LIKELIHOOD))
    ]
    if others:
        words += texts.EXPECT_BESIDE.format(others=texts.LISTED.join(others[:OTHERS]))
    return f'<details class="how"><summary>{texts.EXPECT_TITLE}</summary><p>{words}</p></details>'
