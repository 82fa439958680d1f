"""What a user would hope for with a folder of 300 photos as they come from cameras and phones."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import safetensors.torch
from PIL import Image, ImageDraw

from aigc import checkpoint
from aigc.data import SOUND, DataError, load
from aigc.ui.labels import wav
from tests.test_train import train
from train import evaluate, gan, loop

FORMATS = ("jpg", "png", "webp", "bmp", "tiff", "gif")


def photo(number: int, rng: np.random.Generator) -> Image.Image:
    """A bright disc over a dark horizon, upright, of any size; the sky is above."""
    width, height = (int(side) for side in rng.integers(40, 260, 2))
    image = Image.new("RGB", (width, height), (120, 170, 230))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, height // 2, width, height), fill=(20, 60 + number % 60, 20))
    x, y = width // 2, height // 2
    draw.ellipse((x - 12, y - 12, x + 12, y + 12), fill=(250, 220, 60))
    return image


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("photos")
    rng = np.random.default_rng(0)
    for number in range(300):
        image, kind = photo(number, rng), FORMATS[number % len(FORMATS)]
        path = root / f"IMG_{number:04}.{kind}"
        if number % 50 == 7:  # broken: empty, cut off, or no image at all
            path.write_bytes((b"", b"\xff\xd8\xff\xe0 no photo", b"<html>")[number // 50 % 3])
        elif kind == "jpg" and number % 4 == 0:  # held on its side, as the EXIF tag says
            exif = Image.Exif()
            exif[0x0112] = 6
            image.rotate(90, expand=True).save(path, exif=exif)
        elif kind == "png" and number % 4 == 1:  # transparent outside of the middle
            image.putalpha(Image.new("L", image.size, 255))
            image.save(path)
        else:
            image.save(path)
    return root


def test_a_folder_of_photos_is_read_upright_and_in_colour(
    photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    parts = [load("folder", photos, train, 64) for train in (True, False)]
    assert sum(map(len, parts)) == 294
    assert 10 < len(parts[1]) < 60
    skipped = capsys.readouterr().err.splitlines()
    assert len(skipped) == 6 and all("skipped" in line and "IMG_" in line for line in skipped)
    images = parts[0].images.float()
    assert images.shape[1:] == (3, 64, 64)
    sky, ground = images[:, 2, :8].mean((1, 2)), images[:, 2, -8:].mean((1, 2))
    assert (sky > ground + 100).all()  # each one upright


def test_few_photos_train_a_gan_in_colour_with_augmentation(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []
    original = gan.augment
    monkeypatch.setattr(gan, "augment", lambda x, u: calls.append(len(x)) or original(x, u))
    folder = train("gan", photos, tmp_path / "mine", dataset="folder", size=64, steps=3)
    assert calls == [16, 8] * 3
    made = checkpoint.load(folder)
    assert made.media.shape == (3, 64, 64) and made.labels == ()
    assert json.loads((folder / "snapshots" / "index.json").read_text())
    with Image.open(folder / "samples.png") as sheet:
        assert sheet.mode == "RGB"


def test_few_sounds_train_a_gan_that_hears_them_as_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def never(x: object, u: object) -> object:
        raise AssertionError("a spectrum that is moved is another sound")

    monkeypatch.setattr(gan, "augment", never)
    rng = np.random.default_rng(0)
    for number in range(40):
        content = wav(rng.uniform(-0.5, 0.5, 4000).astype(np.float32), 8000, b"")
        (tmp_path / "sounds").mkdir(exist_ok=True)
        (tmp_path / "sounds" / f"{number}.wav").write_bytes(content)
    flags = {"dataset": "sounds", "steps": 2, "g_base": 8, "d_base": 8}
    made = checkpoint.load(train("gan", tmp_path / "sounds", tmp_path / "mine", **flags))
    assert made.media == SOUND and made.labels == ()
    with Image.open(tmp_path / "mine" / "samples.png") as sheet:
        assert sheet.height % 128 == sheet.width % 64 == 0


OTHERS = {
    "vae": {"likelihood": "gaussian"},
    "ladder": {"likelihood": "discretised-logistic"},
    "attention": {"patch": 8, "size": 32},  # drawn value by value: at 64 the samples take long
}


@pytest.mark.parametrize("script", OTHERS)
def test_few_photos_train_the_other_families(script: str, photos: Path, tmp_path: Path) -> None:
    flags = {"dataset": "folder", "size": 64, "steps": 1, **OTHERS[script]}
    made = checkpoint.load(train(script, photos, tmp_path / "mine", **flags))
    assert made.media.shape == (3, flags["size"], flags["size"])


def tiny_folder(root: Path, *names: str) -> Path:
    for number, name in enumerate(names):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 8), (number, 0, 255)).save(root / f"{name}.png")
    return root


GAN = {"dataset": "folder", "size": 8, "batch": 4, "steps": 2, "evaluate": True}


def test_one_image_ends_with_a_card_and_without_figures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pushed = []
    monkeypatch.setattr("aigc.hub.check_push", lambda name: None)
    monkeypatch.setattr("aigc.hub.push", lambda folder, name: pushed.append((folder, name)))
    images = tiny_folder(tmp_path / "images", "1")
    folder = train("gan", images, tmp_path / "out", push_to_hub="me/mine", **GAN)
    assert (folder / "README.md").exists() and not (folder / "metrics.json").exists()
    assert pushed == [(folder, "me/mine")]
    assert "no figures" in capsys.readouterr().err


@pytest.mark.parametrize(
    "names",
    [("1", "2"), ("a/1", "b/1"), ("a/1", "a/2", "b/1", "b/2")],
    ids=["loose", "two", "four"],
)
def test_few_images_have_figures(
    names: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = tiny_folder(tmp_path / "images", *names)
    judge = None
    if "/" in names[0]:
        flags = GAN | {"evaluate": False}
        judge = checkpoint.load(train("classifier", images, tmp_path / "judge", **flags))
    monkeypatch.setattr(evaluate, "find_judge", lambda *given: judge)
    whole = evaluate.evaluate
    few = {"samples": 20}
    monkeypatch.setattr(evaluate, "evaluate", lambda options: whole(replace(options, **few)))
    folder = train("gan", images, tmp_path / "out", **GAN)
    assert "nearest_training" in json.loads((folder / "metrics.json").read_text())


def test_figures_that_fail_leave_a_card_and_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(options: evaluate.Options) -> dict[str, object]:
        raise DataError("the data is gone")

    monkeypatch.setattr(evaluate, "evaluate", broken)
    monkeypatch.setattr("aigc.hub.check_push", lambda name: None)
    images = tiny_folder(tmp_path / "images", "1", "2", "3")
    out = tmp_path / "out"
    with pytest.raises(loop.TrainingError) as caught:
        train("gan", images, out, push_to_hub="me/mine", **GAN)
    assert str(caught.value) == (
        f"{out} is whole, but without figures: the data is gone; then: python -m train.evaluate "
        f"{out} --data {images} --write, python -m aigc.hub push {out} me/mine"
    )
    assert (out / "README.md").exists() and checkpoint.load(out).metrics == {}


def test_classes_that_changed_their_names_are_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    images = tiny_folder(tmp_path / "images", "cat/1", "cat/2", "dog/1", "dog/2")
    flags = GAN | {"evaluate": False}
    train("gan", images, tmp_path / "out", **flags)
    (images / "cat").rename(images / "wolf")
    with pytest.raises(loop.TrainingError, match="classes cat, dog, and the data has dog, wolf;"):
        train("gan", images, tmp_path / "out", resume=True, **flags)
    (images / "wolf").rename(images / "cat")
    train("gan", images, tmp_path / "out", resume=True, **flags | {"steps": 3})
    # A state from before they were written down goes on as it did.
    state = tmp_path / "out.resume.safetensors"
    about, tensors = loop.parse(state.read_bytes())
    del about["labels"]
    state.write_bytes(safetensors.torch.save(tensors, {"about": json.dumps(about)}))
    train("gan", images, tmp_path / "out", resume=True, **flags | {"steps": 4})
