"""A run that is killed goes on: at every operation on a file, at any time, on a full disk."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from aigc import checkpoint
from tests.test_train import interrupt_at, train, weights
from train import loop

ROOT = Path(__file__).parent.parent

# Forks a run for each moment at which it is killed: importing torch takes longer than the runs.
DRIVER = """
import os, random, shutil, signal, sys, threading, time
from pathlib import Path
from tqdm import tqdm
from train import loop, vae

# The bar's own lock is shared by all forks, and stays locked when its holder is killed.
tqdm.set_lock(threading.RLock())
tqdm.monitor_interval = 0  # nor is there a thread that may hold it while a run is forked

how, data, folder = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
loop.SAVE_EVERY_S = 0.0
counts, sys.stdout = sys.stdout, open(os.devnull, "w")
sys.stderr = sys.stdout


def run(name, steps, resume, die_at=-1):
    recipe = vae.Recipe(
        data=data, out=folder / name, batch=8, steps=steps, minutes=0, snapshots=2, evaluate=False,
        latent=4, base=4, hidden=16, resume=resume,
    )
    if die_at >= 0:
        seen = 0

        def counted(act):
            def wrapper(*args, **kwargs):
                nonlocal seen
                if seen == die_at:
                    if act is os.fsync:  # half of the file is there
                        os.ftruncate(args[0], os.fstat(args[0]).st_size // 2)
                    os.kill(os.getpid(), signal.SIGKILL)
                seen += 1
                return act(*args, **kwargs)

            return wrapper

        for place, name in (
            (os, "fsync"), (os, "replace"), (shutil, "rmtree"), (Path, "rename"), (Path, "mkdir"),
            (Path, "write_bytes"), (Path, "write_text"),
        ):
            setattr(place, name, counted(getattr(place, name)))
    vae.train(recipe)


def start(*args):
    child = os.fork()
    if child == 0:
        try:
            run(*args)
        except BaseException as error:
            os.write(2, f"{type(error).__name__}: {error}\\n".encode())
            os._exit(1)
        os._exit(0)
    return child


def ended(child):
    status = os.waitpid(child, 0)[1]
    if os.WIFSIGNALED(status):
        return "killed"
    assert os.WEXITSTATUS(status) == 0, "a run failed, see above"
    return "done"


def go_on(name, steps):
    resume = bool(list(folder.glob(name + ".resume.*safetensors")))
    return start(name, steps, resume)


run("warm-up", 1, False)  # what is imported and built once, is not in every fork
if how == "operations":
    moment = 0
    while True:
        name = f"killed-{moment}"
        if ended(start(name, 2, False, moment)) == "done":
            break
        assert ended(go_on(name, 2)) == "done"
        moment += 1
    print(moment, file=counts)
else:
    rng = random.Random(1)
    kills = 0
    child = start("killed", 60, False)
    while True:
        time.sleep(rng.uniform(0, 0.25))
        if kills < 12:
            os.kill(child, signal.SIGKILL)
        if ended(child) == "done":
            break
        kills += 1
        child = go_on("killed", 60)
    print(kills, file=counts)
"""


def drive(how: str, mnist_root: Path, tmp_path: Path) -> int:
    """The number of times that a run was killed."""
    command = [sys.executable, "-c", DRIVER, how, str(mnist_root), str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


def same(a: Path, b: Path) -> bool:
    ours, theirs = weights(a), weights(b)
    return all(torch.equal(ours[k], theirs[k]) for k in ours)


def test_killed_at_every_operation_on_a_file(mnist_root: Path, tmp_path: Path) -> None:
    tiny: dict[str, Any] = {"steps": 2, "latent": 4, "base": 4, "hidden": 16}
    whole = train("vae", mnist_root, tmp_path / "whole", **tiny)
    moments = drive("operations", mnist_root, tmp_path)
    assert moments > 20  # three states and a checkpoint, each of several operations
    for moment in range(moments):
        assert same(whole, tmp_path / f"killed-{moment}"), f"killed at operation {moment}"
    # Nothing half-written is left by the run that went on.
    assert [p.name for p in tmp_path.iterdir() if "partial" in p.name] == []


def test_killed_at_any_time(mnist_root: Path, tmp_path: Path) -> None:
    whole = train("vae", mnist_root, tmp_path / "whole", steps=60)
    assert drive("times", mnist_root, tmp_path) >= 3
    assert same(whole, tmp_path / "killed")


def interrupted(mnist_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A run of 6 steps with states of step 3 and, before it, of step 2."""
    with monkeypatch.context() as patch:
        patch.setattr(loop, "SAVE_EVERY_S", 0.0)
        interrupt_at(patch, 3, lambda: signal.raise_signal(signal.SIGINT))
        with pytest.raises(KeyboardInterrupt):
            train("vae", mnist_root, tmp_path / "cut", steps=6)
    return tmp_path / "cut"


@pytest.mark.parametrize("damage", ["half", "empty", "pickle", "missing"])
def test_a_damaged_state_falls_back_to_the_one_before(
    damage: str,
    mnist_root: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    whole = train("vae", mnist_root, tmp_path / "whole", steps=6)
    out = interrupted(mnist_root, tmp_path, monkeypatch)
    last, before = (out.with_name(f"cut.resume.{n}safetensors") for n in ("", "previous."))
    good = last.read_bytes()
    cut = {"half": good[: len(good) // 2], "empty": b"", "pickle": b"\x80\x04N."}
    last.unlink() if damage == "missing" else last.write_bytes(cut[damage])
    capsys.readouterr()
    assert same(whole, train("vae", mnist_root, out, steps=6, resume=True))
    said = [line for line in capsys.readouterr().err.splitlines() if "going on from" in line]
    assert len(said) == 1 and f"{last} is" in said[0] and "step 2" in said[0]
    # Both damaged: one sentence, and neither is touched.
    last.write_bytes(b"")
    before.write_bytes(good[:100])
    with pytest.raises(loop.TrainingError, match=r"damaged .*; move it away and start again"):
        train("vae", mnist_root, out, steps=6, resume=True)
    assert last.read_bytes() == b"" and before.read_bytes() == good[:100]


def test_a_state_that_is_damaged_never_replaces_a_good_one(
    mnist_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = interrupted(mnist_root, tmp_path, monkeypatch)
    last, before = (out.with_name(f"cut.resume.{n}safetensors") for n in ("", "previous."))
    last.write_bytes(last.read_bytes()[:1000])
    good = before.read_bytes()
    job = loop.Job(
        "vae", loop.Options(out=out), None, torch.nn.Linear(1, 1), {}, lambda *a: {}, ""  # type: ignore[arg-type]
    )  # fmt: skip
    state = loop.Run(job, torch.device("cpu"))
    state.read()
    state.write(b"new")
    assert before.read_bytes() == good and last.read_bytes() == b"new"


def test_a_full_disk_is_one_sentence_and_leaves_the_last_state(
    mnist_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kernel itself refuses: no file of this process may be longer than half a state."""
    whole = train("vae", mnist_root, tmp_path / "whole", steps=6)
    out = interrupted(mnist_root, tmp_path, monkeypatch)
    last = out.with_name("cut.resume.safetensors")
    good = last.read_bytes()
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (len(good) // 2, limit[1]))
        with pytest.raises(loop.TrainingError, match=r"File too large.*make room.*still good"):
            train("vae", mnist_root, out, steps=6, resume=True)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
        signal.signal(signal.SIGXFSZ, handler)
    assert last.read_bytes() == good
    assert [p.name for p in tmp_path.iterdir() if "partial" in p.name] == []
    assert same(whole, train("vae", mnist_root, out, steps=6, resume=True))


def test_a_full_disk_at_the_end_is_one_sentence(
    mnist_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: Any, **kwargs: Any) -> None:
        raise OSError(28, os.strerror(28))

    with monkeypatch.context() as patch:
        patch.setattr(checkpoint, "save", full)
        with pytest.raises(loop.TrainingError, match=r"No space left.*with --resume writes it"):
            train("vae", mnist_root, tmp_path / "x")
    assert not (tmp_path / "x").exists()
    train("vae", mnist_root, tmp_path / "x", resume=True)
    assert same(train("vae", mnist_root, tmp_path / "y"), tmp_path / "x")


def test_a_folder_that_cannot_be_written_is_said_before_the_first_step(
    mnist_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("no folder")
    interrupt_at(monkeypatch, 1, lambda: pytest.fail("it trained first"))
    where = [tmp_path / "file" / "x", Path("/proc/1/x")] if Path("/proc/1").exists() else []
    for out in where or [tmp_path / "file" / "x"]:
        with pytest.raises(loop.TrainingError, match=r"could not be written.*choose another --out"):
            train("vae", mnist_root, out)


def test_other_budgets_are_told_one_after_the_other() -> None:
    short, long = {"minutes": 0.0, "steps": 2000}, {"minutes": 1.5, "steps": 2100}
    assert loop.earlier([], 9, long) == []  # an older state says nothing of them
    assert loop.earlier([short], 9, short) == []
    assert loop.earlier([short], 0, long) == []
    first = loop.earlier([short], 216, long)
    assert (
        loop.in_turn(first, long) == "--steps 2000, until step 216; then --minutes 1.5 --steps 2100"
    )
    assert loop.earlier([*first, long], 216, short) == []  # no step was made with the longer one
    second = loop.earlier([*first, long], 300, short)
    assert loop.in_turn(second, short).endswith("--steps 2100, until step 300; then --steps 2000")


def test_the_card_of_a_run_that_went_on_with_another_budget_says_so(
    mnist_root: Path, tmp_path: Path
) -> None:
    out = train("vae", mnist_root, tmp_path / "x")
    assert "resumed" not in checkpoint.load(out).training
    for _ in range(2):  # the second finds the run at its end
        train("vae", mnist_root, out, steps=5, resume=True)
        told = checkpoint.load(out).training["resumed"]
        assert told == "--steps 4, until step 4; then --steps 5"
    assert f"| resumed | {told} |" in (out / "README.md").read_text(encoding="utf-8")


def test_data_of_another_shape_is_one_sentence(
    mnist_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = train("vae", mnist_root, tmp_path / "x")
    original, change = loop.parse, dict[str, Any]()

    def other(content: bytes) -> Any:
        about, tensors = original(content)
        about["media"] |= change
        return about, tensors

    monkeypatch.setattr(loop, "parse", other)
    for differs, words in (
        ({"channels": 3}, "data of channels 3, and the data has channels 1; name the data"),
        ({"symbols": "abc"}, "data of other characters, and the data has its own; name the data"),
    ):
        change = differs
        with pytest.raises(loop.TrainingError, match=words):
            train("vae", mnist_root, out, steps=5, resume=True)


def test_a_state_from_before_a_flag_was_there(
    mnist_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = interrupted(mnist_root, tmp_path, monkeypatch)
    original = loop.parse

    def older(content: bytes) -> Any:
        about, tensors = original(content)
        del about["recipe"]["kl_warmup"], about["media"], about["budgets"]
        return about, tensors

    monkeypatch.setattr(loop, "parse", older)
    assert train("vae", mnist_root, out, steps=6, resume=True).exists()
