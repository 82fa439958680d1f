"""Runs that fail on purpose, and what mends them, one change at a time.

    python -m train.recipes gan-certain --data data           (into runs/gan-certain)
    python -m train.recipes                                   (which there are)
    python -m train.recipes all --data data --film            (all, and their films for the app)

Each takes a minute or two on one thread, and prints what came of it: of a GAN, means of its last
ten looks; of a VAE, its bound on test images and how sharp its pictures are beside them. The
outcomes are in docs/experiments.md.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import mean
from typing import Any

import tyro

from aigc import checkpoint, film, latent, metrics
from aigc.data import Dataset, load
from train import evaluate, gan, loop, vae

SHORT = "--steps 800 --minutes 0 --snapshots 10 --precision float32 --keep-going --no-evaluate"
GAN = f"{SHORT} --g-base 16 --mismatch 0"  # as a tutorial trains it
FAST = "--g-lr 0.005 --d-lr 0.005 --schedule constant"  # five times too fast
NAKED = "--loss minimax --no-r1 --no-r2"
CERTAIN = f"{GAN} {FAST} --d-base 16 {NAKED}"
WEAK = f"{GAN} --g-lr 0.005 --d-lr 0.0001 --schedule constant --d-base 4 {NAKED}"
VAE = f"{SHORT} --base 16 --any-label 1"

# Name -> the flags of train.gan or train.vae, what is to be seen, and which run it tries to mend:
# gan-certain, gan-weak and vae-blurry are to fail, and each of the others changes one thing in one
# of these, or several.
RECIPES: dict[str, tuple[str, str, str]] = {
    "gan-certain": (CERTAIN, "the discriminator wins, and the generator learns nothing", ""),
    "gan-pairing": (
        f"{GAN} {FAST} --d-base 16 --loss relativistic --no-r1 --no-r2",
        "judge real and made in pairs",
        "gan-certain",
    ),
    "gan-penalties": (
        f"{GAN} {FAST} --d-base 16 --loss minimax",
        "the gradient penalties R1 and R2",
        "gan-certain",
    ),
    "gan-noise": (f"{CERTAIN} --noise uniform", "another noise distribution", "gan-certain"),
    "gan-capacity": (
        CERTAIN.replace("--d-base 16", "--d-base 4"),
        "a discriminator of a quarter of the width",
        "gan-certain",
    ),
    "gan-schedule": (
        f"{GAN} --d-base 16 {NAKED}",
        "a fifth of the learning rate, falling on a cosine",
        "gan-certain",
    ),
    "gan-all": (
        f"{GAN} --d-base 16",
        "pairs, penalties and schedule together",
        "gan-certain",
    ),
    "gan-weak": (WEAK, "a discriminator too narrow and slow takes noise for digits", ""),
    "gan-weak-capacity": (
        WEAK.replace("--d-base 4", "--d-base 16"),
        "a discriminator of four times the width, as slow",
        "gan-weak",
    ),
    "gan-weak-rate": (
        WEAK.replace("--d-lr 0.0001", "--d-lr 0.001"),
        "ten times the learning rate of the discriminator, as narrow",
        "gan-weak",
    ),
    "vae-blurry": (
        f"{VAE} --images 1000 --latent 2 --depth 0 --beta 4",
        "few images, few latents, no depth and a large weight on the KL term blur the pictures",
        "",
    ),
    "vae-data": (f"{VAE} --latent 2 --depth 0 --beta 4", "60 times the data", "vae-blurry"),
    "vae-depth": (
        f"{VAE} --images 1000 --latent 2 --depth 2 --beta 4",
        "two residual blocks more",
        "vae-blurry",
    ),
    "vae-beta": (
        f"{VAE} --images 1000 --latent 2 --depth 0 --beta 1",
        "the balance coefficient of the ELBO itself, 1 for 4",
        "vae-blurry",
    ),
    "vae-beta-tenth": (
        f"{VAE} --images 1000 --latent 2 --depth 0 --beta 0.1",
        "a balance coefficient of 0.1 for 4",
        "vae-blurry",
    ),
    "vae-latent": (
        f"{VAE} --images 1000 --latent 32 --depth 0 --beta 4",
        "16 times the latents",
        "vae-blurry",
    ),
    "vae-all": (
        f"{VAE} --latent 32 --depth 2 --beta 1",
        "more data, depth, latents, and the balance coefficient 1",
        "vae-blurry",
    ),
}
ALL = "all"  # in the place of a name: one after the other


@dataclass
class Options:
    """Repeat a run that fails on purpose, or what mends it."""

    name: tyro.conf.Positional[str] = ""
    """Which one, or all, one after the other; leave it out to see what there is."""
    data: Path = Path("data")
    """Where MNIST is, or where it is downloaded to."""
    out: Path = Path("runs")
    """The folder in which the checkpoint NAME is written."""
    film: bool = False
    """Keep the film of the run for the app, too; a run that is there already is not repeated."""
    films: Path = Path("films")
    """The folder in which the film NAME is written."""


def run(options: Options) -> Path | None:
    """Raises TrainingError for a name that is not there."""
    if not options.name:
        for name, (flags, claim, mends) in RECIPES.items():
            print(f"{name:<19}{f'for {mends}: ' if mends else ''}{claim}\n{'':<19}{flags}")
        return None
    if options.name == ALL:
        for name in RECIPES:
            run(replace(options, name=name))
        return None
    if options.name not in RECIPES:
        raise loop.TrainingError(
            f"there is no recipe {options.name!r}; choose one of {', '.join(RECIPES)}, or {ALL}"
        )
    folder = options.out / options.name
    if not options.film or not (folder / checkpoint.CONFIG).exists():
        train(options.name, folder, options.data)
    found = last_looks(folder) if gans(options.name) else on_test_images(folder, options.data)
    print(f"{options.name}: " + ", ".join(f"{name} {value:.3g}" for name, value in found.items()))
    if options.film:
        print(keep(options.name, folder, found, options.films))
    return folder


def gans(name: str) -> bool:
    return name.startswith("gan")


def train(name: str, folder: Path, data: Path) -> None:
    """Run a recipe into the checkpoint `folder`."""
    args = [*RECIPES[name][0].split(), "--data", str(data), "--out", str(folder)]
    if gans(name):
        gan.train(tyro.cli(gan.Recipe, args=args))
    else:
        vae.train(tyro.cli(vae.Recipe, args=args))


def keep(name: str, folder: Path, found: dict[str, float], films: Path) -> Path:
    """Write the film of the run in `folder`: all of its checkpoint but what has weights."""
    made = checkpoint.load(folder)
    _, claim, mends = RECIPES[name]
    command = made.training["command"].replace(str(folder), f"runs/{name}")
    kept = film.Film(
        name=name, family=made.family, model=made.model, media=made.media, labels=made.labels,
        dataset=made.dataset, training=made.training | {"command": command}, path=folder,
        claim=claim, mends=mends, command=f"python -m train.recipes {name} --data DIR",
        outcome={key: round(value, 4) for key, value in found.items()},
    )  # fmt: skip
    film.write(kept, films / name)
    return films / name


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
