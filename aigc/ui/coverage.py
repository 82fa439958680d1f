"""Which classes a batch of samples covers, as a classifier sees them: a bar for each class, or a
map where there are too many. Part of Sample and of Explore."""

from __future__ import annotations

import html
import math
from dataclasses import dataclass

import torch
from torch import Tensor

from aigc.checkpoint import Checkpoint, stacked
from aigc.media import ImageMedia
from aigc.metrics import histogram_kl
from aigc.ui import texts
from aigc.ui.catalogue import Catalogue, survey_of

NEEDS, PART = "classify", "shares"
BARS = 30  # classes, at most; above, a map
NAMED = 24  # classes that are missing, named where there are no more
MAX_CLASSES = 1000
# Of its expected number, from which on a cell has the next colour.
STEPS = (0.5, 1.5, 2.5)


def judge(catalogue: Catalogue, chosen: Checkpoint) -> Checkpoint | None:
    """The first checkpoint that can name the classes of what `chosen` makes, if any: it knows the
    same pictures and classes, or the pictures of one channel, where the classes are made of those
    of the channels. What has no classes of its own says by its data set what it was taught."""
    for one in catalogue.able(NEEDS):
        grey = isinstance(chosen.media, ImageMedia) and one.media.channels == 1
        if grey and 1 < len(one.labels) ** chosen.media.channels <= MAX_CLASSES:
            many = stacked(one, chosen.media.channels) if chosen.media.channels > 1 else one
            data = one.dataset if many is one else f"stacked-{one.dataset}"
        else:
            many, data = one, one.dataset
        known = many.labels == chosen.labels or (not chosen.labels and data == chosen.dataset)
        if many.media == chosen.media and known and len(many.labels) > 1:
            return many
    return None


def count(classifier: Checkpoint, images: Tensor) -> list[int]:
    """How many of the images (N, C, H, W) fall into each class."""
    with torch.inference_mode():
        logits, _ = classifier.model.classify(images)  # type: ignore[operator]
    return torch.bincount(logits.argmax(1), minlength=len(classifier.labels)).tolist()


@dataclass(frozen=True)
class Target:
    """What samples should look like: the share of each class, and whether they are those of the
    training images or, where nobody measured them, equal."""

    shares: Tensor
    """(classes,) float64, adding up to 1."""
    measured: bool


def target(chosen: Checkpoint, classifier: Checkpoint) -> Target:
    survey = survey_of(chosen, PART)
    classes = len(classifier.labels)
    if survey is not None and len(survey[PART]) == classes:
        found = survey[PART].double()
        return Target(found / found.sum(), True)
    return Target(torch.full((classes,), 1 / classes, dtype=torch.float64), False)


def kl(counts: list[int], shares: Tensor) -> float:
    """KL of the shares of the classes among samples from those that they should have, in nats."""
    made = torch.tensor(counts, dtype=torch.float64)
    return histogram_kl(made / made.sum(), shares)


def chance(total: int, shares: Tensor) -> tuple[float, float]:
    """What `total` true draws show on average: how many classes, and which `kl`, both exactly. The
    count of one class is binomial, and the expectation is a sum over its values."""
    seen = float((1 - (1 - shares) ** total).sum())
    expected = 0.0
    for p, classes in zip(*(part.tolist() for part in shares.unique(return_counts=True))):
        if not 0 < p < 1:
            continue  # never there, or always
        spread = math.sqrt(total * p * (1 - p))
        most = min(total, int(total * p + 12 * spread + 40))  # what is above weighs nothing
        least = max(1, int(total * p - 12 * spread - 40))
        n = torch.arange(least, most + 1, dtype=torch.float64)
        whole = torch.tensor(float(total), dtype=torch.float64)
        ways = (whole + 1).lgamma() - (n + 1).lgamma() - (whole - n + 1).lgamma()
        weight = (ways + n * math.log(p) + (whole - n) * math.log1p(-p)).exp()
        expected += classes * float((weight * n / total * (n / (total * p)).log()).sum())
    return seen, expected


