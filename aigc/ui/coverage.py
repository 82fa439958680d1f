"""Which classes a batch of samples covers, as a classifier sees them. Part of Sample."""

from __future__ import annotations

import html
import math

import torch
from torch import Tensor

from aigc.checkpoint import Checkpoint
from aigc.ui import texts
from aigc.ui.catalogue import Catalogue

NEEDS = "classify"


def judge(catalogue: Catalogue, chosen: Checkpoint) -> Checkpoint | None:
    """The first checkpoint that classifies the same media into the same classes, if any."""
    for one in catalogue.able(NEEDS):
        if one.media == chosen.media and one.labels == chosen.labels and len(one.labels) > 1:
            return one
    return None


def count(classifier: Checkpoint, images: Tensor) -> list[int]:
    """How many of the images (N, C, H, W) fall into each class."""
    with torch.inference_mode():
        logits, _ = classifier.model.classify(images)  # type: ignore[operator]
    return torch.bincount(logits.argmax(1), minlength=len(classifier.labels)).tolist()


def kl_to_uniform(counts: list[int]) -> float:
    """KL of the shares of the classes to equal shares, in nats; log(classes) when all are one."""
    total = sum(counts)
    return sum(n / total * math.log(n / total * len(counts)) for n in counts if n)


def floor(total: int, classes: int) -> float:
    """What `kl_to_uniform` is on average for `total` draws of truly equal shares, exactly: the
    count of one class is binomial, and the expectation is a sum over its values."""
    p = 1 / classes
    one = 0.0
    for n in range(1, total + 1):
        chance = math.comb(total, n) * p**n * (1 - p) ** (total - n)
        one += chance * n / total * math.log(n / total * classes)
    return classes * one


def page(classifier: Checkpoint, images: Tensor) -> str:
    """`bars` of a batch."""
    return bars(classifier, count(classifier, images))


def bars(classifier: Checkpoint, counts: list[int]) -> str:
    """A bar for each class, and the KL with its floor."""
    most, total = max(counts), sum(counts)
    items = "".join(
        f'<div><span>{html.escape(name)}</span><i style="width:{70 * n / most:.1f}%"></i>'
        f"<b>{n}</b></div>"
        for name, n in zip(classifier.labels, counts)
    )
    said = texts.COVERAGE_KL.format(
        seen=sum(n > 0 for n in counts), classes=len(counts), kl=f"{kl_to_uniform(counts):.3f}",
        floor=f"{floor(total, len(counts)):.3f}", count=total,
        name=html.escape(classifier.name),
    )  # fmt: skip
    return (
        f'<section class="coverage"><h4>{texts.COVERAGE_TITLE}</h4>{items}<p>{said}</p></section>'
    )
