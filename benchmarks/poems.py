"""Tang poems by nanoGPT's recipe, for as much processor time as `attention-tang` was given.

    python -m benchmarks.poems --data DIR --minutes M            (pip install -e '.[bench]')

The network is GPT-2 (transformers) of the same depth and width as ours, learned positions, tied
embeddings; the recipe is nanoGPT's for small texts: AdamW with betas 0.9 and 0.99 and a weight
decay of 0.1 on matrices, gradients cut at a norm of 1, a learning rate that rises to 0.001 over 100
steps and falls to a tenth on a cosine, no dropout for a short run. It sees the same poems behind
the same start tokens, in batches of the same size, in bfloat16, compiled. What is printed are
the figures of `python -m train.evaluate` for the same held-out poems, and those of the model that
counts.
"""

from __future__ import annotations

import argparse
import math
import time
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from aigc import latent
from aigc.data import Texts, load
from train import evaluate


def gpt2(symbols: int, length: int, layers: int, heads: int, dim: int) -> Any:
    """A fresh GPT-2 over `symbols` tokens."""
    from transformers import GPT2Config, GPT2LMHeadModel

    config = GPT2Config(
        vocab_size=symbols, n_positions=length, n_embd=dim, n_layer=layers, n_head=heads,
        resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0, use_cache=False, bos_token_id=0,
        eos_token_id=0,
    )  # fmt: skip
    torch.manual_seed(0)
    return GPT2LMHeadModel(config)


def nats(model: Any, rows: Tensor, starts: Tensor) -> Tensor:
    """-log p of each symbol behind the start token: rows (B, T), starts (B,) -> (B, T)."""
    given = torch.cat([starts[:, None], rows[:, :-1]], 1)
    logits = model(input_ids=given).logits.float()  # (B, T, symbols and start tokens)
    return F.cross_entropy(logits.transpose(1, 2), rows, reduction="none")


def train(poems: Texts, minutes: float, batch: int) -> tuple[Any, int]:
    """The model after `minutes` of this process's processor time, and the poems that it saw."""
    symbols = len(poems.media.symbols)
    model = gpt2(symbols + len(poems.labels), poems.media.length, layers=6, heads=5, dim=160)
    decayed = [p for p in model.parameters() if p.dim() >= 2]
    others = [p for p in model.parameters() if p.dim() < 2]
    groups = [{"params": decayed, "weight_decay": 0.1}, {"params": others, "weight_decay": 0.0}]
    optimizer = torch.optim.AdamW(groups, lr=1e-3, betas=(0.9, 0.99))
    counted, _ = evaluate.scored(poems)
    compiled = torch.compile(nats)
    generator = latent.generator(0)
    began, step = time.process_time(), 0
    while (progress := (time.process_time() - began) / (60 * minutes)) < 1:
        indices = torch.randint(len(poems), (batch,), generator=generator)
        rows, targets = poems.at(indices)
        with torch.autocast("cpu", torch.bfloat16):
            found = compiled(model, rows, symbols + targets)
        loss = (found * counted[indices]).sum() / counted[indices].sum()
        rate = 1e-4 + 0.5 * (1e-3 - 1e-4) * (1 + math.cos(math.pi * progress))
        for group in optimizer.param_groups:
            group["lr"] = rate * min(1.0, (step + 1) / 100)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        step += 1
        if step % 100 == 0:
            print(f"{progress:4.0%}  step {step}  loss {loss.item():.3f}", flush=True)
    return model.eval(), step * batch


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("data"))
    parser.add_argument("--minutes", type=float, default=30.0, help="of processor time")
    parser.add_argument("--batch", type=int, default=48)
    options = parser.parse_args()
    learned, held = (load("tang", options.data, part) for part in (True, False))
    assert isinstance(learned, Texts) and isinstance(held, Texts)
    model, seen = train(learned, options.minutes, options.batch)
    symbols = len(held.media.symbols)
    with torch.inference_mode():
        parts = [
            nats(model, rows, symbols + targets)
            for rows, targets in zip(held.rows.split(64), held.targets.split(64))
        ]
    weights = sum(p.numel() for p in model.parameters())
    counting = evaluate.ngram_nats(learned, held)
    counted, letters = evaluate.scored(held)
    gpt = torch.cat(parts)
    print(f"{len(held):,} poems held out; nats a character, and a letter behind the title")
    print(
        f"nanoGPT's recipe  {gpt[counted].mean():.4f}  {gpt[letters].mean():.4f}  {weights:,} "
        f"weights, {seen:,} poems in {options.minutes:g} minutes of processor time"
    )
    print(
        f"{evaluate.NGRAM}-gram, Kneser-Ney  {counting.mean():.4f}  "
        f"{counting[letters[counted].numpy()].mean():.4f}"
    )


if __name__ == "__main__":
    main()
