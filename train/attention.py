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
from aigc.models.attention import Config, Transformer, turn, turnings
from train import loop, muon, watch
from train.update import Update


@dataclass
class Recipe(loop.Options):
    """A first run; the card of `attention-mnist` has the commands that made it."""

    batch: int = 16
    minutes: float = 95.0
    """Stop after this many minutes; the schedules follow. 0 for --steps alone."""
    lr: float = 0.003
    """Adam's learning rate, for embeddings, norms and the head."""
    muon_lr: float = 0.02
    """Muon's learning rate, for the matrices of the blocks; 0 trains them with Adam."""
    muon_decay: float = 0.0
    """Weight decay of the matrices that Muon trains, as a share of its learning rate."""
    warmup: float = 0.01
    """Share of the run over which the learning rates rise."""
    any_label: float = 0.3
    """Share of the images that are shown without their class, as "any"."""
    turned: float = 0.0
    """Distribution augmentation (Jun et al. 2020): share of the images that are turned, mirrored or
    shifted by a pixel, and the model told how, at the start of the run."""
    turned_end: float = 0.0
    """What that share has come to at the end of the run."""
    patch_dropout: float = 0.0
    """Share of the patches that the model cannot read in training."""
    patch: int = 2
    layers: int = 4
    heads: int = 5
    dim: int = 160
    expansion: int = 4
    head_dim_out: int = 160


def train(recipe: Recipe) -> Path:
    loop.check(recipe)
    for name in ("turned", "turned_end", "patch_dropout"):
        if not 0 <= getattr(recipe, name) < 1:
            raise loop.TrainingError(
                f"--{name.replace('_', '-')} is a share from 0 to below 1, not "
                f"{getattr(recipe, name)}"
            )
    dataset = loop.told(loop.load_images(recipe), recipe.any_label)
    device = loop.device_of(recipe.device)
    channels, height, width = dataset.media.shape
    turns = bool(recipe.turned or recipe.turned_end)
    table = turnings(height, width)[: None if turns else 1].to(device)
    try:
        config = Config(
            channels=channels, height=height, width=width, classes=len(dataset.labels),
            patch=recipe.patch, layers=recipe.layers, heads=recipe.heads, dim=recipe.dim,
            expansion=recipe.expansion, head_dim_out=recipe.head_dim_out, ways=len(table),
        )  # fmt: skip
    except ValueError as error:
        raise loop.TrainingError(str(error)) from None
    model = Transformer(config)
    model.initialise(latent.generator(recipe.seed))
    model.to(device)
    trained = muon.muon_and_adam(model, model.blocks, recipe.lr, recipe.muon_lr, recipe.muon_decay)
    update = Update(model, trained, recipe, device, recipe.warmup)
    nll = model.nll
    if recipe.compile and device.type == "cuda":
        nll = torch.compile(model.nll, mode=loop.compile_mode(device))
    elif recipe.compile:
        for block in model.blocks:
            block.compile()  # the head picks out pixels by their value, which does not compile
    dims = math.prod(config.media_shape)

    def step(
        images: Tensor, targets: Tensor, number: int, progress: float, generator: torch.Generator
    ) -> dict[str, Tensor]:
        hidden = latent.uniform((len(targets),), generator) < recipe.any_label
        labels = targets.masked_fill(hidden.to(device), config.classes)
        if config.classes == 0:
            labels = torch.zeros_like(targets)
        ways = read = None
        if turns:
            chosen = latent.uniform((len(targets), 2), generator)
            turning = chosen[:, 0] < recipe.turned + (recipe.turned_end - recipe.turned) * progress
            ways = (chosen[:, 1] * len(table)).long().masked_fill(~turning, 0).to(device)
            images = turn(images, ways, table)
        patches = model.tokens(images)
        if recipe.patch_dropout:
            read = latent.uniform(patches.shape[:2], generator) >= recipe.patch_dropout
            read = read.to(device)
        with loop.autocast(recipe, device):
            loss = nll(patches, labels, ways, read).mean() / dims
        update(loss, progress)
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
