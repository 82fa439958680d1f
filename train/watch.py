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
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

LOOKS = 400  # through a run; two in a row make a finding, so it is noticed within 1% of the run
SETTLED = 0.01  # share of the run before which nothing is concluded
LATE = 0.95  # share of the run from which the learning rate may be next to nothing
# Steps before which it is not either, where these are more: read off the starts of recorded runs,
# see docs/experiments.md. An objective that grew tenfold ("tenfold") is one at the second look.
FIRST = {
    "frozen": 60,
    "certain": 100,
    "worse": 100,
    "alike": 150,
    "silent": 150,
    "fooled": 150,
    "flat": 200,
}

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
    margin: float = 12.0
    """Logits between real and made pictures beyond which a discriminator is certain and the
    generator learns nothing, ..."""
    loss: float = 0.02
    """... if its loss is below this, too. A good run without penalties often has such a margin and
    a loss of 0.1: far from most of what is made, but fooled by some. The loss of a critic
    (wasserstein) is minus its margin, which has no bound and says nothing."""
    fooled: float = 1.0
    """Logits by which a discriminator prefers what is made from which on it is too weak to teach
    anything; it may learn yet, so that this ends no run."""
    kl: float = 0.2
    """Nats in all below which the latents of a VAE say nothing: posterior collapse."""
    remedies: Mapping[str, str] = field(default_factory=dict)
    """What to try, for a key of FIRST or "tenfold"; the run's own advice for the others."""


class Watch:
    """Compares each look with those before it."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.first: float | None = None  # the objective at the first look
        self.start: float | None = None  # and at the first from `since` on, and its best then
        self.best = math.inf
        self.weights: dict[str, list[Tensor]] = {}
        self.pending: set[str] = set()  # what the last look found; the same found again is said
        self.said: set[str] = set()

    def to_dict(self) -> dict[str, Any]:
        """What a resumed run has to know."""
        best = self.best if math.isfinite(self.best) else None
        return {"first": self.first, "start": self.start, "best": best, "said": sorted(self.said)}

    def restore(self, values: Mapping[str, Any]) -> None:
        """The inverse of `to_dict`; of a state that lacks it, nothing can be called stalled."""
        self.first, self.start = values.get("first"), values.get("start")
        self.best = math.inf if values.get("best") is None else values["best"]
        self.said = set(values.get("said", ["flat"]))

    def look(
        self,
        step: int,
        progress: float,
        report: Mapping[str, Value],
        weights: Mapping[str, Sequence[Tensor]],
    ) -> tuple[str, str]:
        """The key of what has gone wrong and a few words about it, each said once, the worst first;
        two empty strings as long as all is well. `weights`: those that each optimizer trains."""
        found = self.judge(progress, report, weights)
        due = [
            key
            for key in found.keys() - self.said
            if key == "tenfold"
            or (key in self.pending and progress >= SETTLED and step >= FIRST[key.split()[0]])
        ]
        self.pending = set(found)
        if not due:
            return "", ""
        worst = min(due, key=lambda key: (found[key].startswith("stalled"), key))
        self.said.add(worst)
        return worst, found[worst]

    def judge(
        self,
        progress: float,
        report: Mapping[str, Value],
        weights: Mapping[str, Sequence[Tensor]],
    ) -> dict[str, str]:
        """All that a look finds: key -> words."""
        found = self.of_objective(progress, report)
        limits = self.limits
        diversity, kl = report.get("diversity"), report.get("KL")
        margin, loss = report.get("margin"), report.get("D loss")
        if isinstance(diversity, float) and diversity < limits.diversity:
            found["alike"] = (
                "collapsed: the generator makes nearly the same picture from every latent "
                f"({diversity:.0%} of the variety of the data)"
            )
        if isinstance(kl, float) and progress >= limits.since and kl < limits.kl:
            found["silent"] = (
                f"collapsed: the latents say nothing (KL {kl:.2f} nats in all), and the decoder "
                "does without them"
            )
        if (
            isinstance(margin, float) and isinstance(loss, float)
            and margin > limits.margin and 0 <= loss < limits.loss
        ):  # fmt: skip
            found["certain"] = (
                f"diverged: the discriminator is certain of every picture (by {margin:.1f} logits, "
                f"a loss of {loss:.2g}), which leaves the generator nothing to learn from"
            )
        if isinstance(margin, float) and margin < -limits.fooled:
            found["fooled"] = (
                f"stalled: the discriminator takes what is made for real (by {-margin:.1f} logits) "
                "and teaches the generator nothing"
            )
        now = {name: [w.detach().clone() for w in each] for name, each in weights.items()}
        for name, each in now.items():
            before = self.weights.get(name)
            if before and all(map(torch.equal, each, before)) and progress < LATE:
                found[f"frozen {name}"] = f"stalled: the weights of {name} no longer change"
        self.weights = now
        return found

    def of_objective(self, progress: float, report: Mapping[str, Value]) -> dict[str, str]:
        limits, name = self.limits, self.limits.objective
        value = report.get(name)
        if not isinstance(value, float):
            return {}
        if self.first is None:
            self.first = value
        if value - self.first > 9 * abs(self.first):
            return {
                "tenfold": f"diverged: {name} is {value:.4g}, it was {self.first:.4g} at the start"
            }
        if progress < limits.since:
            return {}
        if self.start is None:
            self.start = self.best = value
            return {}
        gained = self.start - self.best
        self.best = min(self.best, value)
        if gained > 0.02 * abs(self.start) and value > self.best + 0.8 * gained:
            return {
                "worse": f"diverged: {name} is {value:.4g}, it was {self.best:.4g} before and "
                f"{self.start:.4g} at the start"
            }
        if progress > limits.since + SETTLED and self.best > self.start - 0.005 * abs(self.start):
            return {"flat": f"stalled: {name} is {value:.4g} and was {self.start:.4g} at the start"}
        return {}


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
