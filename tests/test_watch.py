"""What is noticed, what is written down, and what a run leaves beside its checkpoint."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from aigc.latent import generator
from tests.test_train import train
from train import gan, loop, watch


def looks(limits: watch.Limits, reports: list[dict[str, Any]], every: float = 0.0025) -> list[str]:
    """What a watch says at each of the reports, `every` share of the run apart."""
    model, found = torch.nn.Linear(2, 2), []
    watched = watch.Watch(limits)
    for number, report in enumerate(reports, 1):
        with torch.no_grad():
            model.weight.add_(0.01)
        found.append(watched.look(1000 * number, every * number, report, model))
    return found


def when(found: list[str]) -> list[int]:
    return [i for i, sentence in enumerate(found) if sentence]


def test_collapse_is_noticed_within_a_hundredth_and_said_once() -> None:
    healthy = [{"diversity": 0.9, "margin": 2.0}] * 40
    found = looks(watch.Limits(), healthy + [{"diversity": 0.05, "margin": 2.0}] * 8)
    assert when(found) == [41]  # the second look at it, half a hundredth after it began
    assert found[41].startswith("collapsed") and "5%" in found[41]
    assert when(looks(watch.Limits(), [*healthy, {"diversity": 0.1}, *healthy])) == []


def test_a_certain_discriminator_is_noticed() -> None:
    found = looks(watch.Limits(), [{"margin": 2.0}] * 9 + [{"margin": 30.0}] * 3)
    assert when(found) == [10] and "certain of every picture (by 30.0 logits)" in found[10]


def test_divergence_and_stall_of_a_likelihood() -> None:
    limits = watch.Limits("bits/dim")
    falling = [{"bits/dim": 8 - 0.1 * i} for i in range(40)]
    assert when(looks(limits, falling)) == []
    found = looks(limits, falling + [{"bits/dim": 7.9}] * 3)
    assert when(found) == [41] and found[41].startswith("diverged: bits/dim is 7.9")
    found = looks(limits, [{"bits/dim": 8.0}] * 10)
    assert when(found) == [5] and found[5].startswith("stalled")
    # A VAE whose KL term still warms up is given its time.
    warming = [{"-ELBO": float(v)} for v in (*range(300, 500, 10), *range(200, 190, -1))]
    assert when(looks(watch.Limits("-ELBO", since=0.05), warming)) == []


def test_weights_that_stand_still_are_noticed() -> None:
    watched, model = watch.Watch(watch.Limits()), torch.nn.Linear(2, 2)
    assert [watched.look(999, 0.5, {}, model) for _ in range(3)] == [
        "", "", "stalled: the weights no longer change",
    ]  # fmt: skip


def test_nothing_is_concluded_from_a_few_steps() -> None:
    watched, model = watch.Watch(watch.Limits()), torch.nn.Linear(2, 2)
    assert [watched.look(step, 0.5, {"margin": 99.0}, model) for step in range(9)] == [""] * 9


def test_diversity() -> None:
    classes = torch.arange(40) % 4
    real = torch.rand(40, 1, 5, 5, generator=generator(0))
    assert watch.diversity(real, real, classes).item() == pytest.approx(1)
    assert watch.diversity(0.5 * real, real, classes).item() == pytest.approx(0.5)
    one_a_class = real[:4][classes]  # differs among the classes alone
    assert watch.diversity(one_a_class, real, classes).item() == pytest.approx(0, abs=1e-4)
    # Classes of one picture each say nothing about variety within a class.
    assert watch.diversity(0.5 * real, real, torch.arange(40)).item() == pytest.approx(0.5)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "LEAST_STEPS", 0)


@pytest.mark.usefixtures("impatient")
def test_a_run_that_is_lost_stops_with_advice_and_can_be_kept_going(
    mnist_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setattr(watch, "diversity", lambda made, real, classes: torch.tensor(0.01))
    with pytest.raises(
        loop.TrainingError, match=r"^collapsed: .* at step 2; try --loss relativistic .* --resume"
    ):
        train("gan", mnist_root, tmp_path / "x")
    capsys.readouterr()
    folder = train("gan", mnist_root, tmp_path / "x", resume=True, keep_going=True)
    noticed = json.loads((folder / "config.json").read_text())["training"]["noticed"]
    assert [(n["step"], n["event"][:9]) for n in noticed] == [(2, "collapsed")]
    train("gan", mnist_root, tmp_path / "y", keep_going=True)
    assert capsys.readouterr().err.count("noticed: collapsed") == 1


@pytest.mark.parametrize(
    ("script", "figures"),
    [
        ("gan", {"D loss", "margin", "diversity", "penalty"}),
        ("vae", {"-ELBO", "KL", "active units", "KL by unit"}),
        ("attention", {"bits/dim"}),
    ],
)
def test_every_run_leaves_its_figures_beside_it(
    script: str, figures: set[str], mnist_root: Path, tmp_path: Path
) -> None:
    train(script, mnist_root, tmp_path / "x")
    lines = (tmp_path / "x.metrics.jsonl").read_text().splitlines()
    entries = [json.loads(line) for line in lines]
    assert [e["step"] for e in entries] == [1, 2, 3, 4]
    for entry in entries:
        assert entry.keys() >= figures | {"images", "minutes", "images/s", "memory MB"}
        assert entry["images/s"] > 0 and entry["memory MB"] > 10
    if script == "vae":
        assert len(entries[0]["KL by unit"]) == 4
        assert sum(entries[0]["KL by unit"]) == pytest.approx(entries[0]["KL"], rel=1e-4)
    index = json.loads((tmp_path / "x" / "snapshots" / "index.json").read_text())
    assert all(entry.keys() >= figures - {"KL by unit"} for entry in index)


def test_a_resumed_run_writes_no_line_twice_and_the_file_is_bounded(tmp_path: Path) -> None:
    path = tmp_path / "x.metrics.jsonl"
    log = watch.Log(path, 0, "", {})
    for step in range(1, 8):
        log.write({"step": step, "loss": 1.0})
    path.write_text(path.read_text()[:-9])  # killed in the middle of a line
    log = watch.Log(path, 5, "", {})
    log.write({"step": 6, "loss": 1.0})
    assert [json.loads(line)["step"] for line in path.read_text().splitlines()] == [
        1,
        2,
        3,
        4,
        5,
        6,
    ]


def test_a_long_run_looks_a_bounded_number_of_times(
    mnist_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch, "LOOKS", 100)
    train("classifier", mnist_root, tmp_path / "x", steps=2 * watch.LOOKS, keep_going=True)
    lines = (tmp_path / "x.metrics.jsonl").read_text().splitlines()
    assert 0.9 * watch.LOOKS < len(lines) <= watch.LOOKS + 5


def test_track_without_trackio_is_one_sentence(
    mnist_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "trackio", None)
    with pytest.raises(loop.TrainingError, match=r"--track needs trackio: pip install"):
        train("vae", mnist_root, tmp_path / "x", track=True)


# Little data


def test_augmentation_moves_recolours_and_covers() -> None:
    images = torch.rand(64, 3, 32, 32, generator=generator(0)) * 2 - 1
    still = torch.tensor([0.5, 0.5, 0.5, 0.5, 0.5, 0.0, 0.0]).expand(64, -1)
    same = gan.augment(images, still)
    # Only the square around the corner is covered: 8 of 32 rows and columns.
    assert torch.allclose(same[:, :, 8:], images[:, :, 8:], atol=1e-5)
    assert same[:, :, :8, :8].abs().max() == 0
    moved = still.clone()
    moved[:, 3] = 0.0  # as far as it goes, 4 rows down, with black from outside
    down = gan.augment(images, moved)
    assert torch.allclose(down[:, :, 12:, 8:], images[:, :, 8:-4, 8:], atol=1e-5)
    assert (down[:, :, :4, 8:] == -1).all()
    draws = torch.rand(64, gan.DRAWS, generator=generator(1))
    changed = gan.augment(images.requires_grad_(), draws)
    assert changed.shape == images.shape
    (gradient,) = torch.autograd.grad(changed.square().sum(), images)
    assert gradient.abs().sum() > 0


@pytest.mark.parametrize(("flag", "few", "wanted"), [
    ("auto", 5000, True), ("auto", 100, False), ("on", 100, True), ("off", 5000, False),
])  # fmt: skip
def test_little_data_is_augmented(
    flag: str, few: int, wanted: bool, mnist_root: Path, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    calls = []
    original = gan.augment

    def counted(images: torch.Tensor, draws: torch.Tensor) -> torch.Tensor:
        calls.append(len(images))
        return original(images, draws)

    monkeypatch.setattr(gan, "augment", counted)
    monkeypatch.setattr(gan, "FEW", few)
    train("gan", mnist_root, tmp_path / "x", steps=1, augment=flag)
    assert calls == ([16, 8] if wanted else [])  # real and made, then what the generator made
