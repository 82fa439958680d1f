"""Train a VAE whose latent has levels, and measure what each of them says.

    python -m train.ladder --dataset mnist --data data --out runs/ladder-mnist --compile

With the bernoulli likelihood every image is binarised anew each time it is seen, as in `train.vae`.
Matrices and kernels inside are trained with Muon, everything else with Adam.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
import tyro
from torch import Tensor
from torch.optim import Optimizer

from aigc import latent
from aigc.models.vae import Ladder, LadderConfig
from train import distributed, loop, muon, watch
from train.update import Update

# The first and last layers and the classes: few inputs or few outputs, of unlike meanings.
ADAMS = ("stem.", "out.", "condition_start.", "window.before", "window.last.")


@dataclass
class Recipe(loop.Options):
    """A first run; the card of `ladder-mnist` has the command that made it."""

    batch: int = 128
    minutes: float = 100.0
    """Stop after this many minutes; the schedules follow. 0 for --steps alone."""
    lr: float = 0.002
    """Adam's learning rate; both rise over --warmup and fall to nothing on a cosine."""
    muon_lr: float = 0.02
    """Muon's learning rate; 0 trains everything with Adam."""
    warmup: float = 0.02
    """Share of the run over which the learning rates rise."""
    beta: float = 1.0
    """The balance coefficient (lambda in the article): weight of the KL term. 1 is the ELBO."""
    kl_warmup: float | None = None
    """Share of the run over which the weight of the KL term rises from 0: without a word 0.05, or 0
    with --start, since what has been learned is unlearned while the latent costs nothing."""
    free_bits: float = 0.0
    """Nats that each level may say without paying, so that none stays silent from the start
    (Kingma et al. 2016)."""
    free_until: float = 1.0
    """Share of the run over which they fall to nothing, if it is below 1."""
    any_label: float = 1.0
    """Share of the images that are shown without their class, as "any"; 1 leaves the classes out
    of the model altogether."""
    likelihood: str = "bernoulli"
    """bernoulli, gaussian with one learned standard deviation, or discretised-logistic: 8-bit
    values, a mean and a scale for each."""
    top: int = 16
    """Numbers in the topmost level, the one for the whole picture."""
    latent: int = 8
    """Numbers for each place in each of the levels below."""
    coarse: int = 4
    """Levels of the smallest maps."""
    fine: int = 1
    """Levels of each size of larger maps."""
    planes: int = 96
    """Feature maps at the smallest size; each larger one has half as many."""
    depth: int = 2
    """Residual blocks of the encoder at the smallest size."""
    window: int = 0
    """Rows above a pixel, and columns to either side, in which it sees the pixels that were drawn
    before it; 0 leaves all to the latent. From the start, it leaves little to the lower levels:
    train without it first, and give what came out with --start."""

    def __post_init__(self) -> None:
        if self.kl_warmup is None:
            self.kl_warmup = 0.0 if self.start else 0.05


def paid(by_level: Tensor, free_bits: float) -> Tensor:
    """The KL terms of the levels, (levels,) nats -> their sum, (), with levels below `free_bits`
    counted as that much: making them say less gains nothing. Which ones those are, the images of
    all processes say together."""
    if not free_bits:
        return by_level.sum()
    of_all = by_level.detach().clone()
    distributed.average([of_all])
    return torch.where(of_all >= free_bits, by_level, free_bits).sum()


def train(recipe: Recipe) -> Path:
    loop.check(recipe)
    if not 0 <= recipe.free_bits:
        raise loop.TrainingError(f"--free-bits is 0 or more, not {recipe.free_bits}")
    if not 0 < recipe.free_until <= 1:
        raise loop.TrainingError(f"--free-until is a share of the run, not {recipe.free_until}")
    dataset = loop.told(loop.load_images(recipe), recipe.any_label)
    device = loop.device_of(recipe.device)
    channels, height, width = dataset.media.shape
    try:
        config = LadderConfig(
            channels=channels, height=height, width=width, classes=len(dataset.labels),
            top=recipe.top, latent=recipe.latent, coarse=recipe.coarse, fine=recipe.fine,
            planes=recipe.planes, depth=recipe.depth, window=recipe.window,
            likelihood=recipe.likelihood,
        )  # fmt: skip
    except ValueError as error:
        raise loop.TrainingError(str(error)) from None
    model = Ladder(config)
    model.initialise(latent.generator(recipe.seed))
    model.to(device).to(memory_format=torch.channels_last)
    inner = [
        p for name, p in model.named_parameters() if p.dim() > 1 and not name.startswith(ADAMS)
    ]
    chosen = {id(p) for p in inner} if recipe.muon_lr else set()
    rest = [p for p in model.parameters() if id(p) not in chosen]
    optimizers: dict[str, Optimizer] = {
        "adam": torch.optim.Adam(rest, lr=recipe.lr, betas=(0.9, 0.99), fused=True)
    }
    if chosen:
        optimizers["muon"] = muon.Muon(inner, lr=recipe.muon_lr)
    if recipe.compile:
        model.compile(mode=loop.compile_mode(device))
    update = Update(
        model, optimizers, recipe, device, recipe.warmup,
        # A rare step with a huge gradient (an outlier under a sharp posterior) ends a run.
        clip=200.0,
        recorded=recipe.compile and device.type == "cuda",
    )  # fmt: skip
    dims = math.prod(config.media_shape)

    def step(
        images: Tensor, targets: Tensor, number: int, progress: float, generator: torch.Generator
    ) -> dict[str, Tensor]:
        if config.likelihood == "bernoulli":
            images = (latent.uniform(images.shape, generator).to(device) < images).float()
        hidden = latent.uniform((len(targets),), generator) < recipe.any_label
        if config.classes == 0:
            hidden[:] = True
        labels = targets.masked_fill(hidden.to(device), config.classes)
        conditions = F.one_hot(labels, config.classes + 1).float()
        with loop.autocast(recipe, device):
            nll, kl = model.elbo(images, conditions, generator)
        warm = min(1.0, progress / recipe.kl_warmup) if recipe.kl_warmup else 1.0
        by_level = torch.stack([level.sum(1).mean() for level in kl.split(model.levels, 1)])
        left = max(0.0, 1 - progress / recipe.free_until) if recipe.free_until < 1 else 1.0
        loss = nll.mean() + recipe.beta * warm * paid(by_level, left * recipe.free_bits)
        update(loss, progress)
        by_level = by_level.detach()
        found = {"-ELBO": nll.mean() + by_level.sum(), "nll": nll.mean(), "KL": by_level.sum()}
        if config.likelihood == "discretised-logistic":
            found["bits/dim"] = found["-ELBO"] / dims / math.log(2)
        found |= {f"KL {i}": value for i, value in enumerate(by_level)}
        return found

    return loop.run(
        loop.Job(
            family="ladder",
            recipe=recipe,
            dataset=dataset,
            model=model,
            optimizers=optimizers,
            step=step,
            grows=("window",),
            advice="try half of --lr and --muon-lr, or a longer --kl-warmup",
            # From the very start, at hundreds of nats: measured from the end of the warm-up, when
            # all but a few nats are gained, a lucky batch makes the next ones look like divergence.
            limits=watch.Limits(
                "-ELBO",
                remedies={"silent": "try --free-bits, a smaller --beta or a longer --kl-warmup"},
            ),
        )
    )


def main() -> None:
    loop.main(lambda: train(tyro.cli(Recipe, description=__doc__)))


if __name__ == "__main__":
    main()
