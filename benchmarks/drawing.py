"""How fast the self-attention model draws, without the app around it: part of `make bench`.

    python -m benchmarks.drawing [CHECKPOINT] [--rounds N]     (pip install -e '.[bench]')

In one run, at temperature 1, every pixel value drawn:

    one picture alone: the whole of it, and its first row of patches
    16 pictures in one batch: pictures a second
    the same by the loop that a first version would have, on the same weights: every value from a
    full pass over the sequence, with no cache of keys and values
    the same by transformers' generate with its cache: GPT-2 of the same width, depth and heads,
    random weights, one token a value, which is the sequence that it would be given
    what a step costs in each quarter of the sequence, which should hardly grow

Best of the rounds: another process on the machine only ever adds. What takes minutes (full passes,
the peer) is timed once. A peer that is not installed is named and left out.
"""

from __future__ import annotations

import argparse
import importlib.util
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
def without_cache(model: Transformer, count: int, share: int) -> float:
    """Seconds for `count` pictures from full passes; only one value in `share` is drawn and timed,
    since every pass costs the same."""
    length, p = model.config.length, model.config.patch_values
    (source,) = latent.generators(SEED, 1)
    noise = torch.rand(count, length, p, generator=source)
    tokens = torch.zeros(count, length, p, dtype=torch.long)
    labels = model.label_indices([LABEL] * count)
    began = time.perf_counter()
    for number in range(0, length * p, share):
        t, i = divmod(number, p)
        logits = model(tokens, labels)[:, t, i]  # (count, 256)
        tokens[:, t, i] = draw_value(logits, noise[:, t, i], 1.0)
    return (time.perf_counter() - began) * share


def gpt2(model: Transformer, count: int) -> float:
    """Seconds for `count` pictures by transformers' GPT-2 of the same size, every value a token."""
    from transformers import GPT2Config, GPT2LMHeadModel

    sizes = model.config
    values = sizes.length * sizes.patch_values
    config = GPT2Config(
        vocab_size=257, n_positions=values + 1, n_embd=sizes.dim, n_layer=sizes.layers,
        n_head=sizes.heads, bos_token_id=256, eos_token_id=None,
    )  # fmt: skip
    peer = GPT2LMHeadModel(config).eval()
    start = torch.full((count, 1), 256)
    began = time.perf_counter()
    with torch.inference_mode():
        made = peer.generate(
            start, attention_mask=torch.ones_like(start), do_sample=True, top_k=0,
            min_new_tokens=values, max_new_tokens=values, use_cache=True, pad_token_id=0,
        )  # fmt: skip
    assert made.shape == (count, values + 1)
    return time.perf_counter() - began


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
    ours = {1: alone, BATCH: batch}
    peers = {"a full pass for each value": lambda count: without_cache(model, count, 28 * count)}
    missing = importlib.util.find_spec("transformers") is None
    if not missing:
        peers["transformers GPT-2 of this size, with its cache"] = lambda count: gpt2(model, count)
    taken = {name: {count: run(count) for count in ours} for name, run in peers.items()}
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
    for name, found in taken.items():
        for count, seconds in found.items():
            times = f"{seconds / ours[count]:.1f} times as long"
            print(f"| {count} by {name} | {seconds:.1f} s, {times} |")
    if missing:
        print("| transformers GPT-2 | not installed: pip install -e '.[bench]' |")
    shown = ", ".join(f"{part / steps * 1000:.2f}" for part in parts)
    print(f"| one step of {BATCH}, in each quarter of the sequence | {shown} ms |")


if __name__ == "__main__":
    main()
