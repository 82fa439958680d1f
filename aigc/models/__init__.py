"""The families, and the capabilities by which the rest of the project asks for them.

A capability is a Protocol: whoever has the methods has the capability. A tab, an endpoint or an
evaluation asks `capabilities(model)` and never for the family.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor

from aigc.models.attention import Transformer
from aigc.models.classifier import Classifier
from aigc.models.gan import GAN
from aigc.models.language import LanguageModel
from aigc.models.vae import VAE, Ladder

# Any: a family is asked for its capabilities, which its class does not promise by type.
FAMILIES: dict[str, Any] = {
    "gan": GAN,
    "vae": VAE,
    "ladder": Ladder,
    "attention": Transformer,
    "language": LanguageModel,
    "classifier": Classifier,
}


@runtime_checkable
class Samples(Protocol):
    """Makes media from nothing but randomness."""

    def sample(
        self,
        generators: Sequence[torch.Generator],
        labels: Sequence[int | None],
        temperature: float = 1.0,
    ) -> Tensor:
        """One picture or text per generator, drawn from that generator alone: (N, C, H, W) in
        [0, 1], or (N, T) symbols.

        `labels[i]` is a class index or None for any class. `temperature` >= 0; 1 is the model's
        own distribution, less is more typical and less varied. Raises ValueError for one below 0.
        """


@runtime_checkable
class Draws(Protocol):
    """Makes media piece by piece, and can be watched."""

    def draw(
        self,
        generators: Sequence[torch.Generator],
        labels: Sequence[int | None],
        temperature: float = 1.0,
    ) -> Iterator[Tensor]:
        """Like `sample`, but yields the whole batch after each row of patches, the part that is
        not drawn yet black, or after each symbol, as far as it is written; the last one equals
        `sample`'s result."""


@runtime_checkable
class Writes(Protocol):
    """Goes on from a beginning, symbol by symbol."""

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
        """`length` symbols (0: as many as the model sees at once) after the `prompt` (P,), which
        all texts share: yields (N, P + 1), (N, P + 2) and so on, each symbol from the text's own
        generator. Of a prompt longer than the model sees at once the last part counts. `top_k`
        (0: all) and `top_p` in (0, 1] leave only the likeliest symbols to choose from."""


@runtime_checkable
class Decodes(Protocol):
    """Turns a point of a latent space into media."""

    def prior(
        self, generator: torch.Generator, label: int | None, temperature: float = 1.0
    ) -> tuple[Tensor, Tensor]:
        """One latent (L,) from the prior, scaled by `temperature`, and the condition (K,) that
        goes with it: weights over classes, which may be mixed."""

    def decode(self, latents: Tensor, conditions: Tensor) -> Tensor:
        """(N, L) and (N, K) -> (N, C, H, W) in [0, 1]."""


@runtime_checkable
class Encodes(Protocol):
    """Finds the latents that a picture may have come from."""

    def condition(self, label: int | None) -> Tensor:
        """The condition (K,) of one class, or of any."""

    def encode(self, images: Tensor, conditions: Tensor) -> tuple[Tensor, Tensor]:
        """(N, C, H, W) in [0, 1] and (N, K) -> mean and log-variance of q(z|x), (N, L) each."""

    def elbo(
        self, x: Tensor, conditions: Tensor, generator: torch.Generator
    ) -> tuple[Tensor, Tensor]:
        """The terms of the bound in nats: (N, C, H, W) in [0, 1] and (N, K) -> -log p(x|z) for
        one z of q(z|x), (N,), and the KL of each latent, (N, L)."""


@runtime_checkable
class Levels(Protocol):
    """Has a latent in levels, of which the upper can be kept and the rest drawn again."""

    @property
    def levels(self) -> list[int]:
        """How many numbers each level has, from the top down; L together. A latent (L,) holds
        them in that order."""

    def redraw(
        self,
        latents: Tensor,
        keep: int,
        generators: Sequence[torch.Generator],
        temperature: float = 1.0,
    ) -> Tensor:
        """Keep the upper `keep` levels of latents (N, L) and draw all others from the prior, each
        row from its own generator: (N, L). 0 keeps nothing, as many as there are keep all; other
        numbers raise ValueError."""


@runtime_checkable
class Discriminates(Protocol):
    """Tells real pictures from made ones."""

    def condition(self, label: int | None) -> Tensor:
        """The condition (K,) of one class, or of none in particular."""

    def discriminate(self, images: Tensor, conditions: Tensor) -> Tensor:
        """(N, C, H, W) in [0, 1], (N, K) -> logits (N,), the higher the more real. A gradient
        may flow back into the images."""


@runtime_checkable
class Projects(Protocol):
    """Finds latents of a picture by optimisation, where there is no encoder."""

    def condition(self, label: int | None) -> Tensor:
        """The condition (K,) of one class, or of none in particular."""

    def project(
        self,
        image: Tensor,
        conditions: Tensor,
        generators: Sequence[torch.Generator],
        steps: int,
    ) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        """One picture (C, H, W) in [0, 1], R conditions (R, K), each with the generator that its
        search begins from. Yields, after each of `steps` steps, the latents (R, L), their pictures
        (R, C, H, W) in [0, 1] before that step, and what was made small, (R,), the less the
        better."""


