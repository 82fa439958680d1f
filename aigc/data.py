"""Data sets by name, whole in memory: images as 8-bit values, texts as symbols."""

from __future__ import annotations

import hashlib
import io
import json
import math
import os
import re
import sys
import urllib.error
import urllib.request
import wave
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

from aigc import notes as sounds_by_formula
from aigc.media import MAX_LABEL_BYTES, UNKNOWN, ImageMedia, SoundMedia, TextMedia, VideoMedia

SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".ppm", ".pgm"}


class DataError(Exception):
    """One sentence: what is wrong with the data, and what to do."""


class NothingKeptBack(DataError):
    """There is too little data to keep some of it back for testing."""


@dataclass(frozen=True)
class Dataset:
    """`images` (N, C, H, W) uint8, `targets` (N,) int64 into `labels` (empty: no classes)."""

    name: str
    images: Tensor
    targets: Tensor
    labels: tuple[str, ...]
    media: ImageMedia

    def __len__(self) -> int:
        return len(self.images)

    def at(self, indices: Tensor) -> tuple[Tensor, Tensor]:
        """What a training step takes: the images at `indices` (B,), and their classes (B,)."""
        return self.floats(indices), self.targets[indices]

    def to(self, device: torch.device) -> Dataset:
        return replace(self, images=self.images.to(device), targets=self.targets.to(device))

    def floats(self, indices: Tensor | slice = slice(None)) -> Tensor:
        """The images at `indices` as the models take them: (N, C, H, W) float32 in [0, 1]."""
        return self.images[indices].float() / 255


@dataclass(frozen=True)
class Corpus:
    """One long text, `symbols` (S,) int64 indices into those of its media. An item is a window of
    `media.length` symbols, and there is one from every place on."""

    name: str
    symbols: Tensor
    media: TextMedia
    labels: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.symbols) - self.media.length + 1

    def at(self, indices: Tensor) -> tuple[Tensor, Tensor]:
        """The windows (B, length) that begin at `indices` (B,), and no classes: zeros (B,)."""
        steps = torch.arange(self.media.length, device=indices.device)
        return self.symbols[indices[:, None] + steps], torch.zeros_like(indices)

    def to(self, device: torch.device) -> Corpus:
        return replace(self, symbols=self.symbols.to(device))


@dataclass(frozen=True)
class Texts:
    """Short texts, `rows` (N, T) int64 indices into the symbols of its media, each ended and
    filled by `media.end`; `targets` (N,) int64 into `labels`. Where the look of a text tells its
    class, `form` says the label that it has, or nothing."""

    name: str
    rows: Tensor
    targets: Tensor
    labels: tuple[str, ...]
    media: TextMedia
    form: Callable[[str], str] | None = None

    def __len__(self) -> int:
        return len(self.rows)

    def at(self, indices: Tensor) -> tuple[Tensor, Tensor]:
        """The texts at `indices` (B,), and their classes: (B, T) and (B,)."""
        return self.rows[indices], self.targets[indices]

    def to(self, device: torch.device) -> Texts:
        return replace(self, rows=self.rows.to(device), targets=self.targets.to(device))


def mnist(root: Path, train: bool, size: int) -> Dataset:
    """LeCun's digits, 60,000 to train and 10,000 to test, through torchvision, which downloads
    them into `root/MNIST/raw` when they are not there. `size` must be 28."""
    from torchvision.datasets import MNIST

    if size not in (0, 28):
        raise DataError(f"mnist is 28 pixels wide; leave --size out instead of {size}")
    try:
        source = MNIST(str(root), train=train, download=True)
    except (AssertionError, ValueError) as error:
        raise DataError(
            f"a file in {root}/MNIST/raw is damaged ({error}); delete that folder and start again"
        ) from None
    except (RuntimeError, OSError) as error:
        reason = " ".join(str(error).split())
        raise DataError(
            f"MNIST is not in {root}/MNIST/raw and could not be downloaded ({reason}); "
            "go online once, or point --data at a folder that has it"
        ) from None
    media = ImageMedia(1, 28, 28)
    labels = tuple(str(digit) for digit in range(10))
    return Dataset("mnist", source.data[:, None], source.targets.long(), labels, media)


STACKS = {True: 128_000, False: 26_000}  # to train and to test, as many as the papers take


