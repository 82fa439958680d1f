"""Images a second that each family trains at, beside peers on the same data, batch and precision;
and what batch, image size, precision, memory layout and processes change in that.

    python -m benchmarks.training --data DIR [--seconds S]       (pip install -e '.[bench]')
    python -m benchmarks.training --data DIR --sweep             (no peers; most of an hour)
    python -m benchmarks.training --data DIR --gpu               (on one; a few minutes)

Peers: an eager float32 loop over the same two networks as GAN tutorials write it (two passes of
the discriminator, a fresh one for the generator); pythae's trainer on the same encoder and decoder;
transformers' GPT-2 of the same width, depth and number of tokens. Each is measured after the
other in one run, `--rounds` times in turn, and the medians are compared: on a machine that does
something else besides, only the ratios say something. So it is with `--sweep`: each variant is
measured right after the recipe as it is. With `--gpu` the changes are made one after the other,
each in addition to those before, at the sizes of LARGE, which are worth a GPU.
"""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import functools
import importlib
import io
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any
from unittest import mock

import torch
import torch.nn.functional as F
from torch import Tensor

from aigc import latent
from aigc.data import Dataset, load
from aigc.models import gan as gans
from aigc.models import vae as vaes
from train import loop, muon, update

WARM = 2  # steps before the clock starts: what is compiled and allocated once
WARM_GPU = 12  # there CUDA graphs are recorded and kernels chosen, too
FLAGS: dict[str, dict[str, Any]] = {  # of each family, besides its defaults
    "gan": {"augment": "off"},
    "vae": {},
    "ladder": {},
    "attention": {},
    "language": {"dataset": "shakespeare"},
}
BATCHES = (16, 64, 256)
SIZES = (28, 64)
LARGE: dict[str, dict[str, Any]] = {  # of each family, on a GPU
    "gan": {"batch": 256},
    "vae": {"batch": 512},
    "ladder": {"batch": 256, "planes": 192, "coarse": 6, "fine": 2},
    "attention": {
        "batch": 128,
        "layers": 6,
        "heads": 12,
        "dim": 384,
        "head_dim_out": 384,
        "turned": 0.8,
        "patch_dropout": 0.1,
    },
    "language": {"batch": 64},
}
ON_GPU = (
    "float32", "+ bfloat16", "+ channels-last", "kernels by trial", "+ fused Adam",
    "+ Muon in batches", "+ compiled", "+ CUDA graphs", "+ updates recorded",
)  # fmt: skip
CHANGES = ("bfloat16", "channels-last", "compiled", "fused Adam", "2 threads")


class Enough(Exception):
    """Ends a run that has been measured."""


def rate(family: str, data: Path, seconds: float, threads: int = 0, **flags: Any) -> float:
    """Images/s (of the family language, texts/s) of the steps of `python -m train.FAMILY`, its
    averages and checks included, once it is warm; at least two steps are measured."""
    clock: list[float] = []
    original = loop.Run.update_average
    gpu = torch.cuda.is_available()
    warm = WARM_GPU if gpu else WARM

    def counted(run: loop.Run) -> None:
        original(run)
        enough = len(clock) > warm + 2 and time.perf_counter() - clock[warm] > seconds
        if gpu and (enough or len(clock) == warm):
            torch.cuda.synchronize()  # a step is begun long before it ends
        clock.append(time.perf_counter())
        if enough:
            raise Enough

    module, before = importlib.import_module(f"train.{family}"), torch.get_num_threads()
    values = {"precision": "float32", "keep_going": True, **FLAGS[family], **flags}
    torch.compiler.reset()
    try:
        torch.set_num_threads(threads or before)
        with (
            tempfile.TemporaryDirectory() as folder,
            contextlib.redirect_stderr(io.StringIO()),
            mock.patch.object(loop.Run, "update_average", counted),
            contextlib.suppress(Enough),
        ):
            # Far from its end, so that nothing is shown, looked at or drawn on the way.
            module.train(
                module.Recipe(
                    data=data, out=Path(folder) / "x", minutes=0, steps=10**9, snapshots=0, **values
                )
            )
    finally:
        torch.set_num_threads(before)
    batch = values.get("batch", module.Recipe.batch)
    return (len(clock) - 1 - warm) * batch / (clock[-1] - clock[warm])


