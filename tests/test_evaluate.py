"""The figures of tiny checkpoints on drawn digits: right names, finite, the same again."""

from __future__ import annotations

import dataclasses
import json
import math
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

from aigc import checkpoint, data, metrics
from aigc.models import vae
from tests.test_train import train
from train import classifier, evaluate, loop
from train.evaluate import EvaluationError, Figure, Options

SAMPLED = {
    "label_accuracy", "frechet_distance", "precision", "recall", "density", "coverage",
    "classes_covered", "class_kl", "nearest_training", "near_copies", "nearest_training_features",
    "near_copies_features",
}  # fmt: skip
BOUND = {"negative_elbo", "reconstruction", "kl", "negative_log_likelihood"}
EXPECTED = {
    "gan": SAMPLED,
    "vae": SAMPLED | BOUND | {"negative_elbo_given_class"},
    "ladder": SAMPLED | BOUND | {"negative_elbo_given_class"},
    "attention": SAMPLED | {"bits_per_dim", "bits_per_dim_given_class"},
    "language": {"nats_per_character", "nats_per_character_long", "copied_windows"},
    "classifier": {"accuracy"},
}


@pytest.fixture
def options(tiny_checkpoints: Path, mnist_root: Path) -> Options:
    return Options(
        tiny_checkpoints / "gan-mnist",
        mnist_root,
        classifier=tiny_checkpoints / "classifier-mnist",
        samples=20,
        draws=2,
        importance=3,
    )


@pytest.mark.parametrize("family", EXPECTED)
def test_every_family_has_its_figures(
    family: str, options: Options, tiny_checkpoints: Path, mnist_root: Path, tmp_path: Path
) -> None:
    options.checkpoint = tiny_checkpoints / f"{family}-mnist"
    if family == "language":
        options.data = mnist_root / "text.txt"  # whose characters it has to know
        options.checkpoint = train(family, options.data, tmp_path / "made", size=24)
    found = evaluate.evaluate(options)
    assert found.keys() - {"evaluated"} == EXPECTED[family]
    for key in EXPECTED[family]:
        figure = found[key]
        assert math.isfinite(figure["value"]), key
        assert figure["better"] in ("higher", "lower", "")
        assert figure["protocol"].endswith(".")
        assert any(digit in figure["text"] for digit in "0123456789")
        assert (
            ("reference" in figure) == ("reference_text" in figure) == ("reference_name" in figure)
        )
    assert set(found["evaluated"]) == {
        "date", "machine", "torch", "command", "dataset", "classifier"
    }  # fmt: skip
    assert "--samples 20 --draws 2 --importance 3" in found["evaluated"]["command"]
    json.dumps(found, allow_nan=False)
    lines = evaluate.table(found).splitlines()
    assert len(lines) >= 1 + len(EXPECTED[family])


def test_the_importance_weighted_likelihood_is_no_worse_than_the_bound(
    options: Options, tiny_checkpoints: Path
) -> None:
    options.checkpoint = tiny_checkpoints / "vae-mnist"
    options.draws, options.importance = 1, 20
    found = evaluate.evaluate(options)
    assert found["negative_log_likelihood"]["value"] < found["negative_elbo"]["value"]
    options.bfloat16 = True
    rounded = evaluate.evaluate(options)
    assert rounded["evaluated"]["command"].endswith("--bfloat16")
    figure = rounded["negative_log_likelihood"]
    assert figure["protocol"].endswith("the networks in bfloat16.")
    assert figure["value"] == pytest.approx(found["negative_log_likelihood"]["value"], rel=0.02)
    assert figure["value"] != found["negative_log_likelihood"]["value"]
    assert rounded["negative_elbo"] == found["negative_elbo"]
    options.importance = 0
    assert "negative_log_likelihood" not in evaluate.evaluate(options)