def stacked_mnist(root: Path, train: bool, size: int) -> Dataset:
    """Three digits of `mnist` in the three colours of a picture, which makes 1000 classes: the
    modes that a GAN can lose. Each picture is three digits drawn at random, the same ones every
    time; the test part is made of the test digits. Metz et al. 2016 (arXiv 1611.02163), in the
    numbers that Srivastava et al. 2017 (VEEGAN) and Lin et al. 2018 (PacGAN) take."""
    digits = mnist(root, train, size)
    drawn = (STACKS[train], 3)
    rows = torch.randint(len(digits), drawn, generator=torch.Generator().manual_seed(0))
    targets = (digits.targets[rows] * torch.tensor([100, 10, 1])).sum(1)
    labels = tuple(f"{mode:03}" for mode in range(1000))
    images = digits.images[rows, 0]  # (N, 3, 28, 28)
    return Dataset("stacked-mnist", images, targets, labels, ImageMedia(3, 28, 28))


VIDEO = VideoMedia(1, 64, 128, 2, 4)  # eight frames of 32 by 32
VIDEOS = {True: 30_000, False: 5_000}  # to train and to test
EDGE = 4  # pixels around a digit that are black, so they may be out of sight
SPEEDS = 1.0, 3.0  # pixels a frame


def moving_mnist(root: Path, train: bool, size: int) -> Dataset:
    """Digits of `mnist` that cross a frame and turn back at its border, each at a place, a speed
    and in a direction of its own; the same ones every time. After Srivastava et al. 2015 (arXiv
    1502.04681), with one digit, smaller and shorter."""
    if size not in (0, VIDEO.height):
        raise DataError(f"moving-mnist has one size; leave --size out instead of {size}")
    digits = mnist(root, train, 0)
    count, side = VIDEOS[train], VIDEO.frame.height
    generator = torch.Generator().manual_seed(0 if train else 1)
    rows = torch.randint(len(digits), (count,), generator=generator)
    reach = side - digits.media.height + 2 * EDGE  # how far a digit can go
    start = reach * torch.rand(count, 2, generator=generator)
    angle = 2 * math.pi * torch.rand(count, generator=generator)
    low, high = SPEEDS
    speed = low + (high - low) * torch.rand(count, 1, generator=generator)
    steps = torch.arange(VIDEO.rows * VIDEO.columns)[:, None, None]
    far = start + steps * speed * torch.stack([angle.sin(), angle.cos()], 1)  # (T, count, 2)
    at = reach - (far.remainder(2 * reach) - reach).abs()  # there and back
    corner = (reach - at).round().long()  # of the frame, in a canvas that has the digit inside
    canvas = F.pad(digits.images[rows, 0], (reach - EDGE,) * 4)  # (count, side + reach, ...)
    here = torch.arange(side)
    down, across = (corner[..., i, None] + here for i in (0, 1))  # (T, count, side) each
    which = torch.arange(count)[:, None, None]
    frames = torch.stack([
        canvas[which, d[:, :, None], a[:, None]] for d, a in zip(down, across)
    ], 1)  # fmt: skip  # (count, T, side, side)
    sheets = VIDEO.to_sheets(frames[:, :, None])
    return Dataset("moving-mnist", sheets, digits.targets[rows], digits.labels, VIDEO)


SOUND = SoundMedia(1, 128, 64)  # 1.02 s of 8000 samples a second
NOTES = {True: 20_000, False: 4_000}  # to train and to test


