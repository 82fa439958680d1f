"""Metrics against known answers."""

from __future__ import annotations

import math

import pytest
import torch

from aigc import metrics
from aigc.latent import generator


def cloud(rows: int, columns: int, index: int = 0) -> torch.Tensor:
    return torch.randn(rows, columns, generator=generator(7, index))


def test_frechet_of_gaussians_in_closed_form() -> None:
    # Commuting covariances: |m|^2 + sum (sqrt(a) - sqrt(b))^2.
    mean_a, mean_b = torch.tensor([1.0, 2.0, 3.0]), torch.tensor([1.0, 0.0, 3.0])
    a, b = torch.diag(torch.tensor([1.0, 4.0, 9.0])), torch.diag(torch.tensor([4.0, 4.0, 0.0]))
    assert metrics.frechet_gaussians(mean_a, a, mean_b, b) == pytest.approx(4 + 1 + 0 + 9)


def test_frechet_of_covariances_that_do_not_commute() -> None:
    # For 2 x 2: Tr (AB)^(1/2) = sqrt(Tr AB + 2 sqrt(det AB)).
    a = torch.tensor([[2.0, 0.9], [0.9, 1.0]], dtype=torch.float64)
    b = torch.tensor([[1.0, -0.5], [-0.5, 3.0]], dtype=torch.float64)
    product = a @ b
    cross = math.sqrt(product.trace() + 2 * math.sqrt(torch.linalg.det(product)))
    zero = torch.zeros(2)
    expected = (a.trace() + b.trace()).item() - 2 * cross
    assert metrics.frechet_gaussians(zero, a, zero, b) == pytest.approx(expected, rel=1e-10)
    assert metrics.frechet_gaussians(zero, b, zero, a) == pytest.approx(expected, rel=1e-10)


def test_frechet_distance_of_sets() -> None:
    a = cloud(500, 8)
    assert metrics.frechet_distance(a, a) == pytest.approx(0, abs=1e-9)
    # Moving every row moves the mean and nothing else; far from the origin too.
    far = a.double() + 1000
    assert metrics.frechet_distance(far, far + 0.5) == pytest.approx(8 * 0.25, abs=1e-6)
    # A feature that never changes makes the covariance singular.
    flat = torch.cat([a, torch.ones(500, 2)], 1)
    assert metrics.frechet_distance(flat, flat) == pytest.approx(0, abs=1e-9)
    # Large samples of N(0, 1) and N(0, 4): (1 - 2)^2 in each dimension.
    wide = metrics.frechet_distance(cloud(20000, 2, 1), 2 * cloud(20000, 2, 2))
    assert wide == pytest.approx(2, abs=0.1)


def test_equal_sets_have_full_precision_recall_density_and_coverage() -> None:
    a = cloud(200, 4)
    assert metrics.precision_recall(a, a) == (1.0, 1.0)
    density, coverage = metrics.density_coverage(a, a, k=5)
    assert coverage == 1.0
    # The ball of a row reaches to its fifth neighbour: it holds these five and the row itself.
    assert density == pytest.approx(6 / 5)


def test_disjoint_sets_share_nothing() -> None:
    a, b = cloud(100, 4), cloud(80, 4, 1) + 100
    assert metrics.precision_recall(a, b) == (0.0, 0.0)
    assert metrics.density_coverage(a, b) == (0.0, 0.0)


def test_a_dropped_mode_costs_recall_and_not_precision() -> None:
    left, right = cloud(100, 3), cloud(100, 3, 1) + 50
    precision, recall = metrics.precision_recall(torch.cat([left, right]), left)
    assert (precision, recall) == (1.0, 0.5)
    _, coverage = metrics.density_coverage(torch.cat([left, right]), left)
    assert coverage == 0.5
    # And the other way round: half of what is made is nowhere near anything real.
    precision, recall = metrics.precision_recall(left, torch.cat([left, right]))
    assert (precision, recall) == (0.5, 1.0)


def test_neighbour_radii_on_a_line() -> None:
    line = torch.tensor([[0.0], [1.0], [3.0], [7.0]])
    assert metrics.neighbour_radii(line, 1).tolist() == pytest.approx([1, 1, 2, 4])
    assert metrics.neighbour_radii(line, 2).tolist() == pytest.approx([3, 2, 3, 6])
    with pytest.raises(ValueError, match="4-th neighbour"):
        metrics.neighbour_radii(line, 4)


def test_blocks_of_rows_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    real, made = cloud(90, 5), 0.8 * cloud(70, 5, 1)
    whole = (
        metrics.precision_recall(real, made),
        metrics.density_coverage(real, made),
        [t.tolist() for t in metrics.nearest(made, real)],
    )
    monkeypatch.setattr(metrics, "CHUNK_BYTES", 8 * 90 * 7)
    blocks = (
        metrics.precision_recall(real, made),
        metrics.density_coverage(real, made),
        [t.tolist() for t in metrics.nearest(made, real)],
    )
    assert blocks[:2] == whole[:2]
    assert blocks[2][0] == pytest.approx(whole[2][0])
    assert blocks[2][1] == whole[2][1]


def test_nearest() -> None:
    points = torch.tensor([[0.0, 0.0], [3.0, 4.0], [10.0, 0.0]])
    distances, rows = metrics.nearest(torch.tensor([[0.0, 0.0], [3.0, 3.0], [9.0, 0.5]]), points)
    assert distances.tolist() == pytest.approx([0, 1, math.sqrt(1.25)], abs=1e-6)
    assert rows.tolist() == [0, 1, 2]