@pytest.mark.parametrize("family", ["vae", "ladder"])
def test_the_bound_is_the_sum_of_its_printed_parts(
    family: str, options: Options, tiny_checkpoints: Path
) -> None:
    measured = checkpoint.load(tiny_checkpoints / f"{family}-mnist")
    test = data.load("mnist", options.data, train=False)
    found = evaluate.bound_figures(measured, test, 2, 0)
    bound, pixels, kl = (found[key] for key in ("negative_elbo", "reconstruction", "kl"))
    assert bound.value == pytest.approx(pixels.value + kl.value, rel=1e-9)
    assert re.search(r"mean of 2 binarisations, standard deviation \d", bound.protocol)
    assert "generator 1" in bound.protocol
    if family == "ladder":
        levels = re.findall(r"\d+\.\d\d", kl.protocol)
        assert len(levels) == len(measured.model.levels)  # type: ignore[arg-type]
        assert sum(map(float, levels)) == pytest.approx(kl.value, abs=0.01 * len(levels))


def test_elsewhere_importance_samples_go_through_a_compiled_network(
    options: Options, tiny_checkpoints: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And come to the same; what is not the device of `evaluate.CPU` counts as a GPU here."""
    test = data.load("mnist", options.data, train=False)
    measured = [checkpoint.load(tiny_checkpoints / "ladder-mnist") for _ in range(2)]
    usual = evaluate.bound_figures(measured[0], test, 1, 3)["negative_log_likelihood"]
    compiled: list[Any] = []

    def compiles(function: Any) -> Any:
        def counted(*given: Any) -> Any:
            compiled.append(given)
            return function(*given)

        return counted

    monkeypatch.setattr(torch, "compile", compiles)
    monkeypatch.setattr(evaluate, "CPU", torch.device("meta"))
    cpu = torch.device("cpu")
    found = evaluate.bound_figures(measured[1], test, 1, 3, False, cpu)["negative_log_likelihood"]
    assert found.value == pytest.approx(usual.value, rel=0.02)  # of other draws
    assert len(compiled) == 3
    assert "infer" not in vars(measured[1].model) and "on a GPU" in found.protocol


def test_the_bound_is_of_pictures_binarised_by_their_brightness_and_of_their_class(
    options: Options, tiny_checkpoints: Path
) -> None:
    """A model whose pixels cost a nat for each that is ink, and whose latent costs the number of
    the class that it is told, 10 where it is told none."""

    class Counts(torch.nn.Module):
        config, levels = vae.Config(latent=1), [1]
        condition = vae.VAE.condition

        def elbo(
            self, x: torch.Tensor, conditions: torch.Tensor, generator: torch.Generator
        ) -> tuple[torch.Tensor, torch.Tensor]:
            assert ((x == 0) | (x == 1)).all()
            return x.flatten(1).sum(1), conditions.argmax(1, keepdim=True).float()

    measured = checkpoint.load(tiny_checkpoints / "vae-mnist")
    measured.model = Counts()
    test = data.load("mnist", options.data, train=False)
    assert isinstance(test, data.Dataset)
    found = evaluate.bound_figures(measured, test, 4, 0)
    ink = test.floats().flatten(1).sum(1).mean().item()  # of the 784 at most
    assert ink < 200
    assert found["reconstruction"].value == pytest.approx(ink, rel=0.005)
    assert found["kl"].value == 10
    assert found["negative_elbo"].value == pytest.approx(found["reconstruction"].value + 10)
    given = found["negative_elbo_given_class"].value - found["reconstruction"].value
    assert given == pytest.approx(test.targets.double().mean().item())


def test_a_model_without_classes_of_data_with_them(
    options: Options, mnist_root: Path, tmp_path: Path
) -> None:
    options.checkpoint = train("ladder", mnist_root, tmp_path / "made", any_label=1.0)
    assert checkpoint.load(options.checkpoint).labels == ()
    found = evaluate.evaluate(options)
    assert found.keys() - {"evaluated"} == (SAMPLED | BOUND) - {"label_accuracy"}
    assert "classes as often" not in found["frechet_distance"]["protocol"]


def test_bits_of_8_bit_values_from_a_bound(
    options: Options, mnist_root: Path, tmp_path: Path
) -> None:
    out = tmp_path / "made"
    options.checkpoint = train("ladder", mnist_root, out, likelihood="discretised-logistic")
    found = evaluate.evaluate(options)
    nats = found["negative_log_likelihood"]["value"]
    assert found["bits_per_dim"]["value"] == pytest.approx(nats / 784 / math.log(2), rel=1e-4)
    assert "8-bit values" in found["negative_elbo"]["protocol"]


def test_bits_of_a_model_that_knows_nothing(
    options: Options, tiny_checkpoints: Path, tmp_path: Path
) -> None:
    """All weights zero but one that makes black as likely as each other value: 8 bits each."""
    loaded = checkpoint.load(tiny_checkpoints / "attention-mnist")
    for parameter in loaded.model.parameters():
        parameter.zero_()
    loaded.model.head.black.bias.fill_(-math.log(255))  # type: ignore[union-attr, operator]
    test = data.load("mnist", options.data, train=False)
    found = evaluate.exact_figures(loaded, test)
    assert found["bits_per_dim"].value == pytest.approx(8, abs=1e-4)
    assert found["bits_per_dim_given_class"].value == pytest.approx(8, abs=1e-4)


def test_bits_of_a_model_that_was_told_how_pictures_are_turned(
    mnist_root: Path, tmp_path: Path
) -> None:
    made = checkpoint.load(train("attention", mnist_root, tmp_path / "made", turned=0.5))
    test = data.load("mnist", mnist_root, train=False)
    some = dataclasses.replace(test, images=test.images[:6], targets=test.targets[:6])
    found = evaluate.exact_figures(made, some, ways=9)
    model: Any = made.model
    nats = -model.log_prob_turned(some.floats(), [None] * 6, 9).mean().item()
    value = found["bits_per_dim_turned"].value
    assert value == pytest.approx(nats / 784 / math.log(2), rel=1e-4)
    # One of nine is as good as the plain model, and choosing it costs log2(9) bits.
    assert value < found["bits_per_dim"].value + math.log2(9) / 784
    assert "9 shifts" in found["bits_per_dim_turned"].name
    rough = evaluate.exact_figures(made, some, ways=9, bfloat16=True)["bits_per_dim_turned"]
    assert rough.value == pytest.approx(value, rel=0.02)
    assert ", the networks in bfloat16, mean over all" in rough.protocol
    assert "bits_per_dim_turned" not in evaluate.exact_figures(made, some)


def test_write_gives_the_same_files_again(
    options: Options, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "gan-mnist"
    shutil.copytree(options.checkpoint, folder)
    options.checkpoint, options.write = folder, True
    evaluate.run(options)
    assert "Label accuracy" in capsys.readouterr().out
    before = {p.name: p.read_bytes() for p in folder.iterdir() if p.is_file()}
    loaded = checkpoint.load(folder)
    assert loaded.metrics["label_accuracy"]["text"] in before["README.md"].decode()
    evaluate.run(options)
    assert {p.name: p.read_bytes() for p in folder.iterdir() if p.is_file()} == before
    # Without --write nothing changes.
    options.write, options.samples = False, 10
    evaluate.run(options)
    assert {p.name: p.read_bytes() for p in folder.iterdir() if p.is_file()} == before


def test_a_card_without_figures(options: Options, tmp_path: Path) -> None:
    folder = tmp_path / "gan-mnist"
    shutil.copytree(options.checkpoint, folder)
    evaluate.complete(folder, options.data, figures=False)
    assert not (folder / "metrics.json").exists()
    card = (folder / "README.md").read_text(encoding="utf-8")
    assert card.startswith("---\n")
    assert "## Figures" not in card


def test_a_classifier_is_trained_and_kept_when_none_ships(
    options: Options, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(evaluate, "SHIPPED", tmp_path / "nothing")
    train = classifier.train
    runs: list[classifier.Recipe] = []

    def short(recipe: classifier.Recipe) -> Path:
        recipe.steps = 40
        runs.append(recipe)
        return train(recipe)

    monkeypatch.setattr(classifier, "train", short)
    digits = data.load("mnist", options.data)
    before = sorted(p for p in options.data.rglob("*"))
    judge = evaluate.find_judge(digits, options.data, None)
    again = evaluate.find_judge(digits, options.data, None)
    assert judge is not None
    assert again is not None
    assert len(runs) == 1
    assert judge.revision == again.revision
    assert judge.path is not None
    assert judge.path.is_relative_to(tmp_path / "cache")
    assert [p.name for p in judge.path.parent.iterdir()] == [judge.path.name]
    # A cache that cannot be written is named, with what to set.
    (tmp_path / "file").write_bytes(b"")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(EvaluationError, match=r"the cache .*file.* cannot be written .*XDG_CACHE"):
        evaluate.find_judge(digits, options.data, None)
    assert sorted(p for p in options.data.rglob("*")) == before
    # Drawn digits are easy: it learned something.
    found = evaluate.classifier_figures(judge, data.load("mnist", options.data, train=False))
    assert found["accuracy"].value > 0.6


def test_data_without_classes(tmp_path: Path, mnist_root: Path) -> None:
    """Loose images: no classifier, and what needs none is measured all the same."""
    digits = data.load("mnist", mnist_root)
    (tmp_path / "images").mkdir()
    for i in range(60):
        image = digits.media.to_pil(digits.floats()[i]).resize((16, 16))
        image.save(tmp_path / "images" / f"{i}.png")
    loose = data.load("folder", tmp_path / "images", size=16)
    assert evaluate.find_judge(loose, tmp_path, None) is None
    from aigc.models.vae import VAE, Config

    model = VAE(Config(height=16, width=16, classes=0, latent=4, base=4, hidden=16))
    folder = tmp_path / "vae-folder"
    checkpoint.save(folder, model, "vae", loose.media, (), "folder", {})
    found = evaluate.evaluate(
        Options(folder, tmp_path / "images", samples=10, draws=1, importance=2)
    )
    assert found.keys() == BOUND | {"nearest_training", "near_copies", "evaluated"}


def test_what_samples_teach(
    options: Options, tiny_checkpoints: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Classifiers learn from pictures that show what they should, and as many from real ones."""
    train = data.load("mnist", options.data)
    test = data.load("mnist", options.data, train=False)
    assert isinstance(train, data.Dataset) and isinstance(test, data.Dataset)
    loaded = checkpoint.load(options.checkpoint)
    whole = classifier.train

    taught: list[tuple[int, bool]] = []

    def short(recipe: classifier.Recipe, samples: data.Dataset) -> Path:
        assert samples.images.shape == train.images.shape
        taught.append((recipe.seed, torch.equal(samples.images, train.images)))
        return whole(dataclasses.replace(recipe, steps=30, base=8), samples)

    monkeypatch.setattr(classifier, "train", short)

    class Again(torch.nn.Module):
        def sample(self, generators: Any, labels: Any, temperature: float = 1.0) -> torch.Tensor:
            return torch.stack([train.floats(train.targets == label)[0] for label in labels])

    def score(model: torch.nn.Module) -> evaluate.Figure:
        loaded.model = model
        return evaluate.cas_figures(loaded, train, test, 2)["classification_accuracy_score"]

    found = score(Again())
    assert taught == [(0, False), (0, True), (1, False), (1, True)]
    assert found.value > 0.3 and found.reference is not None and found.reference > 0.3
    assert "mean of 2, standard deviation" in found.protocol
    assert "2 taught by the" in found.reference_name
    loaded.labels = ()
    with pytest.raises(evaluate.EvaluationError, match="leave --cas out"):
        score(Again())


def test_the_judge_is_of_the_same_data(mnist_root: Path) -> None:
    """Another data set may have the same sizes and classes; what ships knows nothing of it."""
    digits = data.load("mnist", mnist_root)
    assert isinstance(digits, data.Dataset)
    shipped = evaluate.available_judge(digits)
    assert shipped is not None and shipped.name == "classifier-mnist"
    assert evaluate.available_judge(dataclasses.replace(digits, name="folder")) is None


def test_lost_modes_are_counted(
    mnist_root: Path, tiny_checkpoints: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three digits in a picture, judged by the classifier of one; a GAN that knows no class."""
    from train import gan

    monkeypatch.setattr(data, "STACKS", {True: 3000, False: 2600})
    folder = gan.train(
        gan.Recipe(
            dataset="stacked-mnist", data=mnist_root, out=tmp_path / "gan", classes=False,
            g_base=4, d_base=4, minutes=0, steps=2, evaluate=False, snapshots=0,
        )
    )  # fmt: skip
    loaded = checkpoint.load(folder)
    assert loaded.labels == () and loaded.media.channels == 3
    train, test = evaluate.load_data(loaded, mnist_root)
    assert isinstance(train, data.Dataset) and isinstance(test, data.Dataset)
    one = checkpoint.load(tiny_checkpoints / "classifier-mnist")
    judge = evaluate.suited(one, train)
    assert judge.labels == train.labels and not evaluate.fits(judge, train)

    class Lossy(torch.nn.Module):
        """Hands out real pictures whose first digit the judge takes for less than five."""

        def sample(self, generators: Any, labels: Any, temperature: float = 1.0) -> torch.Tensor:
            rows = [int(torch.randint(len(kept), (), generator=g)) for g in generators]
            return kept[rows]

    predicted, _ = evaluate.judged(judge, test.images, "")
    kept = test.floats()[predicted < 500]
    loaded.model = Lossy()
    monkeypatch.setattr(evaluate, "EACH", 2)
    found = evaluate.class_figures(loaded, judge, train, test, 10_000, predicted)
    modes = set(predicted[predicted < 500].tolist())
    assert found["classes_covered"].value <= len(modes) / 1000
    assert found["classes_covered"].value > 0.5 * len(modes) / 1000
    assert found["classes_covered"].reference > found["classes_covered"].value
    assert "2,000 samples" in found["classes_covered"].protocol


def test_samples_of_the_training_images_themselves_are_noticed(
    options: Options, tiny_checkpoints: Path
) -> None:
    train = data.load("mnist", options.data)
    test = data.load("mnist", options.data, train=False)
    loaded = checkpoint.load(options.checkpoint)

    class Copy(torch.nn.Module):
        """Hands out training images of the class that is asked for."""

        def sample(self, generators: Any, labels: Any, temperature: float = 1.0) -> torch.Tensor:
            return torch.stack(
                [
                    train.floats(
                        torch.where(train.targets == (0 if label is None else label))[0][:1]
                    )[0]
                    for label in labels
                ]
            )

    loaded.model = Copy()
    judge = checkpoint.load(tiny_checkpoints / "classifier-mnist")
    found = evaluate.sample_figures(loaded, judge, train, test, 30)
    assert found["nearest_training"].value == pytest.approx(0, abs=1e-6)
    assert found["nearest_training"].reference > 0.5
    assert found["nearest_training_features"].value == pytest.approx(0, abs=1e-3)
    assert found["near_copies"].value == found["near_copies_features"].value == 1
    # Thirty held-out pictures have no hundredth: the nearest of them is the limit.
    assert found["near_copies"].reference == pytest.approx(1 / 31)
    # What the run did not see cannot have been copied.
    loaded.training["recipe"] = {"images": 3}
    unseen = evaluate.sample_figures(loaded, judge, train, test, 30)
    assert unseen["near_copies"].value < 1
    assert "nearest of 3 training images" in unseen["near_copies"].protocol
    # One picture a class: far from all that there is.
    assert found["coverage"].value < 0.5
    # The yardstick of a cloud is as many training images, not the samples again.
    again = train.images[evaluate.pick(30, len(train), 1)]
    clouds = [evaluate.judged(judge, images, "")[1] for images in (test.images, again)]
    yardstick = evaluate.cloud_figures(clouds[0], clouds[1], clouds[1], judge, "", "")
    for key, figure in yardstick.items():
        assert found[key].reference == pytest.approx(figure.value, rel=1e-6)
    assert found["frechet_distance"].value > 1.5 * found["frechet_distance"].reference


def test_a_yardstick_names_no_more_images_than_there_are() -> None:
    assert (
        evaluate.stand_ins(10_000, 60_000, "test") == "10,000 real test images instead of samples"
    )
    assert evaluate.stand_ins(1000, 54, "training") == (
        "54 real training images instead of samples, some of them more than once"
    )


def test_real_pictures_score_like_real_pictures(options: Options, tiny_checkpoints: Path) -> None:
    """The clouds' figures of real pictures equal their own yardstick."""
    judge = checkpoint.load(tiny_checkpoints / "classifier-mnist")
    test = data.load("mnist", options.data, train=False)
    _, features = evaluate.judged(judge, test.images, "")
    found = evaluate.cloud_figures(features[:150], features[150:], features[150:], judge, "", "")
    for figure in found.values():
        assert figure.value == figure.reference
    assert found["frechet_distance"].value == metrics.frechet_distance(
        features[150:], features[:150]
    )


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"samples": 1}, "--samples is 2 or more"),
        ({"draws": 0}, "--draws is 1 or more"),
        ({"importance": -1}, "--importance is 0 or more, not -1"),
        ({"ways": -1}, "--ways is 0 or more, not -1"),
        ({"cas": -1}, "--cas is 0 or more"),
        ({"device": "cuda:99"}, "--device cuda:99 is not there"),
    ],
)
def test_options_that_cannot_work(change: dict[str, Any], sentence: str, options: Options) -> None:
    for name, value in change.items():
        setattr(options, name, value)
    with pytest.raises(loop.TrainingError, match=sentence):
        evaluate.evaluate(options)


