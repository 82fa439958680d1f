"""Runs that fail on purpose, and what mends them, one change at a time.

    python -m train.recipes gan-certain --data data           (into runs/gan-certain)
    python -m train.recipes                                   (which there are)

Each takes a minute or two on one thread, and prints what came of it: of a GAN, means of its last
ten looks; of a VAE, its bound on test images and how sharp its pictures are beside them. The
outcomes are in docs/experiments.md.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import Any

import tyro

from aigc import checkpoint, latent, metrics
from aigc.data import Dataset, load
from train import evaluate, gan, loop, vae

SHORT = "--steps 800 --minutes 0 --snapshots 10 --precision float32 --keep-going --no-evaluate"
GAN = f"{SHORT} --g-base 16"
FAST = "--g-lr 0.005 --d-lr 0.005 --schedule constant"  # five times too fast
NAKED = "--loss minimax --no-r1 --no-r2"
CERTAIN = f"{GAN} {FAST} --d-base 16 {NAKED}"
WEAK = f"{GAN} --g-lr 0.005 --d-lr 0.0001 --schedule constant --d-base 4 {NAKED}"
VAE = f"{SHORT} --base 16 --any-label 1"

# Name -> the flags of train.gan or train.vae, and what is claimed. gan-certain, gan-weak and
# vae-blurry fail; each of the others changes one thing in the one above it, or all at once.
RECIPES: dict[str, tuple[str, str]] = {
    "gan-certain": (CERTAIN, "the discriminator wins and the generator learns nothing"),
    "gan-pairing": (
        f"{GAN} {FAST} --d-base 16 --loss relativistic --no-r1 --no-r2",
        "remedy: judge real and made in pairs",
    ),
    "gan-penalties": (f"{GAN} {FAST} --d-base 16 --loss minimax", "remedy: R1 and R2"),
    "gan-noise": (f"{CERTAIN} --noise uniform", "remedy: another noise distribution"),
    "gan-capacity": (
        CERTAIN.replace("--d-base 16", "--d-base 4"),
        "remedy: a discriminator of a quarter of the width",
    ),
    "gan-schedule": (
        f"{GAN} --d-base 16 {NAKED}",
        "remedy: a fifth of the learning rate, falling on a cosine",
    ),
    "gan-all": (f"{GAN} --d-base 16", "all remedies but the smaller discriminator"),
    "gan-weak": (WEAK, "a discriminator too narrow and slow, which takes noise for digits"),
    "gan-weak-capacity": (
        WEAK.replace("--d-base 4", "--d-base 16"),
        "remedy: a discriminator of four times the width, as slow",
    ),
    "gan-weak-rate": (
        WEAK.replace("--d-lr 0.0001", "--d-lr 0.001"),
        "remedy: ten times its learning rate, as narrow",
    ),
    "vae-blurry": (f"{VAE} --images 1000 --latent 2 --depth 0 --beta 4", "blurred pictures"),
    "vae-data": (f"{VAE} --latent 2 --depth 0 --beta 4", "remedy: 60 times the data"),
    "vae-depth": (f"{VAE} --images 1000 --latent 2 --depth 2 --beta 4", "remedy: depth"),
    "vae-beta": (
        f"{VAE} --images 1000 --latent 2 --depth 0 --beta 1",
        "remedy: the balance coefficient of the ELBO itself",
    ),
    "vae-beta-tenth": (
        f"{VAE} --images 1000 --latent 2 --depth 0 --beta 0.1",
        "a tenth of it: hardly any balance",
    ),
    "vae-latent": (
        f"{VAE} --images 1000 --latent 32 --depth 0 --beta 4",
        "remedy: 16 times the latents",
    ),
    "vae-all": (f"{VAE} --latent 32 --depth 2 --beta 1", "all remedies, and a larger latent"),
}


@dataclass
class Options:
    """Repeat a run that fails on purpose, or what mends it."""

    name: tyro.conf.Positional[str] = ""
    """Which one; leave it out to see them all."""
    data: Path = Path("data")
    """Where MNIST is, or where it is downloaded to."""
    out: Path = Path("runs")
    """The folder in which the checkpoint NAME is written."""


def run(options: Options) -> Path | None:
    """Raises TrainingError for a name that is not there."""
    if not options.name:
        for name, (flags, claim) in RECIPES.items():
            print(f"{name:<19}{claim}\n{'':<19}{flags}")
        return None
    if options.name not in RECIPES:
        raise loop.TrainingError(
            f"there is no recipe {options.name!r}; choose one of {', '.join(RECIPES)}"
        )
    words = RECIPES[options.name][0].split()
    where = ["--data", str(options.data), "--out", str(options.out / options.name)]
    if options.name.startswith("gan"):
        folder = gan.train(tyro.cli(gan.Recipe, args=[*words, *where]))
        found = last_looks(folder)
    else:
        folder = vae.train(tyro.cli(vae.Recipe, args=[*words, *where]))
        found = on_test_images(folder, options.data)
    print(", ".join(f"{name} {value:.3g}" for name, value in found.items()))
    return folder


def last_looks(folder: Path) -> dict[str, float]:
    """Means over the last ten lines of the file of figures beside a run."""
    file = folder.with_name(folder.name + ".metrics.jsonl")
    lines = map(json.loads, file.read_text(encoding="utf-8").splitlines())
    looks = [line for line in lines if "event" not in line][-10:]
    names = ("margin", "D loss", "diversity", "label accuracy", "classes covered")
    return {name: mean(look[name] for look in looks) for name in names if name in looks[-1]}


def on_test_images(folder: Path, data: Path) -> dict[str, float]:
    """A VAE's bound in nats and its parts, and how sharp what it decodes is as a share of how
    sharp the test images are (`metrics.sharpness`): of the test images encoded, and of samples."""
    made = checkpoint.load(folder)
    model: Any = made.model
    test = load(made.dataset, data, train=False)
    assert isinstance(test, Dataset)
    figures = evaluate.bound_figures(made, test, draws=1, importance=0)
    count = min(1000, len(test))
    images = test.floats()[:count]
    again = model.reconstruct(images, model.condition(None).expand(count, -1))
    samples = model.sample(latent.generators(0, count), [None] * count)
    real = metrics.sharpness(images)
    return {
        "-ELBO": figures["negative_elbo"].value,
        "-log p(x|z)": figures["reconstruction"].value,
        "KL": figures["kl"].value,
        "sharpness of reconstructions": metrics.sharpness(again) / real,
        "sharpness of samples": metrics.sharpness(samples) / real,
    }


def main() -> None:
    loop.main(lambda: run(tyro.cli(Options, description=__doc__)))


if __name__ == "__main__":
    main()
