"""Train a Transformer that draws images patch by patch.

    python -m train.attention --dataset mnist --data data --out runs/attention-mnist --minutes 60

The loss is the exact negative log-likelihood. Matrices inside the blocks are trained with Muon,
everything else with Adam.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import torch
import tyro
from torch import Tensor

from aigc import latent
from aigc.models.attention import Config, Transformer
from train import loop, muon, watch


@dataclass
class Recipe(loop.Options):
    """Defaults make `attention-mnist`."""

    batch: int = 16
    minutes: float = 95.0
    """Stop after this many minutes; the schedules follow. 0 for --steps alone."""
    lr: float = 0.003
    """Adam's learning rate, for embeddings, norms and the head."""
    muon_lr: float = 0.02
    """Muon's learning rate, for the matrices of the blocks; 0 trains them with Adam."""
    warmup: float = 0.01
    """Share of the run over which the learning rates rise."""
    any_label: float = 0.3
    """Share of the images that are shown without their class, as "any"."""
    patch: int = 2
    layers: int = 4
    heads: int = 5
    dim: int = 160
    expansion: int = 4
    head_dim_out: int = 160


def train(recipe: Recipe) -> Path:
    loop.check(recipe)
    dataset = loop.load_images(recipe)
    device = loop.device_of(recipe)
    channels, height, width = dataset.media.shape
    try:
        config = Config(
            channels=channels, height=height, width=width, classes=len(dataset.labels),
            patch=recipe.patch, layers=recipe.layers, heads=recipe.heads, dim=recipe.dim,
            expansion=recipe.expansion, head_dim_out=recipe.head_dim_out,
        )  # fmt: skip
    except ValueError as error:
        raise loop.TrainingError(str(error)) from None
    model = Transformer(config)
    model.initialise(latent.generator(recipe.seed))
    model.to(device)
    trained = muon.muon_and_adam(model, model.blocks, recipe.lr, recipe.muon_lr)
    if recipe.compile:
        for block in model.blocks:
            block.compile()  # the head picks out pixels by their value, which does not compile
    dims = math.prod(config.media_shape)

    def step(
        images: Tensor, targets: Tensor, number: int, progress: float, generator: torch.Generator
    ) -> dict[str, Tensor]:
        hidden = torch.rand(len(targets), generator=generator) < recipe.any_label
        labels = targets.masked_fill(hidden.to(device), config.classes)
        if config.classes == 0:
            labels = torch.zeros_like(targets)
        with loop.autocast(recipe, device):
            loss = model.nll(model.tokens(images), labels).mean() / dims
        muon.update(loss, model, trained, recipe, recipe.warmup, device, progress)
        return {"bits/dim": loss / math.log(2)}

    return loop.run(
        loop.Job(
            family="attention",
            recipe=recipe,
            dataset=dataset,
            model=model,
            optimizers=trained,
            step=step,
            advice="try half of --lr and --muon-lr, or a longer --warmup",
            limits=watch.Limits("bits/dim"),
        )
    )


def main() -> None:
    loop.main(lambda: train(tyro.cli(Recipe, description=__doc__)))


if __name__ == "__main__":
    main()
