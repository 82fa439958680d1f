"""The VAE's terms against closed forms."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch.distributions import Normal, kl_divergence

from aigc import latent
from aigc.models.vae import (
    VAE,
    Config,
    Ladder,
    LadderConfig,
    Variational,
    Window,
    bernoulli_nll,
    discretised_logistic_nll,
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


class TwoLevels(Variational):
    """p(x|z) = N(a z_1 + b z_2, s^2 I) of three pixels: p(x) = N(0, s^2 I + a a^T + b b^T). The
    exact posterior, each level in the light of the one above; `off` moves it away."""

    a, b, s = torch.tensor([1.5, -0.5, 0.3]), torch.tensor([0.4, 1.0, -0.8]), 0.7

    def __init__(self, off: float) -> None:
        super().__init__()
        self.config = LadderConfig(likelihood="gaussian")
        self.log_std = torch.tensor(math.log(self.s))
        self.off = off

    @property
    def levels(self) -> list[int]:
        return [1, 1]

    def given(
        self, x: torch.Tensor, to: torch.Tensor, rest: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Mean and log-variance of z in x = to z + N(0, rest), where z is a standard normal."""
        weights = torch.linalg.solve(rest, to)
        precision = 1 + to @ weights
        log_var = -precision.log() + self.off
        return (x @ weights / precision + self.off)[:, None], log_var.expand(len(x), 1)

    def look(self, x: torch.Tensor, conditions: torch.Tensor) -> torch.Tensor:
        return x.flatten(1)

    def infer(
        self, seen: torch.Tensor, conditions: torch.Tensor, noise: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        plain = self.s**2 * torch.eye(3)
        upper = self.given(seen, self.a, plain + torch.outer(self.b, self.b))
        z = reparameterise(*upper, noise[:, :1])
        lower = self.given(seen - z * self.a, self.b, plain)
        z = torch.cat([z, reparameterise(*lower, noise[:, 1:])], 1)
        mean, log_var = (torch.cat(pair, 1) for pair in zip(upper, lower))
        return self.generate(z, conditions), mean, log_var

    def generate(self, z: torch.Tensor, conditions: torch.Tensor) -> torch.Tensor:
        return (z[:, :1] * self.a + z[:, 1:] * self.b)[:, None, None, :]

    def exact(self, x: torch.Tensor) -> torch.Tensor:
        both = torch.stack([self.a, self.b])
        law = torch.distributions.MultivariateNormal(
            torch.zeros(3), self.s**2 * torch.eye(3) + both.T @ both
        )
        return law.log_prob(x.flatten(1))


def test_two_levels_with_their_exact_posterior_give_the_likelihood_itself() -> None:
    """Every sample has the same weight then, and it is p(x)."""
    model, x = TwoLevels(off=0), noise(50, 1, 1, 3)
    for samples in (1, 7):
        found = model.log_likelihood(x, torch.zeros(50, 0), samples, latent.generator(3))
        torch.testing.assert_close(found, model.exact(x), atol=1e-4, rtol=0)


def test_two_levels_close_in_on_the_known_likelihood_from_below() -> None:
    model, x, conditions = TwoLevels(off=0.3), noise(2000, 1, 1, 3), torch.zeros(2000, 0)
    exact = model.exact(x).mean().item()
    nll, kl = model.elbo(x, conditions, latent.generator(1))
    assert kl.shape == (2000, 2)
    bounds = [-(nll + kl.sum(1)).mean().item()]
    for samples in (5, 50, 500):
        estimate = model.log_likelihood(x, conditions, samples, latent.generator(2))
        bounds.append(estimate.mean().item())
    assert bounds == sorted(bounds)
    assert bounds[0] < exact - 0.05
    # Never beyond it by more than the noise of 2,000 pictures and 500 samples.
    assert exact - 0.02 < bounds[-1] < exact + 0.005


def ladder(**values: int) -> Ladder:
    model = Ladder(LadderConfig(planes=8, top=3, latent=2, coarse=2, **values))
    model.initialise(latent.generator(0))
    return model.requires_grad_(False)


@pytest.mark.parametrize("fine", [0, 2])
def test_the_ladder_decodes_what_it_infers(fine: int) -> None:
    """The way down with a picture in view, and the way down from the latents that it drew."""
    model = ladder(fine=fine)
    x, c = (noise(3, 1, 28, 28) > 1).float(), model.condition(4).expand(3, -1)
    drawn = noise(3, sum(model.levels), seed=1)
    out, mean, log_var = model.infer(model.look(x, c), c, drawn)
    assert mean.shape == log_var.shape == drawn.shape
    z = reparameterise(mean, log_var, drawn)
    torch.testing.assert_close(model.generate(z, c), out)


def opened(**values: int) -> tuple[Ladder, Any]:
    """A ladder and its window, which has learned something, here by chance."""
    model = ladder(fine=1, window=2, **values)
    window: Any = model.window
    window.last.weight.normal_(generator=latent.generator(3))
    return model, window


@pytest.mark.parametrize("sizes", [{}, {"channels": 3, "height": 16, "width": 24}])
def test_a_picture_that_is_drawn_is_what_the_window_expects_of_it(sizes: dict[str, int]) -> None:
    """Each pixel is the mean of its own likelihood in the light of those before it: the way that
    draws them one by one, and the one that has the whole picture."""
    model, window = opened(**sizes)
    c, z = model.condition(4).expand(3, -1), noise(3, sum(model.levels), seed=1)
    met: list[torch.Tensor] = []
    model.out.register_forward_hook(lambda _, given, made: met.extend((*given, made)))
    out = model.generate(z, c)
    alone = torch.nn.functional.pixel_shuffle(met[1], 2)
    x = model.decode(z, c)
    assert x.shape == (3, *model.config.media_shape) and torch.equal(x, out.sigmoid())
    torch.testing.assert_close(window(met[0], alone, x), out, atol=1e-4, rtol=1e-4)
    assert not torch.allclose(alone, out, atol=0.5)


def test_the_window_sees_what_came_before_and_no_further_than_its_radius() -> None:
    model, window = opened()
    h, alone = noise(1, *model.config.maps(1)), torch.zeros(1, 1, 28, 28)
    x = torch.zeros(1, 1, 28, 28)
    before = window(h, alone, x)
    x[0, 0, 10, 10] = 1
    changed = (window(h, alone, x) != before)[0, 0].nonzero().tolist()
    rows = [[10, 11], [10, 12]] + [[i, j] for i in (11, 12) for j in range(8, 13)]
    assert changed == rows


def test_the_likelihood_with_a_window_is_a_distribution_over_pictures() -> None:
    """All 4,096 of two rows and six columns."""
    window = Window(4, 1, 1, 3, 8)
    for number, p in enumerate(window.parameters()):
        p.data = noise(*p.shape, seed=number) * 0.5
    h, alone = noise(1, 4, 1, 3), noise(1, 1, 2, 6, seed=1)
    x = torch.cartesian_prod(*[torch.tensor([0.0, 1.0])] * 12).view(-1, 1, 2, 6)
    n = len(x)
    with torch.no_grad():
        out = window(h.expand(n, -1, -1, -1), alone.expand(n, -1, -1, -1), x)
    assert (-bernoulli_nll(out, x).double()).exp().sum().item() == pytest.approx(1, abs=1e-5)
    assert out[:, 0, 1].std(0).min() > 0.01


def test_a_window_changes_nothing_before_it_has_learned() -> None:
    plain, model = ladder(fine=1), ladder(fine=1, window=3)
    model.load_state_dict(model.state_dict() | plain.state_dict())
    x, c = (noise(3, 1, 28, 28) > 1).float(), plain.condition(4).expand(3, -1)
    drawn = noise(3, sum(model.levels), seed=1)
    for found, expected in zip(model(x, c, drawn), plain(x, c, drawn)):
        assert torch.equal(found, expected)
    torch.testing.assert_close(model.decode(drawn, c), plain.decode(drawn, c))


def test_importance_weights_count_what_the_window_sees() -> None:
    """log p(x) of the estimator, with one draw, is the bound of that draw."""
    model, _ = opened()
    x, c = (noise(3, 1, 28, 28) > 1).float(), model.condition(4).expand(3, -1)
    found = model.log_likelihood(x, c, 1, latent.generator(2))
    drawn = torch.randn(3, sum(model.levels), generator=latent.generator(2))
    out, mean, log_var = model(x, c, drawn)
    z = reparameterise(mean, log_var, drawn)
    ratio = 0.5 * (drawn.square() + log_var - z.square()).sum(1)
    torch.testing.assert_close(found, ratio - bernoulli_nll(out, x))
    assert not torch.allclose(model.nll(model(1 - x, c, drawn)[0], x), model.nll(out, x))


def test_a_level_is_inferred_in_the_light_of_those_above_alone() -> None:
    model = ladder(fine=1)
    x, c = (noise(1, 1, 28, 28) > 1).float(), model.condition(4)[None]
    still = noise(1, sum(model.levels), seed=1)
    seen = model.look(x, c)
    _, mean, _ = model.infer(seen, c, still)
    start = 0
    for size in model.levels[:-1]:
        other = still.clone()
        other[:, start : start + size] += 1
        _, moved, _ = model.infer(seen, c, other)
        start += size
        assert torch.equal(mean[:, :start], moved[:, :start])
        assert not torch.allclose(mean[:, start:], moved[:, start:])


def test_discretised_logistic_is_a_distribution_over_256_values() -> None:
    values = torch.arange(256).view(256, 1, 1, 1) / 255
    for mean in (-0.1, 0.0, 0.4, 1.0, 1.2):
        for log_scale in (-6.0, -3.0, 0.0):
            means, scales = torch.full_like(values, mean), torch.full_like(values, log_scale)
            nll = discretised_logistic_nll(means, scales, values)
            assert nll.shape == (256,) and bool(nll.isfinite().all())
            assert (-nll.double()).exp().sum().item() == pytest.approx(1, abs=1e-3)


def test_discretised_logistic_equals_the_difference_of_sigmoids() -> None:
    x = (torch.rand(2, 3, 4, 4, generator=latent.generator(0)) * 253 + 1).round() / 255
    means, log_scales = noise(2, 3, 4, 4) * 0.3 + 0.5, noise(2, 3, 4, 4, seed=1) * 0.3 - 2
    wide = [t.double() for t in (x, means, log_scales)]
    edges = [((wide[0] + side / 510 - wide[1]) / wide[2].exp()).sigmoid() for side in (1, -1)]
    expected = -(edges[0] - edges[1]).log().flatten(1).sum(1)
    found = discretised_logistic_nll(means, log_scales, x)
    torch.testing.assert_close(found.double(), expected, rtol=1e-4, atol=0)


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
