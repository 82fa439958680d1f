"""The discriminator's score of each sample, where Sample shows them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch

from aigc import ui
from aigc.ui import choice, figures, judge, sample, scores, texts, views
from aigc.ui.catalogue import Catalogue


def wish(catalogue: Catalogue, name: str = "gan-mnist", label: str = "any") -> sample.Wish:
    return sample.read(catalogue, name, 5, 7, label, 0.9)


@pytest.mark.parametrize("label", ["any", "3"])
def test_each_sample_has_the_score_of_its_own_class(catalogue: Catalogue, label: str) -> None:
    one = wish(catalogue, label=label)
    found = scores.of(one, sample.images(one))
    assert found is not None and found.above is not None
    for at, (score, above) in enumerate(zip(found.logits, found.above), 1):
        chosen = choice.read(catalogue, "gan-mnist", 7, label, 0.9, at, 0.3, 0)
        image, condition, _ = choice.variations(chosen, (0.1,), 1)
        alone = choice.judged(chosen, image, condition)
        assert score == pytest.approx(float(alone.scores[0]), abs=1e-4)
        assert above == pytest.approx(choice.rank(chosen, alone), abs=0.1)
    assert len(set(found.logits)) == 5


def test_the_page_says_each_score_with_a_bar_and_leads_to_the_slopes(catalogue: Catalogue) -> None:
    one = wish(catalogue)
    made = sample.images(one)
    found, page = scores.of(one, made), sample.page(one, made)
    assert found is not None and found.above is not None
    shown = re.findall(
        r'<span class="score" title="([^"]+)">(-?[\d.]+)<i style="width:(\d+)%', page
    )
    assert [float(score) for _, score, _ in shown] == [round(s, 2) for s in found.logits]
    assert [int(width) for *_, width in shown] == [round(100 * a) for a in found.above]
    assert all("of the test images of its class" in title for title, *_ in shown)
    middle = sorted(found.above)[2]
    assert f"that is {middle:.0%}" in page
    address, to_the_pad = re.findall(r'<a href="(\?tab=explore[^"]+)">', page)
    assert to_the_pad.endswith(f"#{judge.PAD}")
    assert "look=scores" in to_the_pad and "seed" not in to_the_pad and "drawing" in (
        views.VIEWS["scores"].CONTROLS
    )  # fmt: skip
    for part in ("look=scores", "seed=7", "label=any", "count=5", "temperature=0.9"):
        assert part in address
    assert "score" not in sample.page(one, made, finished=False)


def test_without_a_survey_only_the_numbers_are_said(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scores, "survey_of", lambda *_: None)
    one = wish(catalogue)
    made = sample.images(one)
    found, page = scores.of(one, made), sample.page(one, made)
    assert found is not None and found.facts["above_test_images"] is None
    assert page.count('<span class="score">') == 5 and "<i " not in page
    assert texts.SCORES_UNDER_ALONE in page


@pytest.mark.parametrize("name", ["vae-mnist", "attention-mnist", "language-mnist"])
def test_what_does_not_judge_says_nothing(catalogue: Catalogue, name: str) -> None:
    one = wish(catalogue, name)
    made = sample.images(one)
    assert scores.of(one, made) is None and "score" not in sample.page(one, made)


def test_a_model_without_classes_says_nothing_of_them(tiny_stacked: Path) -> None:
    shelf = ui.catalogue_of(tiny_stacked)
    one = wish(shelf, "gan-stacked-mnist")
    made = sample.images(one)
    found, page = scores.of(one, made), sample.page(one, made)
    conditions = torch.zeros(5, 1)
    expected = judge.verdict(one.checkpoint, made.clone(), conditions).scores
    assert found is not None and found.logits == pytest.approx(expected.tolist(), abs=1e-4)
    assert "class any" not in page and "<b>label</b>" not in page
    assert "label" not in figures.chips({**one.made, "label_b": "any"}, one.checkpoint)


def test_the_switch_in_a_link() -> None:
    assert scores.read_scores("on") is True and scores.read_scores("off") is False
    with pytest.raises(ValueError, match=r"scores is on or off, not 'no'\.$"):
        scores.read_scores("no")
