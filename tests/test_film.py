"""Films: what is kept of a run without its weights, read back, broken, and chosen in Time-lapse."""

from __future__ import annotations

import dataclasses
import io
import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from aigc import checkpoint, film, ui
from aigc.checkpoint import CheckpointError
from aigc.film import Film
from aigc.ui import figures, texts, timelapse
from aigc.ui.catalogue import Catalogue, read_link

NEEDS = timelapse.NEEDS


def keep(tiny: Path, folder: Path, **changes: object) -> Path:
    """The film of a tiny checkpoint in `folder`."""
    made = checkpoint.load(tiny)
    values: dict[str, object] = {
        "name": folder.name, "family": made.family, "model": made.model, "media": made.media,
        "labels": made.labels, "dataset": made.dataset, "training": made.training, "path": tiny,
        "claim": "the discriminator wins, and the generator learns nothing",
        "command": f"python -m train.recipes {folder.name} --data DIR",
        "outcome": {"label accuracy": 0.09, "margin": 304.0, "odd": 1.0},
    }  # fmt: skip
    film.write(Film(**(values | changes)), folder)  # type: ignore[arg-type]
    return folder


@pytest.fixture
def shelf(tiny_checkpoints: Path, tmp_path: Path) -> Catalogue:
    gan = tiny_checkpoints / "gan-mnist"
    keep(gan, tmp_path / "gan-fails")
    keep(gan, tmp_path / "a-remedy", mends="gan-fails", claim="<b>odd", outcome={})
    return ui.catalogue_of(tiny_checkpoints, films=tmp_path)


def test_a_film_reads_back(tiny_checkpoints: Path, tmp_path: Path) -> None:
    tiny = tiny_checkpoints / "gan-mnist"
    folder = keep(tiny, tmp_path / "gan-fails")
    again = film.read(keep(tiny, folder))  # what stood there is replaced
    assert (again.name, again.mends, again.outcome["margin"]) == ("gan-fails", "", 304)
    assert again.training == checkpoint.load(tiny).training
    assert again.capabilities == () and again.labels == () and len(again.revision) == 12
    stages, before = checkpoint.snapshots(folder), checkpoint.snapshots(tiny)
    assert [dataclasses.replace(s, picture=b"") for s in stages] == [
        dataclasses.replace(s, picture=b"") for s in before
    ]
    assert {p.name for p in folder.iterdir()} == {film.FILM, "snapshots"}
    assert [p.name for p in tmp_path.iterdir()] == ["gan-fails"]


def test_pictures_become_lighter_and_look_the_same() -> None:
    grey = np.random.default_rng(0).integers(0, 256, (56, 56), np.uint8)
    for mode, pixels in (("L", grey), ("RGB", np.stack([grey] * 3, 2))):
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, "PNG")
        light = film.lighter(buffer.getvalue())
        with Image.open(io.BytesIO(light)) as image:
            error = np.abs(np.asarray(image.convert(mode)).astype(int) - pixels).max()
        assert error <= (8 if mode == "L" else 0)
        assert len(light) < (0.6 if mode == "L" else 1.01) * len(buffer.getvalue())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("{", "film.json cannot be read"),
        ("[]", "film.json holds a list"),
        ({"format": 2}, "format 2 and this version reads format 1"),
        ({"claim": None}, "'claim', 'mends', 'command' are texts"),
        ({"outcome": {"margin": "large"}}, "'outcome' an object of numbers"),
        ({"training": []}, "'training' is an object"),
        ({"odd": 1}, "has the unknown key 'odd'"),
        ("no index", r"index\.json is missing; is this a film\?"),
    ],
)
def test_a_film_that_is_wrong(
    tiny_checkpoints: Path, tmp_path: Path, change: object, words: str
) -> None:
    keep(tiny_checkpoints / "gan-mnist", tmp_path / "whole")
    folder = keep(tiny_checkpoints / "gan-mnist", tmp_path / "wrong")
    path = folder / film.FILM
    if change == "no index":
        (folder / checkpoint.SNAPSHOTS).unlink()
    elif isinstance(change, str):
        path.write_text(change)
    else:
        path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(CheckpointError, match=words):
        film.read(folder)
    shelf = ui.catalogue_of(tiny_checkpoints, films=tmp_path)
    assert [one.name for one in shelf.films] == ["whole"]
    said = ui.trouble(shelf)
    assert "wrong" in said and str(tmp_path) not in said
    with pytest.raises(ValueError, match="wrong could not be loaded"):
        timelapse.watch(shelf, "wrong")


