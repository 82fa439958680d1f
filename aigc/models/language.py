"""Self-attention for text: a decoder-only Transformer that writes one character after another.

Vaswani et al. 2017 (arXiv 1706.03762), in the form of Radford et al. 2018 (GPT). The model says
how likely each symbol is as the next one, given all that stand before; the product of these is
the exact likelihood of a text.

    start token (class) -> symbol 0 -> symbol 1 -> ... -> symbol T-1

Position t of the sequence holds symbol t-1 (position 0 the start token) and predicts symbol t.
A text is a row of indices into the symbols of `aigc.media.TextMedia`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

Turn = tuple[Tensor, Tensor]  # cosines and sines of `rotary`


@dataclass(frozen=True)
class Config:
    symbols: int = 65
    length: int = 256
    end: int = 0
    """The symbol that ends a text; 0 where texts go on."""
    classes: int = 0
    layers: int = 6
    heads: int = 5
    dim: int = 160
    expansion: int = 4

    def __post_init__(self) -> None:
        for name, low, high in (
            ("symbols", 2, 20_000), ("length", 2, 4096), ("end", 0, self.symbols - 1),
            ("classes", 0, 1000), ("layers", 1, 48), ("heads", 1, 32), ("dim", 8, 2048),
            ("expansion", 1, 8),
        ):  # fmt: skip
            value = getattr(self, name)
            if not isinstance(value, int) or not low <= value <= high:
                raise ValueError(f"language: {name} is {low} to {high}, not {value!r}")
        if self.dim % (2 * self.heads):
            raise ValueError("language: dim is a multiple of 2 x heads (rotary positions)")

    @property
    def media_shape(self) -> tuple[int, int, int]:
        return self.symbols, self.length, self.end


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


def rotary(length: int, head_dim: int, device: torch.device | None = None) -> Turn:
    """Cosines and sines (length, head_dim / 2) of rotary positions (Su et al. 2021, arXiv
    2104.09864): each pair turns with the position, at a speed of its own."""
    pairs = head_dim // 2
    speed = 1000 ** -(torch.arange(pairs, device=device) / pairs)  # (pairs,) radians a symbol
    angles = torch.arange(length, device=device)[:, None] * speed  # (length, pairs)
    return angles.cos(), angles.sin()


def rotate(x: Tensor, turn: Turn) -> Tensor:
    """Turn each pair of (..., T, head_dim) by the angles of `rotary`."""
    cos, sin = turn
    a, b = x.chunk(2, -1)  # (..., T, head_dim / 2) each
    return torch.cat([a * cos - b * sin, a * sin + b * cos], -1)


def bfloat16_attention(q: Tensor, k: Tensor, v: Tensor) -> Tensor:
    """Causal attention (B, heads, T, d_k) for training on a processor that computes in bfloat16,
    where the fused kernel takes longer (docs/experiments.md)."""
    q, k, v = (x.to(torch.bfloat16) for x in (q / math.sqrt(q.shape[-1]), k, v))
    future = torch.full((q.shape[-2],) * 2, -math.inf, dtype=torch.bfloat16).triu(1)  # (T, T)
    scores = q @ k.transpose(-2, -1) + future  # (B, heads, T, T)
    return scores.softmax(-1, dtype=torch.bfloat16) @ v


class SelfAttention(nn.Module):
    """Multi-head causal self-attention with normalised queries and keys (arXiv 2010.04245)."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.heads = config.heads
        self.head_dim = config.dim // config.heads
        self.qkv = nn.Linear(config.dim, 3 * config.dim, bias=False)
        self.out = nn.Linear(config.dim, config.dim, bias=False)
        self.q_norm = nn.RMSNorm(self.head_dim, eps=1e-6)
        self.k_norm = nn.RMSNorm(self.head_dim, eps=1e-6)

    def project(self, x: Tensor, turn: Turn) -> tuple[Tensor, Tensor, Tensor]:
        """(B, T, dim) -> q, k, v, each (B, heads, T, head_dim)."""
        b, t, _ = x.shape
        q, k, v = self.qkv(x).view(b, t, 3, self.heads, self.head_dim).permute(2, 0, 3, 1, 4)
        # In float32 under autocast too: the fused norm takes no mixture of the two.
        q, k = self.q_norm(q.float()), self.k_norm(k.float())
        return rotate(q, turn), rotate(k, turn), v

    def merge(self, heads: Tensor) -> Tensor:
        """(B, heads, T, head_dim) -> (B, T, dim)."""
        b, _, t, _ = heads.shape
        return self.out(heads.transpose(1, 2).reshape(b, t, -1))

    def forward(self, x: Tensor, turn: Turn) -> Tensor:
        q, k, v = self.project(x, turn)
        if x.device.type == "cpu" and torch.is_autocast_enabled("cpu"):
            return self.merge(bfloat16_attention(q, k, v))
        return self.merge(F.scaled_dot_product_attention(q, k, v, is_causal=True))

    def explained(self, x: Tensor, turn: Turn) -> tuple[Tensor, Tensor]:
        """The same output, and the weights (B, heads, T, T)."""
        q, k, v = self.project(x, turn)
        seen = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool, device=x.device).tril()
        out, weights = scaled_dot_product_attention(q, k, v, seen)
        return self.merge(out), weights

    def step(self, x: Tensor, turn: Turn, cache: Tensor, t: int) -> Tensor:
        """Positions t, t + 1 .. alone, x (B, T, dim); cache (2, B, heads, length, head_dim) holds
        the keys and values before t and gets theirs."""
        end = t + x.shape[1]
        q, k, v = self.project(x, (turn[0][t:end], turn[1][t:end]))
        cache[0, :, :, t:end], cache[1, :, :, t:end] = k, v
        keys, values = cache[:, :, :, :end]  # (B, heads, t + T, head_dim) each
        # A single position sees all there is.
        seen = None if x.shape[1] == 1 else torch.ones(end - t, end, dtype=torch.bool).tril(t)
        return self.merge(scaled_dot_product_attention(q, keys, values, seen)[0])


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

    def forward(self, x: Tensor, turn: Turn) -> Tensor:
        x = x + self.attention(self.attention_norm(x), turn)
        return x + self.mlp(self.mlp_norm(x))

    def explained(self, x: Tensor, turn: Turn) -> tuple[Tensor, Tensor]:
        out, weights = self.attention.explained(self.attention_norm(x), turn)
        x = x + out
        return x + self.mlp(self.mlp_norm(x)), weights

    def step(self, x: Tensor, turn: Turn, cache: Tensor, t: int) -> Tensor:
        x = x + self.attention.step(self.attention_norm(x), turn, cache, t)
        return x + self.mlp(self.mlp_norm(x))


