"""The survey of a latent space: measured right, and read strictly."""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import safetensors.torch
import torch

from aigc import checkpoint, data, hub, latent, survey, ui
from aigc.checkpoint import CheckpointError
from aigc.media import MEDIA, ImageMedia, SoundMedia, VideoMedia
from aigc.ui import texts, views
from train import evaluate, ladder
from train import survey as measuring


@pytest.fixture
def vae(tiny_checkpoints: Path, tmp_path: Path) -> Path:
    return shutil.copytree(tiny_checkpoints / "vae-mnist", tmp_path / "vae-mnist")


def rewrite(folder: Path, change: Callable[[dict[str, Any]], None]) -> None:
    found = survey.read(checkpoint.load(folder))
    assert found is not None
    tensors = dict(found.tensors)
    change(tensors)
    survey.write(folder, tensors, found.about)


# Reading


def test_a_survey_comes_back_as_it_was_written(vae: Path) -> None:
    loaded = checkpoint.load(vae)
    found = survey.read(loaded)
    assert found is not None
    assert found.parts == ("map", "arithmetic", "directions", "tradeoff")
    assert found["map.kl"].dtype == torch.float32 and found["map.classes"].dtype == torch.int64
    assert found.about["classifier"] == "classifier-mnist 0"
    (vae / survey.FILE).unlink()
    assert survey.read(loaded) is None


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda t: t.pop("map.kl"), "'map.kl' is missing"),
        (lambda t: t.update(odd=torch.zeros(2)), "'odd' is unknown"),
        (lambda t: t.update({"map.odd": torch.zeros(2)}), "'map.odd' is unknown"),
        (lambda t: t.update({"map.kl": torch.zeros(5)}), r"'map.kl' has shape \(5,\)"),
        (lambda t: t.update({"map.kl": torch.zeros(4, 1)}), r"'map.kl' has shape \(4, 1\)"),
        (lambda t: t.update({"map.pca.points": torch.zeros(3, 2)}), "has shape"),
        (lambda t: t.update({"arithmetic": torch.zeros(2, 9)}), "'arithmetic' has shape"),
        (lambda t: t.update({"map.kl": torch.tensor([1.0, 2, 3, torch.nan])}), "holds NaN"),
        (lambda t: t.update({"tradeoff": torch.zeros(0, 6)}), r"'tradeoff' has shape \(0, 6\)"),
        (
            lambda t: t.update({"map.classes": torch.zeros(40, dtype=torch.uint32)}),
            r"'map.classes' is torch.uint32",
        ),
        (lambda t: t.update({"map.classes": torch.full((40,), 10)}), "what is no class"),
        (lambda t: t.update({"map.classes": torch.full((40,), -1)}), "what is no class"),
    ],
)
def test_a_survey_that_is_wrong_is_refused(
    vae: Path, change: Callable[[dict[str, Any]], None], words: str
) -> None:
    rewrite(vae, change)
    with pytest.raises(CheckpointError, match=words):
        survey.read(checkpoint.load(vae))


def test_a_survey_of_other_weights_is_refused(vae: Path) -> None:
    weights = vae / checkpoint.WEIGHTS
    state = safetensors.torch.load_file(weights)
    state["decoder.latent.bias"] += 1
    weights.write_bytes(safetensors.torch.save(state))
    with pytest.raises(CheckpointError, match="is not of these weights; run python -m train"):
        survey.read(checkpoint.load(vae))


@pytest.mark.parametrize("content", [b"", b"no safetensors" * 10, b"\x00" * 5 * 2**20])
def test_a_file_that_is_none(vae: Path, content: bytes) -> None:
    (vae / survey.FILE).write_bytes(content)
    with pytest.raises(CheckpointError, match=r"survey\.safetensors (cannot be read|is over 4 MB)"):
        survey.read(checkpoint.load(vae))


