"""Sounds: their spectra and the way back, notes by formula, and what the page makes of them."""

from __future__ import annotations

import base64
import io
import json
import re
import wave
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from axe_playwright_python.base import AXE_SCRIPT
from conftest import asked_of, files_in, marked, mistakes_of, saved, tiny_survey
from PIL import Image
from test_browser import DROP, WRONG

from aigc import checkpoint, data, latent, notes, ui
from aigc.media import SoundMedia, media_from_dict
from aigc.models.vae import VAE, Config
from aigc.ui import (
    controls,
    coverage,
    directions,
    interpolate,
    kinds,
    labels,
    patches,
    sample,
    sounds,
    texts,
    views,
)
from aigc.ui.catalogue import Catalogue
from train import evaluate

SMALL = SoundMedia(1, 64, 32, 8000)


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    """A tiny VAE of random weights that makes sounds."""
    model = VAE(Config(1, SMALL.height, SMALL.width, 24, 4, 4, 0, 16, "gaussian"))
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(0.3 * torch.randn(parameter.shape, generator=generator))
    folder = tmp_path_factory.mktemp("sounds") / "vae-notes"
    training = {"command": "python -m train.vae --dataset notes", "images": 640, "seconds": 9}
    checkpoint.save(folder, model.eval(), "vae", SMALL, notes.NAMES, "notes", training, {})
    tiny_survey(folder)
    return ui.catalogue_of(folder.parent)


def play(count: int, seed: int = 3) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return notes.play(count, SMALL.rate, SMALL.samples, generator)


def loudest(sound: np.ndarray, rate: int) -> float:
    """The frequency (Hz) that is strongest in a sound (S,)."""
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound)), 8 * len(sound)))
    return float(spectrum.argmax() * rate / (8 * len(sound)))


@pytest.mark.parametrize(("media", "off"), [(data.SOUND, 0.02), (SMALL, 0.025)])
def test_a_sound_comes_back_from_its_spectrum(media: SoundMedia, off: float) -> None:
    generator = torch.Generator().manual_seed(0)
    waves, _ = notes.play(8, media.rate, media.samples, generator)
    spectra = media.from_waves(waves)
    assert spectra.shape == (8, *media.shape) and 0 <= spectra.min() < spectra.max() <= 1
    back = media.to_waves(spectra)
    assert back.shape == waves.shape and back.abs().max() <= 1
    again = media.from_waves(back)
    loud = spectra > 0.5  # above -40 dB
    assert float((again - spectra)[loud].abs().mean() * media.FLOOR) < 2.0  # dB
    for one, other in zip(waves.numpy(), back.numpy()):
        assert loudest(other, media.rate) == pytest.approx(loudest(one, media.rate), rel=off)
    assert torch.equal(media.to_waves(spectra), back)
    # Each for itself, whatever else is in the batch.
    torch.testing.assert_close(media.to_waves(spectra[3:4])[0], back[3], atol=1e-4, rtol=0)