@runtime_checkable
class Attends(Protocol):
    """Makes a picture or a text as a sequence, and shows where each step looked."""

    @property
    def grid(self) -> tuple[int, int]:
        """Rows and columns of the patches; the sequence goes through them row by row. A text is
        one row of up to so many symbols."""

    def tokens(self, made: Tensor) -> Tensor:
        """(N, C, H, W) in [0, 1] -> the sequence, (N, T, values of a patch) int64 in 0..255; or
        (N, T) symbols -> (N, T, 1)."""

    def attention(self, made: Tensor, labels: Sequence[int | None]) -> Tensor:
        """(N, C, H, W) finished pictures, or (N, T) symbols -> (N, layers, heads, T, T) float32.

        Row t belongs to the step that made patch or symbol t, t = 0 .. T-1. Column 0 is the start
        token, which carries the class; column j >= 1 is patch or symbol j - 1. Rows add up to 1,
        and columns j > t are 0: no step sees what is not made yet.
        """


@runtime_checkable
class Completes(Protocol):
    """Goes on with a picture of which the upper part is given."""

    @property
    def grid(self) -> tuple[int, int]:
        """Rows and columns of the patches."""

    def complete(
        self,
        image: Tensor,
        rows: int,
        generators: Sequence[torch.Generator],
        labels: Sequence[int | None],
        temperature: float = 1.0,
    ) -> Tensor:
        """The first `rows` rows of patches of a picture (C, H, W) in [0, 1], and the others drawn
        anew from each generator: (N, C, H, W). Raises ValueError for rows that are not there."""

    def completing(
        self,
        image: Tensor,
        rows: int,
        generators: Sequence[torch.Generator],
        labels: Sequence[int | None],
        temperature: float = 1.0,
    ) -> Iterator[Tensor]:
        """The same after each row that is drawn, the missing ones zero; the last is what
        `complete` gives."""


@runtime_checkable
class Predicts(Protocol):
    """Says what it expects before each step."""

    def predict(self, images: Tensor, labels: Sequence[int | None]) -> Tensor:
        """(N, C, H, W) in [0, 1] -> (N, T, P, 256): for each of the P values of each patch, how
        likely each of 0..255 was, given all that stands before it. `tokens` has what stands
        there."""

    def tokens(self, images: Tensor) -> Tensor:
        """See `Attends`."""


@runtime_checkable
class Scores(Protocol):
    """Shows what the weights of a head are computed from."""

    def scores(
        self, made: Tensor, label: int | None, layer: int, head: int, /
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Queries, keys and values (T, D) of one head, from 0, over a picture (C, H, W) in
        [0, 1] or a text (T,): its weights in `Attends` are softmax(q k^T / sqrt(D)), the later
        ones masked. Raises ValueError for a head that is not there."""


@runtime_checkable
class Mutes(Protocol):
    """Can do without some of its heads."""

    def muted(self, heads: Sequence[tuple[int, int]]) -> Any:
        """The same model with these heads, (layer, head) from 0, switched off: what they add is
        zero. The model itself stays as it is. Raises ValueError for a head that is not there."""


@runtime_checkable
class Surprises(Protocol):
    """Says how unexpected each step was."""

    def surprise(self, made: Tensor, labels: Sequence[int | None]) -> Tensor:
        """(N, C, H, W) in [0, 1], or (N, T) symbols -> (N, T): -log2 of the probability that the
        model gave to each patch or symbol before it was made, in bits. They add up to -log2 p."""


@runtime_checkable
class Expects(Protocol):
    """Says what may come next, in every place of a text."""

    def expect(self, texts: Tensor, labels: Sequence[int | None]) -> Tensor:
        """(N, T) symbols -> (N, T, symbols): the log-probability of every symbol in place t,
        given what stands before it."""


@runtime_checkable
class Classifies(Protocol):
    """Names the class of a picture."""

    def classify(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """(N, C, H, W) in [0, 1] -> logits (N, classes) and features (N, F)."""


CAPABILITIES = {
    "sample": Samples,
    "draw": Draws,
    "write": Writes,
    "decode": Decodes,
    "encode": Encodes,
    "levels": Levels,
    "discriminate": Discriminates,
    "project": Projects,
    "attention": Attends,
    "complete": Completes,
    "predict": Predicts,
    "mute": Mutes,
    "scores": Scores,
    "surprise": Surprises,
    "expect": Expects,
    "classify": Classifies,
}


def capabilities(model: object) -> tuple[str, ...]:
    """The names of the capabilities that this model has, in the order of CAPABILITIES."""
    return tuple(name for name, protocol in CAPABILITIES.items() if isinstance(model, protocol))
