"""The Transformer that writes: attention written out, the cache, likelihoods, what may be drawn."""

from __future__ import annotations

import dataclasses
import math

import pytest
import torch
import torch.nn.functional as F

from aigc import latent
from aigc.models.language import Config, LanguageModel, keep_likely, scaled_dot_product_attention


@pytest.fixture(scope="module")
def model() -> LanguageModel:
    built = LanguageModel(Config(symbols=11, length=16, classes=3, layers=3, heads=2, dim=16))
    built.initialise(latent.generator(0))
    with torch.no_grad():  # what starts at zero would hide mistakes
        for i, p in enumerate(built.parameters()):
            p.add_(torch.randn(p.shape, generator=latent.generator(1, i)) * 0.1)
    return built.eval().requires_grad_(False)


@pytest.fixture(scope="module")
def texts() -> torch.Tensor:
    return torch.randint(0, 11, (2, 16), generator=latent.generator(2))


def test_written_out_attention_is_the_fused_kernels() -> None:
    q, k, v = torch.randn(3, 2, 4, 9, 8, generator=latent.generator(0))
    seen = torch.ones(9, 9, dtype=torch.bool).tril()
    out, weights = scaled_dot_product_attention(q, k, v, seen)
    torch.testing.assert_close(out, F.scaled_dot_product_attention(q, k, v, is_causal=True))
    torch.testing.assert_close(weights.sum(-1), torch.ones(2, 4, 9))
    assert weights.triu(1).abs().max() == 0


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_nothing_sees_the_future(model: LanguageModel, texts: torch.Tensor, precision: str) -> None:
    changed = texts.clone()
    changed[:, 9:] = (changed[:, 9:] + 1) % 11
    labels = torch.tensor([0, 3])
    with torch.autocast("cpu", torch.bfloat16, enabled=precision == "bfloat16"):
        a, b = model(texts, labels), model(changed, labels)
    assert torch.equal(a[:, :10], b[:, :10])
    assert not torch.equal(a[:, 10:], b[:, 10:])


def test_probabilities_of_all_short_texts_add_up_to_one() -> None:
    model = LanguageModel(Config(symbols=3, length=4, layers=1, heads=1, dim=8))
    model.initialise(latent.generator(0))
    model.logits.weight.data.mul_(20)
    every = torch.cartesian_prod(*[torch.arange(3)] * 4)  # (81, 4)
    nats = model.text_nats(every, [None] * 81).sum(1)
    assert nats.std() > 0.01
    torch.testing.assert_close((-nats.double()).exp().sum(), torch.tensor(1.0).double())