class LanguageModel(nn.Module):
    """See the module."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        self.start = nn.Embedding(config.classes + 1, config.dim)  # the last one is "any"
        self.symbol = nn.Embedding(config.symbols, config.dim)
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.layers))
        self.norm = nn.RMSNorm(config.dim, eps=1e-6)
        self.logits = nn.Linear(config.dim, config.symbols)

    def initialise(self, generator: torch.Generator) -> None:
        """Draw all weights from `generator`: matrices normal with std 1/sqrt(fan in), what ends a
        residual branch zero (arXiv 2203.03466), gains one, biases zero."""
        with torch.no_grad():
            for name, p in self.named_parameters():
                if name.endswith("norm.weight"):
                    p.fill_(1)
                elif p.dim() == 1 or name.endswith(("attention.out.weight", "mlp.down.weight")):
                    p.zero_()
                elif name in ("start.weight", "symbol.weight"):
                    p.copy_(torch.randn(p.shape, generator=generator) * 0.5)
                else:
                    p.copy_(torch.randn(p.shape, generator=generator) / math.sqrt(p.shape[1]))
            self.logits.weight.mul_(0.1)

    def label_indices(self, labels: Sequence[int | None]) -> Tensor:
        """Class indices, None for any -> rows of `start`, (N,)."""
        indices = [self.config.classes if i is None else i for i in labels]
        return torch.tensor(indices, device=self.symbol.weight.device)

    def turn(self, device: torch.device | None = None) -> Turn:
        return rotary(self.config.length, self.config.dim // self.config.heads, device)

    def embed(self, texts: Tensor, labels: Tensor) -> Tensor:
        """texts (B, T), labels (B,) -> (B, T, dim): at t the symbol t-1, or the start token."""
        return torch.cat([self.start(labels)[:, None], self.symbol(texts[:, :-1])], 1)

    def features(self, texts: Tensor, labels: Tensor) -> Tensor:
        """texts (B, T) int64, T up to `length`, labels (B,) -> what is known before each symbol,
        (B, T, dim)."""
        cos, sin = self.turn(texts.device)
        x = self.embed(texts, labels)
        for block in self.blocks:
            x = block(x, (cos[: x.shape[1]], sin[: x.shape[1]]))
        return self.norm(x.float())

    def forward(self, texts: Tensor, labels: Tensor) -> Tensor:
        """texts (B, T) int64, T up to `length`, labels (B,) -> log-probabilities (B, T, symbols);
        those at t depend on what stands before t alone."""
        return self.logits(self.features(texts, labels)).float().log_softmax(-1)

    def nll(self, texts: Tensor, labels: Tensor, seen: Tensor | None = None) -> Tensor:
        """Negative log-likelihood of each symbol in nats: (B, T), 0 behind the end of a text.
        Exact, by the chain rule. `seen` (B, T), for training: what the model looks at in place of
        `texts`."""
        counted = self.counted(texts)
        known = self.features(texts if seen is None else seen, labels)[counted]  # (S, dim)
        nats = F.cross_entropy(self.logits(known).float(), texts[counted], reduction="none")
        return torch.zeros(texts.shape, device=texts.device).masked_scatter(counted, nats)

    @torch.inference_mode()
    def text_nats(self, texts: Tensor, labels: Sequence[int | None]) -> Tensor:
        """-log p of each symbol given what stands before it in its row, in nats: (N, T) indices,
        T up to `length` -> (N, T)."""
        return self.nll(texts, self.label_indices(labels))

    def counted(self, texts: Tensor) -> Tensor:
        """(B, T) -> True for the symbols of each text up to the one that ends it, False for what
        fills its row: (B, T)."""
        if not self.config.end:
            return torch.ones_like(texts, dtype=torch.bool)
        ends = texts == self.config.end
        return ends.cumsum(1) - ends.long() == 0

    # Writing with a key/value cache

    @torch.inference_mode()
    def write(
        self,
        generators: Sequence[torch.Generator],
        labels: Sequence[int | None],
        temperature: float = 1.0,
        prompt: Tensor | None = None,
        length: int = 0,
        top_k: int = 0,
        top_p: float = 1.0,
    ) -> Iterator[Tensor]:
        """See `aigc.models.Writes`. When the context is full, its later half is read again and
        the text goes on from there. It stops early when all texts have ended."""
        if not temperature >= 0:
            raise ValueError(f"a temperature is 0 or more, not {temperature}")
        n, context, device = len(generators), self.config.length, self.symbol.weight.device
        given = torch.zeros(0, dtype=torch.long) if prompt is None else prompt
        length = length or context
        # Every draw of a text comes from its own generator, at once: the text is the same in
        # whatever batch it is written.
        noise = torch.stack([torch.rand(length, generator=g) for g in generators]).to(device)
        text = F.pad(given.to(device).expand(n, -1), (0, length))  # (N, given and length)
        turn, first = self.turn(device), max(0, len(given) - context + 1)
        starts = self.start(self.label_indices(labels))[:, None]  # (N, 1, dim)
        size = len(self.blocks), 2, n, self.config.heads, context
        cache = torch.empty(*size, self.config.dim // self.config.heads, device=device)
        ended = torch.zeros(n, dtype=torch.bool, device=device)
        position = 0  # in the context, whose first symbol is text[:, first]
        for t in range(length):
            known = len(given) + t
            if known - first >= context:
                first, position = known - context // 2, 0
            # One symbol, or all at once: of the prompt, or when the context begins anew.
            x = self.symbol(text[:, first + max(position, 1) - 1 : known])  # (N, T, dim)
            x = torch.cat([starts, x], 1) if position == 0 else x
            for block, kept in zip(cast("list[Block]", self.blocks), cache):
                x = block.step(x, turn, kept, position)
            position = known - first + 1
            logits = self.logits(self.norm(x[:, -1]))
            logits[:, 0] = -math.inf  # UNKNOWN is for reading: a text has no holes
            drawn = draw_symbol(keep_likely(logits, top_k, top_p), noise[:, t], temperature)
            text[:, known] = drawn.masked_fill(ended, self.config.end)
            ended |= (drawn == self.config.end) & (self.config.end > 0)
            yield text[:, : known + 1]
            if self.config.end and ended.all():
                break

    def draw(
        self,
        generators: Sequence[torch.Generator],
        labels: Sequence[int | None],
        temperature: float = 1.0,
    ) -> Iterator[Tensor]:
        """See `aigc.models.Draws`: yields (N, t) after each symbol."""
        return self.write(generators, labels, temperature)

    def sample(
        self,
        generators: Sequence[torch.Generator],
        labels: Sequence[int | None],
        temperature: float = 1.0,
    ) -> Tensor:
        """See `aigc.models.Samples`: texts of one context, (N, length)."""
        *_, texts = self.draw(generators, labels, temperature)
        return F.pad(texts, (0, self.config.length - texts.shape[1]), value=self.config.end)

    # Looking inside

    @property
    def grid(self) -> tuple[int, int]:
        """A text is one row of up to `length` symbols."""
        return 1, self.config.length

    def tokens(self, texts: Tensor) -> Tensor:
        """(N, T) -> (N, T, 1): a token is a symbol."""
        return texts[..., None]

    @torch.inference_mode()
    def attention(self, texts: Tensor, labels: Sequence[int | None]) -> Tensor:
        """See `aigc.models.Attends`: (N, T) -> (N, layers, heads, T, T)."""
        cos, sin = self.turn()
        x = self.embed(texts, self.label_indices(labels))
        maps = []
        for block in cast("list[Block]", self.blocks):
            x, found = block.explained(x, (cos[: x.shape[1]], sin[: x.shape[1]]))
            maps.append(found)
        return torch.stack(maps, 1)

    @torch.inference_mode()
    def scores(
        self, text: Tensor, label: int | None, layer: int, head: int
    ) -> tuple[Tensor, Tensor, Tensor]:
        """See `aigc.models.Scores`: a text (T,)."""
        if not (0 <= layer < self.config.layers and 0 <= head < self.config.heads):
            raise ValueError(f"there is no head {head} in layer {layer}")
        cos, sin = self.turn()
        turn = cos[: len(text)], sin[: len(text)]
        x = self.embed(text[None], self.label_indices([label]))
        blocks = cast("list[Block]", self.blocks)
        for block in blocks[:layer]:
            x = block(x, turn)
        block = blocks[layer]
        q, k, v = block.attention.project(block.attention_norm(x), turn)
        return q[0, head], k[0, head], v[0, head]  # (T, head_dim) each

    @torch.inference_mode()
    def expect(self, texts: Tensor, labels: Sequence[int | None]) -> Tensor:
        """See `aigc.models.Expects`: (N, T) -> (N, T, symbols)."""
        return self(texts, self.label_indices(labels))

    def surprise(self, texts: Tensor, labels: Sequence[int | None]) -> Tensor:
        """See `aigc.models.Surprises`: (N, T) -> (N, T), in bits."""
        return self.text_nats(texts, labels) / math.log(2)


def keep_likely(logits: Tensor, top_k: int, top_p: float) -> Tensor:
    """Logits (N, V) with -inf for all but the `top_k` likeliest (0: all), and of those for all but
    the fewest whose probabilities reach `top_p` together (Holtzman et al. 2019, arXiv 1904.09751).
    """
    if 0 < top_k < logits.shape[-1]:
        least = logits.topk(top_k, -1).values[:, -1:]  # (N, 1)
        logits = logits.masked_fill(logits < least, -math.inf)
    if top_p < 1:
        ordered, order = logits.sort(stable=True, dim=-1, descending=True)
        probabilities = ordered.softmax(-1)
        before = probabilities.cumsum(-1) - probabilities  # of all likelier ones
        dropped = torch.zeros_like(before, dtype=torch.bool).scatter(-1, order, before >= top_p)
        dropped.scatter_(-1, order[:, :1], False)  # the likeliest stays whatever top_p is
        logits = logits.masked_fill(dropped, -math.inf)
    return logits


def draw_symbol(logits: Tensor, noise: Tensor, temperature: float) -> Tensor:
    """One symbol by inverting the cumulative distribution: logits (N, V), noise (N,) in [0, 1) ->
    (N,) int64. Temperature divides the logits; 0 takes the likeliest."""
    if temperature == 0:
        return logits.argmax(-1)
    cumulative = (logits.double() / temperature).softmax(-1).cumsum(-1)  # (N, V)
    target = noise.double()[:, None] * cumulative[:, -1:]
    found = torch.searchsorted(cumulative, target, right=True)[:, 0]
    return found.clamp(max=logits.shape[-1] - 1)


LanguageModel.Config = Config  # type: ignore[attr-defined]  # where FAMILIES look for it