def test_a_survey_that_cannot_be_written_says_so(
    vae: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = survey.read(checkpoint.load(vae))
    assert found is not None

    def full(path: Path, content: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(
        CheckpointError, match=r"survey.safetensors could not .*No space.*make room"
    ):
        survey.write(vae, found.tensors, found.about)


def test_where_a_value_lies() -> None:
    quantiles = torch.linspace(0, 1, 101)
    assert survey.quantile_of(-1.0, quantiles) == 0
    assert survey.quantile_of(0.505, quantiles) == pytest.approx(0.505, abs=0.01)
    assert survey.quantile_of(2.0, quantiles) == 1


# Measuring


@pytest.mark.parametrize("name", ["vae-mnist", "gan-mnist"])
def test_a_checkpoint_is_surveyed(
    tiny_checkpoints: Path, mnist_root: Path, tmp_path: Path, name: str,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    folder = shutil.copytree(tiny_checkpoints / name, tmp_path / name)
    (folder / survey.FILE).unlink()
    options = measuring.Options(
        folder, mnist_root, write=True, classifier=tiny_checkpoints / "classifier-mnist",
        samples=100, images=200,
    )  # fmt: skip
    measuring.run(options)
    found = survey.read(checkpoint.load(folder))
    assert found is not None
    shared = ("directions", "tradeoff", "shares")
    assert set(found.parts) == {
        "vae-mnist": {"map", "arithmetic", *shared}, "gan-mnist": {"scores", *shared},
    }[name]  # fmt: skip
    vectors = found["directions.vectors"]
    torch.testing.assert_close(vectors @ vectors.T, torch.eye(len(vectors)))
    printed = capsys.readouterr().out
    assert "temperature" in printed and f"{float(found['tradeoff'][3, 1]):.2%}" in printed
    with torch.inference_mode():
        again, _ = measuring.measure(options)
    torch.testing.assert_close(again["tradeoff"], found["tradeoff"])
    torch.testing.assert_close(found["shares"], torch.full((10,), 0.1))
    if name == "gan-mnist":
        for key in ("scores.real", "scores.made"):
            assert (found[key].diff(dim=1) >= 0).all()
        return
    model: Any = checkpoint.load(folder).model
    _, test = evaluate.load_data(checkpoint.load(folder), mnist_root)
    images = test.images[:200].float() / 255  # type: ignore[union-attr]
    means, log_var = model.encode(images, model.condition(None).expand(200, -1))
    torch.testing.assert_close(found["map.origin"], means.mean(0))
    kl = 0.5 * (means.square() + log_var.exp() - 1 - log_var).mean(0)
    torch.testing.assert_close(found["map.kl"], kl)
    strongest = found["map.kl.axes"].argmax(1).tolist()
    assert strongest == kl.argsort(descending=True)[:2].tolist()
    for plane in survey.PLANES:
        axes = found[f"map.{plane}.axes"]
        torch.testing.assert_close(axes @ axes.T, torch.eye(2))
        at = (means - means.mean(0)) @ axes.T
        own = at[test.targets[:200].argsort(stable=True)]  # type: ignore[union-attr]
        cell = (own.max(0).values - own.min(0).values) / measuring.CELLS
        moved = found[f"map.{plane}.points"] - own
        # Each is somewhere in the cell of an image's own place, and not on it.
        assert (moved.abs() <= cell + 3e-3).all() and (moved.abs() / cell).mean() > 0.2
    assert (found["map.classes"].diff() >= 0).all()
    assert found["map.pca.facts"][0] >= found["map.kl.facts"][0]


def test_what_cannot_be_surveyed_says_so(tiny_checkpoints: Path, mnist_root: Path) -> None:
    folder = tiny_checkpoints / "vae-mnist"
    with pytest.raises(evaluate.EvaluationError, match="are 100 or more"):
        measuring.measure(measuring.Options(folder, mnist_root, samples=9))
    with pytest.raises(evaluate.EvaluationError, match="has no latent space"):
        measuring.measure(
            measuring.Options(
                tiny_checkpoints / "classifier-mnist", mnist_root,
                classifier=tiny_checkpoints / "classifier-mnist",
            )
        )  # fmt: skip


def test_a_model_without_classes_on_data_that_has_them(
    tiny_checkpoints: Path, mnist_root: Path, tmp_path: Path
) -> None:
    folder = ladder.train(
        ladder.Recipe(
            data=mnist_root, out=tmp_path / "made", batch=8, steps=1, minutes=0, snapshots=0,
            evaluate=False, top=3, latent=1, coarse=1, fine=0, planes=8, depth=1,
        )
    )  # fmt: skip
    options = measuring.Options(
        folder, mnist_root, write=True, classifier=tiny_checkpoints / "classifier-mnist",
        samples=100, images=100,
    )  # fmt: skip
    measuring.run(options)
    made = checkpoint.load(folder)
    found = survey.read(made)
    assert found is not None and not made.labels
    assert found.parts == ("map", "directions", "tradeoff", "shares")
    assert len(found["map.class_means"]) == 1 and found["map.classes"].unique().tolist() == [
        *range(10)
    ]
    assert found.classes == tuple("0123456789")  # of the data, which it was never told
    catalogue = ui.catalogue_of(folder.parent)
    values = {"plane": "means", "x": 0, "y": 0, "walk": ""}
    shown = views.VIEWS["map"].show(views.read(catalogue, folder.name, "map", values))
    assert shown["labels"] == [*found.classes]
    assert texts.PLANE_UNTOLD in shown["about"] and "have mostly their own class" in shown["about"]
    for names in ('["0", "1"]', "no JSON", "{}", '["a\\nb"]', json.dumps(["x" * 300] * 10)):
        survey.write(folder, found.tensors, found.about | {"classes": names})
        with pytest.raises(CheckpointError, match="holds what is no class"):
            survey.read(made)
    one = {"map.classes": torch.zeros_like(found["map.classes"])}
    survey.write(folder, found.tensors | one, found.about | {"classes": "[]"})
    shown = views.VIEWS["map"].show(
        views.read(ui.catalogue_of(folder.parent), folder.name, "map", values)
    )
    assert shown["labels"] == [] and "own class" not in shown["about"]


def test_little_data_leaves_out_what_it_cannot_show(
    tiny_checkpoints: Path, mnist_root: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    digits, kept_back = (data.load("mnist", mnist_root, train=part) for part in (True, False))
    assert isinstance(kept_back, data.Dataset)

    def parts(name: str, rows: torch.Tensor) -> set[str]:
        few = dataclasses.replace(
            kept_back, images=kept_back.images[rows], targets=kept_back.targets[rows]
        )
        monkeypatch.setattr(evaluate, "load_data", lambda *given: (digits, few))
        judge = tiny_checkpoints / "classifier-mnist"
        options = measuring.Options(
            tiny_checkpoints / name, mnist_root, samples=100, images=100, classifier=judge
        )
        with torch.inference_mode():
            return {key.partition(".")[0] for key in measuring.measure(options)[0]}

    others = kept_back.targets != 3
    assert parts("vae-mnist", others) == {"directions", "tradeoff", "shares"}
    assert "left out, map, arithmetic and scores: class '3' has no test image" in (
        capsys.readouterr().err
    )
    assert parts("gan-mnist", torch.arange(2)) == {"directions", "shares"}
    assert "left out, trade-off: 2 test images are too few" in capsys.readouterr().err


def test_directions_take_more_samples_than_latents(
    tiny_checkpoints: Path, mnist_root: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    made_by = checkpoint.load(tiny_checkpoints / "gan-mnist")
    made_by.model.prior = lambda source, label: (torch.zeros(100), torch.zeros(1))  # type: ignore[assignment]
    monkeypatch.setattr(checkpoint, "load", lambda folder: made_by)
    monkeypatch.setattr(evaluate, "find_judge", lambda *given: made_by)
    for part in ("scores_of", "tradeoff_of"):
        monkeypatch.setattr(measuring, part, lambda *given: {})
    options = measuring.Options(tiny_checkpoints / "gan-mnist", mnist_root, samples=100)
    assert measuring.measure(options)[0].keys() == {"shares"}
    assert "left out, directions: they take --samples above the 100 numbers" in (
        capsys.readouterr().err
    )


def test_a_missing_judge_is_trained_first(
    tiny_checkpoints: Path, mnist_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def judge(*given: Any) -> None:
        assert not torch.is_inference_mode_enabled()

    monkeypatch.setattr(evaluate, "find_judge", judge)
    with torch.inference_mode():
        found, _ = measuring.measure(
            measuring.Options(tiny_checkpoints / "vae-mnist", mnist_root, samples=100, images=100)
        )
    assert {key.partition(".")[0] for key in found} == {"map"}


def test_a_thousand_classes_keep_their_numbers() -> None:
    class Model:
        def condition(self, label: int | None) -> torch.Tensor:
            return torch.zeros(1)

        def encode(self, images: torch.Tensor, conditions: torch.Tensor) -> Any:
            means = images.flatten(1)[:, :3] + torch.arange(3.0)
            return means, torch.zeros(len(images), 3)

    images = torch.arange(1200, dtype=torch.uint8).view(400, 1, 1, 3) * 7
    found = measuring.map_of(Model(), images, torch.arange(400), 400)
    assert found["map.classes"].tolist() == list(range(400))


def test_the_looks_of_a_picture() -> None:
    images = torch.zeros(4, 1, 28, 28)
    images[0, 0, 4:24, 13:15] = 1  # upright
    images[1, 0, 4:24, 11:17] = 1  # broader, and more ink
    images[2, 0, 10:18, 13:15] = 1  # flatter
    for row in range(4, 24):
        images[3, 0, row, 20 - row // 2] = 1  # leans right: half a pixel for each one up
    ink, width, height, slant = ImageMedia(1, 28, 28).looks(images).T
    assert ink[1] == pytest.approx(3 * ink[0].item()) and width[1] > 2 * width[0]
    assert height[2] < height[0] / 2
    assert slant[:3].abs().max() < 1e-4 and slant[3].item() == pytest.approx(0.5, abs=0.02)


def test_the_looks_of_a_sound() -> None:
    media = SoundMedia(1, 64, 32, 8000)
    time = torch.arange(media.samples) / media.rate
    tone = torch.sin(2 * torch.pi * 1000 * time)
    late = tone * (time > 0.128)
    high = torch.sin(2 * torch.pi * 3000 * time)
    brief = tone * (-time / 0.02).exp()
    spectra = media.from_waves(torch.stack([0.8 * tone, 0.08 * tone, 0.8 * high, late, brief]))
    loudness, brightness, length, onset = media.looks(spectra).T
    assert loudness[0] - loudness[1] == pytest.approx(20, abs=0.5)
    assert brightness[0] == pytest.approx(1000, abs=40)
    assert brightness[2] == pytest.approx(3000, abs=40)
    assert length[4] < 0.03 < 0.1 < length[0] < length[3]
    assert onset[3] > 0.12 > 0.03 > onset[4]
    assert torch.isfinite(media.looks(torch.zeros(1, *media.shape))).all()


def test_the_looks_of_a_video() -> None:
    media = VideoMedia(1, 32, 48, 2, 3, 10)
    videos = torch.zeros(4, 6, 1, 16, 16)
    for t in range(6):
        videos[0, t, 0, 6:9, 6:9] = 1  # stands
        videos[1, t, 0, 6:9, 1 + 2 * t : 4 + 2 * t] = 1  # right
        videos[2, t, 0, 12 - t : 15 - t, 6:9] = 1  # up
        at = 6 + 3 * (t % 2)
        videos[3, t, 0, 6:9, at : at + 3] = 1  # to and fro
    ink, rightwards, upwards, speed = media.looks(media.to_sheets(videos)).T
    assert ink.unique().numel() == 1
    torch.testing.assert_close(rightwards, torch.tensor([0, 2, 0, 0.6]), atol=1e-4, rtol=0)
    torch.testing.assert_close(upwards, torch.tensor([0, 0, 1.0, 0]), atol=1e-4, rtol=0)
    torch.testing.assert_close(speed, torch.tensor([0, 2, 1, 3.0]), atol=1e-4, rtol=0)


@pytest.mark.parametrize("kind", [k for k, media in MEDIA.items() if issubclass(media, ImageMedia)])
def test_every_look_has_a_name(kind: str) -> None:
    media = MEDIA[kind]
    for language in (texts.en, texts.zh):
        assert all(len(language.LOOKS[look]) == 3 for look in media.LOOKS)
    assert len(media.LOOKS) == int(survey.SHAPES["directions.looks"][1])


def test_neighbours_agree_where_classes_lie_apart() -> None:
    generator = torch.Generator().manual_seed(0)
    targets = torch.arange(90) % 3
    points = torch.randn(90, 2, generator=generator)
    assert measuring.agreement(points, targets) < 0.6
    assert measuring.agreement(points + 50 * targets[:, None], targets) == 1


def test_directions_are_those_that_matter(tiny_checkpoints: Path) -> None:
    """A latent that only its second number changes: the first direction is that number."""

    class Model:
        def prior(self, generator: torch.Generator, label: int | None) -> Any:
            return torch.randn(4, generator=generator), torch.zeros(1)

        def decode(self, z: torch.Tensor, conditions: torch.Tensor) -> torch.Tensor:
            ramp = torch.arange(28.0).expand(28, 28) / 28
            return (0.5 + 0.2 * z[:, 1, None, None, None] * ramp).clamp(0, 1)

    made_by = checkpoint.load(tiny_checkpoints / "gan-mnist")
    made_by.model = Model()  # type: ignore[assignment]
    judge = checkpoint.load(tiny_checkpoints / "classifier-mnist")
    found = measuring.directions_of(made_by, judge, 400)
    assert found["directions.vectors"][0, 1].abs() > 0.99


def test_a_response_is_the_difference_between_both_ends(tiny_checkpoints: Path) -> None:
    """Pictures as bright as the first number of a latent, and logits of a class that go with it."""

    class Model:
        def prior(self, generator: torch.Generator, label: int | None) -> Any:
            return torch.randn(3, generator=generator), torch.zeros(1)

        def decode(self, z: torch.Tensor, conditions: torch.Tensor) -> torch.Tensor:
            return (0.5 + 0.01 * z[:, :1, None, None]).expand(-1, 1, 28, 28)

    class Judge:
        def classify(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            light = 100 * images.mean((1, 2, 3))[:, None]
            return light * torch.tensor([1.0, -3.0]), light * torch.ones(4)

    made_by, judge = (
        checkpoint.load(tiny_checkpoints / name) for name in ("gan-mnist", "classifier-mnist")
    )
    made_by.model, judge.model = Model(), Judge()  # type: ignore[assignment]
    found = measuring.directions_of(made_by, judge, 100)
    way = found["directions.vectors"][0, 0]
    assert abs(way) == pytest.approx(1, abs=1e-3)
    wanted = torch.tensor([2.0, -6.0]) * way  # for one step there and one back
    torch.testing.assert_close(found["directions.response"][0], wanted, rtol=1e-3, atol=1e-3)


def test_pictures_are_scored_as_of_their_own_class(
    tiny_checkpoints: Path, mnist_root: Path
) -> None:
    """A discriminator whose logit is the class that it is told, and the ink that it sees; samples
    as bright as the number of their class."""

    class Model:
        def condition(self, label: int | None) -> torch.Tensor:
            return torch.eye(10)[0 if label is None else label]

        def sample(self, generators: Any, labels: Any, temperature: float = 1.0) -> torch.Tensor:
            return torch.tensor(labels)[:, None, None, None].expand(-1, 1, 28, 28) / 10

        def discriminate(self, images: torch.Tensor, conditions: torch.Tensor) -> torch.Tensor:
            return 100 * conditions.argmax(1) + images.mean((1, 2, 3))

    made_by = checkpoint.load(tiny_checkpoints / "gan-mnist")
    made_by.model = Model()  # type: ignore[assignment]
    _, test = evaluate.load_data(made_by, mnist_root)
    assert isinstance(test, data.Dataset)
    found = measuring.scores_of(made_by, test, test.images, 100)
    classes = torch.arange(10.0)
    torch.testing.assert_close(found["scores.made"], (100.1 * classes)[:, None].expand(-1, 101))
    ink = [test.floats(test.targets == k).mean((1, 2, 3)).median() for k in range(10)]
    assert torch.stack(ink).unique().numel() == 10
    middle = found["scores.real"][:, measuring.QUANTILES // 2]
    torch.testing.assert_close(middle, 100 * classes + torch.stack(ink), rtol=0, atol=0.01)


def test_arithmetic_goes_from_its_own_class_to_the_other(tiny_checkpoints: Path) -> None:
    """A latent that is the number of the class where none is told, and nothing where one is; and a
    judge who reads it off the picture."""

    class Model:
        def condition(self, label: int | None) -> torch.Tensor:
            return torch.eye(11)[10 if label is None else label]

        def encode(self, x: torch.Tensor, conditions: torch.Tensor) -> Any:
            mean = 25.5 * x.mean((1, 2, 3))[:, None] * conditions[:, 10:]
            return mean, torch.zeros_like(mean)

        def decode(self, z: torch.Tensor, conditions: torch.Tensor) -> torch.Tensor:
            told = conditions @ torch.tensor([*range(10), 0.0])
            return (z[:, 0] + told)[:, None, None, None]

    class Judge:
        def classify(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
            return -(images.flatten(1) - torch.arange(10)).abs(), images.flatten(1)

    judge = checkpoint.load(tiny_checkpoints / "classifier-mnist")
    judge.model = Judge()  # type: ignore[assignment]
    targets = torch.arange(50) % 10
    images = (10 * targets[:, None, None, None]).expand(-1, 1, 28, 28).to(torch.uint8)
    means = torch.arange(10.0)[:, None]
    found = measuring.arithmetic_of(Model(), judge, means, images, targets)
    assert (found["arithmetic"] == 1).all()


def test_a_survey_travels_with_its_checkpoint(vae: Path, the_hub: Any) -> None:
    hub.push(vae, "me/vae-mnist")
    pulled = hub.pull("me/vae-mnist")
    here, there = survey.read(checkpoint.load(vae)), survey.read(pulled)
    assert here is not None and there is not None and there.about == here.about
    assert torch.equal(there["map.pca.points"], here["map.pca.points"])


def test_a_model_without_classes_is_measured_against_the_data_that_has_them(
    tiny_stacked: Path, tiny_checkpoints: Path, mnist_root: Path, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    """Three digits in a picture: 1000 classes, of which the model knows none."""
    monkeypatch.setattr(data, "STACKS", {True: 2000, False: 300})
    folder = shutil.copytree(tiny_stacked / "gan-stacked-mnist", tmp_path / "gan")
    measuring.run(
        measuring.Options(
            folder, mnist_root, write=True, classifier=tiny_checkpoints / "classifier-mnist",
            samples=100, images=200,
        )
    )  # fmt: skip
    found = survey.read(checkpoint.load(folder))
    assert found is not None
    assert set(found.parts) == {"directions", "scores", "tradeoff", "shares"}
    assert found["shares"].shape == (1000,)
    chosen, judge = (
        checkpoint.load(one) for one in (folder, tiny_checkpoints / "classifier-mnist")
    )
    model: Any = chosen.model
    named: Any = judge.model
    with torch.inference_mode():
        made = model.sample(latent.generators(measuring.SEED, 100), [None] * 100, 0.2)
        digits = [named.classify(made[:, c : c + 1])[0].argmax(1) for c in range(3)]
    modes = {tuple(int(d[i]) for d in digits) for i in range(100)}
    assert survey.columns(chosen)[1] == "modes"
    assert float(found["tradeoff"][0, 1]) == pytest.approx(len(modes) / 1000)
    assert found["scores.real"].shape == found["scores.made"].shape == (1, measuring.QUANTILES)
    assert found["directions.response"].shape == (len(found["directions.vectors"]), 1000)
    assert "score, median" in capsys.readouterr().out
