"""What the tests share: drawn digits in MNIST's files, a messy folder of images, tiny checkpoints.

Nothing here comes from the network, and nothing of the person's own folders is read or written.
The session fixtures are shared: a test that changes files copies them to its own tmp_path first.
"""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import socket
import struct
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

if TYPE_CHECKING:
    from aigc.ui.catalogue import Catalogue
    from aigc.ui.sample import Wish

# Before anything imports torch, gradio or huggingface_hub, which read these once.
_HOME = Path(tempfile.mkdtemp(prefix="aigc-tests-"))
_ISOLATION = {
    "HF_HOME": str(_HOME / "hf"),
    "HF_HUB_CACHE": str(_HOME / "hf" / "hub"),
    "XDG_CACHE_HOME": str(_HOME / "cache"),
    "XDG_CONFIG_HOME": str(_HOME / "config"),
    "GRADIO_TEMP_DIR": str(_HOME / "gradio"),
    "MPLCONFIGDIR": str(_HOME / "mpl"),
    "HF_HUB_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "GRADIO_ANALYTICS_ENABLED": "False",
    # Tiny models gain nothing from a second thread, and threads that wait for each other on a
    # busy machine are what makes a suite slow.
    "OMP_NUM_THREADS": "1",
}
_PERSONAL = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_ENDPOINT", "GRADIO_SERVER_PORT")
os.environ.update(_ISOLATION)
for _name in _PERSONAL:
    os.environ.pop(_name, None)


def pytest_unconfigure() -> None:
    shutil.rmtree(_HOME, ignore_errors=True)


