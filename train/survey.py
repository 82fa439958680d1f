"""Measure what the explorers of the app show of a checkpoint, print it, and put it beside the
weights.

    python -m train.survey checkpoints/vae-mnist --data data [--write]

`aigc/survey.py` says what the file holds; every draw is from `aigc.latent.generators`, so the
same machine finds the same again.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import torch
import tyro
from torch import Tensor

from aigc import checkpoint, latent, metrics, survey
from aigc.checkpoint import Checkpoint
from aigc.data import Dataset
from aigc.media import ImageMedia
from aigc.survey import PLANES
from train import evaluate, loop

SEED = 3  # other samples than those of the card
NEIGHBOURS = 10
DIRECTIONS = 6
QUANTILES = 101
TEMPERATURES = (0.2, 0.4, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.25, 1.5)
SHOWN = 3000  # points on a map
CELLS = 64  # along each side of a map's histogram
Tensors = dict[str, Tensor]


@dataclass
class Options:
    """Measure what the explorers of the app show of a checkpoint."""

    checkpoint: tyro.conf.Positional[Path]
    """Checkpoint folder."""
    data: Path = Path("data")
    """Where the data is, or where it is downloaded to."""
    write: bool = False
    """Write survey.safetensors into the checkpoint."""
    classifier: Path | None = None
    """Folder of the classifier that judges; default: the one that train.evaluate takes."""
    samples: int = 5000
    """Samples at each temperature, and for the directions."""
    images: int = 10_000
    """Test images, at most."""


def unit(images: Tensor) -> Tensor:
    """8-bit images as models take them, in [0, 1]."""
    return images.float() / 255


def labels_of(dataset: Dataset, rows: slice) -> list[int | None]:
    return [int(t) if dataset.labels else None for t in dataset.targets[rows]]


def seen(judge: Checkpoint, images: Tensor) -> Tensor:
    """The class of each image for the classifier, (N,)."""
    return judge.model.classify(images)[0].argmax(1)  # type: ignore[operator]


# The map


def plane(axes: Tensor, means: Tensor, targets: Tensor, shown: int) -> Tensors:
    """A plane (2, L) through the middle of the posterior means (N, L): how the first `shown` of
    them lie on it, class by class, the share of their variance that it holds, and how well
    classes stand apart on it."""
    around = means - means.mean(0)
    points = around @ axes.T  # (N, 2)
    share = points.square().sum() / around.square().sum()
    facts = torch.tensor([float(share), agreement(points, targets)])
    some = points[:shown][targets[:shown].argsort(stable=True)]
    return {"axes": axes, "points": scattered(some).half(), "facts": facts}


def scattered(points: Tensor) -> Tensor:
    """The histogram of points (N, 2) over CELLS x CELLS cells, drawn anew: each point anywhere in
    its cell. A checkpoint shows how images are spread and holds no image's own place."""
    low, high = points.min(0).values, points.max(0).values
    size = ((high - low) / CELLS).clamp(min=1e-6)
    cells = ((points - low) / size).floor().clamp(max=CELLS - 1)
    anywhere = torch.rand(points.shape, generator=latent.generator(SEED))
    return low + (cells + anywhere) * size


def agreement(points: Tensor, targets: Tensor) -> float:
    """The share in [0, 1] of the points (N, D) most of whose NEIGHBOURS nearest others are of
    their class (N,)."""
    right = 0
    for start in range(0, len(points), 1000):
        part = points[start : start + 1000]
        found = torch.cdist(part, points)  # (1000, N)
        found[torch.arange(len(part)), torch.arange(start, start + len(part))] = torch.inf
        near = found.topk(min(NEIGHBOURS, len(points) - 1), largest=False).indices
        right += int((targets[near].mode(1).values == targets[start : start + 1000]).sum())
    return right / len(points)


