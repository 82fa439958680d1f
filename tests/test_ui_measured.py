"""What was measured, said where somebody samples."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from conftest import save_tiny

from aigc import checkpoint
from aigc.survey import TRADEOFF
from aigc.ui import catalogue_of, measured, texts
from aigc.ui.catalogue import Catalogue, survey_of

ROOT = Path(__file__).parents[1] / "checkpoints"


def figure(text: str, reference: str) -> dict[str, Any]:
    return {"name": "x", "text": text, "reference_text": reference, "protocol": 'p "q" <i>'}


def with_figures(folder: Path, figures: object) -> str:
    (save_tiny(folder / "gan-mnist", "gan") / "metrics.json").write_text(json.dumps(figures))
    return measured.copies(catalogue_of(folder).checkpoints[0])


def test_copies_are_said_with_what_real_images_show(tmp_path: Path) -> None:
    said = with_figures(
        tmp_path,
        {
            "near_copies": figure("<b>0.10%", "1.00%"),
            "near_copies_features": figure("0.20%", "1.00%"),
            "nearest_training": figure("4.64", "4.34"),
        },
    )
    for part in ("&lt;b&gt;0.10%", "1.00%", "0.20%", "4.64", "4.34", "p &quot;q&quot; &lt;i&gt;"):
        assert part in said
    # How it was measured is there for who cannot hover, too.
    sentence, folded = said.split("<details", 1)
    assert sentence.count("<") == 2 and texts.FIGURES_ARE in folded
    assert folded.count("<dd>p &quot;q&quot; &lt;i&gt;</dd>") == 3


@pytest.mark.parametrize(
    "figures", [{}, {"near_copies": 3}, {"near_copies": {"text": "1%"}}, {"recall": figure("", "")}]
)
def test_nothing_is_said_of_what_nobody_measured(tmp_path: Path, figures: object) -> None:
    assert with_figures(tmp_path, figures) == ""


@pytest.mark.parametrize("path", sorted(ROOT.iterdir()), ids=lambda path: path.name)
def test_a_shipped_checkpoint_says_what_stands_on_its_card(path: Path) -> None:
    figures = json.loads((path / "metrics.json").read_text(encoding="utf-8"))
    shipped = checkpoint.load(path)
    said = measured.copies(shipped)
    there = [key for key in measured.COPIES if key in figures]
    assert len(there) == ("sample" in shipped.capabilities)
    for key in there:
        assert figures[key]["text"] in said and figures[key]["reference_text"] in said


@pytest.mark.parametrize(("temperature", "row"), [(0.0, 0), (2.0, 2), (None, 1)])
def test_the_nearest_temperature_that_was_measured_is_in_sight(
    catalogue: Catalogue, temperature: float | None, row: int
) -> None:
    chosen = catalogue.find("gan-mnist", "sample")
    survey = survey_of(chosen, "tradeoff")
    assert survey is not None
    table = survey["tradeoff"].tolist()
    asked = table[row][0] if temperature is None else temperature
    nearest = min(table, key=lambda values: abs(values[0] - asked))
    said = measured.at_temperatures(chosen, asked)
    sentences = re.findall(r'<p data-at="([^"]+)"( hidden)?>(.*?)</p>', said)
    assert len(sentences) == len(table)
    ((at, _, seen),) = [one for one in sentences if not one[1]]
    assert float(at) == pytest.approx(nearest[0], abs=1e-3)
    values = dict(zip(TRADEOFF, nearest))
    for part in (f"{values['precision']:.1%}", f"{values['recall']:.1%}", texts.TRADEOFF_ALL):
        assert part in seen + said[-200:]
    assert "tab=explore&amp;checkpoint=gan-mnist&amp;look=tradeoff" in said


def test_without_a_survey_the_slider_stands_alone(catalogue: Catalogue) -> None:
    assert measured.at_temperatures(catalogue.find("attention-mnist", "sample"), 1.0) == ""
