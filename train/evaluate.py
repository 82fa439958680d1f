"""Recompute every figure on a model card.

    python -m train.evaluate checkpoints/gan-mnist --data data [--write]

Which figures, follows from what the model can do:

    sample          label accuracy under a classifier that never saw a made picture; Frechet
                    distance, precision, recall, density and coverage in that classifier's
                    features; classes covered; distance to the nearest training image in
                    pixels and in those features, and how many samples are as good as copies
                    of notes, how many are in tune
    elbo            -ELBO and the importance-weighted likelihood, nats (VAE)
    log_prob        bits per value of the image (attention); of a model that was told how
                    pictures were turned in training, summed over shifts, too
    text_nats       nats per character, and how much of what it writes stands in the training text
    classify        accuracy on the test images

`--write` puts them into the checkpoint's `metrics.json` and writes its card again. That file is
an object with one entry for each figure, in the order of the card:

    "label_accuracy": {
      "name": "Label accuracy",            what a reader calls it
      "value": 0.9912,                     rounded; the number to compute with
      "text": "99.12%",                    the number to print, with its unit
      "better": "higher",                  or "lower", or "" when it is neither
      "reference": 0.9951,                 a yardstick, where there is one ...
      "reference_text": "99.51%",
      "reference_name": "real test images",      ... and what it is
      "worst": {"label": "8", "value": 0.981, "text": "98.10%"},    of the accuracies alone
      "protocol": "one sentence: on what, how many, which seed"
    }

and the entry "evaluated": date, machine, torch, command, dataset, classifier. Every draw is from
`aigc.latent.generators(SEED, n)`, so the same machine prints the same figures again.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import math
import os
import re
import shlex
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime, timezone
from itertools import islice
from pathlib import Path
from statistics import mean, stdev
from typing import Any

import numpy as np
import torch
import tyro
from torch import Tensor
from tqdm import tqdm

from aigc import checkpoint, data, hub, latent, metrics, notes
from aigc.checkpoint import METRICS, Checkpoint
from aigc.data import Corpus, Data, Dataset, Texts
from aigc.media import SoundMedia
from aigc.models.attention import SHIFTS
from train import loop
from train.ngram import KneserNey

SEED = 1
SHIPPED = Path(__file__).parent.parent / "checkpoints"
JUDGED = 500  # images a batch, for the classifier and models that make a picture in one go
DRAWN = 256  # for models that draw it piece by piece
SCORED = 100  # for likelihoods
ANY = 1000  # samples without a class, to see which classes come of themselves ...
EACH = 26  # ... or so many for each class where that is more, as the papers on lost modes take
HEARD = 1000  # samples whose pitch is measured
LOOKED_UP = 1000  # images whose nearest training image is looked for
CLOSEST = 0.01  # of real test images: a sample nearer than that to a training image is a copy
K_RECALL, K_COVERAGE = 3, 5  # neighbours, as in the papers
CPU = torch.device("cpu")


class EvaluationError(loop.TrainingError):
    """One sentence: what cannot be measured, and what to do."""


@dataclass
class Options:
    """Recompute every figure on a model card."""

    checkpoint: tyro.conf.Positional[Path]
    """Checkpoint folder."""
    data: Path = Path("data")
    """Where the data is, or where it is downloaded to."""
    write: bool = False
    """Write metrics.json and the model card README.md into the checkpoint."""
    classifier: Path | None = None
    """Folder of the classifier that judges; default: the one that ships for this data, or else
    one that is trained now and kept in the user's cache."""
    samples: int = 10_000
    """Pictures to make."""
    draws: int = 5
    """Binarisations of the test images over which -ELBO is averaged."""
    importance: int = 200
    """Samples of the importance-weighted likelihood; 0 leaves it out."""
    ways: int = 0
    """Ways to turn a picture over which the likelihood of a model that was told of them is summed,
    as many times the work: 9 are the shifts by up to a pixel, 72 are all; 0 leaves it out."""
    cas: int = 0
    """The classification accuracy score: train so many classifiers on samples alone, and as many on
    real images, and see how they do on real test images; some ten minutes for each pair."""
    bfloat16: bool = False
    """Run the networks of the importance-weighted likelihood, and of the one that is summed over
    --ways, in bfloat16, the sums in float32. On a processor that computes in it the first takes
    about half the time; the second gains on a GPU alone."""
    device: str = "cpu"
    """cpu or cuda: where likelihoods are computed. Samples are drawn on the processor, where the
    app draws them."""


@dataclass(frozen=True)
class Figure:
    """One entry of metrics.json; see the module."""

    name: str
    value: float
    form: Callable[[float], str]
    better: str
    protocol: str
    reference: float | None = None
    reference_name: str = ""
    worst: tuple[str, float] | None = None

    def to_dict(self) -> dict[str, Any]:
        """Raises EvaluationError for a figure that is no number."""
        if not math.isfinite(self.value):
            raise EvaluationError(
                f"{self.name} came out as {self.value}: the model is broken; train it again"
            )
        found: dict[str, Any] = {
            "name": self.name,
            "value": round(self.value, 5),
            "text": self.form(self.value),
            "better": self.better,
        }
        if self.reference is not None and math.isfinite(self.reference):
            found["reference"] = round(self.reference, 5)
            found["reference_text"] = self.form(self.reference)
            found["reference_name"] = self.reference_name
        if self.worst is not None:
            label, value = self.worst
            found["worst"] = {"label": label, "value": round(value, 5), "text": self.form(value)}
        return found | {"protocol": self.protocol}


Figures = dict[str, Figure]


def share(value: float) -> str:
    return f"{value:.2%}"


def plain(value: float) -> str:
    """Three digits that mean something."""
    return f"{value:#.3g}".rstrip(".")


