"""Images a second that each family trains at, beside peers on the same data, batch and precision.

    python -m benchmarks.training --data DIR [--seconds S]       (pip install -e '.[bench]')

Peers: an eager float32 loop over the same two networks as GAN tutorials write it (two passes of
the discriminator, a fresh one for the generator); pythae's trainer on the same encoder and decoder;
transformers' GPT-2 of the same width, depth and number of tokens. Each is measured after the
other in one run, `--rounds` times in turn, and the medians are compared: on a machine that does
something else besides, only the ratios say something.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from aigc import latent
from aigc.data import load
from aigc.models import gan as gans
from aigc.models import vae as vaes
from benchmarks.speed import processor
from train import attention, gan, loop, vae


def ours(module: Any, data: Path, seconds: float, **flags: Any) -> float:
    """Images/s of `python -m train.X` itself, its averages, checks and looks included."""
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as quiet:
        quiet.enter_context(contextlib.redirect_stderr(io.StringIO()))
        quiet.enter_context(contextlib.redirect_stdout(io.StringIO()))
        recipe = module.Recipe(
            data=data, out=Path(folder) / "x", minutes=seconds / 60, snapshots=0, evaluate=False,
            keep_going=True, **flags,
        )  # fmt: skip
        made = module.train(recipe)
        training = json.loads((made / "config.json").read_text())["training"]
        lines = (Path(folder) / "x.metrics.jsonl").read_text().splitlines()
    return training["images"] / (60 * json.loads(lines[-1])["minutes"])


def timed(step: Callable[[], None], batch: int, seconds: float) -> float:
    step()
    began, steps = time.perf_counter(), 0
    while time.perf_counter() - began < seconds:
        step()
        steps += 1
    return steps * batch / (time.perf_counter() - began)


def tutorial_gan(images: Tensor, seconds: float, batch: int = 64) -> float:
    model = gans.GAN(gans.Config())
    model.initialise(latent.generator(0))
    g, d, draw = model.generator, model.discriminator, latent.generator(1)
    optimizers = [torch.optim.Adam(net.parameters(), 2e-4, (0.5, 0.999)) for net in (d, g)]
    one, zero = torch.ones(batch), torch.zeros(batch)
    loss = torch.nn.BCEWithLogitsLoss()

    def step() -> None:
        rows = torch.randint(len(images), (batch,), generator=draw)
        classes = F.one_hot(torch.randint(10, (batch,), generator=draw), 10).float()
        real = images[rows].float() / 127.5 - 1
        made = g(torch.randn(batch, 64, generator=draw), classes)
        optimizers[0].zero_grad()
        loss(d(real, classes), one).backward()
        loss(d(made.detach(), classes), zero).backward()
        optimizers[0].step()
        optimizers[1].zero_grad()
        loss(d(made, classes), one).backward()
        optimizers[1].step()

    return timed(step, batch, seconds)


def as_pythae(network: vaes.VAE) -> Any:
    """pythae's VAE around the encoder and the decoder of ours, without a class."""
    from pythae.models import VAE, VAEConfig
    from pythae.models.base.base_utils import ModelOutput
    from pythae.models.nn import BaseDecoder, BaseEncoder

    config = network.config
    free = network.condition(None)

    class Encoder(BaseEncoder):
        def __init__(self) -> None:
            super().__init__()
            self.net = network.encoder

        def forward(self, x: Tensor) -> Any:
            mean, log_var = self.net(x, free.expand(len(x), -1))
            return ModelOutput(embedding=mean, log_covariance=log_var)

    class Decoder(BaseDecoder):
        def __init__(self) -> None:
            super().__init__()
            self.net = network.decoder

        def forward(self, z: Tensor) -> Any:
            out = self.net(z, free.expand(len(z), -1)).sigmoid()
            return ModelOutput(reconstruction=out)

    return VAE(
        VAEConfig(
            input_dim=config.media_shape, latent_dim=config.latent, reconstruction_loss="bce"
        ),
        Encoder(),
        Decoder(),
    )