def test_near_copies() -> None:
    held_out = torch.arange(1.0, 101.0)  # the nearest one in a hundred is at distance 1
    assert metrics.near_copies(held_out, held_out) == 0  # nobody is nearer than the nearest
    assert metrics.near_copies(torch.tensor([0.0, 0.5, 3.0, 60.0]), held_out) == 0.5
    assert metrics.near_copies(torch.zeros(7), held_out) == 1
    assert metrics.near_copies(held_out, held_out, 0.5) == pytest.approx(0.49)
    # A copy in ten among samples that are otherwise like the data.
    far = 5 + torch.rand(9000, generator=generator(0))
    copies = torch.cat([torch.zeros(1000), far])
    others = 5 + torch.rand(10_000, generator=generator(1))
    assert metrics.near_copies(copies, others) == pytest.approx(0.1 + 0.9 * 0.01, abs=0.003)
    with pytest.raises(ValueError, match="both kinds"):
        metrics.near_copies(torch.zeros(0), held_out)


@pytest.mark.parametrize(
    ("a", "b"),
    [((5, 3), (5, 4)), ((5,), (5,)), ((0, 3), (5, 3))],
)
def test_sets_that_cannot_be_compared(a: tuple[int, ...], b: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="features"):
        metrics.nearest(torch.zeros(a), torch.zeros(b))
    with pytest.raises(ValueError, match="2 rows"):
        metrics.frechet_distance(torch.zeros(1, 3), torch.zeros(5, 3))


def test_label_accuracy() -> None:
    wanted = torch.tensor([0, 0, 0, 0, 1, 1])
    overall, each = metrics.label_accuracy(torch.tensor([0, 0, 0, 1, 1, 0]), wanted, 3)
    assert overall == pytest.approx(4 / 6)
    assert each[:2].tolist() == pytest.approx([0.75, 0.5])
    assert each[2].isnan()
    with pytest.raises(ValueError, match="as many predictions"):
        metrics.label_accuracy(wanted, wanted[:2], 3)


def test_class_histogram_and_its_kl() -> None:
    made = metrics.class_histogram(torch.tensor([0, 0, 0, 1]), 3)
    assert made.tolist() == [0.75, 0.25, 0]
    even = torch.full((3,), 1 / 3)
    expected = 0.75 * math.log(0.75 * 3) + 0.25 * math.log(0.25 * 3)
    assert metrics.histogram_kl(made, even) == pytest.approx(expected)
    assert metrics.histogram_kl(even, even) == 0
    assert metrics.histogram_kl(even, made) == math.inf
    # The sampling noise that the docstring promises.
    drawn = [
        metrics.histogram_kl(
            metrics.class_histogram(torch.randint(10, (500,), generator=generator(0, i)), 10),
            torch.full((10,), 0.1),
        )
        for i in range(200)
    ]
    assert sum(drawn) / 200 == pytest.approx(9 / 1000, rel=0.15)


def test_bits_per_dim() -> None:
    # 256 equally likely values cost 8 bits each.
    assert metrics.bits_per_dim(784 * math.log(256), 784) == pytest.approx(8)
    assert metrics.bits_per_dim(torch.tensor([1.0, 3.0]) * math.log(2), 2) == pytest.approx(1)


def test_log_mean_exp() -> None:
    weights = torch.tensor([[1.0, 2.0], [3.0, 6.0]]).log()
    assert metrics.log_mean_exp(weights).exp().tolist() == pytest.approx([2, 4])
    assert metrics.log_mean_exp(weights, 1).exp().tolist() == pytest.approx([1.5, 4.5])
    # No overflow, no underflow.
    assert metrics.log_mean_exp(torch.tensor([-5000.0, -5000.0])).item() == pytest.approx(-5000)
    assert metrics.log_mean_exp(torch.tensor([5000.0, -5000.0])).item() == pytest.approx(
        5000 - math.log(2)
    )


def test_importance_weights_find_the_likelihood_of_a_gaussian() -> None:
    # x | z ~ N(z, 1), z ~ N(0, 1), so x ~ N(0, 2) in closed form; q is off on purpose.
    x, mean, std = 1.3, 0.4, 0.9
    z = mean + std * torch.randn(200_000, generator=generator(3), dtype=torch.float64)

    def log_normal(value: torch.Tensor | float, m: torch.Tensor | float, s: float) -> torch.Tensor:
        return -0.5 * torch.as_tensor((value - m) / s).square() - math.log(
            s * math.sqrt(2 * math.pi)
        )

    weights = log_normal(x, z, 1.0) + log_normal(z, 0.0, 1.0) - log_normal(z, mean, std)
    exact = log_normal(x, 0.0, math.sqrt(2)).item()
    assert metrics.log_mean_exp(weights).item() == pytest.approx(exact, abs=0.01)
    # And fewer samples give a lower bound, on average.
    few = metrics.log_mean_exp(weights.view(-1, 2), 1).mean().item()
    assert few < exact - 0.005


def test_sharpness() -> None:
    rows, columns = torch.meshgrid(torch.arange(8), torch.arange(8), indexing="ij")
    board = ((rows + columns) % 2).float().expand(3, 1, 8, 8)
    assert metrics.sharpness(board) == pytest.approx(1)
    assert metrics.sharpness(0.5 * board) == pytest.approx(0.25)
    assert metrics.sharpness(torch.ones(2, 3, 5, 7)) == 0
    edge = (columns >= 4).float().expand(1, 1, 8, 8)
    assert metrics.sharpness(edge) == pytest.approx(8 / 112)  # of 56 pairs each way
    blurred = torch.nn.functional.avg_pool2d(edge, 3, 1, 1, count_include_pad=False)
    assert metrics.sharpness(blurred) < 0.5 * metrics.sharpness(edge)
