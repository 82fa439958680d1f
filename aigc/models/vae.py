"""VAE: an encoder to a small latent, a decoder back, and a bound on the likelihood between them;
and the ladder, whose latent has levels, down to numbers for single places of the picture.

Kingma & Welling 2013 (arXiv 1312.6114). For an image x, a latent z and a condition c:

    log p(x|c) >= E_q(z|x,c) [log p(x|z,c)] - KL(q(z|x,c) || p(z)) = ELBO

The prior p(z) is a standard normal, q a normal with mean and variance from the encoder. All
terms are in nats, summed over pixels and latents, one number an image.

The ladder splits z into levels z_1 .. z_L from the top down, a vector for the whole picture and
then maps, and infers each in the light of those above it (Sonderby et al. 2016, arXiv 1602.02282;
the network that meets the encoder's features on its way down is the one of Kingma et al. 2016,
arXiv 1606.04934):

    log p(x|c) >= E_q [log p(x|z,c)] - sum_l KL(q(z_l|z_<l,x,c) || p(z_l))

Its priors are standard normals, too: what a level means at its place is left to the layers that
read it. So both models have the same terms, and any draw of normal numbers is a picture.

Pixels that are independent given z are why VAEs blur: whatever z leaves open is averaged. With a
`Window` each pixel also sees some of those before it, p(x|z,c) = prod_i p(x_i|x_<i,z,c), so that z
need not say where each edge runs for edges to be sharp.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

LIKELIHOODS = ("bernoulli", "gaussian")


def check(config: object, ranges: Sequence[tuple[str, int, int]], family: str) -> None:
    """Raise ValueError for a field that is no whole number in its range."""
    for name, low, high in ranges:
        value = getattr(config, name)
        if not isinstance(value, int) or not low <= value <= high:
            raise ValueError(f"{family}: {name} is {low} to {high}, not {value!r}")


def halvings(height: int, width: int) -> int:
    """How often an image is halved: until its longer side is 8 or less."""
    return max(1, math.ceil(math.log2(max(height, width) / 8)))


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
        ranges = (
            ("channels", 1, 3), ("height", 8, 512), ("width", 8, 512), ("classes", 0, 1000),
            ("latent", 1, 1024), ("base", 4, 256), ("depth", 0, 16), ("hidden", 8, 4096),
        )  # fmt: skip
        check(self, ranges, "vae")
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
        """How often the image is halved."""
        return halvings(self.height, self.width)

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


def discretised_logistic_nll(means: Tensor, log_scales: Tensor, x: Tensor) -> Tensor:
    """-log p(x) in nats of 8-bit values x in {0, 1/255 .. 1}, summed over the pixels: the mass that
    a logistic law has between the values half way to the neighbours, or beyond the last one
    (Salimans et al. 2017, arXiv 1701.05517, equation 2). All (N, C, H, W) -> (N,)."""
    steepness = (-log_scales.clamp(min=-7)).exp()
    above = (x + 0.5 / 255 - means) * steepness
    below = (x - 0.5 / 255 - means) * steepness
    # log(sigmoid(a) - sigmoid(b)) = log sigmoid(a) + log sigmoid(-b) + log(1 - exp(b - a))
    mass = torch.where(x > 0.999, 0, F.logsigmoid(above)) + torch.where(
        x < 0.001, 0, F.logsigmoid(-below)
    )
    inside = (x >= 0.001) & (x <= 0.999)
    width = (above - below).clamp(min=1e-7)
    mass = mass + torch.where(inside, torch.log(-torch.expm1(-width)), 0)
    return -mass.flatten(1).sum(1)


def negative_elbo(nll: Tensor, kl: Tensor, beta: float = 1.0) -> Tensor:
    """Reconstruction + beta * KL, mean over the batch: (N,) and (N,) -> (). The article's balance
    coefficient lambda; beta = 1 is the ELBO, other values are Higgins et al. 2017 (beta-VAE)."""
    return (nll + beta * kl).mean()


class Variational(nn.Module, ABC):
    """What the plain VAE and the ladder have in common: everything that follows from `look`,
    `infer` and `generate`. Latents are (N, L), conditions (N, K)."""

    config: Config | LadderConfig
    log_std: Tensor  # of the gaussian likelihood, one for all pixels

    @property
    @abstractmethod
    def levels(self) -> list[int]:
        """See `aigc.models.Levels`."""

    @abstractmethod
    def look(self, x: Tensor, conditions: Tensor) -> Any:
        """(N, C, H, W) -> all that `infer` has to know of the pictures."""

    @abstractmethod
    def infer(self, seen: Any, conditions: Tensor, noise: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Draw from the posterior of the pictures that `look` saw, with noise (N, L), and decode.
        Returns what the pixels' likelihood is made of, (N, outputs, H, W), and mean and
        log-variance of each latent in the light of those drawn above it, (N, L) float32."""

    @abstractmethod
    def generate(self, z: Tensor, conditions: Tensor) -> Tensor:
        """Latents -> what the pixels' likelihood is made of, (N, outputs, H, W)."""

    def forward(
        self, x: Tensor, conditions: Tensor, noise: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """(N, C, H, W), (N, K), (N, L) -> as `infer`."""
        return self.infer(self.look(x, conditions), conditions, noise)

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
        z = torch.randn(sum(self.levels), generator=generator) * temperature
        return z, self.condition(label)

    def mean(self, out: Tensor) -> Tensor:
        """What the pixels' likelihood is made of, (N, outputs, ...) -> its mean, (N, C, ...)."""
        if self.config.likelihood == "bernoulli":
            return out.sigmoid()
        return out[:, : self.config.channels].clamp(0, 1)

    @torch.inference_mode()
    def decode(self, latents: Tensor, conditions: Tensor) -> Tensor:
        """(N, L), (N, K) -> the mean picture, (N, C, H, W) in [0, 1]."""
        return self.mean(self.generate(latents, conditions))

    @torch.inference_mode()
    def reconstruct(self, images: Tensor, conditions: Tensor) -> Tensor:
        """Encode to the mean and decode it: (N, C, H, W) in [0, 1] -> the same."""
        return self.decode(self.encode(images, conditions)[0], conditions)

    @torch.inference_mode()
    def encode(self, images: Tensor, conditions: Tensor) -> tuple[Tensor, Tensor]:
        """(N, C, H, W) in [0, 1], (N, K) -> mean and log-variance of q(z|x,c), (N, L) each, every
        level where those above it are at their means."""
        still = images.new_zeros(len(images), sum(self.levels))
        _, mean, log_var = self(images, conditions, still)
        return mean, log_var

    def sample(
        self,
        generators: Sequence[torch.Generator],
        labels: Sequence[int | None],
        temperature: float = 1.0,
    ) -> Tensor:
        """See `aigc.models.Samples`."""
        pairs = [self.prior(g, label, temperature) for g, label in zip(generators, labels)]
        device = next(self.parameters()).device
        latents, conditions = (torch.stack(parts).to(device) for parts in zip(*pairs))
        return self.decode(latents, conditions)

    def nll(self, out: Tensor, x: Tensor) -> Tensor:
        """-log p(x|z,c) in nats, of what `infer` or `generate` made: (N, C, H, W) -> (N,)."""
        out = out.float()
        if self.config.likelihood == "bernoulli":
            return bernoulli_nll(out, x)
        if self.config.likelihood == "gaussian":
            return gaussian_nll(out, self.log_std, x)
        means, log_scales = out.chunk(2, 1)
        return discretised_logistic_nll(means, log_scales, x)

    def elbo(
        self, x: Tensor, conditions: Tensor, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """x (N, C, H, W), in {0, 1} for bernoulli; conditions (N, K). Returns -log p(x|z,c) for
        one z from q, (N,), and the KL of each latent, (N, L): -ELBO is nll + kl.sum(1). A grey
        bernoulli pixel counts as the chance of ink: the first term is its expectation, if no
        window sees it."""
        shape, device = (len(x), sum(self.levels)), generator.device
        noise = torch.randn(shape, generator=generator, device=device).to(x.device)
        out, mean, log_var = self(x, conditions, noise)
        return self.nll(out, x), gaussian_kl(mean, log_var)

    @torch.inference_mode()
    def log_likelihood(
        self, x: Tensor, conditions: Tensor, samples: int, generator: torch.Generator
    ) -> Tensor:
        """Importance-weighted estimate of log p(x|c) in nats (Burda et al. 2015, arXiv
        1509.00519, equation 8): log of the mean of p(x|z) p(z) / q(z|x) over `samples` draws.
        A lower bound on average, tighter with more samples. (N, C, H, W), (N, K) -> (N,)."""
        seen = self.look(x, conditions)
        shape, device = (len(x), sum(self.levels)), generator.device
        weights = []
        for _ in range(samples):
            noise = torch.randn(shape, generator=generator, device=device).to(x.device)
            out, mean, log_var = self.infer(seen, conditions, noise)
            z = reparameterise(mean, log_var, noise)
            log_q = -0.5 * (noise.square() + log_var).sum(1)  # both lack the same constant,
            log_p = -0.5 * z.square().sum(1)  # -L/2 log 2 pi, which cancels
            weights.append(log_p - log_q - self.nll(out, x))
        return torch.stack(weights).logsumexp(0) - math.log(samples)


class VAE(Variational):
    """The plain one: a single level."""

    config: Config

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        self.encoder = Encoder(config)
        self.decoder = Decoder(config)
        self.log_std = nn.Parameter(torch.zeros(()))

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

    @property
    def levels(self) -> list[int]:
        return [self.config.latent]

    def look(self, x: Tensor, conditions: Tensor) -> tuple[Tensor, Tensor]:
        mean, log_var = self.encoder(x, conditions)
        return mean.float(), log_var.float()

    def infer(
        self, seen: tuple[Tensor, Tensor], conditions: Tensor, noise: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        return self.generate(reparameterise(*seen, noise), conditions), *seen

    def generate(self, z: Tensor, conditions: Tensor) -> Tensor:
        return self.decoder(z, conditions)


VAE.Config = Config  # type: ignore[attr-defined]  # where FAMILIES look for it


# The ladder

LADDER_LIKELIHOODS = (*LIKELIHOODS, "discretised-logistic")


@dataclass(frozen=True)
class LadderConfig:
    channels: int = 1
    height: int = 28
    width: int = 28
    classes: int = 10
    top: int = 16
    latent: int = 8
    coarse: int = 4
    fine: int = 1
    planes: int = 96
    depth: int = 2
    window: int = 0
    """Rows above a pixel and columns to either side of it of which a `Window` sees what came
    before; 0 for none."""
    likelihood: str = "bernoulli"

    LATER: ClassVar[tuple[str, ...]] = ("window",)
    """As in `aigc.models.attention`: what older checkpoints do not mention."""

    def __post_init__(self) -> None:
        ranges = (
            ("channels", 1, 3), ("height", 8, 512), ("width", 8, 512), ("classes", 0, 1000),
            ("top", 1, 1024), ("latent", 1, 64), ("coarse", 0, 32), ("fine", 0, 32),
            ("planes", 8, 1024), ("depth", 0, 16), ("window", 0, 32),
        )  # fmt: skip
        check(self, ranges, "ladder")
        if self.likelihood not in LADDER_LIKELIHOODS:
            raise ValueError(
                f"ladder: likelihood is {', '.join(LADDER_LIKELIHOODS[:-1])} or "
                f"{LADDER_LIKELIHOODS[-1]}, not {self.likelihood!r}"
            )
        if self.height % 2**self.scales or self.width % 2**self.scales:
            raise ValueError(
                f"ladder: {self.height}x{self.width} cannot be halved {self.scales} times; "
                "choose sides that are multiples of 8"
            )

    @property
    def media_shape(self) -> tuple[int, int, int]:
        return self.channels, self.height, self.width

    @property
    def scales(self) -> int:
        """How many sizes of feature maps there are; the largest has half the image's sides."""
        return halvings(self.height, self.width)

    def maps(self, scale: int) -> tuple[int, int, int]:
        """Shape of the features at a scale, 0 the smallest: half as many at twice the side."""
        times = self.scales - scale
        return max(8, self.planes >> scale), self.height >> times, self.width >> times

    def rungs(self, scale: int) -> int:
        """How many levels of the latent live at a scale."""
        return self.fine if scale else self.coarse

    @property
    def levels(self) -> list[tuple[int, ...]]:
        """Shape of each level of the latent, from the top down."""
        found: list[tuple[int, ...]] = [(self.top,)]
        for scale in range(self.scales):
            found += [(self.latent, *self.maps(scale)[1:])] * self.rungs(scale)
        return found

    @property
    def outputs(self) -> int:
        """Numbers that a pixel's likelihood is made of: the logistic has a scale of its own."""
        return self.channels * (2 if self.likelihood == "discretised-logistic" else 1)


class Block(nn.Module):
    """x + a 3x3 convolution on half as many maps, between two 1x1 ones: (N, C, H, W) -> same."""

    def __init__(self, planes: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(planes, planes // 2, 1)
        self.middle = nn.Conv2d(planes // 2, planes // 2, 3, padding=1)
        self.last = nn.Conv2d(planes // 2, planes, 1)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.last(F.silu(self.middle(F.silu(self.first(F.silu(x))))))


class Rung(nn.Module):
    """One level of the latent: infers it from what is above and from the picture, and adds what
    it says to what is above."""

    def __init__(self, planes: int, latent: int) -> None:
        super().__init__()
        self.above = nn.Conv2d(planes, planes // 2, 1)
        self.seen = nn.Conv2d(planes, planes // 2, 1)
        self.middle = nn.Conv2d(planes // 2, planes // 2, 3, padding=1)
        self.posterior = nn.Conv2d(planes // 2, 2 * latent, 1)
        self.add = nn.Conv2d(latent, planes, 1)
        self.block = Block(planes)

    def infer(self, h: Tensor, seen: Tensor) -> Tensor:
        """What is above, (N, C, H, W), and what this level sees of the picture, (N, C / 2, H, W)
        -> mean and log-variance, one after the other, (N, 2 latent, H, W)."""
        return self.posterior(F.silu(self.middle(F.silu(self.above(F.silu(h)) + seen))))

    def forward(self, h: Tensor, z: Tensor) -> Tensor:
        """(N, C, H, W), (N, latent, H, W) -> (N, C, H, W)."""
        return self.block(h + self.add(z))


class Window(nn.Module):
    """A picture row by row, in which a pixel also sees those before it: up to `radius` rows above
    its own and as many columns to either side (the mask of PixelCNN, van den Oord et al. 2016,
    arXiv 1601.06759; below a latent, Chen et al. 2016, arXiv 1611.02731). One layer sees them and
    the others stay at their place, so that drawing a pixel takes a few small products."""

    def __init__(self, planes: int, channels: int, outputs: int, radius: int, hidden: int) -> None:
        super().__init__()
        self.radius, self.side = radius, 2 * radius + 1
        self.seen = radius * self.side + radius  # of radius + 1 rows, up to the last one's middle
        self.before = nn.Linear(channels * self.seen, hidden, bias=False)
        self.above = nn.Conv2d(planes, 4 * hidden, 1)
        self.middle = nn.ModuleList(nn.Linear(hidden, hidden) for _ in range(3))
        self.last = nn.Linear(hidden, outputs)

    def likelihood(self, y: Tensor) -> Tensor:
        """From the first layer on: (..., hidden) -> (..., outputs)."""
        for layer in self.middle:
            y = y + layer(F.silu(y))
        return self.last(F.silu(y))

    def forward(self, h: Tensor, out: Tensor, x: Tensor) -> Tensor:
        """Features of the way down, (N, planes, H / 2, W / 2), what the likelihood would be made
        of without seeing pixels, (N, outputs, H, W), and the picture, (N, C, H, W) -> what it is
        made of, (N, outputs, H, W)."""
        r = self.radius
        windows = F.pad(x, (r, r, r, 0)).unfold(2, r + 1, 1).unfold(3, self.side, 1)
        windows = windows.permute(0, 2, 3, 1, 4, 5).flatten(4)  # (N, H, W, C, rows and columns)
        features = F.pixel_shuffle(self.above(h), 2).permute(0, 2, 3, 1)
        y = features + self.before(windows[..., : self.seen].flatten(3))
        return out + self.likelihood(y).permute(0, 3, 1, 2)

    def draw(self, h: Tensor, out: Tensor, mean: Callable[[Tensor], Tensor]) -> Tensor:
        """As `forward`, of a picture that comes to be on the way: each pixel is the `mean` of its
        own likelihood, so that a latent has one picture, and without the grain of a draw."""
        n, _, height, width = out.shape
        r = self.radius
        features = F.pixel_shuffle(self.above(h), 2).permute(2, 3, 0, 1).contiguous()
        alone = out.permute(2, 3, 0, 1).contiguous()
        x = out.new_zeros(n, self.before.in_features // self.seen, height + r, width + 2 * r)
        made = []
        for i in range(height):
            for j in range(width):
                window = x[:, :, i : i + r + 1, j : j + self.side].flatten(2)[:, :, : self.seen]
                y = features[i, j] + self.before(window.flatten(1))
                made.append(alone[i, j] + self.likelihood(y))
                x[:, :, i + r, j + r] = mean(made[-1])
        return torch.stack(made, 2).unflatten(2, (height, width))


class Ladder(Variational):
    """See the module. Latents (N, L) hold all levels, flat and from the top down."""

    config: LadderConfig

    def __init__(self, config: LadderConfig) -> None:
        super().__init__()
        self.config = config
        planes = [config.maps(scale)[0] for scale in range(config.scales)]
        spots = math.prod(config.maps(0))
        self.stem = nn.Conv2d(config.channels, planes[-1], 4, stride=2, padding=1)
        self.down = nn.ModuleList(
            nn.Conv2d(b, a, 4, stride=2, padding=1) for a, b in zip(planes[:-1], planes[1:])
        )
        self.views = nn.ModuleList(
            nn.Sequential(*(Block(p) for _ in range(1 if scale else config.depth)))
            for scale, p in enumerate(planes)
        )
        self.top = nn.Linear(spots, 2 * config.top)
        self.start = nn.Linear(config.top, spots)
        self.condition_start = nn.Linear(config.classes + 1, spots, bias=False)
        self.rungs = nn.ModuleList(
            Rung(p, config.latent)
            for scale, p in enumerate(planes)
            for _ in range(config.rungs(scale))
        )
        self.grow = nn.ModuleList(nn.Conv2d(a, 4 * b, 1) for a, b in zip(planes[:-1], planes[1:]))
        self.out = nn.Conv2d(planes[-1], 4 * config.outputs, 3, padding=1)
        self.window = (
            Window(planes[-1], config.channels, config.outputs, config.window, planes[0] * 3 // 4)
            if config.window
            else None
        )
        self.log_std = nn.Parameter(torch.zeros(()))  # of the gaussian likelihood

    def initialise(self, generator: torch.Generator) -> None:
        """Draw all weights from `generator`: normal with std sqrt(2 / fan in) (He et al. 2015),
        the last layer of a branch and those of the posteriors small, biases zero. Of the window
        the last layer, too, so that at first nobody sees anything, and what it is told from above
        is small, so that it learns of pixels first."""
        gains = {
            "window.last.weight": 0.0, "window.above.weight": 0.1, "last.weight": 0.3,
            "posterior.weight": 0.1, "top.weight": 0.1,
        }  # fmt: skip
        with torch.no_grad():
            for name, p in self.named_parameters():
                if p.dim() < 2:
                    p.zero_()
                    continue
                gain = next((g for end, g in gains.items() if name.endswith(end)), 1.0)
                std = gain * math.sqrt(2 / p[0].numel())
                p.copy_(torch.randn(p.shape, generator=generator) * std)

    @property
    def levels(self) -> list[int]:
        return [math.prod(shape) for shape in self.config.levels]

    def look(self, x: Tensor, conditions: Tensor) -> list[Tensor]:
        """(N, C, H, W) -> what each level, from the top down, sees of the picture: the top one
        mean and log-variance, one after the other, (N, 2 top), the others features. The picture
        itself behind them is for the window."""
        scales: list[Tensor] = []
        picture, x = x, self.stem(x)
        for scale in reversed(range(self.config.scales)):
            x = self.views[scale](x)
            scales.insert(0, F.silu(x))
            if scale:
                x = self.down[scale - 1](scales[0])
        rungs: Iterator[Any] = iter(self.rungs)
        seen = [
            rung.seen(features)
            for scale, features in enumerate(scales)
            for rung in islice(rungs, self.config.rungs(scale))
        ]
        return [self.top(scales[0].flatten(1)), *seen, picture]

    def descend(
        self, z: Tensor, conditions: Tensor, seen: list[Tensor] | None = None
    ) -> tuple[Tensor, Tensor, Tensor]:
        """From the top down. Latents (N, L), conditions (N, K) -> features from which the pixels
        follow, (N, planes, H / 2, W / 2). With what the levels see of a picture (`look`), z is
        the noise by which each is drawn from its posterior, and mean and log-variance of that,
        (N, L) each, are returned, too; without, they are empty."""
        config, means, log_vars = self.config, [z[:, :0]], [z[:, :0]]
        parts = z.split(self.levels, 1)
        levels = [part.unflatten(1, shape) for part, shape in zip(parts, config.levels)]

        def drawn(posterior: Tensor, noise: Tensor) -> Tensor:
            mean, log_var = posterior.float().chunk(2, 1)
            log_var = log_var.clamp(-12, 6)  # beyond that exp() only breeds infinities
            means.append(mean.flatten(1))
            log_vars.append(log_var.flatten(1))
            return reparameterise(mean, log_var, noise)

        top = drawn(seen[0], levels[0]) if seen else levels[0]
        h = (self.start(top) + self.condition_start(conditions)).unflatten(1, config.maps(0))
        h = h.contiguous(memory_format=torch.channels_last)
        below: Iterator[tuple[Any, int]] = zip(self.rungs, range(1, len(levels)))
        for scale in range(config.scales):
            if scale:
                h = F.pixel_shuffle(self.grow[scale - 1](F.silu(h)), 2)
            for rung, i in islice(below, config.rungs(scale)):
                level = drawn(rung.infer(h, seen[i]), levels[i]) if seen else levels[i]
                h = rung(h, level)
        return F.silu(h), torch.cat(means, 1), torch.cat(log_vars, 1)

    def infer(
        self, seen: list[Tensor], conditions: Tensor, noise: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        h, mean, log_var = self.descend(noise, conditions, seen)
        out = F.pixel_shuffle(self.out(h), 2)
        if self.window is not None:
            out = self.window(h, out, seen[-1])
        return out, mean, log_var

    def generate(self, z: Tensor, conditions: Tensor) -> Tensor:
        h = self.descend(z, conditions)[0]
        out = F.pixel_shuffle(self.out(h), 2)
        return out if self.window is None else self.window.draw(h, out, self.mean)

    @torch.inference_mode()
    def encode(self, images: Tensor, conditions: Tensor) -> tuple[Tensor, Tensor]:
        """As above, without decoding what has been inferred."""
        still = images.new_zeros(len(images), sum(self.levels))
        return self.descend(still, conditions, self.look(images, conditions))[1:]

    def redraw(
        self,
        latents: Tensor,
        keep: int,
        generators: Sequence[torch.Generator],
        temperature: float = 1.0,
    ) -> Tensor:
        """See `aigc.models.Levels`."""
        if not 0 <= keep <= len(self.levels):
            raise ValueError(f"this model has {len(self.levels)} levels to keep, not {keep}")
        kept = sum(self.levels[:keep])
        fresh = torch.stack([self.prior(g, None, temperature)[0] for g in generators])  # (N, L)
        return torch.cat([latents[:, :kept], fresh[:, kept:]], 1)


Ladder.Config = LadderConfig  # type: ignore[attr-defined]
