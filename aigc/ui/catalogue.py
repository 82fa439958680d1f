"""The checkpoints that the app has, and the rules for everything that comes from outside.

Plain Python: no Gradio here. Every check raises ValueError with one sentence for the person.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aigc import survey
from aigc.checkpoint import SNAPSHOTS, WEIGHTS, Broken, Checkpoint, CheckpointError, shown
from aigc.film import Film
from aigc.latent import MAX_SEED, PATHS
from aigc.media import ImageMedia
from aigc.survey import Survey
from aigc.ui import texts

MAX_COUNT = 64
MAX_STEPS = 64
MAX_TEMPERATURE = 2.0
MAX_PROMPT = 2000  # characters
MAX_NAMED = 20  # names in a sentence
MAX_SURVEYS = 16  # kept in memory, a few hundred kB each
MAX_LENGTH = 1024  # characters that are written
LENGTH = 256  # of a text where nobody says it
MAX_TOP_K = 200
MAX_FRAME = 100_000
ANY = "any"
# What a tab may need of a checkpoint besides the capabilities of its model.
NEEDED_FILES = {"snapshots": SNAPSHOTS}
PICTURES = "pictures"  # needs a model that makes pictures, in whatever way


@dataclass
class Catalogue:
    """What is loaded, in the order in which it is shown, and what could not be."""

    checkpoints: list[Checkpoint] = field(default_factory=list)
    broken: list[Broken] = field(default_factory=list)
    films: list[Film] = field(default_factory=list)
    """Runs of which no weights were kept, for whoever needs files alone."""

    def able(self, need: str) -> list[Checkpoint]:
        """The checkpoints that have a capability, or the files that NEEDED_FILES names, or that
        make PICTURES."""
        if need in NEEDED_FILES:
            name = NEEDED_FILES[need]
            names = {c.name for c in self.checkpoints}
            runs = [*self.checkpoints, *(film for film in self.films if film.name not in names)]
            return [c for c in runs if c.path and _fills(c.path / name)]
        if need == PICTURES:
            made = [c for c in self.checkpoints if "sample" in c.capabilities]
            return [c for c in made if isinstance(c.media, ImageMedia)]
        return [c for c in self.checkpoints if need in c.capabilities]

    def choices(self, need: str) -> list[tuple[str, str]]:
        """The same for a chooser: what stands there, and the name."""
        return [(titled(one), one.name) for one in self.able(need)]

    def first(self, need: str) -> str:
        """The name of the first that is able, or '' when none is."""
        return next((one.name for one in self.able(need)), "")

    def put(self, checkpoint: Checkpoint) -> None:
        """Add one, or replace the one of its name. Readers see the list before or after."""
        names = [c.name for c in self.checkpoints]
        if checkpoint.name in names:
            at = names.index(checkpoint.name)
            self.checkpoints = [*self.checkpoints[:at], checkpoint, *self.checkpoints[at + 1 :]]
        else:
            self.checkpoints = [*self.checkpoints, checkpoint]

    def remove(self, name: str) -> None:
        self.checkpoints = [c for c in self.checkpoints if c.name != name]

    def find(self, name: object, capability: str) -> Checkpoint:
        """The checkpoint of this name. Raises ValueError that lists the names, or says why the
        one that was meant cannot do it."""
        known = [c.name for c in self.able(capability)]
        # What stands alone under its short name: gan-mnist for someone/gan-mnist.
        if isinstance(name, str) and name not in {c.name for c in self.checkpoints}:
            short = [c.name for c in self.checkpoints if c.name.rpartition("/")[2] == name]
            name = short[0] if len(short) == 1 else name
        some = ", ".join(known[:MAX_NAMED]) + (" ..." if len(known) > MAX_NAMED else "")
        choose = texts.CHOOSE.format(known=some) if known else texts.NONE_CAN
        for checkpoint in [*self.checkpoints, *self.films]:
            if checkpoint.name == name:
                if checkpoint.name in known:
                    return checkpoint
                raise ValueError(
                    texts.LACKS.format(name=name, capability=capability, choose=choose)
                )
        for broken in self.broken:
            if broken.name == name:
                error = texts.own(reason(broken))
                raise ValueError(texts.NOT_LOADED.format(name=name, error=error))
        raise ValueError(texts.NO_CHECKPOINT.format(name=shown(name), choose=choose))


def _fills(path: Path) -> bool:
    """Whether this is a file of more than an empty list. It is asked at every look at a chooser, so
    nothing is read."""
    return path.is_file() and path.stat().st_size > len("[]\r\n")


def titled(one: Checkpoint) -> str:
    """The name of a run in a list; of a film also what it is."""
    if not isinstance(one, Film):
        return one.name
    return (texts.FILM_MENDS if one.mends else texts.FILM_FAILS).format(name=one.name)


def reason(one: Broken) -> str:
    """Why a folder could not be loaded, without where it lies on this machine."""
    return one.error.replace(f"{one.path}/", "").replace(str(one.path), one.name)


def survey_of(checkpoint: Checkpoint, part: str) -> Survey | None:
    """What was measured of a checkpoint, where this part of it was; None where not, or where the
    file cannot be read."""
    try:
        found = _survey(checkpoint)
    except CheckpointError:
        return None
    return found if found is not None and part in found.parts else None


_surveys: dict[Path, tuple[tuple[int, ...], Survey]] = {}


def _survey(checkpoint: Checkpoint) -> Survey | None:
    """`survey.read`, which hashes all weights, once for each state of the files."""
    path = checkpoint.path
    if path is None or not (path / survey.FILE).exists():
        return None
    state = tuple((path / name).stat().st_mtime_ns for name in (survey.FILE, WEIGHTS))
    if path not in _surveys or _surveys[path][0] != state:
        found = survey.read(checkpoint)
        if found is None:
            return None
        if len(_surveys) >= MAX_SURVEYS:
            _surveys.pop(next(iter(_surveys)), None)
        _surveys[path] = state, found
    return _surveys[path][1]


def surveyed(checkpoint: Checkpoint, part: str) -> Survey:
    """The same. Raises ValueError that says what to do where it is missing or broken."""
    try:
        found = _survey(checkpoint)
    except CheckpointError as error:
        broken = Broken(checkpoint.name, checkpoint.path or Path(), str(error))
        why = texts.own(reason(broken))
        raise ValueError(texts.NOT_LOADED.format(name=checkpoint.name, error=why)) from None
    if found is None:
        raise ValueError(texts.NO_SURVEY.format(name=checkpoint.name))
    if part not in found.parts:  # what needs a classifier, which data without classes has none of
        raise ValueError(texts.NO_PART.format(name=checkpoint.name))
    return found


def given(value: object) -> str:
    """A value for a sentence about a number: a box that somebody emptied sends none."""
    return str(texts.NO_VALUE) if value is None or value == "" else shown(value)


def whole(name: str, value: object, low: int, high: int) -> int:
    """A whole number from `low` to `high`; '7', 7 and 7.0 are the same."""
    number: int | None = None
    if isinstance(value, str) and re.fullmatch(r"[+-]?[0-9]{1,20}", value.strip()):
        number = int(value)
    elif isinstance(value, int) and not isinstance(value, bool):
        number = value
    elif isinstance(value, float) and math.isfinite(value) and value == int(value):
        number = int(value)
    if number is None or not low <= number <= high:
        raise ValueError(
            texts.NO_WHOLE_NUMBER.format(name=name, low=low, high=high, value=given(value))
        )
    return number


def read_seed(value: object) -> int:
    return whole(texts.THE_SEED, value, 0, MAX_SEED)


def read_count(value: object) -> int:
    return whole(texts.THE_COUNT, value, 1, MAX_COUNT)


def read_steps(value: object) -> int:
    return whole(texts.THE_STEPS, value, 2, MAX_STEPS)


def real(name: str, value: object, low: float, high: float) -> float:
    """A number from `low` to `high`, or what reads as one."""
    number = math.nan
    if isinstance(value, (int, float, str)) and not isinstance(value, bool):
        try:
            number = float(value)
        except (ValueError, OverflowError):
            pass
    if not low <= number <= high:
        raise ValueError(
            texts.NO_AMOUNT.format(name=name, low=f"{low:g}", high=f"{high:g}", value=given(value))
        )
    return number


def read_temperature(value: object) -> float:
    return real(texts.THE_TEMPERATURE, value, 0, MAX_TEMPERATURE)


def read_length(value: object, low: int = 1) -> int:
    return whole(texts.THE_LENGTH, value, low, MAX_LENGTH)


def read_top_k(value: object) -> int:
    """0 leaves all symbols to choose from."""
    return whole(texts.THE_TOP_K, value, 0, MAX_TOP_K)


def read_top_p(value: object) -> float:
    return real(texts.THE_TOP_P, value, 0, 1)


def read_prompt(value: object) -> str:
    """A text of up to MAX_PROMPT characters; line ends become one kind."""
    if value is None:
        return ""
    # Half of a character (a lone surrogate) cannot be written anywhere.
    halved = isinstance(value, str) and re.search(r"[\ud800-\udfff]", value)
    if not isinstance(value, str) or len(value) > MAX_PROMPT or halved:
        raise ValueError(texts.NO_PROMPT.format(limit=MAX_PROMPT))
    return value.replace("\r\n", "\n").replace("\r", "\n")


def read_frame(value: object) -> int:
    """Where a link stands in a film, from 1; the player keeps to what there is."""
    return whole(texts.THE_FRAME, value, 1, MAX_FRAME)


def read_path(value: object) -> str:
    if value not in PATHS:
        raise ValueError(texts.NO_PATH.format(known=texts.either(PATHS), value=shown(value)))
    return str(value)


def read_label(checkpoint: Checkpoint, value: object) -> str:
    """A class name of this checkpoint, or 'any'."""
    if value is None or value == "":
        return ANY
    name = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if name != ANY and name not in checkpoint.labels:
        known = ", ".join((ANY, *checkpoint.labels))
        if len(known) > 200:
            known = known[:200] + " ..."
        raise ValueError(
            texts.NO_CLASS.format(name=checkpoint.name, value=shown(value), known=known)
        )
    return str(name)


# What a link or an endpoint may carry besides `checkpoint` and the labels.
READERS: dict[str, Callable[[object], Any]] = {
    "count": read_count,
    "seed": read_seed,
    "seed_a": read_seed,
    "seed_b": read_seed,
    "steps": read_steps,
    "temperature": read_temperature,
    "prompt": read_prompt,
    "length": read_length,
    "top_k": read_top_k,
    "top_p": read_top_p,
    "path": read_path,
}


def read_link(
    catalogue: Catalogue,
    capability: str,
    names: Sequence[str],
    query: dict[str, str],
    readers: dict[str, Callable[[object], Any]] | None = None,
) -> tuple[dict[str, Any], list[str]]:
    """The settings among `names` that a link carries, checked, and a sentence for each one that
    was ignored. `readers` are further READERS of one tab."""
    values: dict[str, Any] = {}
    ignored: list[str] = []
    able = catalogue.able(capability)
    checkpoint = able[0] if able else None
    for name in names:
        if name not in query:
            continue
        try:
            if name == "checkpoint":
                checkpoint = catalogue.find(query[name], capability)
                values[name] = checkpoint.name
            elif name.startswith("label"):
                if checkpoint is not None:
                    values[name] = read_label(checkpoint, query[name])
            else:
                values[name] = {**READERS, **(readers or {})}[name](query[name])
        except ValueError as error:
            ignored.append(str(error))
    if checkpoint is not None and values.get("checkpoint") and query.get("revision"):
        if not checkpoint.revision.startswith(query["revision"]):
            ignored.append(
                texts.OTHER_REVISION.format(
                    name=checkpoint.name,
                    revision=shown(query["revision"]),
                    here=checkpoint.revision[:12],
                )
            )
    known = {*names, "tab", "lang", "revision"}
    unknown = [  # `__theme` and the like are Gradio's
        name for name in query if name not in known and not name.startswith("__")
    ]
    if unknown:
        ignored.append(texts.UNKNOWN_IN_LINK.format(names=", ".join(map(shown, unknown[:5]))))
    return values, ignored
