"""One picture of Sample: its score, its variations, what a link says of it."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
import torch

from aigc import latent
from aigc.ui import choice, sample, texts
from aigc.ui.catalogue import Catalogue


def wish(catalogue: Catalogue, name: str = "gan-mnist", **change: Any) -> choice.Wish:
    values: dict[str, Any] = {
        "seed": 5, "label": "any", "temperature": 0.8, "chosen": 3, "spread": 0.35,
        "other_seed": 9,
    }  # fmt: skip
    return choice.read(catalogue, name, **(values | change))


def test_a_variation_of_a_gaussian_draw_is_one_too() -> None:
    draws = torch.randn(2, 400, 300, generator=latent.generator(1))
    for spread in (0.0, 0.3, 1.0):
        varied = torch.stack(
            [latent.vary(z, e, spread) for z, e in zip(draws[0], draws[1, :, None])]
        )
        assert varied.std() == pytest.approx(1, abs=0.01)
        together = (draws[0] * varied[:, 0]).mean()
        assert together == pytest.approx((1 - spread**2) ** 0.5, abs=0.01)
    assert torch.equal(latent.vary(draws[0, 0], draws[1], 0), draws[0, :1].expand(400, -1))
    for wrong in (-0.1, 1.1, float("nan")):
        with pytest.raises(ValueError, match="a spread is from 0 to 1"):
            latent.vary(draws[0, 0], draws[1], wrong)


@pytest.mark.parametrize("name", ["gan-mnist", "vae-mnist", "ladder-mnist"])
def test_variations_start_at_the_picture_of_the_grid(catalogue: Catalogue, name: str) -> None:
    one = wish(catalogue, name)
    grid = sample.images(sample.read(catalogue, name, 4, one.seed, one.label, one.temperature))
    image, _, rows = choice.variations(one, (0.0, 0.1, 1.0), 6)
    assert rows.shape == (3, 6, 1, 28, 28)
    torch.testing.assert_close(image, grid[2], rtol=0, atol=1e-5)
    assert torch.equal(rows[0], image.expand(6, -1, -1, -1))
    far = (rows - image).abs().mean((1, 2, 3, 4)).tolist()
    assert far[0] == 0 < far[1] < far[2]
    torch.manual_seed(1)
    assert torch.equal(choice.variations(one, (0.0, 0.1, 1.0), 6)[2], rows)
    alone = choice.variations(one, (0.1,), 3)[2][0]
    torch.testing.assert_close(alone, rows[1, :3], rtol=0, atol=1e-5)
    other = choice.variations(wish(catalogue, name, other_seed=10), (0.1,), 6)[2][0]
    assert not torch.allclose(other, rows[1])


def test_the_page_has_every_position_of_the_slider_and_the_one_that_a_link_asks_for(
    catalogue: Catalogue,
) -> None:
    made = sample.read(catalogue, "gan-mnist", 4, 5, "any", 0.8).made
    shown, view = choice.look(catalogue, made, 3, 0.35, 9)
    strips = re.findall(r'<img class="tile" data-spread="([^"]+)" alt="[^"]+" (src)?', shown)
    assert [float(at) for at, _ in strips] == sorted({*choice.SPREADS, 0.35})
    assert [at for at, here in strips if here] == ["0.35"]
    assert 'max="11"' in shown and 'value="4"' in shown
    # The others come after it, and know whose they are.
    came = choice.rest(catalogue, made, view)
    assert came is not None and list(came["strips"]) == [at for at, here in strips if not here]
    assert f'data-key="{html.escape(came["key"])}"' in shown
    far = choice.look(catalogue, made, 3, 1, 9)[0]
    still, moving = came["strips"]["1"]
    assert f'src="{still}"' in far and moving == ""
    assert choice.rest(catalogue, made, {**(view or {}), "chosen": 2})["key"] != came["key"]  # type: ignore[index]
    assert choice.rest(catalogue, made, None) is None
    assert "discriminator" in shown and "of the test images of its class" in shown


def test_a_score_without_a_survey_says_that_it_means_nothing(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(choice, "survey_of", lambda *_: None)
    assert "alone it means nothing" in choice.page(wish(catalogue))


@pytest.mark.parametrize("name", ["vae-mnist", "attention-mnist", "language-mnist"])
def test_each_model_shows_what_it_can(catalogue: Catalogue, name: str) -> None:
    made = sample.read(catalogue, name, 4, 5, "3", 1.0).made
    shown, view = choice.look(catalogue, made, "2", "", "")
    assert "discriminator" not in shown
    if name == "vae-mnist":
        assert view == {"chosen": 2, "spread": choice.SPREAD, "other_seed": 0}
        assert shown.count("data-spread") == len(choice.SPREADS)
    else:
        assert shown == "" and view == (None if name == "language-mnist" else {"chosen": 2})


@pytest.mark.parametrize("made", [None, {}, "x", {"checkpoint": "gan-mnist", "count": 4}])
def test_nothing_is_chosen_until_somebody_does(catalogue: Catalogue, made: object) -> None:
    assert choice.look(catalogue, made, "", 0.3, 0) == ("", None)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"chosen": 5}, f"{texts.THE_CHOSEN} is a whole number from 1 to 4, not 5"),
        ({"chosen": 0}, "not 0"),
        ({"spread": 1.01}, f"{texts.THE_SPREAD} is a number from 0 to 1, not 1.01"),
        ({"spread": "far"}, "'far'"),
        ({"other_seed": -1}, "-1"),
        ({"name": "attention-mnist"}, "attention-mnist has no decode"),
    ],
)
def test_bad_input_is_one_sentence(
    catalogue: Catalogue, change: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(ValueError, match=rf"^[^\n]*{re.escape(sentence)}[^\n]*$"):
        wish(catalogue, count=4, **change)
