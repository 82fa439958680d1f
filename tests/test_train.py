"""Training: a few steps on drawn digits, for every script; what is interrupted goes on exactly."""

from __future__ import annotations

import importlib
import json
import math
import re
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch
from PIL import Image

from aigc import checkpoint, latent
from aigc.data import Texts, load
from aigc.media import TextMedia
from train import loop

Capture = pytest.CaptureFixture[str]
TINY: dict[str, dict[str, Any]] = {
    "gan": {"latent": 4, "g_base": 4, "d_base": 4},
    "vae": {"latent": 4, "base": 4, "hidden": 16},
    "ladder": {
        "top": 2, "latent": 1, "coarse": 1, "planes": 8, "depth": 1, "any_label": 0.5,
        "free_bits": 1.0, "free_until": 0.5,
    },
    "attention": {
        "patch": 7, "layers": 1, "heads": 1, "dim": 8, "expansion": 1, "head_dim_out": 8,
        "turned": 0.5, "patch_dropout": 0.2,
    },
    "language": {"dataset": "text", "size": 16, "layers": 1, "heads": 1, "dim": 8, "expansion": 1},
    "classifier": {"base": 8, "features": 8},
}  # fmt: skip
SCRIPTS = sorted(
    p.stem for p in Path(loop.__file__).parent.glob("*.py") if "class Recipe" in p.read_text()
)


def recipe(script: str, data: Path, out: Path, **flags: Any) -> Any:
    if script == "language" and data.is_dir() and "dataset" not in flags:
        data = data / "text.txt"
    values = {"batch": 8, "steps": 4, "snapshots": 2, "evaluate": False, "minutes": 0}
    values |= TINY[script] | flags
    return importlib.import_module(f"train.{script}").Recipe(data=data, out=out, **values)


def train(script: str, data: Path, out: Path, **flags: Any) -> Path:
    return importlib.import_module(f"train.{script}").train(recipe(script, data, out, **flags))


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return checkpoint.load(folder).model.state_dict()


def interrupt_at(monkeypatch: pytest.MonkeyPatch, step: int, act: Callable[[], None]) -> None:
    original = loop.Run.update_average

    def patched(self: loop.Run) -> None:
        original(self)
        if self.step == step:
            act()

    monkeypatch.setattr(loop.Run, "update_average", patched)


def test_every_script_is_tested() -> None:
    assert set(SCRIPTS) == set(TINY)


