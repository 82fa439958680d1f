"""Attention written out, cached and fused are one and the same; the likelihood is exact."""

from __future__ import annotations

import itertools
import math

import pytest
import torch
import torch.nn.functional as F

from aigc import latent
from aigc.models.attention import (
    Config,
    Stepper,
    Transformer,
    causal_mask,
    describe,
    draw_value,
    scaled_dot_product_attention,
)


def build(**overrides: int) -> Transformer:
    small = {"layers": 2, "heads": 2, "dim": 32, "expansion": 2, "head_dim_out": 16}
    values = small | {"height": 12, "width": 12} | overrides
    model = Transformer(Config(**values))
    model.initialise(latent.generator(1))
    with torch.no_grad():
        for i, p in enumerate(model.parameters()):
            p.add_(torch.randn(p.shape, generator=latent.generator(2, i)) * 0.1)
    return model.eval().requires_grad_(False)


@pytest.fixture(scope="module")
def model() -> Transformer:
    return build()


def noise(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=latent.generator(seed))


@pytest.mark.parametrize("masked", [False, True])
def test_written_out_attention_equals_the_fused_kernel(masked: bool) -> None:
    q, k, v = (noise(2, 3, 9, 8, seed=i) for i in range(3))
    mask = causal_mask(9) if masked else None
    out, weights = scaled_dot_product_attention(q, k, v, mask)
    torch.testing.assert_close(out, F.scaled_dot_product_attention(q, k, v, attn_mask=mask))
    torch.testing.assert_close(weights.sum(-1), torch.ones(2, 3, 9))


def test_attention_by_hand() -> None:
    q = torch.tensor([[2.0, 0.0]])
    k = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    v = torch.tensor([[10.0], [20.0]])
    out, weights = scaled_dot_product_attention(q, k, v)
    e = math.exp(2 / math.sqrt(2))
    assert weights[0, 0].item() == pytest.approx(e / (e + 1))
    assert out.item() == pytest.approx((10 * e + 20) / (e + 1))


def test_the_shown_path_equals_the_trained_path(model: Transformer) -> None:
    q_turn, k_turn = model.turns()
    x = noise(2, 36, 32)
    block = model.blocks[0]
    shown, _ = block.explained(x, q_turn, k_turn)
    torch.testing.assert_close(shown, block(x, q_turn, k_turn), atol=1e-5, rtol=1e-5)


