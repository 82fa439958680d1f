"""Train a VAE.

    python -m train.vae --dataset mnist --data data --out runs/vae-mnist --minutes 30

With the bernoulli likelihood every image is binarised anew each time it is seen: a pixel of
brightness p is 1 with probability p (dynamic binarisation).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
import tyro
from torch import Tensor

from aigc import latent
from aigc.models.vae import VAE, Config, negative_elbo
from train import distributed, loop, watch


@dataclass
class Recipe(loop.Options):
    """Defaults make `vae-mnist`."""

    batch: int = 128
    minutes: float = 80.0
    """Stop after this many minutes; the schedules follow. 0 for --steps alone."""
    lr: float = 0.002
    """Adam's learning rate; falls to nothing on a cosine."""
    beta: float = 1.0
    """The balance coefficient (lambda in the article): weight of the KL term. 1 is the ELBO."""
    kl_warmup: float | None = None
    """Share of the run over which the weight of the KL term rises from 0: without a word 0.05, or 0
    with --start, since what has been learned is unlearned while the latent costs nothing."""
    any_label: float = 0.15
    """Share of the images that are shown without their class, as "any"; 1 for no classes."""
    likelihood: str = "bernoulli"
    """bernoulli, or gaussian with one learned standard deviation."""
    latent: int = 32
    base: int = 32
    """Feature maps after the first halving; each further one doubles them."""
    depth: int = 1
    """Residual blocks in each network, at the lowest resolution."""
    hidden: int = 256

    def __post_init__(self) -> None:
        if self.kl_warmup is None:
            self.kl_warmup = 0.0 if self.start else 0.05


def train(recipe: Recipe) -> Path:
    loop.check(recipe)
    dataset = loop.told(loop.load_images(recipe), recipe.any_label)
    device = loop.device_of(recipe.device)
    channels, height, width = dataset.media.shape
    try:
        config = Config(
            channels=channels, height=height, width=width, classes=len(dataset.labels),
            latent=recipe.latent, base=recipe.base, depth=recipe.depth, hidden=recipe.hidden,
            likelihood=recipe.likelihood,
        )  # fmt: skip
    except ValueError as error:
        raise loop.TrainingError(str(error)) from None
    model = VAE(config)
    model.initialise(latent.generator(recipe.seed))
    model.to(device)
    adam = torch.optim.Adam(model.parameters(), lr=recipe.lr, betas=(0.9, 0.99), fused=True)
    if recipe.compile:
        model.encoder.compile(mode=loop.compile_mode(device))
        model.decoder.compile(mode=loop.compile_mode(device))

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
        loss = negative_elbo(nll, kl.sum(1), recipe.beta * warm)
        adam.zero_grad()
        loss.backward()
        distributed.average_gradients(model.parameters())
        # A rare step with a huge gradient (an outlier under a sharp posterior) ends a run.
        torch.nn.utils.clip_grad_norm_(model.parameters(), 200.0)
        loop.set_lr(adam, loop.cosine(progress, 1.0, 0.0, 0.01))
        adam.step()
        total = kl.sum(1).mean()
        active = (kl.mean(0) > 0.01).sum().float()
        return {
            "-ELBO": nll.mean() + total, "nll": nll.mean(), "KL": total, "active units": active,
            "KL by unit": kl.mean(0).detach(),
        }  # fmt: skip

    return loop.run(
        loop.Job(
            family="vae",
            recipe=recipe,
            dataset=dataset,
            model=model,
            optimizers={"adam": adam},
            step=step,
            advice="try half of --lr, or a longer --kl-warmup",
            limits=watch.Limits(
                "-ELBO",
                since=recipe.kl_warmup or 0.0,
                remedies={"silent": "try a smaller --beta, a longer --kl-warmup, or half of --lr"},
            ),
        )
    )


def main() -> None:
    loop.main(lambda: train(tyro.cli(Recipe, description=__doc__)))


if __name__ == "__main__":
    main()