def map_of(model: Any, images: Tensor, targets: Tensor, classes: int, told: bool = True) -> Tensors:
    """Test images (N, C, H, W) in the latent space, each encoded without its class. A model that
    is not `told` classes has one class mean, whatever the classes of the data."""
    means, divergences = [], []
    for part in evaluate.batches(len(images), evaluate.JUDGED, "encoded"):
        conditions = model.condition(None).expand(len(images[part]), -1)
        mean, log_var = model.encode(unit(images[part]), conditions)
        means.append(mean)
        divergences.append(0.5 * (mean.square() + log_var.exp() - 1 - log_var))
    z, kl = torch.cat(means), torch.cat(divergences).mean(0)  # (N, L), (L,)
    each = torch.stack([z[targets == k].mean(0) for k in range(classes)])  # (C, L)
    strongest = kl.argsort(descending=True, stable=True)[:2]
    axes = {
        "pca": torch.linalg.svd(z - z.mean(0), full_matrices=False).Vh[:2],
        # One class has one mean and no plane: the same as pca.
        "means": torch.linalg.svd(each - each.mean(0), full_matrices=False).Vh[:2],
        "kl": torch.eye(z.shape[1])[strongest],
    }
    if classes < 3:
        axes["means"] = axes["pca"]
    found = {
        "map.origin": z.mean(0), "map.kl": kl,
        "map.class_means": each if told else z.mean(0, keepdim=True),
        "map.classes": targets[:SHOWN].sort().values.to(torch.int16),  # as `plane` orders points
        "map.agreement": torch.tensor(agreement(z, targets)),
    }  # fmt: skip
    for name in PLANES:
        values = plane(axes[name], z, targets, SHOWN)
        found |= {f"map.{name}.{key}": value for key, value in values.items()}
    return found


def arithmetic_of(
    model: Any, judge: Checkpoint, means: Tensor, images: Tensor, targets: Tensor
) -> Tensors:
    """How often a test image of another class arrives at each class, as the classifier sees what
    is decoded: by z - mean of its class + mean of the other, encoded and decoded without a class;
    and by encoding it with its class and decoding it with the other."""
    arrived = torch.zeros(2, len(means))
    free = model.condition(None)
    each = torch.stack([model.condition(k) for k in range(len(means))])  # (C, K)
    for goal in range(len(means)):
        rows = (targets != goal).nonzero()[:1000, 0]
        x, start = unit(images[rows]), targets[rows]
        no_class = free.expand(len(rows), -1)
        z = model.encode(x, no_class)[0] - means[start] + means[goal]
        arrived[0, goal] = (seen(judge, model.decode(z, no_class)) == goal).float().mean()
        z = model.encode(x, each[start])[0]
        told = each[goal].expand(len(rows), -1)
        arrived[1, goal] = (seen(judge, model.decode(z, told)) == goal).float().mean()
    return {"arithmetic": arrived}


# Directions


def _pictures(measured: Checkpoint) -> ImageMedia:
    """The media of what is surveyed, pictures of one kind or another."""
    assert isinstance(measured.media, ImageMedia)
    return measured.media


def directions_of(made_by: Checkpoint, judge: Checkpoint, count: int) -> Tensors:
    """The directions of a latent space along which the classifier's features change most.

    GANSpace (Harkonen et al. 2020, arXiv 2004.02546) takes the principal components of features
    of samples and finds the latents that go with them by regression. Here the regression comes
    first: of the features, each class around its own mean, on z. Its coefficients are the mean
    Jacobian of the map from latents to features, whose right singular vectors are the directions,
    the strongest first. `count` samples of all classes."""
    model: Any = made_by.model
    looks = _pictures(made_by).looks
    classes = max(1, len(made_by.labels))
    latents, conditions, features, shown = [], [], [], []
    for part in evaluate.batches(count, evaluate.JUDGED, "samples for directions"):
        pairs = [
            model.prior(latent.generator(SEED, i), i % classes if made_by.labels else None)
            for i in range(part.start, part.stop)
        ]
        z, c = (torch.stack(parts) for parts in zip(*pairs))
        latents.append(z)
        conditions.append(c)
        shown.append(model.decode(z, c))
        features.append(judge.model.classify(shown[-1])[1])  # type: ignore[operator]
    z, c, f = torch.cat(latents), torch.cat(conditions), torch.cat(features)
    owner = torch.arange(count) % classes
    for k in range(classes):
        f[owner == k] -= f[owner == k].mean(0)
    jacobian = torch.linalg.lstsq(z - z.mean(0), f).solution.T  # (F, L)
    vectors = torch.linalg.svd(jacobian, full_matrices=False).Vh[:DIRECTIONS]  # (D, L)
    usual = looks(torch.cat(shown))
    for k in range(classes):
        usual[owner == k] -= usual[owner == k].mean(0)
    response, looked = [], []
    for vector in vectors:
        logits, look = [], []
        for part in evaluate.batches(min(count, 2000), evaluate.JUDGED, "directions tried"):
            ends = [model.decode(z[part] + s * vector, c[part]) for s in (1.0, -1.0)]
            more, less = (judge.model.classify(end)[0] for end in ends)  # type: ignore[operator]
            logits.append(more - less)
            look.append(looks(ends[0]) - looks(ends[1]))
        response.append(torch.cat(logits).mean(0))
        looked.append(torch.cat(look).mean(0) / usual.std(0).clamp(min=1e-6))
    return {
        "directions.vectors": vectors,
        "directions.response": torch.stack(response),
        "directions.looks": torch.stack(looked),
    }


