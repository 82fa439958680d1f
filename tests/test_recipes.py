"""Every recipe that fails on purpose is a command that runs."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from aigc import checkpoint
from train import loop, recipes


@pytest.mark.parametrize("name", recipes.RECIPES)
def test_every_recipe_runs(
    name: str, mnist_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    flags, claim = recipes.RECIPES[name]
    assert claim and "--steps 800" in flags
    short = flags.replace("--steps 800", "--steps 1 --batch 8")
    monkeypatch.setitem(recipes.RECIPES, name, (short, claim))
    folder = recipes.run(recipes.Options(name, mnist_root, tmp_path))
    assert folder == tmp_path / name
    made = checkpoint.load(folder)
    assert made.training["recipe"]["snapshots"] == 10
    assert json.loads((folder / "snapshots" / "index.json").read_text())[0]["step"] == 1
    outcome = capsys.readouterr().out.splitlines()[-1]
    names = [part.rpartition(" ")[0] for part in outcome.split(", ")]
    if name.startswith("gan"):
        assert names[:3] == ["margin", "D loss", "diversity"]
    else:
        assert names == [
            "-ELBO", "-log p(x|z)", "KL", "sharpness of reconstructions", "sharpness of samples",
        ]  # fmt: skip
    assert all(math.isfinite(float(part.rpartition(" ")[2])) for part in outcome.split(", "))


def test_names(capsys: pytest.CaptureFixture[str]) -> None:
    assert recipes.run(recipes.Options()) is None
    listed = capsys.readouterr().out
    assert all(name in listed for name in recipes.RECIPES)
    with pytest.raises(loop.TrainingError, match="choose one of gan-certain"):
        recipes.run(recipes.Options("gan-nothing"))