def notes(root: Path, train: bool, size: int) -> Dataset:
    """Single notes by formula (aigc/notes.py), with the note as the class; the same ones every
    time. Nothing is read from `root`."""
    if size not in (0, SOUND.height):
        raise DataError(f"notes have one length; leave --size out instead of {size}")
    generator = torch.Generator().manual_seed(0 if train else 1)
    images, targets = [], []
    for _ in range(NOTES[train] // 500):  # not all at once, for the memory
        waves, classes = sounds_by_formula.play(500, SOUND.rate, SOUND.samples, generator)
        images.append((SOUND.from_waves(waves) * 255).round().to(torch.uint8))
        targets.append(classes)
    return Dataset("notes", torch.cat(images), torch.cat(targets), sounds_by_formula.NAMES, SOUND)


def folder(root: Path, train: bool, size: int) -> Dataset:
    """Any folder of images, cut to the middle and resized to `size` pixels (default 64); its
    sub-folders are the classes. Grey when every image of both parts is. What cannot be read is
    named and skipped. One image in ten, by a hash of its path, is kept back for testing."""
    try:
        colour = ImageMedia(3, size or 64, size or 64)
    except ValueError:
        raise DataError(f"--size is 4 to 1024 pixels, not {size}") from None

    def opened(path: Path) -> Tensor:
        with Image.open(path) as image:
            return colour.from_pil(image)

    stack, targets, classes = read_folder(root, train, "image", SUFFIXES, opened)
    media = replace(colour, channels=stack.shape[1])
    return Dataset("folder", stack, targets, classes, media)


def named(path: Path | str) -> str:
    """A path to print: a name that is not UTF-8 would be an error in place of the sentence."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def class_folders(root: Path, files: Sequence[Path], thing: str) -> list[str]:
    """The names of the folders in `root` that have the files; none where they lie in it. Raises
    DataError for names that no class can have, and for files beside folders."""
    classes = sorted({p.relative_to(root).parts[0] for p in files if p.parent != root})
    if classes and any(p.parent == root for p in files):
        raise DataError(
            f"{named(root)} has {thing}s beside its class folders; move them into one, or the "
            "folders out"
        )
    for name in classes:
        if name == "any":
            raise DataError(
                f"the class folder {named(root / name)} has the name that stands for all classes; "
                "rename it"
            )
        if not name.isprintable():
            raise DataError(
                f"the class folder {named(root / name)!r} has characters in its name that "
                "cannot be shown; rename it"
            )
        if len(name.encode()) > MAX_LABEL_BYTES:
            raise DataError(
                f"the class folder {named(root / name)} has a name of over {MAX_LABEL_BYTES} "
                "bytes, with which no checkpoint loads; rename it"
            )
    return classes


def read_folder(
    root: Path, train: bool, thing: str, suffixes: set[str], opened: Callable[[Path], Tensor]
) -> tuple[Tensor, Tensor, tuple[str, ...]]:
    """What `opened` makes of each file of a folder, (C, H, W) in [0, 1] -> (N, C, H, W) uint8, the
    classes (N,), and their names: the sub-folders in which one can be read. C is 1 where the
    channels of all files are alike. Files that it can't read are named and skipped, hidden ones are
    left alone.

    One in ten, by a hash of its path, is kept back for testing. Where a part would get none of two
    or more that can be read, it gets the one with the least hash (testing) or the greatest
    (training). Raises DataError.
    """
    if not root.is_dir():
        raise DataError(f"{named(root)} is not a folder; point --data at a folder of {thing}s")
    digests = {
        path: hashlib.sha256(os.fsencode(path.relative_to(root).as_posix())).digest()
        for path in sorted(root.rglob("*"))
        if path.suffix.lower() in suffixes and path.is_file()
        and not any(part.startswith(".") for part in path.relative_to(root).parts)
    }  # fmt: skip
    classes = class_folders(root, list(digests), thing)
    skipped = 0

    def read(path: Path, say: bool) -> Tensor | None:
        nonlocal skipped
        try:
            return (opened(path) * 255).round().to(torch.uint8)
        except Exception as error:  # whatever a decoder raises at what is damaged
            skipped += 1
            if say:
                print(
                    f"skipped {named(path)}: {named(str(error)) or type(error).__name__}",
                    file=sys.stderr,
                )
            return None

    def class_of(path: Path) -> str:
        return path.relative_to(root).parts[0] if classes else ""

    def in_colour(values: Tensor) -> bool:
        return bool((values != values[:1]).any())

    kept_back = {path: digest[0] % 10 == 0 for path, digest in digests.items()}
    found: dict[Path, Tensor] = {}
    for path in digests:
        if kept_back[path] is not train and (values := read(path, say=True)) is not None:
            found[path] = values
    # Of the other part, as many as it takes to know what holds for both: colour, classes, and
    # whether there are any. The first to be read is the one that would change sides.
    colour = any(map(in_colour, found.values()))
    settled = colour or any(len(values) == 1 for values in found.values())
    filled = set(map(class_of, found))
    others: list[tuple[Path, Tensor]] = []
    rest = [path for path in digests if kept_back[path] is train]
    for path in sorted(rest, key=digests.__getitem__, reverse=train):
        if len(others) > 1 and settled and len(filled) == max(1, len(classes)):
            break
        if (values := read(path, say=False)) is not None:
            colour = colour or in_colour(values)
            settled = settled or colour
            filled.add(class_of(path))
            others = [*others[:1], (path, values)]
    if len(found) + len(others) == 1:
        only = f"{named(root)} has one {thing} that can be read, so none is kept back for testing"
        if not train:
            raise NothingKeptBack(f"{only}; add {thing}s")
        print(f"{only}, and there will be no figures", file=sys.stderr)
        found |= dict(others)
    elif not found:
        found = dict(others[:1])
    elif not others:
        del found[(min if train else max)(found, key=digests.__getitem__)]
    if not found:
        raise DataError(
            f"{named(root)} has no readable {thing} "
            f"({len(digests)} files, {skipped} unreadable); add {thing}s "
            f"({', '.join(sorted(suffixes))})"
        )
    labels = sorted(filled) if classes else []
    stack = torch.stack(list(found.values()))
    targets = [labels.index(class_of(path)) if labels else 0 for path in found]
    return stack if colour else stack[:, :1].contiguous(), torch.tensor(targets), tuple(labels)


def sounds(root: Path, train: bool, size: int) -> Dataset:
    """Any folder of WAV files, of each the first second, in one channel of 8000 samples a second;
    its sub-folders are the classes. What cannot be read is named and skipped. One in ten, by a hash
    of its path, is kept back for testing."""
    if size not in (0, SOUND.height):
        raise DataError(f"sounds have one length; leave --size out instead of {size}")

    def opened(path: Path) -> Tensor:
        return SOUND.from_waves(read_wav(path, SOUND.rate, SOUND.samples)[None])[0]

    images, targets, classes = read_folder(root, train, "sound", {".wav"}, opened)
    return Dataset("sounds", images, targets, classes, SOUND)


PCM = bytes.fromhex("0100000000001000800000aa00389b71")  # as the sub-format of a long header
# Of a file with such a header: a second at any rate, behind what stands before it.
WAV_BYTES = 2**24


def plain_wav(path: Path) -> str | io.BytesIO:
    """What `wave` can open: the file, or its beginning where the header is an EXTENSIBLE one, which
    Python before 3.12 refuses, with the tag of plain numbers in its place. Raises ValueError for
    other numbers than whole ones, which later versions of `wave` may take."""
    with path.open("rb") as file:
        file.seek(12)
        while (head := file.read(8)) and head[:4] != b"fmt ":
            size = int.from_bytes(head[4:], "little")
            file.seek(size + size % 2, 1)
        at, form = file.tell(), file.read(40)
        if not form or form[:2] == b"\x01\x00":
            return str(path)
        if form[:2] != b"\xfe\xff" or form[24:] != PCM:
            raise ValueError("it is no plain PCM; save it as 16-bit PCM WAV")
        file.seek(0)
        content = bytearray(file.read(WAV_BYTES))
    content[at : at + 2] = b"\x01\x00"
    return io.BytesIO(content)


def read_wav(path: Path, rate: int, samples: int) -> Tensor:
    """The beginning of a WAV file of whole numbers, (samples,) in [-1, 1]: its channels as one, at
    `rate` samples a second, silence behind its end. Raises wave.Error, EOFError or ValueError."""
    with wave.open(plain_wav(path), "rb") as file:
        theirs, width, channels = file.getframerate(), file.getsampwidth(), file.getnchannels()
        fade = math.ceil(0.05 * theirs)
        content = file.readframes(math.ceil(samples * theirs / rate) + fade)
    content = content[: len(content) // (width * channels) * width * channels]
    if not content:
        raise ValueError("it is empty")
    numbers = np.frombuffer(content, np.uint8).reshape(-1, channels, width)
    if width == 1:  # without a sign, by the format's custom
        values = numbers[..., 0].astype(np.float32) / 128 - 1
    else:  # the higher bytes of 32 bits
        wide = np.zeros((*numbers.shape[:2], 4), np.uint8)
        wide[..., 4 - width :] = numbers
        values = wide.view("<i4")[..., 0].astype(np.float32) / 2**31
    # By the Fourier series, for which the end meets the beginning: it fades to silence in between.
    mono = values.mean(1)
    mono[-fade:] *= np.linspace(1, 0, len(mono[-fade:]), dtype=np.float32)
    spectrum = torch.fft.rfft(torch.from_numpy(mono), len(mono) + fade)
    length = max(1, round((len(mono) + fade) * rate / theirs))
    ours = torch.fft.irfft(spectrum[: length // 2 + 1], length) * (length / (len(mono) + fade))
    return F.pad(ours[:samples], (0, max(0, samples - length)))


WINDOW = 256  # symbols that a model of texts sees at once, unless another length is asked for
SHAKESPEARE = (
    "https://raw.githubusercontent.com/karpathy/char-rnn/master/data/tinyshakespeare/input.txt"
)
SHAKESPEARE_SHA256 = "86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed"


def split(name: str, content: str, train: bool, size: int, source: Path) -> Corpus:
    """The first nine tenths of a text to train, the rest to test, as everybody splits Shakespeare.
    Its characters, in their order, are the symbols."""
    symbols = UNKNOWN + "".join(sorted(set(content) - {UNKNOWN}))
    try:
        media = TextMedia(symbols, size or WINDOW)
    except ValueError:
        raise DataError(f"--size is 2 to 4096 symbols, not {size}") from None
    border = int(len(content) * 0.9)
    part = content[:border] if train else content[border:]
    if min(border, len(content) - border) < media.length:  # both parts, whichever is asked for
        raise DataError(
            f"{source} has {len(content):,} characters; a text to learn from has at least "
            f"{10 * media.length:,} (ten times --size)"
        )
    return Corpus(name, media.from_text(part), media)


def shakespeare(root: Path, train: bool, size: int) -> Corpus:
    """Karpathy's tiny Shakespeare, 1,115,394 characters, downloaded into `root/shakespeare` when it
    is not there. `size` is the length of a window, 256 by default."""
    path = root / "shakespeare" / "input.txt"
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        content = _download([SHAKESPEARE], SHAKESPEARE_SHA256, path.parent)[0]
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror})") from None
    return split("shakespeare", content.decode("utf-8", "replace"), train, size, path)


def _download(urls: Sequence[str], digest: str, folder: Path) -> list[bytes]:
    """Fetch files whose contents have the SHA-256 `digest`, one after the other, into `folder`
    under their own names: all of them or none."""
    contents, total = [], hashlib.sha256()
    for url in urls:
        print(f"downloading {url}", file=sys.stderr)
        try:
            with urllib.request.urlopen(url, timeout=30) as answer:
                contents.append(answer.read(2**24))
        except (OSError, urllib.error.URLError) as error:
            raise DataError(
                f"{folder} lacks files and {url} could not be downloaded ({error}); go online "
                "once, or point --data at a folder that has it"
            ) from None
        total.update(contents[-1])
    if total.hexdigest() != digest:
        raise DataError(f"{urls[0]} is another text than it was; put the known one into {folder}")
    folder.mkdir(parents=True, exist_ok=True)
    for url, content in zip(urls, contents):
        path = folder / url.rpartition("/")[2]
        partial = path.with_name(path.name + ".partial")
        partial.write_bytes(content)
        partial.replace(path)
    return contents


TANG = [
    "https://raw.githubusercontent.com/chinese-poetry/chinese-poetry/"
    "fa1814a8044db4fb0c7a9e0a0449974e8c3463b7/%E5%85%A8%E5%94%90%E8%AF%97/"
    f"poet.tang.{first}.json"
    for first in range(0, 58_000, 1000)
]
TANG_SHA256 = "3f7d2ecd229e8f4cca51255f6cc584509e2ad481f7c13cab8b02e1c656a065a0"
FORMS = {
    (5, 4): "五言四句 5\u00d74", (7, 4): "七言四句 7\u00d74",
    (5, 8): "五言八句 5\u00d78", (7, 8): "七言八句 7\u00d78",
}  # fmt: skip
TITLE = 12  # characters; a poem with a longer title is learned without
END = "\x03"  # ASCII's end of text
PAUSE = "，。？！；、："


def form_of(poem: str) -> str:
    """The form of a poem, title, line break and verses, by characters a line and lines; nothing
    when its lines are not alike or it has another number of them."""
    verses = poem.partition("\n")[2].replace("\n", "")
    lines = re.split(f"[{PAUSE}]", verses)
    sizes = {len(line) for line in lines[:-1]}
    return "" if lines[-1] or len(sizes) != 1 else FORMS.get((sizes.pop(), len(lines) - 1), "")


def _is_han(text: str) -> bool:
    return all("\u3400" <= c <= "\u9fff" or ord(c) > 0x1FFFF for c in text)


def tang(root: Path, train: bool, size: int) -> Texts:
    """Regulated verse of the complete Tang poems: lines of 5 or 7 characters, 4 or 8 of them,
    downloaded into `root/tang` (25 MB) when it is not there. The classes are the forms.

    A text is the title, a line for each couplet, END. Characters seen less than three times in
    training are unknown. One poem in twenty, by a hash of its id, is kept back for testing; of
    poems with the same verses only the first counts.
    """
    if size:
        raise DataError("the poems of tang have their own length; leave --size out")
    folder = root / "tang"
    names = [url.rpartition("/")[2] for url in TANG]
    try:
        contents = [(folder / name).read_bytes() for name in names]
    except FileNotFoundError:
        contents = _download(TANG, TANG_SHA256, folder)
    except OSError as error:
        raise DataError(f"{folder} cannot be read ({error.strerror})") from None
    parts: dict[bool, list[tuple[str, str]]] = {True: [], False: []}
    seen = set()
    for name, content in zip(names, contents):
        try:
            found = [
                ("".join(poem["paragraphs"]), poem["title"], str(poem["id"]))
                for poem in json.loads(content)
            ]
        except (ValueError, KeyError, TypeError):
            raise DataError(f"{folder / name} holds no poems; delete it and start again") from None
        for verses, title, key in found:
            form, bare = form_of("\n" + verses), re.sub(f"[{PAUSE}]", "", verses)
            if not form or bare in seen or not _is_han(bare):
                continue
            seen.add(bare)
            lines = re.findall(f"[^{PAUSE}]+.", verses)
            verses = "\n".join(a + b for a, b in zip(lines[::2], lines[1::2]))
            title = title if len(title) <= TITLE and "\n" not in title else ""
            learned = int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big") % 20 > 0
            parts[learned].append((f"{title}\n{verses}{END}", form))
    if not parts[True] or not parts[False]:
        raise DataError(f"{folder} holds too few poems; delete it and start again")
    uses = Counter(c for poem, _ in parts[True] for c in poem)
    common = sorted(c for c, count in uses.items() if count >= 3 and c != UNKNOWN)
    labels = tuple(FORMS.values())
    length = TITLE + 1 + 8 * 8 + 3 + 1  # title, eight lines of seven with their pauses, END
    media = TextMedia(UNKNOWN + "".join(common), length, END)
    poems = parts[train]
    rows = torch.full((len(poems), length), media.shape[2])
    for row, (poem, _) in zip(rows, poems):
        row[: len(poem)] = media.from_text(poem)
    targets = torch.tensor([labels.index(form) for _, form in poems])
    return Texts("tang", rows, targets, labels, media, form_of)


def text(root: Path, train: bool, size: int) -> Corpus:
    """Anybody's own text: `root` is a UTF-8 file. Line ends become one kind."""
    try:
        content = root.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        raise DataError(f"{root} is no UTF-8 text; save it as UTF-8 and start again") from None
    except OSError as error:
        raise DataError(
            f"{root} cannot be read ({error.strerror}); point --data at a text file"
        ) from None
    if "\0" in content:
        raise DataError(f"{root} holds zero bytes, so it is no text; point --data at a text file")
    if not content.strip():
        raise DataError(f"{root} is empty; point --data at a text file")
    content = content.replace("\r\n", "\n").replace("\r", "\n")
    return split("text", content, train, size, root)


Data = Dataset | Corpus | Texts
DATASETS: dict[str, Callable[[Path, bool, int], Data]] = {
    "mnist": mnist, "stacked-mnist": stacked_mnist, "folder": folder,
    "moving-mnist": moving_mnist, "notes": notes, "sounds": sounds,
    "shakespeare": shakespeare, "tang": tang, "text": text,
}  # fmt: skip


def load(name: str, root: str | Path, train: bool = True, size: int = 0) -> Data:
    """The training or the test part of a data set. `size` in pixels, or symbols of a window; 0
    for its own default.

    Raises DataError for an unknown name or data that cannot be had.
    """
    if name not in DATASETS:
        raise DataError(f"there is no data set {name!r}; choose one of {', '.join(DATASETS)}")
    return DATASETS[name](Path(root), train, size)
