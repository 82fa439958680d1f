"""Is it luck? The default recipe of the GAN from several seeds, seven minutes of a core each.

    python -m benchmarks.seeds --data DIR

Each is `python -m train.gan --seed S --steps 6000 --minutes 0`. A run has converged when it drew
all classes and nine in ten of its samples show the class that was asked for. What stands in --out
from an earlier call is not trained again.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, stdev

import torch
import tyro
from torch import Tensor

from aigc import checkpoint, metrics
from aigc.checkpoint import Checkpoint
from aigc.data import Dataset, load
from train import evaluate, gan, loop

COMPARED = 10_000  # samples, and as many test images
CONVERGED = 0.9


@dataclass
class Options:
    """Train the same GAN from several seeds and print how far they lie apart."""

    data: Path = Path("data")
    """Where MNIST is, or where it is downloaded to."""
    out: Path = Path("runs/seeds")
    """The folder for the checkpoints."""
    seeds: int = 5
    steps: int = 6000


def train(options: Options, seed: int) -> tuple[Path, float]:
    """The checkpoint of one seed, and the minutes of processor time that it took (0: it was there
    already)."""
    out = options.out / f"gan-mnist-{seed}"
    start = time.process_time()
    if (out / checkpoint.CONFIG).exists():
        return out, 0.0
    gan.train(
        gan.Recipe(
            data=options.data, out=out, seed=seed, steps=options.steps, minutes=0, snapshots=0,
            evaluate=False, keep_going=True,
        )
    )  # fmt: skip
    return out, (time.process_time() - start) / 60


@torch.inference_mode()
def score(folder: Path, judge: Checkpoint, test: Dataset, real: Tensor) -> tuple[float, int, float]:
    """Label accuracy in [0, 1], classes that came out, Frechet distance from the features `real`
    of the test images."""
    made_by = checkpoint.load(folder)
    wanted = test.targets[:COMPARED]
    made = evaluate.make(made_by, wanted.tolist(), evaluate.SEED, "samples")
    predicted, features = evaluate.judged(judge, made, "judged")
    right, _, _ = evaluate.accuracy(predicted, wanted, test.labels)
    return right, len(predicted.unique()), metrics.frechet_distance(features, real)


def run(options: Options) -> None:
    test = load("mnist", options.data, train=False)
    assert isinstance(test, Dataset)
    judge = evaluate.find_judge(test, options.data, None)
    assert judge is not None  # MNIST has classes
    with torch.inference_mode():
        _, real = evaluate.judged(judge, test.images[:COMPARED], "test images judged")
    print("| seed | right class | classes | Frechet | CPU minutes | converged |")
    print("| --- | --- | --- | --- | --- | --- |", flush=True)
    found = []
    for seed in range(options.seeds):
        folder, minutes = train(options, seed)
        right, classes, near = score(folder, judge, test, real)
        converged = right >= CONVERGED and classes == len(test.labels)
        found.append((right, near, converged))
        took = f"{minutes:.1f}" if minutes else "before"
        print(
            f"| {seed} | {right:.2%} | {classes} of {len(test.labels)} | {near:.2f} | {took} "
            f"| {'yes' if converged else 'no'} |",
            flush=True,
        )
    rights, nears, ended = zip(*found)
    spread = (
        f"; right class {mean(rights):.2%} +- {stdev(rights):.2%}, Frechet {mean(nears):.2f} +- "
        f"{stdev(nears):.2f}"
    ) if len(found) > 1 else ""  # fmt: skip
    print(f"\n{sum(ended)} of {len(found)} converged{spread}")
    print(f"{loop.machine(torch.device('cpu'))}, torch {torch.__version__}")


def main() -> None:
    loop.main(lambda: run(tyro.cli(Options, description=__doc__)))


if __name__ == "__main__":
    main()
