"""One picture of Sample: larger, what the discriminator says of it, and variations of it. Part of
Sample, with a star that keeps it among the favourites of the browser (static/choice.js)."""

from __future__ import annotations

import html
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import gradio as gr
import torch
from torch import Tensor

from aigc import latent
from aigc.checkpoint import Checkpoint
from aigc.media import ImageMedia
from aigc.survey import quantile_of
from aigc.ui import figures, judge, kinds, parts, served, texts
from aigc.ui.catalogue import (
    ANY,
    MAX_COUNT,
    Catalogue,
    read_count,
    read_label,
    read_seed,
    read_temperature,
    real,
    survey_of,
    whole,
)  # fmt: skip

NEEDS = "decode"  # for variations; any picture can be chosen
DRAWS = 8  # variations in a row
SPREAD = 0.3
SPREADS = tuple(k / 10 for k in range(11))  # of the slider, whose pictures come all at once


def read_chosen(value: object) -> int | str:
    """The number of a picture, from 1; '' is none."""
    return "" if value in ("", None) else whole(texts.THE_CHOSEN, value, 1, MAX_COUNT)


def read_spread(value: object) -> float:
    return round(real(texts.THE_SPREAD, value, 0, 1), 4)


READERS: dict[str, Callable[[object], Any]] = {
    "chosen": read_chosen,
    "spread": read_spread,
    "other_seed": read_seed,
}


@dataclass(frozen=True)
class Wish:
    """A checked request: about picture `chosen`, from 1, of those that Sample draws."""

    checkpoint: Checkpoint
    seed: int
    label: str
    temperature: float
    chosen: int
    spread: float
    other_seed: int

    @property
    def made(self) -> dict[str, Any]:
        return {
            "checkpoint": self.checkpoint.name, "revision": self.checkpoint.revision,
            "seed": self.seed, "label": self.label, "temperature": self.temperature,
            "chosen": self.chosen, "spread": self.spread, "other_seed": self.other_seed,
        }  # fmt: skip


def read(
    catalogue: Catalogue, checkpoint: object, seed: object, label: object, temperature: object,
    chosen: object, spread: object, other_seed: object, count: int = MAX_COUNT,
) -> Wish:  # fmt: skip
    """Check everything; `count` is how many pictures there are. Raises ValueError with one
    sentence."""
    found = catalogue.find(checkpoint, NEEDS)
    return Wish(
        found, read_seed(seed), read_label(found, label), read_temperature(temperature),
        whole(texts.THE_CHOSEN, chosen, 1, count), read_spread(spread), read_seed(other_seed),
    )  # fmt: skip


@torch.inference_mode()
def variations(
    wish: Wish, spreads: tuple[float, ...], count: int = DRAWS
) -> tuple[Tensor, Tensor, Tensor]:
    """The picture (C, H, W) in [0, 1], its condition (K,), and for each of `spreads` its
    variations, (spreads, count, C, H, W): variation k goes the same way at every spread."""
    model: Any = wish.checkpoint.model
    index = wish.checkpoint.label_index(wish.label)
    z, condition = model.prior(
        latent.generator(wish.seed, wish.chosen - 1), index, wish.temperature
    )  # (L,), (K,)
    ways = torch.stack([
        model.prior(source, index, wish.temperature)[0]
        for source in latent.generators(wish.other_seed, count)
    ])  # fmt: skip  # (count, L)
    varied = [latent.vary(z, ways, spread) for spread in spreads if spread > 0]
    latents = torch.cat([z[None], *varied])  # (1 + N, L)
    made = model.decode(latents, condition.expand(len(latents), -1))  # (1 + N, C, H, W)
    rest = iter(made[1:].split(count))
    rows = [next(rest) if spread > 0 else made[:1].expand(count, -1, -1, -1) for spread in spreads]
    return made[0], condition, torch.stack(rows)


def judged(wish: Wish, image: Tensor, condition: Tensor) -> judge.Verdict:
    """The discriminator on the picture (C, H, W)."""
    # Out of inference mode, or no gradient could pass.
    return judge.verdict(wish.checkpoint, image[None].clone(), condition[None].clone())


def rank(wish: Wish, found: judge.Verdict) -> float | None:
    """The share in [0, 1] of the test images of its class that score lower, where they were
    surveyed."""
    survey = survey_of(wish.checkpoint, judge.PART)
    if survey is None:
        return None
    return quantile_of(float(found.scores[0]), survey["scores.real"][found.classes[0]])


