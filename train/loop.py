"""What every training run shares: flags, batches, schedules, EMA, a time budget, snapshots, a
progress bar, and a state file from which a killed run goes on exactly where it was.

A family's script builds its networks and says what one step is; `run` does the rest:

    OUT/                        the checkpoint, written at the end (EMA weights)
    OUT.resume.safetensors      everything that is needed to go on, written at the start, every
                                40 seconds and at the end
    OUT.resume.previous.safetensors     the state before it, for when that one is damaged
    OUT.metrics.jsonl           what was reported on the way, see `train.watch`

With torchrun the same command trains on several processes, see `train.distributed`.
"""

from __future__ import annotations

import copy
import dataclasses
import io
import json
import math
import os
import platform
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from types import FrameType
from typing import Any, TypeVar, cast

import safetensors
import safetensors.torch
import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from tqdm import tqdm

from aigc import checkpoint, latent
from aigc.data import DATASETS, Corpus, Data, DataError, Dataset, Texts, load
from train import distributed, watch

TEXTS = 2  # in a snapshot
SAVE_EVERY_S = 40.0
MAX_BATCH = 4096  # of a smaller data set, which it goes round several times
RESUME_FORMAT = 1
# Flags that may differ between a run and the run that goes on from its state.
MAY_CHANGE = {
    "data", "out", "minutes", "steps", "resume", "evaluate", "push_to_hub", "compile", "track",
    "keep_going", "lost_after",
}  # fmt: skip


# What flags of single families may be, by name: beyond it a run would train, and learn nonsense.
SPANS: tuple[tuple[tuple[str, ...], Callable[[float], bool], str], ...] = (
    (("warmup", "kl_warmup"), lambda value: 0 <= value <= 1, "a share from 0 to 1"),
    (("zoom",), lambda value: 0 <= value < 1, "a share from 0 to below 1"),
    (
        ("beta", "gamma", "gamma_end", "turn", "shift"), lambda value: value >= 0,
        "a number from 0 up",
    ),
)  # fmt: skip
DEVICES = ("cpu", "cuda", "mps")


class TrainingError(Exception):
    """One sentence: why a run cannot go on, and what to try."""


@dataclass
class Options:
    """Flags of every training script."""

    dataset: str = "mnist"
    """Data set: mnist, stacked-mnist (three digits in three colours), moving-mnist (videos), notes
    (sounds by formula), folder (any folder of images, sub-folders are classes), sounds (the same of
    WAV files), shakespeare, tang, or text (any text file)."""
    data: Path = Path("data")
    """Where the data is, or where it is downloaded to."""
    out: Path = Path("runs/new")
    """Checkpoint folder to write."""
    minutes: float = 0.0
    """Stop after this many minutes of training; the schedules follow."""
    steps: int = 0
    """Stop after this many steps. With --minutes, whichever comes first."""
    images: int = 0
    """Train on the first so many images alone; 0 for all."""
    size: int = 0
    """Side of the images in pixels, for --dataset folder, or length of a window of text in
    symbols; 0 is the data set's own."""
    batch: int = 64
    """Images a step."""
    seed: int = 0
    """Seed of everything that is random."""
    start: str = ""
    """Begin with the weights of this checkpoint, a folder or OWNER/NAME on the Hub, and not with
    random ones: train a finished model on, or on images of one's own. Shapes must be the same; a
    ladder may get a --window."""
    resume: bool = False
    """Go on from OUT.resume.safetensors."""
    device: str = "auto"
    """auto, cpu, cuda or cuda:N."""
    precision: str = "auto"
    """float32, bfloat16 (autocast), or auto: bfloat16 where the processor computes in it."""
    compile: bool = False
    """Compile the networks first: a minute of waiting, then faster steps. Needs a C++ compiler."""
    ema: float = 0.05
    """Half-life of the averaged weights, as a share of the images seen so far; 0 for none."""
    half: bool = False
    """Write the weights in float16: half the space; look whether the figures stay."""
    snapshots: int = 24
    """How many snapshots to keep through the run, besides the one before it."""
    evaluate: bool = True
    """Compute the card's figures at the end (minutes on a CPU)."""
    track: bool = False
    """Show the run in trackio, too (pip install -e '.[track]')."""
    lost_after: float = 50.0
    """Of several processes: seconds after which one that does not answer is lost, and the run ends
    with a state to go on from."""
    keep_going: bool = False
    """Go on where a run that has collapsed or diverged would stop; NaN always stops it."""
    push_to_hub: str = ""
    """OWNER/NAME on the Hugging Face Hub to push the result to."""