def nats(value: float) -> str:
    return f"{value:.2f} nats"


def nats4(value: float) -> str:
    return f"{value:.4f} nats"


def bits(value: float) -> str:
    return f"{value:.4f} bits/dim"


def batches(count: int, size: int, what: str) -> Iterator[slice]:
    """Slices of `size` that cover `count`, under a progress bar."""
    with tqdm(total=count, desc=what, unit="img", file=sys.stderr, leave=False) as bar:
        for start in range(0, count, size):
            stop = min(start + size, count)
            yield slice(start, stop)
            bar.update(stop - start)


# The judge


def fits(judge: Checkpoint, dataset: Dataset) -> str:
    """Why this classifier cannot judge this data, or nothing."""
    if "classify" not in judge.capabilities:
        return f"{judge.path} is no classifier; name one with --classifier or leave it out"
    if judge.media != dataset.media or judge.labels != dataset.labels:
        return (
            f"{judge.path} was trained on other sizes or classes than {dataset.name} has; "
            "leave --classifier out and one is trained"
        )
    return ""


def cache() -> Path:
    """Where classifiers that were trained on the way are kept."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "aigc" / "classifiers"


def cached(train: Dataset) -> Path:
    """Where the classifier of this data is kept, if one was trained on the way."""
    digest = hashlib.sha256(train.images.numpy().tobytes())
    digest.update(json.dumps([train.name, train.labels, train.media.to_dict()]).encode())
    return cache() / f"classifier-{train.name}-{digest.hexdigest()[:16]}"


def suited(judge: Checkpoint, dataset: Dataset) -> Checkpoint:
    """The classifier, or what judges each channel of this data with it, where that is its task."""
    grey = "classify" in judge.capabilities and judge.media.channels == 1
    if grey and dataset.media.channels > 1 and len(judge.labels) < len(dataset.labels):
        return checkpoint.stacked(judge, dataset.media.channels)
    return judge


def available_judge(train: Dataset) -> Checkpoint | None:
    """The classifier for this data that needs no training: the one that ships, or one from the
    cache; None where there is neither. Of stacked data the one that ships is that of the digits."""
    if len(train.labels) < 2:
        return None
    shipped = SHIPPED / f"classifier-{train.name.removeprefix('stacked-')}"
    for folder in (shipped, cached(train)):
        if (folder / checkpoint.CONFIG).exists():
            judge = suited(checkpoint.load(folder), train)
            if not fits(judge, train):
                return judge
    return None


def find_judge(train: Dataset, root: Path, given: Path | None) -> Checkpoint | None:
    """The classifier for this data: the given one, the one that ships, one from the cache, or one
    that is trained now. None for data without classes."""
    if given is not None:
        judge = suited(checkpoint.load(given), train)
        if problem := fits(judge, train):
            raise EvaluationError(problem)
        return judge
    if len(train.labels) < 2:
        return None
    if (found := available_judge(train)) is not None:
        return found
    kept = cached(train)
    from train import classifier  # it imports the loop, which imports this module

    print(f"no classifier for {train.name} yet: one is trained and kept in {kept}", file=sys.stderr)
    recipe = classifier.Recipe()
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=kept.parent) as scratch:
            recipe.dataset, recipe.data, recipe.size = train.name, root, train.media.height
            recipe.out, recipe.evaluate = Path(scratch) / kept.name, False
            # Thirty rounds are enough for little data, and a few hundred steps for very little.
            recipe.steps = max(300, min(recipe.steps, 30 * len(train) // recipe.batch))
            made = classifier.train(recipe)
            if not kept.exists():
                made.rename(kept)
    except OSError as error:
        raise EvaluationError(
            f"the cache {kept.parent} cannot be written ({error.strerror or error}); set "
            "XDG_CACHE_HOME to a folder that can be written"
        ) from None
    return checkpoint.load(kept)


def judged(judge: Checkpoint, images: Tensor, what: str) -> tuple[Tensor, Tensor]:
    """Predicted classes (N,) and features (N, F) of images (N, C, H, W), uint8 or in [0, 1]."""
    predicted, features = [], []
    for part in batches(len(images), JUDGED, what):
        chosen = images[part]
        chosen = chosen.float() / 255 if chosen.dtype == torch.uint8 else chosen
        logits, found = judge.model.classify(chosen)  # type: ignore[operator]
        predicted.append(logits.argmax(1))
        features.append(found)
    return torch.cat(predicted), torch.cat(features)


def accuracy(
    predicted: Tensor, wanted: Tensor, labels: tuple[str, ...]
) -> tuple[float, str, float]:
    """The share that is right, the class where it is least, and that class's share."""
    overall, each = metrics.label_accuracy(predicted, wanted, len(labels))
    worst = int(each.nan_to_num(2.0).argmin())
    return overall, labels[worst], each[worst].item()


# Samples


def make(made_by: Checkpoint, labels: list[int | None], seed: int, what: str) -> Tensor:
    """One picture a label, (N, C, H, W) in [0, 1], each from a generator of its own."""
    size = DRAWN if "draw" in made_by.capabilities else JUDGED
    sources = (latent.generator(seed, i) for i in range(len(labels)))
    parts = []
    for part in batches(len(labels), size, what):
        wanted = labels[part]
        chosen = list(islice(sources, len(wanted)))
        parts.append(made_by.model.sample(chosen, wanted))  # type: ignore[operator]
    return torch.cat(parts)


