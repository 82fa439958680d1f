"""Self-attention: a decoder-only Transformer that draws an image as a sequence of patches.

Vaswani et al. 2017 (arXiv 1706.03762) for attention, Parmar et al. 2018 (Image Transformer, arXiv
1802.05751) for images as sequences. The image is cut into small patches, read row by row; the
model says, for each pixel of the next patch in turn, how likely each of the 256 values is, given
everything drawn before. The product of these is the exact likelihood of the image.

    start token (class) -> patch 0 -> patch 1 -> ... -> patch T-1

Position t of the sequence holds patch t-1 (position 0 the start token) and predicts patch t.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

VALUES = 256  # 8-bit pixels
SHIFTS = 9  # by up to one pixel down and right: the first of `turnings`
FEATURES = 8  # numbers that describe one pixel value to the network
Turn = tuple[Tensor, Tensor]  # cosines and sines of `rotary`


@dataclass(frozen=True)
class Config:
    channels: int = 1
    height: int = 28
    width: int = 28
    classes: int = 10
    patch: int = 2
    layers: int = 4
    heads: int = 5
    dim: int = 160
    expansion: int = 4
    head_dim_out: int = 160
    ways: int = 1
    """Ways in which a picture may have been turned in training, 0 as it is: the start token says
    which (distribution augmentation; Jun et al. 2020, https://proceedings.mlr.press/v119/jun20a)."""

    LATER: ClassVar[tuple[str, ...]] = ("ways",)
    """What older checkpoints do not mention; the default is how they were made."""

    def __post_init__(self) -> None:
        for name, low, high in (
            ("channels", 1, 3), ("height", 1, 128), ("width", 1, 128), ("classes", 0, 1000),
            ("patch", 1, 8), ("layers", 1, 48), ("heads", 1, 32), ("dim", 8, 2048),
            ("expansion", 1, 8), ("head_dim_out", 8, 2048), ("ways", 1, 1000),
        ):  # fmt: skip
            value = getattr(self, name)
            if not isinstance(value, int) or not low <= value <= high:
                raise ValueError(f"attention: {name} is {low} to {high}, not {value!r}")
        if self.height % self.patch or self.width % self.patch:
            raise ValueError(
                f"attention: patches of {self.patch} do not tile {self.height}x{self.width}"
            )
        if self.dim % (4 * self.heads):
            raise ValueError("attention: dim is a multiple of 4 x heads (2-D rotary positions)")

    @property
    def media_shape(self) -> tuple[int, int, int]:
        return self.channels, self.height, self.width

    @property
    def grid(self) -> tuple[int, int]:
        return self.height // self.patch, self.width // self.patch

    @property
    def length(self) -> int:
        """T, the number of patches."""
        return self.grid[0] * self.grid[1]

    @property
    def patch_values(self) -> int:
        """P, the values of one patch: its pixels in reading order, channel by channel in each."""
        return self.patch * self.patch * self.channels


def scaled_dot_product_attention(
    q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """softmax(Q K^T / sqrt(d_k)) V, written out. Vaswani et al. 2017, equation 1.

    q (..., Tq, d_k), k (..., Tk, d_k), v (..., Tk, d_v); mask (Tq, Tk) is True where a query may
    look. Returns the output (..., Tq, d_v) and the weights (..., Tq, Tk), whose rows add up to 1.
    """
    scores = q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])  # (..., Tq, Tk)
    if mask is not None:
        scores = scores.masked_fill(~mask, -math.inf)
    weights = scores.softmax(-1)  # (..., Tq, Tk)
    return weights @ v, weights


def causal_mask(length: int, device: torch.device | None = None) -> Tensor:
    """(length, length), True on and below the diagonal: position t sees positions 0..t."""
    return torch.ones(length, length, dtype=torch.bool, device=device).tril()