def check(recipe: Options) -> None:
    """Raise TrainingError for flags that cannot work."""
    for name, value in dataclasses.asdict(recipe).items():
        if isinstance(value, float) and not math.isfinite(value):
            raise TrainingError(f"--{name.replace('_', '-')} is a number, not {value}")
        if name.split("_")[-1] == "lr" and value < 0:
            raise TrainingError(f"--{name.replace('_', '-')} is a number from 0 up, not {value}")
        for names, fits, words in SPANS:
            if name in names and not fits(value):
                raise TrainingError(f"--{name.replace('_', '-')} is {words}, not {value}")
    if recipe.minutes < 0 or recipe.steps < 0:
        raise TrainingError("--minutes and --steps are numbers from 0 up")
    if recipe.minutes == 0 and recipe.steps == 0:
        raise TrainingError("say how long to train: --minutes M or --steps N")
    if recipe.out.name in ("", ".."):  # what lies beside it is named after it
        raise TrainingError(f"--out is a folder of its own, such as runs/new, not {recipe.out}")
    if recipe.lost_after <= 0:
        raise TrainingError(f"--lost-after is a number of seconds above 0, not {recipe.lost_after}")
    if recipe.images < 0:
        raise TrainingError(f"--images is a number from 0 up, not {recipe.images}")
    if recipe.batch < 1:
        raise TrainingError(f"--batch is 1 or more, not {recipe.batch}")
    if not 0 <= recipe.snapshots < checkpoint.MAX_SNAPSHOTS:
        raise TrainingError(
            f"--snapshots is a number from 0 to {checkpoint.MAX_SNAPSHOTS - 1}, not "
            f"{recipe.snapshots}"
        )
    if recipe.dataset not in DATASETS:
        raise TrainingError(
            f"there is no data set {recipe.dataset!r}; choose one of {', '.join(DATASETS)}"
        )
    if not 0 <= recipe.seed <= latent.MAX_SEED:
        raise TrainingError(f"--seed is 0 to {latent.MAX_SEED}, not {recipe.seed}")
    if recipe.precision not in ("auto", "float32", "bfloat16"):
        raise TrainingError(f"--precision is auto, float32 or bfloat16, not {recipe.precision!r}")
    if not 0 <= recipe.ema <= 1:
        raise TrainingError(f"--ema is a share from 0 to 1, not {recipe.ema}")
    if recipe.batch % distributed.size():
        raise TrainingError(
            f"--batch {recipe.batch} cannot be shared by {distributed.size()} processes; choose a "
            "multiple of them"
        )
    if recipe.push_to_hub:  # now, and not after an hour of training
        from aigc import hub

        hub.check_push(recipe.push_to_hub)


def load_images(recipe: Options) -> Dataset:
    """The training images that the flags name. Raises TrainingError for a data set of texts."""
    found = load_data(recipe)
    if not isinstance(found, Dataset):
        raise TrainingError(
            f"{found.name} holds text, and this script takes images; run python -m train.language "
            f"--dataset {recipe.dataset} --data {recipe.data} --out {recipe.out}"
        )
    return found


def load_text(recipe: Options) -> Corpus | Texts:
    """The training text that the flags name. Raises TrainingError for a data set of images."""
    found = load_data(recipe)
    if isinstance(found, Dataset):
        raise TrainingError(
            f"{found.name} holds images; this script takes text: --dataset shakespeare, "
            "--dataset tang, or --dataset text --data FILE"
        )
    return found


Labelled = TypeVar("Labelled", Dataset, Corpus | Texts)


def told(dataset: Labelled, any_label: float) -> Labelled:
    """The data as a model sees them that is shown so large a share without their class: at 1
    pictures have none, or snapshots and figures would ask for what nothing was learned of."""
    if not 0 <= any_label <= 1:
        raise TrainingError(f"--any-label is a share from 0 to 1, not {any_label}")
    if not dataset.labels or 0 < any_label < 1:
        return dataset
    if any_label == 0:
        raise TrainingError(
            "--any-label is above 0 where there are classes, 0.1 for instance: what a model makes "
            "without one is asked for, too"
        )
    if not isinstance(dataset, Dataset):
        raise TrainingError("--any-label is below 1 where texts have classes, 0.9 for instance")
    return dataclasses.replace(dataset, labels=(), targets=torch.zeros_like(dataset.targets))


AnyData = TypeVar("AnyData", Dataset, Corpus, Texts, Corpus | Texts, Data)


def first_of(dataset: AnyData, count: int) -> AnyData:
    """The data that a run with `--images` of so many learns from; 0 is all. Of one long text it
    is so many symbols."""
    if not count:
        return dataset
    some = slice(count)
    if isinstance(dataset, Corpus):
        return dataclasses.replace(dataset, symbols=dataset.symbols[some])
    if isinstance(dataset, Texts):
        return dataclasses.replace(dataset, rows=dataset.rows[some], targets=dataset.targets[some])
    return dataclasses.replace(dataset, images=dataset.images[some], targets=dataset.targets[some])


def load_data(recipe: Options) -> Data:
    """The training data that the flags name."""
    found = distributed.in_turn(
        lambda: load(recipe.dataset, recipe.data, train=True, size=recipe.size)
    )
    if isinstance(found, Corpus) and 0 < recipe.images < found.media.length:  # so many symbols
        raise TrainingError(f"--images {recipe.images} is less than --size; choose more")
    found = first_of(found, recipe.images)
    # A batch that goes round a small data set is all right; one that never gets round is not.
    if recipe.batch > max(len(found), MAX_BATCH):
        raise TrainingError(
            f"--batch {recipe.batch} is more than the {len(found)} there are to learn from; choose "
            f"{max(len(found), MAX_BATCH)} or fewer"
        )
    return found


def device_of(name: str) -> torch.device:
    """What --device names. Raises TrainingError where it is not there."""
    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda", torch.cuda.current_device())
        return torch.device("cpu")
    try:
        device = torch.device(name)
        if device.type not in DEVICES:  # PyTorch knows others, on which nothing here can run
            raise TrainingError(f"--device is auto, cpu, cuda or cuda:N, not {name}")
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        first = str(error).splitlines()[0]
        raise TrainingError(f"--device {name} is not there: {first}") from None
    return device


def compile_mode(device: torch.device) -> str:
    """How `torch.compile` is asked: on a GPU with CUDA graphs, where starting a kernel takes
    longer than a small one runs."""
    return "reduce-overhead" if device.type == "cuda" else "default"


