"""Train a Transformer that writes text character by character.

    python -m train.language --dataset shakespeare --data data --out runs/attention-shakespeare
    python -m train.language --dataset tang --data data --out runs/attention-tang

The loss is the exact negative log-likelihood. Matrices inside the blocks are trained with Muon,
everything else with Adam.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
import tyro
from torch import Tensor

from aigc import latent
from aigc.models.language import Config, LanguageModel
from train import distributed, loop, muon, watch
from train.update import Update


@dataclass
class Recipe(loop.Options):
    """Defaults make `attention-shakespeare`."""

    dataset: str = "shakespeare"
    batch: int = 16
    minutes: float = 22.0
    """Stop after this many minutes; the schedules follow. 0 for --steps alone."""
    lr: float = 0.003
    """Adam's learning rate, for embeddings, norms and the logits."""
    muon_lr: float = 0.02
    """Muon's learning rate, for the matrices of the blocks; 0 trains them with Adam."""
    warmup: float = 0.01
    """Share of the run over which the learning rates rise."""
    token_dropout: float = 0.1
    """Share of the symbols that the model cannot read in training: they are shown as unknown
    (word dropout; Bowman et al. 2016, arXiv 1511.06349)."""
    any_label: float = 0.1
    """Share of the texts that are shown without their class, as "any", where there are classes."""
    layers: int = 6
    heads: int = 5
    dim: int = 160
    expansion: int = 4


def train(recipe: Recipe) -> Path:
    loop.check(recipe)
    if not 0 <= recipe.token_dropout < 1:
        raise loop.TrainingError(
            f"--token-dropout is a share from 0 to below 1, not {recipe.token_dropout}"
        )
    dataset = loop.told(loop.load_text(recipe), recipe.any_label)
    device = loop.device_of(recipe.device)
    symbols, length, end = dataset.media.shape
    try:
        config = Config(
            symbols=symbols, length=length, end=end, classes=len(dataset.labels),
            layers=recipe.layers, heads=recipe.heads, dim=recipe.dim, expansion=recipe.expansion,
        )  # fmt: skip
    except ValueError as error:
        raise loop.TrainingError(str(error)) from None
    model = LanguageModel(config)
    model.initialise(latent.generator(recipe.seed))
    model.to(device)
    trained = muon.muon_and_adam(model, model.blocks, recipe.lr, recipe.muon_lr)
    update = Update(model, trained, recipe, device, recipe.warmup)
    if recipe.compile:
        for block in model.blocks:
            block.compile()

    def step(
        texts: Tensor, targets: Tensor, number: int, progress: float, generator: torch.Generator
    ) -> dict[str, Tensor]:
        unlabelled = latent.uniform((len(texts),), generator) < recipe.any_label
        labels = targets.masked_fill(unlabelled.to(device), config.classes)
        hidden = latent.uniform(texts.shape, generator) < recipe.token_dropout
        seen = texts.masked_fill(hidden.to(device), 0)
        counted = model.counted(texts).sum().float()
        distributed.average([counted])  # each process has texts of other lengths
        with loop.autocast(recipe, device):
            loss = model.nll(texts, labels, seen).sum() / counted
        update(loss, progress)
        return {"nats": loss}

    return loop.run(
        loop.Job(
            family="language",
            recipe=recipe,
            dataset=dataset,
            model=model,
            optimizers=trained,
            step=step,
            advice="try half of --lr and --muon-lr, or a longer --warmup",
            limits=watch.Limits("nats"),
        )
    )


def main() -> None:
    loop.main(lambda: train(tyro.cli(Recipe, description=__doc__)))


if __name__ == "__main__":
    main()
