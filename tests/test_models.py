"""Every family keeps the contract of its capabilities; new families are tested by being listed."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from aigc import latent
from aigc.models import CAPABILITIES, FAMILIES, capabilities

SMALL = {
    "attention": {"layers": 2, "heads": 2, "dim": 32, "expansion": 2, "head_dim_out": 16},
    "vae": {"latent": 4, "base": 4, "hidden": 16},
    "ladder": {"top": 3, "latent": 2, "coarse": 2, "planes": 8, "depth": 1, "window": 2},
    "language": {"symbols": 28, "length": 12, "layers": 2, "heads": 2, "dim": 32},
    "gan": {"latent": 5, "g_base": 4, "d_base": 4},
}
SIZES = {"grey": (1, 12, 12), "colour": (3, 16, 8)}  # small: drawing goes patch by patch


def draws(family: str) -> bool:
    """Whether it makes or takes pictures, and not texts."""
    return "channels" in {entry.name for entry in dataclasses.fields(FAMILIES[family].Config)}


def build(family: str, size: str = "grey", classes: int = 10) -> torch.nn.Module:
    model_class = FAMILIES[family]
    sizes = dict(zip(("channels", "height", "width"), SIZES[size])) if draws(family) else {}
    model = model_class(model_class.Config(classes=classes, **sizes, **SMALL.get(family, {})))
    model.initialise(latent.generator(1))
    # Zeroed branches would let a test pass that never went through them.
    with torch.no_grad():
        for i, p in enumerate(model.parameters()):
            p.add_(torch.randn(p.shape, generator=latent.generator(2, i)) * 0.05)
    return model.eval().requires_grad_(False)


def families_with(capability: str, pictures: bool = True) -> list[str]:
    """Those of pictures; with pictures=False, those of texts."""
    return [
        name for name in FAMILIES
        if draws(name) is pictures and capability in capabilities(build(name))
    ]  # fmt: skip


@pytest.fixture(params=list(FAMILIES))
def family(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_every_family_has_a_capability(family: str) -> None:
    found = capabilities(build(family))
    assert found and set(found) <= set(CAPABILITIES)


def test_initialise_is_a_function_of_the_generator(family: str) -> None:
    model_class = FAMILIES[family]
    config = model_class.Config(**SMALL.get(family, {}))
    a, b, c = (model_class(config) for _ in range(3))
    before = torch.get_rng_state()
    a.initialise(latent.generator(3))
    b.initialise(latent.generator(3))
    c.initialise(latent.generator(4))
    assert torch.equal(before, torch.get_rng_state())
    pairs = [(x, y, z) for x, y, z in zip(a.parameters(), b.parameters(), c.parameters())]
    assert all(torch.equal(x, y) for x, y, _ in pairs)
    assert any(not torch.equal(x, z) for x, _, z in pairs)


def test_builds_without_memory(family: str) -> None:
    with torch.device("meta"):
        model = FAMILIES[family](FAMILIES[family].Config())
    assert all(p.is_meta for p in model.state_dict().values())


@pytest.mark.parametrize("name", families_with("sample") + families_with("sample", pictures=False))
def test_samples_are_made_where_the_weights_are(name: str) -> None:
    # The meta device stands for a GPU: computing with tensors of it and of the processor is an
    # error there, too.
    made = build(name).to("meta").sample(latent.generators(0, 2), [1, None])
    assert made.is_meta and len(made) == 2


def test_config_refuses_nonsense(family: str) -> None:
    model_class = FAMILIES[family]
    for entry in dataclasses.fields(model_class.Config):
        if entry.type == "int":
            for value in (-1, 10**12):
                with pytest.raises(ValueError, match=entry.name):
                    model_class.Config(**{entry.name: value})


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", families_with("sample"))
class TestSamples:
    def test_shape_and_range(self, name: str, size: str) -> None:
        model = build(name, size)
        images = model.sample(latent.generators(0, 3), [0, 9, None])
        assert images.shape == (3, *SIZES[size]) and images.dtype == torch.float32
        assert images.min() >= 0 and images.max() <= 1
        assert images.std() > 0

    def test_picture_does_not_depend_on_its_batch(self, name: str, size: str) -> None:
        model = build(name, size)
        together = model.sample(latent.generators(5, 4), [1, 2, None, 3])
        alone = model.sample([latent.generator(5, 2)], [None])
        torch.testing.assert_close(together[2:3], alone, atol=1e-5, rtol=0)

    def test_leaves_the_global_generator_alone(self, name: str, size: str) -> None:
        model = build(name, size)
        before = torch.get_rng_state()
        first = model.sample(latent.generators(0, 1), [None])
        torch.manual_seed(99)
        second = model.sample(latent.generators(0, 1), [None])
        torch.set_rng_state(before)
        assert torch.equal(first, second)

    @pytest.mark.parametrize("temperature", [float("nan"), -1.0])
    def test_bad_temperature(self, name: str, size: str, temperature: float) -> None:
        with pytest.raises(ValueError, match="temperature"):
            build(name, size).sample(latent.generators(0, 1), [None], temperature)

    def test_temperature_zero_is_one_picture(self, name: str, size: str) -> None:
        images = build(name, size).sample(latent.generators(0, 3), [4, 4, 4], 0.0)
        torch.testing.assert_close(images[0], images[2])

    def test_without_classes(self, name: str, size: str) -> None:
        images = build(name, size, classes=0).sample(latent.generators(0, 2), [None, None])
        assert images.shape == (2, *SIZES[size])


@pytest.mark.parametrize("name", families_with("draw"))
def test_drawing_grows_and_ends_at_the_sample(name: str) -> None:
    model = build(name)
    frames = [f.clone() for f in model.draw(latent.generators(0, 2), [3, None])]
    rows = model.grid[0]
    side = frames[0].shape[2] // rows
    assert len(frames) == rows
    for i, frame in enumerate(frames):
        done = (i + 1) * side
        assert torch.equal(frame[:, :, :done], frames[-1][:, :, :done])
        assert frame[:, :, done:].sum() == 0
    assert torch.equal(frames[-1], model.sample(latent.generators(0, 2), [3, None]))


@pytest.mark.parametrize("name", families_with("decode"))
def test_sample_is_prior_then_decode(name: str) -> None:
    model = build(name)
    pairs = [model.prior(g, label, 0.7) for g, label in zip(latent.generators(0, 2), [3, None])]
    z, c = (torch.stack(parts) for parts in zip(*pairs))
    sampled = model.sample(latent.generators(0, 2), [3, None], 0.7)
    torch.testing.assert_close(model.decode(z, c), sampled)
    half = model.decode(*latent.path([(z[0], c[0]), (z[1], c[1])], 3))[1]
    assert half.shape == sampled[0].shape and bool(half.isfinite().all())


@pytest.mark.parametrize("name", families_with("encode"))
def test_encoding_has_the_shape_of_a_latent(name: str) -> None:
    model = build(name)
    conditions = torch.stack([model.condition(3), model.condition(None)])
    images = torch.rand(2, *SIZES["grey"], generator=latent.generator(0))
    mean, log_var = model.encode(images, conditions)
    z, _ = model.prior(latent.generator(0), 3)
    assert mean.shape == log_var.shape == (2, *z.shape)
    assert model.decode(mean, conditions).shape == images.shape


@pytest.mark.parametrize("name", families_with("levels"))
class TestLevels:
    def test_keeps_the_upper_levels_alone(self, name: str) -> None:
        model = build(name)
        sizes = model.levels
        z = torch.stack([model.prior(g, 3)[0] for g in latent.generators(0, 2)])
        assert sum(sizes) == z.shape[1] and len(sizes) > 1
        for keep in range(len(sizes) + 1):
            other = model.redraw(z, keep, latent.generators(1, 2))
            kept = sum(sizes[:keep])
            assert other.shape == z.shape
            assert torch.equal(other[:, :kept], z[:, :kept])
            assert not (other[:, kept:] == z[:, kept:]).any()

    def test_every_level_shows(self, name: str) -> None:
        """What is drawn again changes the picture, each level down to the lowest."""
        model = build(name)
        z, c = (part[None] for part in model.prior(latent.generator(0), 3))
        pictures = [
            model.decode(model.redraw(z, keep, latent.generators(1, 1)), c)
            for keep in range(len(model.levels) + 1)
        ]
        assert torch.equal(pictures[-1], model.decode(z, c))
        for one, other in zip(pictures, pictures[1:]):
            assert not torch.allclose(one, other)

    def test_a_row_does_not_depend_on_the_others(self, name: str) -> None:
        model = build(name)
        z = torch.stack([model.prior(g, 3)[0] for g in latent.generators(0, 3)])
        together = model.redraw(z, 1, latent.generators(5, 3))
        assert torch.equal(together[2:], model.redraw(z[2:], 1, [latent.generator(5, 2)]))

    @pytest.mark.parametrize("keep", [-1, 99])
    def test_levels_that_are_not_there(self, name: str, keep: int) -> None:
        model = build(name)
        z = model.prior(latent.generator(0), None)[0][None]
        with pytest.raises(ValueError, match=f"levels to keep, not {keep}"):
            model.redraw(z, keep, latent.generators(1, 1))

    def test_temperature_zero_leaves_nothing_to_chance(self, name: str) -> None:
        model = build(name)
        z = model.prior(latent.generator(0), None)[0][None]
        cold = model.redraw(z, 1, latent.generators(1, 1), 0.0)
        assert cold[:, model.levels[0] :].abs().max() == 0


@pytest.mark.parametrize("name", families_with("complete"))
def test_a_completion_keeps_what_was_given(name: str) -> None:
    model = build(name)
    image = torch.rand(*model.config.media_shape, generator=latent.generator(5))
    rows, columns = model.grid
    keep = rows // 2
    made = model.complete(image, keep, latent.generators(0, 2), [3, None])
    given, found = model.tokens(image[None])[0], model.tokens(made)
    assert torch.equal(found[:, : keep * columns], given[: keep * columns].expand(2, -1, -1))
    assert not torch.equal(found[0, keep * columns :], found[1, keep * columns :])
    # Its own picture, from where its own draws go on, and from nothing.
    sampled = model.sample(latent.generators(0, 1), [3])
    for rows_kept in (0, keep):
        again = model.complete(sampled[0], rows_kept, latent.generators(0, 1), [3])
        assert torch.equal(again, sampled)
    # Row by row, what is not drawn yet still black.
    steps = list(model.completing(image, keep, latent.generators(0, 2), [3, None]))
    assert len(steps) == rows - keep and torch.equal(steps[-1], made)
    for row, step in enumerate(steps, keep + 1):
        known = model.tokens(step)
        assert torch.equal(known[:, : row * columns], found[:, : row * columns])
        assert not known[:, row * columns :].any()
    (only,) = model.completing(image, rows, latent.generators(0, 1), [3])
    assert torch.equal(model.tokens(only)[0], given)
    with pytest.raises(ValueError, match="rows is 0 to"):
        model.complete(image, rows + 1, latent.generators(0, 1), [3])


@pytest.mark.parametrize("name", families_with("predict"))
def test_predictions_are_those_of_the_surprise(name: str) -> None:
    model = build(name)
    images = torch.rand(2, *model.config.media_shape, generator=latent.generator(0))
    labels = [3, None]
    probabilities, tokens = model.predict(images, labels), model.tokens(images)
    assert probabilities.shape == (*tokens.shape, 256)
    torch.testing.assert_close(probabilities.sum(-1), torch.ones(tokens.shape))
    found = -probabilities.gather(-1, tokens[..., None])[..., 0].log2().sum(2)  # (N, T)
    torch.testing.assert_close(found, model.surprise(images, labels), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("name", families_with("scores"))
def test_scores_make_the_weights(name: str) -> None:
    model = build(name)
    image = torch.rand(*model.config.media_shape, generator=latent.generator(0))
    weights = model.attention(image[None], [3])[0]  # (layers, heads, T, T)
    for layer, head in ((0, 0), (weights.shape[0] - 1, weights.shape[1] - 1)):
        q, k, v = model.scores(image, 3, layer, head)
        scaled = q @ k.T / q.shape[1] ** 0.5
        later = torch.ones_like(scaled, dtype=torch.bool).triu(1)
        expected = scaled.masked_fill(later, -torch.inf).softmax(-1)
        torch.testing.assert_close(expected, weights[layer, head], rtol=1e-4, atol=1e-5)
        assert v.shape == q.shape
    with pytest.raises(ValueError, match="there is no head"):
        model.scores(image, 3, weights.shape[0], 0)


@pytest.mark.parametrize("name", families_with("mute"))
def test_muted_heads_add_nothing(name: str) -> None:
    model = build(name)
    image = torch.rand(1, *model.config.media_shape, generator=latent.generator(0))
    before = model.surprise(image, [3])
    assert torch.equal(model.muted([]).surprise(image, [3]), before)
    layers, heads = model.attention(image, [3]).shape[1:3]
    one = model.muted([(layers - 1, 0)])
    assert not torch.allclose(one.surprise(image, [3]), before)
    assert not torch.equal(one.sample(latent.generators(0, 1), [3]),
                           model.sample(latent.generators(0, 1), [3]))  # fmt: skip
    # Without any head of the last layer its maps change nothing: the layers before are the same.
    none = model.muted([(layers - 1, head) for head in range(heads)])
    assert torch.equal(none.attention(image, [3]), model.attention(image, [3]))
    assert torch.equal(model.surprise(image, [3]), before)  # the model itself stays
    with pytest.raises(ValueError, match="there is no head"):
        model.muted([(layers, 0)])


@pytest.mark.parametrize("name", families_with("project"))
def test_a_projection_comes_nearer(name: str) -> None:
    model = build(name)
    z, condition = model.prior(latent.generator(7), 3)
    image = model.decode(z[None], condition[None])[0].clone()
    told = torch.stack([model.condition(3), model.condition(4)])
    ways = list(model.project(image, told, latent.generators(0, 2), 60))
    assert len(ways) == 60
    latents, pictures, lacking = ways[-1]
    assert latents.shape == (2, *z.shape) and pictures.shape == (2, *image.shape)
    assert lacking.shape == (2,) and (lacking < 0.5 * ways[0][2]).all()
    assert lacking[0] < lacking[1]  # its own class fits better
    torch.testing.assert_close(model.decode(ways[-2][0], told), pictures)
    # -log p(x|z) of pixels with a standard deviation of 0.2, and -log p(z), both up to a constant.
    terms = (pictures - image).square().sum((1, 2, 3)) / 0.08, ways[-2][0].square().sum(1) / 2
    assert (terms[1] > 0.01 * terms[0]).all()
    torch.testing.assert_close(sum(terms), lacking)
    again = list(model.project(image, told, latent.generators(0, 2), 60))
    torch.testing.assert_close(again[-1][0], latents)
    assert all(p.grad is None for p in model.parameters())


@pytest.mark.parametrize("name", families_with("discriminate"))
def test_scores_depend_on_the_picture_and_the_class(name: str) -> None:
    model = build(name)
    images = torch.rand(3, *model.config.media_shape, generator=latent.generator(0))
    images.requires_grad_()
    told = torch.stack([model.condition(label) for label in (0, 1, None)])
    scores = model.discriminate(images, told)
    assert scores.shape == (3,)
    (gradient,) = torch.autograd.grad(scores.sum(), images)
    assert gradient.shape == images.shape and gradient.flatten(1).norm(dim=1).min() > 0
    other = model.discriminate(images, told[[1, 0, 2]])
    assert (other[:2] != scores[:2]).all() and torch.allclose(other[2], scores[2])


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", families_with("attention"))
def test_attention_rows_add_up_and_never_see_the_future(name: str, size: str) -> None:
    model = build(name, size)
    images = torch.rand(2, *SIZES[size], generator=latent.generator(0))
    maps = model.attention(images, [1, None])
    t = model.grid[0] * model.grid[1]
    assert model.tokens(images).shape[:2] == (2, t)
    assert maps.shape[0] == 2 and maps.shape[3:] == (t, t)
    torch.testing.assert_close(maps.sum(-1), torch.ones(maps.shape[:-1]))
    assert maps.triu(1).abs().max() == 0
    assert maps.min() >= 0


@pytest.mark.parametrize("name", families_with("write", pictures=False))
class TestWrites:
    def test_shape_and_range(self, name: str) -> None:
        model = build(name)
        symbols, length, _ = model.config.media_shape
        texts = model.sample(latent.generators(0, 3), [0, 9, None])
        assert texts.shape == (3, length) and texts.dtype == torch.int64
        assert 0 <= texts.min() and texts.max() < symbols and len(texts.unique()) > 3

    def test_text_does_not_depend_on_its_batch(self, name: str) -> None:
        model = build(name)
        together = model.sample(latent.generators(5, 4), [1, 2, None, 3])
        alone = model.sample([latent.generator(5, 2)], [None])
        assert torch.equal(together[2:3], alone)

    def test_leaves_the_global_generator_alone(self, name: str) -> None:
        model, before = build(name), torch.get_rng_state()
        model.sample(latent.generators(0, 1), [None])
        assert torch.equal(before, torch.get_rng_state())

    def test_writing_grows_and_ends_at_the_sample(self, name: str) -> None:
        model = build(name)
        steps = [step.clone() for step in model.draw(latent.generators(0, 2), [3, None])]
        assert [step.shape[1] for step in steps] == list(range(1, model.config.length + 1))
        for step in steps:
            assert torch.equal(step, steps[-1][:, : step.shape[1]])
        assert torch.equal(steps[-1], model.sample(latent.generators(0, 2), [3, None]))

    @pytest.mark.parametrize("temperature", [float("nan"), -1.0])
    def test_bad_temperature(self, name: str, temperature: float) -> None:
        with pytest.raises(ValueError, match="temperature"):
            build(name).sample(latent.generators(0, 1), [None], temperature)

    def test_prompt_comes_first_and_counts(self, name: str) -> None:
        model, prompt = build(name), torch.tensor([3, 4, 5])
        other = torch.tensor([6, 7, 8])
        *_, a = model.write(latent.generators(0, 4), [None] * 4, prompt=prompt, length=9)
        *_, b = model.write(latent.generators(0, 4), [None] * 4, prompt=other, length=9)
        assert a.shape == (4, 12) and torch.equal(a[:, :3], prompt.expand(4, 3))
        assert not torch.equal(a[:, 3:], b[:, 3:])

    def test_goes_on_beyond_what_it_sees_at_once(self, name: str) -> None:
        model = build(name)
        length = 3 * model.config.length
        *_, texts = model.write(latent.generators(0, 1), [None], length=length)
        assert texts.shape == (1, length)
        long = torch.arange(5 * model.config.length) % 20 + 2
        *_, a = model.write(latent.generators(0, 1), [None], prompt=long, length=5)
        last = long[-(model.config.length - 1) :]
        *_, b = model.write(latent.generators(0, 1), [None], prompt=last, length=5)
        assert torch.equal(a[:, -5:], b[:, -5:])
