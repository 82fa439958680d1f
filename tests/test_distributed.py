"""Several processes make the weights that one makes; a lost one ends the run; another number goes
on."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import torch

from aigc.latent import generator
from tests.test_train import train, weights
from train import distributed

ROOT = Path(__file__).parent.parent
FAMILIES = ("gan", "vae", "attention")
# The relativistic loss does not depend on the discriminator's last bias: its gradient is rounding
# alone, which Adam divides by its own size, so that one number follows from nothing.
GAN = {"loss": "non-saturating", "augment": "on", "penalty_every": 2}

# What a process of a run does: `main` of a script, for each family one after the other.
DRIVER = """
import importlib, os, sys, time
from pathlib import Path
from tests.test_distributed import GAN
from tests.test_train import recipe
from train import loop

data, out, steps, resume, pause, *families = sys.argv[1:]


def step_slowly(update):
    def patched(self):
        update(self)
        print("step", self.step, flush=True)
        time.sleep(float(pause))
    return patched


loop.SAVE_EVERY_S = 0.0
if float(pause):
    loop.Run.update_average = step_slowly(loop.Run.update_average)
for family, port in zip(families, os.environ["PORTS"].split()):
    os.environ["MASTER_PORT"] = port  # a group of its own, and a store that is not the last one's
    flags = {"resume": resume == "resume", "steps": int(steps), "precision": "float32"}
    if family == "gan":
        flags |= GAN
    wanted = recipe(family, Path(data), Path(out) / family, **flags)
    loop.main(lambda: importlib.import_module(f"train.{family}").train(wanted))
"""


def start(count: int, *args: object) -> list[subprocess.Popen[str]]:
    """`count` processes with the environment that torchrun gives."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in FAMILIES]
    ports = " ".join(str(free.getsockname()[1]) for free in sockets)
    for free in sockets:
        free.close()
    environment = os.environ | {
        "MASTER_ADDR": "127.0.0.1", "PORTS": ports, "WORLD_SIZE": str(count),
    }  # fmt: skip
    return [
        subprocess.Popen(
            [sys.executable, "-c", DRIVER, *map(str, args)],
            cwd=ROOT,
            env=environment | {"RANK": str(rank), "LOCAL_RANK": str(rank)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(count)
    ]


def finish(processes: list[subprocess.Popen[str]]) -> list[tuple[int, str, str]]:
    try:
        ended = [p.communicate(timeout=240) for p in processes]
    finally:
        for process in processes:
            process.kill()
    return [(p.returncode, out, err) for p, (out, err) in zip(processes, ended)]


def close(a: Path, b: Path) -> None:
    ours, theirs = weights(a), weights(b)
    for key, value in ours.items():
        torch.testing.assert_close(value, theirs[key], rtol=1e-4, atol=1e-5, msg=f"{a.name} {key}")


@pytest.fixture(scope="module")
def alone(mnist_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What one process makes in 4 steps."""
    out = tmp_path_factory.mktemp("alone")
    for family in FAMILIES:
        flags = {"precision": "float32"}
        if family == "gan":
            flags |= GAN
        train(family, mnist_root, out / family, **flags)
    return out


def test_two_processes_make_the_weights_of_one(
    alone: Path, mnist_root: Path, tmp_path: Path
) -> None:
    """Gradient penalties, augmentation, clipping, Muon, EMA and all random numbers included."""
    ended = finish(start(2, mnist_root, tmp_path, 4, "new", 0, *FAMILIES))
    assert [code for code, _, _ in ended] == [0, 0], ended
    for family in FAMILIES:
        close(alone / family, tmp_path / family)
    # One rank writes, and says so.
    assert [out.count("images in") for _, out, _ in ended] == [3, 0]
    assert "%" not in ended[1][2]


def test_a_lost_process_ends_the_run_and_another_number_goes_on(
    alone: Path, mnist_root: Path, tmp_path: Path
) -> None:
    processes = start(2, mnist_root, tmp_path, 4, "new", 0.3, "vae")
    assert processes[0].stdout is not None
    for line in processes[0].stdout:
        if line == "step 2\n":
            processes[1].send_signal(signal.SIGKILL)
            break
    lost = time.monotonic()
    (code, _, said), _ = finish(processes)
    assert time.monotonic() - lost < 60
    assert code == 1
    last = [line for line in said.splitlines() if line.startswith("error")]
    assert len(last) == 1
    assert re.search(r"another process .* was lost at step \d .* --resume, on as many", last[0])
    state = tmp_path / "vae.resume.safetensors"
    assert f"goes on from {state}" in last[0]
    assert not (tmp_path / "vae").exists()
    # Four go on where two were; then the result is what one process makes.
    ended = finish(start(4, mnist_root, tmp_path, 4, "resume", 0, "vae"))
    assert [code for code, _, _ in ended] == [0] * 4, ended
    close(alone / "vae", tmp_path / "vae")


def test_a_batch_that_cannot_be_shared_is_one_sentence(mnist_root: Path, tmp_path: Path) -> None:
    ended = finish(start(3, mnist_root, tmp_path, 4, "new", 0, "vae"))
    for code, _, said in ended:
        assert code == 1
        assert "error: --batch 8 cannot be shared by 3 processes; choose a multiple" in said
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