def computes_bfloat16(device: torch.device) -> bool:
    """Whether bfloat16 products are faster than float32 here."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported()
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return False
    return "avx512_bf16" in flags or "amx_bf16" in flags


def autocast(recipe: Options, device: torch.device) -> torch.autocast | nullcontext[None]:
    """The context in which the networks run forward."""
    if recipe.precision == "bfloat16" or (recipe.precision == "auto" and computes_bfloat16(device)):
        return torch.autocast(device.type, torch.bfloat16)
    return nullcontext()


def cosine(progress: float, start: float, end: float, warmup: float = 0.0) -> float:
    """From `start` to `end` on half a cosine as progress goes from 0 to 1, after a linear rise
    over the first share `warmup`."""
    if progress < warmup:
        return start * min(1.0, max(progress, 1e-3) / warmup)
    done = (progress - warmup) / (1 - warmup)
    return end + (start - end) * 0.5 * (1 + math.cos(math.pi * min(done, 1.0)))


def set_lr(optimizer: Optimizer, factor: float) -> None:
    """Set each group's learning rate to `factor` times the one that it was built with."""
    for group in optimizer.param_groups:
        group.setdefault("initial_lr", group["lr"])
        if isinstance(group["lr"], Tensor):  # see train.update: it stays where it is
            group["lr"].fill_(group["initial_lr"] * factor)
        else:
            group["lr"] = group["initial_lr"] * factor


class Batches:
    """The images of a step follow from the seed and the step alone: epoch after epoch, each in
    an order of its own, so a resumed run sees what it would have seen."""

    def __init__(self, dataset: Data, batch: int, seed: int, device: torch.device) -> None:
        self.dataset, self.device = dataset.to(device), device
        self.batch, self.seed = batch, seed
        self.order: dict[int, Tensor] = {}

    def epoch(self, number: int) -> Tensor:
        if number not in self.order:
            source = latent.generator(self.seed, number)
            fresh = torch.randperm(len(self.dataset), generator=source)
            self.order = {k: v for k, v in self.order.items() if k == number - 1} | {number: fresh}
        return self.order[number]

    def at(self, step: int) -> tuple[Tensor, Tensor]:
        """Step number from 0 -> images (batch, C, H, W) float32 in [0, 1], targets (batch,); on
        several processes, this one's rows of them."""
        n, start = len(self.dataset), step * self.batch
        parts, missing = [], self.batch
        while missing:
            epoch, offset = divmod(start, n)
            part = self.epoch(epoch)[offset : offset + missing]
            parts.append(part)
            start, missing = start + len(part), missing - len(part)
        indices = torch.cat(parts)[distributed.rows(self.batch)]
        return self.dataset.at(indices.to(self.device))


@dataclass
class Job:
    """What a family hands to `run`."""

    family: str
    recipe: Options
    dataset: Data
    model: nn.Module
    """The whole model as it is trained; its EMA copy is what is saved."""
    optimizers: Mapping[str, Optimizer]
    step: Callable[[Tensor, Tensor, int, float, torch.Generator], dict[str, Tensor]]
    """images, targets, number of the step, progress in [0, 1], generator -> what to report, each a
    number () or a list of them (L,); updates the weights."""
    advice: str
    """What to try when the run fails."""
    limits: watch.Limits = field(default_factory=watch.Limits)
    """When it counts as lost."""
    grows: tuple[str, ...] = ()
    """Sizes in the model's configuration that may be 0 in the checkpoint it starts from: parts
    that it has and the other had not, and that change nothing before they have learned."""
    look: Callable[[], dict[str, float]] = dict
    """Further figures, too costly for every step; asked for LOOKS times through the run."""


def start_from(job: Job) -> dict[str, Any]:
    """Give the model the weights of the checkpoint --start; returns which one that is, how many
    images it has seen in how many seconds, and the command that made it, and what that one
    started from in turn. Raises TrainingError for
    one that is not there or of another shape."""
    from aigc import hub

    start = job.recipe.start
    here = Path(start)
    if not here.is_dir() and (here.is_absolute() or here.exists() or start[0] in ".~"):
        raise TrainingError(f"--start {start}: there is no such folder; name a checkpoint folder")
    try:
        found = distributed.in_turn(
            lambda: checkpoint.load(here) if here.is_dir() else hub.pull(start)
        )
    except hub.HubError as error:
        raise TrainingError(f"--start {start}: there is no such folder, and {error}") from None
    except checkpoint.CheckpointError as error:
        raise TrainingError(f"--start {start}: {error}") from None
    ours, theirs = (
        {"family": family, **media.to_dict(), **dataclasses.asdict(config)}
        for family, media, config in (
            (job.family, job.dataset.media, cast(Any, job.model.config)),
            (found.family, found.media, cast(Any, found.model.config)),
        )
    )
    for key in sorted(ours.keys() | theirs.keys(), key=lambda k: (k != "family", k)):
        wanted, has = ours.get(key), theirs.get(key)
        if wanted != has and not (key in job.grows and has == 0):
            raise TrainingError(
                f"--start {start} has {key} {has!r}, and this run {wanted!r}; give the same flags "
                "and data of the same shape, or another checkpoint"
            )
    job.model.load_state_dict({**job.model.state_dict(), **found.model.state_dict()})
    return {
        "name": found.name, "revision": found.revision, "images": round(found.in_all("images")),
        "seconds": round(found.in_all("seconds")),
        "command": found.training.get("command", "not recorded"),
        **{key: found.training[key] for key in ("started",) if key in found.training},
    }  # fmt: skip


