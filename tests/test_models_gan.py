"""The losses of the GAN against numbers worked out by hand, and their gradients."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F

from aigc import latent
from aigc.models.gan import (
    GAN,
    LOSSES,
    Config,
    SelfAttention,
    discriminator_loss,
    generator_loss,
    gradient_penalty,
    packed,
    wgan_gp,
)

REAL, FAKE = torch.tensor([2.0]), torch.tensor([-1.0])


def log_sigmoid(x: float) -> float:
    return -math.log1p(math.exp(-x))


@pytest.mark.parametrize(
    ("kind", "d", "g"),
    [
        ("minimax", -log_sigmoid(2) - log_sigmoid(1), log_sigmoid(1)),
        ("non-saturating", -log_sigmoid(2) - log_sigmoid(1), -log_sigmoid(-1)),
        ("hinge", 0.0, 1.0),
        ("relativistic", -log_sigmoid(3), -log_sigmoid(-3)),
        ("wasserstein", -3.0, 1.0),
    ],
)
def test_losses_by_hand(kind: str, d: float, g: float) -> None:
    assert discriminator_loss(kind, REAL, FAKE).item() == pytest.approx(d, abs=1e-6)
    assert generator_loss(kind, REAL, FAKE).item() == pytest.approx(g, abs=1e-6)


@pytest.mark.parametrize("kind", LOSSES)
def test_the_players_pull_the_made_logit_apart(kind: str) -> None:
    fake = torch.tensor([0.1], requires_grad=True)
    real = torch.tensor([0.2])
    (d,) = torch.autograd.grad(discriminator_loss(kind, real, fake), fake)
    (g,) = torch.autograd.grad(generator_loss(kind, real, fake), fake)
    assert d.item() > 0 > g.item()


def test_minimax_saturates_where_non_saturating_does_not() -> None:
    fake = torch.tensor([-12.0], requires_grad=True)
    gradients = {
        kind: torch.autograd.grad(generator_loss(kind, REAL, fake), fake)[0].abs().item()
        for kind in ("minimax", "non-saturating")
    }
    assert gradients["minimax"] < 1e-4
    assert gradients["non-saturating"] > 0.99


def test_penalty_of_a_linear_discriminator_is_its_squared_weight() -> None:
    weight = torch.randn(12, generator=latent.generator(0))
    images = torch.randn(5, 1, 3, 4, generator=latent.generator(1)).requires_grad_()
    logits = images.flatten(1) @ weight
    assert gradient_penalty(logits, images).item() == pytest.approx(weight.square().sum().item())

    norm = weight.norm().item()
    assert wgan_gp(images.flatten(1) @ weight, images).item() == pytest.approx(
        (norm - 1) ** 2, rel=1e-5
    )


def test_a_pack_keeps_its_pictures_apart() -> None:
    images = torch.arange(4 * 3 * 2 * 2).view(4, 3, 2, 2)
    packs = packed(images, 2)
    assert packs.shape == (2, 6, 2, 2)
    assert torch.equal(packs[1, 3:], images[3])
    model = GAN(Config(g_base=4, d_base=4, pack=2))
    model.initialise(latent.generator(0))
    pictures = torch.rand(4, 1, 28, 28, generator=latent.generator(1)) * 2 - 1
    told = torch.eye(10)[:4]
    with torch.no_grad():
        scores = model.discriminator(packed(pictures, 2), packed(told, 2))
        swapped = model.discriminator(packed(pictures[[0, 3]], 2), packed(told[[0, 3]], 2))
        alone = model.discriminate((pictures + 1) / 2, told)
    assert scores.shape == (2,) and swapped[0] != scores[0]
    assert alone.shape == (4,) and len(alone.unique()) == 4


@pytest.mark.parametrize("noise", ["normal", "uniform"])
def test_noise_has_its_distribution(noise: str) -> None:
    model = GAN(Config(noise=noise, g_base=4, d_base=4))
    z = model.noise((200, 500), latent.generator(0))
    assert z.mean().item() == pytest.approx(0, abs=0.02)
    assert z.std().item() == pytest.approx(1 if noise == "normal" else 3**-0.5, abs=0.02)
    assert (z.abs().max() <= 1) == (noise == "uniform")


def test_the_class_reaches_both_networks() -> None:
    model = GAN(Config(g_base=4, d_base=4))
    model.initialise(latent.generator(0))
    z, three = model.prior(latent.generator(0), 3)
    same_z, four = model.prior(latent.generator(0), 4)
    assert torch.equal(z, same_z)
    images = model.decode(torch.stack([z, z]), torch.stack([three, four]))
    assert (images[0] - images[1]).abs().max() > 1e-3
    with torch.no_grad():
        both = model.discriminator(images[:1].repeat(2, 1, 1, 1), torch.stack([three, four]))
    assert both[0] != both[1]


def test_a_logit_is_the_part_of_its_class_and_a_part_that_all_share() -> None:
    d = GAN(Config(g_base=4, d_base=4))
    d.initialise(latent.generator(0))
    images = torch.rand(3, 1, 28, 28, generator=latent.generator(1)) * 2 - 1
    with torch.no_grad():
        fits = d.discriminator.matches(d.discriminator.look(images))  # (3, 10)
        logits = torch.stack(
            [d.discriminator(images, told.expand(3, -1)) for told in torch.eye(10)], 1
        )
    shared = logits - fits
    assert torch.allclose(shared, shared[:, :1].expand(-1, 10), atol=1e-5)
    assert fits.std(1).min() > 1e-2


@pytest.mark.parametrize("after", [1, 2])
def test_attention_starts_as_the_identity_and_learns(after: int) -> None:
    """Where its gain is 0 the generator is what it is without; only the gain has a gradient then,
    and everything in it once the gain has moved."""
    model = GAN(Config(g_base=8, d_base=4, attention=after))
    model.initialise(latent.generator(0))
    plain = GAN(Config(g_base=8, d_base=4))
    state = model.state_dict()
    assert plain.load_state_dict(state, strict=False).missing_keys == []
    z, told = torch.randn(2, 64, generator=latent.generator(1)), torch.eye(10)[:2]
    assert torch.equal(model.decode(z, told), plain.decode(z, told))

    block = model.generator.attention

    def reached() -> set[str]:
        model.zero_grad()
        model.generator(z, told).square().sum().backward()
        return {name for name, p in block.named_parameters() if p.grad is not None and p.grad.any()}

    assert reached() == {"gain"}
    with torch.no_grad():
        block.gain += 0.5
    # A key's bias raises all of a place's scores alike, so softmax takes no notice.
    everything = {name for name, _ in block.named_parameters()}
    assert everything - reached() <= {"key.bias"}
    assert not torch.equal(model.decode(z, told), plain.decode(z, told))


def test_attention_weights_are_those_of_the_fused_kernel() -> None:
    block = SelfAttention(16)
    x = torch.randn(3, 16, 4, 5, generator=latent.generator(0))
    with torch.no_grad():
        for p in block.parameters():
            p.copy_(torch.randn(p.shape, generator=latent.generator(1)))
        weights = block.weights(x)
        parts = [layer(x).flatten(2).transpose(1, 2) for layer in (block.query, block.key)]
        values = block.value(x).flatten(2).transpose(1, 2)  # (N, HW, C / 2)
        fused = F.scaled_dot_product_attention(*parts, values, scale=1.0)
        added = (block(x) - x) / block.gain
        wanted = block.mix(fused.transpose(1, 2).unflatten(2, (4, 5)))
    assert weights.shape == (3, 20, 20)
    torch.testing.assert_close(weights.sum(-1), torch.ones(3, 20))
    torch.testing.assert_close(weights @ values, fused)
    torch.testing.assert_close(added, wanted, rtol=1e-3, atol=1e-3)


def test_attention_after_a_doubling_that_is_not_there() -> None:
    with pytest.raises(ValueError, match=r"attention comes after one of 2 doublings.*not 3"):
        Config(attention=3)