def page(chosen: Checkpoint, classifier: Checkpoint, images: Tensor) -> str:
    """`chart` of a batch."""
    return chart(classifier, target(chosen, classifier), count(classifier, images))


def chart(classifier: Checkpoint, wanted: Target, counts: list[int]) -> str:
    """A bar or a cell for each class; how many are covered, and the KL, beside what true draws
    show."""
    total, classes = sum(counts), len(counts)
    covered, floor = chance(total, wanted.shares)
    said = texts.COVERAGE_KL.format(
        seen=sum(n > 0 for n in counts), classes=classes, name=html.escape(classifier.name),
        count=total, expected=f"{covered:.{0 if classes > BARS else 1}f}",
        target=texts.COVERAGE_TARGETS[wanted.measured],
        kl=f"{kl(counts, wanted.shares):.3f}", floor=f"{floor:.3f}",
    )  # fmt: skip
    inside = bars(classifier, counts) if classes <= BARS else cells(classifier, wanted, counts)
    return (
        f'<section class="coverage"><h2>{texts.COVERAGE_TITLE}</h2>{inside}<p>{said}</p></section>'
    )


def bars(classifier: Checkpoint, counts: list[int]) -> str:
    most = max(counts)
    rows = "".join(
        f'<span>{html.escape(name)}</span><div><i style="width:{80 * n / most:.1f}%"></i>'
        f"<b>{n}</b></div>"
        for name, n in zip(classifier.labels, counts)
    )
    return f'<div class="bars">{rows}</div>'


def cells(classifier: Checkpoint, wanted: Target, counts: list[int]) -> str:
    """A map in blocks: the classes of three channels of ten are ten blocks of ten rows of ten.
    What it shows is said below it, too: what is missing, and what came most often."""
    names, total = classifier.labels, sum(counts)
    sides = round(len(counts) ** (1 / 3))
    if sides**3 != len(counts):  # one block
        sides = math.ceil(math.sqrt(len(counts)))
    size = sides * sides
    blocks = ""
    for start in range(0, len(counts), size):
        paths = [""] * (len(STEPS) + 2)
        for at, n in enumerate(counts[start : start + size]):
            expected = max(1.0, total * float(wanted.shares[start + at]))
            step = 1 + sum(n > s * expected for s in STEPS) if n else 0
            paths[step] += f"M{at % sides} {at // sides}h.9v.9h-.9z"
        drawn = "".join(f'<path class="n{i}" d="{path}"/>' for i, path in enumerate(paths) if path)
        title = ""
        if size < len(counts):
            title = html.escape(f"{names[start]}–{names[start + size - 1]}")
            title = f"<figcaption>{title}</figcaption>"
        blocks += f'<figure><svg viewBox="0 0 {sides} {sides}">{drawn}</svg>{title}</figure>'
    missing = [name for name, n in zip(names, counts) if n == 0]
    often = sorted(range(len(counts)), key=lambda i: -counts[i])[:5]
    said = [
        texts.MODES_OFTEN.format(
            names=", ".join(f"{html.escape(names[i])} ({counts[i]})" for i in often if counts[i])
        )
    ]
    if 0 < len(missing) <= NAMED:
        said.append(texts.MODES_MISSING.format(names=", ".join(map(html.escape, missing))))
    legend = "".join(
        f'<span><svg viewBox="0 0 1 1"><path class="n{i}" d="M0 0h1v1h-1z"/></svg>{word}</span>'
        for i, word in enumerate(texts.MODES_LEGEND)
    )
    about = texts.MODES_ALT.format(seen=len(counts) - len(missing), classes=len(counts))
    return (
        f'<div class="cells" role="img" aria-label="{about}">{blocks}</div>'
        f'<div class="legend" aria-hidden="true">{legend}</div><p>{" ".join(said)}</p>'
    )