def foreach_ema(average: list[Tensor], weights: list[Tensor], keep: float) -> None:
    torch._foreach_lerp_(average, weights, 1 - keep)


def _lay_out(optimizer: Optimizer) -> None:
    """Give what an optimizer keeps of each weight the weight's own memory layout: the fused kernels
    walk both in the order of memory, and a file has only one order."""
    for weight, kept in optimizer.state.items():
        for name, value in kept.items():
            if value.shape == weight.shape:
                kept[name] = torch.empty_like(weight).copy_(value)


def _flatten(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {f"{prefix}/{k}": v.detach().cpu().contiguous() for k, v in tensors.items()}


def _pick(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    start = f"{prefix}/"
    return {k[len(start) :]: v for k, v in tensors.items() if k.startswith(start)}


def _comparable(recipe: Options) -> dict[str, Any]:
    values = dataclasses.asdict(recipe)
    return {k: v for k, v in values.items() if k not in MAY_CHANGE}


def budget(recipe: Options) -> dict[str, Any]:
    """How long a run is to train in all."""
    return {"minutes": recipe.minutes, "steps": recipe.steps}


def earlier(budgets: list[dict[str, Any]], step: int, now: dict[str, Any]) -> list[dict[str, Any]]:
    """The budgets of a state, the last of which it was written with, at this step -> those before
    the one that counts now, each with the step until which it did. A state from before budgets
    were kept has none."""
    if not budgets:
        return []
    before = [*budgets[:-1], budgets[-1] | {"until": step}]
    # What no step was made with, did nothing to the run.
    starts = [0, *(one["until"] for one in before)]
    before = [one for one, start in zip(before, starts) if one["until"] > start]
    if before and {key: before[-1].get(key) for key in now} == now:
        before.pop()  # it goes on as it was
    return before


def in_turn(budgets: list[dict[str, Any]], now: dict[str, Any]) -> str:
    """The budgets of a run one after the other, in the words of its flags."""

    def flags(one: dict[str, Any]) -> str:
        return " ".join(f"--{key} {one[key]:g}" for key in now if one.get(key)) or "no budget"

    said = [f"{flags(one)}, until step {one['until']}" for one in budgets]
    return "; then ".join([*said, flags(now)])


def parse(state: bytes) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """What a state says about itself, and its tensors. Raises ValueError, TypeError, KeyError or
    SafetensorError for anything else."""
    tensors = safetensors.torch.load(state)
    length = int.from_bytes(state[:8], "little")  # of the header, which is JSON
    return dict(json.loads(json.loads(state[8 : 8 + length])["__metadata__"]["about"])), tensors


class Run:
    """The state of a run, and the way from and to its file."""

    def __init__(self, job: Job, device: torch.device) -> None:
        self.job, self.device = job, device
        self.average = {
            k: v.detach().clone() for k, v in job.model.state_dict().items()
        }  # the EMA weights
        self.generator = latent.generator(job.recipe.seed, latent.MAX_SEED)
        if device.type == "cuda":  # a step would wait for what the processor draws
            self.generator = torch.Generator(device).manual_seed(self.generator.initial_seed())
        self.step = 0
        self.seconds = 0.0
        self.snapshots: list[dict[str, Any]] = []
        self.pictures: list[bytes] = []
        self.watch = watch.Watch(job.limits)
        self.noticed: list[dict[str, Any]] = []
        self.started: dict[str, Any] = {}  # from which checkpoint, if any
        # With how many minutes and steps in all it was to train before it was resumed with others,
        # and the step until which: the schedules followed them.
        self.budgets: list[dict[str, Any]] = []
        self.processes = 1
        self.kept = False  # whether `file` holds a state worth keeping beside the next one

    @property
    def file(self) -> Path:
        out = self.job.recipe.out
        return out.with_name(out.name + ".resume.safetensors")

    @property
    def files(self) -> tuple[Path, ...]:
        """What a run that has begun leaves behind, the most finished first."""
        return self.job.recipe.out, self.file, self.previous

    @property
    def previous(self) -> Path:
        out = self.job.recipe.out
        return out.with_name(out.name + ".resume.previous.safetensors")

    def progress(self) -> float:
        recipe = self.job.recipe
        by_steps = self.step / recipe.steps if recipe.steps else 0.0
        by_time = self.seconds / (60 * recipe.minutes) if recipe.minutes else 0.0
        return min(max(by_steps, by_time), 1.0)

    def update_average(self) -> None:
        seen, share = self.step * self.job.recipe.batch, self.job.recipe.ema
        keep = 0.5 ** (self.job.recipe.batch / (share * seen)) if share else 0.0
        weights = self.job.model.state_dict()
        foreach_ema([self.average[k] for k in weights], list(weights.values()), keep)

    def write(self, content: bytes) -> None:
        """Replace the state, whole or not at all, and keep the one before it. Killed between the
        two renames, a run leaves only `previous`, which is as good."""
        partial = self.file.with_name(self.file.name + ".partial")
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            with partial.open("wb") as target:
                target.write(content)
                target.flush()
                os.fsync(target.fileno())  # or a power cut could leave the name without content
            if self.kept:
                os.replace(self.file, self.previous)
            os.replace(partial, self.file)
        except OSError as error:
            last = "; the last state that was written is still good" if self.kept else ""
            raise TrainingError(
                f"the state could not be written to {self.file} ({error.strerror}); make room or "
                f"choose another --out{last}"
            ) from None
        finally:
            with suppress(OSError):
                partial.unlink(missing_ok=True)
        self.kept = True

    def save(self) -> None:
        tensors = _flatten("model", self.job.model.state_dict()) | _flatten("ema", self.average)
        for name, optimizer in self.job.optimizers.items():
            for index, state in optimizer.state_dict()["state"].items():
                tensors |= _flatten(
                    f"optimizer/{name}/{index}",
                    {k: torch.as_tensor(v) for k, v in state.items() if v is not None},
                )
        tensors["generator"] = self.generator.get_state()
        for i, picture in enumerate(self.pictures):
            tensors[f"picture/{i}"] = torch.frombuffer(bytearray(picture), dtype=torch.uint8)
        about = {
            "format": RESUME_FORMAT,
            "family": self.job.family,
            "recipe": _comparable(self.job.recipe),
            "labels": list(self.job.dataset.labels),
            "media": self.job.dataset.media.to_dict(),
            "budgets": [*self.budgets, budget(self.job.recipe)],
            "step": self.step,
            "seconds": self.seconds,
            "snapshots": self.snapshots,
            "noticed": self.noticed,
            "started": self.started,
            "watch": self.watch.to_dict(),
        }
        self.write(safetensors.torch.save(tensors, {"about": json.dumps(about, default=str)}))

    def read(self) -> bytes:
        """The last state, or the one before it when that is damaged or missing, which is said."""
        if not self.file.exists() and not self.previous.exists():
            raise TrainingError(f"{self.file} is not there; leave --resume out to start a new run")
        problem = ""
        for path in (self.file, self.previous):
            try:
                content = path.read_bytes()
                about, _ = parse(content)
            except FileNotFoundError:
                problem = problem or f"{path} is not there"
                continue
            except (OSError, safetensors.SafetensorError, ValueError, TypeError, KeyError) as error:
                problem = problem or f"{path} is no state of this project or damaged ({error})"
                continue
            if problem:
                step = about.get("step")
                print(f"{problem}; going on from the one before it, step {step}", file=sys.stderr)
            self.kept = path == self.file
            return content
        raise TrainingError(f"{problem}; move it away and start again")

    def restore(self) -> None:
        """Go on from the state on the first process's disk."""
        about, tensors = parse(distributed.from_first(self.read() if distributed.first() else b""))
        given, stored = (
            json.loads(json.dumps(values, default=str))
            for values in (
                _comparable(self.job.recipe),
                # A state from before a flag was there was written with the flag's default.
                _comparable(type(self.job.recipe)()) | about.get("recipe", {}),
            )
        )
        different = sorted(k for k in given.keys() | stored.keys() if given.get(k) != stored.get(k))
        if about.get("format") != RESUME_FORMAT or about.get("family") != self.job.family:
            raise TrainingError(
                f"{self.file} is the state of another kind of run; choose another --out"
            )
        if different:
            key = different[0]
            raise TrainingError(
                f"{self.file} was written with --{key.replace('_', '-')} {stored.get(key)}, not "
                f"{given.get(key)}; resume with the same flags or choose another --out"
            )
        labels = list(self.job.dataset.labels)
        if (before := about.get("labels", labels)) != labels:  # the model knows them by number
            lists = (", ".join(some[:10]) + ", ..." * (len(some) > 10) for some in (before, labels))
            then, now = (text or "no classes" for text in lists)
            raise TrainingError(
                f"{self.file} was written with the classes {then}, and the data has {now}; name "
                "the folders as they were or choose another --out"
            )
        media = json.loads(json.dumps(self.job.dataset.media.to_dict()))
        if (was := about.get("media", media)) != media:
            key = sorted(k for k in was.keys() | media.keys() if was.get(k) != media.get(k))[0]
            shapes = (f"{key} {some.get(key)}" for some in (was, media))
            then, now = ("other characters", "its own") if key == "symbols" else shapes
            raise TrainingError(
                f"{self.file} was written with data of {then}, and the data has {now}; name the "
                "data that it was written with or choose another --out"
            )
        try:
            self.job.model.load_state_dict(_pick("model", tensors))
            average = _pick("ema", tensors)
            for key, value in self.average.items():
                value.copy_(average[key])
            for name, optimizer in self.job.optimizers.items():
                state: dict[int, dict[str, Tensor]] = {}
                for key, value in _pick(f"optimizer/{name}", tensors).items():
                    index, _, entry = key.partition("/")
                    state.setdefault(int(index), {})[entry] = value
                groups = optimizer.state_dict()["param_groups"]
                optimizer.load_state_dict({"state": state, "param_groups": groups})
                _lay_out(optimizer)
            if len(tensors["generator"]) == len(self.generator.get_state()):
                self.generator.set_state(tensors["generator"])
            else:  # of a GPU and of a processor are of different length
                print(
                    "the state was written on another kind of device; what is random goes on with "
                    "other draws",
                    file=sys.stderr,
                )
                fresh = latent.generator(self.job.recipe.seed, int(about["step"]))
                self.generator.manual_seed(fresh.initial_seed())
        except (RuntimeError, KeyError, ValueError) as error:
            raise TrainingError(
                f"{self.file} does not fit this model ({error}); start again with another --out"
            ) from None
        self.step, self.seconds = int(about["step"]), float(about["seconds"])
        self.snapshots = list(about["snapshots"])
        self.noticed = list(about.get("noticed", []))
        self.started = dict(about.get("started", {}))
        self.budgets = earlier(about.get("budgets", []), self.step, budget(self.job.recipe))
        self.watch.restore(about.get("watch", {}))
        self.pictures = [
            tensors[f"picture/{i}"].numpy().tobytes() for i in range(len(self.snapshots))
        ]

    def log(self) -> watch.Log:
        """The file of figures beside the run, and trackio, where it was asked for."""
        recipe = self.job.recipe
        path = recipe.out.with_name(recipe.out.name + ".metrics.jsonl")
        try:
            about = _comparable(recipe) | {"family": self.job.family}
            return watch.Log(path, self.step, recipe.out.name if recipe.track else "", about)
        except OSError as error:
            raise TrainingError(
                f"{path} could not be written ({error.strerror}); make room or choose another --out"
            ) from None
        except ImportError:
            raise TrainingError(
                "--track needs trackio: pip install -e '.[track]', or leave --track out"
            ) from None

    def look(self, log: watch.Log | None, report: Mapping[str, watch.Value]) -> None:
        """Write down how the run is, and say when it is lost."""
        entry: dict[str, Any] = {
            "step": self.step,
            "images": self.step * self.job.recipe.batch,
            "minutes": round(self.seconds / 60, 3),
        }
        if log:
            log.write(entry | dict(report))
        trained = {
            name: [weight for group in optimizer.param_groups for weight in group["params"]]
            for name, optimizer in self.job.optimizers.items()
        }
        key, found = self.watch.look(self.step, self.progress(), report, trained)
        if not key:
            return
        self.noticed.append(entry | {"event": found})
        if log:
            log.write(self.noticed[-1])
        advice = self.job.limits.remedies.get(key.split()[0], self.job.advice)
        sentence = f"{found}, at step {self.step}; {advice}"
        if found.startswith("stalled") or self.job.recipe.keep_going:
            if log:
                tqdm.write(f"noticed: {sentence}", file=sys.stderr)
            return
        if log:
            self.save()
        raise TrainingError(f"{sentence}; --resume --keep-going goes on all the same")

    def snapshot(self, report: Mapping[str, watch.Value]) -> None:
        """Make the fixed pictures or texts with the averaged weights."""
        model = copy.deepcopy(self.job.model)
        model.load_state_dict(self.average)
        content, kind = stage(model.eval(), self.job.dataset)
        self.pictures.append(content)
        self.snapshots.append(
            {
                "step": self.step,
                "images": self.step * self.job.recipe.batch,
                "minutes": round(self.seconds / 60, 2),
                "file": f"{self.step:07d}.{kind}",
                **{k: round(v, 5) for k, v in report.items() if isinstance(v, float)},
            }
        )


def stage(model: nn.Module, dataset: Data) -> tuple[bytes, str]:
    """What a model makes of fixed seeds at this stage of its training, as a file, and the ending of
    its name: two rows of pictures, a column a class, as a PNG; or TEXTS texts, of the classes in
    turn, as a JSON list."""
    classes = len(dataset.labels)
    if isinstance(dataset, Dataset):
        columns = min(classes, 10) or 10
        buffer = io.BytesIO()
        images = preview(model, columns, 2, classes)
        dataset.media.grid(images, columns).save(buffer, "PNG", optimize=True)
        return buffer.getvalue(), "png"
    labels = [i % classes if classes else None for i in range(TEXTS)]
    written = model.sample(latent.generators(0, TEXTS), labels).cpu()  # type: ignore[operator]
    texts = [dataset.media.to_text(row) for row in written]
    return (json.dumps(texts, ensure_ascii=False) + "\n").encode(), "json"


def preview(model: nn.Module, columns: int, rows: int, classes: int) -> Tensor:
    """Samples of fixed seeds, a column a class: (rows x columns, C, H, W) in [0, 1]."""
    count = columns * rows
    labels = [i % columns if classes else None for i in range(count)]
    return model.sample(latent.generators(0, count), labels).cpu()  # type: ignore[operator]


def machine(device: torch.device) -> str:
    """The processor in words, for the card."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    name = platform.processor() or platform.machine()
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                name = line.partition(":")[2].strip()
                break
    except OSError:
        pass
    threads = torch.get_num_threads()
    return f"{name}, {threads} thread{'s' if threads > 1 else ''}"


def commit() -> str:
    """The short commit of the code, or nothing outside a checkout."""
    here = Path(__file__).parent
    try:
        found = subprocess.run(
            ["git", "rev-parse", "--short", "HEAD"], cwd=here, capture_output=True, text=True
        )
    except OSError:
        return ""
    return found.stdout.strip() if found.returncode == 0 else ""


def command(recipe: Options, family: str) -> str:
    """The command that makes this run again, with the flags that differ from the defaults."""
    words = ["python", "-m", f"train.{family}"]
    defaults = type(recipe)()
    for entry in dataclasses.fields(recipe):
        value = getattr(recipe, entry.name)
        flag = "--" + entry.name.replace("_", "-")
        if entry.name in ("dataset", "out") or (
            value != getattr(defaults, entry.name)
            and entry.name not in ("data", "resume", "push_to_hub", "evaluate")
        ):
            if isinstance(value, bool):
                words.append(flag if value else "--no-" + flag[2:])
            else:
                words += [flag, str(value)]
    words[5:5] = ["--data", "DIR"]
    return shlex.join(words)


def run(job: Job) -> Path:
    """Train until the budget is used up and write the checkpoint; returns its folder.

    Raises TrainingError when the run cannot start or go on, KeyboardInterrupt when it was
    stopped by Ctrl-C or a TERM signal, after its state was written.
    """
    torch.set_float32_matmul_precision("high")
    first = distributed.first()  # asked before they leave each other: after that, each is
    state, log = begin(job)
    try:
        with heard() as signals:
            stopped = learn(job, state, log, signals)
    except distributed.Lost as lost:
        raise TrainingError(
            f"another process of this run was lost at step {state.step} ({lost}); the same command "
            f"with --resume, on as many processes as there are now, goes on from {state.file}"
        ) from None
    except OSError as error:
        raise TrainingError(
            f"{error.filename or job.recipe.out} could not be written ({error.strerror}); make "
            "room, and the same command with --resume goes on from the last good state"
        ) from None
    finally:
        if log:
            log.close()
    state.processes = distributed.size()
    distributed.leave()
    if stopped:
        if first:
            print(
                f"stopped at step {state.step}; the same command with --resume goes on",
                file=sys.stderr,
            )
        raise KeyboardInterrupt
    return finish(job, state) if first else job.recipe.out


def begin(job: Job) -> tuple[Run, watch.Log | None]:
    """The state to go on from, new or resumed, written once already; and where the first process
    writes down its figures. Raises TrainingError when the run cannot start."""
    recipe, first = job.recipe, distributed.first()
    started = start_from(job) if recipe.start and not recipe.resume else {}
    state = Run(job, device_of(recipe.device))
    state.started = started
    if started:  # a good model gets worse first, as its learning rates rise, and gains little
        state.watch.said |= {"worse", "flat"}
    if recipe.resume:
        state.restore()
    elif first and (there := next((p for p in state.files if p.exists()), None)):
        raise TrainingError(f"{there} exists; go on with --resume or choose another --out")
    if not first:
        return state, None
    for left in recipe.out.parent.glob(f".{recipe.out.name}.*.partial"):
        shutil.rmtree(left, ignore_errors=True)  # of a run that was killed while it wrote OUT
    state.save()  # a folder that cannot be written to is said now, not when hours are lost
    return state, state.log()


@contextmanager
def heard() -> Iterator[list[int]]:
    """A list that gets the first Ctrl-C or TERM signal, so that a run can end in good order; the
    second one interrupts, as ever."""
    signals: list[int] = []

    def hear(number: int, frame: FrameType | None) -> None:
        if signals:
            raise KeyboardInterrupt
        signals.append(number)

    previous = {n: signal.signal(n, hear) for n in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield signals
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


class Meter:
    """What the steps have measured since this was last read, and how fast they go. To read it is to
    wait for a GPU, and for the other processes: not after every step."""

    def __init__(self, state: Run) -> None:
        self.state = state
        self.totals: dict[str, Tensor] = {}
        self.counts: dict[str, int] = {}
        self.read_at = state.seconds
        self.looked_at = state.step, state.seconds

    def add(self, measured: Mapping[str, Tensor]) -> None:
        for key, value in measured.items():
            self.totals[key] = self.totals.get(key, 0) + value.detach()
            self.counts[key] = self.counts.get(key, 0) + 1

    def full(self) -> bool:
        """Whether there is something new for the progress bar."""
        return self.state.seconds - self.read_at > 1 or max(self.counts.values()) >= 200

    def read(self) -> dict[str, watch.Value]:
        """Means over the steps that measured each, and over all processes. Raises TrainingError
        for what is not finite."""
        fresh = mean(self.totals, self.counts)
        self.totals, self.counts, self.read_at = {}, {}, self.state.seconds
        bad = [key for key, value in fresh.items() if not finite(value)]
        if bad:
            raise TrainingError(
                f"{bad[0]} became {fresh[bad[0]]} by step {self.state.step}; "
                f"{self.state.job.advice}"
            )
        return fresh

    def rate(self) -> float:
        """Images a second since `rest`."""
        steps, seconds = (
            self.state.step - self.looked_at[0],
            self.state.seconds - self.looked_at[1],
        )
        return steps * self.state.job.recipe.batch / max(seconds, 1e-9)

    def rest(self) -> None:
        """What takes the run's time from here to the next step does not count."""
        self.looked_at = self.state.step, self.state.seconds


def progress_bar(job: Job, progress: float) -> tqdm:
    return tqdm(
        total=1.0,
        initial=progress,
        desc=f"{job.family}-{job.recipe.dataset}",
        bar_format="{desc} {percentage:3.0f}%|{bar}| {elapsed}<{remaining} {postfix}",
        file=sys.stderr,
        mininterval=1.0,
        disable=not distributed.first(),
    )


def learn(job: Job, state: Run, log: watch.Log | None, signals: list[int]) -> bool:
    """Step after step, until the budget is used up or a signal has come, which it returns. On the
    way it looks at the run, takes snapshots, and saves its state; it ends with all three."""
    recipe, first = job.recipe, distributed.first()
    batches = Batches(job.dataset, recipe.batch, recipe.seed, state.device)
    pictures = recipe.snapshots if hasattr(job.model, "sample") else 0
    draws = distributed.OwnRows(recipe.batch // distributed.size())
    job.model.train()
    distributed.impatient(recipe.lost_after)
    began, saved = time.monotonic() - state.seconds, state.seconds
    looks = int(state.progress() * watch.LOOKS)
    # Not how many there are: a run that goes on beyond its end has those of the shorter one, too.
    stages = int(state.progress() * pictures)
    meter, report, stopped = Meter(state), dict[str, watch.Value](), False
    with progress_bar(job, state.progress()) as bar:
        if pictures and not state.step:  # what it makes before it has learned anything
            state.snapshot({})
        while state.progress() < 1 and not stopped:
            images, targets = batches.at(state.step)
            with draws if distributed.size() > 1 else nullcontext():
                measured = job.step(images, targets, state.step, state.progress(), state.generator)
            state.step += 1
            state.update_average()
            # One clock for all processes, so that they do the same things at the same steps.
            clock = [time.monotonic() - began, float(len(signals))]
            state.seconds, signalled = distributed.largest(clock)
            stopped = bool(signalled)
            meter.add(measured)
            progress = state.progress()
            last = progress >= 1 or stopped
            picture = progress * pictures >= stages + 1
            # The first step, too: what comes later is compared with it.
            look = progress * watch.LOOKS >= looks + 1 or picture or last or state.step == 1
            save = state.seconds - saved > SAVE_EVERY_S or last
            if meter.full() or look or save:
                # Read before every save, so that a state that is written is a good one.
                fresh = meter.read()
                report |= fresh  # what no step of these measured keeps its last figure
                words = {k: f"{v:.4g}" for k, v in fresh.items() if isinstance(v, float)}
                bar.set_postfix(words | {"img/s": f"{meter.rate():.0f}"})
                bar.update(progress - bar.n)
            if look:
                looks = int(progress * watch.LOOKS)
                if log:
                    memory = watch.memory_mb(state.device)
                    report |= job.look() | {"images/s": meter.rate(), "memory MB": memory}
                state.look(log, report)
                meter.rest()
            if picture:
                stages = int(progress * pictures)
                state.snapshot(report)
            if save:
                if first:
                    state.save()
                saved = state.seconds
    return stopped


def mean(totals: Mapping[str, Tensor], steps: Mapping[str, int]) -> dict[str, watch.Value]:
    """What was added up over so many steps each -> its mean over them and over all processes."""
    means = {key: value.float() / steps[key] for key, value in totals.items()}
    distributed.average(list(means.values()))
    return {key: value.tolist() for key, value in means.items()}


def finite(value: watch.Value) -> bool:
    return all(map(math.isfinite, value if isinstance(value, list) else [value]))


def finish(job: Job, state: Run) -> Path:
    """Write the checkpoint of the averaged weights, its figures and card; push it if asked."""
    recipe, dataset = job.recipe, job.dataset
    job.model.load_state_dict(state.average)
    model = job.model.eval().cpu()
    if recipe.half:  # what is shown is drawn by what is written
        for value in model.state_dict().values():
            value.copy_(value.half())
    images = state.step * recipe.batch
    training = {
        "command": command(recipe, job.family),
        "seconds": round(state.seconds),
        "steps": state.step,
        "images": images,
        "machine": machine(state.device),
        "date": datetime.now(timezone.utc).date().isoformat(),
        "torch": torch.__version__,
        "commit": commit(),
        "recipe": json.loads(json.dumps(_comparable(recipe), default=str)),
    }
    if state.processes > 1:
        training["processes"] = state.processes
    if state.started:
        training["started"] = state.started
    if state.budgets:  # the command alone would make another run
        training["resumed"] = in_turn(state.budgets, budget(recipe))
    if state.noticed:
        training["noticed"] = state.noticed
    files = {
        f"snapshots/{entry['file']}": picture
        for entry, picture in zip(state.snapshots, state.pictures, strict=True)
    }
    if files:
        files["snapshots/index.json"] = (json.dumps(state.snapshots, indent=1) + "\n").encode()
    if isinstance(dataset, Dataset) and hasattr(model, "sample"):
        columns = min(len(dataset.labels), 10) or 10
        buffer = io.BytesIO()
        grid = preview(model, columns, 5, len(dataset.labels))
        dataset.media.grid(grid, columns).save(buffer, "PNG", optimize=True)
        files["samples.png"] = buffer.getvalue()
    from train import evaluate  # it trains a classifier when it has to, which needs this module

    again = shlex.join(["python", "-m", "aigc.hub", "push", str(recipe.out), recipe.push_to_hub])
    try:
        checkpoint.save(
            recipe.out, model, job.family, dataset.media, dataset.labels, dataset.name, training,
            files, recipe.half,
        )  # fmt: skip
        evaluate.complete(recipe.out, recipe.data, figures=recipe.evaluate)
    except evaluate.EvaluationError as error:
        raise TrainingError(f"{error}, {again}" if recipe.push_to_hub else str(error)) from None
    except OSError as error:
        raise TrainingError(
            f"the checkpoint could not be written to {recipe.out} ({error.strerror}); make room, "
            "then the same command with --resume writes it"
        ) from None
    if recipe.push_to_hub:
        from aigc import hub

        try:
            print(hub.push(recipe.out, recipe.push_to_hub))
        except hub.HubError as error:
            raise TrainingError(f"{recipe.out} is whole, but {error}; then: {again}") from None
    print(f"{recipe.out}: {images} images in {state.seconds / 60:.1f} minutes")
    return recipe.out


def main(train: Callable[[], object]) -> None:
    """Run a script; what a person can mend is one sentence on stderr and exit status 1."""
    try:
        with distributed.processes():
            train()
    except (TrainingError, DataError, checkpoint.CheckpointError) as error:
        sys.exit(f"error: {error}")
    except distributed.Lost:
        sys.exit("error: another process ended before the run began; its message says why")
    except KeyboardInterrupt:
        sys.exit(130)
