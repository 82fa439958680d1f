"""Data sets through their real loaders, on drawn images."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import wave
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from aigc import data as data_module
from aigc.data import (
    DATASETS,
    END,
    FORMS,
    Corpus,
    DataError,
    Dataset,
    NothingKeptBack,
    Texts,
    form_of,
    load,
)  # fmt: skip
from aigc.media import UNKNOWN
from tests.conftest import write_damaged_exif, write_poems, write_text


def roots(mnist_root: Path, image_folder: Path) -> dict[str, Path]:
    shakespeare = mnist_root / "shakespeare" / "input.txt"
    shakespeare.parent.mkdir(exist_ok=True)
    shakespeare.write_bytes((mnist_root / "text.txt").read_bytes())
    sounds = mnist_root / "sounds"
    for name in "ab":
        (sounds / name).mkdir(parents=True, exist_ok=True)
    for at in range(40):
        with wave.open(str(sounds / "ab"[at % 2] / f"{at}.wav"), "wb") as file:
            file.setparams((1, 2, 8000, 4000, "NONE", ""))
            file.writeframes(np.arange(4000, dtype="<i2").tobytes())
    found = {
        "mnist": mnist_root, "stacked-mnist": mnist_root, "folder": image_folder,
        "moving-mnist": mnist_root, "notes": mnist_root, "sounds": sounds,
        "shakespeare": mnist_root, "tang": mnist_root, "text": mnist_root / "text.txt",
    }  # fmt: skip
    assert set(DATASETS) == set(found), "say above where a small one of the new data set lies"
    return found


@pytest.fixture(autouse=True)
def few_stacks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data_module, "STACKS", {True: 2000, False: 500})
    monkeypatch.setattr(data_module, "VIDEOS", {True: 200, False: 100})
    monkeypatch.setattr(data_module, "NOTES", {True: 1000, False: 500})


@pytest.mark.parametrize("name", list(DATASETS))
def test_every_data_set_keeps_the_contract(name: str, mnist_root: Path, image_folder: Path) -> None:
    root = roots(mnist_root, image_folder)[name]
    for train in (True, False):
        data = load(name, root, train)
        assert data.name == name and len(data) > 0
        items, classes = data.at(torch.tensor([0, len(data) - 1]))
        assert len(items) == len(classes) == 2
        if isinstance(data, Corpus):
            assert items.dtype == torch.int64 and items.shape == (2, data.media.length)
            assert 0 < items.min() and items.max() < len(data.media.symbols)
            continue
        assert data.targets.dtype == torch.int64 and data.targets.shape == (len(data),)
        assert set(data.targets.tolist()) <= set(range(len(data.labels)))
        if isinstance(data, Texts):
            assert items.dtype == torch.int64 and items.shape == (2, data.media.length)
            assert 0 <= data.rows.min() and data.rows.max() < len(data.media.symbols)
            assert (data.rows == data.media.shape[2]).any(1).all()
            continue
        assert items.dtype == torch.float32 and items.shape == (2, *data.media.shape)
        assert data.images.dtype == torch.uint8
        assert data.images.shape == (len(data), *data.media.shape)
        floats = data.floats(slice(2))
        assert floats.min() >= 0 and floats.max() <= 1 and floats.max() > 0.5


def test_mnist_reads_what_the_file_holds(mnist_root: Path) -> None:
    data = load("mnist", mnist_root, train=False)
    raw = (mnist_root / "MNIST/raw/t10k-images-idx3-ubyte").read_bytes()[16:]
    assert data.images.numpy().tobytes() == raw
    labels = (mnist_root / "MNIST/raw/t10k-labels-idx1-ubyte").read_bytes()[8:]
    assert bytes(data.targets.tolist()) == labels


def test_stacks_are_three_digits_and_their_class_says_which(mnist_root: Path) -> None:
    for train, count in ((True, 2000), (False, 500)):
        digits, stacks = (load(name, mnist_root, train) for name in ("mnist", "stacked-mnist"))
        assert isinstance(digits, Dataset) and isinstance(stacks, Dataset)
        again = load("stacked-mnist", mnist_root, train)
        assert isinstance(again, Dataset) and torch.equal(stacks.images, again.images)
        assert len(stacks) == count and stacks.labels[407] == "407"
        for image, target in zip(stacks.images[:20], stacks.targets[:20]):
            for channel, name in zip(image, stacks.labels[int(target)]):
                (where,) = torch.where((digits.images[:, 0] == channel).flatten(1).all(1))
                assert int(name) in digits.targets[where]
    assert len(stacks.images.unique(dim=0)) > 490


def test_missing_mnist_without_a_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from torchvision.datasets import MNIST

    monkeypatch.setattr(MNIST, "mirrors", ["http://127.0.0.1:9/"])
    with pytest.raises(DataError, match=r"could not be downloaded.*go online once"):
        load("mnist", tmp_path)


def test_damaged_mnist(mnist_root: Path, tmp_path: Path) -> None:
    shutil.copytree(mnist_root / "MNIST", tmp_path / "MNIST")
    file = tmp_path / "MNIST/raw/train-images-idx3-ubyte"
    file.write_bytes(file.read_bytes()[:5000])
    with pytest.raises(DataError, match="damaged"):
        load("mnist", tmp_path)


def test_folder_names_what_it_skips(image_folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    parts = [load("folder", image_folder, train, 32) for train in (True, False)]
    assert sum(map(len, parts)) == 61  # 30 + 30 + the turned one; the broken one is not there
    assert parts[0].labels == parts[1].labels == ("disc", "square")
    assert len(parts[1]) >= 1
    skipped = capsys.readouterr().err.splitlines()
    assert len(skipped) == 1 and "skipped" in skipped[0] and "broken.png" in skipped[0]


def test_folder_turns_a_photo_upright(image_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    for i in range(20):  # one in ten is kept back, by its name
        shutil.copy(image_folder / "disc" / "turned.jpg", tmp_path / "a" / f"{i}.jpg")
    image = load("folder", tmp_path, size=8).floats()[0, 0]
    assert image[:, 5:].mean() > 0.9 and image[:, :3].mean() < 0.1


def test_folder_of_grey_images_is_grey(tmp_path: Path) -> None:
    for i in range(20):
        Image.fromarray(np.full((20, 30), 10 * i, np.uint8)).save(tmp_path / f"{i}.png")
    data = load("folder", tmp_path, size=16)
    assert data.media.shape == (1, 16, 16) and data.labels == ()


def test_transparency_is_laid_on_black(tmp_path: Path) -> None:
    pixels = np.zeros((16, 16, 4), np.uint8)
    pixels[..., 0], pixels[:8, :, 3] = 255, 255
    for i in range(20):
        Image.fromarray(pixels).save(tmp_path / f"{i}.png")
    image = load("folder", tmp_path, size=16).images[0]
    assert image[0, 0, 0] == 255 and image[:, 15].max() == 0


def test_splits_share_no_image_and_stay(image_folder: Path) -> None:
    first, again = (load("folder", image_folder, False, 32) for _ in range(2))
    assert torch.equal(first.images, again.images)


@pytest.mark.parametrize(
    ("name", "size", "sentence"),
    [
        ("imagenet", 0, "choose one of mnist"),
        ("mnist", 32, "leave --size out"),
        ("folder", 0, "not a folder"),
    ],
)
def test_wrong_names(name: str, size: int, sentence: str, mnist_root: Path) -> None:
    root = mnist_root / "nowhere" if name == "folder" else mnist_root
    with pytest.raises(DataError, match=sentence):
        load(name, root, size=size)


def dots(folder: Path, names: list[str], grey: bool = False) -> None:
    """A small picture for each name; names that end in `!` are no pictures."""
    for number, name in enumerate(names):
        path = folder / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        colour = (number,) * 3 if grey else (number, 0, 255)
        Image.new("RGB", (8, 8), colour).save(path)
        if name.endswith("!"):
            path.write_bytes(b"no picture")


def reds(data: object) -> set[int]:
    """Which of `dots` are there."""
    assert isinstance(data, Dataset)
    return set(data.images[:, 0, 0, 0].tolist())


def by_hash(names: list[str]) -> set[int]:
    digests = [hashlib.sha256(f"{name}.png".encode()).digest()[0] for name in names]
    return {number for number, digest in enumerate(digests) if digest % 10 == 0}


@pytest.mark.parametrize("count", [2, 3, 10, 24])
def test_few_images_are_in_both_parts(count: int, tmp_path: Path) -> None:
    met = set()
    for attempt in range(12):
        names = [f"{attempt}-{number}" for number in range(count)]
        # What can't be read counts on neither side, wherever its hash would put it.
        broken = [f"{attempt}-{number}!" for number in range(20)]
        dots(tmp_path / str(attempt), names + broken)
        learned, held = (reds(load("folder", tmp_path / str(attempt), t, 4)) for t in (True, False))
        assert learned and held and not learned & held and len(learned | held) == count
        if 0 < len(hashed := by_hash(names)) < count:
            assert held == hashed
        met.add(bool(hashed))
    assert count != 10 or met == {True, False}


def test_all_images_hashed_into_one_part(tmp_path: Path) -> None:
    names = [name for i in range(100) if by_hash([name := f"a{i}"])][:3]
    for number in (3, 2):
        dots(tmp_path / str(number), names[:number])
        learned, held = (reds(load("folder", tmp_path / str(number), t, 4)) for t in (True, False))
        assert len(learned) == 1 and len(held) == number - 1 and not learned & held


@pytest.mark.parametrize("kept_back", [True, False])
def test_one_image_is_trained_on(
    kept_back: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = next(name for i in range(100) if bool(by_hash([name := f"a{i}"])) is kept_back)
    dots(tmp_path, [name])
    assert len(load("folder", tmp_path, True, 4)) == 1
    assert "there will be no figures" in capsys.readouterr().err
    with pytest.raises(NothingKeptBack, match="one image that can be read"):
        load("folder", tmp_path, False, 4)


@pytest.mark.parametrize("train", [True, False])
def test_one_picture_in_colour_makes_both_parts_so(train: bool, tmp_path: Path) -> None:
    names = [str(number) for number in range(40)]
    held = by_hash(names)
    assert held
    for number in range(40):  # the picture in colour is in the other part
        dots(tmp_path / str(number in held), [str(number)], grey=True)
    for part in (tmp_path / "True", tmp_path / "False"):
        for path in part.iterdir():
            path.rename(tmp_path / path.name)
        part.rmdir()
    other = next(n for n in range(40) if (n in held) is train)
    Image.new("RGB", (8, 8), (9, 0, 255)).save(tmp_path / f"{other}.png")
    for part in (train, not train):
        assert load("folder", tmp_path, part, 4).media.shape == (3, 4, 4)


def test_the_class_that_stands_for_all_is_refused(tmp_path: Path) -> None:
    dots(tmp_path, ["cat/1", "any/1"])
    with pytest.raises(DataError, match=r"any has the name that stands for all classes; rename"):
        load("folder", tmp_path)


def test_a_class_name_that_cannot_be_shown_is_refused(tmp_path: Path) -> None:
    dots(tmp_path, ["cat/1", "two\nlines/1"])
    with pytest.raises(DataError, match="a name of over 200 bytes"):
        data_module.class_folders(tmp_path, [tmp_path / ("x" * 201) / "1.png"], "picture")
    with pytest.raises(DataError, match=r"cannot be shown; rename it") as caught:
        load("folder", tmp_path)
    assert "\n" not in str(caught.value)


def test_hidden_and_unreadable_folders_are_no_classes(tmp_path: Path) -> None:
    dots(
        tmp_path, [*(f"cat/{i}" for i in range(20)), ".thumbs/1", "cat/.old/2", "dog/1!", "dog/3!"]
    )
    (tmp_path / "cat" / "._1.png").write_bytes(b"of a Mac")
    for train in (True, False):
        data = load("folder", tmp_path, train, 4)
        assert data.labels == ("cat",) and reds(data) <= set(range(20))
    # A class of which one part has nothing is one all the same, in both.
    dots(tmp_path, ["fox/1"])
    for train in (True, False):
        assert load("folder", tmp_path, train, 4).labels == ("cat", "fox")


def test_loose_images_beside_a_hidden_folder(tmp_path: Path) -> None:
    dots(tmp_path, ["1", "2", "3", ".thumbs/1"])
    assert sum(len(load("folder", tmp_path, train, 4)) for train in (True, False)) == 3


def test_names_that_are_no_utf8(tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    dots(tmp_path, ["1", "2", "3"])
    broken = Path(os.fsdecode(os.fsencode(tmp_path) + b"/bad\xff!.png"))
    good = Path(os.fsdecode(os.fsencode(tmp_path) + b"/bad\xff.png"))
    try:
        broken.write_bytes(b"no picture")
    except OSError:
        pytest.skip("this file system has no such names")
    Image.new("RGB", (8, 8)).save(good)
    assert sum(len(load("folder", tmp_path, train, 4)) for train in (True, False)) == 4
    assert capfdbinary.readouterr().err.count(rb"bad\xff!.png: ") == 1


def test_a_picture_with_damaged_exif_is_used_as_it_lies(tmp_path: Path) -> None:
    write_damaged_exif(tmp_path / "1.jpg")
    shutil.copy(tmp_path / "1.jpg", tmp_path / "2.jpg")
    assert [len(load("folder", tmp_path, train, 4)) for train in (True, False)] == [1, 1]


@pytest.mark.parametrize("size", [3, 5000, -4])
@pytest.mark.parametrize("name", ["folder", "text"])
def test_sizes_that_cannot_be(name: str, size: int, tmp_path: Path) -> None:
    dots(tmp_path, ["1", "2"])
    path = tmp_path
    if name == "text":
        path, size = _text(tmp_path), size if abs(size) > 3 else 1
    with pytest.raises(DataError, match=rf"--size is \d+ to \d+ \w+, not {size}"):
        load(name, path, size=size)


def test_empty_folder_says_what_it_wants(tmp_path: Path) -> None:
    (tmp_path / "readme.txt").write_text("no image")
    with pytest.raises(DataError, match=r"no readable image .*\.png"):
        load("folder", tmp_path)


def test_loose_images_beside_classes(image_folder: Path, tmp_path: Path) -> None:
    shutil.copytree(image_folder, tmp_path / "x")
    shutil.copy(image_folder / "disc" / "turned.jpg", tmp_path / "x")
    with pytest.raises(DataError, match="beside its class folders"):
        load("folder", tmp_path / "x")


def test_a_text_is_split_in_order(tmp_path: Path) -> None:
    file = tmp_path / "mine.txt"
    content = "".join(chr(97 + i % 26) for i in range(1000)) + "\r\nend"
    file.write_bytes(b"\xef\xbb\xbf" + content.encode())
    train, test = (load("text", file, part, 32) for part in (True, False))
    assert isinstance(train, Corpus) and isinstance(test, Corpus)
    assert train.media == test.media and train.media.symbols[0] == UNKNOWN
    whole = train.media.to_text(train.symbols) + test.media.to_text(test.symbols)
    assert whole == content.replace("\r\n", "\n")
    assert len(train.symbols) == int(len(whole) * 0.9)
    windows, _ = train.at(torch.tensor([3]))
    assert train.media.to_text(windows[0]) == whole[3:35]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"), (b" \n ", "empty"), (b"too short", "at least"),
        ("caf\u00e9".encode("latin-1") * 1000, "UTF-8"), (b"abc\0def" * 1000, "no text"),
    ],
)  # fmt: skip
def test_what_is_no_text_is_said(content: bytes, said: str, tmp_path: Path) -> None:
    file = tmp_path / "mine.txt"
    file.write_bytes(content)
    with pytest.raises(DataError, match=said) as caught:
        load("text", file)
    assert str(file) in str(caught.value) and "\n" not in str(caught.value)


def test_no_file_of_text(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none.txt"):
        with pytest.raises(DataError, match="cannot be read"):
            load("text", path)


def test_another_shakespeare_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    served = tmp_path / "served.txt"
    served.write_text("not what it was", encoding="utf-8")
    monkeypatch.setattr("aigc.data.SHAKESPEARE", served.as_uri())
    with pytest.raises(DataError, match="another text"):
        load("shakespeare", tmp_path)
    assert not (tmp_path / "shakespeare").exists()
    monkeypatch.setattr("aigc.data.SHAKESPEARE", (tmp_path / "gone.txt").as_uri())
    with pytest.raises(DataError, match="could not be downloaded"):
        load("shakespeare", tmp_path)


def test_shakespeare_is_downloaded_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    served = tmp_path / "served" / "input.txt"
    served.parent.mkdir()
    content = ("To be, or not to be: that is the question.\n" * 100).encode()
    served.write_bytes(content)
    monkeypatch.setattr("aigc.data.SHAKESPEARE", served.as_uri())
    monkeypatch.setattr("aigc.data.SHAKESPEARE_SHA256", hashlib.sha256(content).hexdigest())
    load("shakespeare", tmp_path)
    assert [p.name for p in (tmp_path / "shakespeare").iterdir()] == ["input.txt"]
    assert (tmp_path / "shakespeare" / "input.txt").read_bytes() == content


@pytest.fixture
def poems(tmp_path: Path) -> Path:
    write_poems(tmp_path / "tang")
    return tmp_path


def test_poems_have_their_form_and_end(poems: Path) -> None:
    train, test = (load("tang", poems, part) for part in (True, False))
    assert isinstance(train, Texts) and isinstance(test, Texts) and train.media == test.media
    assert len(train) + len(test) == 200  # two forms in six are not taken
    assert 0 < len(test) < 30
    texts = [train.media.to_text(row) for row in train.rows]
    for text, target in zip(texts, train.targets.tolist()):
        title, _, verses = text.partition("\n")
        assert len(title) in (0, 3) and END not in text
        assert train.form is not None and train.form(text) == train.labels[target]
        assert all(len(line) in (12, 16) for line in verses.split("\n"))
    assert 0 < sum(text.startswith("\n") for text in texts) < len(texts) / 5
    assert not {train.media.to_text(row) for row in test.rows} & set(texts)
    assert train.media.han and not load("text", _text(poems)).media.han


def _text(folder: Path) -> Path:
    (folder / "text.txt").write_text(write_text(4000), encoding="utf-8")
    return folder / "text.txt"


def test_of_poems_with_the_same_verses_one_counts(poems: Path) -> None:
    before = sum(len(load("tang", poems, part)) for part in (True, False))
    path = poems / "tang" / "poet.tang.1000.json"
    twins = json.loads((poems / "tang" / "poet.tang.0.json").read_text(encoding="utf-8"))
    for twin in twins:
        twin["id"] += "again"
    path.write_text(json.dumps(twins), encoding="utf-8")
    assert sum(len(load("tang", poems, part)) for part in (True, False)) == before


def test_rare_characters_are_unknown(poems: Path) -> None:
    path = poems / "tang" / "poet.tang.1000.json"
    rare = {"title": "x", "paragraphs": ["一丁丂七丄，丅丆万丈三。", "上下丌不与，丏丐丑丒专。"]}
    path.write_text(json.dumps([{**rare, "id": str(i)} for i in range(3)]), encoding="utf-8")
    found = [load("tang", poems, part) for part in (True, False)]
    texts = [part.media.to_text(row) for part in found for row in part.rows]  # type: ignore[union-attr]
    holes = [text for text in texts if UNKNOWN in text]
    assert len(holes) == 1 and holes[0].count(UNKNOWN) > 10


@pytest.mark.parametrize(
    ("verses", "form"),
    [
        ("一二三四五，一二三四五。\n一二三四五？一二三四五。", FORMS[5, 4]),
        ("一二三四五六七，一二三四五六七。" * 4, FORMS[7, 8]),
        ("一二三四五，一二三四。一二三四五，一二三四五。", ""),
        ("一二三四五，一二三四五。一二三四五，一二三四五", ""),
        ("一二三四五，一二三四五。", ""),
        ("", ""),
    ],
)
def test_the_form_of_a_poem(verses: str, form: str) -> None:
    assert form_of("題\n" + verses) == form == form_of("\n" + verses)


def test_what_is_no_poem_is_said(poems: Path) -> None:
    with pytest.raises(DataError, match="--size out"):
        load("tang", poems, size=64)
    for content, said in (("{", "no poems"), ("[1]", "no poems"), ("[]", "too few")):
        (poems / "tang" / "poet.tang.0.json").write_text(content, encoding="utf-8")
        with pytest.raises(DataError, match=said) as caught:
            load("tang", poems)
        assert "start again" in str(caught.value)


def test_poems_are_downloaded_all_or_none(
    poems: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = [poems / "tang" / f"poet.tang.{first}.json" for first in range(0, 58_000, 1000)]
    monkeypatch.setattr("aigc.data.TANG", [file.as_uri() for file in files])
    with pytest.raises(DataError, match="another text"):
        load("tang", tmp_path / "new")
    assert not (tmp_path / "new").exists()
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()
    monkeypatch.setattr("aigc.data.TANG_SHA256", digest)
    made = load("tang", tmp_path / "new")
    assert sorted(p.name for p in (tmp_path / "new" / "tang").iterdir()) == sorted(
        file.name for file in files
    )
    assert len(made) == len(load("tang", poems))
