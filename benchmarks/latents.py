"""How fast the GANs and VAEs that ship sample, and the VAEs encode and learn, without the app
around them: part of `make bench`.

    python -m benchmarks.latents [--rounds N]

    64 pictures sampled; 64 pictures encoded and decoded again; one training step of 128 pictures

for `vae-mnist`, for pythae's VAE around the same encoder and decoder with the same weights (where
it is installed: pip install -e '.[bench]'), and for both ladders; the first of the three for each
GAN, and for a plain DCGAN whose generator has as many weights. float32, best of the rounds, in
turn: another process on the machine only ever adds.
"""

from __future__ import annotations

import argparse
import copy
import os
import time
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from aigc import checkpoint, latent
from aigc.models.vae import negative_elbo
from benchmarks.training import as_pythae
from train import loop

ROOT = Path(__file__).resolve().parent.parent
SHOWN, LEARNED = 64, 128

Runs = tuple[Callable[[], object], ...]


def learner(model: Any, loss: Callable[[Any], Tensor]) -> Callable[[], object]:
    """One step of Adam down `loss` of a copy of the model."""
    model = copy.deepcopy(model).train().requires_grad_(True)
    adam = torch.optim.Adam(model.parameters(), 1e-3)

    def step() -> None:
        adam.zero_grad()
        loss(model).backward()
        adam.step()

    return step


def ours(model: Any, images: Tensor) -> Runs:
    free = model.condition(None)
    draw = latent.generator(1)
    many = images[torch.arange(LEARNED) % len(images)]

    def loss(learning: Any) -> Tensor:
        nll, kl = learning.elbo(many, free.expand(LEARNED, -1), draw)
        return negative_elbo(nll, kl.sum(1))

    return (
        lambda: model.sample(latent.generators(0, SHOWN), [None] * SHOWN),
        lambda: model.reconstruct(images, free.expand(SHOWN, -1)),
        learner(model, loss),
    )


def theirs(network: Any, images: Tensor) -> Runs:
    """Raises ImportError where pythae is not installed."""
    from pythae.data.datasets import DatasetOutput
    from pythae.samplers import NormalSampler

    model = as_pythae(network).eval()
    sampler = NormalSampler(model)
    many = images[torch.arange(LEARNED) % len(images)]

    @torch.inference_mode()
    def sample() -> object:
        return sampler.sample(SHOWN)

    @torch.inference_mode()
    def again() -> object:
        return model.reconstruct(images)

    return sample, again, learner(model, lambda made: made(DatasetOutput(data=many)).loss)


def dcgan(weights: int, latent: int, channels: int, side: int) -> nn.Sequential:
    """The generator of Radford et al. 2015 (arXiv 1511.06434), with as many feature maps as come
    nearest to `weights` numbers: (N, latent, 1, 1) -> (N, channels, side, side) in [-1, 1]."""

    def of(maps: int) -> nn.Sequential:
        return nn.Sequential(
            nn.ConvTranspose2d(latent, 2 * maps, side // 4, bias=False),
            nn.BatchNorm2d(2 * maps), nn.ReLU(),
            nn.ConvTranspose2d(2 * maps, maps, 4, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(maps), nn.ReLU(),
            nn.ConvTranspose2d(maps, channels, 4, stride=2, padding=1), nn.Tanh(),
        )  # fmt: skip

    return min(map(of, range(8, 257, 4)), key=lambda network: abs(size(network) - weights))


def size(network: nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


def generators(model: Any) -> tuple[Runs, Runs]:
    """A GAN that ships, and the DCGAN beside it."""
    config, draw = model.config, latent.generator(1)
    peer = dcgan(size(model.generator), config.latent, config.channels, config.width).eval()

    @torch.inference_mode()
    def sample() -> object:
        return peer(torch.randn(SHOWN, config.latent, 1, 1, generator=draw))

    return (lambda: model.sample(latent.generators(0, SHOWN), [None] * SHOWN),), (sample,)


def measure(jobs: dict[str, Runs], rounds: int) -> list[list[float]]:
    """Best seconds of each job, row by row, all jobs in turn."""
    best = [[float("inf")] * len(runs) for runs in jobs.values()]
    for number in range(rounds + 1):
        for row, runs in enumerate(jobs.values()):
            for column, run in enumerate(runs):
                began = time.perf_counter()
                run()
                if number:  # the first round warms up
                    best[row][column] = min(best[row][column], time.perf_counter() - began)
    return best


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure how fast GANs and VAEs sample.")
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    images = torch.rand(SHOWN, 1, 28, 28, generator=latent.generator(0)).round()
    plain, *ladders = (
        checkpoint.load(ROOT / "checkpoints" / name)
        for name in ("vae-mnist", "ladder-mnist", "ladder-mnist-window")
    )
    jobs = {"vae-mnist": ours(plain.model, images)}
    try:
        jobs["pythae, the same networks"] = theirs(plain.model, images)
    except ImportError as error:
        print(f"{error.name} is not installed; its row is left out (pip install -e '.[bench]')")
    jobs |= {ladder.name: ours(ladder.model, images) for ladder in ladders}
    for name in ("gan-mnist", "gan-stacked-mnist"):
        model: Any = checkpoint.load(ROOT / "checkpoints" / name).model
        jobs[name], jobs[f"a DCGAN of as many weights as {name}"] = generators(model)
    print(f"{datetime.now(timezone.utc):%Y-%m-%d}, {loop.machine(torch.device('cpu'))}, "
          f"torch {torch.__version__}, load {os.getloadavg()[0]:.1f} before\n")  # fmt: skip
    print(f"| float32, ms | sample {SHOWN} | encode and decode {SHOWN} | learn from {LEARNED} |")
    print("| --- | --- | --- | --- |")
    for name, times in zip(jobs, measure(jobs, options.rounds)):
        told = [f"{1000 * t:.0f}" for t in times] + ["-"] * (3 - len(times))
        print(f"| {name} | " + " | ".join(told) + " |")


if __name__ == "__main__":
    main()
