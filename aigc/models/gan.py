"""GAN: a generator makes pictures, a discriminator tells them from real ones, each learns from
the other.

Goodfellow et al. 2014 (arXiv 1406.2661):

    min_G max_D  E_x log D(x) + E_z log(1 - D(G(z)))

Here the discriminator returns logits, so D = sigmoid(logits), and both networks know the class.
The default loss is the relativistic one with both gradient penalties, which makes the game
locally convergent (Huang et al. 2024, "The GAN is dead; long live the GAN!", arXiv 2501.05441).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
import torch.nn.functional as F
from torch import Tensor, nn

LOSSES = ("relativistic", "non-saturating", "minimax", "hinge", "wasserstein")
NOISES = ("normal", "uniform")
SLOPE = 0.2  # of the leaky ReLU, Radford et al. 2015 (DCGAN)
NOISE = 0.2  # standard deviation of a pixel around the generator's, when a picture is projected
PROJECTION_LR = 0.4


@dataclass(frozen=True)
class Config:
    channels: int = 1
    height: int = 28
    width: int = 28
    classes: int = 10
    latent: int = 64
    noise: str = "normal"
    g_base: int = 32
    g_depth: int = 0
    d_base: int = 32
    d_depth: int = 0
    pack: int = 1
    attention: int = 0

    LATER: ClassVar[tuple[str, ...]] = ("pack", "attention")
    """What older checkpoints do not mention; the default is how they were made."""

    def __post_init__(self) -> None:
        for name, low, high in (
            ("channels", 1, 3), ("height", 8, 512), ("width", 8, 512), ("classes", 0, 1000),
            ("latent", 1, 1024), ("g_base", 4, 256), ("g_depth", 0, 16), ("d_base", 4, 256),
            ("d_depth", 0, 16), ("pack", 1, 8), ("attention", 0, 6),
        ):  # fmt: skip
            value = getattr(self, name)
            if not isinstance(value, int) or not low <= value <= high:
                raise ValueError(f"gan: {name} is {low} to {high}, not {value!r}")
        if self.noise not in NOISES:
            raise ValueError(f"gan: noise is {' or '.join(NOISES)}, not {self.noise!r}")
        if self.height % 2**self.levels or self.width % 2**self.levels:
            raise ValueError(
                f"gan: {self.height}x{self.width} cannot be halved {self.levels} times; "
                "choose sides that are multiples of 8"
            )
        if self.attention > self.levels:
            raise ValueError(
                f"gan: attention comes after one of {self.levels} doublings (0: never), not "
                f"{self.attention}"
            )

    @property
    def media_shape(self) -> tuple[int, int, int]:
        return self.channels, self.height, self.width

    @property
    def conditions(self) -> int:
        """K, the width of a condition: the classes, or one number that is always 0."""
        return max(self.classes, 1)

    @property
    def levels(self) -> int:
        """How often the image is halved: until its longer side is 8 or less."""
        return max(1, math.ceil(math.log2(max(self.height, self.width) / 8)))

    def planes(self, base: int) -> list[int]:
        """Feature maps after each halving."""
        return [min(base * 2**i, 8 * base) for i in range(self.levels)]

    @property
    def floor(self) -> tuple[int, int]:
        """Sides of the smallest feature map."""
        return self.height >> self.levels, self.width >> self.levels


class Residual(nn.Module):
    """x + conv(act(conv(act(x)))): (N, C, H, W) -> the same."""

    def __init__(self, planes: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(planes, planes, 3, padding=1)
        self.last = nn.Conv2d(planes, planes, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.last(F.leaky_relu(self.first(F.leaky_relu(x, SLOPE)), SLOPE))


class SelfAttention(nn.Module):
    """x + gain * what every place takes from all places: (N, C, H, W) -> the same.

    Zhang et al. 2018 (SAGAN, arXiv 1805.08318). The gain is learned and starts at 0, so that the
    convolutions learn what is near before anything looks far.
    """

    def __init__(self, planes: int) -> None:
        super().__init__()
        inner = max(1, planes // 8)
        self.query = nn.Conv2d(planes, inner, 1)
        self.key = nn.Conv2d(planes, inner, 1)
        self.value = nn.Conv2d(planes, planes // 2, 1)
        self.mix = nn.Conv2d(planes // 2, planes, 1)
        self.gain = nn.Parameter(torch.zeros(1))

    def weights(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> (N, HW, HW): row t is where place t looks, and adds up to 1."""
        q, k = self.query(x).flatten(2), self.key(x).flatten(2)  # (N, C / 8, HW)
        return (q.transpose(1, 2) @ k).softmax(-1)  # unscaled, as in the paper

    def forward(self, x: Tensor) -> Tensor:
        values = self.value(x).flatten(2)  # (N, C / 2, HW)
        taken = values @ self.weights(x).transpose(1, 2)  # (N, C / 2, HW)
        return x + self.gain * self.mix(taken.unflatten(2, x.shape[2:]))


