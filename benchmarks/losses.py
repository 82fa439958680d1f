"""The losses of a GAN side by side: same networks, same images, same seed.

    python -m benchmarks.losses --data DIR                  (all of them; two hours of one core)
    python -m benchmarks.losses --data DIR --only hinge

Each is one command of train.gan, which is printed, on two data sets: stacked-mnist without classes
says which of 1000 modes are lost, mnist with them how often a picture shows what was asked for.
What stands in --out from an earlier call is not trained again, so the table grows over several.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

import torch
import tyro
from torch import Tensor

from aigc import checkpoint, metrics
from aigc.checkpoint import Checkpoint
from aigc.data import Dataset, load
from train import evaluate, gan, loop

NAKED = "--no-r1 --no-r2"
LOSSES = {
    "minimax": f"--loss minimax {NAKED}",
    "non-saturating": f"--loss non-saturating {NAKED}",
    "hinge": f"--loss hinge {NAKED}",
    "WGAN-GP": f"--loss wasserstein {NAKED} --gp 10",
    "relativistic, R1": "--loss relativistic --no-r2",
    "relativistic, R1 and R2": "--loss relativistic",
}
PACKS = (1, 2)
DATA = {"stacked-mnist": "--no-classes", "mnist": "--mismatch 0"}  # the losses alone
MODES = 26_000  # samples, as the papers take
COMPARED = 10_000  # samples and test images whose features are compared, and whose class is


@dataclass
class Options:
    """Train GANs that differ in the loss alone, and compare them."""

    data: Path = Path("data")
    """Where MNIST is, or where it is downloaded to."""
    out: Path = Path("runs/losses")
    """The folder for the checkpoints."""
    only: str = ""
    """Only the losses with this in their name."""
    steps: int = 2000
    """Steps of 64 images on stacked-mnist; half of them on mnist."""
    seed: int = 0


@dataclass
class Row:
    """What is said of one loss and pack. Shares in [0, 1]; the rate in images a second."""

    name: str
    modes: int
    kl: float
    frechet: float
    accuracy: float
    rate: float
    noticed: str


def train(options: Options, name: str, pack: int, dataset: str) -> Checkpoint:
    """The checkpoint of one run, from its folder if it is there."""
    short = "".join(c if c.isalnum() else "-" for c in name.lower())
    out = options.out / f"{dataset}-{short}-{pack}-{options.seed}"
    steps = options.steps if dataset == "stacked-mnist" else options.steps // 2
    flags = (
        f"--dataset {dataset} {DATA[dataset]} {LOSSES[name]} --pack {pack} --seed {options.seed} "
        f"--steps {steps} --minutes 0 --snapshots 0 --keep-going --no-evaluate"
    )
    if not (out / checkpoint.CONFIG).exists():
        print(f"python -m train.gan {flags} --data DIR", flush=True)
        words = [*shlex.split(flags), "--data", str(options.data), "--out", str(out)]
        gan.train(tyro.cli(gan.Recipe, args=words))
    return checkpoint.load(out)


@torch.inference_mode()
def stacked(
    made_by: Checkpoint, judge: Checkpoint, data: Dataset, real: Tensor
) -> tuple[int, float, float]:
    """Modes covered, their KL from the data, and the Frechet distance from the features `real`
    (COMPARED, F) of test images."""
    made = evaluate.make(made_by, [None] * MODES, evaluate.SEED, "samples")
    predicted, features = evaluate.judged(judge, made, "judged")
    seen = metrics.class_histogram(predicted, len(data.labels))
    true = metrics.class_histogram(data.targets, len(data.labels))
    near = metrics.frechet_distance(features[:COMPARED], real)
    return int((seen > 0).sum()), metrics.histogram_kl(seen, true), near


@torch.inference_mode()
def accuracy(made_by: Checkpoint, judge: Checkpoint) -> float:
    """The share of samples that show the class that was asked for."""
    wanted = torch.arange(COMPARED) % len(made_by.labels)
    made = evaluate.make(made_by, wanted.tolist(), evaluate.SEED, "samples")
    predicted, _ = evaluate.judged(judge, made, "judged")
    return evaluate.accuracy(predicted, wanted, made_by.labels)[0]


def table(rows: list[Row]) -> str:
    """As Markdown."""
    lines = [
        "| loss | pack | modes of 1000 | KL, nats | Frechet | right class | images/s | noticed |",
        "| --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    lines += [
        f"| {row.name} | {row.modes} | {row.kl:.3f} | {row.frechet:.0f} | {row.accuracy:.1%} "
        f"| {row.rate:.0f} | {row.noticed or 'nothing'} |"
        for row in rows
    ]
    return "\n".join(lines)


def run(options: Options) -> None:
    parts = {
        (name, train): load(name, options.data, train) for name in DATA for train in (True, False)
    }
    digits, data, test = (
        parts[key] for key in (("mnist", True), ("stacked-mnist", True), ("stacked-mnist", False))
    )
    assert isinstance(digits, Dataset) and isinstance(data, Dataset) and isinstance(test, Dataset)
    of_modes, of_digits = (evaluate.find_judge(part, options.data, None) for part in (data, digits))
    assert of_modes is not None and of_digits is not None  # both data sets have classes
    with torch.inference_mode():
        _, real = evaluate.judged(of_modes, test.images[:COMPARED], "test images judged")
    rows = []
    for name in LOSSES:
        for pack in PACKS:
            if options.only not in name:
                continue
            colour, grey = (train(options, name, pack, dataset) for dataset in DATA)
            events = [e for one in (colour, grey) for e in one.training.get("noticed", ())]
            noticed = sorted({entry["event"].partition(":")[0] for entry in events})
            rows.append(
                Row(
                    f"{name} | {pack}", *stacked(colour, of_modes, data, real),
                    accuracy(grey, of_digits),
                    colour.training["images"] / max(1, colour.training["seconds"]),
                    ", ".join(noticed),
                )
            )  # fmt: skip
            print(table(rows[-1:]).splitlines()[-1], flush=True)
    print(f"\n{table(rows)}\n\n{loop.machine(torch.device('cpu'))}, torch {torch.__version__}")


def main() -> None:
    loop.main(lambda: run(tyro.cli(Options, description=__doc__)))


if __name__ == "__main__":
    main()