@pytest.fixture(autouse=True)
def isolated(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test starts with the isolated environment, whatever an earlier one set."""
    for name, value in _ISOLATION.items():
        monkeypatch.setenv(name, value)
    for name in _PERSONAL:
        monkeypatch.delenv(name, raising=False)


def draw_digit(digit: int, rng: np.random.Generator) -> np.ndarray:
    """A digit in Pillow's own font, moved and turned a little: (28, 28) uint8, light on dark."""
    font = ImageFont.load_default(size=int(rng.integers(20, 25)))
    image = Image.new("L", (28, 28))
    centre = (14 + rng.uniform(-1.5, 1.5), 14 + rng.uniform(-1.5, 1.5))
    ImageDraw.Draw(image).text(
        centre, str(digit), fill=int(rng.integers(200, 256)), font=font, anchor="mm"
    )
    return np.asarray(image.rotate(rng.uniform(-12, 12), Image.Resampling.BILINEAR))


def write_idx(path: Path, values: np.ndarray) -> None:
    """The format of LeCun's files: two zeros, the type (8: uint8), the rank, the sizes, the
    values."""
    header = struct.pack(f">BBBB{values.ndim}I", 0, 0, 8, values.ndim, *values.shape)
    path.write_bytes(header + values.astype(np.uint8).tobytes())


def write_damaged_exif(path: Path) -> None:
    """A JPEG that lies on its side, with an EXIF tag that holds text where a number belongs."""
    entries = struct.pack("<HHII", 0x0112, 3, 1, 6) + struct.pack("<HHI4s", 0x0128, 2, 4, b"abc\0")
    exif = b"Exif\0\0II*\0" + struct.pack("<IH", 8, 2) + entries + bytes(4)
    Image.new("RGB", (8, 4), (200, 0, 0)).save(path, exif=exif)


@pytest.fixture(scope="session")
def mnist_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that the `mnist` data set loads: 600 drawn digits to train, 300 to test. Beside
    them `text.txt`, which the `text` data set loads, and the poems that `tang` loads."""
    root = tmp_path_factory.mktemp("mnist")
    raw = root / "MNIST" / "raw"
    raw.mkdir(parents=True)
    rng = np.random.default_rng(0)
    for split, count in (("train", 600), ("t10k", 300)):
        targets = rng.permutation(np.arange(count) % 10)
        images = np.stack([draw_digit(int(digit), rng) for digit in targets])
        write_idx(raw / f"{split}-images-idx3-ubyte", images)
        write_idx(raw / f"{split}-labels-idx1-ubyte", targets)
    (root / "text.txt").write_text(write_text(4000), encoding="utf-8")
    write_poems(root / "tang")
    return root


def write_poems(folder: Path, count: int = 300) -> None:
    """Made-up verse of all four forms, out of forty characters, in the files of `tang`; some have
    no form that is taken, or a title that is too long."""
    rng = np.random.default_rng(0)
    letters = [chr(0x4E00 + 7 * i) for i in range(40)]
    poems: list[dict[str, Any]] = []
    for i in range(count):
        size, lines = ((5, 4), (7, 4), (5, 8), (7, 8), (4, 4), (5, 6))[i % 6]
        verses = ["".join(rng.choice(letters, size)) for _ in range(lines)]
        couplets = [f"{a}，{b}。" for a, b in zip(verses[::2], verses[1::2])]
        title = "".join(rng.choice(letters, 20 if i % 10 == 0 else 3))
        poems.append({"title": title, "paragraphs": couplets, "id": f"{i}", "author": "-"})
    folder.mkdir()
    for first in range(0, 58_000, 1000):
        content = json.dumps(poems if first == 0 else [], ensure_ascii=False)
        (folder / f"poet.tang.{first}.json").write_text(content, encoding="utf-8")


def write_text(length: int) -> str:
    """Lines of words out of a dozen made-up ones, `length` characters."""
    rng = np.random.default_rng(0)
    words = ["".join(rng.choice(list("aeiou"), 3)) + "n" for _ in range(12)]
    lines = [" ".join(rng.choice(words, 5)) for _ in range(length)]
    return "\n".join(lines)[:length]


@pytest.fixture(scope="session")
def image_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two classes (`disc`, `square`) of 30 images each, in many sizes, modes and formats; one
    lies on its side and says so in its EXIF tag (`disc/turned.jpg`); `square/broken.png` cannot
    be read and `disc/notes.txt` is no image."""
    root = tmp_path_factory.mktemp("images")
    rng = np.random.default_rng(0)
    kinds = (
        ("RGB", "png"), ("L", "png"), ("RGBA", "png"), ("P", "png"), ("1", "png"), ("LA", "png"),
        ("I;16", "png"), ("RGB", "jpg"), ("CMYK", "jpg"), ("L", "jpg"), ("RGB", "webp"),
        ("P", "gif"), ("RGB", "bmp"),
    )  # fmt: skip
    for name in ("disc", "square"):
        (root / name).mkdir()
        for i in range(30):
            mode, suffix = kinds[i % len(kinds)]
            width, height = (int(side) for side in rng.integers(20, 120, 2))
            image = Image.new("RGB", (width, height), tuple(int(v) for v in rng.integers(0, 80, 3)))
            box = (width // 4, height // 4, 3 * width // 4, 3 * height // 4)
            draw = ImageDraw.Draw(image)
            shape = draw.ellipse if name == "disc" else draw.rectangle
            shape(box, fill=tuple(int(v) for v in rng.integers(150, 256, 3)))
            if mode == "I;16":
                grey = np.asarray(image.convert("L")).astype(np.uint16) * 257
                converted = Image.fromarray(grey)
            else:
                converted = image.convert(mode)
            converted.save(root / name / f"{i:02}.{suffix}")
    turned = Image.new("RGB", (40, 80), "black")
    ImageDraw.Draw(turned).rectangle((0, 0, 39, 39), fill="white")
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees clockwise to see it upright
    turned.save(root / "disc" / "turned.jpg", exif=exif, quality=95)
    (root / "square" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\nno image after this")
    (root / "disc" / "notes.txt").write_text("not an image\n", encoding="utf-8")
    return root


# Small enough to run in a blink, of the same shape as the real ones.
TINY: dict[str, dict[str, Any]] = {
    "gan": {"latent": 8, "g_base": 4, "d_base": 4},
    "vae": {"latent": 4, "base": 4, "hidden": 16},
    "ladder": {"top": 3, "latent": 2, "coarse": 2, "planes": 8, "depth": 1},
    "attention": {"layers": 2, "heads": 2, "dim": 16, "head_dim_out": 16},
    "language": {"symbols": 28, "length": 24, "classes": 10, "layers": 2, "heads": 2, "dim": 16},
    "classifier": {},
}


def tiny_model(family: str) -> Any:
    """A model of random weights that is the same in every run; no layer is left at zero, so
    latents, classes and positions all show in what it makes."""
    import torch

    from aigc.models import FAMILIES

    model_class = FAMILIES[family]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = model_class(model_class.Config(**TINY.get(family, {})))
    generator = torch.Generator().manual_seed(0)
    if hasattr(model, "initialise"):  # whose parameters are empty until then
        model.initialise(generator)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += 0.1 * torch.randn(parameter.shape, generator=generator)
    return model.eval()


def media_of(model: Any) -> Any:
    """The media that fits a model's Config."""
    from aigc.media import UNKNOWN, ImageMedia, TextMedia

    shape = model.config.media_shape
    if not hasattr(model.config, "symbols"):
        return ImageMedia(*shape)
    symbols, length, _ = shape
    return TextMedia(UNKNOWN + "\nabcdefghijklmnopqrstuvwxyz"[: symbols - 1], length)


def save_tiny(folder: Path, family: str) -> Path:
    """Write a checkpoint of `tiny_model(family)` on drawn digits to `folder`, with all the files
    that a trained one has, and return the folder."""
    import io

    from aigc import checkpoint

    model = tiny_model(family)
    media = media_of(model)
    rng = np.random.default_rng(0)

    def picture() -> bytes:
        sheet = np.concatenate([draw_digit(digit, rng) for digit in range(4)], 1)
        file = io.BytesIO()
        Image.fromarray(sheet).save(file, "png")
        return file.getvalue()

    entries = [
        {"step": step, "images": 64 * step, "minutes": step / 100,
         "file": f"{step:07}.{'json' if family == 'language' else 'png'}",
         "loss": round(10 / step, 3), "images/s": 99.0}
        for step in (10, 20, 30)
    ]  # fmt: skip
    files = {
        f"snapshots/{entry['file']}": picture() if family != "language" else (
            json.dumps([f"<b>{entry['step']}\n", "abc"]).encode()
        )
        for entry in entries
    }  # fmt: skip
    files["snapshots/index.json"] = json.dumps(entries).encode()
    files["samples.png"] = picture()
    files["README.md"] = f"---\nlicense: apache-2.0\n---\n# {folder.name}\n".encode()
    checkpoint.save(
        folder,
        model,
        family,
        media,
        tuple(str(digit) for digit in range(10)),
        "text" if family == "language" else "mnist",
        {
            "command": f"python -m train.{family} --dataset mnist --data DIR --out OUT --steps 30",
            "seconds": 18,
            "steps": 30,
            "images": 1920,
            "machine": "a test",
            "date": "2026-01-01",
            "torch": "2.8.0",
            "commit": "",
            "recipe": {"batch": 64, "seed": 0},
        },
        files,
    )
    if family in ("gan", "vae"):
        tiny_survey(folder)
    return folder


def tiny_survey(folder: Path) -> None:
    """Give a tiny GAN or VAE a survey of random numbers, in the shapes of a real one."""
    import torch

    from aigc import checkpoint, survey

    chosen = checkpoint.load(folder)
    classes = len(chosen.labels)
    sizes = {"C": classes, "N": 40, "D": 3, "Q": 11, "T": 3, "J": classes}
    sizes["L"] = chosen.model.config.latent  # type: ignore[assignment,union-attr]
    parts = {
        "gan": {"directions", "scores", "tradeoff"},
        "vae": {"map", "arithmetic", "directions", "tradeoff"},
    }[chosen.family]
    generator = torch.Generator().manual_seed(0)
    tensors = {}
    for key, letters in survey.SHAPES.items():
        if key.partition(".")[0] in parts:
            shape = [int(c) if c.isdigit() else sizes[c] for c in letters]
            tensors[key] = torch.rand(shape, generator=generator).sort(-1).values if shape else (
                torch.tensor(0.9)
            )  # fmt: skip
            if key.endswith(("axes", "vectors")):
                rows = torch.randn(shape[::-1], generator=generator)
                tensors[key] = torch.linalg.qr(rows)[0].T
    if "map" in parts:
        tensors["map.classes"] = torch.arange(40).remainder(classes).to(torch.uint8)
    about = {"images": "40", "samples": "100", "classifier": "classifier-mnist 0"}
    survey.write(folder, tensors, about)


@pytest.fixture(scope="session")
def tiny_checkpoints(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of tiny random checkpoints, one for each family: `gan-mnist`, `vae-mnist`,
    `attention-mnist`, `classifier-mnist`."""
    from aigc.models import FAMILIES

    root = tmp_path_factory.mktemp("checkpoints")
    for family in FAMILIES:
        save_tiny(root / f"{family}-mnist", family)
    return root


@pytest.fixture(scope="session")
def tiny_stacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a tiny random GAN of three colours and no classes, `gan-stacked-mnist`."""
    from aigc import checkpoint, latent
    from aigc.media import ImageMedia
    from aigc.models.gan import GAN, Config

    model = GAN(Config(channels=3, classes=0, latent=8, g_base=4, d_base=4))
    model.initialise(latent.generator(1))
    folder = tmp_path_factory.mktemp("stacked") / "gan-stacked-mnist"
    training = {"command": "python -m train.gan --dataset stacked-mnist --no-classes"}
    media = ImageMedia(3, 28, 28)
    checkpoint.save(folder, model.eval(), "gan", media, (), "stacked-mnist", training, {})
    return folder.parent


def marked(content: bytes) -> dict[str, str]:
    """The fields of the mark in a file, as any reader of XMP finds them."""
    import io
    from xml.etree import ElementTree

    from aigc.ui import films

    if content[4:8] == b"ftyp":
        at = 0  # the boxes of an MP4, one after the other
        while content[at + 4 : at + 8] != b"uuid":
            at += int.from_bytes(content[at : at + 4], "big")
        size = int.from_bytes(content[at : at + 4], "big")
        assert at + size == len(content) and content[at + 8 : at + 24] == films.XMP_IN_MP4
        packet = content[at + 24 :]
    elif content[:4] == b"RIFF" and content[8:12] == b"WAVE":
        at, packet = 12, b""  # the chunks of a WAV file, one after the other
        while at < len(content):
            size = int.from_bytes(content[at + 4 : at + 8], "little")
            if content[at : at + 4] == b"_PMX":
                packet = content[at + 8 : at + 8 + size]
            at += 8 + size + size % 2
        assert at == len(content) == 8 + int.from_bytes(content[4:8], "little")
    elif content[:3] == b"GIF":
        at = start = content.index(b"\x21\xff\x0bXMP DataXMP") + 14
        while size := content[at]:  # a reader that knows no XMP takes it for blocks
            at += size + 1
        assert content[at + 1 :] == b";"
        packet = content[start : at - 257]
    else:
        image: Any = Image.open(io.BytesIO(content))
        packet = image.info["xmp"]
    tree = ElementTree.fromstring(packet if isinstance(packet, str) else packet.decode())
    (described,) = tree.iter("{http://www.w3.org/1999/02/22-rdf-syntax-ns#}Description")
    return {name.rpartition("}")[2]: value for name, value in described.attrib.items()}


def launched(demo: Any, **options: Any) -> str:
    """Serve the app, and its address. Gradio looks for a port from 7860 on and takes it a moment
    later, when another process of the suite may have it."""
    from aigc import ui

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    _, address, _ = ui.launch(
        demo, prevent_thread_lock=True, quiet=True, server_port=port, **options
    )  # fmt: skip
    return str(address)


def files_in(page: str) -> list[tuple[str, bytes]]:
    """The media type and the content of each data address in HTML."""
    found = re.findall(r'"data:([\w/]+);base64,([\w+/=]+)"', page)
    return [(kind, base64.b64decode(content)) for kind, content in found]


def saved(wish: Wish) -> list[tuple[str, bytes]]:
    """Each file that Sample offers of a result, as `files_in`."""
    from aigc.ui import kinds, sample

    ways = kinds.of(wish.checkpoint).SAVES
    return files_in("".join(f'"{sample.file(wish, way)["address"]}"' for way in ways))


@pytest.fixture
def the_hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Any]:
    """A hub_server.HubServer that the Hub's client of this process talks to, with a token that may
    write for `me`, an empty cache, and no long pauses before it asks again."""
    import huggingface_hub
    from hub_server import WRITE, HubServer
    from huggingface_hub import constants, file_download
    from huggingface_hub.utils import _http

    from aigc.hub import transfer

    hub = HubServer()
    hub.start()
    home = tmp_path / "hf-home"
    for name, value in {
        "ENDPOINT": hub.url,
        "HUGGINGFACE_CO_URL_TEMPLATE": hub.url + "/{repo_id}/resolve/{revision}/{filename}",
        "HF_HUB_OFFLINE": False,
        "HF_HUB_DISABLE_XET": True,
        "HF_HUB_DOWNLOAD_TIMEOUT": 3,
        "HF_HUB_CACHE": str(home / "hub"),
        "HF_TOKEN_PATH": str(home / "token"),
    }.items():
        monkeypatch.setattr(constants, name, value)
    monkeypatch.setattr(transfer, "ANSWER_S", 3)
    monkeypatch.setenv("HF_TOKEN", WRITE)
    monkeypatch.setenv("NO_PROXY", "*")

    class Hurried:
        """The module `time`, whose pauses are short."""

        def __getattr__(self, name: str) -> Any:
            return getattr(time, name)

        def sleep(self, seconds: float) -> None:
            time.sleep(min(seconds, 0.01))

    monkeypatch.setattr(_http, "time", Hurried())
    monkeypatch.setattr(file_download, "time", Hurried())
    huggingface_hub.close_session()
    yield hub
    hub.stop()
    for thread in threading.enumerate():  # what was given up still waits for an answer
        if thread.name.startswith("hub "):
            thread.join(10)
    huggingface_hub.close_session()


def hub_environment(hub: Any, home: Path) -> dict[str, str]:
    """The environment in which another process talks to `hub`, with its own cache at `home`."""
    from hub_server import WRITE

    return os.environ | {
        "HF_ENDPOINT": hub.url,
        "HF_HUB_OFFLINE": "0",
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "HF_TOKEN": WRITE,
        "HF_HOME": str(home),
        "HF_HUB_CACHE": str(home / "hub"),
        "NO_PROXY": "*",
    }


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """A headless Chromium (playwright's Browser). Set CHROMIUM to name one."""
    from playwright.sync_api import sync_playwright

    from tools.browser import launch

    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()


# Gradio's stream of events, cut off when a page is left while it is open; that is chance.
CUT_OFF = "AbortError: signal is aborted without reason"


def mistakes_of(page: Any) -> list[str]:
    """A list that fills with what goes wrong in the scripts of playwright's `page`."""
    mistakes: list[str] = []

    def hear(error: Any) -> None:
        if not str(error).startswith(CUT_OFF):
            mistakes.append(str(error))

    page.on("pageerror", hear)
    return mistakes


def address_of(page: Any) -> str:
    """Where playwright's `page` is by its own word. `page.url` hears of an address that a script
    has put there a moment later than what else the page answers."""
    return str(page.evaluate("location.href"))


def asked_of(page: Any) -> list[str]:
    """What playwright's `page` will ask any server for from now on, which is to be nothing at all
    where the page answers by itself. Listens once all that the link opened stands: a viewer is
    ready before what follows it is there."""
    page.wait_for_selector("html.settled")
    asked: list[str] = []
    page.on("request", lambda one: None if one.url.startswith("data:") else asked.append(one.url))
    for _ in range(60):
        page.wait_for_timeout(250)
        if not asked:
            return asked
        asked.clear()
    raise AssertionError("the page asks without end")


@pytest.fixture
def page(chromium: Any) -> Iterator[Any]:
    """A page of 1280 by 1000 in which nothing may go wrong."""
    context = chromium.new_context(viewport={"width": 1280, "height": 1000})
    page = context.new_page()
    page.set_default_timeout(60_000)
    mistakes = mistakes_of(page)
    yield page
    context.close()
    assert not mistakes


@pytest.fixture(scope="module")
def catalogue(tiny_checkpoints: Path) -> Catalogue:
    """The tiny checkpoints as the app has them; a module of its own may serve others."""
    from aigc import ui

    return ui.catalogue_of(tiny_checkpoints)


@pytest.fixture(scope="module")
def server(catalogue: Catalogue) -> Iterator[str]:
    """The address of the app on `catalogue`."""
    from aigc import ui

    demo = ui.build(catalogue)
    address = launched(demo)
    yield address
    demo.close(verbose=False)