@contextlib.contextmanager
def layout(channels_last: bool) -> Iterator[None]:
    """Weights in channels-last memory or not, whatever the recipe says."""
    original = torch.nn.Module.to

    def to(module: torch.nn.Module, *args: Any, **kwargs: Any) -> torch.nn.Module:
        if channels_last:
            kwargs["memory_format"] = torch.channels_last
        elif kwargs.pop("memory_format", None) and not args and not kwargs:
            return module
        return original(module, *args, **kwargs)

    with mock.patch.object(torch.nn.Module, "to", to):
        yield


@contextlib.contextmanager
def unfused() -> Iterator[None]:
    """Adam as several passes over all weights, in place of the recipes' one kernel."""
    original = torch.optim.Adam

    def adam(*args: Any, **kwargs: Any) -> torch.optim.Adam:
        return original(*args, **kwargs | {"fused": False})

    with mock.patch.object(torch.optim, "Adam", adam):
        yield


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


def digits(data: Path) -> Dataset:
    found = load("mnist", data)
    assert isinstance(found, Dataset)
    return found


def medians(rates: Sequence[tuple[float, ...]]) -> list[float]:
    return [statistics.median(values) for values in zip(*rates)]


def against_peers(data: Path, seconds: float, rounds: int) -> None:
    images = digits(data).images
    plain: dict[str, Any] = {"loss": "non-saturating", "r1": False, "r2": False}
    rows: list[tuple[str, Callable[[], float], str, Callable[[], float]]] = [
        ("GAN, the loop's own loss, float32", lambda: rate("gan", data, seconds, **plain),
         "eager tutorial loop", lambda: tutorial_gan(images, seconds)),
        ("GAN as it ships (penalties, auto precision)",
         lambda: rate("gan", data, seconds, precision="auto"),
         "eager tutorial loop", lambda: tutorial_gan(images, seconds)),
        ("VAE, float32", lambda: rate("vae", data, seconds),
         "pythae", lambda: pythae_vae(images, seconds)),
        ("VAE, auto precision", lambda: rate("vae", data, seconds, precision="auto"),
         "pythae", lambda: pythae_vae(images, seconds)),
        ("self-attention, float32", lambda: rate("attention", data, seconds),
         "transformers GPT-2", lambda: gpt2(images, seconds)),
        ("self-attention, auto precision",
         lambda: rate("attention", data, seconds, precision="auto"),
         "transformers GPT-2", lambda: gpt2(images, seconds)),
        ("self-attention, auto precision, --compile",
         lambda: rate("attention", data, seconds, precision="auto", compile=True),
         "transformers GPT-2", lambda: gpt2(images, seconds)),
    ]  # fmt: skip
    print("\n| | images/s | peer | images/s | times |\n| --- | --- | --- | --- | --- |")
    for name, mine, peer, theirs in rows:
        try:
            with contextlib.redirect_stderr(io.StringIO()):  # pythae's progress
                pairs = [(mine(), theirs()) for _ in range(rounds)]
        except ImportError as error:
            print(f"| {name} | | {peer} | {error.name} is not installed | |")
            continue
        a, b = medians(pairs)
        ratio = statistics.median(x / y for x, y in pairs)
        print(f"| {name} | {a:.0f} | {peer} | {b:.0f} | {ratio:.2f} |", flush=True)


def table(title: str, columns: list[str], rows: Iterator[tuple[str, list[str]]]) -> None:
    print(f"\n| {title} | {' | '.join(columns)} |\n|{' --- |' * (1 + len(columns))}")
    for name, cells in rows:
        print(f"| {name} | {' | '.join(cells)} |", flush=True)


