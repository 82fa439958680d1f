"""Every recipe that fails on purpose is a command that runs."""

from __future__ import annotations

import json
import math
import re
import shutil
from pathlib import Path

import pytest
import tyro

from aigc import checkpoint, film
from train import gan, loop, recipes, vae

FILMS = Path(__file__).parent.parent / "films"


@pytest.mark.parametrize("name", recipes.RECIPES)
def test_every_recipe_runs(
    name: str, mnist_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    flags, claim, mends = recipes.RECIPES[name]
    assert claim and "--steps 800" in flags
    short = flags.replace("--steps 800", "--steps 1 --batch 8")
    monkeypatch.setitem(recipes.RECIPES, name, (short, claim, mends))
    films = tmp_path / "films"
    folder = recipes.run(recipes.Options(name, mnist_root, tmp_path, True, films))
    assert folder == tmp_path / name
    made = checkpoint.load(folder)
    assert made.training["recipe"]["snapshots"] == 10
    assert json.loads((folder / "snapshots" / "index.json").read_text())[1]["step"] == 1
    *_, outcome, kept = capsys.readouterr().out.splitlines()
    assert Path(kept) == films / name and outcome.startswith(f"{name}: ")
    outcome = outcome.removeprefix(f"{name}: ")
    again = film.read(films / name)
    assert (again.claim, again.mends, again.training["steps"]) == (claim, mends, 1)
    assert f"--out runs/{name} " in again.training["command"]
    assert again.training["recipe"] == made.training["recipe"]
    assert len(checkpoint.snapshots(films / name)) == 2
    names = [part.rpartition(" ")[0] for part in outcome.split(", ")]
    if name.startswith("gan"):
        assert names[:3] == ["margin", "D loss", "diversity"]
    else:
        assert made.labels == ()  # it is shown none, and draws none
        assert names == [
            "-ELBO", "-log p(x|z)", "KL", "sharpness of reconstructions", "sharpness of samples",
        ]  # fmt: skip
    assert names == list(again.outcome)
    assert all(math.isfinite(float(part.rpartition(" ")[2])) for part in outcome.split(", "))


def test_names(capsys: pytest.CaptureFixture[str]) -> None:
    assert recipes.run(recipes.Options()) is None
    listed = capsys.readouterr().out
    assert all(name in listed for name in recipes.RECIPES)
    with pytest.raises(loop.TrainingError, match="choose one of gan-certain"):
        recipes.run(recipes.Options("gan-nothing"))


def test_a_run_that_is_there_is_not_repeated(
    mnist_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = {name: recipes.RECIPES[name] for name in ("gan-certain", "vae-blurry")}
    short = {
        name: (flags.replace("--steps 800", "--steps 1 --batch 8"), *more)
        for name, (flags, *more) in first.items()
    }
    monkeypatch.setattr(recipes, "RECIPES", short)
    options = recipes.Options(recipes.ALL, mnist_root, tmp_path, True, tmp_path / "films")
    assert recipes.run(options) is None
    weights = [(tmp_path / name / checkpoint.WEIGHTS).stat().st_mtime_ns for name in short]
    shutil.rmtree(options.films)
    recipes.run(options)
    again = [(tmp_path / name / checkpoint.WEIGHTS).stat().st_mtime_ns for name in short]
    assert again == weights
    assert [one.name for one in film.scan(options.films)[0]] == ["gan-certain", "vae-blurry"]


@pytest.mark.parametrize("name", recipes.RECIPES)
def test_every_recipe_has_a_film(name: str) -> None:
    """Otherwise: `python -m train.recipes NAME --data DIR --film`."""
    flags, claim, mends = recipes.RECIPES[name]
    kept = film.read(FILMS / name)
    assert (kept.claim, kept.mends) == (claim, mends)
    assert kept.command == f"python -m train.recipes {name} --data DIR"
    script = gan.Recipe if name.startswith("gan") else vae.Recipe
    wanted = loop._comparable(tyro.cli(script, args=flags.split()))
    made = kept.training["recipe"]
    shared = wanted.keys() & made.keys()  # a flag that came later had its default
    assert {key: made[key] for key in shared} == {key: wanted[key] for key in shared}
    assert kept.training["steps"] == 800 and len(checkpoint.snapshots(FILMS / name)) == 11
    names = ["margin", "-ELBO"][name.startswith("vae")]
    assert names in kept.outcome and math.isfinite(kept.outcome[names])


def test_films_are_small() -> None:
    assert {path.name for path in FILMS.iterdir()} == set(recipes.RECIPES)
    sizes = [
        sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
        for path in FILMS.iterdir()
    ]
    assert max(sizes) < 100_000 and sum(sizes) < 1_200_000


@pytest.mark.parametrize("name", recipes.RECIPES)
def test_the_experiments_have_the_figures_of_the_films(name: str) -> None:
    found = film.read(FILMS / name).outcome
    if name.startswith("gan"):
        margin = found["margin"]
        wanted = [f"{margin:.0f}" if abs(margin) >= 10 else f"{margin:.1f}"]
        wanted += [f"{found['diversity']:.2f}", f"{found['label accuracy']:.0%}"]
        wanted += [f"{found['classes covered']:.0%}"]
    else:
        wanted = [f"{found[key]:.1f}" for key in ("-ELBO", "-log p(x|z)", "KL")]
        wanted += [f"{value:.2f}" for key, value in found.items() if "sharpness" in key]
    text = (FILMS.parent / "docs" / "experiments.md").read_text(encoding="utf-8")
    rows = re.findall(rf"^\| `{name}` \|[^|]*\|(.*)\|$", text.replace("*", ""), re.MULTILINE)
    assert any(
        [cell.strip() for cell in row.split("|")][: len(wanted)] == wanted for row in rows
    ), (wanted, rows)
