"""The script for the Hub's machines, run here where nothing of the project can be found."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import hub_environment
from hub_server import HubServer

from aigc import hub
from train import job

ROOT = Path(__file__).parent.parent


def test_the_header_says_what_the_sources_import() -> None:
    text = job.script()
    header = re.search(r"^# /// script\n(.*?)^# ///$", text, re.M | re.S)
    assert header
    listed = re.findall(r'^#   "([a-z-]+)[<>=]', header[1], re.M)
    wanted = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    assert set(listed) == set(re.findall(r"^([a-z-]+)>=", wanted, re.M)) - {"gradio"}
    assert 'requires-python = ">=3.10,<3.14"' in header[1]
    ast.parse(text)
    assert job.sources() == job.sources() and len(text) < 4 * 2**20
    assert job.families() == ["attention", "classifier", "gan", "ladder", "language", "vae"]


def test_a_place_that_is_not_there_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["job", "--out", str(tmp_path / "none" / "job.py")])
    monkeypatch.setattr(job, "script", lambda: "")
    with pytest.raises(SystemExit, match=r"^error: .*job.py could not be written .*another place$"):
        job.main()


def test_a_few_steps_in_a_bare_environment(
    the_hub: HubServer, mnist_root: Path, tmp_path: Path
) -> None:
    """Python without `site` finds the packages that the header names and no copy of the project;
    what it trains arrives on the Hub."""
    (tmp_path / "job.py").write_text(job.script(), encoding="utf-8")
    packages = os.pathsep.join(p for p in sys.path if p.endswith("site-packages"))
    environment = hub_environment(the_hub, tmp_path / "home") | {"PYTHONPATH": packages}

    def bare(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-S", *words], cwd=tmp_path, env=environment, capture_output=True,
            text=True, timeout=300,
        )  # fmt: skip

    assert "No module named 'aigc'" in bare("-c", "import aigc").stderr
    assert "say what to train: attention or" in bare("job.py").stderr
    ran = bare(
        "job.py", "gan", "--data", str(mnist_root), "--out", "out", "--steps", "3",
        "--minutes", "0", "--batch", "8", "--g-base", "4", "--d-base", "4", "--latent", "4",
        "--snapshots", "1",
        "--no-evaluate", "--push-to-hub", "me/gan-job",
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    pulled = hub.pull("me/gan-job")
    assert (pulled.family, pulled.training["steps"]) == ("gan", 3)