def test_a_classifier_that_does_not_fit(options: Options, tiny_checkpoints: Path) -> None:
    options.classifier = tiny_checkpoints / "gan-mnist"
    with pytest.raises(EvaluationError, match="is no classifier"):
        evaluate.evaluate(options)


def test_data_of_another_kind(
    options: Options, tiny_checkpoints: Path, image_folder: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "gan-folder"
    shutil.copytree(options.checkpoint, folder)
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    config["dataset"] = "folder"
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    options.checkpoint, options.data = folder, image_folder
    with pytest.raises(EvaluationError, match="point --data at the data"):
        evaluate.evaluate(options)


def test_a_figure_that_is_no_number_is_an_error() -> None:
    figure = Figure("-ELBO", math.nan, evaluate.nats, "lower", "Measured.")
    with pytest.raises(EvaluationError, match="-ELBO came out as nan"):
        figure.to_dict()


def test_numbers_for_readers() -> None:
    assert evaluate.share(0.98765) == "98.77%"
    assert evaluate.plain(0.47612) == "0.476"
    assert evaluate.plain(123.4) == "123"
    assert evaluate.plain(4.0) == "4.00"
    assert evaluate.nats(86.119) == "86.12 nats"
    assert evaluate.bits(0.70004) == "0.7000 bits/dim"


def test_errors_are_one_sentence_on_the_command_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("sys.argv", ["evaluate", str(tmp_path / "none"), "--data", str(tmp_path)])
    with pytest.raises(SystemExit) as stopped:
        evaluate.main()
    assert str(stopped.value).startswith("error: ")
    assert "is not a folder" in str(stopped.value)


def test_figures_that_cannot_be_written_are_one_sentence(
    options: Options, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(evaluate, "evaluate", lambda options: {"evaluated": {}})
    options.checkpoint, options.write = tmp_path / "none", True
    with pytest.raises(checkpoint.CheckpointError, match=r"metrics.json could not be written"):
        evaluate.run(options)


def test_augmentation_moves_pictures_and_keeps_them() -> None:
    images = torch.zeros(4, 1, 28, 28)
    images[:, :, 10:18, 10:18] = 1
    source = torch.Generator().manual_seed(0)
    same = classifier.augment(images, 0.0, 0.0, 0.0, source)
    assert torch.allclose(same, images, atol=1e-5)
    moved = classifier.augment(images, 10.0, 0.1, 2.0, source)
    assert moved.shape == images.shape
    assert not torch.allclose(moved[0], moved[1])
    assert moved.sum() == pytest.approx(images.sum().item(), rel=0.2)


def test_a_classifier_needs_classes(tmp_path: Path, mnist_root: Path) -> None:
    digits = data.load("mnist", mnist_root)
    for i in range(20):
        digits.media.to_pil(digits.floats()[i]).save(tmp_path / f"{i}.png")
    recipe = classifier.Recipe(
        dataset="folder", data=tmp_path, out=tmp_path / "out", steps=1, size=28
    )
    with pytest.raises(loop.TrainingError, match="needs classes"):
        classifier.train(recipe)


def test_the_figures_of_texts_are_right(mnist_root: Path, tmp_path: Path) -> None:
    """A model that knows nothing: every character costs log(symbols), wherever it stands."""
    root = mnist_root / "text.txt"
    folder = train("language", root, tmp_path / "made", size=24)
    measured = checkpoint.load(folder)
    for parameter in measured.model.logits.parameters():
        parameter.zero_()
    learned, held = (data.load("text", root, part, 24) for part in (True, False))
    found = evaluate.text_figures(measured, learned, held)
    expected = math.log(len(measured.media.symbols))
    assert found["nats_per_character"].value == pytest.approx(expected, abs=1e-4)
    assert found["nats_per_character_long"].value == pytest.approx(expected, abs=1e-4)
    # What is drawn evenly from all characters stands nowhere in the text.
    assert found["copied_windows"].value == 0


def test_the_figures_of_poems_are_right(mnist_root: Path, tmp_path: Path) -> None:
    """A model that knows nothing: every character costs log(symbols), and no form is kept."""
    folder = train("language", mnist_root, tmp_path / "made", dataset="tang", size=0)
    measured = checkpoint.load(folder)
    assert len(measured.labels) == 4 and measured.media.end
    for parameter in measured.model.logits.parameters():
        parameter.zero_()
    learned, held = (data.load("tang", mnist_root, part) for part in (True, False))
    found = evaluate.text_figures(measured, learned, held)
    expected = math.log(len(measured.media.symbols))
    assert found["nats_per_character"].value == pytest.approx(expected, abs=1e-4)
    assert found["nats_per_letter"].value == pytest.approx(expected, abs=1e-4)
    # The verse is drawn evenly from forty characters, and a form tells where the marks are.
    assert found["nats_per_letter"].reference == pytest.approx(math.log(40), abs=0.5)
    assert found["nats_per_character"].reference < found["nats_per_letter"].reference
    assert found["nats_per_letter_apart"].value == pytest.approx(expected, abs=1e-4)
    assert found["form_kept"].value == 0 and found["copied_lines"].value == 0

    # A learned poem among those held out is not apart: of the other poems the figure is the same.
    again = dataclasses.replace(
        held,
        rows=torch.cat([held.rows, learned.rows[:1]]),
        targets=torch.cat([held.targets, learned.targets[:1]]),
    )
    more = evaluate.text_figures(measured, learned, again)
    assert more["nats_per_letter_apart"].reference == found["nats_per_letter_apart"].reference
    assert more["nats_per_letter"].reference < found["nats_per_letter"].reference

    class Copies:
        """Writes what was learned, one poem after the other."""

        def sample(self, generators: list[torch.Generator], labels: list[int]) -> torch.Tensor:
            rows = [learned.rows[learned.targets == label] for label in labels]
            return torch.stack([row[i % len(row)] for i, row in enumerate(rows)])

        def text_nats(self, texts: torch.Tensor, labels: list[int]) -> torch.Tensor:
            return torch.ones(texts.shape)

    copies = dataclasses.replace(measured, model=Copies())
    found = evaluate.text_figures(copies, learned, held)
    assert found["form_kept"].value == 1 and found["copied_lines"].value == 1
    assert found["copied_lines"].reference == 0
    assert found["nats_per_character"].value == 1


@pytest.mark.parametrize("stride", [24, 12])
def test_every_character_is_scored_once(mnist_root: Path, stride: int) -> None:
    """A likelihood that is the character's place in the text: a gap or an overlap would show."""
    held = data.load("text", mnist_root / "text.txt", False, 24)
    length = len(held.symbols)
    assert length % stride  # the last window has fewer that are new
    places = dataclasses.replace(held, symbols=torch.arange(length))

    class Places:
        def text_nats(self, texts: torch.Tensor, labels: list[None]) -> torch.Tensor:
            return texts.double()

    found = evaluate.nats_per_character(Places(), places, stride, "")
    assert found == pytest.approx((length - 1) / 2)


def test_windows_of_a_text() -> None:
    assert evaluate.windows(["abcd", "xy", "abc"], 3) == ["abc", "bcd", "abc"]


def test_a_silent_level_says_nothing_and_not_less() -> None:
    assert evaluate.listed([10.024, -0.00001, 0.0]) == "10.02, 0.00, 0.00"
