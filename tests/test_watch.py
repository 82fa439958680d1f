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


def looks(
    limits: watch.Limits, reports: list[dict[str, Any]], every: float = 0.0025, steps: int = 1000
) -> list[str]:
    """What a watch says at each report, `every` share of the run and `steps` steps apart."""
    model, found = torch.nn.Linear(2, 2), []
    watched = watch.Watch(limits)
    for number, report in enumerate(reports, 1):
        with torch.no_grad():
            model.weight.add_(0.01)
        weights = {"adam": list(model.parameters())}
        found.append(watched.look(steps * number, every * number, report, weights)[1])
    return found


def when(found: list[str]) -> list[int]:
    return [i for i, sentence in enumerate(found) if sentence]


CERTAIN = {"margin": 30.0, "D loss": 1e-4}
SURE = {"margin": 16.0, "D loss": 0.1}  # a good run without penalties
FOOLED = {"margin": 2.0, "D loss": 0.9}  # now and then
TAKEN_IN = {"margin": -4.2, "D loss": 4.9}


def test_collapse_is_noticed_within_a_hundredth_and_said_once() -> None:
    healthy = [{"diversity": 0.9, "margin": 2.0}] * 40
    found = looks(watch.Limits(), healthy + [{"diversity": 0.05, "margin": 2.0}] * 8)
    assert when(found) == [41]  # the second look at it, half a hundredth after it began
    assert found[41].startswith("collapsed") and "5%" in found[41]
    assert when(looks(watch.Limits(), [*healthy, {"diversity": 0.1}, *healthy])) == []


def test_a_certain_discriminator_is_noticed() -> None:
    found = looks(watch.Limits(), [FOOLED] * 9 + [CERTAIN] * 3)
    assert when(found) == [10]
    assert "certain of every picture (by 30.0 logits, a loss of 0.0001)" in found[10]


def test_a_discriminator_that_is_taken_in_is_noticed() -> None:
    found = looks(watch.Limits(), [FOOLED] * 9 + [TAKEN_IN] * 3)
    assert when(found) == [10]
    assert found[10].startswith("stalled: the discriminator takes what is made for real (by 4.2")
    assert when(looks(watch.Limits(), [{"margin": -0.5, "D loss": 1.7}] * 20)) == []


def test_a_large_margin_or_a_small_loss_alone_is_no_certainty() -> None:
    critic = {"margin": 300.0, "D loss": -300.0}  # wasserstein: a distance, not a certainty
    sharp = {"margin": 5.0, "D loss": 0.01}
    for report in (SURE, critic, sharp):
        assert when(looks(watch.Limits(), [report] * 20)) == []


@pytest.mark.parametrize(
    ("report", "first"),
    [(CERTAIN, 100), ({"diversity": 0.05}, 150), ({"KL": 0.1}, 150), (TAKEN_IN, 150)],
)
def test_a_run_lost_from_its_start_is_noticed_at_the_first_step_that_counts(
    report: dict[str, Any], first: int
) -> None:
    found = looks(watch.Limits(), [report] * 200, every=1 / 400, steps=2)  # of 800 steps
    assert [2 * (i + 1) for i in when(found)] == [first]
    # Of a long run, by a hundredth of it: a start that is no good may take as many steps.
    assert when(looks(watch.Limits(), [report] * 20)) == [3]


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


def test_a_tenfold_objective_is_noticed_at_the_second_look() -> None:
    for start, later in ((540.0, 5500.0), (-2.0, 17.0)):  # of densities it can be below 0
        reports = [{"-ELBO": start}, {"-ELBO": later}, {"-ELBO": later}]
        found = looks(watch.Limits("-ELBO", since=0.05), reports, steps=1)
        assert when(found) == [1] and found[1].startswith("diverged: -ELBO is"), found
        assert f"it was {start:g} at the start" in found[1]
    assert when(looks(watch.Limits("-ELBO"), [{"-ELBO": 540.0}, {"-ELBO": 5300.0}])) == []