def judgement(wish: Wish, found: judge.Verdict) -> str:
    """The score in words, beside the picture under its slopes."""
    above, score = rank(wish, found), f"{float(found.scores[0]):.2f}"
    if above is None:
        sentence = texts.CHOSEN_SCORE_ALONE.format(score=score)
    else:
        images = texts.SCORED_IMAGES[bool(wish.checkpoint.labels)]
        sentence = texts.CHOSEN_SCORE.format(score=score, share=f"{above:.0%}", images=images)
    heat = figures.address(figures.png(judge.heat(found.images[0], found.slopes[0])), "image/png")
    return (
        f'<div class="judgement"><img class="tile" alt="{texts.SLOPE}" src="{heat}">'
        f"<p>{sentence}</p></div>"
    )


def positions(wish: Wish) -> tuple[float, ...]:
    """The spreads of the slider: SPREADS, and the one that was asked for."""
    return tuple(sorted({*SPREADS, wish.spread}))


def key(wish: Wish) -> str:
    """By which the browser knows what belongs together: all but the position of the slider."""
    return urlencode({name: value for name, value in wish.made.items() if name != "spread"})


def sheet(wish: Wish, images: Tensor) -> tuple[str, str]:
    """A row of pictures (N, C, H, W), see `figures.sources`."""
    return figures.sources(wish.checkpoint.media, images, DRAWS)


def page(wish: Wish) -> str:
    """What stands below the chosen picture: the score, and a strip of variations at the spread
    that was asked for. Places for those at every other position of the slider wait for
    `others`."""
    image, condition, rows = variations(wish, (wish.spread,))
    opinion = ""
    if judge.NEEDS in wish.checkpoint.capabilities:
        opinion = judgement(wish, judged(wish, image, condition))
    spreads, strips = positions(wish), ""
    still, moving = sheet(wish, rows[0])
    for spread in spreads:
        chosen = spread == wish.spread
        here = f'src="{moving or still}"' if chosen else "hidden"
        alt = html.escape(texts.VARIED.format(number=wish.chosen, spread=f"{spread:g}"))
        strip = f'<img class="tile" data-spread="{spread:g}" alt="{alt}" {here}>'
        if moving:
            rests = figures.rests(still if chosen else "")
            strip = f"<picture>{rests}{strip}</picture>"
        strips += strip
    varied = (
        f'<div class="varied" data-key="{html.escape(key(wish))}">'
        f'<h2 id="varied-title">{texts.VARIATIONS}</h2>{strips}'
        f'<div class="scrub"><input type="range" min="0" max="{len(spreads) - 1}" step="1" '
        f'value="{spreads.index(wish.spread)}" aria-labelledby="varied-title" '
        f'aria-valuetext="{wish.spread:g}"><output>{wish.spread:g}</output>'
        f'<button type="button" class="pill others">{texts.OTHER_VARIATIONS}</button></div>'
        f"<p>{texts.VARIATIONS_INFO}</p></div>"
    )
    return opinion + kinds.of(wish.checkpoint).holdable(varied)


def others(wish: Wish) -> dict[str, tuple[str, str]]:
    """The strips at the other positions of the slider, spread -> sources, so that moving it asks
    nobody (static/choice.js). Apart from `page`, since they take ten times as long."""
    spreads = tuple(spread for spread in positions(wish) if spread != wish.spread)
    _, _, rows = variations(wish, spreads)
    return {f"{spread:g}": sheet(wish, images) for spread, images in zip(spreads, rows)}


def look(
    catalogue: Catalogue, made: object, number: object, spread: object, other_seed: object
) -> tuple[str, dict[str, Any] | None]:
    """The page below picture `number` of the result that `made` describes, and what a link says of
    it; nothing where none is chosen. Raises ValueError with one sentence."""
    wish, view = asked_for(catalogue, made, number, spread, other_seed)
    return page(wish) if wish else "", view


def rest(catalogue: Catalogue, made: object, view: object) -> dict[str, Any] | None:
    """`others`, for what `look` showed, as its `view` says, with its `key`."""
    given = view if isinstance(view, dict) else {}
    wish, _ = asked_for(catalogue, made, *(given.get(name, "") for name in READERS))
    return {"key": key(wish), "strips": others(wish)} if wish else None


def asked_for(
    catalogue: Catalogue, made: object, number: object, spread: object, other_seed: object
) -> tuple[Wish | None, dict[str, Any] | None]:
    """Who asks for variations of what, and what a link says of it."""
    given = made if isinstance(made, dict) else {}
    if read_chosen(number) == "" or not given:
        return None, None
    found, count = catalogue.find(given.get("checkpoint"), "sample"), read_count(given.get("count"))
    if not isinstance(found.media, ImageMedia):
        return None, None
    if NEEDS not in found.capabilities:
        return None, {"chosen": whole(texts.THE_CHOSEN, number, 1, count)}
    wish = read(
        catalogue, found.name, given.get("seed"), given.get("label"), given.get("temperature"),
        number, SPREAD if spread in ("", None) else spread,
        0 if other_seed in ("", None) else other_seed, count,
    )  # fmt: skip
    return wish, {name: wish.made[name] for name in READERS}


