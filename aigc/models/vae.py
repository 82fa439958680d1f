"""VAE: an encoder to a small latent, a decoder back, and a bound on the likelihood between them.

Kingma & Welling 2013 (arXiv 1312.6114). For an image x, a latent z and a condition c:

    log p(x|c) >= E_q(z|x,c) [log p(x|z,c)] - KL(q(z|x,c) || p(z)) = ELBO

The prior p(z) is a standard normal, q a normal with mean and variance from the encoder. All
terms are in nats, summed over pixels and latents, one number an image.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

LIKELIHOODS = ("bernoulli", "gaussian")


@dataclass(frozen=True)
class Config:
    channels: int = 1
    height: int = 28
    width: int = 28
    classes: int = 10
    latent: int = 32
    base: int = 32
    depth: int = 1
    hidden: int = 256
    likelihood: str = "bernoulli"

    def __post_init__(self) -> None:
        for name, low, high in (
            ("channels", 1, 3), ("height", 8, 512), ("width", 8, 512), ("classes", 0, 1000),
            ("latent", 1, 1024), ("base", 4, 256), ("depth", 0, 16), ("hidden", 8, 4096),
        ):  # fmt: skip
            value = getattr(self, name)
            if not isinstance(value, int) or not low <= value <= high:
                raise ValueError(f"vae: {name} is {low} to {high}, not {value!r}")
        if self.likelihood not in LIKELIHOODS:
            raise ValueError(
                f"vae: likelihood is {' or '.join(LIKELIHOODS)}, not {self.likelihood!r}"
            )
        if self.height % 2**self.levels or self.width % 2**self.levels:
            raise ValueError(
                f"vae: {self.height}x{self.width} cannot be halved {self.levels} times; "
                "choose sides that are multiples of 8"
            )

    @property
    def media_shape(self) -> tuple[int, int, int]:
        return self.channels, self.height, self.width

    @property
    def levels(self) -> int:
        """How often the image is halved: until its longer side is 8 or less."""
        return max(1, math.ceil(math.log2(max(self.height, self.width) / 8)))

    @property
    def planes(self) -> list[int]:
        """Feature maps after each halving."""
        return [min(self.base * 2**i, 8 * self.base) for i in range(self.levels)]

    @property
    def floor(self) -> tuple[int, int, int]:
        """Shape of the smallest feature map."""
        return self.planes[-1], self.height >> self.levels, self.width >> self.levels


class Residual(nn.Module):
    """x + conv(act(conv(act(x)))): (N, C, H, W) -> the same."""

    def __init__(self, planes: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(planes, planes, 3, padding=1)
        self.last = nn.Conv2d(planes, planes, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.last(F.silu(self.first(F.silu(x))))


class Encoder(nn.Module):
    """(N, C, H, W), (N, K) -> mean and log-variance, (N, L) each."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        sizes = [config.channels, *config.planes]
        self.down = nn.ModuleList(
            nn.Conv2d(a, b, 4, stride=2, padding=1) for a, b in zip(sizes[:-1], sizes[1:])
        )
        self.blocks = nn.ModuleList(Residual(config.planes[-1]) for _ in range(config.depth))
        self.flat = nn.Linear(math.prod(config.floor), config.hidden)
        self.condition = nn.Linear(config.classes + 1, config.hidden, bias=False)
        self.out = nn.Linear(config.hidden, 2 * config.latent)

    def forward(self, x: Tensor, conditions: Tensor) -> tuple[Tensor, Tensor]:
        for layer in self.down:
            x = F.silu(layer(x))  # (N, planes, H / 2, W / 2), and so on
        for block in self.blocks:
            x = block(x)
        h = self.flat(F.silu(x).flatten(1)) + self.condition(conditions)  # (N, hidden)
        mean, log_var = self.out(F.silu(h)).chunk(2, 1)  # (N, L) each
        return mean, log_var.clamp(-12, 6)  # beyond that exp() only breeds infinities


