"""Train a Transformer that draws images patch by patch.

    python -m train.attention --dataset mnist --data data --out runs/attention-mnist --minutes 60

The loss is the exact negative log-likelihood. Matrices inside the blocks are trained with Muon,
everything else with Adam.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
import tyro
from torch import Tensor, nn
from torch.optim import Optimizer

from aigc import latent
from aigc.models.attention import Config, Transformer
from train import distributed, loop, watch


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


def orthogonalise(update: Tensor, rounds: int = 5) -> Tensor:
    """The nearest half-orthogonal matrix, roughly: singular values go to about 1, singular
    vectors stay. update (rows, columns) -> the same shape.

    Newton-Schulz rounds with the coefficients of Jordan 2024
    (https://kellerjordan.github.io/posts/muon/), which trade exactness for few rounds.
    """
    tall = update.shape[0] > update.shape[1]
    x = update.T if tall else update
    x = x / (x.norm() + 1e-7)
    for _ in range(rounds):
        gram = x @ x.T
        x = 3.4445 * x + (-4.7750 * gram + 2.0315 * gram @ gram) @ x
    return x.T if tall else x


class Muon(Optimizer):
    """Momentum, orthogonalised (Jordan 2024). For matrices only.

    torch.optim.Muon always does the rounds in bfloat16, which takes longer than the training
    step itself on a processor that has to emulate it, and is not there before torch 2.9.
    """

    def __init__(self, params: Sequence[Tensor], lr: float, momentum: float = 0.95) -> None:
        super().__init__(params, {"lr": lr, "momentum": momentum})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                state = self.state[p]
                if not state:
                    state["momentum_buffer"] = torch.zeros_like(p)
                buffer = state["momentum_buffer"].lerp_(p.grad, 1 - group["momentum"])
                update = orthogonalise(p.grad.lerp(buffer, group["momentum"]))  # Nesterov
                p.sub_(update, alpha=group["lr"] * max(1.0, p.shape[0] / p.shape[1]) ** 0.5)


def muon_and_adam(
    model: nn.Module, blocks: nn.Module, lr: float, muon_lr: float
) -> dict[str, Optimizer]:
    """Muon for the matrices of the blocks, Adam for the rest of the model."""
    matrices = [p for p in blocks.parameters() if p.dim() == 2]
    chosen = {id(p) for p in matrices} if muon_lr else set()
    rest = [p for p in model.parameters() if id(p) not in chosen]
    adam = torch.optim.Adam(rest, lr=lr, betas=(0.9, 0.98), eps=1e-10)
    return {"adam": adam, "muon": Muon(matrices, lr=muon_lr)} if chosen else {"adam": adam}


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
    trained = muon_and_adam(model, model.blocks, recipe.lr, recipe.muon_lr)
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
        loss.backward()
        distributed.average_gradients(model.parameters())
        for optimizer in trained.values():
            loop.set_lr(optimizer, loop.cosine(progress, 1.0, 0.0, recipe.warmup))
            with loop.autocast(recipe, device):  # Muon's rounds are matrix products
                optimizer.step()
            optimizer.zero_grad()
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
