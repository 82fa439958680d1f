"""The VAE's terms against closed forms."""

from __future__ import annotations

import math

import pytest
import torch
from torch.distributions import Normal, kl_divergence

from aigc import latent
from aigc.models.vae import (
    VAE,
    Config,
    bernoulli_nll,
    gaussian_kl,
    gaussian_nll,
    negative_elbo,
    reparameterise,
)


def noise(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=latent.generator(seed))


def test_kl_equals_torch_distributions() -> None:
    mean, log_var = noise(5, 7), noise(5, 7, seed=1)
    expected = kl_divergence(Normal(mean, (0.5 * log_var).exp()), Normal(0.0, 1.0))
    torch.testing.assert_close(gaussian_kl(mean, log_var), expected)
    assert gaussian_kl(torch.zeros(1, 3), torch.zeros(1, 3)).abs().max() == 0


def test_likelihoods_equal_torch_distributions() -> None:
    logits, x = noise(3, 1, 4, 4), (noise(3, 1, 4, 4, seed=1) > 0).float()
    expected = -torch.distributions.Bernoulli(logits=logits).log_prob(x).flatten(1).sum(1)
    torch.testing.assert_close(bernoulli_nll(logits, x), expected)
    log_std = torch.tensor(-0.3)
    expected = -Normal(logits, log_std.exp()).log_prob(x).flatten(1).sum(1)
    torch.testing.assert_close(gaussian_nll(logits, log_std, x), expected)


def test_reparameterised_samples_have_the_moments() -> None:
    mean, log_var = torch.full((20000, 1), 2.0), torch.full((20000, 1), math.log(0.25))
    z = reparameterise(mean, log_var, noise(20000, 1))
    assert z.mean().item() == pytest.approx(2, abs=0.02)
    assert z.std().item() == pytest.approx(0.5, abs=0.02)


def test_balance_coefficient_weighs_the_kl_alone() -> None:
    nll, kl = torch.tensor([1.0, 3.0]), torch.tensor([10.0, 20.0])
    assert negative_elbo(nll, kl).item() == pytest.approx(17)
    assert negative_elbo(nll, kl, 0.5).item() == pytest.approx(9.5)


class LinearGaussian(VAE):
    """p(x|z) = N(a z, s^2), one latent shared by two pixels: p(x) = N(0, s^2 I + a a^T) is known.
    The encoder is given, a little off the true posterior."""

    a = torch.tensor([1.5, -0.5])
    s = 0.7

    def __init__(self) -> None:
        torch.nn.Module.__init__(self)
        self.config = Config(latent=1, likelihood="gaussian")
        self.log_std = torch.nn.Parameter(torch.tensor(math.log(self.s)), requires_grad=False)

    def encoder(  # type: ignore[override]
        self, x: torch.Tensor, conditions: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        precision = 1 + (self.a @ self.a) / self.s**2
        mean = x.flatten(1) @ self.a / self.s**2 / precision
        return mean[:, None] + 0.2, (-precision.log() + 0.3).expand(len(x), 1)

    def decoder(  # type: ignore[override]
        self, z: torch.Tensor, conditions: torch.Tensor
    ) -> torch.Tensor:
        return (z * self.a)[:, None, None, :]

    def exact(self, x: torch.Tensor) -> torch.Tensor:
        covariance = self.s**2 * torch.eye(2) + torch.outer(self.a, self.a)
        law = torch.distributions.MultivariateNormal(torch.zeros(2), covariance)
        return law.log_prob(x.flatten(1))


def test_importance_weighting_closes_in_on_the_known_likelihood_from_below() -> None:
    model = LinearGaussian()
    x = noise(2000, 1, 1, 2)
    conditions = torch.zeros(2000, 0)
    exact = model.exact(x).mean().item()
    nll, kl = model.elbo(x, conditions, latent.generator(1))
    bounds = [-(nll + kl.sum(1)).mean().item()]
    for samples in (5, 50, 500):
        estimate = model.log_likelihood(x, conditions, samples, latent.generator(2))
        bounds.append(estimate.mean().item())
    assert bounds == sorted(bounds)
    assert bounds[0] < exact - 0.02
    assert bounds[-1] == pytest.approx(exact, abs=0.005)


def test_elbo_is_reproducible_and_the_sum_of_its_parts() -> None:
    model = VAE(Config(latent=4, base=4, hidden=16))
    model.initialise(latent.generator(0))
    x = (noise(3, 1, 28, 28) > 1).float()
    c = torch.stack([model.condition(1), model.condition(None), model.condition(9)])
    with torch.no_grad():
        nll, kl = model.elbo(x, c, latent.generator(5))
        again, _ = model.elbo(x, c, latent.generator(5))
        mean, log_var = model.encoder(x, c)
        z = reparameterise(mean, log_var, torch.randn(mean.shape, generator=latent.generator(5)))
        assert torch.equal(nll, again)
        torch.testing.assert_close(nll, bernoulli_nll(model.decoder(z, c), x))
    assert nll.shape == (3,) and kl.shape == (3, 4)
