"""Several processes make the weights that one makes; a lost one ends the run; another number goes
on."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from aigc.latent import generator
from tests.test_train import recipe, train, weights
from train import distributed, loop

ROOT = Path(__file__).parent.parent
# The relativistic loss does not depend on the discriminator's last bias: its gradient is rounding
# alone, which Adam divides by its own size, so that one number follows from nothing.
# Poems differ in length, and levels of the ladder lie on both sides of its free bits.
CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "gan": ("gan", {"loss": "non-saturating", "augment": "on", "penalty_every": 2}),
    "packed": ("gan", {"loss": "hinge", "r1": False, "r2": False, "gp": 10.0, "pack": 2}),
    "vae": ("vae", {}),
    "ladder": ("ladder", {"free_bits": 0.5}),
    "attention": ("attention", {}),
    "language": ("language", {"dataset": "tang", "size": 0}),
}
EXACT = {"precision": "float32"}


# Processes of a run, forked from one that has imported torch: that takes longer than the runs.


def serve() -> None:
    """Read jobs, a line each, until stdin ends: fork their processes, print their ids and, when
    they have ended, their exit statuses."""
    import torch._dynamo  # noqa: F401 - what the first optimizer would import in each of them

    import train.attention
    import train.evaluate
    import train.gan
    import train.ladder
    import train.language
    import train.vae  # noqa: F401

    for line in sys.stdin:
        job = json.loads(line)
        children = []
        for rank in range(job["count"]):
            child = os.fork()
            if child == 0:
                os._exit(one_of(job, rank))
            children.append(child)
        print(json.dumps(children), flush=True)
        ended = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
        print(json.dumps(ended), flush=True)


def one_of(job: dict[str, Any], rank: int) -> int:
    """Be a process of the job: `main` of its scripts, one after the other; the exit status."""
    for number, name in ((1, "out"), (2, "err")):
        file = os.open(f"{job['said']}/{rank}.{name}", os.O_CREAT | os.O_WRONLY | os.O_TRUNC)
        os.dup2(file, number)
    sys.stdout, sys.stderr = (open(n, "w", buffering=1, closefd=False) for n in (1, 2))
    os.environ |= {
        "MASTER_ADDR": "127.0.0.1", "WORLD_SIZE": str(job["count"]), "RANK": str(rank),
        "LOCAL_RANK": str(rank),
    }  # fmt: skip
    loop.SAVE_EVERY_S = 0.0
    original = loop.Run.update_average

    def slowly(self: loop.Run) -> None:
        original(self)
        print("step", self.step, flush=True)
        time.sleep(job["pause"])

    if job["pause"]:
        loop.Run.update_average = slowly  # type: ignore[method-assign]
    try:
        for case, port in zip(job["cases"], job["ports"]):
            os.environ["MASTER_PORT"] = str(port)  # a store that is not the last one's
            script, flags = CASES[case]
            flags = flags | EXACT | job["flags"]
            wanted = recipe(script, Path(job["data"]), Path(job["out"]) / case, **flags)
            run = sys.modules[f"train.{script}"].train
            loop.main(lambda run=run, wanted=wanted: run(wanted))  # type: ignore[misc]
    except SystemExit as ended:
        print(ended.code, file=sys.stderr)
        return 1
    except BaseException:
        traceback.print_exc()
        return 2
    return 0


class Server:
    """`serve` in a process of its own."""

    def __init__(self, data: Path, said: Path) -> None:
        self.data, self.said = data, said
        self.process = subprocess.Popen(
            [sys.executable, "-c", "from tests.test_distributed import serve; serve()"],
            cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def start(
        self, count: int, out: Path, *cases: str, pause: float = 0.0, **flags: Any
    ) -> list[int]:
        """The ids of `count` processes that train the cases into folders of `out`."""
        assert self.process.stdin is not None
        with contextlib.ExitStack() as free:
            sockets = [free.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in cases]
            ports = [each.getsockname()[1] for each in sockets]
        for left in self.said.iterdir():  # of the last job
            left.unlink()
        job = {
            "count": count, "cases": cases, "ports": ports, "pause": pause, "flags": flags,
            "data": str(self.data), "out": str(out), "said": str(self.said),
        }  # fmt: skip
        self.process.stdin.write(json.dumps(job) + "\n")
        self.process.stdin.flush()
        return self.reply()

    def reply(self) -> list[int]:
        assert self.process.stdout is not None
        return json.loads(self.process.stdout.readline())

    def finish(self) -> list[tuple[int, str, str]]:
        """The exit status of each process, and what it said on stdout and stderr."""
        codes = self.reply()
        return [
            (code, *((self.said / f"{rank}.{name}").read_text() for name in ("out", "err")))  # type: ignore[misc]
            for rank, code in enumerate(codes)
        ]

    def wait_for(self, name: str, words: str) -> str:
        """All that the first process has said, on "out" or "err", once the words are in it."""
        file, said = self.said / f"0.{name}", ""
        for _ in range(4000):
            said = file.read_text() if file.exists() else ""
            if words in said:
                return said
            time.sleep(0.01)
        return pytest.fail(f"the first process never said {words!r} but {said!r}")


@pytest.fixture(scope="module")
def server(mnist_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    started = Server(mnist_root, tmp_path_factory.mktemp("said"))
    try:
        yield started
    finally:
        assert started.process.stdin is not None and started.process.stdout is not None
        started.process.stdin.close()
        started.process.wait(60)
        started.process.stdout.close()


def close(a: Path, b: Path) -> None:
    ours, theirs = weights(a), weights(b)
    for key, value in ours.items():
        torch.testing.assert_close(value, theirs[key], rtol=1e-4, atol=1e-5, msg=f"{b} {key}")


@pytest.fixture(scope="module")
def alone(mnist_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What one process makes in 4 steps."""
    out = tmp_path_factory.mktemp("alone")
    for case, (script, flags) in CASES.items():
        train(script, mnist_root, out / case, **flags, **EXACT)
    return out