def bfloat16_attention(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Causal attention (B, heads, T, d_k) for training on a processor that computes in bfloat16:
    forward and backward take 0.4 times as long as the fused kernel there (docs/experiments.md)."""
    q, k, v = (x.to(torch.bfloat16) for x in (q / math.sqrt(q.shape[-1]), k, v))
    future = torch.full((q.shape[-2],) * 2, -math.inf, dtype=torch.bfloat16).triu(1)  # (T, T)
    scores = q @ k.transpose(-2, -1) + future  # (B, heads, T, T)
    return scores.softmax(-1, dtype=torch.bfloat16) @ v


def rotary(coordinates: Tensor, head_dim: int) -> tuple[Tensor, Tensor]:
    """Cosines and sines of 2-D rotary positions (Su et al. 2021, arXiv 2104.09864): a quarter of
    the pairs turn with the row, a quarter with the column, at several speeds.

    coordinates (T, 2) rows and columns -> two tensors (T, head_dim / 2).
    """
    pairs = head_dim // 4
    speed = math.pi * 0.5 ** torch.linspace(0, 5, pairs, device=coordinates.device)  # (pairs,)
    angles = torch.cat([coordinates[:, :1] * speed, coordinates[:, 1:] * speed], -1)
    return angles.cos(), angles.sin()  # (T, head_dim / 2) each


def rotate(x: Tensor, turn: tuple[Tensor, Tensor]) -> Tensor:
    """Turn each pair of (..., T, head_dim) by the angles of `rotary`."""
    cos, sin = turn
    a, b = x.chunk(2, -1)  # (..., T, head_dim / 2) each
    return torch.cat([a * cos - b * sin, a * sin + b * cos], -1)


def describe(values: Tensor) -> Tensor:
    """8-bit values as numbers that a linear layer can use: (...) in 0..255 -> (..., FEATURES).

    Waves of three frequencies let neighbours share what is learned; black is a kind of its own.
    """
    v = values.float() / (VALUES - 1)
    waves = [f(2**k * math.pi * v) for k in range(3) for f in (torch.sin, torch.cos)]
    return torch.stack([v, (values == 0).float(), *waves], -1)


def turnings(height: int, width: int) -> Tensor:
    """Ways to turn a picture that lose none of it: for each, where each pixel comes from,
    (ways, H W) int64, a permutation. Each of the 8 symmetries of the square (4 where it is none),
    and in each a shift by up to one pixel down and right, round the edge; so the first SHIFTS are
    shifts of the picture as it is, and the first of all leaves it alone."""
    places = torch.arange(height * width).view(height, width)
    turned = [places.rot90(k) for k in (range(4) if height == width else (0, 2))]
    turned += [place.flip(1) for place in turned]
    ways = [
        place.roll((down, right), (0, 1)).flatten()
        for place in turned
        for down in (0, 1, -1)
        for right in (0, 1, -1)
    ]
    return torch.stack(ways)


def turn(images: Tensor, ways: Tensor, table: Tensor) -> Tensor:
    """Turn each of (N, C, H, W) in its way (N,), of those in the table of `turnings`."""
    sources = table[ways][:, None].expand(-1, images.shape[1], -1)  # (N, C, H W)
    return images.flatten(2).gather(2, sources).view_as(images)


class SelfAttention(nn.Module):
    """Multi-head causal self-attention with normalised queries and keys (arXiv 2010.04245)."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.heads = config.heads
        self.head_dim = config.dim // config.heads
        self.qkv = nn.Linear(config.dim, 3 * config.dim, bias=False)
        self.out = nn.Linear(config.dim, config.dim, bias=False)
        # What a head looks for and what a place offers, whatever stands there: turned with the
        # position, the two make a taste for places at some distance and direction.
        self.q_place = nn.Parameter(torch.empty(self.heads, 1, self.head_dim))
        self.k_place = nn.Parameter(torch.empty(self.heads, 1, self.head_dim))
        self.q_norm = nn.RMSNorm(self.head_dim, eps=1e-6)
        self.k_norm = nn.RMSNorm(self.head_dim, eps=1e-6)

    def project(self, x: Tensor, q_turn: Turn, k_turn: Turn) -> tuple[Tensor, Tensor, Tensor]:
        """(B, T, dim) -> q, k, v, each (B, heads, T, head_dim). Queries are turned to the place
        that they draw, keys to the place that they hold."""
        b, t, _ = x.shape
        q, k, v = self.qkv(x).view(b, t, 3, self.heads, self.head_dim).permute(2, 0, 3, 1, 4)
        q, k = self.q_norm(q + self.q_place), self.k_norm(k + self.k_place)
        return rotate(q, q_turn), rotate(k, k_turn), v

    def merge(self, heads: Tensor) -> Tensor:
        """(B, heads, T, head_dim) -> (B, T, dim)."""
        b, _, t, _ = heads.shape
        return self.out(heads.transpose(1, 2).reshape(b, t, -1))

    def forward(self, x: Tensor, q_turn: Turn, k_turn: Turn) -> Tensor:
        q, k, v = self.project(x, q_turn, k_turn)
        if x.device.type == "cpu" and torch.is_autocast_enabled("cpu"):
            return self.merge(bfloat16_attention(q, k, v))
        return self.merge(F.scaled_dot_product_attention(q, k, v, is_causal=True))

    def explained(self, x: Tensor, q_turn: Turn, k_turn: Turn) -> tuple[Tensor, Tensor]:
        """The same output, and the weights (B, heads, T, T)."""
        q, k, v = self.project(x, q_turn, k_turn)
        out, weights = scaled_dot_product_attention(q, k, v, causal_mask(x.shape[1], x.device))
        return self.merge(out), weights


class MLP(nn.Module):
    """Linear, squared ReLU (arXiv 2109.08668), linear: (B, T, dim) -> (B, T, dim)."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.up = nn.Linear(config.dim, config.expansion * config.dim, bias=False)
        self.down = nn.Linear(config.expansion * config.dim, config.dim, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.down(F.relu(self.up(x)).square())


class Block(nn.Module):
    def __init__(self, config: Config) -> None:
        super().__init__()
        self.attention_norm = nn.RMSNorm(config.dim, eps=1e-6)
        self.attention = SelfAttention(config)
        self.mlp_norm = nn.RMSNorm(config.dim, eps=1e-6)
        self.mlp = MLP(config)

    def forward(self, x: Tensor, q_turn: Turn, k_turn: Turn) -> Tensor:
        x = x + self.attention(self.attention_norm(x), q_turn, k_turn)
        return x + self.mlp(self.mlp_norm(x))

    def explained(self, x: Tensor, q_turn: Turn, k_turn: Turn) -> tuple[Tensor, Tensor]:
        out, weights = self.attention.explained(self.attention_norm(x), q_turn, k_turn)
        x = x + out
        return x + self.mlp(self.mlp_norm(x)), weights


class PixelHead(nn.Module):
    """From what the Transformer knows before a patch to probabilities of its values, in order.

    Value i sees the values 0..i-1 of its own patch, so the patch's probability is exact. Each
    value is told in two steps, black or not and then which of the other 255, so that the 255
    logits are needed only where a pixel is not black: one in five of MNIST.
    """

    def __init__(self, config: Config) -> None:
        super().__init__()
        values, hidden = config.patch_values, config.head_dim_out
        self.norm = nn.RMSNorm(config.dim, eps=1e-6)
        self.context = nn.Linear(config.dim, values * hidden)
        # One row of blocks for each value; the mask keeps those of earlier values.
        self.inside = nn.Parameter(torch.empty(values, values * FEATURES, hidden))
        self.mix_norm = nn.RMSNorm(hidden, eps=1e-6)
        self.mix = nn.Linear(hidden, hidden)
        self.black = nn.Linear(hidden, 1)
        self.logits = nn.Linear(hidden, VALUES - 1)

    def refine(self, known: Tensor) -> Tensor:
        """What is known of a value, before and inside its patch, through two layers: the same
        shape (..., hidden)."""
        known = F.relu(known).square()
        # In float32 under autocast too: the fused norm takes no mixture of the two.
        return known + F.relu(self.mix(self.mix_norm(known.float()))).square()

    def features(self, h: Tensor, patches: Tensor) -> Tensor:
        """h (B, T, dim), patches (B, T, P) in 0..255 -> (B, T, P, hidden) for the two steps."""
        p = self.inside.shape[0]
        before = torch.ones(p, p, device=h.device).tril(-1).repeat_interleave(FEATURES, 1)
        described = describe(patches).flatten(-2)  # (B, T, P * FEATURES)
        weight = self.inside * before[:, :, None]  # (P, P * FEATURES, hidden)
        inside = described @ weight.transpose(0, 1).flatten(1)  # (B, T, P * hidden)
        return self.refine((self.context(self.norm(h)) + inside).unflatten(-1, (p, -1)))

    def log_probs(self, features: Tensor) -> Tensor:
        """(..., hidden) -> (..., 256) log-probabilities."""
        return two_steps(self.black(features).float(), self.logits(features).float())

    def nll(self, features: Tensor, patches: Tensor) -> Tensor:
        """features (B, T, P, hidden), patches (B, T, P) -> nats of each image (B,)."""
        if features.is_cuda:  # which would wait for the number of those that are not black
            return self.nll_of_all(features, patches)
        is_black = patches == 0
        black = self.black(features)[..., 0].float()  # (B, T, P)
        first = F.softplus(torch.where(is_black, -black, black)).flatten(1).sum(1)  # (B,)
        image, t, i = torch.nonzero(~is_black, as_tuple=True)  # (N,) each, N values that are not
        others = self.logits(features[image, t, i]).float()  # (N, 255)
        second = F.cross_entropy(others, patches[image, t, i] - 1, reduction="none")  # (N,)
        return first.index_add(0, image, second)

    def nll_of_all(self, features: Tensor, patches: Tensor) -> Tensor:
        """As `nll`, with the logits of all pixels, black or not: shapes that never change."""
        log_p = self.log_probs(features).flatten(0, 2)  # (B T P, 256)
        nats = F.nll_loss(log_p, patches.flatten(), reduction="none")
        return nats.view(len(patches), -1).sum(1)


def two_steps(black: Tensor, others: Tensor) -> Tensor:
    """Log-probabilities of all values from the logit of black (..., 1) and, for what is not, the
    logits of the others (..., V - 1): (..., V)."""
    return torch.cat([F.logsigmoid(black), F.logsigmoid(-black) + others.log_softmax(-1)], -1)


class Transformer(nn.Module):
    """See the module. Images in [0, 1] are rounded to 8 bits on their way in."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        rows, columns = config.grid
        self.start = nn.Embedding(config.classes + 1, config.dim)  # the last one is "any"
        if config.ways > 1:
            self.way = nn.Embedding(config.ways - 1, config.dim)  # of pictures not as they are
        self.patch = nn.Linear(config.patch_values * FEATURES, config.dim, bias=False)
        self.row = nn.Embedding(rows, config.dim)
        self.column = nn.Embedding(columns, config.dim)
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.layers))
        self.head = PixelHead(config)

    def initialise(self, generator: torch.Generator) -> None:
        """Draw all weights from `generator`: matrices normal with std 1/sqrt(fan in), what
        ends a residual branch zero (arXiv 2203.03466), gains one, biases zero.

        Each head starts with a taste for one neighbour of the patch that is drawn. From a start
        without one, a run spends its first ten thousand images on finding out that neighbours
        matter.
        """
        neighbours = torch.tensor([[0, -1], [-1, 0], [-1, -1], [-1, 1]]).float()  # row, column
        with torch.no_grad():
            for name, p in self.named_parameters():
                if name.endswith("norm.weight"):
                    p.fill_(1)
                elif name.endswith("place"):
                    head_dim = p.shape[-1]
                    place = torch.cat([torch.ones(head_dim // 2), torch.zeros(head_dim // 2)]) * 3
                    offsets = neighbours[torch.arange(p.shape[0]) % len(neighbours)]
                    turned = rotate(place.expand(len(offsets), -1), rotary(offsets, head_dim))
                    p.copy_(turned[:, None] if name.endswith("q_place") else place)
                elif p.dim() == 1 or name.endswith(("attention.out.weight", "mlp.down.weight")):
                    p.zero_()
                elif isinstance(self.get_submodule(name.rpartition(".")[0]), nn.Embedding):
                    p.copy_(torch.randn(p.shape, generator=generator) * 0.5)
                else:
                    fan_in = p.shape[1]
                    p.copy_(torch.randn(p.shape, generator=generator) / math.sqrt(fan_in))
            self.head.logits.weight.mul_(0.1)

    # Images, patches and labels

    @property
    def grid(self) -> tuple[int, int]:
        """Rows and columns of the patches."""
        return self.config.grid

    def tokens(self, images: Tensor) -> Tensor:
        """(N, C, H, W) in [0, 1] -> (N, T, P) int64 in 0..255."""
        c, (rows, columns), s = self.config.channels, self.grid, self.config.patch
        values = images.mul(VALUES - 1).round().long()
        values = values.view(-1, c, rows, s, columns, s).permute(0, 2, 4, 3, 5, 1)
        return values.reshape(-1, rows * columns, s * s * c)

    def images(self, tokens: Tensor) -> Tensor:
        """The inverse of `tokens`: (N, T, P) -> (N, C, H, W) float32 in [0, 1]."""
        c, (rows, columns), s = self.config.channels, self.grid, self.config.patch
        values = tokens.view(-1, rows, columns, s, s, c).permute(0, 5, 1, 3, 2, 4)
        return values.reshape(-1, c, rows * s, columns * s).float() / (VALUES - 1)

    def label_indices(self, labels: Sequence[int | None]) -> Tensor:
        """Class indices, None for any -> (N,) int64 into the start embedding."""
        any_class = self.config.classes
        indices = [any_class if label is None else label for label in labels]
        return torch.tensor(indices, device=self.start.weight.device)

    # The sequence

    def turns(self, device: torch.device | None = None) -> tuple[Turn, Turn]:
        """Rotations of queries (the place drawn) and keys (the place held; the start token is
        up and to the left of everything)."""
        rows, columns = self.grid
        t = torch.arange(self.config.length, device=device)
        drawn = torch.stack([t // columns, t % columns], -1).float()  # (T, 2)
        held = torch.cat([torch.full((1, 2), -1.0, device=device), drawn[:-1]])  # (T, 2)
        head_dim = self.config.dim // self.config.heads
        return rotary(drawn, head_dim), rotary(held, head_dim)

    def embed(
        self,
        patches: Tensor,
        labels: Tensor,
        ways: Tensor | None = None,
        read: Tensor | None = None,
    ) -> Tensor:
        """patches (B, T, P), labels (B,) -> (B, T, dim): at t the patch t-1, or the start token,
        and the place of patch t, which it predicts. `ways` (B,) says how each picture was turned,
        `read` (B, T) is False at patches that the model cannot see."""
        rows, columns = self.grid
        start = self.start(labels)  # (B, dim)
        if ways is not None:
            start = start + F.pad(self.way.weight, (0, 0, 1, 0))[ways]
        held = self.patch(describe(patches[:, :-1]).flatten(-2))  # (B, T - 1, dim)
        if read is not None:
            held = held * read[:, :-1, None]
        x = torch.cat([start[:, None], held], 1)  # (B, T, dim)
        place = self.row.weight[:, None] + self.column.weight  # (rows, columns, dim)
        return x + place.flatten(0, 1)

    def hidden(self, x: Tensor) -> Tensor:
        """Through the blocks, from what `embed` makes: (B, T, dim) -> (B, T, dim), at t what is
        known before patch t."""
        q_turn, k_turn = self.turns(x.device)
        for block in self.blocks:
            x = block(x, q_turn, k_turn)
        return x

    def forward(self, patches: Tensor, labels: Tensor) -> Tensor:
        """patches (B, T, P) int64 in 0..255, labels (B,) -> log-probabilities (B, T, P, 256);
        those of a value depend on what stands before it alone."""
        known = self.hidden(self.embed(patches, labels))
        return self.head.log_probs(self.head.features(known, patches))

    def nll(self, patches: Tensor, labels: Tensor, *told: Tensor | None) -> Tensor:
        """Negative log-likelihood in nats, one number an image: (B,). Exact, by the chain rule.
        What else is `told` in training, `embed` says."""
        known = self.hidden(self.embed(patches, labels, *told))
        return self.head.nll(self.head.features(known, patches), patches)

    @torch.inference_mode()
    def log_prob(self, images: Tensor, labels: Sequence[int | None]) -> Tensor:
        """log p(image | label) in nats over 8-bit values: (N, C, H, W) in [0, 1] -> (N,).
        Bits/dim is -log_prob / (C H W log 2)."""
        return -self.nll(self.tokens(images), self.label_indices(labels))

    @torch.inference_mode()
    def log_prob_turned(
        self, images: Tensor, labels: Sequence[int | None], ways: int = SHIFTS
    ) -> Tensor:
        """As `log_prob`, of the mixture that first chooses one of the first `ways` ways of
        `turnings`, each as often, draws a picture so turned, and turns it back: (N,). A picture
        is likely if it is in any of them. Exact, too: a turn back moves values and changes none.

        Raises ValueError for more ways than the model was told of."""
        if not 1 <= ways <= self.config.ways:
            raise ValueError(f"ways is 1 to {self.config.ways}, not {ways}")
        table = turnings(*self.config.media_shape[1:]).to(images.device)
        indices, found = self.label_indices(labels), []
        for number in range(ways):
            way = torch.full_like(indices, number)
            turned = turn(images, way, table)
            found.append(-self.nll(self.tokens(turned), indices, way))
        return torch.stack(found).logsumexp(0) - math.log(ways)

    @torch.inference_mode()
    def surprise(self, images: Tensor, labels: Sequence[int | None]) -> Tensor:
        """See `aigc.models.Surprises`: (N, C, H, W) -> (N, T), which add up to -log_prob."""
        patches = self.tokens(images)  # (N, T, P)
        logits = self(patches, self.label_indices(labels)).float()  # (N, T, P, 256)
        nats = F.cross_entropy(logits.flatten(0, 2), patches.flatten(), reduction="none")
        return nats.view(patches.shape).sum(2) / math.log(2)

    # Generation with a key/value cache

    @torch.inference_mode()
    def _steps(
        self,
        generators: Sequence[torch.Generator],
        labels: Sequence[int | None],
        temperature: float,
        given: Tensor | None = None,
    ) -> Iterator[Tensor]:
        """The tokens (N, T, P) after each step; one tensor, filled in place. The first are those
        of `given` (G, P), where there is such a beginning."""
        if not temperature >= 0:
            raise ValueError(f"a temperature is 0 or more, not {temperature}")
        length, p = self.config.length, self.config.patch_values
        # Every draw of a picture comes from its own generator, at once: the picture is the same
        # in whatever batch it is drawn.
        device = self.start.weight.device
        noise = torch.stack([torch.rand(length, p, generator=g) for g in generators]).to(device)
        tokens = torch.zeros(len(generators), length, p, dtype=torch.long, device=device)
        stepper = Stepper(self, self.label_indices(labels))
        for t in range(length):
            known = stepper.look(t)  # (N, P, hidden)
            for i in range(p):
                if given is not None and t < len(given):
                    tokens[:, t, i] = given[t, i]
                else:
                    logits = stepper.logits(known[:, i])  # (N, 256)
                    tokens[:, t, i] = draw_value(logits, noise[:, t, i], temperature)
                stepper.put(known, i, tokens[:, t, i])
            yield tokens

    def draw(
        self,
        generators: Sequence[torch.Generator],
        labels: Sequence[int | None],
        temperature: float = 1.0,
    ) -> Iterator[Tensor]:
        """See `aigc.models.Draws`: yields (N, C, H, W) after each row of patches."""
        for t, tokens in enumerate(self._steps(generators, labels, temperature)):
            if (t + 1) % self.grid[1] == 0:
                yield self.images(tokens)

    def sample(
        self,
        generators: Sequence[torch.Generator],
        labels: Sequence[int | None],
        temperature: float = 1.0,
    ) -> Tensor:
        """See `aigc.models.Samples`."""
        *_, images = self.draw(generators, labels, temperature)
        return images

    def complete(
        self,
        image: Tensor,
        rows: int,
        generators: Sequence[torch.Generator],
        labels: Sequence[int | None],
        temperature: float = 1.0,
    ) -> Tensor:
        """See `aigc.models.Completes`."""
        *_, images = self.completing(image, rows, generators, labels, temperature)
        return images

    def completing(
        self,
        image: Tensor,
        rows: int,
        generators: Sequence[torch.Generator],
        labels: Sequence[int | None],
        temperature: float = 1.0,
    ) -> Iterator[Tensor]:
        """See `aigc.models.Completes`."""
        rows_there, columns = self.grid
        if not 0 <= rows <= rows_there:
            raise ValueError(f"rows is 0 to {rows_there}, not {rows}")
        given = self.tokens(image[None])[0, : rows * columns]  # (G, P)
        for t, tokens in enumerate(self._steps(generators, labels, temperature, given), 1):
            drawn = t > len(given) and t % columns == 0
            if drawn or t == self.config.length:
                yield self.images(tokens)

    # Looking inside

    @torch.inference_mode()
    def predict(self, images: Tensor, labels: Sequence[int | None]) -> Tensor:
        """See `aigc.models.Predicts`: (N, C, H, W) -> (N, T, P, 256)."""
        return self(self.tokens(images), self.label_indices(labels)).exp()

    @torch.inference_mode()
    def scores(
        self, image: Tensor, label: int | None, layer: int, head: int
    ) -> tuple[Tensor, Tensor, Tensor]:
        """See `aigc.models.Scores`."""
        if not (0 <= layer < self.config.layers and 0 <= head < self.config.heads):
            raise ValueError(f"there is no head {head} in layer {layer}")
        q_turn, k_turn = self.turns()
        x = self.embed(self.tokens(image[None]), self.label_indices([label]))
        blocks = cast("list[Block]", self.blocks)
        for block in blocks[:layer]:
            x = block(x, q_turn, k_turn)
        block = blocks[layer]
        q, k, v = block.attention.project(block.attention_norm(x), q_turn, k_turn)
        return q[0, head], k[0, head], v[0, head]  # (T, head_dim) each

    def muted(self, heads: Sequence[tuple[int, int]]) -> Transformer:
        """See `aigc.models.Mutes`. What a head found goes into the sum through its own columns of
        the matrix behind; here these are zero."""
        other = copy.deepcopy(self)
        for layer, head in heads:
            if not (0 <= layer < self.config.layers and 0 <= head < self.config.heads):
                raise ValueError(f"there is no head {head} in layer {layer}")
            attention = cast(Block, other.blocks[layer]).attention
            columns = slice(head * attention.head_dim, (head + 1) * attention.head_dim)
            with torch.no_grad():
                attention.out.weight[:, columns] = 0
        return other

    @torch.inference_mode()
    def attention(self, images: Tensor, labels: Sequence[int | None]) -> Tensor:
        """See `aigc.models.Attends`: (N, C, H, W) -> (N, layers, heads, T, T)."""
        q_turn, k_turn = self.turns()
        x = self.embed(self.tokens(images), self.label_indices(labels))
        maps = []
        for block in cast("list[Block]", self.blocks):
            x, weights = block.explained(x, q_turn, k_turn)
            maps.append(weights)
        return torch.stack(maps, 1)


class Stepper:
    """The sequence one patch at a time: the same logits as `Transformer.forward`, but each step
    costs one position, since keys and values of the earlier ones are kept.

    At this size an operation costs more to start than to compute, so there are few: queries and
    keys go through their norm and their turn together, the gains of the other norms are folded
    into the matrices behind them, and what a pixel value adds is looked up in a table.
    """

    def __init__(self, model: Transformer, labels: Tensor) -> None:
        config, n, device = model.config, len(labels), model.start.weight.device
        self.heads, self.head_dim = config.heads, config.dim // config.heads
        rows, columns = config.grid
        (q_cos, q_sin), (k_cos, k_sin) = model.turns(device)
        cos, sin = torch.stack([q_cos, k_cos], 1), torch.stack([q_sin, k_sin], 1)
        # x cos + swapped x sin, with the halves of a pair swapped and one sign turned.
        self.cos = torch.cat([cos, cos], -1)[:, :, None]  # (T, 2, 1, head_dim)
        self.sin = torch.cat([-sin, sin], -1)[:, :, None]
        self.places = (model.row.weight[:, None] + model.column.weight).flatten(0, 1)  # (T, dim)
        self.cache = torch.empty(
            config.layers, 2, n, config.heads, config.length, self.head_dim, device=device
        )  # keys and values of every layer
        self.layers = []
        for block in cast("list[Block]", model.blocks):
            attention, mlp = block.attention, block.mlp
            self.layers.append(
                (
                    attention.qkv.weight * block.attention_norm.weight,
                    torch.stack([attention.q_place, attention.k_place]).squeeze(2),
                    torch.stack([attention.q_norm.weight, attention.k_norm.weight])[:, None],
                    attention.out.weight,
                    mlp.up.weight * block.mlp_norm.weight,
                    mlp.down.weight,
                )
            )
        head, p = model.head, config.patch_values
        self.context = head.context.weight * head.norm.weight
        self.context_bias = head.context.bias
        self.mix, self.mix_bias = head.mix.weight * head.mix_norm.weight, head.mix.bias
        self.last = torch.cat([head.black.weight, head.logits.weight])  # (256, hidden)
        self.last_bias = torch.cat([head.black.bias, head.logits.bias])
        described = describe(torch.arange(VALUES, device=device))  # (256, FEATURES)
        inside = head.inside.unflatten(1, (p, FEATURES))  # (P, P, FEATURES, hidden): to, from
        # What value v of pixel j adds to the later pixels of its patch, and to the next step.
        self.within = [described @ inside[j + 1 :, j] for j in range(p)]  # (P - 1 - j, 256, hidden)
        self.patch = (described @ model.patch.weight.T.unflatten(0, (p, FEATURES))).unbind()
        self.x = model.start(labels)  # (N, dim), grows into the input of the next step

    def look(self, t: int) -> Tensor:
        """What is known of the values of patch t before the first is drawn: (N, P, hidden)."""
        h, n = self.x + self.places[t], len(self.x)
        cos, sin = self.cos[t], self.sin[t]
        for cache, (qkv, place, gain, out, up, down) in zip(self.cache, self.layers):
            q_k_v = F.linear(normalised(h), qkv).view(n, 3, self.heads, self.head_dim)
            q_k = normalised(q_k_v[:, :2] + place) * gain  # (N, 2, heads, head_dim)
            a, b = q_k.chunk(2, -1)
            q_k = torch.addcmul(q_k * cos, torch.cat([b, a], -1), sin)
            cache[0, :, :, t], cache[1, :, :, t] = q_k[:, 1], q_k_v[:, 2]
            k, v = cache[:, :, :, : t + 1]  # (N, heads, t + 1, head_dim) each
            seen, _ = scaled_dot_product_attention(q_k[:, 0, :, None], k, v)
            h = h + F.linear(seen.flatten(1), out)
            h = h + F.linear(F.relu(F.linear(normalised(h), up)).square(), down)  # (N, dim)
        self.x = torch.zeros_like(h)
        known = F.linear(normalised(h), self.context, self.context_bias)
        return known.view(n, len(self.within), -1)

    def logits(self, known: Tensor) -> Tensor:
        """(N, hidden) of one pixel, all earlier ones put -> log-probabilities (N, 256)."""
        known = F.relu(known).square()
        known = known + F.relu(F.linear(normalised(known), self.mix, self.mix_bias)).square()
        found = F.linear(known, self.last, self.last_bias)
        return two_steps(found[:, :1], found[:, 1:])

    def put(self, known: Tensor, i: int, values: Tensor) -> None:
        """Pixel i of this patch is values (N,): tell the later pixels and the next step."""
        known[:, i + 1 :] += self.within[i][:, values].transpose(0, 1)
        self.x += self.patch[i][values]


def normalised(x: Tensor) -> Tensor:
    """RMSNorm without a gain, over the last dimension."""
    return x * (x.square().mean(-1, keepdim=True) + 1e-6).rsqrt()


def draw_value(logits: Tensor, noise: Tensor, temperature: float) -> Tensor:
    """One value by inverting the cumulative distribution: logits (N, V), noise (N,) in [0, 1) ->
    (N,) int64. Temperature divides the logits; 0 takes the likeliest."""
    if temperature == 0:
        return logits.argmax(-1)
    cumulative = (logits.double() / temperature).softmax(-1).cumsum(-1)  # (N, V)
    cumulative = cumulative / cumulative[:, -1:]
    return torch.searchsorted(cumulative, noise.double()[:, None], right=True)[:, 0].clamp(
        max=logits.shape[-1] - 1
    )


Transformer.Config = Config  # type: ignore[attr-defined]  # where FAMILIES look for it