def by_batch(
    families: list[str], data: Path, seconds: float, rounds: int
) -> Iterator[tuple[str, list[str]]]:
    for family in families:
        rates = [
            tuple(rate(family, data, seconds, batch=batch) for batch in BATCHES)
            for _ in range(rounds)
        ]
        yield family, [f"{value:.0f}" for value in medians(rates)]


def by_size(
    families: list[str], data: Path, seconds: float, rounds: int
) -> Iterator[tuple[str, list[str]]]:
    """On a thousand digits as PNG files, which the data set `folder` brings to any size."""
    found = digits(data)
    with tempfile.TemporaryDirectory() as folder:
        for i, image in enumerate(found.floats()[:1000]):
            place = Path(folder) / found.labels[int(found.targets[i])]
            place.mkdir(exist_ok=True)
            found.media.to_pil(image).save(place / f"{i}.png")
        for family in families:
            if FLAGS[family].get("dataset"):
                continue  # of texts
            rates = [
                tuple(
                    rate(family, Path(folder), seconds, dataset="folder", size=size)
                    for size in SIZES
                )
                for _ in range(rounds)
            ]
            a, b = medians(rates)
            ratio = statistics.median(small / large for small, large in rates)
            yield family, [f"{a:.0f}", f"{b:.0f}", f"{ratio:.1f}"]


def variants(
    families: list[str], data: Path, seconds: float, rounds: int
) -> Iterator[tuple[str, list[str]]]:
    """How many times as fast each of CHANGES makes a family, alone: one thread, float32, eager,
    contiguous (but for the fused Adam, without it)."""
    for family in families:
        run = functools.partial(rate, family, data, seconds)
        one = functools.partial(run, threads=1)
        pictures = family not in ("attention", "language")

        def under(context: Callable[[], Any], run: Callable[[], float] = one) -> float:
            with context():
                return run()

        last, contiguous = (
            functools.partial(under, functools.partial(layout, kind)) for kind in (True, False)
        )
        pairs: list[tuple[Callable[[], float], Callable[[], float]] | None] = [
            (functools.partial(one, precision="bfloat16"), one),
            (last, contiguous) if pictures else None,
            # The penalties of a GAN take a second derivative, which does not compile.
            (functools.partial(one, compile=True), one) if family != "gan" else None,
            (one, functools.partial(under, unfused)),
            (functools.partial(run, threads=2), one),
        ]
        found: list[list[float]] = [[] for _ in pairs]
        plain = []
        for _ in range(rounds):
            for ratios, pair in zip(found, pairs):
                if pair is not None:
                    changed, before = (way() for way in pair)
                    ratios.append(changed / before)
                    if pair[1] is one:
                        plain.append(before)
        cells = [f"{statistics.median(ratios):.2f}" if ratios else "–" for ratios in found]
        yield family, [f"{statistics.median(plain):.0f}", *cells]


def on_gpu(families: list[str], data: Path, seconds: float) -> Iterator[tuple[str, list[str]]]:
    """Images/s of each family at its LARGE size as the changes of ON_GPU are made in turn."""
    for family in families:
        module = importlib.import_module(f"train.{family}")
        names = {field.name for field in dataclasses.fields(module.Recipe)}
        pictures = family not in ("attention", "language")
        fits = {
            "+ channels-last": pictures,
            "kernels by trial": pictures,
            "+ Muon in batches": "muon_lr" in names,
            # The penalties of a GAN take a second derivative, which does not compile.
            "+ compiled": family != "gan",
            "+ CUDA graphs": family not in ("gan", "language"),
            "+ updates recorded": family == "ladder",
        }
        done: list[str] = []
        for change in ON_GPU:
            if not fits.get(change, True):
                done.append("–")
                continue
            reached = ON_GPU[: ON_GPU.index(change) + 1]
            with contextlib.ExitStack() as stack:
                stack.enter_context(layout("+ channels-last" in reached))
                # Of several ways to convolve the fastest; taken back for the next column.
                tries = change == "kernels by trial"
                stack.enter_context(torch.backends.cudnn.flags(enabled=True, benchmark=tries))
                if "+ fused Adam" not in reached:
                    stack.enter_context(unfused())
                if "+ Muon in batches" not in reached:
                    stack.enter_context(mock.patch.object(muon, "together", return_value=False))
                if "+ CUDA graphs" not in reached:
                    stack.enter_context(
                        mock.patch.object(loop, "compile_mode", return_value="default")
                    )
                if "+ updates recorded" not in reached:
                    stack.enter_context(mock.patch.object(update, "USUAL", sys.maxsize))
                flags = LARGE[family] | {
                    "precision": "bfloat16" if "+ bfloat16" in reached else "float32",
                    "compile": "+ compiled" in reached,
                }
                done.append(f"{rate(family, data, seconds, **flags):.0f}")
        yield family, done


