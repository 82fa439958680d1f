"""A checkpoint is a folder that explains itself: `config.json`, `model.safetensors`,
`metrics.json`, the model card `README.md`, `samples.png` and `snapshots/`.

Reading is strict: what is missing, unknown or of another shape is an error that names the file
and the key. Nothing is ever pickled, in either direction.
"""

from __future__ import annotations

import contextlib
import dataclasses
import glob
import hashlib
import json
import math
import os
import re
import shutil
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from aigc.media import MAX_LABEL_BYTES, Media, media_from_dict
from aigc.models import FAMILIES, capabilities
from aigc.models.classifier import Stacked

FORMAT = 1
MAX_FILE_BYTES = 512 * 2**20
CONFIG, WEIGHTS, METRICS, CARD = "config.json", "model.safetensors", "metrics.json", "README.md"
SNAPSHOTS = "snapshots/index.json"
MAX_WHOLE = 2**53  # what a browser can count
MAX_SNAPSHOTS, MAX_SNAPSHOT_BYTES = 200, 2**20
KEYS = {"format", "family", "config", "media", "labels", "dataset", "training"}
DTYPES = {"F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}


class CheckpointError(Exception):
    """One sentence: which file of which checkpoint is wrong, and what to do."""


@dataclass
class Checkpoint:
    """A loaded checkpoint. `model` is in eval mode, float32, on the CPU, and needs no gradient."""

    name: str
    family: str
    model: nn.Module
    media: Any  # Media; the capabilities say which: whoever draws has ImageMedia
    labels: tuple[str, ...]
    dataset: str
    training: dict[str, Any]
    metrics: dict[str, Any] = field(default_factory=dict)
    path: Path | None = None
    source: str = "local"
    revision: str = ""

    def in_all(self, name: str) -> float:
        """`seconds` or `images` of its training, with those of the checkpoint that it began with;
        0 where nobody wrote them down."""
        started = self.training.get("started")
        parts = (self.training, started if isinstance(started, dict) else {})
        values = [part.get(name, 0) for part in parts]
        return sum(value for value in values if isinstance(value, (int, float)) and value > 0)

    @property
    def capabilities(self) -> tuple[str, ...]:
        return capabilities(self.model)

    def label_index(self, label: str) -> int | None:
        """A class name, or 'any' -> its index, or None. Raises ValueError that lists the names."""
        if label == "any":
            return None
        if label in self.labels:
            return self.labels.index(label)
        known = ", ".join((*self.labels, "any"))
        raise ValueError(f"{self.name} has no class {label!r}; choose one of {known}")


def stacked(judge: Checkpoint, channels: int) -> Checkpoint:
    """A classifier of grey pictures as one of pictures with so many channels, each of which it
    judges alone: its classes are "000" to "999" for three channels of ten digits."""
    return dataclasses.replace(
        judge,
        model=Stacked(judge.model, channels),  # type: ignore[arg-type]
        media=dataclasses.replace(judge.media, channels=channels),
        labels=tuple("".join(names) for names in product(judge.labels, repeat=channels)),
    )


@dataclass(frozen=True)
class Broken:
    """A folder that could not be loaded, and the sentence that says why."""

    name: str
    path: Path
    error: str


@dataclass(frozen=True)
class Snapshot:
    """A stage of a training run: what the model made of the same noise as at every other stage, a
    PNG or a few texts, and the figures of the run since the stage before."""

    step: int
    images: int
    """Images seen so far."""
    minutes: float
    figures: dict[str, float]
    picture: bytes = b""
    texts: tuple[str, ...] = ()


def save(
    folder: Path,
    model: nn.Module,
    family: str,
    media: Media,
    labels: tuple[str, ...],
    dataset: str,
    training: dict[str, Any],
    files: dict[str, bytes] | None = None,
    half: bool = False,
) -> None:
    """Write a checkpoint folder, whole or not at all: into a folder beside it, then renamed.

    `files` are further files by relative path (snapshots, samples). `half` stores the weights in
    float16, in half the space. A folder that stands at `folder` already is replaced.
    """
    config = {
        "format": FORMAT,
        "family": family,
        "config": dataclasses.asdict(model.config),  # type: ignore[call-overload]
        "media": media.to_dict(),
        "labels": list(labels),
        "dataset": dataset,
        "training": training,
    }
    folder = Path(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with whole_folder(folder) as partial:
        (partial / CONFIG).write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
        state = {k: v.detach().cpu().contiguous() for k, v in model.state_dict().items()}
        if half:
            state = {k: v.half() for k, v in state.items()}
        (partial / WEIGHTS).write_bytes(safetensors.torch.save(state))
        for name, content in (files or {}).items():
            (partial / name).parent.mkdir(parents=True, exist_ok=True)
            (partial / name).write_bytes(content)


@contextlib.contextmanager
def whole_folder(folder: Path) -> Iterator[Path]:
    """An empty folder to fill, which takes the place of `folder` at the end; after an error what
    was there is still there, and nothing else."""
    partial = folder.with_name(f".{folder.name}.{uuid.uuid4().hex[:8]}.partial")
    # Of a process that was killed between the two renames, or right behind them.
    for left in folder.parent.glob(f".{glob.escape(folder.name)}.*.old"):
        if folder.exists():
            shutil.rmtree(left, ignore_errors=True)
        else:
            left.rename(folder)
    partial.mkdir()
    try:
        yield partial
        old = folder.with_name(f".{folder.name}.{uuid.uuid4().hex[:8]}.old")
        try:
            if folder.exists():
                folder.rename(old)
            partial.rename(folder)
        except BaseException:
            if old.exists() and not folder.exists():
                old.rename(folder)
            raise
        shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def write_file(path: Path, content: bytes) -> None:
    """Write one file whole or not at all. Raises OSError that names it."""
    partial = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.partial")
    try:
        partial.write_bytes(content)
        os.replace(partial, path)
    except OSError as error:
        # Python names the other file, or none where the disk is full.
        raise OSError(error.errno, error.strerror or str(error), str(path)) from error
    finally:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)


@contextlib.contextmanager
def writing() -> Iterator[None]:
    """Around `write_file` where a person asked for the file: CheckpointError says what to do."""
    try:
        yield
    except OSError as error:
        raise CheckpointError(
            f"{error.filename} could not be written ({error.strerror}); make room, or choose "
            "another place"
        ) from None


def _regular(path: Path) -> None:
    """Raise OSError for what is there and no file: reading from a pipe would wait for ever."""
    if not path.is_file() and path.stat():
        raise OSError("it is not a file")


def parse_json(text: str) -> Any:
    """Strict: what comes out can be told to a browser again. Raises ValueError."""

    def reject(token: str) -> None:
        raise ValueError(f"{token} is not a number that JSON has")

    def real(token: str) -> float:
        value = float(token)
        if not math.isfinite(value):
            raise ValueError(f"{token} is too large a number")
        return value

    def whole(token: str) -> int:
        if len(token) > 17 or abs(int(token)) > MAX_WHOLE:
            raise ValueError(f"{token[:30]} is too large a number")
        return int(token)

    values = json.loads(text, parse_constant=reject, parse_float=real, parse_int=whole)
    if half := re.search(r"[\ud800-\udfff]", json.dumps(values, ensure_ascii=False)):
        raise ValueError(f"{half[0]!r} is half of a character")
    return values


def read_json(path: Path, kind: type = dict) -> Any:
    """What is in a small file. Raises CheckpointError."""
    try:
        _regular(path)
        if path.stat().st_size > 2**20:
            raise CheckpointError(f"{path} is over 1 MB; that is no {path.name} of this project")
        values = parse_json(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CheckpointError(f"{path} is missing; is this a checkpoint folder?") from None
    except (OSError, ValueError, RecursionError) as error:
        raise CheckpointError(f"{path} cannot be read: {error}") from None
    if not isinstance(values, kind):
        wanted = "an object" if kind is dict else "a list"
        raise CheckpointError(f"{path} holds a {type(values).__name__} where {wanted} belongs")
    return values


def shown(value: object) -> str:
    """A value from a file or from outside, short enough for a sentence."""
    text = repr(value)
    return text if len(text) <= 40 else text[:37] + "..."


def check_format(path: Path, values: dict[str, Any]) -> None:
    """Raises CheckpointError where `values` say that the file is of another format."""
    form = values.get("format", FORMAT)
    if type(form) is not int or form != FORMAT:
        raise CheckpointError(
            f"{path} has format {shown(form)} and this version reads format {FORMAT}; "
            "update the project or train the checkpoint again"
        )


def check_keys(path: Path, where: str, given: set[str], wanted: set[str]) -> None:
    for problem, keys in (("lacks", wanted - given), ("has the unknown key", given - wanted)):
        if keys:
            some = ", ".join(shown(k) for k in sorted(keys)[:5])
            raise CheckpointError(
                f"{path} {problem} {some}{where}; train it again or take a whole copy"
            )


class _Uninitialised(TorchFunctionMode):
    """Modules made in this context leave their weights as they are.

    They are about to be replaced, and drawing them costs: on the meta device torch imports sympy
    for a normal draw, two seconds of every cold start.
    """

    def __torch_function__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        kwargs = kwargs or {}
        if getattr(func, "__module__", "") == "torch.nn.init":
            return kwargs["tensor"] if "tensor" in kwargs else args[0]
        return func(*args, **kwargs)


def _build(path: Path, config: dict[str, Any]) -> nn.Module:
    """The model of a config, on the meta device: shapes and no memory."""
    family = config["family"]
    if not isinstance(family, str) or family not in FAMILIES:
        raise CheckpointError(
            f"{path} names the family {shown(family)}; known: {', '.join(FAMILIES)}"
        )
    model_class = FAMILIES[family]
    values = config["config"]
    if not isinstance(values, dict):
        raise CheckpointError(f"{path}: 'config' is not an object")
    defaults = dataclasses.asdict(model_class.Config())
    values = {key: defaults[key] for key in getattr(model_class.Config, "LATER", ())} | values
    check_keys(path, " in 'config'", set(values), set(defaults))
    for key, default in defaults.items():
        wanted = (int, float) if isinstance(default, float) else (type(default),)
        if isinstance(values[key], bool) is not isinstance(default, bool) or not isinstance(
            values[key], wanted
        ):
            raise CheckpointError(
                f"{path}: 'config.{key}' is {shown(values[key])}, where a "
                f"{type(default).__name__} belongs"
            )
    try:
        model_config = model_class.Config(**values)
        with torch.device("meta"), _Uninitialised():
            return model_class(model_config)
    except (ValueError, TypeError, RuntimeError, OverflowError) as error:
        reason = str(error)[:200]
        raise CheckpointError(f"{path}: 'config' cannot be built: {reason}") from None


def _load_weights(path: Path, model: nn.Module) -> None:
    try:
        _regular(path)
        if path.stat().st_size > MAX_FILE_BYTES:
            raise CheckpointError(f"{path} is over {MAX_FILE_BYTES >> 20} MB; it is not loaded")
        with safetensors.safe_open(path, "pt") as file:
            wanted = model.state_dict()
            check_keys(path, "", set(file.keys()), set(wanted))
            for key, tensor in wanted.items():
                part = file.get_slice(key)
                shape, dtype = tuple(part.get_shape()), part.get_dtype()
                if shape != tuple(tensor.shape):
                    raise CheckpointError(
                        f"{path}: {key!r} has shape {shape} where {CONFIG} asks for "
                        f"{tuple(tensor.shape)}"
                    )
                if dtype not in DTYPES:
                    raise CheckpointError(
                        f"{path}: {key!r} is {dtype}; weights are {', '.join(DTYPES)}"
                    )
            state = {key: file.get_tensor(key).float() for key in wanted}
    except FileNotFoundError:
        raise CheckpointError(f"{path} is missing; is this a checkpoint folder?") from None
    except (OSError, safetensors.SafetensorError) as error:
        raise CheckpointError(f"{path} cannot be read: {error}") from None
    for key, value in state.items():
        if not value.isfinite().all():
            raise CheckpointError(f"{path}: {key!r} holds NaN or infinity; train it again")
    model.load_state_dict(state, strict=True, assign=True)


def presentable(label: str) -> bool:
    """Whether it can be the name of a class: printable, and short enough for the name of a file."""
    return label.isprintable() and len(label.encode()) <= MAX_LABEL_BYTES


def load(folder: Path, name: str = "", source: str = "local", revision: str = "") -> Checkpoint:
    """Read a checkpoint folder. `revision` defaults to a digest of its config and weights.

    Raises CheckpointError for anything that is not exactly a checkpoint of this project.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise CheckpointError(f"{folder} is not a folder; name a checkpoint folder")
    config_path = folder / CONFIG
    config = read_json(config_path)
    check_format(config_path, config)  # first: another format may have other keys
    check_keys(config_path, "", set(config), KEYS)
    labels = config["labels"]
    if (
        not isinstance(labels, list)
        or not all(isinstance(label, str) and label and label != "any" for label in labels)
        or len(set(labels)) != len(labels)
    ):
        raise CheckpointError(f"{config_path}: 'labels' is a list of distinct class names")
    for number, label in enumerate(labels, 1):  # which stands on the page and in names of files
        if not presentable(label):
            raise CheckpointError(
                f"{config_path}: label {number} is not a printable name of up to "
                f"{MAX_LABEL_BYTES} bytes; name the class otherwise"
            )
    if not isinstance(config["dataset"], str) or not isinstance(config["training"], dict):
        raise CheckpointError(f"{config_path}: 'dataset' is a name and 'training' is an object")
    try:
        media = media_from_dict(config["media"])
    except ValueError as error:
        raise CheckpointError(f"{config_path}: {str(error)[:200]}") from None
    model = _build(config_path, config)
    shape = model.config.media_shape  # type: ignore[union-attr]
    if shape != media.shape:
        raise CheckpointError(f"{config_path}: 'media' is {media.shape} and 'config' makes {shape}")
    if model.config.classes != len(labels):  # type: ignore[union-attr]
        raise CheckpointError(f"{config_path}: 'labels' and 'config.classes' differ in number")
    _load_weights(folder / WEIGHTS, model)
    metrics = read_json(folder / METRICS) if (folder / METRICS).exists() else {}
    if not revision:
        digest = hashlib.sha256((folder / CONFIG).read_bytes())
        digest.update((folder / WEIGHTS).read_bytes())
        revision = digest.hexdigest()[:12]
    return Checkpoint(
        name=name or folder.resolve().name,
        family=config["family"],
        model=model.eval().requires_grad_(False),
        media=media,
        labels=tuple(labels),
        dataset=config["dataset"],
        training=config["training"],
        metrics=metrics,
        path=folder,
        source=source,
        revision=revision,
    )


def scan(folder: Path) -> tuple[list[Checkpoint], list[Broken]]:
    """Every checkpoint under `folder` (or `folder` itself, when it is one), in order of name.
    What cannot be loaded is returned beside them with its reason. Raises CheckpointError when
    `folder` does not exist."""
    folder = Path(folder)
    if not folder.is_dir():
        raise CheckpointError(f"{folder} is not a folder; name a folder of checkpoints")
    inside = [p for p in sorted(folder.iterdir()) if p.is_dir() and not p.name.startswith(".")]
    loaded: list[Checkpoint] = []
    broken: list[Broken] = []
    for path in [folder] if (folder / CONFIG).exists() else inside:
        try:
            loaded.append(load(path))
        except CheckpointError as error:
            broken.append(Broken(path.name, path, str(error)))
    return loaded, broken


def snapshots(folder: Path) -> list[Snapshot]:
    """The stages of the run that made a checkpoint, in their order; none where it kept none.
    Raises CheckpointError that names the file and the entry that is wrong."""
    path = folder / SNAPSHOTS
    if not path.exists():
        return []
    entries = read_json(path, list)
    if len(entries) > MAX_SNAPSHOTS:
        raise CheckpointError(f"{path} lists over {MAX_SNAPSHOTS} snapshots; keep fewer")
    stages: list[Snapshot] = []
    for number, entry in enumerate(entries, 1):
        values = entry if isinstance(entry, dict) else {}
        figures = {k: v for k, v in values.items() if type(v) in (int, float)}
        name = values.get("file")
        if not isinstance(name, str) or not re.fullmatch(r"[\w-]+\.(png|json)", name):
            raise CheckpointError(
                f"{path}: 'file' of snapshot {number} names a PNG or a JSON file beside it"
            )
        if {"step", "images", "minutes"} - figures.keys():
            raise CheckpointError(f"{path}: snapshot {number} lacks 'step', 'images' or 'minutes'")
        try:
            _regular(path.with_name(name))
            if path.with_name(name).stat().st_size > MAX_SNAPSHOT_BYTES:
                raise CheckpointError(f"{path.with_name(name)} is over 1 MB; it is not shown")
            content = path.with_name(name).read_bytes()
        except OSError as error:
            raise CheckpointError(f"{path.with_name(name)} cannot be read: {error}") from None
        made: dict[str, Any] = {"picture": content}
        if name.endswith(".json"):
            texts = read_json(path.with_name(name), list)
            if not texts or not all(isinstance(text, str) for text in texts):
                raise CheckpointError(f"{path.with_name(name)} is no list of texts")
            made = {"texts": tuple(texts)}
        elif not content.startswith(b"\x89PNG\r\n\x1a\n"):
            raise CheckpointError(f"{path.with_name(name)} is no PNG")
        step, images = int(figures.pop("step")), int(figures.pop("images"))
        stages.append(Snapshot(step, images, figures.pop("minutes"), figures, **made))
    return stages