def test_a_broken_picture_is_one_sentence(shelf: Catalogue, tmp_path: Path) -> None:
    next((tmp_path / "gan-fails" / "snapshots").glob("*.png")).write_bytes(b"no picture")
    with pytest.raises(ValueError, match=r"gan-fails could not be loaded: .*is no PNG"):
        timelapse.watch(shelf, "gan-mnist", "gan-fails")


def test_no_films_no_trouble(tiny_checkpoints: Path, tmp_path: Path) -> None:
    for folder in (None, tmp_path, tmp_path / "nowhere"):
        shelf = ui.catalogue_of(tiny_checkpoints, films=folder)
        assert shelf.films == [] and shelf.broken == []


def test_an_empty_list_of_snapshots_is_no_film(tiny_checkpoints: Path, tmp_path: Path) -> None:
    shutil.copytree(tiny_checkpoints / "gan-mnist", tmp_path / "gan-mnist")
    (tmp_path / "gan-mnist" / "snapshots" / "index.json").write_text("[]\n")
    assert ui.catalogue_of(tmp_path, films=None).able(NEEDS) == []


def test_films_come_after_the_checkpoints(shelf: Catalogue) -> None:
    *checkpoints, failure, remedy = shelf.choices(NEEDS)
    assert len(checkpoints) > 2 and all(title == name for title, name in checkpoints)
    assert failure == (texts.FILM_FAILS.format(name="gan-fails"), "gan-fails")
    assert remedy == (texts.FILM_MENDS.format(name="a-remedy"), "a-remedy")
    assert timelapse.others(shelf)[-2:] == [failure, remedy]


def test_no_other_tab_has_films(shelf: Catalogue) -> None:
    for tab in ui.TABS:
        if tab is not timelapse:
            assert not {"gan-fails", "a-remedy"} & {one.name for one in shelf.able(tab.NEEDS)}
    with pytest.raises(ValueError, match="gan-fails has no sample; choose one of"):
        shelf.find("gan-fails", "sample")


def test_a_film_beside_a_checkpoint(shelf: Catalogue) -> None:
    value, made = timelapse.watch(shelf, "gan-fails", "gan-mnist", "2")
    assert made["checkpoint"] == "gan-fails" and made["beside"] == "gan-mnist"
    kept, whole = value["runs"]
    assert kept["figures"] == whole["figures"] and len(kept["frames"]) == 3
    assert whole["about"] == ""
    about = re.sub("<[^>]*>", " ", kept["about"])
    assert "Made to fail: the discriminator wins" in about
    assert "9% of the samples show the class" in about and "304.0 logits" in about
    assert "python -m train.recipes gan-fails --data DIR" in about
    assert texts.FILM_UNNOTICED in about and "a test" in about
    query = {"tab": "timelapse", "checkpoint": "a-remedy", "revision": made["revision"]}
    values, ignored = read_link(shelf, NEEDS, ["checkpoint"], query)
    assert values == {"checkpoint": "a-remedy"}
    assert ignored == [] or "a-remedy" in ignored[0]  # the two may differ in revision
    remedy = timelapse.film(shelf.find("a-remedy", NEEDS))["about"]
    assert "A remedy tried on gan-fails: &lt;b&gt;odd." in remedy
    assert texts.FILM_ALONE in figures.film_card(shelf.films[0])


def test_a_film_gives_way_to_a_checkpoint_of_its_name(
    tiny_checkpoints: Path, tmp_path: Path
) -> None:
    keep(tiny_checkpoints / "gan-mnist", tmp_path / "vae-mnist")
    shelf = ui.catalogue_of(tiny_checkpoints, films=tmp_path)
    assert [name for _, name in shelf.choices(NEEDS)].count("vae-mnist") == 1
    assert shelf.find("vae-mnist", NEEDS).capabilities != ()


def test_what_is_no_run_gets_one_short_sentence(shelf: Catalogue) -> None:
    shelf.films = [dataclasses.replace(shelf.films[0], name=f"film-{i}") for i in range(90)]
    with pytest.raises(ValueError, match="There is no checkpoint 'nonsense'") as caught:
        timelapse.watch(shelf, "nonsense")
    assert len(str(caught.value)) < 600