def test_two_processes_make_the_weights_of_one(alone: Path, server: Server, tmp_path: Path) -> None:
    """Gradient penalties, augmentation, packs, free bits, clipping, Muon, EMA and all random
    numbers included."""
    server.start(2, tmp_path, *CASES)
    ended = server.finish()
    assert [code for code, _, _ in ended] == [0, 0], ended
    for case in CASES:
        close(alone / case, tmp_path / case)
    # One rank writes, and says so.
    assert [out.count("images in") for _, out, _ in ended] == [len(CASES), 0]
    assert "%" not in ended[1][2]


def test_torchrun_makes_the_weights_of_one_process(
    alone: Path, mnist_root: Path, tmp_path: Path
) -> None:
    command = (
        "torch.distributed.run --standalone --nproc-per-node 2 -m train.gan --batch 8 --steps 4 "
        "--minutes 0 --snapshots 2 --no-evaluate --latent 4 --g-base 4 --d-base 4 --precision "
        "float32 --loss non-saturating --augment on --penalty-every 2"
    )
    done = subprocess.run(
        [sys.executable, "-m", *command.split(), "--data", mnist_root, "--out", tmp_path / "gan"],
        cwd=ROOT, capture_output=True, text=True, timeout=240,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("images in") == 1
    close(alone / "gan", tmp_path / "gan")
    made = json.loads((tmp_path / "gan" / "config.json").read_text())["training"]
    assert made["processes"] == 2 and made["images"] == 32


def test_a_lost_process_ends_the_run_and_another_number_goes_on(
    alone: Path, server: Server, tmp_path: Path
) -> None:
    processes = server.start(2, tmp_path, "vae", pause=0.3)
    server.wait_for("out", "step 2\n")
    os.kill(processes[1], signal.SIGKILL)
    lost = time.monotonic()
    (code, _, said), _ = server.finish()
    assert time.monotonic() - lost < 40  # at once, and not when its time is up
    assert code == 1
    last = [line for line in said.splitlines() if line.startswith("error")]
    assert len(last) == 1
    assert re.search(r"another process .* was lost at step \d .* --resume, on as many", last[0])
    state = tmp_path / "vae.resume.safetensors"
    assert f"goes on from {state}" in last[0]
    assert not (tmp_path / "vae").exists()
    # Four go on where two were; then the result is what one process makes.
    server.start(4, tmp_path, "vae", resume=True)
    ended = server.finish()
    assert [code for code, _, _ in ended] == [0] * 4, ended
    close(alone / "vae", tmp_path / "vae")


def test_a_process_that_hangs_ends_the_run_in_the_time_that_was_given(
    alone: Path, mnist_root: Path, server: Server, tmp_path: Path
) -> None:
    processes = server.start(2, tmp_path, "vae", pause=0.3, lost_after=3.0)
    server.wait_for("out", "step 2\n")
    os.kill(processes[1], signal.SIGSTOP)
    hung = time.monotonic()
    try:
        said = server.wait_for("err", "error: ")
    finally:
        os.kill(processes[1], signal.SIGCONT)
    assert time.monotonic() - hung > 2
    assert re.search("error: another process of this run was lost at step [23] ", said)
    # It wakes up, and finds that the others are gone.
    (first, _, _), (second, _, said) = server.finish()
    assert (first, second) == (1, 1) and said.count("error: another process") == 1
    train("vae", mnist_root, tmp_path / "vae", resume=True, **EXACT)
    close(alone / "vae", tmp_path / "vae")


def test_a_batch_that_cannot_be_shared_is_one_sentence(server: Server, tmp_path: Path) -> None:
    server.start(3, tmp_path, "vae")
    sentence = "error: --batch 8 cannot be shared by 3 processes; choose a multiple"
    ended = server.finish()
    assert any(sentence in said for _, _, said in ended)
    for code, _, said in ended:  # one may be gone before another has met it
        assert code == 1
        assert sentence in said or "error: another process ended before the run began" in said
    assert list(tmp_path.iterdir()) == []


def test_own_rows_leave_one_process_alone() -> None:
    with distributed.OwnRows(3):
        inside = torch.randn(3, 2, generator=generator(1)), torch.rand((5,), generator=generator(2))
    outside = torch.randn(3, 2, generator=generator(1)), torch.rand((5,), generator=generator(2))
    assert all(map(torch.equal, inside, outside))


def test_own_rows_are_the_rows_of_the_whole_draw(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distributed, "size", lambda: 2)
    whole = torch.randn(6, 2, generator=generator(1))
    for rank in (0, 1):
        monkeypatch.setattr(distributed, "rank", lambda rank=rank: rank)
        with distributed.OwnRows(3):
            assert torch.equal(
                torch.randn((3, 2), generator=generator(1)), whole[3 * rank : 3 * rank + 3]
            )
            assert len(torch.rand(3, generator=generator(1))) == 3
            with pytest.raises(ValueError, match="one row for each of its 3 images"):
                torch.rand(4, 3, generator=generator(1))
