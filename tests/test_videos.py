"""Videos: sheets of frames, digits that move, and what the page makes of them."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from axe_playwright_python.base import AXE_SCRIPT
from conftest import files_in, marked, mistakes_of, saved, tiny_survey
from PIL import Image, ImageSequence
from test_browser import WRONG

from aigc import checkpoint, data, ui
from aigc.media import VideoMedia, media_from_dict
from aigc.models.vae import VAE, Config
from aigc.ui import controls, directions, interpolate, kinds, labels, sample, texts, views
from aigc.ui.catalogue import Catalogue

MOVED = {"seed": 1, "label": "1"} | dict.fromkeys(directions.MOVES, 1)
SMALL = VideoMedia(1, 32, 48, 2, 3, 10)  # six frames of 16 by 16


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    """A tiny VAE of random weights that makes videos."""
    model = VAE(Config(1, SMALL.height, SMALL.width, 10, 4, 4, 0, 16))
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(0.5 * torch.randn(parameter.shape, generator=generator))
    folder = tmp_path_factory.mktemp("videos") / "vae-moving"
    training = {"command": "python -m train.vae --dataset moving-mnist", "images": 640}
    digits = tuple("0123456789")
    checkpoint.save(folder, model.eval(), "vae", SMALL, digits, "moving-mnist", training, {})
    tiny_survey(folder)
    return ui.catalogue_of(folder.parent)


def test_a_sheet_holds_the_frames() -> None:
    videos = torch.rand(5, 6, 1, 16, 16)
    sheets = SMALL.to_sheets(videos)
    assert sheets.shape == (5, *SMALL.shape) and torch.equal(SMALL.to_videos(sheets), videos)
    assert torch.equal(sheets[2, :, 16:32, 32:48], videos[2, 5])  # the last is below, on the right
    pictures, milliseconds = SMALL.moments(sheets[2:3])
    assert milliseconds == 100 and [p.size for p in pictures] == [(16, 16)] * 6
    expected = SMALL.frame.to_uint8(videos[2])[..., 0]
    assert np.array_equal(np.stack([np.asarray(p) for p in pictures]), expected)


def test_the_media_is_written_and_read() -> None:
    assert media_from_dict(SMALL.to_dict()) == SMALL and SMALL.to_dict()["kind"] == "video"
    assert SMALL.measures == {"channels": 1, "width": 16, "height": 16, "frames": 6}
    for wrong, words in (
        ({"rows": 5}, "rows of a video divide its 32 pixels, not 5"),
        ({"columns": 0}, "columns of a video divide its 48 pixels, not 0"),
        ({"rate": 0}, "1 to 50 frames a second, not 0"),
    ):
        with pytest.raises(ValueError, match=words):
            media_from_dict({**SMALL.to_dict(), **wrong})


def test_digits_move(mnist_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data, "VIDEOS", {True: 200, False: 100})
    train, test = (data.load("moving-mnist", mnist_root, part) for part in (True, False))
    assert isinstance(train, data.Dataset) and isinstance(test, data.Dataset)
    assert train.images.shape == (200, 1, 64, 128) and train.labels == tuple("0123456789")
    assert len(test) == 100
    again = data.load("moving-mnist", mnist_root, True, size=64)
    assert isinstance(again, data.Dataset) and torch.equal(again.images, train.images)
    with pytest.raises(data.DataError, match="leave --size out instead of 28"):
        data.load("moving-mnist", mnist_root, size=28)
    # Each digit is whole, or nearly, in every frame, and moves at its speed between two turns.
    videos = data.VIDEO.to_videos(train.images).float()[:, :, 0]  # (N, T, h, w)
    ink = videos.sum((2, 3))
    assert (ink.amin(1) > 0.8 * ink.amax(1)).all()
    place = torch.arange(32.0)
    middle = torch.stack([
        (videos.sum(3) * place).sum(2) / ink, (videos.sum(2) * place).sum(2) / ink
    ], 2)  # fmt: skip  # (N, T, 2)
    steps = middle.diff(dim=1).norm(dim=2)
    low, high = data.SPEEDS
    assert steps.max() < high + 1.5 and low - 0.6 < steps.median(1).values.median() < high
    original = data.load("mnist", mnist_root)
    assert isinstance(original, data.Dataset)
    there = {one.numpy().tobytes() for one in original.images[:, 0, 5:23, 5:23]}
    found = videos[0, 0].to(torch.uint8)
    windows = found.unfold(0, 18, 1).unfold(1, 18, 1).flatten(0, 1)
    assert any(one.contiguous().numpy().tobytes() in there for one in windows)


def frames_of(content: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(content)) as file:
        return np.stack([np.asarray(one.convert("RGB")) for one in ImageSequence.Iterator(file)])


def test_videos_are_seen_and_saved(catalogue: Catalogue) -> None:
    wish = sample.read(catalogue, "vae-moving", 3, 7, "4", 1.0)
    made = sample.images(wish)
    page = sample.page(wish, made)
    files = files_in(page)
    assert [kind for kind, _ in files] == ["image/png", "image/webp"] * 3
    videos = SMALL.to_videos(made)
    for at, ((_, still), (_, moving)) in enumerate(zip(files[::2], files[1::2])):
        expected = SMALL.frame.to_uint8(videos[at])
        assert np.array_equal(frames_of(moving)[..., :1], expected)
        assert np.array_equal(frames_of(still)[0, ..., :1], expected[0])
        for content in (still, moving):
            assert marked(content)["DigitalSourceType"] == labels.IPTC
    assert page.count("prefers-reduced-motion") == page.count('class="pick"') == 3
    # The first frames are there first.
    (early, whole), (late, ended) = list(sample.views(wish))
    assert torch.equal(early, made) and torch.equal(late, made) and (whole, ended) == (False, True)
    stills = files_in(sample.page(wish, made, finished=False))
    assert stills == files[::2]
    files = saved(wish)
    assert [kind for kind, _ in files] == ["image/webp", "image/webp", "image/png"]
    for _, content in files:
        assert json.loads(marked(content)["Settings"])["seed"] == 7
    plain, said = (frames_of(content) for _, content in files[:2])
    assert len(plain) == len(said) == 6 and plain.shape[1:] == (224, 224, 3)
    assert np.array_equal(said[:, :224], plain) and said.shape[1] == 224 + labels.STRIP
    pictures, facts = kinds.of(wish.checkpoint).pieces(SMALL, made)
    assert [picture.size for picture in pictures] == [(48, 32)] * 3
    assert facts == {"rows": 2, "columns": 3, "rate": 10}


def test_a_walk_between_videos(catalogue: Catalogue) -> None:
    wish = interpolate.read(catalogue, "vae-moving", 1, "3", 2, "8", 4, "slerp")
    page = interpolate.page(wish, interpolate.frames(wish))
    kinds_found = [kind for kind, _ in files_in(page)]
    assert kinds_found.count("image/webp") == 4 and kinds_found.count("image/png") == 5
    given = {"seed": 1, "label": "1", "stops": 3, "leg": 2, "path": "slerp"}
    loop = views.read(catalogue, "vae-moving", "loop", given)
    assert "data-moving" in views.VIEWS["loop"].show(loop)


def test_explorers_show_what_moves(catalogue: Catalogue) -> None:
    labels_given = {"label": "1", "label_b": "2", "label_c": "3", "label_d": "4"}
    given = {"seed": 1, "side": 3, "path": "slerp", **labels_given}
    corners = views.read(catalogue, "vae-moving", "corners", given)
    (_, still), (_, moving) = files_in(views.VIEWS["corners"].show(corners))
    videos = SMALL.to_videos(views.VIEWS["corners"].pictures(corners))
    expected = [np.asarray(SMALL.frame.grid(moment, 3)) for moment in videos.unbind(1)]
    assert np.array_equal(frames_of(moving)[..., 0], expected)
    assert np.array_equal(frames_of(still)[0, ..., 0], expected[0])
    moved = views.read(catalogue, "vae-moving", "directions", MOVED)
    shown = views.VIEWS["directions"].show(moved)
    assert [kind for kind, _ in files_in(shown)] == ["image/png", "image/webp"] * (2 + 3)
    assert "upwards +" in shown and shown.count('class="pill hold"') == 1
    # A drawing stands still.
    assert texts.DRAWN_AS["video"] in controls.taken_for(moved.checkpoint)["value"]
    drawing = Image.new("L", (16, 16))
    drawing.paste(255, (7, 2, 9, 14))
    frames = SMALL.to_videos(SMALL.from_drawing(drawing)[None])[0]
    assert torch.equal(frames, SMALL.frame.from_drawing(drawing).expand(6, -1, -1, -1))
    assert frames.sum() > 0


@pytest.mark.parametrize("motion", ["no-preference", "reduce"])
def test_videos_in_a_browser(server: str, chromium: Any, motion: str) -> None:
    context = chromium.new_context(viewport={"width": 390, "height": 900}, reduced_motion=motion)
    context.set_default_timeout(60_000)
    page = context.new_page()
    mistakes = mistakes_of(page)
    page.goto(f"{server}?tab=sample&checkpoint=vae-moving&count=4&seed=7&chosen=2")
    page.locator(".gallery .pick .tile").nth(3).wait_for()

    def kind_shown(selector: str) -> str:
        found = f"() => document.querySelector('{selector}').currentSrc.slice(5, 15)"
        return str(page.evaluate(found)).partition(";")[0]

    moving = "image/webp" if motion == "no-preference" else "image/png"
    assert kind_shown(".gallery .tile") == moving
    page.wait_for_function("() => document.querySelector('.chosen .tile').src")
    assert kind_shown(".chosen .tile") == moving
    assert not page.locator(".hear").locator("visible=true").count()  # nothing is to be heard
    # So do its variations.
    page.wait_for_function(
        "() => { const all = [...document.querySelectorAll('.varied [data-spread]')];"
        " return all.length > 0 && all.every((one) => one.src.includes('webp')"
        " && one.previousElementSibling.srcset.includes('png')); }"
    )
    assert kind_shown(".varied .tile:not([hidden])") == moving
    hold = page.locator(".gallery").get_by_role("button", name=texts.HOLD)
    hold.click()
    page.wait_for_function(
        "() => document.querySelector('.gallery .tile').currentSrc.startsWith('data:image/png')"
    )
    hold.click()
    page.wait_for_function(
        "(kind) => document.querySelector('.gallery .tile').currentSrc.includes(kind)", arg=moving
    )
    page.evaluate(AXE_SCRIPT)
    assert page.evaluate(WRONG) == []
    page.goto(f"{server}?tab=interpolate&checkpoint=vae-moving&steps=3")
    page.locator(".player .now").wait_for()
    assert kind_shown(".player .now") == "image/png"
    page.get_by_role("button", name=texts.HOLD).click()
    assert kind_shown(".player .now") == "image/webp"  # since it was asked for
    page.locator(".player input[type=range]").fill("2")
    frame = page.locator(".player .frame").nth(2).get_attribute("data-moving")
    assert page.locator(".player .now").get_attribute("src") == frame
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    context.close()
    assert mistakes == []
