"""Watching a run: its figures in a local file, and a word when it goes wrong.

    OUT.metrics.jsonl       one JSON object a look, LOOKS of them through the run: step, images,
                            minutes, what the steps reported, images/s, memory in MB; a line with
                            "event" where something was noticed

`--track` sends the same to trackio, which shows them in a browser (`trackio show`).
"""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

LOOKS = 400  # through a run; two in a row make a finding, so it is noticed within 1% of the run
SETTLED = 0.01  # share of the run after which a lack of progress is one
LEAST_STEPS = 200  # before which nothing is concluded

Value = float | list[float]


# What is noticed


@dataclass(frozen=True)
class Limits:
    """When a report means that a run is lost."""

    objective: str = ""
    """The value that should fall, "" where none says how good the model is (GAN)."""
    since: float = 0.0
    """Share of the run after which the objective should fall (a VAE's KL term warms up first)."""
    diversity: float = 0.2
    """Below this share of the data's variety (standard deviation within a class), samples have
    collapsed."""
    margin: float = 8.0
    """Logits between real and made pictures beyond which a discriminator is certain and the
    generator learns nothing."""


class Watch:
    """Compares each look with those before it."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.start: float | None = None  # the objective at the first look, and its best
        self.best = math.inf
        self.weights: list[Tensor] = []
        self.pending = ""  # what the last look found; the same found again is said
        self.said: set[str] = set()

    def to_dict(self) -> dict[str, Any]:
        """What a resumed run has to know."""
        best = self.best if math.isfinite(self.best) else None
        return {"start": self.start, "best": best, "said": sorted(self.said)}

    def restore(self, values: Mapping[str, Any]) -> None:
        """The inverse of `to_dict`; of a state that lacks it, nothing can be called stalled."""
        self.start = values.get("start")
        self.best = math.inf if values.get("best") is None else values["best"]
        self.said = set(values.get("said", ["stalled"]))

    def look(
        self, step: int, progress: float, report: Mapping[str, Value], model: nn.Module
    ) -> str:
        """What has gone wrong, in a few words, each said once; "" as long as all is well."""
        found = self.judge(progress, report, model)
        if step < LEAST_STEPS:
            return ""
        kind = found.partition(":")[0]
        confirmed = bool(kind) and kind == self.pending and kind not in self.said
        self.pending = kind
        if confirmed:
            self.said.add(kind)
        return found if confirmed else ""

    def judge(self, progress: float, report: Mapping[str, Value], model: nn.Module) -> str:
        limits = self.limits
        weights = [p.detach().clone() for p in model.parameters()]
        still = bool(self.weights) and all(map(torch.equal, weights, self.weights))
        self.weights = weights
        if still and progress < 0.95:  # at the end the learning rate is next to nothing
            return "stalled: the weights no longer change"
        diversity = report.get("diversity")
        if isinstance(diversity, float) and progress > SETTLED and diversity < limits.diversity:
            return (
                "collapsed: the generator makes nearly the same picture from every latent "
                f"({diversity:.0%} of the variety of the data)"
            )
        margin = report.get("margin")
        if isinstance(margin, float) and margin > limits.margin:
            return (
                f"diverged: the discriminator is certain of every picture (by {margin:.1f} logits)"
                ", which leaves the generator nothing to learn from"
            )
        value = report.get(limits.objective)
        if not isinstance(value, float) or progress < limits.since:
            return ""
        if self.start is None:
            self.start = self.best = value
            return ""
        gained = self.start - self.best
        self.best = min(self.best, value)
        if gained > 0.02 * abs(self.start) and value > self.best + 0.8 * gained:
            return (
                f"diverged: {limits.objective} is {value:.4g}, it was {self.best:.4g} before and "
                f"{self.start:.4g} at the start"
            )
        if progress > limits.since + SETTLED and self.best > self.start - 0.005 * abs(self.start):
            return (
                f"stalled: {limits.objective} is {value:.4g} and was {self.start:.4g} at the start"
            )
        return ""


def diversity(made: Tensor, real: Tensor, classes: Tensor) -> Tensor:
    """How much made pictures of one class differ among themselves, as a share of how much real
    ones do, (): the ratio of the standard deviations within a class, over all pixels. 1 for samples
    as varied as the data, 0 for one picture a class. made, real (N, C, H, W), classes (N,)."""
    found, group = classes.unique(return_inverse=True)
    if 2 * len(found) > len(made):  # most classes have one picture, which says nothing
        group = torch.zeros_like(group)
    member = torch.nn.functional.one_hot(group).to(real.dtype)  # (N, K)
    count = member.sum(0)[:, None]  # (K, 1)
    spreads = []
    for images in (made, real):
        flat = images.detach().to(real.dtype).flatten(1)
        centres = (member.T @ flat) / count  # (K, D)
        spreads.append((flat - member @ centres).square().mean())
    return (spreads[0] / spreads[1].clamp(min=1e-12)).sqrt()


def memory_mb(device: torch.device) -> float:
    """What the run holds: of the GPU at its peak, or resident in main memory now."""
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device) / 2**20
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 2**20
    except (OSError, ValueError):
        return 0.0  # a system that does not say


# Where it is written


class Log:
    """The local file, and trackio where it was asked for."""

    def __init__(self, path: Path, step: int, track: str, about: dict[str, Any]) -> None:
        """Go on after `step`: what a killed run wrote after its last state is written again.
        Raises OSError, and ImportError where `track` names a run and trackio is not installed."""
        self.path = path
        kept = []
        if step and path.exists():
            for line in path.read_text(encoding="utf-8").splitlines():
                try:
                    entry = json.loads(line)
                except ValueError:
                    continue  # cut off when the run was killed
                if isinstance(entry, dict) and entry.get("step", 0) <= step:
                    kept.append(line + "\n")
        path.write_text("".join(kept), encoding="utf-8")
        self.tracker: Any = None
        if track:
            import trackio

            trackio.init(project="aigc", name=track, config=about, resume="allow")
            self.tracker = trackio

    def write(self, entry: Mapping[str, Any]) -> None:
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(entry) + "\n")
        if self.tracker is not None:
            self.tracker.log({k: v for k, v in entry.items() if k != "step"}, step=entry["step"])

    def close(self) -> None:
        if self.tracker is not None:
            self.tracker.finish()