def test_cached_steps_give_the_uncached_logits(
    model: LanguageModel, texts: torch.Tensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = model(texts, torch.tensor([1, 3]))
    from aigc.models import language

    seen = []

    def follow(logits: torch.Tensor, noise: torch.Tensor, temperature: float) -> torch.Tensor:
        seen.append(logits)
        return texts[:, len(seen) - 1]

    monkeypatch.setattr(language, "draw_symbol", follow)
    *_, written = model.write(latent.generators(0, 2), [1, None])
    assert torch.equal(written, texts)
    found = torch.stack(seen, 1)
    assert bool((found[..., 0] == -math.inf).all())  # what is unknown is never written
    # Log-probabilities but for their sum, of which the unknown has its part.
    torch.testing.assert_close(
        found[..., 1:].log_softmax(-1), expected[..., 1:].log_softmax(-1), atol=1e-4, rtol=0
    )


@pytest.mark.parametrize("size", [1, 7, 15, 40])
def test_what_is_read_at_once_gives_the_uncached_logits(
    model: LanguageModel, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A prompt is read in one go, and so is the later half of a context that is full."""
    from aigc.models import language

    text = torch.randint(1, 11, (size + 20,), generator=latent.generator(3))
    seen = []

    def follow(logits: torch.Tensor, noise: torch.Tensor, temperature: float) -> torch.Tensor:
        seen.append(logits[0])
        return text[None, size + len(seen) - 1]

    monkeypatch.setattr(language, "draw_symbol", follow)
    *_, written = model.write(latent.generators(0, 1), [2], prompt=text[:size], length=20)
    assert torch.equal(written[0], text)
    first = max(0, size - 15)
    for step, logits in enumerate(seen):
        known = size + step
        first = known - 8 if known - first >= 16 else first
        given = torch.cat([text[first:known], torch.zeros(1, dtype=torch.long)])[None]
        expected = model(given, torch.tensor([2]))[0, -1, 1:].log_softmax(-1)
        torch.testing.assert_close(logits[1:].log_softmax(-1), expected, atol=1e-4, rtol=0)


def test_weights_are_those_of_the_forward_pass(model: LanguageModel, texts: torch.Tensor) -> None:
    maps = model.attention(texts, [None, 2])
    assert maps.shape == (2, 3, 2, 16, 16)
    torch.testing.assert_close(maps.sum(-1), torch.ones(maps.shape[:-1]))
    assert maps.triu(1).abs().max() == 0


def test_training_may_hide_symbols(model: LanguageModel, texts: torch.Tensor) -> None:
    labels = torch.tensor([3, 3])
    hidden = model.nll(texts, labels, texts.masked_fill(texts > 5, 0))
    assert not torch.allclose(hidden, model.nll(texts, labels))
    # What is asked for is the text itself all the same.
    picked = model(texts.masked_fill(texts > 5, 0), labels).gather(-1, texts[..., None])[..., 0]
    torch.testing.assert_close(hidden, -picked)


def test_top_k_and_top_p() -> None:
    logits = torch.tensor([[0.5, 0.3, 0.15, 0.05]]).log()

    def kept(k: int, p: float) -> list[int]:
        return (keep_likely(logits, k, p)[0] > -math.inf).nonzero().flatten().tolist()

    assert kept(0, 1.0) == [0, 1, 2, 3] == kept(9, 1.0)
    assert kept(2, 1.0) == [0, 1]
    assert kept(0, 0.6) == [0, 1]
    assert kept(0, 0.49) == [0]
    assert kept(0, 0.0) == [0]
    assert kept(0, 0.83) == [0, 1, 2]
    assert kept(3, 0.83) == [0, 1]  # of the three that are left, renormalised


def test_temperature_zero_takes_the_likeliest(model: LanguageModel) -> None:
    texts = model.sample(latent.generators(0, 2), [1, 1], 0.0)
    assert torch.equal(texts[0], texts[1])
    assert torch.equal(model(texts, torch.tensor([1, 1]))[..., 1:].argmax(-1) + 1, texts)


def test_a_text_ends(model: LanguageModel) -> None:
    ending = LanguageModel(dataclasses.replace(model.config, end=4))
    ending.load_state_dict(model.state_dict())
    texts = ending.sample(latent.generators(0, 50), [None] * 50)
    assert texts.shape == (50, 16)
    counted = ending.counted(texts)
    lengths = counted.sum(1)
    assert lengths.min() < 16 and len(lengths.unique()) > 3
    for text, length in zip(texts, lengths.tolist()):
        assert (text[length:] == 4).all() and 4 not in text[: length - 1]
    alone = torch.cat([ending.sample([latent.generator(0, i)], [None]) for i in range(5)])
    assert torch.equal(texts[:5], alone)
    *_, short = ending.write(latent.generators(0, 1), [None])
    assert short.shape[1] == lengths[0] and torch.equal(short[0], texts[0, : short.shape[1]])
    assert model.counted(texts).all()


def test_dim_that_does_not_divide() -> None:
    with pytest.raises(ValueError, match="multiple"):
        Config(dim=30, heads=4)


def test_scores_are_what_the_weights_are_made_of(model: LanguageModel, texts: torch.Tensor) -> None:
    weights = model.attention(texts[:1], [2])[0]
    for layer, head in ((0, 1), (2, 0)):
        q, k, v = model.scores(texts[0], 2, layer, head)
        assert q.shape == k.shape == v.shape == (16, 8)
        scores = (q @ k.T / math.sqrt(8)).masked_fill(torch.ones(16, 16).triu(1) > 0, -math.inf)
        torch.testing.assert_close(scores.softmax(1), weights[layer, head])
    with pytest.raises(ValueError, match="no head 2 in layer 0"):
        model.scores(texts[0], 2, 0, 2)