def with_processes(family: str, count: int, data: Path, seconds: float) -> float:
    """Images/s of a real run of `count` processes of one thread each, by its file of figures; nan
    where the time is too short for two steps."""
    with tempfile.TemporaryDirectory() as folder:
        words = [
            "torch.distributed.run", "--standalone", "--nproc-per-node", str(count), "-m",
            f"train.{family}", "--data", str(data), "--out", f"{folder}/x", "--minutes",
            str(seconds / 60), "--snapshots", "0", "--no-evaluate", "--keep-going", "--precision",
            "float32",
        ]  # fmt: skip
        for flag, value in FLAGS[family].items():
            words += [f"--{flag}", str(value)]
        done = subprocess.run(
            [sys.executable, "-m", *words], capture_output=True, text=True,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
        )  # fmt: skip
        if done.returncode:
            raise loop.TrainingError(f"train.{family} on {count} processes failed: {done.stderr}")
        file = Path(folder) / "x.metrics.jsonl"
        lines = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    looks = [line for line in lines if "event" not in line]
    start, end = looks[0], looks[-1]  # from the first step on, so that starting does not count
    passed = 60 * (end["minutes"] - start["minutes"])
    return (end["images"] - start["images"]) / passed if passed else math.nan


def by_processes(
    families: list[str], data: Path, seconds: float, rounds: int
) -> Iterator[tuple[str, list[str]]]:
    for family in families:
        rates = [
            tuple(with_processes(family, count, data, seconds) for count in (1, 2))
            for _ in range(rounds)
        ]
        one, two = medians(rates)
        share = statistics.median(b / a / 2 for a, b in rates)
        yield family, [f"{one:.0f}", f"{two:.0f}", f"{share:.0%}"]


def sweep(families: list[str], data: Path, seconds: float, rounds: int) -> None:
    what = (families, data, seconds, rounds)
    table(
        "images/s by batch", [f"batch {batch}" for batch in BATCHES], by_batch(*what),
    )  # fmt: skip
    table(
        "images/s by size", [*(f"{size}x{size}" for size in SIZES), "times slower"],
        by_size(*what),
    )  # fmt: skip
    table("one thread, float32; times as fast", ["images/s", *CHANGES], variants(*what))
    table(
        "processes of one thread", ["1, images/s", "2, images/s", "efficiency"],
        by_processes(families, data, max(seconds, 10), rounds),
    )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure how fast each family trains.")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--seconds", type=float, default=8.0, help="of each measurement")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--sweep", action="store_true", help="what changes the rate, and how")
    parser.add_argument("--gpu", action="store_true", help="what pays on a GPU")
    parser.add_argument("--families", nargs="+", default=list(FLAGS), choices=list(FLAGS))
    options = parser.parse_args()
    where = loop.machine(loop.device_of("cuda" if options.gpu else "cpu"))
    about = f"{datetime.now(timezone.utc):%Y-%m-%d}, {where}"
    print(f"{about}, torch {torch.__version__}, load {os.getloadavg()[0]:.1f} before")
    if options.gpu:
        rows = on_gpu(options.families, options.data, options.seconds)
        table("images/s on a GPU", list(ON_GPU), rows)
    elif options.sweep:
        sweep(options.families, options.data, options.seconds, options.rounds)
    else:
        against_peers(options.data, options.seconds, options.rounds)


if __name__ == "__main__":
    loop.main(main)
