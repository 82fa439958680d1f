"""How good samples and likelihoods are: pure functions with known answers.

Samples are compared with real pictures in a feature space: rows of a matrix (N, F), in this
project the last hidden layer of a classifier that was trained on the same data. Distances between
two sets are computed a block of rows at a time, so 10,000 x 10,000 needs no gigabyte.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import torch
from torch import Tensor

CHUNK_BYTES = 64 * 2**20  # of distances held at a time
SLACK = 1 + 1e-9  # of a radius: a row at exactly that distance is within reach, rounded or not


def _pair(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """Both sets in float64, around their common centre. Raises ValueError when they cannot be
    compared."""
    if a.dim() != 2 or b.dim() != 2 or a.shape[1] != b.shape[1]:
        raise ValueError(
            f"two sets of features are (N, F) and (M, F), not {tuple(a.shape)} and {tuple(b.shape)}"
        )
    if len(a) == 0 or len(b) == 0:
        raise ValueError("a set of features has at least one row")
    a, b = a.double(), b.double()
    centre = b.mean(0)  # small numbers keep their digits when squares are subtracted below
    return a - centre, b - centre


def _distances(a: Tensor, b: Tensor) -> Iterator[tuple[slice, Tensor]]:
    """Euclidean distances, (rows, M) for a block of rows of `a` (N, F) against all of b (M, F)."""
    squares = b.square().sum(1)  # (M,)
    rows = max(1, CHUNK_BYTES // (8 * len(b)))
    for start in range(0, len(a), rows):
        part = a[start : start + rows]
        found = torch.addmm(squares, part, b.T, alpha=-2).add_(part.square().sum(1)[:, None])
        yield slice(start, start + len(part)), found.clamp_(min=0).sqrt_()


# Two clouds of features


def frechet_gaussians(mean_a: Tensor, cov_a: Tensor, mean_b: Tensor, cov_b: Tensor) -> float:
    """Squared Frechet (2-Wasserstein) distance of two normal distributions, in squared feature
    units: |m_a - m_b|^2 + Tr(C_a + C_b - 2 (C_a C_b)^(1/2)). Dowson & Landau 1982.

    means (F,), covariances (F, F). The root's trace is taken of C_a^(1/2) C_b C_a^(1/2), which is
    symmetric and has the same eigenvalues, so singular covariances do no harm.
    """
    cov_a, cov_b = cov_a.double(), cov_b.double()
    values, vectors = torch.linalg.eigh(cov_a)
    root = (vectors * values.clamp(min=0).sqrt()) @ vectors.T  # (F, F)
    middle = root @ cov_b @ root
    cross = torch.linalg.eigvalsh((middle + middle.T) / 2).clamp(min=0).sqrt().sum()
    gap = (mean_a.double() - mean_b.double()).square().sum()
    return max(0.0, (gap + cov_a.trace() + cov_b.trace() - 2 * cross).item())


def frechet_distance(features_a: Tensor, features_b: Tensor) -> float:
    """Squared Frechet distance of the normal distributions that fit two sets of features, (N, F)
    and (M, F), N and M >= 2; 0 for equal sets. Heusel et al. 2017 (arXiv 1706.08500), with the
    features of Inception there.

    Small samples score too high: compare only figures with equal N, and with the distance of as
    many real pictures.
    """
    if len(features_a) < 2 or len(features_b) < 2:
        raise ValueError("a covariance needs at least 2 rows of features")
    a, b = _pair(features_a, features_b)
    return frechet_gaussians(a.mean(0), a.T.cov(), b.mean(0), b.T.cov())


def neighbour_radii(features: Tensor, k: int) -> Tensor:
    """Distance of each row to its k-th nearest other row: (N, F) -> (N,) float64.
    Raises ValueError unless 1 <= k < N."""
    if not 1 <= k < len(features):
        raise ValueError(f"the {k}-th neighbour is not among {len(features)} rows of features")
    points, _ = _pair(features, features)
    radii = torch.empty(len(points), dtype=torch.float64)
    for rows, found in _distances(points, points):
        found[torch.arange(len(found)), torch.arange(rows.start, rows.stop)] = math.inf
        radii[rows] = found.kthvalue(k, 1).values
    return radii


def precision_recall(real: Tensor, made: Tensor, k: int = 3) -> tuple[float, float]:
    """Shares in [0, 1] of the made rows that lie within reach of a real one (precision: are they
    good?) and of the real rows within reach of a made one (recall: are they all there?); the reach
    of a row is the distance to its k-th neighbour in its own set. real (N, F), made (M, F).
    Kynkaanniemi et al. 2019 (arXiv 1904.06991)."""
    real_radii, made_radii = neighbour_radii(real, k), neighbour_radii(made, k)
    points, anchors = _pair(made, real)
    good = torch.empty(len(made), dtype=torch.bool)
    found_real = torch.zeros(len(real), dtype=torch.bool)
    for rows, found in _distances(points, anchors):
        good[rows] = (found <= real_radii * SLACK).any(1)
        found_real |= (found <= made_radii[rows, None] * SLACK).any(0)
    return good.double().mean().item(), found_real.double().mean().item()


def density_coverage(real: Tensor, made: Tensor, k: int = 5) -> tuple[float, float]:
    """Density: how many real rows have a made row within reach, over k, averaged over the made
    rows (1 for samples as dense as the data; may be more). Coverage: share in [0, 1] of the real
    rows with a made row within reach. The reach of a real row is the distance to its k-th real
    neighbour. real (N, F), made (M, F). Naeem et al. 2020 (arXiv 2002.09797); unlike precision and
    recall they do not trust the reach of made outliers."""
    radii = neighbour_radii(real, k)
    points, anchors = _pair(made, real)
    hits, covered = 0, torch.zeros(len(real), dtype=torch.bool)
    for _, found in _distances(points, anchors):
        inside = found <= radii * SLACK
        hits += int(inside.sum())
        covered |= inside.any(0)
    return hits / (k * len(made)), covered.double().mean().item()


def nearest(queries: Tensor, points: Tensor) -> tuple[Tensor, Tensor]:
    """For each query the distance to the nearest point, (N,) float64, and its row, (N,) int64.
    queries (N, F), points (M, F), of any numeric type; for memorisation the rows are flattened
    pictures, which need not be in float64 all at once."""
    best = torch.full((len(queries),), math.inf, dtype=torch.float64)
    where = torch.zeros(len(queries), dtype=torch.int64)
    block = max(1, CHUNK_BYTES // (8 * max(1, points.shape[-1])))
    for start in range(0, max(1, len(points)), block):
        a, b = _pair(queries, points[start : start + block])
        for rows, found in _distances(a, b):
            values, columns = found.min(1)
            closer = values < best[rows]
            best[rows] = torch.where(closer, values, best[rows])
            where[rows] = torch.where(closer, columns + start, where[rows])
    return best, where


def near_copies(made: Tensor, held_out: Tensor, share: float = 0.01) -> float:
    """Share in [0, 1] of the samples that lie nearer to a training picture than all but `share` of
    the held-out real pictures do. made (M,), held_out (N,): distances to the nearest training
    picture, as `nearest` gives them.

    About `share` for a model that copies no more than the data itself does, up to 1 for one that
    hands out what it was trained on. The comparison of the two distributions of distances is that
    of Meehan et al. 2020 (arXiv 2004.05675), who test their ranks; the lower end alone notices a
    few copies among many samples that are far from everything.
    """
    if len(made) == 0 or len(held_out) == 0 or not 0 < share < 1:
        raise ValueError("near_copies takes distances of both kinds and a share between 0 and 1")
    limit = held_out.double().quantile(share, interpolation="lower")
    return (made.double() < limit).double().mean().item()


# Classes


def label_accuracy(predicted: Tensor, wanted: Tensor, classes: int) -> tuple[float, Tensor]:
    """Share of the pictures whose predicted class is the wanted one, and that share within each
    class, (classes,) float64, NaN for a class that nobody wanted. predicted, wanted (N,) int64."""
    if predicted.shape != wanted.shape or len(wanted) == 0:
        raise ValueError(
            f"as many predictions as labels, at least one: not {len(predicted)} and {len(wanted)}"
        )
    right = (predicted == wanted).double()
    asked = torch.bincount(wanted, minlength=classes).double()
    return right.mean().item(), torch.bincount(wanted, right, minlength=classes) / asked


def class_histogram(predicted: Tensor, classes: int) -> Tensor:
    """Share of the pictures in each class: (N,) int64 -> (classes,) float64."""
    return torch.bincount(predicted, minlength=classes).double() / len(predicted)


def histogram_kl(made: Tensor, real: Tensor) -> float:
    """KL(made || real) in nats of two distributions over classes, (classes,) each. A perfect
    sampler of N pictures scores about (classes - 1) / (2 N). Infinite where something is made of a
    class that is never real."""
    made, real = made.double(), real.double()
    present = made > 0
    return max(0.0, (made[present] * (made[present] / real[present]).log()).sum().item())


# Likelihoods


def sharpness(images: Tensor) -> float:
    """Mean squared difference of neighbouring pixels: (N, C, H, W) in [0, 1] -> [0, 1]. Blur
    lowers it, noise raises it; it says something beside that of real pictures."""
    down, right = images.double().diff(dim=2), images.double().diff(dim=3)
    squares = down.square().sum() + right.square().sum()
    return (squares / (down.numel() + right.numel())).item()


def bits_per_dim(nats: Tensor | float, dims: int) -> float:
    """Mean negative log-likelihood in nats an image -> bits a value of the image."""
    mean = nats.double().mean().item() if isinstance(nats, Tensor) else float(nats)
    return mean / (dims * math.log(2))


def log_mean_exp(log_weights: Tensor, dim: int = 0) -> Tensor:
    """log of the mean of exp(log_weights) along `dim`, without overflow. Of importance weights
    p(x, z) / q(z | x) this is the bound of Burda et al. 2015 (arXiv 1509.00519, equation 8) on
    log p(x), in nats."""
    return log_weights.logsumexp(dim) - math.log(log_weights.shape[dim])
