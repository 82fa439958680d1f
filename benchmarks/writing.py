"""How fast a text is written, beside what a user would pick instead: part of `make bench`.

    python -m benchmarks.writing [CHECKPOINT] [--rounds N]     (pip install -e '.[bench]')

In one run, one stream of characters at temperature 1 on two threads, a whole context each:

    this model with its cache, which is held to 300 characters a second
    transformers' GPT-2 of the same width, depth, heads and symbols, random weights, with its cache
    nanoGPT's way on this model's own weights: no cache, a full pass for every character (a minimal
    loop written here after its `generate`)
    what one character costs at places 32, 128 and 250, which should hardly grow

Best of the rounds, taken in turn: another process on the machine only ever adds. A peer that is not
installed is named and left out.
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
from aigc.models.language import LanguageModel
from train import loop

ROOT = Path(__file__).resolve().parent.parent
SEED, THREADS, BAR = 7, 2, 300
PLACES = (32, 128, 250)
AROUND = 6  # characters on each side of a place, over which its cost is averaged


def times(model: LanguageModel) -> list[float]:
    """Seconds that each character of one text took."""
    found, began = [], time.perf_counter()
    for _ in model.write(latent.generators(SEED, 1), [None]):
        found.append(time.perf_counter() - began)
        began = time.perf_counter()
    return found


@torch.inference_mode()
def without_cache(model: LanguageModel) -> float:
    """Seconds for one text, every character from a full pass over those before it."""
    (source,) = latent.generators(SEED, 1)
    labels = model.label_indices([None])
    text = torch.zeros(1, 0, dtype=torch.long)
    began = time.perf_counter()
    for _ in range(model.config.length):
        # The last symbol is not read by the step that writes it; 0 stands there meanwhile.
        seen = torch.cat([text, torch.zeros(1, 1, dtype=torch.long)], 1)
        chances = model(seen, labels)[:, -1].exp()  # (1, symbols)
        text = torch.cat([text, torch.multinomial(chances, 1, generator=source)], 1)
    return time.perf_counter() - began


def gpt2(model: LanguageModel) -> Callable[[], float]:
    """What writes one text with transformers' GPT-2 of the same size, in seconds."""
    from transformers import GPT2Config, GPT2LMHeadModel

    sizes = model.config
    config = GPT2Config(
        vocab_size=sizes.symbols, n_positions=sizes.length + 1, n_embd=sizes.dim,
        n_layer=sizes.layers, n_head=sizes.heads, bos_token_id=0, eos_token_id=None,
    )  # fmt: skip
    peer = GPT2LMHeadModel(config).eval()
    start = torch.zeros(1, 1, dtype=torch.long)

    def write() -> float:
        began = time.perf_counter()
        with torch.inference_mode():
            made = peer.generate(
                start, attention_mask=torch.ones_like(start), do_sample=True, top_k=0,
                min_new_tokens=sizes.length, max_new_tokens=sizes.length, use_cache=True,
                pad_token_id=0,
            )  # fmt: skip
        assert made.shape[1] == sizes.length + 1
        return time.perf_counter() - began

    return write


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="How fast a text is written.")
    default = ROOT / "checkpoints" / "attention-shakespeare"
    parser.add_argument("checkpoint", type=Path, nargs="?", default=default)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    torch.set_num_threads(THREADS)
    loaded = checkpoint.load(options.checkpoint)
    if not isinstance(loaded.model, LanguageModel):
        raise SystemExit(f"{options.checkpoint} is not of the family language")
    model = loaded.model
    peers = {"nanoGPT's way, no cache, the same weights": lambda: without_cache(model)}
    missing = importlib.util.find_spec("transformers") is None
    if not missing:
        peers["transformers GPT-2 with its cache, the same size"] = gpt2(model)
    steps = [times(model)]  # the first of each warms up
    taken: dict[str, list[float]] = {name: [run()] for name, run in peers.items()}
    for _ in range(options.rounds):
        steps.append(times(model))
        for name, run in peers.items():
            taken[name].append(run())
    length = len(steps[0])
    ours = length / min(sum(found) for found in steps[1:])
    print(
        f"{loaded.name} {loaded.revision}, {datetime.now(timezone.utc).date()}, "
        f"{loop.machine(torch.device('cpu'))}, torch {torch.__version__}\n"
    )
    print("| one text | characters/s | |\n| --- | --- | --- |")
    held = "yes" if ours >= BAR else "no"
    print(f"| with its cache | {ours:.0f} | at least {BAR}: {held} |")
    for name, found in taken.items():
        theirs = length / min(found[1:])
        print(f"| {name} | {theirs:.0f} | ours is {ours / theirs:.1f} times as fast |")
    if missing:
        print("| transformers GPT-2 | | not installed: pip install -e '.[bench]' |")
    best = [min(place) for place in zip(*steps[1:])]
    for place in PLACES:
        around = best[max(0, place - AROUND) : place + AROUND]
        print(f"| the character at place {place} | | {1000 * sum(around) / len(around):.2f} ms |")


if __name__ == "__main__":
    main()