def test_cached_logits_equal_uncached(model: Transformer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Draws an image with the cache, then reads every logit again in one full pass."""
    cached: list[torch.Tensor] = []
    original = Stepper.logits

    def spy(self: Stepper, known: torch.Tensor) -> torch.Tensor:
        cached.append(original(self, known))
        return cached[-1]

    monkeypatch.setattr(Stepper, "logits", spy)
    images = model.sample(latent.generators(7, 2), [4, None])
    full = model(model.tokens(images), model.label_indices([4, None]))  # (2, T, P, 256)
    stepwise = torch.stack(cached, 1).view(2, 36, 4, 256)
    torch.testing.assert_close(stepwise, full, atol=1e-4, rtol=0)


def test_no_logit_sees_itself_or_the_future(model: Transformer) -> None:
    patches = torch.randint(0, 256, (1, 36, 4), generator=latent.generator(0))
    labels = torch.tensor([3])
    before = model(patches, labels).flatten(1, 2)  # (1, 144, 256)
    for position in (0, 3, 4, 77, 143):
        changed = patches.clone().view(1, -1)
        changed[0, position] = (changed[0, position] + 128) % 256
        after = model(changed.view_as(patches), labels).flatten(1, 2)
        assert torch.equal(before[:, : position + 1], after[:, : position + 1])
        if position < 143:
            assert not torch.equal(before[:, position + 1 :], after[:, position + 1 :])


def test_tokens_and_images_are_inverse() -> None:
    model = build(channels=3, height=8, width=12, dim=16)
    values = torch.randint(0, 256, (2, 3, 8, 12), generator=latent.generator(0))
    images = values.float() / 255
    tokens = model.tokens(images)
    assert torch.equal(tokens[0, 0, :3], values[0, :, 0, 0])
    assert torch.equal(model.images(tokens), images)


def test_probabilities_of_a_pixel_add_up_to_one(model: Transformer) -> None:
    image = torch.randint(0, 256, (1, 1, 12, 12), generator=latent.generator(1)).float() / 255
    tries = image.repeat(256, 1, 1, 1)
    tries[:, 0, 11, 11] = torch.arange(256) / 255
    log_probs = model.log_prob(tries, [2] * 256).double()
    logits = model(model.tokens(image), torch.tensor([2]))[0, -1, -1]
    rest = log_probs[0] - logits.log_softmax(-1)[0]
    assert (log_probs - rest).exp().sum().item() == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("sizes", [(1, 1, 2), (1, 2, 1), (2, 1, 1)])
def test_probabilities_of_all_images_add_up_to_one(sizes: tuple[int, int, int]) -> None:
    """Every image of two values there is, 65,536 of them: two patches in a row, two below each
    other, and two values inside one patch."""
    channels, height, width = sizes
    model = build(channels=channels, height=height, width=width, patch=1, dim=16, head_dim_out=8)
    every = torch.cartesian_prod(torch.arange(256), torch.arange(256)).view(-1, *sizes) / 255
    total = sum(
        model.log_prob(images, [3] * len(images)).double().exp().sum().item()
        for images in every.split(8192)
    )
    assert total == pytest.approx(1, abs=1e-4)


def test_probabilities_of_the_mixture_of_turned_pictures_add_up_to_one() -> None:
    """Over the 65,536 images of 1x2, which are drawn as they are or with the two swapped."""
    model = build(height=1, width=2, patch=1, dim=16, head_dim_out=8, ways=36)
    every = torch.cartesian_prod(torch.arange(256), torch.arange(256)).view(-1, 1, 1, 2) / 255
    total = sum(
        model.log_prob_turned(images, [3] * len(images), ways=2).double().exp().sum().item()
        for images in every.split(8192)
    )
    assert total == pytest.approx(1, abs=1e-4)
    some, labels = every[500:900:7], [None] * len(every[500:900:7])
    way = torch.ones(len(some), dtype=torch.long)
    swapped = -model.nll(model.tokens(some.flip(3)), model.label_indices(labels), way)
    both = torch.stack([model.log_prob(some, labels), swapped]).exp().mean(0).log()
    torch.testing.assert_close(model.log_prob_turned(some, labels, ways=2), both)
    torch.testing.assert_close(
        model.log_prob_turned(some, labels, ways=1), model.log_prob(some, labels)
    )
    with pytest.raises(ValueError, match="ways is 1 to 36, not 37"):
        model.log_prob_turned(some, labels, ways=37)


def test_nll_is_the_chain_rule_value_by_value() -> None:
    model = build(height=4, width=4)
    patches = torch.randint(0, 256, (2, 4, 4), generator=latent.generator(3))
    labels = torch.tensor([1, 10])
    log_p = model(patches, labels).log_softmax(-1)
    by_hand = [
        -sum(
            log_p[n, t, i, patches[n, t, i]].item()
            for t, i in itertools.product(range(4), range(4))
        )
        for n in range(2)
    ]
    assert model.nll(patches, labels).tolist() == pytest.approx(by_hand, rel=1e-5)
    features = model.head.features(model.hidden(model.embed(patches, labels)), patches)
    assert model.head.nll_of_all(features, patches).tolist() == pytest.approx(by_hand, rel=1e-5)


def test_the_way_that_a_picture_was_turned_is_told_and_none_changes_nothing() -> None:
    model = build(height=4, width=4, ways=3)
    patches = torch.randint(0, 256, (3, 4, 4), generator=latent.generator(3))
    labels = torch.tensor([1, 1, 10])
    plain = model.nll(patches, labels)
    assert torch.equal(model.nll(patches, labels, torch.tensor([0, 0, 0])), plain)
    told = model.nll(patches, labels, torch.tensor([1, 0, 2]))
    assert torch.equal(told[1], plain[1])
    assert not torch.isclose(told[[0, 2]], plain[[0, 2]]).any()


def test_a_patch_that_is_not_read_does_not_matter() -> None:
    model = build(height=4, width=4)
    patches = torch.randint(0, 256, (1, 4, 4), generator=latent.generator(3))
    other = patches.clone()
    other[0, 1] = 255 - other[0, 1]
    label = torch.tensor([1])
    read = torch.tensor([[True, False, True, True]])
    hidden = [model.hidden(model.embed(p, label, read=read)) for p in (patches, other)]
    assert torch.equal(*hidden)
    assert not torch.equal(*(model.hidden(model.embed(p, label)) for p in (patches, other)))


def test_temperature_draws_follow_the_softmax() -> None:
    logits = torch.tensor([0.0, 1.0, 2.0]).expand(20000, 3)
    u = torch.rand(20000, generator=latent.generator(0))
    for temperature in (0.5, 1.0, 3.0):
        counts = torch.bincount(draw_value(logits, u, temperature), minlength=3) / 20000
        torch.testing.assert_close(counts, (logits[0] / temperature).softmax(-1), atol=0.02, rtol=0)
    assert (draw_value(logits, u, 0.0) == 2).all()


def test_draws_never_leave_the_values_that_have_probability() -> None:
    logits = torch.full((2, 256), -torch.inf)
    logits[0, 0], logits[1, 255] = 0, 0
    ends = torch.tensor([0.0, 1 - 2**-24])
    for u in (ends, ends.flip(0)):
        assert draw_value(logits, u, 1.0).tolist() == [0, 255]


def test_described_values_are_distinct() -> None:
    described = describe(torch.arange(256))
    distance = torch.cdist(described, described) + torch.eye(256) * 9
    assert distance.min() > 1e-3
