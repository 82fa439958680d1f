"""A film is what is kept of a run whose weights are not: a folder with `film.json`, which says
what the run was for, how it was made and what came of it, and its `snapshots/`, as a checkpoint
has them. `train.recipes` writes films, Time-lapse shows them.

Reading is as strict as for checkpoints, and says what is wrong in one sentence.
"""

from __future__ import annotations

import hashlib
import io
import json
import math
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from PIL import Image
from torch import nn

from aigc.checkpoint import (
    FORMAT,
    SNAPSHOTS,
    Broken,
    Checkpoint,
    CheckpointError,
    check_format,
    check_keys,
    read_json,
    whole_folder,
)

FILM = "film.json"
TEXTS = ("family", "dataset", "claim", "mends", "command")
LEVELS = 16  # of grey in the pictures
KEYS = {"format", *TEXTS, "training", "outcome"}


@dataclass
class Film(Checkpoint):
    """A checkpoint without weights: its `model` can do nothing, so that it has no capability."""

    claim: str = ""
    """What the run is to show, in a few English words."""
    mends: str = ""
    """The name of the film whose failure this run tries to mend; '' for one that is to fail."""
    command: str = ""
    outcome: dict[str, float] = field(default_factory=dict)
    """What was measured at the end, by name."""


def read(folder: Path) -> Film:
    """Raises CheckpointError that names the file and the key."""
    path = folder / FILM
    values = read_json(path)
    check_format(path, values)
    check_keys(path, "", set(values), KEYS)
    outcome = values["outcome"]
    if (
        not all(isinstance(values[name], str) for name in TEXTS)
        or not isinstance(values["training"], dict)
        or not isinstance(outcome, dict)
        or not all(type(v) in (int, float) and math.isfinite(v) for v in outcome.values())
    ):
        raise CheckpointError(
            f"{path}: {', '.join(map(repr, TEXTS))} are texts, 'training' is an object, and "
            "'outcome' an object of numbers"
        )
    index = folder / SNAPSHOTS
    if not index.is_file():
        raise CheckpointError(f"{index} is missing; is this a film?")
    digest = hashlib.sha256(path.read_bytes() + index.read_bytes())
    return Film(
        name=folder.name, model=nn.Module(), media=None, labels=(), path=folder,
        revision=digest.hexdigest()[:12], training=values["training"], outcome=outcome,
        **{name: values[name] for name in TEXTS},
    )  # fmt: skip


def scan(folder: Path) -> tuple[list[Film], list[Broken]]:
    """Every film under `folder`, those that are to fail first, each before what mends it; and what
    cannot be read, with its reason. None where there is no such folder."""
    films: list[Film] = []
    broken: list[Broken] = []
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if not path.is_dir() or path.name.startswith("."):
            continue
        try:
            films.append(read(path))
        except (CheckpointError, OSError) as error:
            broken.append(Broken(path.name, path, str(error)))
    films.sort(key=lambda one: (one.mends or one.name, one.mends != "", one.name))
    return films, broken


def lighter(png: bytes) -> bytes:
    """A PNG in LEVELS greys, less than half as large, which no eye tells from 256 here; one in
    colour as it is."""
    with Image.open(io.BytesIO(png), formats=("PNG",)) as image:
        if image.mode != "L":
            return png
        step = 255 // (LEVELS - 1)
        levels = image.point(lambda grey: (grey + step // 2) // step)
    levels = levels.convert("P")  # a palette of so few is stored in 4 bits a pixel
    levels.putpalette([grey for level in range(LEVELS) for grey in [level * step] * 3])
    buffer = io.BytesIO()
    levels.save(buffer, "PNG", bits=4, optimize=True)
    return buffer.getvalue()


def write(film: Film, folder: Path) -> None:
    """Write `film`, whose snapshots are at its `path`, to `folder`, whole or not at all. A folder
    that stands there already is replaced."""
    assert film.path is not None
    values = {"format": FORMAT} | {name: getattr(film, name) for name in TEXTS}
    values |= {"training": film.training, "outcome": film.outcome}
    folder.parent.mkdir(parents=True, exist_ok=True)
    with whole_folder(folder) as partial:
        shutil.copytree((film.path / SNAPSHOTS).parent, (partial / SNAPSHOTS).parent)
        for picture in partial.glob("snapshots/*.png"):
            picture.write_bytes(lighter(picture.read_bytes()))
        text = json.dumps(values, indent=2, ensure_ascii=False) + "\n"
        (partial / FILM).write_text(text, encoding="utf-8")
        read(partial)  # what cannot be read again is not written
