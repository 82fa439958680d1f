"""Levels kept and levels drawn again, as the page shows them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import torch
from conftest import save_tiny

from aigc.ui import catalogue_of, levels, sample, texts
from aigc.ui.catalogue import Catalogue


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    folder: Path = tmp_path_factory.mktemp("levels")
    for family in ("ladder", "vae"):
        save_tiny(folder / f"{family}-mnist", family)
    return catalogue_of(folder)


def wish(catalogue: Catalogue, **change: Any) -> levels.Wish:
    values: dict[str, Any] = {
        "checkpoint": "ladder-mnist", "seed": 5, "label": "3", "temperature": 1.0, "other_seed": 9,
    }  # fmt: skip
    return levels.read(catalogue, **(values | change))


def test_the_last_row_is_the_first_picture_of_the_page(loaded: Catalogue) -> None:
    rows = levels.rows(wish(loaded))
    one = sample.images(sample.read(loaded, "ladder-mnist", 1, 5, "3", 1.0))
    count = len(loaded.find("ladder-mnist", "levels").model.levels)  # type: ignore[arg-type]
    assert rows.shape == (count + 1, levels.DRAWS, 1, 28, 28)
    torch.testing.assert_close(rows[-1], one.expand(levels.DRAWS, -1, -1, -1))


def test_the_more_is_kept_the_closer_the_pictures_of_a_row(loaded: Catalogue) -> None:
    spread = levels.rows(wish(loaded)).std(1).mean((1, 2, 3)).tolist()
    assert spread[-1] == pytest.approx(0, abs=1e-6)
    assert min(spread[:-1]) > 1e-5 and spread[0] == max(spread)


def test_seeds_are_what_decides(loaded: Catalogue) -> None:
    a, again, other = (levels.rows(wish(loaded, other_seed=seed)) for seed in (9, 9, 10))
    assert torch.equal(a, again)
    assert torch.equal(a[-1], other[-1]) and not torch.allclose(a[:-1], other[:-1])


def test_the_page_names_every_row(loaded: Catalogue) -> None:
    shown = levels.page(wish(loaded))
    count = len(loaded.find("ladder-mnist", "levels").model.levels)  # type: ignore[arg-type]
    for keep in range(count + 1):
        title = texts.LEVELS_KEPT.format(kept=keep, levels=count)
        assert f"<figcaption>{title}</figcaption>" in shown and f'alt="{title}"' in shown
    assert shown.count("data:image/png;base64,") == count + 1


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"checkpoint": "vae-mnist"}, "vae-mnist"),
        ({"checkpoint": "nothing"}, "nothing"),
        ({"seed": -1}, "-1"),
        ({"other_seed": 2**40}, str(2**40)),
        ({"label": "x"}, "'x'"),
        ({"temperature": "hot"}, "hot"),
    ],
)
def test_bad_input_is_one_sentence(
    loaded: Catalogue, change: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(ValueError, match=rf"^[^\n]*{re.escape(sentence)}[^\n]*$"):
        wish(loaded, **change)