def test_levels_and_silence() -> None:
    time = torch.arange(SMALL.samples) / SMALL.rate
    for decibels in (0.0, -20.0, -60.0):
        tone = 10 ** (decibels / 20) * torch.sin(2 * torch.pi * 1000 * time)
        spectrum = SMALL.from_waves(tone[None])[0, 0]
        middle = spectrum[:, SMALL.width // 2]
        assert (float(middle.max()) - 1) * SMALL.FLOOR == pytest.approx(decibels, abs=0.1)
        # 1000 Hz is line 16 of 64 from the bottom, where line 1 is the lowest.
        assert int(middle.argmax()) == SMALL.height - 16
    assert not SMALL.from_waves(torch.zeros(1, SMALL.samples)).any()
    assert not SMALL.to_waves(torch.zeros(1, *SMALL.shape)).any()


def test_the_media_is_written_and_read() -> None:
    assert media_from_dict(SMALL.to_dict()) == SMALL and SMALL.to_dict()["kind"] == "sound"
    assert SMALL.measures == {"rate": 8000, "seconds": 2048 / 8000}
    for wrong, words in (
        ({"channels": 3}, "has 1 channel, not 3"),
        ({"rate": 10}, "1000 to 96000 a second, not 10"),
        ({"rate": 8000.0}, "not 8000.0"),
        ({"height": 2}, "height of an image is 4"),
    ):
        with pytest.raises(ValueError, match=words):
            media_from_dict({**SMALL.to_dict(), **wrong})


def test_notes_are_the_notes_that_they_are_called() -> None:
    waves, classes = play(60)
    assert waves.abs().max() <= 0.9 + 1e-6 and len(set(classes.tolist())) > 12
    for sound, note in zip(waves.numpy(), classes.tolist()):
        number = 69 + 12 * np.log2(loudest(sound, SMALL.rate) / 440)
        assert abs(number - 60 - note) < 0.35  # of a semitone
    assert notes.in_tune(waves, classes, SMALL.rate).all()
    assert not notes.in_tune(waves, classes + 1, SMALL.rate).any()
    time = torch.arange(SMALL.samples) / SMALL.rate
    tone = torch.sin(2 * torch.pi * 440 * time)
    assert notes.pitches(tone[None], SMALL.rate).item() == pytest.approx(69, abs=0.05)
    again, _ = play(60)
    assert torch.equal(waves, again) and not torch.equal(waves, play(60, 4)[0])


def test_the_data_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(data, "NOTES", {True: 1000, False: 500})
    train, test = (data.load("notes", tmp_path / "nowhere", part) for part in (True, False))
    assert isinstance(train, data.Dataset) and isinstance(test, data.Dataset)
    assert train.images.shape == (1000, 1, 128, 64) and train.labels == notes.NAMES
    assert len(test) == 500 and not torch.equal(train.images[:500], test.images)
    again = data.load("notes", tmp_path, False, size=128)
    assert torch.equal(again.at(torch.arange(500))[0], test.at(torch.arange(500))[0])
    assert not list(tmp_path.iterdir())
    with pytest.raises(data.DataError, match="leave --size out instead of 64"):
        data.load("notes", tmp_path, size=64)


def test_a_card_says_how_many_are_in_tune(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    (made,) = catalogue.checkpoints
    waves, classes = play(60)
    images = (SMALL.from_waves(waves) * 255).round().to(torch.uint8)
    test = data.Dataset("notes", images, classes, notes.NAMES, SMALL)
    (figure,) = evaluate.tune_figures(made, test, 50).values()
    assert figure.reference is not None and figure.reference > 0.8  # few lines, far apart
    assert 0 <= figure.value < 0.5  # of random weights
    monkeypatch.setattr(evaluate, "make", lambda by, labels, seed, what: test.floats()[rows])
    rows = evaluate.pick(50, 60, 0)
    (figure,) = evaluate.tune_figures(made, test, 50).values()
    assert figure.value == figure.reference


def write_wav(path: Path, sound: np.ndarray, rate: int, width: int) -> None:
    """A WAV file of a sound (S, channels) in [-1, 1], each number of `width` bytes."""
    path.parent.mkdir(exist_ok=True)
    if width == 1:
        content = ((sound + 1) * 127.5).round().astype("u1").tobytes()
    else:
        whole = (sound.astype(np.float64) * (2**31 - 1)).round().astype("<i4")
        content = whole[..., None].view("u1")[..., 4 - width :].tobytes()
    with wave.open(str(path), "wb") as file:
        file.setnchannels(sound.shape[1])
        file.setsampwidth(width)
        file.setframerate(rate)
        file.writeframes(content)


@pytest.mark.parametrize(
    ("width", "rate", "channels"), [(1, 8000, 1), (2, 44100, 2), (3, 16000, 1), (4, 6000, 2)]
)
def test_wav_files_of_every_width(width: int, rate: int, channels: int, tmp_path: Path) -> None:
    time = np.arange(rate) / rate
    tone = 0.5 * np.sin(2 * np.pi * 500 * time)
    write_wav(tmp_path / "a.wav", np.repeat(tone[:, None], channels, 1), rate, width)
    found = data.read_wav(tmp_path / "a.wav", 8000, 4000).numpy()
    expected = 0.5 * np.sin(2 * np.pi * 500 * np.arange(4000) / 8000)
    assert np.abs(found - expected)[50:-50].max() < 0.02
    longer = data.read_wav(tmp_path / "a.wav", 8000, 9000)
    assert longer.shape == (9000,) and longer[8100:].abs().max() < 0.02


def test_wav_files_with_long_headers_and_of_other_numbers(tmp_path: Path) -> None:
    """The same sound with an EXTENSIBLE header, behind another chunk; and what is no PCM."""
    tone = np.sin(np.arange(4000) / 5)[:, None]
    write_wav(tmp_path / "a.wav", tone, 8000, 2)
    plain = (tmp_path / "a.wav").read_bytes()
    assert plain[12:16] == b"fmt "

    def write(tag: int, kind: int) -> Path:
        form = tag.to_bytes(2, "little") + plain[22:36] + b"\x16\0" + b"\x10\0" + bytes(4)
        form += kind.to_bytes(2, "little") + data.PCM[2:]
        junk = b"LIST" + (3).to_bytes(4, "little") + bytes(4)  # of odd length, and so padded
        chunks = plain[8:12] + junk + b"fmt " + len(form).to_bytes(4, "little") + form + plain[36:]
        (tmp_path / "b.wav").write_bytes(b"RIFF" + len(chunks).to_bytes(4, "little") + chunks)
        return tmp_path / "b.wav"

    expected = data.read_wav(tmp_path / "a.wav", 8000, 4000)
    assert torch.equal(data.read_wav(write(0xFFFE, 1), 8000, 4000), expected)
    for tag, kind in ((0xFFFE, 3), (3, 1), (6, 1)):
        with pytest.raises(ValueError, match="it is no plain PCM; save it as 16-bit PCM WAV"):
            data.read_wav(write(tag, kind), 8000, 4000)


def test_a_folder_of_sounds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for at, sound in enumerate(play(40)[0].numpy()):
        write_wav(tmp_path / "ab"[at % 2] / f"{at}.wav", sound[:, None], 8000, 2)
    (tmp_path / "a" / "broken.wav").write_bytes(b"RIFF....WAVE")
    (tmp_path / "a" / "empty.wav").write_bytes(labels.wav(np.zeros(0), 8000, b""))
    train, test = (data.load("sounds", tmp_path, part) for part in (True, False))
    assert isinstance(train, data.Dataset) and isinstance(test, data.Dataset)
    assert len(train) + len(test) == 40 and len(test) > 0 and train.labels == ("a", "b")
    assert train.media == data.SOUND and train.floats().amax() > 0.5
    said = capsys.readouterr().err
    assert "broken.wav: " in said and "empty.wav: it is empty" in said
    with pytest.raises(data.DataError, match="is not a folder; point --data at a folder of sounds"):
        data.load("sounds", tmp_path / "nowhere")
    with pytest.raises(data.DataError, match="leave --size out instead of 64"):
        data.load("sounds", tmp_path, size=64)
    (tmp_path / "none").mkdir()
    with pytest.raises(data.DataError, match=r"no readable sound \(0 files"):
        data.load("sounds", tmp_path / "none")


def opened(content: bytes) -> tuple[np.ndarray, int]:
    with wave.open(io.BytesIO(content)) as file:
        assert (file.getnchannels(), file.getsampwidth()) == (1, 2)
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
        return samples / 32767, file.getframerate()


def test_a_file_of_a_sound_says_that_ai_made_it() -> None:
    sound = play(1)[0][0].numpy()
    made = {"checkpoint": "vae-notes", "revision": "abc", "seed": 3}
    for packet in (labels.xmp("sample", made), labels.xmp("sample", made) + b" ", labels.SHORT):
        content = labels.wav(sound, 8000, packet)
        fields = marked(content)
        assert fields["DigitalSourceType"] == labels.IPTC
        assert json.loads(fields["AIGC"])["Label"] == "1"
        samples, rate = opened(content)
        assert rate == 8000 and np.abs(samples - sound).max() < 1e-4
    loud = labels.wav(np.array([2.0, -2.0]), 8000, b"")
    assert opened(loud)[0].tolist() == [1.0, -1.0]
    # The letters AI in Morse code, then the sound.
    said = labels.audible(sound, 8000)
    unit = round(labels.UNIT_S * 8000)
    signal, rest = said[: len(said) - len(sound)], said[len(said) - len(sound) :]
    heard = np.abs(signal.reshape(-1, unit)).max(1) > 0.1
    assert "".join("-#"[int(on)] for on in heard) == "#-###---#-#---"
    assert np.array_equal(rest, sound)
    assert loudest(signal[2 * unit : 5 * unit], 8000) == pytest.approx(1000, rel=0.02)


def test_sounds_are_seen_heard_and_saved(catalogue: Catalogue) -> None:
    wish = sample.read(catalogue, "vae-notes", 3, 7, "C#4", 1.0)
    made = sample.images(wish)
    page = sample.page(wish, made)
    files = files_in(page)
    assert [kind for kind, _ in files] == ["image/png", "audio/wav"] * 3
    expected = SMALL.to_waves((made * 255).round() / 255).numpy()
    for (_, content), sound in zip(files[1::2], expected):
        samples, rate = opened(content)
        assert rate == SMALL.rate and np.abs(samples - sound).max() < 1e-3
        assert marked(content)["DigitalSourceType"] == labels.IPTC
    assert page.count('class="pill hear"') == page.count('class="pick"') == 3
    assert page.count('aria-label="Play vae-notes, class C#4, picture 2"') == 1
    # The spectra are there first.
    (early, whole), (late, ended) = list(sample.views(wish))
    assert torch.equal(early, made) and torch.equal(late, made) and (whole, ended) == (False, True)
    first = sample.page(wish, made, finished=False)
    assert [kind for kind, _ in files_in(first)] == ["image/png"] * 3
    assert first.count("disabled") == 3
    # The phases are looked for once.
    before = sounds._waves.cache_info().misses
    files = saved(wish)
    assert sounds._waves.cache_info().misses == before
    assert [kind for kind, _ in files] == ["audio/wav", "audio/wav", "image/png"]
    for _, content in files[:2]:
        assert json.loads(marked(content)["Settings"])["seed"] == 7
    plain, said = (opened(content)[0] for _, content in files[:2])
    assert np.array_equal(said[-len(plain) :], plain) and len(said) > len(plain) == 3 * 2048
    pictures, facts = kinds.of(wish.checkpoint).pieces(SMALL, made)
    assert [picture.size for picture in pictures] == [(32, 64)] * 3
    assert [files_in(f'"{one}"')[0][1][:4] for one in facts["sounds"]] == [b"RIFF"] * 3
    with Image.open(io.BytesIO(files[2][1])) as sheet:
        assert sheet.height > 64
    assert coverage.judge(catalogue, wish.checkpoint) is None


def test_many_are_seen_a_few_after_the_others(catalogue: Catalogue) -> None:
    wish = sample.read(catalogue, "vae-notes", patches.AT_ONCE + 2, 7, "any", 1.0)
    made = sample.images(wish)
    some, whole = patches.growing(wish.checkpoint, wish.draw, wish.more)
    torch.testing.assert_close(some[: patches.AT_ONCE], made[: patches.AT_ONCE])
    assert not some[patches.AT_ONCE :].any()
    torch.testing.assert_close(whole, made)


def test_walks_are_heard_and_explorers_show_spectra(catalogue: Catalogue) -> None:
    wish = interpolate.read(catalogue, "vae-notes", 1, "C4", 2, "G4", 4, "slerp")
    page = interpolate.page(wish, interpolate.frames(wish))
    (walk,) = [content for kind, content in files_in(page) if kind == "audio/wav"]
    assert len(opened(walk)[0]) == 4 * SMALL.samples and 'data-frames="4"' in page
    assert {"directions", "corners", "loop"} < set(views.possible(wish.checkpoint))
    given = {"seed": 1, "label": "C4", "label_b": "E4", "label_c": "G4", "label_d": "B5",
             "side": 3, "path": "slerp"}  # fmt: skip
    corners = views.read(catalogue, "vae-notes", "corners", given)
    assert "<img" in views.VIEWS["corners"].show(corners)
    moved = views.read(
        catalogue,
        "vae-notes",
        "directions",
        {"seed": 1, "label": "C4"} | dict.fromkeys(directions.MOVES, 1),
    )
    shown = views.VIEWS["directions"].show(moved)
    assert shown.count('class="pill hear"') == 2 and "onset +" in shown
    given = {"seed": 1, "label": "C4", "stops": 3, "leg": 2, "path": "slerp"}
    loop = views.read(catalogue, "vae-notes", "loop", given)
    assert 'data-frames="6"' in views.VIEWS["loop"].show(loop)
    taken = controls.taken_for(wish.checkpoint)
    assert taken["visible"] and texts.DRAWN_AS["sound"] in taken["value"]


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_sounds_in_a_browser(
    server: str, chromium: Any, catalogue: Catalogue, width: int, scheme: str
) -> None:
    context = chromium.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    context.set_default_timeout(60_000)
    page = context.new_page()
    mistakes = mistakes_of(page)
    page.goto(f"{server}?tab=sample&checkpoint=vae-notes&count=4&seed=7&chosen=2")
    hear = page.locator(".gallery .hear[data-sound]")
    hear.nth(3).wait_for()
    assert hear.count() == 4 and page.locator(".hear[aria-pressed=true]").count() == 0
    chosen = page.locator(".chosen .hear")
    chosen.wait_for()
    assert chosen.get_attribute("data-sound") == hear.nth(1).get_attribute("data-sound")
    page.wait_for_function(  # the variations at the other spreads come later
        "() => { const all = [...document.querySelectorAll('.varied [data-spread]')];"
        " return all.length > 0 && all.every((one) => one.src); }"
    )
    asked = asked_of(page)
    # One plays at a time, says so, and ends by itself.
    page.evaluate(
        """() => { window.played = []; new MutationObserver((all) => all.forEach(({ target }) =>
          played.push(target.ariaPressed))).observe(document.querySelector('.gallery .hear'),
          { attributeFilter: ['aria-pressed'] }); }"""
    )
    hear.first.focus()
    page.keyboard.press("Enter")
    page.wait_for_function("() => played.includes('true') && played.at(-1) === 'false'")
    assert asked == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    size = hear.first.bounding_box()
    assert size["height"] >= 24 and size["width"] >= 24  # WCAG 2.5.8
    page.evaluate(AXE_SCRIPT)
    assert page.evaluate(WRONG) == []
    page.goto(f"{server}?tab=interpolate&checkpoint=vae-notes&steps=3&label_a=C4&label_b=G4")
    walk = page.locator("[data-frames] .hear")
    walk.wait_for()
    walk.click()
    # The player follows.
    page.wait_for_function("() => document.querySelector('.player input').value === '2'")
    page.wait_for_function("() => !document.querySelector('.hear[aria-pressed=true]')")
    assert texts.HEAR_ALL.format(count=3) in walk.inner_text()
    # A file that was saved brings its settings back.
    wish = sample.read(catalogue, "vae-notes", 2, 9, "A4", 1.0)
    (_, content), *_ = saved(wish)
    page.evaluate(DROP, base64.b64encode(content).decode())
    page.wait_for_function("() => /tab=sample.*seed=9.*label=A4.*/.test(location.search)")
    context.close()
    assert mistakes == []


def test_a_card_says_how_to_hear_it(catalogue: Catalogue) -> None:
    from aigc.hub import modelcard

    (made,) = catalogue.checkpoints
    card = modelcard.card(made)
    assert "sounds of 0.26 s, as pictures of their spectra, 64x32" in card
    lines = re.findall(r"```python\n(.*?)```", card, re.DOTALL)[0]
    assert made.path is not None
    lines = lines.replace(f'"{made.name}"', repr(str(made.path)))
    found: dict[str, Any] = {}
    exec(lines, found)  # noqa: S102  as a reader would
    assert found["sounds"].shape == (4, SMALL.samples)
    expected = made.model.sample(latent.generators(7, 4), [None] * 4)  # type: ignore[operator]
    assert torch.equal(found["spectra"], expected)