def panel() -> str:
    """The picture and its star, which the browser fills (static/choice.js)."""
    return (
        f'<section class="chosen" aria-label="{texts.CHOSEN}" hidden><h2>{texts.CHOSEN}</h2>'
        f'<img class="tile" alt=""><div><button type="button" class="pill star" '
        f'aria-pressed="false">{texts.STAR}</button>'
        '<button type="button" class="pill hear" aria-pressed="false" hidden>'
        '<span aria-hidden="true"></span></button><p role="status"></p></div></section>'
    )


def favourites() -> str:
    """A star for texts, and what has one: the browser fills it."""
    return (
        f'<div class="keep" hidden><button type="button" class="pill star" aria-pressed="false">'
        f'{texts.STAR}</button><p role="status"></p></div>'
        f'<section class="favourites" aria-label="{texts.FAVOURITES}" hidden>'
        f"<h2>{texts.FAVOURITES}</h2><ul></ul><p>{texts.FAVOURITES_INFO}</p></section>"
    )


def build(catalogue: Catalogue, tab: str, made: gr.JSON) -> parts.Panel:
    """Below the pictures of `tab`, whose settings are `made`."""

    gr.HTML(panel(), js_on_load=None)
    below = gr.HTML("", js_on_load=None, elem_id=f"{tab}-varied")
    view = parts.made_box()
    # The browser asks: of the picture that was clicked, or that the link chose.
    asked = gr.Button(visible="hidden", elem_id=f"{tab}-choose")
    number, spread, other_seed = (gr.JSON(visible="hidden") for _ in READERS)
    strips = gr.JSON(visible="hidden")
    asked.click(
        parts.spoken(parts.in_turn(lambda *given: look(catalogue, *given))),
        [made, number, spread, other_seed], [below, view],
        js="(made) => [made, ...aigc.chosen.asked()]", **parts.LATEST, **parts.QUIET,
    ).success(
        parts.spoken(lambda *given: rest(catalogue, *given)), [made, view], strips,
        **parts.UNSEEN, **parts.MODEL_WORK,
    ).success(
        None, strips, None, js="(rest) => aigc.chosen.rest(rest)", **parts.PRIVATE
    )  # fmt: skip
    view.change(None, view, None, js="(view) => aigc.chosen.came(view)", **parts.PRIVATE)
    settings = {name: gr.Textbox("", visible=False) for name in READERS}
    also = {
        "fn": None, "inputs": list(settings.values()), "outputs": [settings["chosen"]],
        "js": "(...link) => aigc.chosen.linked(...link)", **parts.PRIVATE,
    }  # fmt: skip
    return parts.Panel(settings, [below, view], also)


def endpoint(catalogue: Catalogue) -> None:
    """The variations for programs."""
    default = catalogue.first(NEEDS)

    def variations_(
        checkpoint: str = default, seed: int = 0, label: str = ANY, temperature: float = 1.0,
        chosen: int = 1, spread: float = SPREAD, other_seed: int = 0, count: int = DRAWS,
    ) -> tuple[list[Any], dict[str, Any]]:  # fmt: skip
        wish = read(catalogue, checkpoint, seed, label, temperature, chosen, spread, other_seed)
        image, condition, rows = variations(wish, (wish.spread,), number := read_count(count))
        facts: dict[str, Any] = {"count": number}
        if judge.NEEDS in wish.checkpoint.capabilities:
            found = judged(wish, image, condition)
            facts |= {"score": float(found.scores[0]), "above_test_images": rank(wish, found)}
        made = [wish.checkpoint.media.to_pil(one) for one in (image, *rows[0])]
        return served.pictures(made, "sample", wish.made), wish.made | facts

    parts.endpoint(
        variations_, "variations",
        [gr.Gallery(visible=False, label="images"),
         gr.JSON(visible=False, label="settings")],
        "Picture `chosen` (from 1) of those that /sample draws with this seed, class and "
        "temperature, and then `count` variations of it: latents sqrt(1 - spread^2) z + spread e, "
        "with e drawn from the prior by `other_seed`. Of a GAN also what its discriminator says of "
        "the picture, and which share of the test images of its class scores lower.",
    )  # fmt: skip
