"""What the discriminator says of samples, and where in a picture it says so. A view of Explore."""

from __future__ import annotations

import html
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from aigc import latent
from aigc.checkpoint import Checkpoint
from aigc.survey import quantile_of
from aigc.ui import figures, labels, texts
from aigc.ui.catalogue import surveyed

PART, NEEDS = "scores", "discriminate"
CONTROLS = ("seed", "label", "count", "temperature", "drawing")
DRAWN = ()  # a drawing is judged as every class
PAD = "explore-pad"  # where to draw, for a link that leads there
MORE, LESS = (255, 150, 40), (70, 140, 255)  # ink that would raise the score, and lower it
BINS = 24


@dataclass(frozen=True)
class Verdict:
    """The discriminator on a batch of N pictures."""

    images: Tensor
    """(N, C, H, W) in [0, 1]."""
    classes: list[int]
    """As which class each was judged."""
    scores: Tensor
    """Logits before the sigmoid, (N,)."""
    slopes: Tensor
    """Gradient of each score by its picture, summed over the channels, (N, H, W)."""


def verdict(chosen: Checkpoint, images: Tensor, conditions: Tensor) -> Verdict:
    """Judge pictures (N, C, H, W) in [0, 1] under conditions (N, K)."""
    x = images.clone().requires_grad_()
    with torch.enable_grad():
        scores = chosen.model.discriminate(x, conditions)  # type: ignore[operator]
        (slopes,) = torch.autograd.grad(scores.sum(), x)
    classes = conditions.argmax(1).tolist()
    return Verdict(images, classes, scores.detach(), slopes.sum(1))


def of_samples(wish: Any) -> Verdict:
    """The samples that Sample draws with these settings, each judged as the class that it was
    drawn as."""
    values, model = wish.values, wish.checkpoint.model
    index = wish.checkpoint.label_index(values["label"])
    pairs = [
        model.prior(source, index, values["temperature"])
        for source in latent.generators(values["seed"], values["count"])
    ]
    latents, conditions = (torch.stack(parts) for parts in zip(*pairs))
    # Out of inference mode, or no gradient could pass.
    return verdict(wish.checkpoint, model.decode(latents, conditions).clone(), conditions)


def of_drawing(chosen: Checkpoint, image: Tensor) -> Verdict:
    """A picture (C, H, W), judged as every class."""
    model: Any = chosen.model
    classes = range(max(1, len(chosen.labels)))
    told = torch.stack([model.condition(k if chosen.labels else None) for k in classes])
    return verdict(chosen, image.expand(len(told), *image.shape), told)


def judged(wish: Any) -> Verdict:
    """The drawing, where there is one, or else the samples."""
    if wish.drawing is None:
        return of_samples(wish)
    return of_drawing(wish.checkpoint, wish.drawing)


def pictures(wish: Any) -> Tensor:
    return judged(wish).images


def ranks(chosen: Checkpoint, found: Verdict) -> list[float]:
    """The share in [0, 1] of the test images of its class that score lower than each."""
    real = surveyed(chosen, PART)["scores.real"]
    return [quantile_of(score, real[k]) for score, k in zip(found.scores.tolist(), found.classes)]


def losses(chosen: Checkpoint, found: Verdict) -> tuple[float, float]:
    """The relativistic losses on this batch, each score paired with all quantiles of the scores of
    test images of its class: the discriminator's, the mean of softplus(made - real), and the
    generator's, of softplus(real - made)."""
    real = surveyed(chosen, PART)["scores.real"][found.classes]  # (N, Q)
    ahead = found.scores[:, None] - real  # (N, Q)
    return float(F.softplus(ahead).mean()), float(F.softplus(-ahead).mean())


def facts(wish: Any) -> dict[str, Any]:
    found = judged(wish)
    labels = wish.checkpoint.labels
    discriminator, generator = losses(wish.checkpoint, found)
    return {
        "classes": [labels[k] if labels else "" for k in found.classes],
        "scores": found.scores.tolist(),
        "above_test_images": ranks(wish.checkpoint, found),
        "discriminator_loss": discriminator,
        "generator_loss": generator,
    }


