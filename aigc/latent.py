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


def uniform(shape: Sequence[int], generator: torch.Generator) -> Tensor:
    """Numbers in [0, 1), on the generator's own device."""
    return torch.rand(tuple(shape), generator=generator, device=generator.device)


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


def vary(z: Tensor, ways: Tensor, spread: float) -> Tensor:
    """Draws near a draw of the prior: z (L,), ways (N, L), both drawn from it -> (N, L).

    sqrt(1 - s^2) z + s e is again a draw from a Gaussian prior of mean 0, whatever `spread` s in
    [0, 1] is: 0 gives z, 1 gives the ways alone, and the correlation with z is sqrt(1 - s^2). It is
    the step of preconditioned Crank-Nicolson (Cotter et al. 2013, arXiv 1202.0709). Raises
    ValueError for another spread.
    """
    if not 0 <= spread <= 1:
        raise ValueError(f"a spread is from 0 to 1, not {spread}")
    return (1 - spread**2) ** 0.5 * z + spread * ways


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


def loop(
    stops: Sequence[tuple[Tensor, Tensor]], steps: int, kind: str = "slerp"
) -> tuple[Tensor, Tensor]:
    """A way that visits every stop and comes back to the first, `steps` points from each to the
    next: latents (stops * steps, L) and conditions (stops * steps, K), as `path` has them. The
    last point is one step before the first, so it runs on without a jump.

    Raises ValueError for fewer than two stops, and as `path` does.
    """
    if len(stops) < 2:
        raise ValueError(f"a loop has at least 2 stops, not {len(stops)}")
    if steps < 1:
        raise ValueError(f"from stop to stop is at least 1 step, not {steps}")
    legs = [path((a, b), steps + 1, kind) for a, b in zip(stops, [*stops[1:], stops[0]])]
    return torch.cat([z[:-1] for z, _ in legs]), torch.cat([c[:-1] for _, c in legs])


def square(
    corners: Sequence[tuple[Tensor, Tensor]], side: int, kind: str = "slerp"
) -> tuple[Tensor, Tensor]:
    """A grid between four corners, upper left, upper right, lower left, lower right: latents
    (side * side, L) and conditions (side * side, K), row by row. Each row is the `path` from a
    point of the left edge to one of the right: bilinear where the paths are straight.

    Raises ValueError unless there are four corners, and as `path` does.
    """
    if len(corners) != 4:
        raise ValueError(f"a square has 4 corners, not {len(corners)}")
    upper_left, upper_right, lower_left, lower_right = corners
    left = path((upper_left, lower_left), side, kind)
    right = path((upper_right, lower_right), side, kind)
    rows = [
        path(((za, ca), (zb, cb)), side, kind) for za, ca, zb, cb in zip(*left, *right)
    ]  # side x ((side, L), (side, K))
    return torch.cat([z for z, _ in rows]), torch.cat([c for _, c in rows])