def pythae_vae(images: Tensor, seconds: float, batch: int = 128) -> float:
    from pythae.trainers import BaseTrainer, BaseTrainerConfig

    network = vaes.VAE(vaes.Config())
    network.initialise(latent.generator(0))
    made = as_pythae(network)
    count = batch * max(4, int(seconds * 4))
    part = images[:count].float() / 255
    with tempfile.TemporaryDirectory() as folder:
        trainer = BaseTrainer(
            made,
            train_dataset=_dataset(part),
            training_config=BaseTrainerConfig(
                output_dir=folder, num_epochs=1, per_device_train_batch_size=batch, no_cuda=True,
                learning_rate=1e-3, optimizer_cls="Adam",
            ),
        )  # fmt: skip
        trainer.prepare_training()
        began = time.perf_counter()
        trainer.train_step(1)
        return count / (time.perf_counter() - began)


def _dataset(images: Tensor) -> Any:
    from pythae.data.datasets import BaseDataset

    return BaseDataset(images, torch.ones(len(images)))


def gpt2(images: Tensor, seconds: float, batch: int = 24) -> float:
    from transformers import GPT2Config, GPT2LMHeadModel

    config = GPT2Config(
        vocab_size=256, n_positions=196, n_embd=128, n_layer=4, n_head=4, bos_token_id=0,
        eos_token_id=0,
    )  # fmt: skip
    model, draw = GPT2LMHeadModel(config), latent.generator(1)
    adam = torch.optim.AdamW(model.parameters(), 1e-3)
    tokens = images[:, 0, ::2, ::2].flatten(1).long()  # 196 a picture, as many as our patches

    def step() -> None:
        rows = tokens[torch.randint(len(tokens), (batch,), generator=draw)]
        loss = model(input_ids=rows, labels=rows).loss
        adam.zero_grad()
        loss.backward()
        adam.step()

    return timed(step, batch, seconds)


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure how fast each family trains.")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--seconds", type=float, default=8.0)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    data, seconds = options.data, options.seconds
    images = load("mnist", data).images
    flat: dict[str, Any] = {"precision": "float32"}
    plain = {"loss": "non-saturating", "r1": False, "r2": False}
    rows: list[tuple[str, Callable[[], float], str, Callable[[], float]]] = [
        ("GAN, the loop's own loss, float32", lambda: ours(gan, data, seconds, **flat, **plain),
         "eager tutorial loop", lambda: tutorial_gan(images, seconds)),
        ("GAN as it ships (penalties, auto precision)", lambda: ours(gan, data, seconds),
         "eager tutorial loop", lambda: tutorial_gan(images, seconds)),
        ("VAE, float32", lambda: ours(vae, data, seconds, **flat),
         "pythae", lambda: pythae_vae(images, seconds)),
        ("VAE, auto precision", lambda: ours(vae, data, seconds),
         "pythae", lambda: pythae_vae(images, seconds)),
        ("self-attention, float32", lambda: ours(attention, data, seconds, **flat),
         "transformers GPT-2", lambda: gpt2(images, seconds)),
        ("self-attention, auto precision", lambda: ours(attention, data, seconds),
         "transformers GPT-2", lambda: gpt2(images, seconds)),
    ]  # fmt: skip
    about = (
        f"{datetime.now(timezone.utc):%Y-%m-%d}, {processor()}, {torch.get_num_threads()} threads"
    )
    print(f"{about}, torch {torch.__version__}, load {os.getloadavg()[0]:.1f} before\n")
    print("| | images/s | peer | images/s | times |\n| --- | --- | --- | --- | --- |")
    for name, mine, peer, theirs in rows:
        try:
            with contextlib.redirect_stderr(io.StringIO()):  # pythae's progress
                pairs = [(mine(), theirs()) for _ in range(options.rounds)]
        except ImportError as error:
            print(f"| {name} | | {peer} | {error.name} is not installed | |")
            continue
        a, b = (statistics.median(values) for values in zip(*pairs))
        ratio = statistics.median(x / y for x, y in pairs)
        print(f"| {name} | {a:.0f} | {peer} | {b:.0f} | {ratio:.2f} |", flush=True)
    for batch in (16, 64, 256):
        rates = [ours(m, data, seconds / 2, batch=batch, **flat) for m in (gan, vae)]
        print(f"\nbatch {batch}: GAN {rates[0]:.0f}, VAE {rates[1]:.0f} images/s", flush=True)


if __name__ == "__main__":
    loop.main(main)
