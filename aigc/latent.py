"""From a seed to a latent, and from one latent to another."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import torch
from torch import Tensor

MAX_SEED = 2**32 - 1
PATHS = ("slerp", "lerp")


def generator(seed: int, index: int = 0) -> torch.Generator:
    """A CPU generator for picture `index` of `seed`.

    Each picture has its own, so the fifth of sixteen is the fifth of sixty-four too. The pair is
    hashed because torch fills a generator's state from neighbouring seeds in a related way.
    Raises ValueError outside 0..MAX_SEED.
    """
    if not 0 <= seed <= MAX_SEED:
        raise ValueError(f"a seed is a whole number from 0 to {MAX_SEED}, not {seed}")
    digest = hashlib.sha256(f"{seed}/{index}".encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:8], "big") >> 1)


def generators(seed: int, count: int) -> list[torch.Generator]:
    """The generators of the first `count` pictures of `seed`."""
    return [generator(seed, index) for index in range(count)]


def lerp(a: Tensor, b: Tensor, t: Tensor) -> Tensor:
    """The straight line: a, b (D,), t (N,) in [0, 1] -> (N, D)."""
    t = t[:, None]  # (N, 1)
    return a * (1 - t) + b * t


def slerp(a: Tensor, b: Tensor, t: Tensor) -> Tensor:
    """The arc between two directions, while the length goes straight: a, b (D,), t (N,) in
    [0, 1] -> (N, D). Shoemake 1985, applied to latents in White, arXiv 1609.04468.

    Gaussian latents of many dimensions lie close to a sphere; the straight line leaves it and
    decodes to washed-out pictures half way. Parallel or zero ends fall back to `lerp`.
    """
    length_a, length_b = a.norm(), b.norm()
    if length_a == 0 or length_b == 0:
        return lerp(a, b, t)
    unit_a, unit_b = a / length_a, b / length_b
    angle = torch.arccos((unit_a @ unit_b).clamp(-1, 1))
    if angle.sin() < 1e-4:
        return lerp(a, b, t)
    t = t[:, None]  # (N, 1)
    direction = (((1 - t) * angle).sin() * unit_a + (t * angle).sin() * unit_b) / angle.sin()
    return direction * (length_a * (1 - t) + length_b * t)


def path(
    ends: Sequence[tuple[Tensor, Tensor]], steps: int, kind: str = "slerp"
) -> tuple[Tensor, Tensor]:
    """The way between two ends, each a pair (latent (L,), condition (K,)): latents (steps, L) on
    the path `kind`, conditions (steps, K) always on the straight line.

    Raises ValueError for fewer than two steps or an unknown kind.
    """
    if steps < 2:
        raise ValueError(f"a path has at least 2 steps, not {steps}")
    if kind not in PATHS:
        raise ValueError(f"a path is one of {', '.join(PATHS)}, not {kind!r}")
    (za, ca), (zb, cb) = ends
    t = torch.linspace(0, 1, steps)
    return (slerp if kind == "slerp" else lerp)(za, zb, t), lerp(ca, cb, t)
