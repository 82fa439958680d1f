"""Classifier: a small convolutional network that names the class of a picture.

It makes nothing. It is the measuring instrument: trained on real data alone, it judges whether
the picture that a generative model made of a class shows that class, and its features are the
space in which made and real pictures are compared (`aigc.metrics`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

GROUPS = 4  # of the group norm: no batch statistics, so one picture is judged like a thousand


@dataclass(frozen=True)
class Config:
    channels: int = 1
    height: int = 28
    width: int = 28
    classes: int = 10
    base: int = 20
    features: int = 96

    def __post_init__(self) -> None:
        for name, low, high in (
            ("channels", 1, 3), ("height", 4, 1024), ("width", 4, 1024), ("classes", 1, 1000),
            ("base", 4, 256), ("features", 2, 2048),
        ):  # fmt: skip
            value = getattr(self, name)
            if not isinstance(value, int) or not low <= value <= high:
                raise ValueError(f"classifier: {name} is {low} to {high}, not {value!r}")
        if self.base % GROUPS:
            raise ValueError(f"classifier: base is a multiple of {GROUPS}, not {self.base}")

    @property
    def media_shape(self) -> tuple[int, int, int]:
        return self.channels, self.height, self.width

    @property
    def levels(self) -> int:
        """How often the image is halved, rounding up: until its longer side is 4 or less."""
        return max(1, math.ceil(math.log2(max(self.height, self.width) / 4)))

    @property
    def planes(self) -> list[int]:
        """Feature maps after each halving."""
        return [min(self.base * 2**i, 4 * self.base) for i in range(self.levels)]

    @property
    def floor(self) -> tuple[int, int]:
        """Sides of the smallest feature map."""
        return -(-self.height // 2**self.levels), -(-self.width // 2**self.levels)


class Stage(nn.Module):
    """Halve and mix: (N, A, H, W) -> (N, B, ceil(H / 2), ceil(W / 2))."""

    def __init__(self, planes_in: int, planes_out: int, kernel: int = 3) -> None:
        super().__init__()
        self.down = nn.Conv2d(planes_in, planes_out, kernel, stride=2, padding=kernel // 2)
        self.down_norm = nn.GroupNorm(GROUPS, planes_out)
        self.mix = nn.Conv2d(planes_out, planes_out, 3, padding=1)
        self.mix_norm = nn.GroupNorm(GROUPS, planes_out)

    def forward(self, x: Tensor) -> Tensor:
        x = F.silu(self.down_norm(self.down(x)))  # (N, B, ceil(H / 2), ceil(W / 2))
        return x + F.silu(self.mix_norm(self.mix(x)))


class Classifier(nn.Module):
    """See the module."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        sizes = config.planes
        # The first kernel is large and already halves: full resolution is where the time goes.
        self.stages = nn.ModuleList(
            [Stage(config.channels, sizes[0], 5), *(Stage(a, b) for a, b in pairwise(sizes))]
        )
        self.flat = nn.Linear(sizes[-1] * math.prod(config.floor), config.features)
        self.out = nn.Linear(config.features, config.classes)

    def initialise(self, generator: torch.Generator) -> None:
        """Draw all weights from `generator`: normal with std sqrt(2 / fan in) (He et al. 2015),
        the last layer small, norms the identity, biases zero."""
        with torch.no_grad():
            for name, p in self.named_parameters():
                if p.dim() < 2:
                    p.fill_(1.0 if name.endswith("norm.weight") else 0.0)
                    continue
                gain = 0.1 if name == "out.weight" else 1.0
                noise = torch.randn(p.shape, generator=generator)
                p.copy_(noise * gain * math.sqrt(2 / p[0].numel()))

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """(N, C, H, W) in [0, 1] -> logits (N, classes) and features (N, F)."""
        x = images
        for stage in self.stages:
            x = stage(x)  # (N, planes, ceil(H / 2), ceil(W / 2)), and so on
        features = F.silu(self.flat(x.flatten(1)))  # (N, F)
        return self.out(features), features

    @torch.inference_mode()
    def classify(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """See `aigc.models.Classifies`."""
        return self(images)


class Stacked(nn.Module):
    """A classifier of grey pictures on each colour of coloured ones. A picture's class is the list
    of its channels' classes, the first the most significant digit of its number: K^C classes."""

    def __init__(self, one: Classifier, channels: int) -> None:
        super().__init__()
        self.one, self.channels = one, channels

    @torch.inference_mode()
    def classify(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """(N, C, H, W) in [0, 1] -> log p (N, K^C), the sum over the channels, and features
        (N, C F), side by side. See `aigc.models.Classifies`."""
        logits, features = self.one(images.flatten(0, 1)[:, None])
        each = logits.log_softmax(1).unflatten(0, (-1, self.channels))  # (N, C, K)
        joint = each[:, 0]
        for channel in range(1, self.channels):
            joint = (joint[:, :, None] + each[:, channel, None]).flatten(1)  # (N, K^(channel + 1))
        return joint, features.unflatten(0, (-1, self.channels)).flatten(1)


def cross_entropy(logits: Tensor, targets: Tensor, smoothing: float = 0.0) -> Tensor:
    """Mean over the batch of -log p(target), in nats: (N, classes), (N,) -> (). `smoothing` moves
    that share of the target to all classes evenly (Szegedy et al. 2016, arXiv 1512.00567)."""
    return F.cross_entropy(logits, targets, label_smoothing=smoothing)


Classifier.Config = Config  # type: ignore[attr-defined]  # where FAMILIES look for it
