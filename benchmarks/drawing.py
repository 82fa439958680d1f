"""How fast the self-attention model draws, without the app around it: part of `make bench`.

    python -m benchmarks.drawing [CHECKPOINT] [--rounds N]

In one run, on the same weights, at temperature 1, every pixel value drawn:

    one picture alone: the whole of it, and its first row of patches
    16 pictures in one batch: pictures a second
    the same picture by the loop that a first version would have: every value from a full pass over
    the sequence, with no cache of keys and values
    what a step costs in each quarter of the sequence, which should hardly grow

Best of the rounds: another process on the machine only ever adds.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path

import torch

from aigc import checkpoint, latent
from aigc.models.attention import Transformer, draw_value
from train import loop

ROOT = Path(__file__).resolve().parent.parent
LABEL, BATCH, SEED = 3, 16, 7


def best(rounds: int, run: Callable[[], float]) -> float:
    """The shortest of `rounds` times in seconds, after one that warms up."""
    run()
    return min(run() for _ in range(rounds))


def drawn(model: Transformer, count: int, until: int | None = None) -> float:
    """Seconds to draw `count` pictures, or to the end of row number `until` of the patches."""
    began = time.perf_counter()
    for row, _ in enumerate(model.draw(latent.generators(SEED, count), [LABEL] * count), 1):
        if row == until:
            break
    return time.perf_counter() - began


def rows(model: Transformer) -> list[float]:
    """Seconds that each row of patches of one batch took."""
    times, began = [], time.perf_counter()
    for _ in model.draw(latent.generators(SEED, BATCH), [LABEL] * BATCH):
        times.append(time.perf_counter() - began)
        began = time.perf_counter()
    return times


@torch.inference_mode()
def without_cache(model: Transformer, share: int) -> float:
    """Seconds for one picture from full passes; only one value in `share` is drawn and timed,
    since every pass costs the same."""
    length, p = model.config.length, model.config.patch_values
    (source,) = latent.generators(SEED, 1)
    noise = torch.rand(length, p, generator=source)
    tokens = torch.zeros(1, length, p, dtype=torch.long)
    labels = model.label_indices([LABEL])
    began = time.perf_counter()
    for number in range(0, length * p, share):
        t, i = divmod(number, p)
        logits = model(tokens, labels)[:, t, i]  # (1, 256)
        tokens[:, t, i] = draw_value(logits, noise[None, t, i], 1.0)
    return (time.perf_counter() - began) * share


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="How fast the self-attention model draws.")
    default = ROOT / "checkpoints" / "attention-mnist"
    parser.add_argument("checkpoint", type=Path, nargs="?", default=default)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    loaded = checkpoint.load(options.checkpoint)
    if not isinstance(loaded.model, Transformer):
        raise SystemExit(f"{options.checkpoint} is not of the family attention")
    model, rounds = loaded.model, options.rounds
    alone = best(rounds, lambda: drawn(model, 1))
    first = best(rounds, lambda: drawn(model, 1, until=1))
    batch = best(rounds, lambda: drawn(model, BATCH))
    slow = best(1, lambda: without_cache(model, share=28))
    every = [min(times) for times in zip(*(rows(model) for _ in range(rounds)))]
    quarter = len(every) // 4
    parts = [sum(every[k * quarter : (k + 1) * quarter]) / quarter for k in range(4)]
    steps = model.config.grid[1]
    print(
        f"{loaded.name} {loaded.revision}, {datetime.now(timezone.utc).date()}, "
        f"{loop.machine(torch.device('cpu'))}, torch {torch.__version__}\n"
    )
    print("| | |\n| --- | --- |")
    print(f"| one picture alone | {alone:.2f} s |")
    print(f"| its first row | {first * 1000:.0f} ms |")
    print(f"| {BATCH} in one batch | {BATCH / batch:.1f} pictures/s |")
    print(f"| one picture, a full pass for each value | {slow:.1f} s, {slow / alone:.0f} times |")
    shown = ", ".join(f"{part / steps * 1000:.2f}" for part in parts)
    print(f"| one step of {BATCH}, in each quarter of the sequence | {shown} ms |")


if __name__ == "__main__":
    main()
