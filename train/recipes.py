"""Runs that fail on purpose, and what mends them, one change at a time.

    python -m train.recipes gan-certain --data data           (into runs/gan-certain)
    python -m train.recipes                                   (which there are)

Each takes a minute or two on one thread. What came out is in docs/experiments.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import tyro

from train import gan, loop, vae

SHORT = "--steps 800 --minutes 0 --snapshots 10 --precision float32 --keep-going --no-evaluate"
GAN = f"{SHORT} --g-base 16"
FAST = "--g-lr 0.005 --d-lr 0.005 --schedule constant"  # five times too fast
CERTAIN = f"{GAN} {FAST} --d-base 16 --loss minimax --no-r1 --no-r2"
VAE = f"{SHORT} --base 16 --any-label 1"

# Name -> the flags of train.gan or train.vae, and what is claimed. The first of each family fails;
# each of the others changes one thing in it, the last of them all at once.
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
        f"{GAN} --d-base 16 --loss minimax --no-r1 --no-r2",
        "remedy: a fifth of the learning rate, falling on a cosine",
    ),
    "gan-all": (f"{GAN} --d-base 16", "all remedies but the smaller discriminator"),
    "gan-weak": (
        f"{GAN} --g-lr 0.005 --d-lr 0.0005 --schedule constant --d-base 4 --loss minimax "
        "--no-r1 --no-r2",
        "a discriminator too weak, and slow, to teach anything",
    ),
    "vae-blurry": (f"{VAE} --images 1000 --latent 2 --depth 0 --beta 4", "blurred pictures"),
    "vae-data": (f"{VAE} --latent 2 --depth 0 --beta 4", "remedy: 60 times the data"),
    "vae-depth": (f"{VAE} --images 1000 --latent 2 --depth 2 --beta 4", "remedy: depth"),
    "vae-beta": (
        f"{VAE} --images 1000 --latent 2 --depth 0 --beta 1",
        "remedy: the balance coefficient of the ELBO itself",
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
            print(f"{name:<15}{claim}\n{'':<15}{flags}")
        return None
    if options.name not in RECIPES:
        raise loop.TrainingError(
            f"there is no recipe {options.name!r}; choose one of {', '.join(RECIPES)}"
        )
    words = RECIPES[options.name][0].split()
    where = ["--data", str(options.data), "--out", str(options.out / options.name)]
    if options.name.startswith("gan"):
        return gan.train(tyro.cli(gan.Recipe, args=[*words, *where]))
    return vae.train(tyro.cli(vae.Recipe, args=[*words, *where]))


def main() -> None:
    loop.main(lambda: run(tyro.cli(Options, description=__doc__)))


if __name__ == "__main__":
    main()