def test_latents_that_say_nothing_are_noticed_once_the_kl_term_counts_in_full() -> None:
    limits = watch.Limits("-ELBO", since=0.05)
    silent = [{"-ELBO": 300.0 - i, "KL": 0.05} for i in range(40)]
    found = looks(limits, silent)
    assert when(found) == [20]  # from the twentieth look on it counts, and the next confirms it
    assert found[20].startswith("collapsed: the latents say nothing (KL 0.05 nats in all)")
    assert when(looks(limits, [entry | {"KL": 0.3} for entry in silent])) == []


def test_weights_that_stand_still_are_noticed_for_each_optimizer() -> None:
    watched = watch.Watch(watch.Limits())
    still, moves = [torch.ones(3), torch.zeros(2)], [torch.zeros(3), torch.zeros(2)]
    found = []
    for step in range(57, 63):
        moves[0] += 1  # one of its tensors is enough
        found.append(watched.look(step, 0.5, {}, {"generator": still, "discriminator": moves}))
    sentence = "stalled: the weights of generator no longer change"
    assert found == [("", "")] * 3 + [("frozen generator", sentence)] + [("", "")] * 2
    # At the end of a cosine they may.
    watched = watch.Watch(watch.Limits())
    assert not any(watched.look(900 + i, 0.96, {}, {"adam": still})[0] for i in range(3))


def test_what_ends_a_run_is_said_before_what_does_not() -> None:
    """A certain discriminator under minimax: the generator's gradient is exactly zero."""
    watched = watch.Watch(watch.Limits())
    weights = {"generator": [torch.ones(3)]}
    keys = [watched.look(step, 0.5, CERTAIN, weights)[0] for step in (96, 98, 100, 102, 104)]
    assert keys == ["", "", "certain", "frozen generator", ""]


def test_nothing_is_concluded_from_a_few_steps() -> None:
    watched, model = watch.Watch(watch.Limits()), torch.nn.Linear(2, 2)
    weights = {"adam": list(model.parameters())}
    bad = CERTAIN | {"diversity": 0.0, "KL": 0.0}
    assert not any(watched.look(step, 0.5, bad, weights)[0] for step in range(60))


def test_a_resumed_watch_knows_what_the_first_one_knew() -> None:
    limits = watch.Limits("nats")
    first, second = watch.Watch(limits), watch.Watch(limits)
    first.look(1, 0.0025, {"nats": 8.0}, {})
    first.said.add("flat")
    second.restore(json.loads(json.dumps(first.to_dict())))
    assert second.to_dict() == first.to_dict()
    assert second.look(2, 0.005, {"nats": 90.0}, {})[0] == "tenfold"


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
    monkeypatch.setattr(watch, "FIRST", dict.fromkeys(watch.FIRST, 0))


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


@pytest.mark.usefixtures("impatient")
def test_what_is_noticed_comes_with_what_to_try_against_it(
    mnist_root: Path, tmp_path: Path
) -> None:
    with pytest.raises(
        loop.TrainingError, match=r"^collapsed: the latents say nothing .*; try a smaller --beta"
    ):
        train("vae", mnist_root, tmp_path / "x", steps=20, beta=1e4, kl_warmup=0.0, lr=0.05)
    with pytest.raises(loop.TrainingError, match=r"^diverged: nats is .* at step \d+; try half of"):
        train("language", mnist_root, tmp_path / "y", steps=40, lr=30.0)


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
    before, *stages = index
    assert before["step"] == 0 and not before.keys() & figures  # nothing was trained yet
    assert all(entry.keys() >= figures - {"KL by unit"} for entry in stages)


def test_a_penalty_that_comes_now_and_then_is_never_told_as_nothing(
    mnist_root: Path, tmp_path: Path
) -> None:
    train("gan", mnist_root, tmp_path / "x", steps=7, snapshots=7, penalty_every=3)
    index = json.loads((tmp_path / "x" / "snapshots" / "index.json").read_text())
    told = [stage["penalty"] for stage in index[1:]]
    assert min(told) > 0
    assert told[0] == told[1] == told[2] != told[3]  # it is measured at the steps 1, 4 and 7
    train("gan", mnist_root, tmp_path / "y", steps=2, snapshots=2, r1=False, r2=False)
    index = json.loads((tmp_path / "y" / "snapshots" / "index.json").read_text())
    assert not any("penalty" in stage for stage in index)


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
    with pytest.raises(
        loop.TrainingError, match=r"--track needs trackio: pip install -e '\.\[track\]', or leave"
    ):
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