class Generator(nn.Module):
    """(N, L) latents, (N, K) class weights -> (N, C, H, W) in [-1, 1]. No normalisation."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        planes = config.planes(config.g_base)
        sizes = [*reversed(planes), planes[0]]
        self.shape = (planes[-1], *config.floor)
        self.latent = nn.Linear(config.latent, math.prod(self.shape))
        self.condition = nn.Linear(config.conditions, math.prod(self.shape), bias=False)
        self.blocks = nn.ModuleList(Residual(planes[-1]) for _ in range(config.g_depth))
        self.up = nn.ModuleList(
            nn.ConvTranspose2d(a, b, 4, stride=2, padding=1) for a, b in zip(sizes[:-1], sizes[1:])
        )
        self.attention_after = config.attention
        if config.attention:
            self.attention = SelfAttention(sizes[config.attention])
        self.out = nn.Conv2d(planes[0], config.channels, 3, padding=1)

    def forward(self, z: Tensor, conditions: Tensor) -> Tensor:
        x = (self.latent(z) + self.condition(conditions)).unflatten(1, self.shape)
        for block in self.blocks:
            x = block(x)
        for doublings, layer in enumerate(self.up, 1):
            x = layer(F.leaky_relu(x, SLOPE))  # (N, planes / 2, 2 H, 2 W), and so on
            if doublings == self.attention_after:
                x = self.attention(x)
        return self.out(F.leaky_relu(x, SLOPE)).tanh()


class Discriminator(nn.Module):
    """(N, C, H, W) in [-1, 1], (N, K) class weights -> logits (N,), positive for real.

    The class enters as a projection of the features (Miyato & Koyama 2018, arXiv 1802.05637).
    With `pack` m it judges m pictures at once, (N, m C, H, W), and so sees whether they are all
    alike: see `packed`.
    """

    def __init__(self, config: Config) -> None:
        super().__init__()
        planes = config.planes(config.d_base)
        sizes = [config.channels * config.pack, *planes]
        self.down = nn.ModuleList(
            nn.Conv2d(a, b, 4, stride=2, padding=1) for a, b in zip(sizes[:-1], sizes[1:])
        )
        self.blocks = nn.ModuleList(Residual(planes[-1]) for _ in range(config.d_depth))
        features = 4 * planes[-1]
        self.features = nn.Linear(planes[-1] * math.prod(config.floor), features)
        self.out = nn.Linear(features, 1)
        self.condition = nn.Linear(config.conditions * config.pack, features, bias=False)

    def look(self, x: Tensor) -> Tensor:
        """(N, C, H, W) -> the features that are judged, (N, F)."""
        for layer in self.down:
            x = F.leaky_relu(layer(x), SLOPE)  # (N, planes, H / 2, W / 2), and so on
        for block in self.blocks:
            x = block(x)
        return F.leaky_relu(self.features(F.leaky_relu(x, SLOPE).flatten(1)), SLOPE)

    def matches(self, h: Tensor) -> Tensor:
        """(N, F) features -> (N, K): how well each condition would fit, as part of the logit."""
        return h @ self.condition.weight / math.sqrt(h.shape[1])

    def forward(self, x: Tensor, conditions: Tensor) -> Tensor:
        return self.judge(self.look(x), conditions)

    def judge(self, h: Tensor, conditions: Tensor) -> Tensor:
        """(N, F) features, (N, K) -> logits (N,)."""
        return self.out(h)[:, 0] + (self.matches(h) * conditions).sum(1)


def packed(x: Tensor, pack: int) -> Tensor:
    """(N, C, ...) -> (N / pack, pack C, ...): pictures, or their conditions, side by side, for a
    discriminator that judges several at once (Lin et al. 2018, PacGAN, arXiv 1712.04086)."""
    return x.unflatten(0, (-1, pack)).flatten(1, 2)


def discriminator_loss(kind: str, real: Tensor, fake: Tensor) -> Tensor:
    """What D minimises, from its logits for real and made pictures, (N,) each -> ().

    minimax and non-saturating: Goodfellow 2014, -log D(x) - log(1 - D(G(z))); hinge: Lim & Ye
    2017; relativistic: Jolicoeur-Martineau 2018, pairs of one real and one made; wasserstein:
    Arjovsky et al. 2017, which means something only while the slope of D is held near 1.
    """
    if kind == "wasserstein":
        return fake.mean() - real.mean()
    if kind == "relativistic":
        return F.softplus(fake - real).mean()
    if kind == "hinge":
        return F.relu(1 - real).mean() + F.relu(1 + fake).mean()
    return F.softplus(-real).mean() + F.softplus(fake).mean()


def generator_loss(kind: str, real: Tensor, fake: Tensor) -> Tensor:
    """What G minimises, from the same logits. minimax is log(1 - D(G(z))) to the letter, whose
    gradient vanishes when D is sure; non-saturating is -log D(G(z))."""
    if kind == "relativistic":
        return F.softplus(real - fake).mean()
    if kind in ("hinge", "wasserstein"):
        return -fake.mean()
    if kind == "minimax":
        return -F.softplus(fake).mean()
    return F.softplus(-fake).mean()


def gradient_penalty(logits: Tensor, images: Tensor) -> Tensor:
    """Mean over `images` of the squared norm of D's gradient with respect to each, (). R1 at real
    pictures, R2 at made ones (Mescheder et al. 2018, arXiv 1801.04406); of packs of m, an m-th of
    it. `images` must require a gradient."""
    (gradient,) = torch.autograd.grad(logits.sum(), images, create_graph=True)
    return gradient.square().flatten(1).sum(1).mean()


def wgan_gp(logits: Tensor, images: Tensor) -> Tensor:
    """Mean squared distance from 1 of the norm of D's gradient with respect to its input, ():
    WGAN-GP's, at mixtures of real and made pictures (Gulrajani et al. 2017, arXiv 1704.00028,
    equation 3). `images` must require a gradient."""
    (gradient,) = torch.autograd.grad(logits.sum(), images, create_graph=True)
    return (gradient.flatten(1).norm(dim=1) - 1).square().mean()


class GAN(nn.Module):
    """Both networks. What is served needs the generator alone; the discriminator stays with it
    so that its judgement can be shown."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        self.generator = Generator(config)
        self.discriminator = Discriminator(config)

    def initialise(self, generator: torch.Generator) -> None:
        """Draw all weights from `generator`: normal with std sqrt(2 / fan in) (He et al. 2015),
        the last convolution of a residual branch zero, biases zero."""
        with torch.no_grad():
            for name, p in self.named_parameters():
                if p.dim() < 2 or name.endswith("last.weight"):
                    p.zero_()
                    continue
                # A transposed convolution stores (in, out, k, k); with stride 2 each output
                # pixel meets a quarter of the kernel.
                fan_in = p.shape[0] * 4 if ".up." in name else p[0].numel()
                if "condition" in name:
                    fan_in = 2  # one class at a time
                p.copy_(torch.randn(p.shape, generator=generator) * math.sqrt(2 / fan_in))

    def noise(self, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
        """Latents from the prior: standard normal, or uniform in [-1, 1]."""
        if self.config.noise == "normal":
            return torch.randn(shape, generator=generator, device=generator.device)
        return torch.rand(shape, generator=generator, device=generator.device) * 2 - 1

    def condition(self, label: int | None) -> Tensor:
        """One class -> (K,). A GAN knows no "any": None is an equal mixture of all classes."""
        if self.config.classes == 0:
            return torch.zeros(1)
        if label is None:
            return torch.full((self.config.classes,), 1 / self.config.classes)
        return F.one_hot(torch.tensor(label), self.config.classes).float()

    def prior(
        self, generator: torch.Generator, label: int | None, temperature: float = 1.0
    ) -> tuple[Tensor, Tensor]:
        """See `aigc.models.Decodes`. A GAN knows no "any": a class is drawn."""
        if not temperature >= 0:
            raise ValueError(f"a temperature is 0 or more, not {temperature}")
        z = self.noise((self.config.latent,), generator) * temperature
        if self.config.classes == 0:
            return z, torch.zeros(1)
        drawn = torch.randint(self.config.classes, (), generator=generator)
        index = drawn if label is None else torch.tensor(label)
        return z, F.one_hot(index, self.config.classes).float()

    @torch.inference_mode()
    def decode(self, latents: Tensor, conditions: Tensor) -> Tensor:
        """(N, L), (N, K) -> (N, C, H, W) in [0, 1]."""
        return self.generator(latents, conditions).add(1).mul(0.5)

    def discriminate(self, images: Tensor, conditions: Tensor) -> Tensor:
        """See `aigc.models.Discriminates`. Under the relativistic loss only differences between
        scores mean something. One that judges several pictures at once is shown the same one
        several times, which it takes for a collapse: again only differences count."""
        pack = self.config.pack
        return self.discriminator(
            (images * 2 - 1).repeat(1, pack, 1, 1), conditions.repeat(1, pack)
        )

    def project(
        self,
        image: Tensor,
        conditions: Tensor,
        generators: Sequence[torch.Generator],
        steps: int,
    ) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        """See `aigc.models.Projects`. Adam walks down -log p(z | x), up to a constant, for
        x = G(z, c) + NOISE * epsilon:

            |x - G(z, c)|^2 / (2 NOISE^2) + |z|^2 / 2

        The second term keeps z where the generator was trained; projection onto a generator by its
        gradient is Zhu et al. 2016 (arXiv 1609.03552)."""
        z = torch.stack([self.prior(source, None)[0] for source in generators])  # (R, L)
        z.requires_grad_()
        adam = torch.optim.Adam([z], lr=PROJECTION_LR)
        for step in range(steps):
            adam.param_groups[0]["lr"] = PROJECTION_LR * (1 + math.cos(math.pi * step / steps)) / 2
            with torch.enable_grad():
                pictures = self.generator(z, conditions).add(1).mul(0.5)  # (R, C, H, W)
                squares = (pictures - image).square().flatten(1).sum(1)  # (R,)
                lacking = squares / (2 * NOISE**2) + z.square().sum(1) / 2
                (gradient,) = torch.autograd.grad(lacking.sum(), z)
            z.grad = gradient  # the weights get none
            adam.step()
            yield z.detach().clone(), pictures.detach(), lacking.detach()

    def sample(
        self,
        generators: Sequence[torch.Generator],
        labels: Sequence[int | None],
        temperature: float = 1.0,
    ) -> Tensor:
        """See `aigc.models.Samples`. Temperature scales z, which is truncation for a GAN."""
        pairs = [self.prior(g, label, temperature) for g, label in zip(generators, labels)]
        device = next(self.parameters()).device
        latents, conditions = (torch.stack(parts).to(device) for parts in zip(*pairs))
        return self.decode(latents, conditions)


GAN.Config = Config  # type: ignore[attr-defined]  # where FAMILIES look for it