@pytest.mark.parametrize("script", SCRIPTS)
class TestEveryScript:
    def test_starts_from_a_checkpoint(
        self, script: str, mnist_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        first = train(script, mnist_root, tmp_path / "first", seed=1)
        flags = {"start": str(first), "snapshots": 0, "ema": 0.0}
        begun: list[dict[str, torch.Tensor]] = []
        original = loop.Run.__init__

        def seen(run: loop.Run, job: loop.Job, device: torch.device) -> None:
            original(run, job, device)
            begun.append({k: v.clone() for k, v in job.model.state_dict().items()})

        monkeypatch.setattr(loop.Run, "__init__", seen)
        second = checkpoint.load(train(script, mnist_root, tmp_path / "second", **flags))
        before, after = weights(first), second.model.state_dict()
        assert all(torch.equal(before[k], begun[0][k]) for k in before)
        assert any(not torch.equal(before[k], after[k]) for k in before)
        told = second.training["started"]
        assert told["images"] == 32 and told["command"].startswith(f"python -m train.{script}")
        card = (tmp_path / "second" / "README.md").read_text()
        assert f"first {told['revision']}, which had seen 32" in card
        # A resumed run still knows, and what was there goes on counting.
        third = train(script, mnist_root, tmp_path / "second", resume=True, steps=5, **flags)
        assert checkpoint.load(third).training["started"] == told
        fourth = train(script, mnist_root, tmp_path / "fourth", **flags | {"start": str(third)})
        assert checkpoint.load(fourth).training["started"]["images"] == 32 + 40
        assert checkpoint.load(fourth).in_all("images") == 32 + 40 + 32
        assert checkpoint.load(fourth).training["started"]["started"] == told
        card = (fourth / "README.md").read_text()
        assert re.search(rf"second .*, begun with first {told['revision']}, which had", card)

    def test_makes_a_checkpoint(self, script: str, mnist_root: Path, tmp_path: Path) -> None:
        folder = train(script, mnist_root, tmp_path / "made")
        made = checkpoint.load(folder)
        assert made.family == script and made.dataset == TINY[script].get("dataset", "mnist")
        assert len(made.labels) == (0 if script == "language" else 10)
        assert made.training["steps"] == 4 and made.training["images"] == 32
        assert f"python -m train.{script}" in made.training["command"]
        assert (folder / "README.md").read_text().startswith("---")
        index = folder / "snapshots" / "index.json"
        snapshots = json.loads(index.read_text()) if index.exists() else []
        assert [s["step"] for s in snapshots] == (
            [0, 2, 4] if "sample" in made.capabilities else []
        )
        for snapshot, stage in zip(snapshots, checkpoint.snapshots(folder), strict=True):
            assert (
                len(stage.picture) > 50
                or [len(text) for text in stage.texts] == [made.media.shape[1]] * loop.TEXTS
            )
            assert all(math.isfinite(v) for v in snapshot.values() if isinstance(v, float))
        assert not list(tmp_path.glob(".*"))

    def test_same_seed_same_weights(self, script: str, mnist_root: Path, tmp_path: Path) -> None:
        a, b, c = (
            weights(train(script, mnist_root, tmp_path / name, seed=seed, snapshots=0))
            for name, seed in (("a", 1), ("b", 1), ("c", 2))
        )
        assert all(torch.equal(a[k], b[k]) for k in a)
        assert any(not torch.equal(a[k], c[k]) for k in a)

    def test_stopped_run_goes_on_to_the_same_weights(
        self, script: str, mnist_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        whole = weights(train(script, mnist_root, tmp_path / "whole", steps=6))
        with monkeypatch.context() as patch:
            interrupt_at(patch, 3, lambda: signal.raise_signal(signal.SIGINT))
            with pytest.raises(KeyboardInterrupt):
                train(script, mnist_root, tmp_path / "cut", steps=6)
        assert not (tmp_path / "cut").exists()
        folder = train(script, mnist_root, tmp_path / "cut", steps=6, resume=True)
        resumed = weights(folder)
        assert all(torch.equal(whole[k], resumed[k]) for k in whole)
        for name in ("cut", "whole"):
            path = tmp_path / name / "snapshots/index.json"
            index = json.loads(path.read_text()) if path.exists() else []
            assert [s["step"] for s in index] in ([0, 3, 6], [])

    def test_killed_run_goes_on_from_its_last_state(
        self, script: str, mnist_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        class Killed(BaseException):
            pass

        def kill() -> None:
            raise Killed

        whole = weights(train(script, mnist_root, tmp_path / "whole", steps=5))
        with monkeypatch.context() as patch:
            patch.setattr(loop, "SAVE_EVERY_S", 0.0)
            interrupt_at(patch, 4, kill)
            with pytest.raises(Killed):
                train(script, mnist_root, tmp_path / "cut", steps=5)
        resumed = weights(train(script, mnist_root, tmp_path / "cut", steps=5, resume=True))
        assert all(torch.equal(whole[k], resumed[k]) for k in whole)

    def test_nan_stops_with_advice(self, script: str, mnist_root: Path, tmp_path: Path) -> None:
        rates = {k: 1e30 for k in vars(recipe(script, tmp_path, tmp_path)) if k.endswith("lr")}
        with pytest.raises(loop.TrainingError, match=r"became (nan|inf) by step .*; try "):
            # Growing a thousandfold on the way is said, and here no reason to stop.
            train(
                script, mnist_root, tmp_path / "x", steps=400, snapshots=0, keep_going=True,
                **rates,
            )  # fmt: skip
        assert not (tmp_path / "x").exists()


def test_images_of_a_folder_become_a_checkpoint(image_folder: Path, tmp_path: Path) -> None:
    folder = train("vae", image_folder, tmp_path / "x", dataset="folder", size=16)
    made = checkpoint.load(folder)
    assert made.labels == ("disc", "square") and made.media.shape == (3, 16, 16)


@pytest.mark.parametrize(
    ("flags", "sentence"),
    [
        ({"steps": 0}, "how long"),
        ({"gamma": math.nan}, "--gamma is a number"),
        ({"steps": -1}, "numbers from 0 up"),
        ({"snapshots": 200}, "--snapshots is a number from 0 to 199, not 200"),
        ({"batch": 0}, "--batch"),
        ({"batch": 10**11}, "--batch 100000000000 is more than the 600 there are"),
        ({"beta2": 1.0}, "--beta2 is from 0 to below 1"),
        ({"out": Path()}, "--out is a folder of its own"),
        ({"out": Path("/")}, "--out is a folder of its own"),
        ({"out": Path("..")}, "--out is a folder of its own"),
        ({"dataset": "imagenet"}, "choose one of mnist"),
        ({"seed": -1}, "--seed"),
        ({"precision": "float64"}, "--precision"),
        ({"ema": 2.0}, "--ema"),
        ({"device": "tpu9"}, "--device tpu9"),
        ({"device": "meta"}, "--device is auto, cpu, cuda or cuda:N, not meta"),
        ({"gamma": -1.0}, "--gamma is a number from 0 up, not -1"),
        ({"gamma_end": -1.0}, "--gamma-end is a number from 0 up, not -1"),
        ({"loss": "cubic"}, "--loss is one of relativistic"),
        ({"gp": -1.0}, "--gp is 0 or more"),
        ({"mismatch": -1.0}, "--mismatch is 0 or more"),
        ({"mismatch_until": 1.5}, "--mismatch-until is a share"),
        ({"pack": 3}, "cannot be judged 3 at a time"),
        ({"noise": "cauchy"}, "noise is normal or uniform"),
        ({"schedule": "steps"}, "--schedule"),
        ({"latent": 0}, "latent is 1 to"),
        ({"resume": True}, "leave --resume out"),
    ],
)
def test_wrong_flags_are_one_sentence(
    flags: dict[str, Any], sentence: str, mnist_root: Path, tmp_path: Path
) -> None:
    with pytest.raises(loop.TrainingError, match=sentence):
        train("gan", mnist_root, **{"out": tmp_path / "x", **flags})
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("script", SCRIPTS)
def test_learning_rates_below_0_are_one_sentence(
    script: str, mnist_root: Path, tmp_path: Path
) -> None:
    rates = [name for name in vars(recipe(script, mnist_root, tmp_path)) if name.endswith("lr")]
    assert rates
    for name in rates:
        flag = "--" + name.replace("_", "-")
        with pytest.raises(loop.TrainingError, match=f"{flag} is a number from 0 up, not -1"):
            train(script, mnist_root, tmp_path / "x", **{name: -1.0})


@pytest.mark.parametrize(
    ("script", "flags", "sentence"),
    [
        ("attention", {"turned": 1.0}, "--turned is a share from 0 to below 1, not 1.0"),
        ("attention", {"patch_dropout": -0.1}, "--patch-dropout is a share"),
        ("attention", {"warmup": -1.0}, "--warmup is a share from 0 to 1, not -1"),
        ("language", {"warmup": 2.0}, "--warmup is a share from 0 to 1, not 2"),
        ("vae", {"beta": -5.0}, "--beta is a number from 0 up, not -5"),
        ("vae", {"kl_warmup": 2.0}, "--kl-warmup is a share from 0 to 1, not 2"),
        ("ladder", {"beta": -1.0}, "--beta is a number from 0 up, not -1"),
        ("ladder", {"warmup": 2.0}, "--warmup is a share from 0 to 1, not 2"),
        ("classifier", {"turn": -1.0}, "--turn is a number from 0 up, not -1"),
        ("classifier", {"shift": -1.0}, "--shift is a number from 0 up, not -1"),
        ("classifier", {"zoom": 5.0}, "--zoom is a share from 0 to below 1, not 5"),
        ("ladder", {"free_bits": -1.0}, "--free-bits is 0 or more"),
        ("ladder", {"free_until": 0.0}, "--free-until is a share of the run, not 0.0"),
        ("classifier", {"weight_decay": -1.0}, "--weight-decay is 0 or more"),
        ("classifier", {"smoothing": 2.0}, "--smoothing is a share"),
        ("language", {"images": 5}, "--images 5 is less than --size; choose more"),
        ("language", {"token_dropout": 1.0}, "--token-dropout is a share"),
        ("vae", {"any_label": -0.1}, "--any-label is a share from 0 to 1, not -0.1"),
        ("attention", {"any_label": 1.5}, "--any-label is a share from 0 to 1, not 1.5"),
        ("ladder", {"any_label": 0.0}, "--any-label is above 0 where there are classes"),
        ("attention", {"any_label": 0.0}, "--any-label is above 0 where there are classes"),
    ],
)
def test_wrong_flags_of_one_script(
    script: str, flags: dict[str, Any], sentence: str, mnist_root: Path, tmp_path: Path
) -> None:
    with pytest.raises(loop.TrainingError, match=sentence):
        train(script, mnist_root, tmp_path / "x", **flags)
    assert list(tmp_path.iterdir()) == []


def test_wrong_classes_teach_the_discriminator_the_right_one(
    mnist_root: Path, tmp_path: Path
) -> None:
    digits = load("mnist", mnist_root, train=False)
    told = torch.eye(10)
    right = []
    for weight in (0.0, 5.0):
        flags: dict[str, Any] = {"steps": 100, "batch": 32, "ema": 0.0, "d_lr": 0.01, "d_base": 8}
        folder = train(
            "gan", mnist_root, tmp_path / f"{weight}", gamma=0.1, mismatch=weight, **flags
        )
        model: Any = checkpoint.load(folder).model
        images = digits.floats().repeat_interleave(10, 0)
        with torch.no_grad():
            scores = model.discriminate(images, told.repeat(len(digits), 1)).view(-1, 10)
        right.append((scores.argmax(1) == digits.targets).double().mean().item())
    assert right[1] > 0.4 > 0.2 > right[0], right


def test_text_for_a_script_of_images_gets_the_other_command(
    mnist_root: Path, tmp_path: Path
) -> None:
    text, out = mnist_root / "text.txt", tmp_path / "x"
    command = f"run python -m train.language --dataset text --data {text} --out {out}$"
    with pytest.raises(loop.TrainingError, match=command):
        train("attention", text, out, dataset="text")


def test_nothing_is_overwritten(mnist_root: Path, tmp_path: Path) -> None:
    train("vae", mnist_root, tmp_path / "x")
    before = weights(tmp_path / "x")
    with pytest.raises(loop.TrainingError, match="exists; go on with --resume"):
        train("vae", mnist_root, tmp_path / "x", seed=5)
    after = weights(tmp_path / "x")
    assert all(torch.equal(before[k], after[k]) for k in before)


def test_a_state_of_another_device_goes_on_with_other_draws(
    mnist_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    with monkeypatch.context() as patch:
        interrupt_at(patch, 2, lambda: signal.raise_signal(signal.SIGINT))
        with pytest.raises(KeyboardInterrupt):
            train("gan", mnist_root, tmp_path / "x")
    file = tmp_path / "x.resume.safetensors"
    about, tensors = loop.parse(file.read_bytes())
    tensors["generator"] = torch.zeros(16, dtype=torch.uint8)  # as long as that of a GPU
    file.write_bytes(safetensors.torch.save(tensors, {"about": json.dumps(about)}))
    train("gan", mnist_root, tmp_path / "x", resume=True)
    assert "was written on another kind of device" in capsys.readouterr().err
    assert checkpoint.load(tmp_path / "x").training["steps"] == 4


def test_a_start_that_does_not_fit_is_one_sentence(mnist_root: Path, tmp_path: Path) -> None:
    made = train("vae", mnist_root, tmp_path / "made")
    for script, start, flags, words in (
        ("vae", made, {"latent": 5}, "has latent 4, and this run 5; give the same flags"),
        ("gan", made, {}, "has family 'vae', and this run 'gan'"),
        ("vae", "nowhere", {}, "no such folder, and 'nowhere' is no repository of the Hub; write"),
        ("vae", tmp_path / "gone", {}, "gone: there is no such folder; name a checkpoint folder"),
        ("vae", "./gone", {}, "gone: there is no such folder; name a checkpoint folder"),
    ):
        with pytest.raises(loop.TrainingError, match=words):
            train(script, mnist_root, tmp_path / "x", start=str(start), **flags)
    assert not list(tmp_path.glob("x*"))


def test_a_ladder_may_get_a_window_and_keeps_it(mnist_root: Path, tmp_path: Path) -> None:
    plain = train("ladder", mnist_root, tmp_path / "plain")
    slow = {"lr": 1e-9, "muon_lr": 1e-9, "ema": 0.0}
    opened = train("ladder", mnist_root, tmp_path / "opened", start=str(plain), window=2, **slow)
    before, after = weights(plain), weights(opened)
    new = {k for k in after if k.startswith("window.")}
    made = (checkpoint.load(folder).training["command"] for folder in (plain, opened))
    assert ["--kl-warmup 0.0" in command for command in made] == [False, True]
    assert len(new) == 11 and after.keys() - new == before.keys()
    for key, value in before.items():
        torch.testing.assert_close(after[key], value, atol=1e-6, rtol=0)
    assert after["window.before.weight"].std() > 0.05
    assert not after["window.last.weight"].abs().gt(1e-6).any()
    learned = train("ladder", mnist_root, tmp_path / "learned", start=str(opened), window=2)
    assert weights(learned)["window.last.weight"].abs().max() > 1e-4
    for window in (0, 3):
        with pytest.raises(loop.TrainingError, match=f"has window 2, and this run {window}"):
            train("ladder", mnist_root, tmp_path / "x", start=str(opened), window=window)


def test_what_is_shown_is_drawn_by_what_is_written(mnist_root: Path, tmp_path: Path) -> None:
    """With weights in half the space, too."""
    folder = train("ladder", mnist_root, tmp_path / "x", half=True)
    found = checkpoint.load(folder)
    labels = [i % 10 if found.labels else None for i in range(50)]
    again = found.model.sample(latent.generators(0, 50), labels)  # type: ignore[operator]
    with Image.open(folder / "samples.png") as sheet:
        shown = torch.from_numpy(np.array(sheet))
    drawn = torch.from_numpy(np.array(found.media.grid(again, 10)))
    assert torch.equal(shown, drawn) and shown.float().std() > 1


def test_a_model_that_goes_on_may_get_worse_first(mnist_root: Path, tmp_path: Path) -> None:
    made = train("vae", mnist_root, tmp_path / "made")
    job: list[loop.Run] = []
    original = loop.Run.__init__
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            loop.Run, "__init__", lambda run, *rest: (original(run, *rest), job.append(run))[0]
        )
        train("vae", mnist_root, tmp_path / "x", start=str(made))
        train("vae", mnist_root, tmp_path / "y")
    assert job[0].watch.said >= {"worse", "flat"} and not job[1].watch.said


def test_resume_with_other_flags_names_the_flag(mnist_root: Path, tmp_path: Path) -> None:
    train("vae", mnist_root, tmp_path / "x")
    with pytest.raises(loop.TrainingError, match=r"--beta 1.0, not 4.0; resume with the same"):
        train("vae", mnist_root, tmp_path / "x", resume=True, beta=4.0)


@pytest.mark.parametrize("loss", ["minimax", "non-saturating", "hinge", "relativistic"])
@pytest.mark.parametrize(("r1", "r2"), [(True, True), (True, False), (False, True), (False, False)])
def test_every_loss_trains(loss: str, r1: bool, r2: bool, mnist_root: Path, tmp_path: Path) -> None:
    flags = {"loss": loss, "r1": r1, "r2": r2, "noise": "uniform", "schedule": "constant"}
    folder = train("gan", mnist_root, tmp_path / "x", steps=2, snapshots=0, **flags)
    start = train("gan", mnist_root, tmp_path / "y", steps=1, snapshots=0, **flags)
    a, b = weights(folder), weights(start)
    assert any(not torch.equal(a[k], b[k]) for k in a if k.startswith("generator"))
    assert any(not torch.equal(a[k], b[k]) for k in a if k.startswith("discriminator"))


def test_batches_show_each_image_once_an_epoch(mnist_root: Path) -> None:
    dataset = load("mnist", mnist_root)
    batches = loop.Batches(dataset, 70, 3, torch.device("cpu"))
    seen = torch.cat([batches.at(step)[0] for step in range(60)])[: len(dataset) * 7]
    for epoch in seen.split(len(dataset)):
        found = {tuple(image.flatten().tolist()) for image in epoch}
        assert len(found) == len({tuple(i.flatten().tolist()) for i in dataset.floats()})
    fresh = loop.Batches(dataset, 70, 3, torch.device("cpu"))
    assert torch.equal(fresh.at(37)[0], batches.at(37)[0])
    assert not torch.equal(seen[:70], seen[len(dataset) : len(dataset) + 70])


def test_schedule() -> None:
    assert loop.cosine(0, 2, 1) == 2
    assert loop.cosine(0.5, 2, 1) == pytest.approx(1.5)
    assert loop.cosine(1, 2, 1) == pytest.approx(1)
    assert loop.cosine(0.05, 2, 0, warmup=0.1) == pytest.approx(1)
    assert loop.cosine(0.1, 2, 0, warmup=0.1) == pytest.approx(2)
    for warmup in (1e-4, 5e-4, 0.01, 1.0):  # never above what it rises to
        assert all(0 < loop.cosine(share * warmup, 2, 0, warmup) <= 2 for share in (0, 0.1, 0.9))


@pytest.mark.parametrize("script", ["vae", "ladder", "attention"])
def test_a_model_that_is_told_no_class_has_none(
    script: str, mnist_root: Path, tmp_path: Path
) -> None:
    assert not checkpoint.load(
        train(script, mnist_root, tmp_path / "x", any_label=1.0, steps=1, snapshots=0)
    ).labels


def test_texts_keep_their_classes(tmp_path: Path) -> None:
    rows = torch.zeros(4, 8, dtype=torch.long)
    media = TextMedia("\ufffda\n", 8, "\n")
    poems = Texts("poems", rows, rows[:, 0], ("short", "long"), media)
    assert loop.told(poems, 0.5) is poems
    with pytest.raises(loop.TrainingError, match="--any-label is below 1 where texts have"):
        loop.told(poems, 1.0)


def test_turning_may_begin_with_nothing(mnist_root: Path, tmp_path: Path) -> None:
    flags = {"turned": 0.0, "turned_end": 0.6, "steps": 1, "snapshots": 0}
    made = checkpoint.load(train("attention", mnist_root, tmp_path / "x", **flags))
    assert made.model.config.ways == 72  # type: ignore[union-attr]


def test_a_run_that_goes_on_beyond_its_end_goes_on_with_its_film(
    mnist_root: Path, tmp_path: Path
) -> None:
    train("vae", mnist_root, tmp_path / "x", steps=4, snapshots=2)
    train("vae", mnist_root, tmp_path / "x", steps=12, snapshots=2, resume=True)
    film = [stage.step for stage in checkpoint.snapshots(tmp_path / "x")]
    assert film == [0, 2, 4, 6, 12]


def test_average_has_the_half_life_that_was_asked_for() -> None:
    """A power-law average: what was seen at the share s of the run weighs s^(log 2 / ema)."""
    model = torch.nn.Linear(1, 1, bias=False)
    job = loop.Job(
        family="vae",
        recipe=loop.Options(batch=10, ema=0.1),
        dataset=None,  # type: ignore[arg-type]
        model=model,
        optimizers={},
        step=lambda *a: {},
        advice="",
    )
    run = loop.Run(job, torch.device("cpu"))
    for step in range(1, 2001):
        with torch.no_grad():
            model.weight.fill_(step)
        run.step = step
        run.update_average()
    assert run.average["weight"].item() / 2000 == pytest.approx(
        1 / (1 + 0.1 / math.log(2)), abs=0.003
    )


def test_command_of_the_card_makes_the_recipe_again(tmp_path: Path) -> None:
    import shlex

    import tyro

    from train.gan import Recipe

    given = Recipe(out=Path("runs/x"), loss="hinge", r2=False, gamma=0.25, steps=7, seed=9)
    words = shlex.split(loop.command(given, "gan"))
    assert words[:3] == ["python", "-m", "train.gan"]
    parsed = tyro.cli(Recipe, args=words[3:])
    parsed.data = given.data
    assert parsed == given


def test_free_bits_take_the_price_off_a_silent_level() -> None:
    from train.ladder import paid

    by_level = torch.tensor([3.0, 0.1, 0.5], requires_grad=True)
    cost = paid(by_level, 0.25)
    cost.backward()
    assert cost.item() == pytest.approx(3.75)
    assert by_level.grad is not None
    assert by_level.grad.tolist() == [1, 0, 1]


def test_turned_pictures_lose_and_make_up_nothing() -> None:
    from aigc.models.attention import SHIFTS, turn, turnings

    table = turnings(4, 4)
    assert len(table) == 72
    assert len(set(map(tuple, table.tolist()))) == 72
    image = torch.arange(1.0, 17).view(1, 1, 4, 4)
    ways = torch.arange(72)
    turned = turn(image.expand(72, 2, -1, -1), ways, table)
    assert torch.equal(turned[0, 0], image[0, 0])
    assert torch.equal(turned[:, 0], turned[:, 1])
    assert torch.equal(turned[9, 0], image[0, 0].rot90())
    assert torch.equal(turned[36, 1], image[0, 0].flip(1))
    assert turned[3, 0].tolist() == image[0, 0, [3, 0, 1, 2]].tolist()  # down by one
    assert turned[SHIFTS - 1, 0].tolist() == image[0, 0].roll((-1, -1), (0, 1)).tolist()
    assert all(sorted(way) == list(range(16)) for way in table.tolist())
    wide = turnings(3, 4)
    assert len(set(map(tuple, wide.tolist()))) == len(wide) == 36


def test_muon_does_the_same_with_matrices_together(monkeypatch: pytest.MonkeyPatch) -> None:
    from train import muon

    ends = []
    for at_once in (False, True):
        monkeypatch.setattr(muon, "together", lambda matrix, at_once=at_once: at_once)
        draw = latent.generator(0)
        shapes = [(4, 6), (6, 4), (4, 6), (4, 3, 1, 2)]
        weights = [torch.nn.Parameter(torch.randn(shape, generator=draw)) for shape in shapes]
        optimizer = muon.Muon(weights, 0.1)
        for _ in range(3):
            for weight in weights:
                weight.grad = torch.randn(weight.shape, generator=draw)
            optimizer.step()
        ends.append(torch.cat([weight.detach().flatten() for weight in weights]))
    torch.testing.assert_close(*ends)


def test_the_benchmark_adds_what_pays_on_a_gpu_one_after_the_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from benchmarks import training
    from train import muon, update

    asked = []

    def rate(family: str, data: Path, seconds: float, **flags: Any) -> float:
        asked.append(
            (flags["precision"], flags["compile"], muon.together is original[0],
             loop.compile_mode is original[1], update.USUAL == original[2])
        )  # fmt: skip
        return float(len(asked))

    original = muon.together, loop.compile_mode, update.USUAL
    monkeypatch.setattr(training, "rate", rate)
    rows = dict(training.on_gpu(["gan", "ladder"], Path(), 0.0))
    assert rows["gan"] == ["1", "2", "3", "4", "5", "–", "–", "–", "–"]
    assert rows["ladder"] == [str(i) for i in range(6, 15)]
    assert asked[5:] == [
        ("float32", False, False, False, False),
        *[("bfloat16", False, False, False, False)] * 4,
        ("bfloat16", False, True, False, False),
        ("bfloat16", True, True, False, False),
        ("bfloat16", True, True, True, False),
        ("bfloat16", True, True, True, True),
    ]


def test_the_benchmark_measures_steps_and_leaves_everything_as_it_was(mnist_root: Path) -> None:
    from benchmarks import training

    threads, adam, to = torch.get_num_threads(), torch.optim.Adam, torch.nn.Module.to
    tiny = {"batch": 8, "threads": 1}
    assert training.rate("gan", mnist_root, 0.0, **TINY["gan"], **tiny) > 0
    tiny |= TINY["vae"]
    with training.unfused():
        assert training.rate("vae", mnist_root, 0.0, **tiny) > 0
    for channels_last in (True, False):
        with training.layout(channels_last):
            assert training.rate("vae", mnist_root, 0.0, **tiny) > 0
    assert (torch.get_num_threads(), torch.optim.Adam, torch.nn.Module.to) == (threads, adam, to)


def test_the_benchmark_lays_weights_out_as_it_says() -> None:
    from benchmarks import training

    for wanted in (True, False):
        with training.layout(wanted):
            made = torch.nn.Conv2d(4, 4, 3).to("cpu").to(memory_format=torch.channels_last)
        assert made.weight.is_contiguous(memory_format=torch.channels_last) == wanted


def test_the_benchmark_brings_digits_to_any_size(
    mnist_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from benchmarks import training

    asked = []

    def rate(family: str, data: Path, seconds: float, **flags: Any) -> float:
        asked.append((family, load("folder", data, size=flags["size"]).media.shape))
        return 100.0 / flags["size"]

    monkeypatch.setattr(training, "rate", rate)
    few = loop.load_images(loop.Options(data=mnist_root, images=40))
    monkeypatch.setattr(training, "digits", lambda data: few)
    rows = list(training.by_size(["vae", "language"], mnist_root, 0.0, 1))
    assert asked == [("vae", (1, 28, 28)), ("vae", (1, 64, 64))]  # texts have no size
    assert rows == [("vae", ["4", "2", "2.3"])]