def heat(image: Tensor, slope: Tensor) -> Image.Image:
    """A picture (C, H, W), dimmed, under its slopes (H, W), the strongest of them in full
    colour."""
    base = image.mean(0)[..., None].numpy() * 90.0  # (H, W, 1)
    strength = (slope.abs() / slope.abs().max().clamp(min=1e-12)).sqrt()[..., None].numpy()
    colour = np.where(slope[..., None].numpy() > 0, MORE, LESS).astype(float)
    mixed = base * (1 - strength) + colour * strength
    return Image.fromarray(mixed.round().clip(0, 255).astype(np.uint8), "RGB")


def histogram(chosen: Checkpoint, found: Verdict) -> str:
    """How the scores of the batch lie beside those of test images of the same classes, as SVG."""
    real = surveyed(chosen, PART)["scores.real"][found.classes].flatten()
    low = float(min(real.min(), found.scores.min()))
    high = float(max(real.max(), found.scores.max())) + 1e-6
    bars = ""
    for name, values in (("real", real), ("made", found.scores)):
        heights = torch.histc(values, BINS, low, high)
        heights = heights / heights.max()
        points = " ".join(
            f"{100 * i / BINS:.1f},{58 - 54 * h:.1f} {100 * (i + 1) / BINS:.1f},{58 - 54 * h:.1f}"
            for i, h in enumerate(heights.tolist())
        )
        bars += f'<polygon class="{name}" points="0,58 {points} 100,58"/>'
    return (
        f'<section class="compare"><h2>{texts.SCORES_TITLE} <span>{texts.SCORES_REAL}</span>'
        f'<span class="lerp">{texts.SCORES_MADE}</span></h2>'
        f'<svg viewBox="0 0 100 60" preserveAspectRatio="none" role="img" '
        f'aria-label="{texts.SCORES_TITLE}">{bars}</svg>'
        f'<div class="ends"><span>{low:.1f}</span><span>{high:.1f}</span></div></section>'
    )


def tile(chosen: Checkpoint, found: Verdict, at: int, rank: float, own: bool) -> str:
    """One picture, the visitor's `own` or a sample, its heat map, its score."""
    name = html.escape(chosen.labels[found.classes[at]]) if chosen.labels else ""
    images = (
        (
            texts.JUDGED.format(label=name) if name else texts.WHOLE_PICTURE,
            chosen.media.to_pil(found.images[at]),
        ),
        (texts.SLOPE, heat(found.images[at], found.slopes[at])),
    )
    mark = b"" if own else labels.SHORT
    shown = "".join(
        f'<img class="tile" alt="{alt}" '
        f'src="{figures.address(figures.png(image, mark), "image/png")}">'
        for alt, image in images
    )
    form = texts.SCORE if name else texts.SCORE_ALONE
    said = form.format(label=name, score=f"{float(found.scores[at]):.2f}",
                              share=f"{rank:.0%}")  # fmt: skip
    return f'<figure class="judged">{shown}<figcaption>{said}</figcaption></figure>'


def show(wish: Any) -> str:
    """The samples from the most to the least convincing, and how the batch lies among test
    images."""
    chosen = wish.checkpoint
    found = judged(wish)
    placed = ranks(chosen, found)
    order = found.scores.argsort(descending=True, stable=True).tolist()
    own = wish.drawing is not None
    tiles = "".join(tile(chosen, found, at, placed[at], own) for at in order)
    classed = bool(chosen.labels)
    about = texts.SCORES_INFO.format(images=texts.SCORED_IMAGES[classed])
    listed = f'<div class="verdicts">{tiles}</div><p>{about}</p>'
    if wish.drawing is not None:
        return f"{listed}<p>{texts.SCORES_DRAWN}</p>"
    discriminator, generator = losses(chosen, found)
    said = texts.SCORES_LOSS.format(
        loss=f"{discriminator:.3f}", generator=f"{generator:.3f}", count=len(order),
        paired=texts.SCORES_PAIRED[classed],
        images=html.escape(surveyed(chosen, PART).about.get("images", "?")),
    )  # fmt: skip
    return f"{listed}{histogram(chosen, found)}<p>{said}</p>"
