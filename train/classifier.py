"""Train the classifier that judges made pictures, on real ones.

    python -m train.classifier --dataset mnist --data data --out runs/classifier-mnist

It never sees a made picture, nor the test images on which its own accuracy is measured.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
import tyro
from torch import Tensor

from aigc import latent
from aigc.data import Dataset
from aigc.models.classifier import Classifier, Config, cross_entropy
from train import distributed, loop, watch


@dataclass
class Recipe(loop.Options):
    """Defaults make `classifier-mnist`."""

    batch: int = 128
    steps: int = 5000
    """Stop after this many steps. With --minutes, whichever comes first."""
    snapshots: int = 0
    """A classifier has no pictures to keep."""
    lr: float = 0.003
    """AdamW's learning rate; falls to nothing on a cosine."""
    weight_decay: float = 0.05
    smoothing: float = 0.05
    """Share of each target that is spread over all classes."""
    turn: float = 10.0
    """Augmentation, of pictures alone (a spectrum that is moved is another note): rotate by up to
    this many degrees either way ..."""
    zoom: float = 0.1
    """... scale by up to this share ..."""
    shift: float = 2.0
    """... and move by up to this many pixels."""
    base: int = 20
    """Feature maps after the first halving."""
    features: int = 96
    """Size of the feature space in which made and real pictures are compared."""


def augment(
    images: Tensor, turn: float, zoom: float, shift: float, generator: torch.Generator
) -> Tensor:
    """Turn (degrees), scale (a share) and move (pixels) each image at random, black coming in
    from outside: (N, C, H, W) -> the same."""
    n, _, height, width = images.shape
    angle, scale, down, right = (latent.uniform((n, 4), generator) * 2 - 1).unbind(1)
    angle, scale = angle * turn * math.pi / 180, 1 + scale * zoom
    cos, sin = angle.cos() * scale, angle.sin() * scale
    move = torch.stack([right * 2 * shift / width, down * 2 * shift / height], 1)  # (N, 2)
    matrix = torch.stack([torch.stack([cos, -sin], 1), torch.stack([sin, cos], 1)], 1)
    theta = torch.cat([matrix, move[:, :, None]], 2).to(images.device)  # (N, 2, 3)
    grid = F.affine_grid(theta, list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, align_corners=False)


def train(recipe: Recipe, dataset: Dataset | None = None) -> Path:
    """`dataset` stands in for the one that the flags name: made pictures, for instance."""
    loop.check(recipe)
    if recipe.weight_decay < 0:
        raise loop.TrainingError(f"--weight-decay is 0 or more, not {recipe.weight_decay}")
    if not 0 <= recipe.smoothing <= 1:
        raise loop.TrainingError(f"--smoothing is a share from 0 to 1, not {recipe.smoothing}")
    dataset = dataset or loop.load_images(recipe)
    if len(dataset.labels) < 2:
        raise loop.TrainingError(
            f"a classifier needs classes to tell apart, and {recipe.data} has "
            f"{len(dataset.labels)}; put the images into one sub-folder a class"
        )
    device = loop.device_of(recipe.device)
    channels, height, width = dataset.media.shape
    try:
        config = Config(
            channels=channels, height=height, width=width, classes=len(dataset.labels),
            base=recipe.base, features=recipe.features,
        )  # fmt: skip
    except ValueError as error:
        raise loop.TrainingError(str(error)) from None
    model = Classifier(config)
    model.initialise(latent.generator(recipe.seed))
    model.to(device).to(memory_format=torch.channels_last)  # faster on a CPU
    adam = torch.optim.AdamW(
        model.parameters(), lr=recipe.lr, weight_decay=recipe.weight_decay, fused=True
    )

    def step(
        images: Tensor, targets: Tensor, number: int, progress: float, generator: torch.Generator
    ) -> dict[str, Tensor]:
        if dataset.media.kind == "image":
            images = augment(images, recipe.turn, recipe.zoom, recipe.shift, generator)
        with loop.autocast(recipe, device):
            logits, _ = model(images)
        loss = cross_entropy(logits.float(), targets, recipe.smoothing)
        adam.zero_grad()
        loss.backward()
        distributed.average_gradients(model.parameters())
        loop.set_lr(adam, loop.cosine(progress, 1.0, 0.0, 0.05))
        adam.step()
        return {"loss": loss, "accuracy": (logits.argmax(1) == targets).float().mean()}

    return loop.run(
        loop.Job(
            family="classifier",
            recipe=recipe,
            dataset=dataset,
            model=model,
            optimizers={"adam": adam},
            step=step,
            advice="try half of --lr",
            limits=watch.Limits("loss"),
        )
    )


def main() -> None:
    loop.main(lambda: train(tyro.cli(Recipe, description=__doc__)))


if __name__ == "__main__":
    main()
