"""Seeds, and the ways between latents, against answers known by hand."""

from __future__ import annotations

import math

import pytest
import torch

from aigc import latent
from aigc.latent import MAX_SEED, generator, generators, lerp, path, slerp


def draw(g: torch.Generator) -> torch.Tensor:
    return torch.randn(8, generator=g)


def test_a_seed_gives_the_same_numbers_again() -> None:
    assert torch.equal(draw(generator(7, 3)), draw(generator(7, 3)))


def test_seeds_and_pictures_differ() -> None:
    drawn = [draw(generator(seed, index)) for seed in range(5) for index in range(5)]
    assert len({tuple(d.tolist()) for d in drawn}) == 25
    # Neighbours are unrelated: their correlation is that of noise.
    rows = torch.stack([torch.randn(4096, generator=generator(seed)) for seed in range(6)])
    off_diagonal = torch.corrcoef(rows) - torch.eye(6)
    assert off_diagonal.abs().max() < 0.08


def test_a_picture_does_not_depend_on_how_many_are_made() -> None:
    few, many = generators(7, 5), generators(7, 64)
    assert (len(few), len(many)) == (5, 64)
    assert all(torch.equal(draw(a), draw(b)) for a, b in zip(few, many, strict=False))


def test_the_numbers_of_a_seed_never_change() -> None:
    # Links carry seeds: another generator behind them would show other pictures.
    known = torch.randn(3, generator=generator(0))
    assert known.tolist() == pytest.approx([1.286153, -0.799615, 1.062785], abs=1e-5)
    assert generator(MAX_SEED, 63).initial_seed() == 1864925076678626871


def test_the_global_generator_is_left_alone() -> None:
    before = torch.random.get_rng_state()
    draw(generator(3))
    assert torch.equal(before, torch.random.get_rng_state())


@pytest.mark.parametrize("seed", [-1, MAX_SEED + 1, 10**30, -(10**30)])
def test_a_seed_out_of_range_is_refused(seed: int) -> None:
    with pytest.raises(ValueError, match=rf"a seed is a whole number from 0 to {MAX_SEED}"):
        generator(seed)


def test_lerp_is_the_straight_line() -> None:
    a, b = torch.tensor([1.0, 0.0]), torch.tensor([0.0, 3.0])
    t = torch.tensor([0.0, 0.5, 1.0])
    assert torch.equal(lerp(a, b, t), torch.tensor([[1.0, 0.0], [0.5, 1.5], [0.0, 3.0]]))


def test_slerp_is_the_arc() -> None:
    a, b = torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0])
    t = torch.tensor([0.0, 1 / 3, 0.5, 1.0])
    angles = [0, 30, 45, 90]
    expected = [[math.cos(math.radians(d)), math.sin(math.radians(d))] for d in angles]
    torch.testing.assert_close(slerp(a, b, t), torch.tensor(expected))


def test_slerp_changes_the_length_evenly() -> None:
    a, b = torch.tensor([2.0, 0.0]), torch.tensor([0.0, 4.0])
    lengths = slerp(a, b, torch.linspace(0, 1, 5)).norm(dim=1)
    torch.testing.assert_close(lengths, torch.tensor([2.0, 2.5, 3.0, 3.5, 4.0]))


def test_slerp_stays_where_gaussian_latents_are() -> None:
    a, b = torch.randn(256, generator=generator(1)), torch.randn(256, generator=generator(2))
    half = torch.tensor([0.5])
    assert 14 < slerp(a, b, half).norm() < 18  # sqrt(256) = 16
    assert lerp(a, b, half).norm() < 13  # the straight line cuts through the inside


@pytest.mark.parametrize(
    "b",
    [[2.0, 0.0], [-1.0, 0.0], [0.0, 0.0], [1.0, 1e-7]],
    ids=["same", "opposite", "zero", "near"],
)
def test_slerp_has_an_answer_where_there_is_no_arc(b: list[float]) -> None:
    a, end, t = torch.tensor([1.0, 0.0]), torch.tensor(b), torch.linspace(0, 1, 5)
    points = slerp(a, end, t)
    assert points.isfinite().all()
    torch.testing.assert_close(points, lerp(a, end, t))


@pytest.mark.parametrize("kind", latent.PATHS)
@pytest.mark.parametrize("steps", [2, 3, 64])
def test_a_path_starts_and_ends_at_its_ends(kind: str, steps: int) -> None:
    a = (torch.randn(16, generator=generator(1)), torch.tensor([1.0, 0.0]))
    b = (torch.randn(16, generator=generator(2)), torch.tensor([0.0, 1.0]))
    latents, conditions = path((a, b), steps, kind)
    assert latents.shape == (steps, 16) and conditions.shape == (steps, 2)
    torch.testing.assert_close(latents[0], a[0])
    torch.testing.assert_close(latents[-1], b[0])
    torch.testing.assert_close(conditions[:, 1], torch.linspace(0, 1, steps))
    torch.testing.assert_close(conditions.sum(1), torch.ones(steps))


def test_a_path_that_cannot_be_is_refused() -> None:
    end = (torch.ones(4), torch.ones(2))
    with pytest.raises(ValueError, match="at least 2 steps, not 1"):
        path((end, end), 1)
    with pytest.raises(ValueError, match="one of slerp, lerp, not 'spline'"):
        path((end, end), 4, "spline")