class Decoder(nn.Module):
    """(N, L), (N, K) -> logits (bernoulli) or means (gaussian) of the pixels, (N, C, H, W)."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.floor = config.floor
        sizes = [*reversed(config.planes), config.channels]
        self.latent = nn.Linear(config.latent, config.hidden)
        self.condition = nn.Linear(config.classes + 1, config.hidden, bias=False)
        self.flat = nn.Linear(config.hidden, math.prod(config.floor))
        self.blocks = nn.ModuleList(Residual(config.planes[-1]) for _ in range(config.depth))
        self.up = nn.ModuleList(
            nn.ConvTranspose2d(a, b, 4, stride=2, padding=1) for a, b in zip(sizes[:-1], sizes[1:])
        )

    def forward(self, z: Tensor, conditions: Tensor) -> Tensor:
        h = F.silu(self.latent(z) + self.condition(conditions))  # (N, hidden)
        x = self.flat(h).unflatten(1, self.floor)  # (N, planes, H / 2^levels, W / 2^levels)
        for block in self.blocks:
            x = block(x)
        for layer in self.up:
            x = layer(F.silu(x))  # (N, planes / 2, 2 H, 2 W), and so on
        return x


def gaussian_kl(mean: Tensor, log_var: Tensor) -> Tensor:
    """KL(N(mean, exp(log_var)) || N(0, 1)) in nats for each latent: (N, L) -> (N, L).
    Kingma & Welling 2013, appendix B."""
    return 0.5 * (mean.square() + log_var.exp() - 1 - log_var)


def reparameterise(mean: Tensor, log_var: Tensor, noise: Tensor) -> Tensor:
    """z = mean + std * noise, so that the gradient reaches mean and variance: (N, L)."""
    return mean + (0.5 * log_var).exp() * noise


def bernoulli_nll(logits: Tensor, x: Tensor) -> Tensor:
    """-log p(x) in nats, summed over the pixels: logits and x in {0, 1} (N, C, H, W) -> (N,)."""
    return F.binary_cross_entropy_with_logits(logits, x, reduction="none").flatten(1).sum(1)


def gaussian_nll(means: Tensor, log_std: Tensor, x: Tensor) -> Tensor:
    """-log p(x) in nats (a density), summed over the pixels; one log_std for all: (N,)."""
    squares = ((x - means) * (-log_std).exp()).square()
    return (0.5 * squares + log_std + 0.5 * math.log(2 * math.pi)).flatten(1).sum(1)


def negative_elbo(nll: Tensor, kl: Tensor, beta: float = 1.0) -> Tensor:
    """Reconstruction + beta * KL, mean over the batch: (N,) and (N,) -> (). The article's balance
    coefficient lambda; beta = 1 is the ELBO, other values are Higgins et al. 2017 (beta-VAE)."""
    return (nll + beta * kl).mean()


class VAE(nn.Module):
    """See the module."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        self.encoder = Encoder(config)
        self.decoder = Decoder(config)
        self.log_std = nn.Parameter(torch.zeros(()))  # of the gaussian likelihood

    def initialise(self, generator: torch.Generator) -> None:
        """Draw all weights from `generator`: normal with std sqrt(2 / fan in) (He et al. 2015),
        the last layer of a residual branch and of the networks small, biases zero."""
        with torch.no_grad():
            for name, p in self.named_parameters():
                if p.dim() < 2:
                    p.zero_()
                    continue
                # A transposed convolution stores (in, out, k, k); with stride 2 each output
                # pixel meets a quarter of the kernel.
                fan_in = p.shape[0] * 4 if ".up." in name else p[0].numel()
                gain = 0.1 if name.endswith(("last.weight", "encoder.out.weight")) else 1.0
                p.copy_(torch.randn(p.shape, generator=generator) * gain * math.sqrt(2 / fan_in))

    def condition(self, label: int | None) -> Tensor:
        """One class, or any -> (K,), K = classes + 1, the last one for any."""
        index = self.config.classes if label is None else label
        return F.one_hot(torch.tensor(index), self.config.classes + 1).float()

    def prior(
        self, generator: torch.Generator, label: int | None, temperature: float = 1.0
    ) -> tuple[Tensor, Tensor]:
        """See `aigc.models.Decodes`."""
        if not temperature >= 0:
            raise ValueError(f"a temperature is 0 or more, not {temperature}")
        z = torch.randn(self.config.latent, generator=generator) * temperature
        return z, self.condition(label)

    @torch.inference_mode()
    def decode(self, latents: Tensor, conditions: Tensor) -> Tensor:
        """(N, L), (N, K) -> the mean picture, (N, C, H, W) in [0, 1]."""
        out = self.decoder(latents, conditions)
        return out.sigmoid() if self.config.likelihood == "bernoulli" else out.clamp(0, 1)

    @torch.inference_mode()
    def encode(self, images: Tensor, conditions: Tensor) -> tuple[Tensor, Tensor]:
        """(N, C, H, W) in [0, 1], (N, K) -> mean and log-variance of q(z|x,c), (N, L) each."""
        return self.encoder(images, conditions)

    @torch.inference_mode()
    def reconstruct(self, images: Tensor, conditions: Tensor) -> Tensor:
        """Encode to the mean and decode it: (N, C, H, W) in [0, 1] -> the same."""
        return self.decode(self.encode(images, conditions)[0], conditions)

    def sample(
        self,
        generators: Sequence[torch.Generator],
        labels: Sequence[int | None],
        temperature: float = 1.0,
    ) -> Tensor:
        """See `aigc.models.Samples`."""
        pairs = [self.prior(g, label, temperature) for g, label in zip(generators, labels)]
        latents, conditions = (torch.stack(parts) for parts in zip(*pairs))
        return self.decode(latents, conditions)

    def nll(self, z: Tensor, conditions: Tensor, x: Tensor) -> Tensor:
        """-log p(x|z,c) in nats: (N, L), (N, K), (N, C, H, W) -> (N,)."""
        out = self.decoder(z, conditions).float()
        if self.config.likelihood == "bernoulli":
            return bernoulli_nll(out, x)
        return gaussian_nll(out, self.log_std, x)

    def elbo(
        self, x: Tensor, conditions: Tensor, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """x (N, C, H, W), in {0, 1} for bernoulli; conditions (N, K). Returns -log p(x|z,c) for
        one z from q, (N,), and the KL of each latent, (N, L): -ELBO is nll + kl.sum(1). A grey
        bernoulli pixel counts as the chance of ink: the first term is its expectation."""
        mean, log_var = self.encoder(x, conditions)
        mean, log_var = mean.float(), log_var.float()
        noise = torch.randn(mean.shape, generator=generator).to(mean.device)
        z = reparameterise(mean, log_var, noise)  # (N, L)
        return self.nll(z, conditions, x), gaussian_kl(mean, log_var)

    @torch.inference_mode()
    def log_likelihood(
        self, x: Tensor, conditions: Tensor, samples: int, generator: torch.Generator
    ) -> Tensor:
        """Importance-weighted estimate of log p(x|c) in nats (Burda et al. 2015, arXiv
        1509.00519, equation 8): log of the mean of p(x|z) p(z) / q(z|x) over `samples` draws.
        A lower bound on average, tighter with more samples. (N, C, H, W), (N, K) -> (N,)."""
        mean, log_var = self.encoder(x, conditions)  # (N, L) each
        weights = []
        for _ in range(samples):
            noise = torch.randn(mean.shape, generator=generator)
            z = reparameterise(mean, log_var, noise)
            log_q = -0.5 * (noise.square() + log_var).sum(1)  # both lack the same constant,
            log_p = -0.5 * z.square().sum(1)  # -L/2 log 2 pi, which cancels
            weights.append(log_p - log_q - self.nll(z, conditions, x))
        return torch.stack(weights).logsumexp(0) - math.log(samples)


VAE.Config = Config  # type: ignore[attr-defined]  # where FAMILIES look for it