# The discriminator's scores


def scores_of(made_by: Checkpoint, test: Dataset, images: Tensor, count: int) -> Tensors:
    """Quantiles of the discriminator's logits for test images and samples of each class."""
    model: Any = made_by.model
    classes = max(1, len(made_by.labels))
    told = [model.condition(k if made_by.labels else None) for k in range(classes)]
    steps = torch.linspace(0, 1, QUANTILES)
    real: list[Tensor] = []
    made: list[Tensor] = []
    for k in range(classes):
        own = unit(images[test.targets[: len(images)] == k] if made_by.labels else images)
        wanted: list[int | None] = [k if made_by.labels else None] * max(1, count // classes)
        drawn = evaluate.make(made_by, wanted, SEED + k, "samples to score")
        for pictures, found in ((own, real), (drawn, made)):
            with torch.inference_mode():
                scores = [
                    model.discriminate(part, told[k].expand(len(part), -1))
                    for part in pictures.split(evaluate.JUDGED)
                ]
            found.append(torch.cat(scores).quantile(steps))
    return {"scores.real": torch.stack(real), "scores.made": torch.stack(made)}


# Fidelity against variety


def tradeoff_of(made_by: Checkpoint, judge: Checkpoint, test: Dataset, count: int) -> Tensors:
    """`count` samples at each of TEMPERATURES, of the classes of as many test images, against
    these: see `aigc.metrics`, and `aigc.survey.columns` for models without classes."""
    rows = evaluate.pick(count, len(test), 0)
    wanted = test.targets[rows]
    labels: list[int | None] = [int(t) if made_by.labels else None for t in wanted]
    _, real = evaluate.judged(judge, test.images[rows], "test images judged")
    found = []
    for temperature in TEMPERATURES:
        parts = []
        for part in evaluate.batches(count, evaluate.JUDGED, f"samples at {temperature}"):
            sources = [latent.generator(SEED, i) for i in range(part.start, part.stop)]
            parts.append(made_by.model.sample(sources, labels[part], temperature))  # type: ignore[operator]
        predicted, features = evaluate.judged(judge, torch.cat(parts), "judged")
        precision, recall = metrics.precision_recall(real, features, evaluate.K_RECALL)
        _, coverage = metrics.density_coverage(real, features, evaluate.K_COVERAGE)
        if made_by.labels:
            first = (predicted == wanted).double().mean().item()
        else:
            first = len(predicted.unique()) / max(1, len(test.labels))
        distance = metrics.frechet_distance(features, real)
        found.append([temperature, first, distance, precision, recall, coverage])
    return {"tradeoff": torch.tensor(found)}


# The whole


def too_few(targets: Tensor, labels: Sequence[str]) -> str:
    """Why test images of these classes (N,) show nothing of how classes lie, or nothing."""
    if len(targets) < 3:
        return f"{len(targets)} test images are too few"
    for k, label in enumerate(labels):
        if not (targets == k).any():
            return f"class {label!r} has no test image; add images of it"
    return ""


def measure(options: Options) -> tuple[Tensors, dict[str, str]]:
    """What the file holds. Raises EvaluationError, DataError or CheckpointError."""
    if options.samples < 100 or options.images < 100:
        raise evaluate.EvaluationError("--samples and --images are 100 or more")
    measured = checkpoint.load(options.checkpoint)
    train, test = evaluate.load_data(measured, options.data)
    if not isinstance(train, Dataset) or not isinstance(test, Dataset):
        raise evaluate.EvaluationError(f"{measured.name} writes; only pictures are surveyed")
    can, model = measured.capabilities, measured.model
    if not {"encode", "decode", "discriminate"} & set(can):
        raise evaluate.EvaluationError(
            f"{measured.name} has no latent space; choose a checkpoint with decode or encode"
        )
    with torch.inference_mode(False):  # it may have to be trained
        judge = evaluate.find_judge(train, options.data, options.classifier)
    images = test.images[: options.images]
    targets = test.targets[: len(images)]
    # The classes of the model: where it has none, and the data have some, theirs.
    names = measured.labels
    if not names and not too_few(targets, test.labels):
        names = test.labels
    if not names:
        targets = torch.zeros_like(targets)
    found: Tensors = {}
    if problem := too_few(targets, names):
        print(f"left out, map, arithmetic and scores: {problem}", file=sys.stderr)
    else:
        if "encode" in can:
            told = bool(measured.labels)
            found |= map_of(model, images, targets, max(1, len(names)), told)
            if judge is not None and measured.labels:
                means = found["map.class_means"]
                found |= arithmetic_of(model, judge, means, images, targets)
        if "discriminate" in can:
            found |= scores_of(measured, test, images, options.samples)
    if "decode" in can and judge is not None:
        size = model.prior(latent.generator(SEED), None)[0].numel()  # type: ignore[operator]
        if options.samples > size:
            found |= directions_of(measured, judge, options.samples)
        else:  # as many unknowns as equations fit anything
            more = f"--samples above the {size:,} numbers of a latent"
            print(f"left out, directions: they take {more}", file=sys.stderr)
        if len(test) > evaluate.K_COVERAGE:
            found |= tradeoff_of(measured, judge, test, min(options.samples, len(test)))
        else:
            print(f"left out, trade-off: {len(test)} test images are too few", file=sys.stderr)
        found["shares"] = metrics.class_histogram(train.targets, len(train.labels)).float()
    if not found:
        raise evaluate.EvaluationError(
            f"nothing of {measured.name} can be measured with {len(test)} test images; add more"
        )
    about = {
        "dataset": measured.dataset, "images": str(len(images)), "samples": str(options.samples),
        "classifier": f"{judge.name} {judge.revision}" if judge else "",
        "date": datetime.now(timezone.utc).date().isoformat(),
        "machine": loop.machine(torch.device("cpu")), "torch": torch.__version__,
        "command": "python -m train.survey CHECKPOINT --data DIR",
    }  # fmt: skip
    if names and not measured.labels:
        about["classes"] = json.dumps(names)
    return found, about


def table(found: Tensors, measured: Checkpoint) -> str:
    """What was found, for a terminal."""
    lines, labels = [], measured.labels
    if "map.kl" in found:
        lines.append("plane    variance  classes apart")
        for name in PLANES:
            share, apart = found[f"map.{name}.facts"].tolist()
            lines.append(f"{name:<8} {share:8.1%}  {apart:8.1%}")
        lines.append(f"all                 {found['map.agreement'].item():8.1%}")
    if "arithmetic" in found:
        lines.append("to class " + "".join(f"{name:>7.6}" for name in labels) + "    mean")
        for name, row in zip(("by means", "by class"), found["arithmetic"]):
            cells = "".join(f"{value:7.1%}" for value in row.tolist())
            lines.append(f"{name} {cells} {row.mean().item():7.1%}")
    if "directions.looks" in found:
        lines.append(
            "direction  "
            + "".join(f"{name:>12}" for name in _pictures(measured).LOOKS)
            + "   classifier"
        )
        for i, (look, logits) in enumerate(
            zip(found["directions.looks"], found["directions.response"]), 1
        ):
            said = ""
            if labels:
                up, down = labels[int(logits.argmax())], labels[int(logits.argmin())]
                said = f"{logits.max().item():+.2f} for {up}, {logits.min().item():+.2f} for {down}"
            cells = "".join(f"{value:12.3f}" for value in look.tolist())
            lines.append(f"{i:<10} {cells}   {said}".rstrip())
    if "scores.real" in found:
        lines.append("score, median   real    made")
        for i, (real, made) in enumerate(zip(found["scores.real"], found["scores.made"])):
            name = labels[i] if labels else "any"
            middle = QUANTILES // 2
            lines.append(f"{name:<12.12} {real[middle].item():7.2f} {made[middle].item():7.2f}")
    if "tradeoff" in found:
        lines.append("".join(f"{name:>13}" for name in survey.columns(measured)))
        for row in found["tradeoff"].tolist():
            temperature, accuracy, frechet, *rest = row
            lines.append(
                f"{temperature:13.2f}{accuracy:13.2%}{frechet:13.2f}"
                + "".join(f"{value:13.2%}" for value in rest)
            )
    return "\n".join(lines)


def run(options: Options) -> None:
    with torch.inference_mode():
        found, about = measure(options)
    print(table(found, checkpoint.load(options.checkpoint)))
    if options.write:
        survey.write(options.checkpoint, found, about)
        print(f"written: {options.checkpoint / survey.FILE}")


def main() -> None:
    loop.main(lambda: run(tyro.cli(Options)))


if __name__ == "__main__":
    main()