def pick(count: int, available: int, index: int) -> Tensor:
    """`count` row numbers out of `available`, none twice unless it must be."""
    source = latent.generator(SEED, latent.MAX_SEED - index)
    rounds = -(-count // available)
    return torch.cat([torch.randperm(available, generator=source) for _ in range(rounds)])[:count]


def stand_ins(count: int, available: int, part: str) -> str:
    """What `pick` took in place of samples, in words: never more than there are."""
    again = ", some of them more than once" if count > available else ""
    return f"{min(count, available):,} real {part} images instead of samples{again}"


def cloud_figures(
    real: Tensor, made: Tensor, again: Tensor, judge: Checkpoint, samples: str, floor: str
) -> Figures:
    """How the cloud `made` (M, F) compares with `real` (N, F), and how real pictures of their own,
    `again` (M, F), compare with it; nothing for a single real picture, which is no cloud."""
    if len(real) < 2:
        return {}
    where = f"in the {made.shape[1]} features of {judge.name} {judge.revision}"
    found = {
        "frechet_distance": Figure(
            "Frechet distance", metrics.frechet_distance(made, real), plain, "lower",
            f"{samples} against {len(real):,} test images, {where}; squared, lower is closer.",
            metrics.frechet_distance(again, real), floor,
        )
    }  # fmt: skip
    if min(len(real), len(made)) <= K_COVERAGE:
        return found
    with tqdm(total=4, desc="neighbours", file=sys.stderr, leave=False) as bar:
        scores = []
        for measure, k in (
            (metrics.precision_recall, K_RECALL), (metrics.density_coverage, K_COVERAGE)
        ):  # fmt: skip
            for cloud in (made, again):
                scores.append(measure(real, cloud, k))
                bar.update()
    (precision, recall), (top, all_of_it), (density, coverage), (dense, covered) = scores
    near = f"{samples} and {len(real):,} test images, {where}"
    manifold = f"{near}, reach to neighbour {K_RECALL} (Kynkaanniemi et al. 2019)"
    balls = f"{near}, reach to neighbour {K_COVERAGE} (Naeem et al. 2020)"
    return found | {
        "precision": Figure(
            "Precision", precision, share, "higher",
            f"Samples within reach of a real picture: {manifold}.", top, floor,
        ),
        "recall": Figure(
            "Recall", recall, share, "higher",
            f"Real pictures within reach of a sample: {manifold}.", all_of_it, floor,
        ),
        "density": Figure(
            "Density", density, plain, "higher",
            f"How densely samples lie where real pictures do: {balls}.", dense, floor,
        ),
        "coverage": Figure(
            "Coverage", coverage, share, "higher",
            f"Real pictures with a sample within their reach: {balls}.", covered, floor,
        ),
    }  # fmt: skip


def sample_figures(
    made_by: Checkpoint, judge: Checkpoint | None, train: Dataset, test: Dataset, count: int
) -> Figures:
    """All that can be said of samples."""
    # As many of each class as there are among the test images, so that the clouds differ in what
    # the model does and not in the shares of the classes.
    rows = pick(count, len(test), 0)
    wanted = test.targets[rows]
    labelled = bool(made_by.labels)
    labels: list[int | None] = [int(t) if labelled else None for t in wanted]
    made = make(made_by, labels, SEED, "samples")
    samples = f"{count:,} samples of seed {SEED}"
    if labelled:
        samples += ", classes as often as among the test images"
    found: Figures = {}
    if judge is not None:
        predicted, features = judged(judge, made, "samples judged")
        real_predicted, real_features = judged(judge, test.images, "test images judged")
        if labelled:
            right, worst, least = accuracy(predicted, wanted, test.labels)
            real_right, _, _ = accuracy(real_predicted, test.targets, test.labels)
            found["label_accuracy"] = Figure(
                "Label accuracy", right, share, "higher",
                f"Share of {samples}, in which {judge.name} {judge.revision} sees the class that "
                "was asked for.",
                real_right, "the same classifier on the real test images", (worst, least),
            )  # fmt: skip
        _, again = judged(judge, train.images[pick(count, len(train), 1)], "training images judged")
        floor = stand_ins(count, len(train), "training")
        of_classes = class_figures(made_by, judge, train, test, count, real_predicted)
        if not labelled:  # what is on top is what a visitor sees first
            found |= of_classes
        found |= cloud_figures(real_features, features, again, judge, samples, floor) | of_classes
    looked_up = min(count, LOOKED_UP, len(test))
    held_out = test.images[rows[:looked_up]]
    learned = shown_to(made_by, train).images  # what was never seen cannot be copied
    clouds = {
        "": (
            made[:looked_up].flatten(1) * 255, held_out.flatten(1), learned.flatten(1), 255.0,
            "root of summed squares over values in [0, 1]",
        )
    }  # fmt: skip
    if judge is not None:
        _, known = judged(judge, learned, "training images judged")
        clouds["_features"] = (
            features[:looked_up], real_features[rows[:looked_up]], known, 1.0,
            f"Euclidean, in the {known.shape[1]} features of {judge.name} {judge.revision}",
        )  # fmt: skip
    for key, cloud in clouds.items():
        found |= privacy_figures(key, *cloud)
    return found


def tune_figures(made_by: Checkpoint, test: Dataset, count: int) -> Figures:
    """Whether notes are in tune, which no classifier has to say."""
    media = test.media
    assert isinstance(media, SoundMedia)
    rows = pick(min(count, HEARD), len(test), 0)
    wanted = test.targets[rows]

    def right(spectra: Tensor) -> float:
        found = [
            notes.in_tune(media.to_waves(spectra[part]), wanted[part], media.rate)
            for part in batches(len(spectra), SCORED, "sounds heard")
        ]
        return torch.cat(found).float().mean().item()

    made = make(made_by, wanted.tolist(), SEED, "samples")
    return {
        "in_tune": Figure(
            "In tune", right(made), share, "higher",
            f"Share of {len(rows):,} samples of seed {SEED}, classes as often as among the test "
            "sounds, whose strongest frequency is within half a semitone of the note that was "
            "asked for; each is heard as on the page, with phases found from its spectrum.",
            right(test.floats(rows)), "test sounds from their spectra in the same way",
        )
    }  # fmt: skip


def class_figures(
    made_by: Checkpoint, judge: Checkpoint, train: Dataset, test: Dataset, count: int,
    real_predicted: Tensor,
) -> Figures:  # fmt: skip
    """Which classes come of themselves, and as often as in the data? `real_predicted` (N,) is what
    the judge sees in the test images: as many of them say what of the figures is its own doing,
    and what is chance."""
    classes = len(train.labels)
    free = max(min(count, ANY), EACH * classes * count // Options.samples)
    loose = make(made_by, [None] * free, SEED + 1, "samples of any class")
    seen = metrics.class_histogram(judged(judge, loose, "judged")[0], classes)
    true = metrics.class_histogram(train.targets, classes)
    again = metrics.class_histogram(real_predicted[pick(free, len(test), 2)], classes)
    right = (real_predicted == test.targets).double().mean().item()
    protocol = (
        f"{free:,} samples of seed {SEED + 1} without a class, named by {judge.name} "
        f"{judge.revision}, which is right for {share(right)} of the real test images"
    )
    floor = stand_ins(free, len(test), "test")
    found = {
        "classes_covered": Figure(
            "Classes covered", (seen > 0).double().mean().item(),
            lambda v: f"{v * classes:.0f} of {classes}", "higher",
            f"{protocol}; a class is covered by one sample, and the value is their share.",
            (again > 0).double().mean().item(), floor,
        )
    }  # fmt: skip
    if not true.all():  # all images of a class were kept back: any sample of it is infinitely far
        return found
    return found | {
        "class_kl": Figure(
            "KL of the classes", metrics.histogram_kl(seen, true), lambda v: f"{v:.4f} nats",
            "lower",
            f"{protocol}: KL of their classes from those of the training images. Of as many "
            f"perfect samples {(classes - 1) / (2 * free):.4f} is expected.",
            metrics.histogram_kl(again, true), floor,
        ),
    }  # fmt: skip


def cas_figures(made_by: Checkpoint, train: Dataset, test: Dataset, count: int) -> Figures:
    """What can be learned from samples alone: the classification accuracy score (Ravuri & Vinyals
    2019, arXiv 1905.10887), a mean over `count` classifiers, each of its own seed and of samples of
    its own. Raises EvaluationError for a model that knows no classes."""
    if not made_by.labels:
        raise EvaluationError(
            f"{made_by.name} makes no pictures of a class, so nothing can be learned from them; "
            "leave --cas out"
        )
    from train import classifier  # it imports the loop, which imports this module

    recipe = classifier.Recipe(evaluate=False, dataset=train.name)
    recipe.steps = min(recipe.steps, max(300, 30 * len(train) // recipe.batch))
    right: dict[str, list[float]] = {"samples": [], "real": []}
    for run in range(count):
        made = make(made_by, train.targets.tolist(), SEED + 2 + run, "samples to learn from")
        samples = dataclasses.replace(train, images=(made * 255).round().to(torch.uint8))
        for key, lessons in (("samples", samples), ("real", train)):
            with tempfile.TemporaryDirectory() as scratch:
                recipe.out, recipe.seed = Path(scratch) / "classifier", run
                pupil = checkpoint.load(classifier.train(recipe, lessons))
            predicted, _ = judged(pupil, test.images, "test images judged")
            right[key].append((predicted == test.targets).double().mean().item())
    spread = {
        key: f", standard deviation {statistics.stdev(shares):.2%}" if count > 1 else ""
        for key, shares in right.items()
    }
    of_real = f"{count} taught by the {len(train):,} real training images in the same way"
    return {
        "classification_accuracy_score": Figure(
            "Classification accuracy score", statistics.mean(right["samples"]), share, "higher",
            f"A classifier trained for {recipe.steps:,} steps on {len(train):,} samples alone, "
            f"classes as in the training images, names so many of all {len(test):,} real test "
            f"images (Ravuri & Vinyals 2019); mean of {count}{spread['samples']}.",
            statistics.mean(right["real"]), f"{of_real}{spread['real']}",
        )
    }  # fmt: skip


def privacy_figures(
    key: str, samples: Tensor, held_out: Tensor, points: Tensor, unit: float, how: str
) -> Figures:
    """How near samples come to the training images `points`, beside as many held-out real images;
    rows of pixels or of features, in `unit`."""
    print(f"looking for the nearest training images, {how}", file=sys.stderr)
    own, real_own = (metrics.nearest(rows, points)[0] / unit for rows in (samples, held_out))
    where = ", features" if key else ""
    measured = (
        f"distance of {len(samples):,} samples to the nearest of {len(points):,} training images, "
        f"{how}"
    )
    real = f"{len(held_out):,} real test images"
    # Of few, the nearest of all is the limit, which new ones of the same kind undercut more often.
    expected = max(CLOSEST, 1 / (len(held_out) + 1))
    return {
        f"nearest_training{key}": Figure(
            f"Nearest training image{where}", own.median().item(), plain, "",
            f"Median {measured}; far below the real one would be copying.",
            real_own.median().item(), real,
        ),
        f"near_copies{key}": Figure(
            f"Near copies{where}", metrics.near_copies(own, real_own, CLOSEST), share, "lower",
            f"Share of the samples that are nearer to a training image than all but {CLOSEST:.0%} "
            f"of {real}: {measured} (after Meehan et al. 2020). Well above {expected:.0%} would be "
            "copying; smooth pictures come nearer in pixels without it.",
            expected, f"{real}, by definition" if expected == CLOSEST else f"as few as {real}",
        ),
    }  # fmt: skip


# Likelihoods


def bound_figures(
    measured: Checkpoint,
    test: Dataset,
    draws: int,
    importance: int,
    bfloat16: bool = False,
    device: torch.device = CPU,
) -> Figures:
    """-ELBO, its parts and the importance-weighted likelihood, in nats an image; of 8-bit values
    the likelihood in bits/dim, too."""
    model: Any = measured.model.to(device).to(memory_format=torch.channels_last)  # faster
    likelihood = getattr(model.config, "likelihood", "bernoulli")
    binary = likelihood == "bernoulli"
    rounds = draws if binary else 1
    free = model.condition(None)
    kinds = {"": free.expand(len(test), -1).to(device)}
    if measured.labels:
        given = torch.stack([model.condition(i) for i in range(len(measured.labels))])
        kinds["_given_class"] = given[test.targets].to(device)
    bounds: dict[str, list[float]] = {kind: [] for kind in kinds}
    parts = torch.zeros(1 + len(model.levels), dtype=torch.double)  # pixels, then every level
    weighted = 0.0
    source = noise = latent.generator(SEED)
    if device != CPU:
        noise = torch.Generator(device).manual_seed(SEED)
    for number in range(rounds):
        images = test.floats()
        if binary:  # a pixel of brightness p is 1 with probability p
            images = (torch.rand(images.shape, generator=source) < images).float()
        images = images.to(device)
        sums = dict.fromkeys(kinds, 0.0)
        for part in batches(len(test), JUDGED, f"-ELBO, draw {number + 1} of {rounds}"):
            for kind, conditions in kinds.items():
                with torch.inference_mode():
                    nll, kl = model.elbo(images[part], conditions[part], noise)
                terms = (nll, *kl.split(model.levels, 1))
                found = torch.stack([t.double().sum() for t in terms]).cpu()
                sums[kind] += found.sum().item()
                if not kind:
                    parts += found / rounds / len(test)
        for kind, total in sums.items():
            bounds[kind].append(total / len(test))
        if number == 0 and importance:
            at_once = 2 * SCORED if device == CPU else 2000
            usual: AbstractContextManager[object] = nullcontext()
            if device != CPU:  # fewer kernels to start, a thousand times over
                model.infer = torch.compile(model.infer)
                # For where nothing can be compiled: for lack of a C compiler, say.
                usual = torch._dynamo.config.patch(suppress_errors=True)
            with usual:
                for part in batches(len(test), at_once, f"likelihood, {importance} samples"):
                    with torch.autocast(device.type, torch.bfloat16, enabled=bfloat16):
                        found = model.log_likelihood(
                            images[part], kinds[""][part], importance, noise
                        )
                    weighted -= found.double().sum().item()
            model.__dict__.pop("infer", None)
    model.to(CPU)
    on = f"mean over all {len(test):,} test images"
    if binary:
        on += ", dynamically binarised (a pixel of brightness p is 1 with probability p)"
        spread = f", standard deviation {stdev(bounds['']):.3f}" if rounds > 1 else ""
        many = f", mean of {rounds} binarisations{spread}" if rounds > 1 else ""
    else:
        discrete = likelihood == "discretised-logistic"
        on += ", 8-bit values" if discrete else ", a density over values in [0, 1]"
        many = ""
    seed = f"generator {SEED}{'' if device == CPU else ', computed on a GPU'}"
    pixels, *levels = parts.tolist()
    told = "The pixels given the latent"
    if window := getattr(model.config, "window", 0):
        told += f", each in the light of those before it up to {window} rows and columns away"
    figures = {
        "negative_elbo": Figure(
            "-ELBO", mean(bounds[""]), nats, "lower",
            f"Upper bound on -log p(x) without a class, {on}{many}, {seed}. The sum of the next "
            "two.",
        ),
        "reconstruction": Figure(
            "-log p(x|z)", pixels, nats, "", f"{told}: a part of -ELBO.",
        ),
        "kl": Figure(
            "KL", math.fsum(levels), nats, "", "The latent: a part of -ELBO"
            + (f", of which, from the top level down, {listed(levels)}." if levels[1:] else "."),
        ),
    }  # fmt: skip
    if importance:
        figures["negative_log_likelihood"] = Figure(
            "-log p(x)", weighted / len(test), nats, "lower",
            f"Importance-weighted estimate with {importance} samples, without a class, {on}, "
            f"{seed}{', the networks in bfloat16' if bfloat16 else ''}.",
        )  # fmt: skip
    if "_given_class" in kinds:
        figures["negative_elbo_given_class"] = Figure(
            "-ELBO given the class", mean(bounds["_given_class"]), nats, "lower",
            f"Upper bound on -log p(x | class), {on}{many}, {seed}.",
        )  # fmt: skip
    if likelihood == "discretised-logistic":
        dims = math.prod(measured.media.shape)
        bound, how = mean(bounds[""]), "Upper bound on it"
        if importance:
            bound = weighted / len(test)
            how = f"Importance-weighted estimate with {importance} samples"
        figures["bits_per_dim"] = Figure(
            "Bits/dim", metrics.bits_per_dim(bound, dims), bits, "lower",
            f"{how} of the 8-bit values without a class, mean over all {len(test):,} test images "
            f"and {dims} values, {seed}.",
        )  # fmt: skip
    return figures


def listed(values: list[float]) -> str:
    """Numbers in a sentence."""
    return ", ".join(f"{round(value, 2) + 0.0:.2f}" for value in values)  # no -0.00


def exact_figures(
    measured: Checkpoint,
    test: Dataset,
    ways: int = 0,
    bfloat16: bool = False,
    device: torch.device = CPU,
) -> Figures:
    """Bits per value of the image, from the exact likelihood; of a model that knows of `ways` ways
    to turn a picture, or fewer, also summed over them."""
    model: Any = measured.model.to(device)
    dims = math.prod(measured.media.shape)
    free: list[int | None] = [None] * len(test)
    kinds = {"bits_per_dim": ("Bits/dim", "without a class", free, 1)}
    if measured.labels:
        known: list[int | None] = [int(t) for t in test.targets]
        name = "Bits/dim given the class"
        kinds["bits_per_dim_given_class"] = (name, "given the class", known, 1)
    ways = min(ways, getattr(model.config, "ways", 1))
    if ways > 1:
        turns = "shifts" if ways == SHIFTS else "ways"
        how = (
            f"without a class under the mixture that chooses one of {ways} {turns} that it was "
            "told of in training, each as often, draws a picture so turned, and turns it back"
        ) + (", the networks in bfloat16" if bfloat16 else "")
        kinds["bits_per_dim_turned"] = (f"Bits/dim over {ways} {turns}", how, free, ways)
    figures = {}
    for key, (name, how, labels, summed) in kinds.items():
        total = 0.0
        for part in batches(len(test), SCORED, name):
            images = test.floats(part).to(device)
            if summed > 1:
                with torch.autocast(device.type, torch.bfloat16, enabled=bfloat16):
                    found = model.log_prob_turned(images, labels[part], summed)
            else:
                found = model.log_prob(images, labels[part])
            total -= found.double().sum().item()
        figures[key] = Figure(
            name, metrics.bits_per_dim(total / len(test), dims), bits, "lower",
            f"Exact negative log-likelihood of the 8-bit values {how}, mean over all {len(test):,} "
            f"test images and {dims} values.",
        )  # fmt: skip
    model.to(CPU)
    return figures


# Texts

COPIED = 20  # characters in a row that stand in the training text make a copied window
WRITTEN = 100  # texts that are looked up in the training text
NGRAM = 5  # symbols of the model that only counts


def windows(texts: list[str], size: int = COPIED) -> list[str]:
    """Every run of `size` characters in each text."""
    return [text[i : i + size] for text in texts for i in range(len(text) - size + 1)]


def nats_per_character(model: Any, test: Corpus, stride: int, what: str) -> float:
    """The mean over all characters, each scored once: in the first window that holds it. A
    window begins `stride` after the one before, the last where it ends with the text."""
    context, length = test.media.length, len(test.symbols)
    ends = torch.tensor([*range(context, length, stride), length])
    fresh = ends.diff(prepend=torch.tensor([0]))  # characters that no window before had
    total = 0.0
    for part in batches(len(ends), SCORED, what):
        found = model.text_nats(test.at(ends[part] - context)[0], [None] * len(ends[part]))
        counted = torch.arange(context) >= context - fresh[part, None]
        total += found[counted].double().sum().item()
    return total / length


def ngram_nats(train: Corpus | Texts, test: Corpus | Texts) -> np.ndarray:
    """What a model that only counts says of the test part: nats of each symbol, in order."""
    symbols = len(train.media.symbols)
    learned, asked = (_begun(part, symbols) for part in (train, test))
    return KneserNey(learned, symbols, max(1, len(train.labels)), NGRAM).nats(asked)


def _begun(part: Corpus | Texts, symbols: int) -> list[np.ndarray]:
    """Each text behind a start token of its class."""
    if isinstance(part, Corpus):
        return [np.concatenate([[symbols], part.symbols.numpy()])]
    rows = part.rows.numpy()
    sizes = length_of(part).tolist()
    return [
        np.concatenate([[symbols + label], row[:size]])
        for row, size, label in zip(rows, sizes, part.targets.tolist())
    ]


def scored(part: Texts) -> tuple[Tensor, Tensor]:
    """Which symbols count, (N, T): those of each text with its end; and of these the letters
    behind the first line, without titles and marks, of which a form tells nothing."""
    counted = torch.arange(part.media.length) < length_of(part)[:, None]
    body = (part.rows == part.media.symbols.find("\n")).cumsum(1) > 0
    letters = torch.tensor([c.isalpha() for c in part.media.symbols])
    return counted, letters[part.rows] & body & counted


def length_of(part: Texts) -> Tensor:
    """How many symbols each text has, with the one that ends it: (N,)."""
    return (part.rows == part.media.shape[2]).int().argmax(1) + 1


def text_figures(measured: Checkpoint, train: Corpus | Texts, test: Corpus | Texts) -> Figures:
    """Nats a character, and how much of what is written is copied."""
    if isinstance(train, Texts) and isinstance(test, Texts):
        return short_text_figures(measured, train, test)
    assert isinstance(train, Corpus) and isinstance(test, Corpus)  # parts of one data set
    return corpus_figures(measured, train, test)


def short_text_figures(measured: Checkpoint, train: Texts, test: Texts) -> Figures:
    """Nats a character over all test texts, whole lines that were copied, and how many texts have
    the form of their class, where a form can be seen."""
    media, model = measured.media, measured.model
    parts = batches(len(test), 4 * SCORED, "texts of the test part")
    nats = torch.cat(
        [model.text_nats(test.rows[part], test.targets[part].tolist()) for part in parts]  # type: ignore[operator]
    )
    counted, letters = scored(test)
    ngram = ngram_nats(train, test)
    name = f"{NGRAM}-gram, Kneser-Ney"
    size = f"{len(test):,} test texts, none of them seen in training, each given its class"
    inner = nats[letters].double().mean().item()
    found: Figures = {
        "nats_per_character": Figure(
            "Nats/character", nats[counted].double().mean().item(), nats4, "lower",
            f"Exact negative log-likelihood of every character, title, marks and end too: {size}.",
            float(ngram.mean()), name,
        ),
        "nats_per_letter": Figure(
            "Nats/letter behind the title", inner, nats4, "lower",
            "The same over what is a letter and stands behind the first line.",
            float(ngram[letters[counted].numpy()].mean()), name,
        ),
    }  # fmt: skip
    known = set(body_lines([media.to_text(row) for row in train.rows]))
    apart = torch.tensor(
        [known.isdisjoint(body_lines([media.to_text(row)])) for row in test.rows]
    )  # (N,)
    inside = letters & apart[:, None]
    if inside.any():
        found["nats_per_letter_apart"] = Figure(
            "Nats/letter, no line shared", nats[inside].double().mean().item(), nats4, "lower",
            f"The same over the {int(apart.sum()):,} of them of which no line stands in the "
            "training part: the others are variants of learned texts, or quote them.",
            float(ngram[inside[counted].numpy()].mean()), name,
        )  # fmt: skip
    labels = [i % max(len(train.labels), 1) for i in range(WRITTEN)]
    made = make_texts(measured, labels if train.labels else [None] * WRITTEN)
    some = torch.linspace(0, len(test) - 1, min(WRITTEN, len(test))).long()
    real = [media.to_text(row) for row in test.rows[some]]
    copied = [
        sum(line in known for line in lines) / max(len(lines), 1)
        for lines in (body_lines(made), body_lines(real))
    ]
    found["copied_lines"] = Figure(
        "Copied lines", copied[0], share, "",
        f"Share of the lines (between marks) of {WRITTEN} texts, every class as often, seed "
        f"{SEED}, temperature 1, that stand in the training part.",
        copied[1], f"{len(some)} texts of the test part",
    )  # fmt: skip
    if train.form is not None:
        kept = [train.form(text) == train.labels[label] for text, label in zip(made, labels)]
        found["form_kept"] = Figure(
            "Form kept", sum(kept) / WRITTEN, share, "higher",
            f"Of the same {WRITTEN} texts, those whose number of lines and characters in each "
            "line are those of the class that was asked for.",
        )  # fmt: skip
    return found


def body_lines(texts: list[str]) -> list[str]:
    """The runs of letters behind the first line of each text."""
    bodies = (text.partition("\n")[2] for text in texts)
    return [line for body in bodies for line in re.findall(r"[^\W\d_]+", body)]


def corpus_figures(measured: Checkpoint, train: Corpus, test: Corpus) -> Figures:
    """Nats a character over the whole test text in order, and the share of copied windows."""
    model: Any = measured.model
    context = measured.media.length

    beside = nats_per_character(model, test, context, "windows side by side")
    overlapping = nats_per_character(model, test, context // 2, "windows that overlap")
    ngram = float(ngram_nats(train, test).mean()), f"{NGRAM}-gram, Kneser-Ney"
    size = f"the last tenth of the text, {len(test.symbols):,} characters, in order"
    found: Figures = {
        "nats_per_character": Figure(
            "Nats/character", beside, nats4, "lower",
            f"Exact negative log-likelihood, {size}, windows of {context} side by side: a "
            f"character is predicted from 0 to {context - 1} before it.",
            *ngram,
        ),
        "nats_per_character_long": Figure(
            "Nats/character, long context", overlapping, nats4,
            "lower", f"The same with windows that overlap by half: from {context // 2} to "
            f"{context - 1} before it, but for the first window.",
            *ngram,
        ),
    }  # fmt: skip
    learned = train.media.to_text(train.symbols)
    made = make_texts(measured, [None] * WRITTEN)
    real = [
        test.media.to_text(test.at(row[None])[0][0])
        for row in torch.linspace(0, len(test) - 1, WRITTEN).long()
    ]
    copied = [sum(w in learned for w in windows(t)) / len(windows(t)) for t in (made, real)]
    return found | {
        "copied_windows": Figure(
            "Copied windows", copied[0], share, "",
            f"Share of the {COPIED}-character windows of {WRITTEN} texts of {context} characters, "
            f"seed {SEED}, temperature 1, that stand in the training text.",
            copied[1], f"{WRITTEN} texts of the test part",
        )
    }  # fmt: skip


def make_texts(made_by: Checkpoint, labels: Sequence[int | None]) -> list[str]:
    """Texts of seed SEED, as long as the model sees at once, or until they end."""
    rows = made_by.model.sample(latent.generators(SEED, len(labels)), labels)  # type: ignore[operator]
    return [made_by.media.to_text(row) for row in rows]


def classifier_figures(measured: Checkpoint, test: Dataset) -> Figures:
    """How often a classifier is right."""
    predicted, _ = judged(measured, test.images, "test images judged")
    right, worst, least = accuracy(predicted, test.targets, test.labels)
    return {
        "accuracy": Figure(
            "Accuracy", right, share, "higher", f"All {len(test):,} test images, none of them seen "
            "in training.", worst=(worst, least),
        )
    }  # fmt: skip


# The whole


def shown_to(measured: Checkpoint, train: loop.AnyData) -> loop.AnyData:
    """The training data that the run of a checkpoint saw: `--images` may have left some out."""
    recipe = measured.training.get("recipe")
    count = recipe.get("images") if isinstance(recipe, dict) else 0
    return loop.first_of(train, count if isinstance(count, int) and count > 0 else 0)


def load_data(measured: Checkpoint, root: Path) -> tuple[Data, Data]:
    """The training and the test part of the data that the checkpoint was trained on."""
    text = measured.media.kind == "text"
    size = measured.media.length if text else measured.media.height
    if text and measured.media.end:
        size = 0  # a text that ends has the length that its data set gives it
    train = data.load(measured.dataset, root, train=True, size=size)
    test = data.load(measured.dataset, root, train=False, size=size)
    if text and test.media != measured.media:
        raise EvaluationError(
            f"{measured.name} knows other characters than {root} has; point --data at the text "
            "that it was trained on"
        )
    for part in (train, test):
        # A model without classes may have learned from data that has them.
        if part.media != measured.media or measured.labels not in ((), part.labels):
            raise EvaluationError(
                f"{measured.name} makes {measured.media} of {len(measured.labels)} classes, and "
                f"{root} holds {part.media} of {len(part.labels)}; point --data at the data that "
                "it was trained on"
            )
    return train, test


def evaluate(options: Options) -> dict[str, Any]:
    """The contents of metrics.json. Writes nothing but the cache of classifiers.

    Raises EvaluationError, DataError or CheckpointError.
    """
    least_of = {"samples": 2, "draws": 1, "importance": 0, "ways": 0, "cas": 0}
    for name, least in least_of.items():
        if getattr(options, name) < least:
            raise EvaluationError(f"--{name} is {least} or more, not {getattr(options, name)}")
    device = loop.device_of(options.device)
    measured = checkpoint.load(options.checkpoint)
    train, test = load_data(measured, options.data)
    judge: Checkpoint | None = None
    figures: Figures = {}
    if not isinstance(train, Dataset) or not isinstance(test, Dataset):
        assert not isinstance(train, Dataset) and not isinstance(test, Dataset)
        learned = shown_to(measured, train)
        return results(options, measured, text_figures(measured, learned, test), None)
    if "classify" in measured.capabilities:
        figures |= classifier_figures(measured, test)
    if hasattr(measured.model, "elbo"):
        figures |= bound_figures(
            measured, test, options.draws, options.importance, options.bfloat16, device
        )
    if hasattr(measured.model, "log_prob"):
        figures |= exact_figures(measured, test, options.ways, options.bfloat16, device)
    if "sample" in measured.capabilities:
        judge = find_judge(train, options.data, options.classifier)
        if test.labels == measured.labels == notes.NAMES:
            figures |= tune_figures(measured, test, options.samples)
        figures |= sample_figures(measured, judge, train, test, options.samples)
        if options.cas:
            figures |= cas_figures(measured, train, test, options.cas)
    return results(options, measured, figures, judge)


def results(
    options: Options, measured: Checkpoint, figures: Figures, judge: Checkpoint | None
) -> dict[str, Any]:
    """What metrics.json holds."""
    words = ["python -m train.evaluate CHECKPOINT --data DIR"]
    for name in ("samples", "draws", "importance", "ways", "cas"):
        if getattr(options, name) != getattr(Options, name):
            words.append(f"--{name} {getattr(options, name)}")
    words += ["--bfloat16"] if options.bfloat16 else []
    words += [f"--device {options.device}"] if options.device != Options.device else []
    return {key: figure.to_dict() for key, figure in figures.items()} | {
        "evaluated": {
            "date": datetime.now(timezone.utc).date().isoformat(),
            "machine": loop.machine(loop.device_of(options.device)),
            "torch": torch.__version__,
            "command": " ".join(words),
            "dataset": measured.dataset,
            "classifier": f"{judge.name} {judge.revision}" if judge else "",
        }
    }


def write(folder: Path, found: dict[str, Any] | None) -> None:
    """Put figures (or none: leave those that are there) and the card into a checkpoint."""
    if found is not None:
        content = json.dumps(found, indent=2, allow_nan=False) + "\n"
        checkpoint.write_file(folder / METRICS, content.encode())
    card = hub.card(checkpoint.load(folder))
    checkpoint.write_file(folder / checkpoint.CARD, card.encode())


def complete(folder: Path, root: Path, figures: bool = True) -> None:
    """Give a checkpoint that was just trained its card, and its figures, unless `figures` is off or
    nothing was kept back to test with. Raises EvaluationError that says how to get them later."""
    write(folder, None)  # so that it is whole, whatever happens while the figures are computed
    if not figures:
        return
    try:
        found = evaluate(Options(folder, root))
    except data.NothingKeptBack as error:
        print(f"no figures: {error}", file=sys.stderr)
        return
    except (loop.TrainingError, data.DataError, checkpoint.CheckpointError) as error:
        again = shlex.join(["python", "-m", "train.evaluate", str(folder), "--data", str(root)])
        raise EvaluationError(
            f"{folder} is whole, but without figures: {error}; then: {again} --write"
        ) from None
    write(folder, found)
    print(table(found))


def table(found: dict[str, Any]) -> str:
    """Figures for a terminal: name, value, yardstick."""
    rows = [("figure", "value", "reference", "")]
    for figure in found.values():
        if "value" in figure:
            name, worst = figure["name"], figure.get("worst")
            rows.append(
                (name, figure["text"], figure.get("reference_text", ""),
                 figure.get("reference_name", ""))
            )  # fmt: skip
            if worst:
                rows.append((f"  lowest: {worst['label']}", worst["text"], "", ""))
    widths = [max(len(row[i]) for row in rows) for i in range(3)]
    lines = [
        f"{a:<{widths[0]}}  {b:>{widths[1]}}  {c:>{widths[2]}}  {d}".rstrip() for a, b, c, d in rows
    ]
    return "\n".join(lines)


def run(options: Options) -> None:
    found = evaluate(options)
    print(table(found))
    if options.write:
        with checkpoint.writing():
            write(options.checkpoint, found)
        print(f"written: {options.checkpoint / METRICS} and the card")


def main() -> None:
    loop.main(lambda: run(tyro.cli(Options)))


if __name__ == "__main__":
    main()
