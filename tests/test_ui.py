"""The pages without a server: handlers, checks of what comes from outside, figures."""

from __future__ import annotations

import base64
import html
import io
import json
import math
import re
import shutil
import struct
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import Mock
from urllib.parse import parse_qsl

import av
import conftest
import gradio as gr
import httpx
import numpy as np
import pytest
import torch
from conftest import files_in, marked, save_tiny, saved, write_damaged_exif
from PIL import Image, ImageSequence

import app
from aigc import latent, ui
from aigc.checkpoint import CheckpointError
from aigc.media import ImageMedia
from aigc.models import CAPABILITIES
from aigc.ui import (
    cache,
    coverage,
    drawing,
    figures,
    films,
    interpolate,
    labels,
    parts,
    pictures,
    sample,
    sequence,
    texts,
    timelapse,
)
from aigc.ui import catalogue as rules
from aigc.ui.catalogue import Catalogue
from aigc.ui.texts import zh
from aigc.ui.theme import theme


@pytest.fixture(scope="module")
def catalogue(tiny_checkpoints: Path) -> Catalogue:
    return ui.catalogue_of(tiny_checkpoints)


def data_address(image: Image.Image, kind: str = "PNG") -> str:
    buffer = io.BytesIO()
    image.save(buffer, kind)
    return figures.address(buffer.getvalue(), f"image/{kind.lower()}")


def decode(address: str) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(address.partition(",")[2])))


def sources(page: str) -> list[str]:
    return re.findall(r'<img[^>]* src="(data:image/png[^"]+)"', page)


# The list of tabs


def test_tabs_keep_the_contract() -> None:
    assert len({tab.ID for tab in ui.TABS}) == len(ui.TABS) >= 2
    for tab in ui.TABS:
        assert tab.ID == tab.__name__.rpartition(".")[2]
        assert re.fullmatch(r"[a-z]+", tab.ID) and texts.TABS[tab.ID]
        assert tab.NEEDS in {*CAPABILITIES, *rules.NEEDED_FILES, rules.PICTURES}


@pytest.mark.parametrize("tab", ui.TABS, ids=lambda tab: tab.ID)
def test_a_tab_hands_over_what_links_need(tab: Any, catalogue: Catalogue) -> None:
    with gr.Blocks():
        page = tab.build(catalogue)
    assert next(iter(page.settings)) == "checkpoint"
    assert page.made in page.run["outputs"]
    inputs = {*page.run["inputs"], *(one for event in page.also for one in event["inputs"])}
    assert set(page.settings.values()) <= inputs
    assert page.run["api_visibility"] == "private"
    assert page.run["concurrency_id"] in ("model", "page")
    assert page.link.elem_id == f"{tab.ID}-link"
    readable = {*rules.READERS, *page.readers, "checkpoint"}
    assert all(name in readable or name.startswith("label") for name in page.settings)


def test_the_app_is_built_of_these_tabs(catalogue: Catalogue) -> None:
    config = ui.build(catalogue).get_config_file()
    titles = [c["props"]["label"] for c in config["components"] if c["type"] == "tabitem"]
    assert titles == [texts.TABS[tab.ID] for tab in ui.TABS]
    public = {d["api_name"] for d in config["dependencies"] if d["api_visibility"] == "public"}
    assert public >= {"checkpoints", "sample", "interpolate"}


def test_no_message_makes_a_page_go_through_all_that_it_holds(catalogue: Catalogue) -> None:
    """Gradio's page does so for each component that an event of the page says is in progress."""
    events = ui.build(catalogue).get_config_file()["dependencies"]
    ours = [d for d in events if d["backend_fn"] and d["api_visibility"] == "private"]
    assert len(ours) > 40
    silent = [d for d in ours if d["show_progress_on"] is None]
    assert not silent
    assert len({one for d in ours for one in d["show_progress_on"]}) <= len(ui.TABS)


def test_a_choice_while_the_one_before_is_answered_counts(catalogue: Catalogue) -> None:
    events = ui.build(catalogue).get_config_file()["dependencies"]
    chosen = [d for d in events if any(kind in ("input", "select") for _, kind in d["targets"])]
    asked = [d for d in chosen if d["backend_fn"]]
    after = [d for d in events if d["trigger_after"] in {d["id"] for d in asked}]
    assert len(asked) > 8
    assert {d["trigger_mode"] for d in asked + after if d["backend_fn"]} == {"always_last"}


def test_without_checkpoints_the_page_says_how_to_make_one(tmp_path: Path) -> None:
    config = ui.build(ui.catalogue_of(tmp_path)).get_config_file()
    shown = " ".join(str(c["props"].get("value")) for c in config["components"])
    assert "python -m train.gan" in shown
    assert not [c for c in config["components"] if c["type"] == "tabitem"]


def test_a_tab_without_a_fitting_checkpoint_says_so(tmp_path: Path) -> None:
    save_tiny(tmp_path / "gan-mnist", "gan")
    config = ui.build(ui.catalogue_of(tmp_path)).get_config_file()
    shown = " ".join(str(c["props"].get("value")) for c in config["components"])
    lacking = [
        tab.NEEDS
        for tab in ui.TABS
        if tab.NEEDS not in ("sample", "decode", "snapshots", "pictures")
    ]
    for capability in lacking:
        assert texts.NOTHING_ABLE.format(capability=capability) in shown
    assert "Interpolate" in shown + str(config)


def test_a_tab_that_may_be_filled_later_is_laid_out(tmp_path: Path) -> None:
    """Where the Hub may still bring something, in both languages; without it the page says how to
    train."""
    shelf = ui.catalogue_of(tmp_path)
    demo = ui.build(shelf, ui.Remote(allow=("*",)))
    public = {d["api_name"] for d in demo.get_config_file()["dependencies"]}
    assert public >= {"checkpoints", "sample", "interpolate", "attention"}
    for language, page in {"en": demo, **demo.others}.items():
        components = page.get_config_file()["components"]
        said = " ".join(str(c["props"].get("value")) for c in components)
        assert said.count(texts.LANGUAGES[language].NOTHING_YET) == len(ui.TABS)
        assert "python -m train.gan" in said
    with pytest.raises(ValueError, match="There is no checkpoint ''; none is loaded that can"):
        shelf.find("", "sample")


# The catalogue


def test_the_catalogue_goes_by_family_and_keeps_a_name_once(tiny_checkpoints: Path) -> None:
    whole = ui.catalogue_of(tiny_checkpoints)
    families = [one.family for one in whole.checkpoints]
    assert families == [f for f in texts.FAMILIES if f in families]
    again = ui.catalogue_of(tiny_checkpoints, whole.checkpoints)
    assert [one.name for one in again.checkpoints] == [one.name for one in whole.checkpoints]


def test_a_missing_folder_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="not a folder"):
        ui.catalogue_of(tmp_path / "nowhere")


def test_a_broken_checkpoint_leaves_the_others(tmp_path: Path) -> None:
    save_tiny(tmp_path / "gan-mnist", "gan")
    save_tiny(tmp_path / "vae-mnist", "vae")
    weights = tmp_path / "vae-mnist" / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    (tmp_path / "<b>odd").mkdir()
    whole = ui.catalogue_of(tmp_path)
    assert [one.name for one in whole.checkpoints] == ["gan-mnist"]
    shown = ui.trouble(whole)
    assert "2 checkpoints could not be loaded" in shown
    assert "model.safetensors cannot be read" in shown
    assert "config.json is missing" in shown
    assert "<b>odd" not in shown and "&lt;b&gt;odd" in shown
    assert str(tmp_path) not in shown
    with pytest.raises(ValueError, match=r"vae-mnist could not be loaded: .*model\.safetensors"):
        whole.find("vae-mnist", "sample")


def test_no_trouble_no_banner(catalogue: Catalogue) -> None:
    assert ui.trouble(catalogue) == ""
    assert ui.notice_of([]) == ""


@pytest.mark.parametrize(
    ("name", "capability", "sentence"),
    [
        ("nope", "sample", "There is no checkpoint 'nope'; choose one of gan-mnist"),
        (None, "sample", "There is no checkpoint None"),
        (["gan-mnist"], "sample", "There is no checkpoint"),
        ("x" * 5000, "sample", r"There is no checkpoint 'x+\.\.\."),
        ("attention-mnist", "decode", "attention-mnist has no decode; choose one of gan-mnist"),
    ],
)
def test_unknown_checkpoints(
    catalogue: Catalogue, name: object, capability: str, sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence) as caught:
        catalogue.find(name, capability)
    assert len(str(caught.value)) < 200


# What comes from outside


@pytest.mark.parametrize("value", [7, 7.0, "7", " 7 ", "+7"])
def test_whole_numbers_in_every_dress(value: object) -> None:
    assert rules.read_seed(value) == 7


@pytest.mark.parametrize(
    "value",
    [-1, 2**32, 10**400, 1.5, math.nan, math.inf, -math.inf, "x", "", "1e3", "७" * 30, None, True,
     [], {}, "9" * 5000],
)  # fmt: skip
@pytest.mark.parametrize("read", [rules.read_seed, rules.read_count, rules.read_steps])
def test_no_whole_number_of_that_range(read: Any, value: object) -> None:
    with pytest.raises(ValueError, match="is a whole number from") as caught:
        read(value)
    assert len(str(caught.value)) < 120


def test_an_empty_box_is_called_empty() -> None:
    with pytest.raises(ValueError, match="is a whole number from 0 to 4294967295, not empty"):
        rules.read_seed(None)
    with pytest.raises(ValueError, match="is a number from 0 to 2, not empty"):
        rules.read_temperature("")


def test_the_ends_of_the_ranges() -> None:
    assert [rules.read_count(n) for n in (1, 64)] == [1, 64]
    assert [rules.read_steps(n) for n in (2, 64)] == [2, 64]
    assert [rules.read_seed(n) for n in (0, latent.MAX_SEED)] == [0, latent.MAX_SEED]
    assert [rules.read_temperature(t) for t in (0, 2, "0.5")] == [0, 2, 0.5]
    for read, value in ((rules.read_count, 0), (rules.read_count, 65), (rules.read_steps, 1)):
        with pytest.raises(ValueError, match="is a whole number from"):
            read(value)


@pytest.mark.parametrize(
    "value", [math.nan, math.inf, -0.1, 2.1, "nan", "warm", None, True, [], 10**400]
)
def test_temperatures_that_are_none(value: object) -> None:
    with pytest.raises(ValueError, match="The temperature is a number from 0 to 2"):
        rules.read_temperature(value)


def test_labels(catalogue: Catalogue) -> None:
    gan = catalogue.find("gan-mnist", "sample")
    assert [rules.read_label(gan, v) for v in ("3", 3, "any", None, "")] == [
        "3", "3", "any", "any", "any",
    ]  # fmt: skip
    for value in ("frog", 10, -1, 3.0, True, ["3"], {}, "3 "):
        with pytest.raises(ValueError, match="gan-mnist has no class"):
            rules.read_label(gan, value)


# Links


def pages_of(catalogue: Catalogue) -> tuple[dict[str, parts.Page], dict[str, str]]:
    with gr.Blocks():
        pages = {tab.ID: tab.build(catalogue) for tab in ui.TABS}
    return pages, {tab.ID: tab.NEEDS for tab in ui.TABS}


# What a link carries of the drawing below Interpolate, once there is one.
EXPLORER = ("drawing", "label_drawn", "label_as", "latents")


def test_links(catalogue: Catalogue) -> None:
    pages, needs = pages_of(catalogue)
    assert ui.follow(catalogue, pages, needs, {}) == ("sample", {}, [])
    query = {"tab": "sample", "checkpoint": "vae-mnist", "count": "9", "seed": "7", "label": "3"}
    tab, values, ignored = ui.follow(catalogue, pages, needs, query)
    assert (tab, ignored) == ("sample", [])
    assert values == {"checkpoint": "vae-mnist", "count": 9, "seed": 7, "label": "3"}
    query = {"tab": "interpolate", "seed_a": "1", "label_b": "8", "steps": "5", "path": "lerp"}
    tab, values, ignored = ui.follow(catalogue, pages, needs, query)
    assert (tab, ignored) == ("interpolate", [])
    assert values == {"seed_a": 1, "label_b": "8", "steps": 5, "path": "lerp"}


def test_nonsense_in_a_link_is_ignored_and_named(catalogue: Catalogue) -> None:
    pages, needs = pages_of(catalogue)
    tab, values, ignored = ui.follow(catalogue, pages, needs, {"tab": "<script>"})
    assert (tab, values) == ("sample", {}) and "no tab" in ignored[0]
    assert "<script>" not in ui.notice_of(ignored)
    query = {
        "tab": "sample", "checkpoint": "nope", "count": "999", "seed": "-1", "label": "frog",
        "temperature": "nan", "utm_source": "x", "steps": "3",
    }  # fmt: skip
    tab, values, ignored = ui.follow(catalogue, pages, needs, query)
    assert (tab, values) == ("sample", {})
    text = " ".join(ignored)
    for part in ("'nope'", "999", "-1", "'frog'", "'nan'", "utm_source", "steps"):
        assert part in text


def test_a_link_of_another_revision_says_so(catalogue: Catalogue) -> None:
    pages, needs = pages_of(catalogue)
    here = catalogue.find("gan-mnist", "sample").revision
    query = {"tab": "sample", "checkpoint": "gan-mnist", "seed": "7"}
    for revision in (here, here[:7], ""):
        _, values, ignored = ui.follow(catalogue, pages, needs, {**query, "revision": revision})
        assert ignored == [] and values["seed"] == 7
    _, values, ignored = ui.follow(catalogue, pages, needs, {**query, "revision": "0123<b>"})
    assert values == {"checkpoint": "gan-mnist", "seed": 7}  # shown all the same
    assert len(ignored) == 1 and "'0123<b>'" in ignored[0] and here in ignored[0]
    assert "<b>" not in ui.notice_of(ignored)


def test_every_made_result_is_its_own_link(catalogue: Catalogue) -> None:
    pages, needs = pages_of(catalogue)
    for made in (
        sample.read(catalogue, "gan-mnist", 3, 5, "7", 0.75).made,
        sample.read(catalogue, "language-mnist", 2, 5, "7", 0.75, prompt="to be").made,
        interpolate.read(catalogue, "vae-mnist", 1, "2", 3, "any", 4, "lerp").made,
    ):
        tab = "sample" if "count" in made else "interpolate"
        # Chosen in the browser.
        others = {"lines", "script", "scores", "chosen", "spread", "other_seed", "redrawn"}
        if made["checkpoint"] == "gan-mnist":  # which does not write
            others |= {"prompt", "length", "top_k", "top_p"}
        others |= {"picture_a", "picture_b", "frame", *EXPLORER}
        assert {"checkpoint", "revision", *pages[tab].settings} - others == set(made) - others
        names = [name for name in pages[tab].settings if name in made]
        query = {name: figures.plain(made[name]) for name in names}
        _, values, ignored = ui.follow(catalogue, pages, needs, {"tab": tab, **query})
        assert ignored == []
        assert values == {name: made[name] for name in names}


# Sample


@pytest.mark.parametrize("name", ["gan-mnist", "vae-mnist", "attention-mnist"])
def test_sampling_depends_on_the_settings_alone(catalogue: Catalogue, name: str) -> None:
    count = 3
    wish = sample.read(catalogue, name, count, 7, "any", 1.0)
    images = sample.images(wish)
    assert images.shape == (count, 1, 28, 28)
    torch.manual_seed(123)
    assert torch.equal(images, sample.images(wish))
    one = sample.images(sample.read(catalogue, name, 1, 7, "any", 1.0))
    torch.testing.assert_close(one[0], images[0], rtol=0, atol=1e-5)
    other = sample.images(sample.read(catalogue, name, count, 8, "any", 1.0))
    assert not torch.equal(images, other)


def test_a_drawing_model_is_watched_and_others_are_not(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "SECONDS_BETWEEN_VIEWS", 0.0)
    wish = sample.read(catalogue, "attention-mnist", 2, 0, "3", 1.0)
    views = list(sample.views(wish))
    assert [finished for _, finished in views] == [False] * (len(views) - 1) + [True]
    assert len(views) >= 14
    assert torch.equal(views[-1][0], sample.images(wish))
    assert views[0][0][:, :, 4:].abs().sum() == 0
    quick = list(sample.views(sample.read(catalogue, "gan-mnist", 2, 0, "3", 1.0)))
    assert [finished for _, finished in quick] == [True]


def test_views_come_no_faster_than_a_person_sees(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "SECONDS_BETWEEN_VIEWS", 1000.0)
    wish = sample.read(catalogue, "attention-mnist", 1, 0, "3", 1.0)
    assert [finished for _, finished in sample.views(wish)] == [False, True]


def test_the_gallery_shows_the_very_pixels(catalogue: Catalogue) -> None:
    wish = sample.read(catalogue, "gan-mnist", 5, 7, "3", 1.0)
    images = sample.images(wish)
    shown = sources(sample.page(wish, images))
    assert len(shown) == 5
    pixels = wish.checkpoint.media.to_uint8(images)
    for source, tile in zip(shown, pixels):
        assert np.array_equal(np.asarray(decode(source)), tile[..., 0])
    for part in ("gan-mnist", wish.checkpoint.revision, "<b>seed</b> 7", "<b>temperature</b> 1<"):
        assert part in sample.page(wish, images)


def size_of(content: bytes) -> tuple[int, int]:
    if content[4:8] != b"ftyp":
        return Image.open(io.BytesIO(content)).size
    with av.open(io.BytesIO(content)) as file:
        return file.streams.video[0].width, file.streams.video[0].height


def test_downloads_say_that_ai_made_them(catalogue: Catalogue) -> None:
    one = sample.read(catalogue, "gan-mnist", 6, 7, "3", 1.0)
    walk = interpolate.read(catalogue, "vae-mnist", 1, "1", 2, "7", 3, "slerp")
    film = interpolate.film_of(walk, interpolate.frames(walk))
    pages, needs = pages_of(catalogue)
    sheets = [content for _, content in saved(one)]
    cases: list[tuple[Any, Any, list[bytes], tuple[int, int]]] = [
        (interpolate, walk, [films.encode(film, kind, said) for said in (False, True)], (224, 224))
        for kind in films.KINDS
    ]
    for tab, wish, files, size in [(sample, one, sheets, (3 * 112, 2 * 112)), *cases]:
        sizes = []
        for content in files:
            fields = marked(content)
            assert json.loads(fields["Settings"]) == wish.made
            aigc = json.loads(fields["AIGC"])
            assert aigc["Label"] == "1" and wish.made["revision"] in aigc["ProduceID"]
            assert {"ContentProducer", "ContentPropagator", "PropagateID"} < aigc.keys()
            assert fields["DigitalSourceType"].endswith("/trainedAlgorithmicMedia")
            assert "2024/1689" in fields["description"]
            query = dict(parse_qsl(fields["Address"]))
            found, values, ignored = ui.follow(catalogue, pages, needs, query)
            assert (found, ignored) == (tab.ID, [])
            assert values == {
                name: wish.made[name] for name in pages[found].settings if name in wish.made
            }
            sizes.append(size_of(content))
        assert sizes == [size, (size[0], size[1] + labels.STRIP)]  # the visible label


def test_a_file_is_made_of_what_was_drawn(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    wish = sample.read(catalogue, "attention-mnist", 2, 7, "3", 1.0)
    with pytest.raises(ValueError, match="format is sheet or labelled, not 'pickle'"):
        sample.file(wish, "pickle")
    drawn = sample.images(wish)
    cache.keep(wish.checkpoint, sample.kept(wish), drawn)
    monkeypatch.setattr(sample, "images", lambda wish: pytest.fail("drawn again"))
    found = sample.file(wish, "sheet")
    assert found["name"] == "attention-mnist-seed7-3.png"
    ((_, content),) = files_in(f'"{found["address"]}"')
    sheet = wish.checkpoint.media.grid(drawn, 2)  # type: ignore[union-attr]
    with Image.open(io.BytesIO(content)) as image:
        assert np.array_equal(np.asarray(image)[::4, ::4], np.asarray(sheet))


# Texts


def test_writing_goes_on_from_the_prompt(catalogue: Catalogue) -> None:
    wish = sample.read(catalogue, "language-mnist", 3, 7, "any", 1.0, prompt="ab\r\nc", length=24)
    made = sample.images(wish)
    media = wish.checkpoint.media
    written = [media.to_text(row) for row in made]
    assert all(text.startswith("ab\nc") and len(text) == 4 + media.length for text in written)
    assert torch.equal(made, sample.images(wish)) and len(set(written)) == 3
    longer = sample.images(
        sample.read(catalogue, "language-mnist", 3, 7, "any", 1.0, prompt="ab\nc", length=40)
    )
    assert longer.shape == (3, 44) and torch.equal(longer[:, :28], made)
    other = sample.read(catalogue, "language-mnist", 3, 7, "any", 1.0, prompt="xyz", length=24)
    assert not torch.equal(sample.images(other)[:, -5:], made[:, -5:])
    *_, (last, finished) = sample.views(wish)
    assert finished and torch.equal(last, made)
    page = sample.page(wish, made)
    assert page.count('<pre class="writing"') == 3 and "<img" not in page
    assert sequence.pieces(media, made) == ([], {"texts": written})
    assert "notice" not in page


def test_a_chooser_without_a_choice_is_out_of_sight() -> None:
    assert not parts.classes([("any", "any")], "any").visible
    assert parts.classes([("any", "any"), ("3", "3")], "3").visible


def test_a_prompt_is_for_those_who_write(catalogue: Catalogue) -> None:
    wish = sample.read(catalogue, "gan-mnist", 1, 7, "any", 1.0, prompt="to be")
    assert wish.more == {} and "prompt" not in wish.made


def test_what_becomes_of_odd_prompts(catalogue: Catalogue) -> None:
    odd = "<b>a\u202e\U0001f600</b>"
    wish = sample.read(catalogue, "language-mnist", 1, 0, "any", 1.0, prompt=odd, length=5)
    page = sample.page(wish, sample.images(wish))
    assert "has never seen" in page and "'<'" in html.unescape(page)
    assert "<b>a" not in page and "\u202e" not in page
    assert "�b�a��" in page, page
    long = sample.read(catalogue, "language-mnist", 1, 0, "any", 1.0, prompt="a" * 100, length=5)
    assert "the last 23 characters count" in sample.page(long, sample.images(long))
    for wrong in ("a" * 2001, 7, ["a"], "a\ud800b"):
        with pytest.raises(ValueError, match="at most 2000"):
            sample.read(catalogue, "language-mnist", 1, 0, "any", 1.0, prompt=wrong)


def test_a_text_to_keep_says_what_made_it(catalogue: Catalogue) -> None:
    wish = sample.read(catalogue, "language-mnist", 2, 7, "3", 1.0, prompt="ab")
    ((kind, content),) = saved(wish)
    assert kind == "text/plain"
    said, *rest = content.decode().split("\n\n", 1)
    assert "2024/1689" in said and '"Label": "1"' in said and "prompt=ab" in said
    _, facts = sequence.pieces(wish.checkpoint.media, sample.images(wish))  # type: ignore[arg-type]
    assert len(facts["texts"]) == 2 and all(text in rest[0] for text in facts["texts"])


# Interpolate


@pytest.mark.parametrize("name", ["gan-mnist", "vae-mnist"])
@pytest.mark.parametrize("label", ["any", "4"])
def test_an_end_is_the_first_picture_of_sample(catalogue: Catalogue, name: str, label: str) -> None:
    wish = interpolate.read(catalogue, name, 11, label, 12, label, 2, "slerp")
    frames = interpolate.frames(wish)
    for frame, seed in zip(frames, (11, 12)):
        image = sample.images(sample.read(catalogue, name, 16, seed, label, 1.0))[0]
        torch.testing.assert_close(frame, image, rtol=0, atol=1e-5)


def test_classes_mix_on_the_way(catalogue: Catalogue) -> None:
    wish = interpolate.read(catalogue, "gan-mnist", 5, "3", 5, "8", 5, "lerp")
    frames = interpolate.frames(wish)
    assert frames.shape == (5, 1, 28, 28)
    steps = (frames[1:] - frames[:-1]).flatten(1).norm(dim=1)
    assert (steps > 0).all()


def test_a_picture_is_an_end_where_the_model_encodes(catalogue: Catalogue) -> None:
    drawn = Image.new("L", (60, 60))
    drawn.paste(255, (25, 10, 35, 50))
    address = data_address(drawn)
    wish = interpolate.read(catalogue, "vae-mnist", 1, "1", 2, "1", 3, "slerp", address, "")
    model: Any = wish.checkpoint.model
    media = wish.checkpoint.media
    image = torch.from_numpy(media.to_uint8(media.from_drawing(drawn)[None])[..., 0] / 255.0)
    image = image[None].float()
    condition = model.condition(1)[None]
    expected = model.decode(model.encode(image, condition)[0], condition)[0]
    torch.testing.assert_close(interpolate.frames(wish)[0], expected)
    # The link carries the picture itself, and what it opens is the same to the last digit.
    packed = wish.made["picture_a"]
    again = interpolate.read(catalogue, "vae-mnist", 1, "1", 2, "1", 3, "slerp", packed)
    assert again.made == wish.made
    assert torch.equal(interpolate.frames(again), interpolate.frames(wish))
    assert f"<b>picture a</b> {pictures.GIVEN}</span>" in interpolate.page(
        wish, torch.zeros(1, 1, 28, 28)
    )
    assert "seed_a" not in wish.made and wish.made["seed_b"] == 2
    with pytest.raises(ValueError, match="gan-mnist cannot start from a picture"):
        interpolate.read(catalogue, "gan-mnist", 1, "1", 2, "1", 3, "slerp", address, "")


def test_the_player_has_every_frame(catalogue: Catalogue) -> None:
    wish = interpolate.read(catalogue, "vae-mnist", 1, "1", 2, "7", 9, "slerp")
    frames = interpolate.frames(wish)
    page = interpolate.page(wish, frames)
    assert len(sources(page)) == 1 + 9
    assert 'type="range" min="0" max="8"' in page


def test_both_paths_stand_side_by_side(catalogue: Catalogue) -> None:
    wish = interpolate.read(catalogue, "gan-mnist", 1, "1", 2, "7", 5, "slerp")
    straight = interpolate.read(catalogue, "gan-mnist", 1, "1", 2, "7", 5, "lerp")
    shown = interpolate.comparison(wish)
    pixels = wish.checkpoint.media.to_uint8(interpolate.frames(straight))
    assert len(sources(shown)) == 5
    for source, frame in zip(sources(shown), pixels):
        assert np.array_equal(np.asarray(decode(source)), frame[..., 0])
    arc, line = (interpolate.walk(wish, kind)[1] for kind in ("slerp", "lerp"))
    torch.testing.assert_close(arc[[0, -1]], line[[0, -1]])
    assert line.min() < arc.min()  # which is why the arc is the default
    assert f"as {line.min():.1f}, the arc no nearer than {arc.min():.1f}" in shown
    assert shown.count("<polyline") == 2


def film_frames(content: bytes) -> list[np.ndarray]:
    """The frames of a WebP, GIF or MP4, (H, W) uint8 each."""
    if content[4:8] == b"ftyp":
        with av.open(io.BytesIO(content)) as file:
            return [frame.to_ndarray(format="gray") for frame in file.decode(video=0)]
    image = Image.open(io.BytesIO(content))
    return [np.asarray(frame.convert("L")) for frame in ImageSequence.Iterator(image)]


@pytest.mark.parametrize("kind", films.KINDS)
@pytest.mark.parametrize("steps", [2, 7])
def test_a_film_goes_there_and_back(catalogue: Catalogue, steps: int, kind: str) -> None:
    wish = interpolate.read(catalogue, "vae-mnist", 1, "1", 2, "7", steps, "slerp")
    frames = interpolate.frames(wish)
    content = films.encode(interpolate.film_of(wish, frames), kind)
    played = film_frames(content)
    rounds, rest = divmod(len(played), 2 * steps - 2)
    assert rest == 0 and (rounds == 1 or kind == "mp4")
    if kind == "mp4":
        assert 0 <= len(played) * films.FRAME_MS / 1000 - films.MP4_SECONDS < 1
        with av.open(io.BytesIO(content)) as file:
            assert json.loads(file.metadata["AIGC"])["Label"] == "1"
    else:
        image: Any = Image.open(io.BytesIO(content))
        assert (image.format, image.info["loop"]) == (kind.upper(), 0)
    pixels = wish.checkpoint.media.to_uint8(frames)[..., 0]
    for shown, expected in zip(played, [*pixels, *pixels[-2:0:-1]]):
        assert shown.shape == (224, 224)
        off = np.abs(shown[4::8, 4::8].astype(int) - expected)
        assert off.max() <= 2 if kind != "mp4" else off.mean() < 8


def test_a_film_of_odd_size_and_a_loop() -> None:
    frames = torch.linspace(0, 1, 3)[:, None, None, None].expand(3, 3, 25, 25)
    film = films.Film(ImageMedia(3, 25, 25), frames, "odd", "interpolate", {}, loop=True)
    played = {kind: film_frames(films.encode(film, kind)) for kind in films.KINDS}
    assert len(played["webp"]) == len(played["gif"]) == 3
    assert len(played["mp4"]) % 3 == 0 and played["mp4"][0].shape == (226, 226)
    assert [int(frame[9, 9]) for frame in played["gif"]] == [0, 128, 255]


def test_a_format_that_is_none() -> None:
    with pytest.raises(ValueError, match="The format is webp, gif or mp4, not 'avi'"):
        films.read_kind("avi")


# Pictures from outside


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_pictures_that_are_read(kind: str) -> None:
    image = pictures.read_picture(data_address(Image.new("RGB", (30, 20), "red"), kind))
    assert image is not None and image.size == (30, 20)


def test_an_empty_pad_is_no_picture() -> None:
    assert pictures.read_picture("") is None
    assert pictures.read_picture(None) is None


@pytest.mark.parametrize(
    "value",
    [
        "data:image/png;base64,",
        "data:image/png;base64,!!!!",
        "data:image/png;base64," + base64.b64encode(b"GIF89a no picture").decode(),
        "data:text/html;base64,PGI+",
        "/etc/passwd",
        "http://127.0.0.1/x.png",
        {"path": "/etc/passwd"},
        5,
    ],
)
def test_what_is_no_picture(value: object) -> None:
    with pytest.raises(ValueError, match="no picture that can be read"):
        pictures.read_picture(value)


def test_a_gif_or_a_cut_file_is_no_picture() -> None:
    gif = data_address(Image.new("L", (8, 8)), "GIF")
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64), dtype=np.uint8))
    cut = data_address(noise)
    for value in (gif, cut[: len(cut) // 2 // 4 * 4]):
        with pytest.raises(ValueError, match="no picture that can be read"):
            pictures.read_picture(value)


def test_a_picture_with_damaged_exif_is_used_as_it_lies(tmp_path: Path) -> None:
    write_damaged_exif(tmp_path / "1.jpg")
    content = base64.b64encode((tmp_path / "1.jpg").read_bytes()).decode()
    given = pictures.read_given(ImageMedia(3, 4, 4), "data:image/jpeg;base64," + content)
    assert given[0].mean() > 0.7


@pytest.mark.parametrize("error", [ValueError, struct.error, IndexError])
def test_whatever_a_decoder_raises_is_a_sentence(
    error: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: object, **options: object) -> object:
        raise error("at byte 7")

    value, packed = data_address(Image.new("L", (8, 8))), "AAAA"
    monkeypatch.setattr(Image, "open", broken)
    with pytest.raises(ValueError, match="no picture that can be read"):
        pictures.read_picture(value)
    with pytest.raises(ValueError, match=re.escape(texts.NO_PACKED)):
        pictures.unpack(packed)


def test_pictures_that_are_too_large() -> None:
    with pytest.raises(ValueError, match="over 4096 pixels"):
        pictures.read_picture(data_address(Image.new("1", (5000, 10))))
    bomb = data_address(Image.new("1", (12000, 12000)))
    with pytest.raises(ValueError, match="over 4096 pixels"):
        pictures.read_picture(bomb)
    with pytest.raises(ValueError, match="over 4 MB"):
        pictures.read_picture("data:image/png;base64," + "A" * (6 * 2**20))


# Figures


def test_the_card_shows_the_figures(tmp_path: Path) -> None:
    folder = save_tiny(tmp_path / "gan-mnist", "gan")
    figure = {
        "name": "Label <i>accuracy", "value": 0.99, "text": "99.0%", "protocol": "5,000 samples.",
        "reference_text": "99.5%", "reference_name": "real test images",
    }  # fmt: skip
    entries = {f"figure_{i}": {**figure, "name": f"Figure {i}"} for i in range(5)}
    entries["first"] = figure
    metrics = {**dict(reversed(entries.items())), "evaluated": {"date": "2026-01-01"}, "odd": 3}
    (folder / "metrics.json").write_text(json.dumps(metrics), encoding="utf-8")
    shown = ui.catalogue_of(tmp_path).checkpoints[0]
    card = figures.card(shown)
    for part in (
        "99.0%", "reference 99.5%", "All 6 figures", "18 s", "28×28 grey", "mnist",
        shown.revision, "Generative adversarial network",
        'title="5,000 samples.\nreference: real test images"',
        f"<summary>{texts.FIGURES_ARE}</summary>", "local",
    ):  # fmt: skip
        assert part in card
    said = "<dd>5,000 samples. Reference: real test images.</dd>"  # for who cannot hover
    assert card.count(said) == 6
    known = replace(shown, metrics={"recall": figure})
    texts.speak("zh")
    try:
        assert "5,000 samples" not in re.sub("<[^>]*>", "", figures.card(known))
        assert " · 本机" in figures.card(shown)
    finally:
        texts.speak(texts.DEFAULT)
    assert "<i>" not in card and "data:image/png" in card


def test_every_figure_that_ships_is_explained_in_chinese() -> None:
    root = Path(__file__).parent.parent / "checkpoints"
    for folder in root.iterdir():
        for key, found in json.loads((folder / "metrics.json").read_text(encoding="utf-8")).items():
            if key != "evaluated":
                assert key in zh.DEFINITIONS and found["name"] in zh.FIGURES
                assert "reference_text" not in found or key in zh.REFERENCES


def test_chips_show_the_beginning_of_a_revision(catalogue: Catalogue) -> None:
    whole = "0123456789abcdef" * 2 + "01234567"
    made = {"checkpoint": "me/<gan>", "revision": whole, "seed": 7}
    shown = figures.chips(made, catalogue.checkpoints[0])
    assert f'<span title="{whole}"><b>revision</b> 0123456789ab</span>' in shown
    assert "<span><b>checkpoint</b> me/&lt;gan&gt;</span>" in shown
    assert "<span><b>seed</b> 7</span>" in shown


def test_a_card_without_figures_or_preview(tmp_path: Path) -> None:
    folder = save_tiny(tmp_path / "vae-mnist", "vae")
    (folder / "samples.png").write_bytes(b"no picture")
    card = figures.card(ui.catalogue_of(tmp_path).checkpoints[0])
    assert "<img" not in card and "<dl>" not in card and "Variational autoencoder" in card
    shutil.rmtree(folder)


@pytest.mark.parametrize(
    ("seconds", "text"), [(3.2, "3 s"), (89, "89 s"), (600, "10 min"), (7200, "2.0 h")]
)
def test_durations(seconds: float, text: str) -> None:
    assert figures.duration(seconds) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (7, "7"), (999, "999"), (17_234, "17.2 thousand"), (1_234_567, "1.23 million"),
        (345_678_901, "346 million"),
    ],
)  # fmt: skip
def test_quantities(number: float, text: str) -> None:
    assert figures.quantity(number) == text


def test_columns() -> None:
    assert [figures.columns_of(n) for n in (1, 2, 4, 5, 9, 16, 17, 64)] == [1, 2, 2, 3, 3, 4, 8, 8]


def test_every_family_in_the_app_has_its_text(catalogue: Catalogue) -> None:
    needs = {tab.NEEDS for tab in ui.TABS}
    for one in catalogue.checkpoints:
        assert one.family in texts.FAMILIES
        if needs & set(one.capabilities) and one.family != "classifier":
            assert texts.ABOUT[one.family].count("$$") >= 2


def test_described_is_plain_data(catalogue: Catalogue) -> None:
    for one in catalogue.checkpoints:
        described = figures.described(one)
        assert json.loads(json.dumps(described)) == described
        assert set(described) == {
            "name", "family", "makes", "capabilities", "classes", "source", "revision",
            "metrics",
        }  # fmt: skip


def test_a_value_error_becomes_the_sentence_on_the_page() -> None:
    def fail(value: int) -> int:
        raise ValueError("One sentence.")

    def fail_later(value: int) -> Any:
        yield (value,)
        raise ValueError("One sentence.")

    with pytest.raises(gr.Error, match="One sentence"):
        parts.spoken(fail)(1)
    stream = parts.spoken(fail_later)(1)
    assert next(stream) == ({"__type__": "update", "value": 1},)
    with pytest.raises(gr.Error, match="One sentence"):
        next(stream)


def test_what_grows_says_only_what_is_new() -> None:
    def grow() -> Any:
        yield gr.HTML("a", visible=True), {"x": 1}, gr.skip()
        yield gr.HTML("b", visible=True), {"x": 1}, gr.Button(visible=True)
        yield gr.HTML("b", visible=False), None, gr.Button(visible=True)

    def update(**values: Any) -> dict[str, Any]:
        return {"__type__": "update", **values}

    assert list(parts.spoken(grow)()) == [
        (update(value="a", visible=True), update(value={"x": 1}), update()),
        (update(value="b"), update(), update(visible=True)),
        (update(visible=False), update(value=None), update()),
    ]


# app.py


@pytest.fixture
def launched(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """app.py without a server: what it would have launched."""
    calls: list[dict[str, Any]] = []
    monkeypatch.setattr(ui, "build", lambda catalogue, hub: catalogue)
    monkeypatch.setattr(ui, "launch", lambda demo, **options: calls.append({"it": demo, **options}))
    return calls


def start(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    monkeypatch.setattr("sys.argv", ["app.py", *arguments])
    app.main()


def test_the_command_line(
    launched: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch, tiny_checkpoints: Path
) -> None:
    monkeypatch.setenv("AIGC_CHECKPOINTS", str(tiny_checkpoints))
    start(monkeypatch, "--port", "7999")
    (call,) = launched
    assert (call["server_name"], call["server_port"], call["share"]) == ("127.0.0.1", 7999, False)
    assert [one.name for one in call["it"].checkpoints][:1] == ["gan-mnist"]
    assert all(one.source == "local" for one in call["it"].checkpoints)


@pytest.mark.parametrize("port", ["99999", "0", "-5", "eight", "٣"])
@pytest.mark.parametrize("variable", [True, False])
def test_a_wrong_port_ends_with_a_sentence(
    variable: bool, port: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GRADIO_SERVER_PORT", port if variable else "7860")
    with pytest.raises(SystemExit):
        start(monkeypatch, *([] if variable else [f"--port={port}"]))
    assert capsys.readouterr().err.endswith(f"a port is 1 to 65535, not {port!r}\n")


def test_a_wrong_folder_ends_with_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SystemExit, match="nowhere is not a folder"):
        start(monkeypatch, "--checkpoints", "nowhere")


def test_a_machine_that_is_too_busy_for_a_first_look_starts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Gradio looks whether its page comes within three seconds."""
    monkeypatch.setattr("gradio.networking.url_ok", lambda url: False)
    demo = ui.build(Catalogue([]))
    address = conftest.launched(demo)
    try:
        assert httpx.get(address).status_code == 200
    finally:
        demo.close(verbose=False)


def test_a_picture_that_is_saved_from_the_page_says_that_ai_made_it(catalogue: Catalogue) -> None:
    wish = sample.read(catalogue, "gan-mnist", 3, 5, "7", 0.75)
    way = interpolate.read(catalogue, "vae-mnist", 1, "1", 2, "7", 3, "slerp")
    film = timelapse.film(catalogue.find("gan-mnist", "snapshots"))
    pages = (
        sample.page(wish, sample.images(wish)), interpolate.page(way, interpolate.frames(way)),
        interpolate.comparison(way), "".join(f'<img src="{one}">' for one in film["frames"]),
        figures.card(wish.checkpoint),
    )  # fmt: skip
    for page in pages:
        assert sources(page)
        for source in sources(page):
            decode(source).verify()  # every checksum
            said = marked(base64.b64decode(source.partition(",")[2]))
            assert said["DigitalSourceType"] == labels.IPTC
            assert json.loads(said["AIGC"])["Label"] == "1"
    drawn, back = sources(drawing.terms(drawing.study(catalogue, "vae-mnist", "3", a_digit()), "3"))
    assert "xmp" in decode(back).info and "xmp" not in decode(drawn).info
    assert len(labels.SHORT) < 700  # there may be hundreds


# A drawing in the latent space


def a_digit() -> str:
    image = Image.new("L", (224, 224))
    image.paste(255, (100, 40, 124, 190))
    return data_address(image)


def test_a_drawing_is_encoded_and_its_terms_are_the_models(catalogue: Catalogue) -> None:
    one = drawing.study(catalogue, "vae-mnist", "3", a_digit())
    model: Any = one.checkpoint.model
    condition = model.condition(3)[None]
    mean, log_var = model.encode(one.image[None], condition)
    assert torch.equal(one.mean, mean[0])
    kl = 0.5 * (mean**2 + log_var.exp() - 1 - log_var)[0]
    assert torch.allclose(one.kl, kl, atol=1e-5)
    values = [float(one.kl[at]) for at in one.top]
    assert values == sorted(values, reverse=True) and one.top[0] == int(kl.argmax())
    assert one.nll == drawing.study(catalogue, "vae-mnist", "3", a_digit()).nll > 0
    noise = torch.randn(drawing.DRAWS, len(mean[0]), generator=latent.generator(0))
    seen = (one.image[None].expand(drawing.DRAWS, -1, -1, -1), condition.expand(drawing.DRAWS, -1))
    assert one.nll == pytest.approx(model.nll(model(*seen, noise)[0], seen[0]).mean().item())
    page = drawing.terms(one, "3")
    assert f"{one.nll:.1f} nats" in page and f"{float(kl.sum()):.1f} nats" in page
    given, back = (np.asarray(decode(source)) for source in sources(page))
    assert np.array_equal(given, one.checkpoint.media.to_uint8(one.image[None])[0, ..., 0])
    expected = model.reconstruct(one.image[None], condition)
    assert np.array_equal(back, one.checkpoint.media.to_uint8(expected)[0, ..., 0])


def test_the_kl_of_a_drawing_is_that_of_all_draws(catalogue: Catalogue) -> None:
    """Of a ladder it hangs on the levels above, which are drawn."""
    one = drawing.study(catalogue, "ladder-mnist", "3", a_digit())
    model: Any = one.checkpoint.model
    many = (
        one.image.expand(drawing.DRAWS, -1, -1, -1),
        model.condition(3).expand(drawing.DRAWS, -1),
    )
    nll, kl = model.elbo(*many, latent.generator(0))
    assert kl.std(0).max() > 0 and torch.allclose(one.kl, kl.mean(0))
    assert one.nll + float(one.kl.sum()) == pytest.approx(float((nll + kl.sum(1)).mean()), rel=1e-5)


def test_a_latent_and_the_class_change_what_is_decoded(catalogue: Catalogue) -> None:
    one = drawing.study(catalogue, "vae-mnist", "3", a_digit())
    model: Any = one.checkpoint.model
    z = one.mean.clone()
    z[one.top[0]] = 2.5
    moved = drawing.decoded(one.checkpoint, one.mean, "7", {one.top[0]: 2.5})
    assert torch.equal(moved, model.decode(z[None], model.condition(7)[None])[0])
    far = drawing.decoded(one.checkpoint, one.mean, "7", {one.top[0]: 1e9})
    assert torch.equal(far, drawing.decoded(one.checkpoint, one.mean, "7", {one.top[0]: 4.0}))


def test_every_position_of_a_slider_is_there_beforehand(catalogue: Catalogue) -> None:
    one = drawing.study(catalogue, "vae-mnist", "3", a_digit())
    first, second = one.top[:2]
    changes = {second: 1.3}
    found = drawing.sheets(one.checkpoint, one.mean, one.top, [1.0] * len(one.top), "7", changes)
    assert [row["latent"] - 1 for row in found["rows"]] == one.top
    row, other = found["rows"][:2]
    assert row["at"] == row["stands"] and other["positions"][other["at"]] == 1.3
    assert {-4.0, -3.75, 0.0, 4.0, 1.3} < {*other["positions"]} and len(other["positions"]) == 35
    sheet = np.asarray(decode(row["sheet"]))
    assert sheet.shape == (28, 28 * len(row["positions"]))
    for at, value in enumerate(row["positions"]):
        moved = changes if at == row["stands"] else {**changes, first: value}
        image = drawing.decoded(one.checkpoint, one.mean, "7", moved)
        expected = one.checkpoint.media.to_uint8(image[None])[0, ..., 0].astype(int)
        assert np.abs(sheet[:, 28 * at : 28 * at + 28] - expected).max() <= 1


@pytest.mark.parametrize("channels", [1, 3])
def test_a_picture_travels_in_a_link(channels: int) -> None:
    media = ImageMedia(channels, 28, 28)
    image = pictures.read_given(media, a_digit())
    packed = pictures.pack(media, image)
    assert len(packed) < 600 and re.fullmatch("[A-Za-z0-9_-]+", packed)
    assert pictures.read_packed(packed) == packed
    assert torch.equal(pictures.read_given(media, packed), image)
    # A checkpoint of another size takes it as any other picture.
    assert pictures.read_given(ImageMedia(1, 16, 16), packed).shape == (1, 16, 16)
    noise = torch.rand(3, 64, 64, generator=latent.generator(0))
    assert pictures.pack(ImageMedia(3, 64, 64), noise) == pictures.GIVEN


def test_a_damaged_picture_in_a_link_is_refused() -> None:
    media = ImageMedia(1, 28, 28)
    packed = pictures.pack(media, pictures.read_given(media, a_digit()))
    gif = base64.urlsafe_b64encode(b"GIF89a" + bytes(40)).decode().rstrip("=")
    for value in (packed[:60], packed[:-40], "A", "a picture", "", "<b>", gif, "A" * 5000, None, 7):
        with pytest.raises(ValueError, match="cut or damaged"):
            pictures.read_packed(value)


def test_moved_latents_in_a_link() -> None:
    assert drawing.read_latents("") == drawing.read_latents(None) == {}
    changes = drawing.read_latents("3:1.25,1:-9,17:0.5")
    assert changes == {2: 1.25, 0: -drawing.REACH, 16: 0.5}
    assert drawing.read_latents(drawing.said_latents(changes)) == changes
    for value in ("3", "x:1", "3:x", "0:1", "3:nan", "3:inf", "99999:1", ":", "3:1,", "1:2:3"):
        with pytest.raises(ValueError, match="latents are a list such as"):
            drawing.read_latents(value)


@pytest.mark.parametrize(
    ("name", "label", "data", "words"),
    [
        ("gan-mnist", "3", a_digit(), "gan-mnist has no encode"),
        ("vae-mnist", "frog", a_digit(), "no class 'frog'"),
        ("vae-mnist", "3", "", "The pad is empty"),
        ("vae-mnist", "3", "nonsense", "cut or damaged"),
    ],
    ids=["no encoder", "no class", "empty", "nonsense"],
)
def test_a_drawing_that_cannot_be_encoded(
    catalogue: Catalogue, name: str, label: str, data: str, words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        drawing.study(catalogue, name, label, data)


# The classes among the samples


def test_the_kl_of_the_classes_and_what_true_draws_show() -> None:
    tenth, third = (torch.full((n,), 1 / n, dtype=torch.float64) for n in (10, 3))
    assert coverage.kl([5] * 10, tenth) == pytest.approx(0)
    assert coverage.kl([9, 0, 0], third) == pytest.approx(math.log(3))
    assert coverage.kl([1, 1], torch.tensor([1.0, 0.0])) == math.inf
    assert coverage.kl([2, 0], torch.tensor([1.0, 0.0])) == 0
    uneven = torch.tensor([0.7, 0.2, 0.1], dtype=torch.float64)
    many = torch.full((1000,), 1 / 1000, dtype=torch.float64)
    rng = np.random.default_rng(0)
    for total, shares in ((16, tenth), (64, tenth), (1, third), (30, uneven), (500, many)):
        draws = rng.multinomial(total, shares.numpy(), size=4000 if len(shares) < 99 else 200)
        average = np.mean([coverage.kl(row.tolist(), shares) for row in draws])
        seen, floor = coverage.chance(total, shares)
        assert floor == pytest.approx(average, rel=0.03)
        assert seen == pytest.approx((draws > 0).sum(1).mean(), rel=0.02)
    # (1000 - 1) / (2 * 26,000), as the papers say it
    assert coverage.chance(26_000, many)[1] == pytest.approx(999 / 52_000, rel=0.02)


def test_the_classes_among_the_samples(catalogue: Catalogue) -> None:
    wish = sample.read(catalogue, "vae-mnist", 12, 3, "any", 1)
    images = sample.images(wish)
    classifier = catalogue.find("classifier-mnist", "classify")
    model: Any = classifier.model
    classes = model.classify(images)[0].argmax(1).tolist()
    counts = [classes.count(i) for i in range(10)]
    page = sample.covered(catalogue, wish, images)
    assert [int(n) for n in re.findall(r"<b>(\d+)</b>", page)] == counts
    assert f"{sum(n > 0 for n in counts)} of 10 classes" in page
    asked = sample.read(catalogue, "vae-mnist", 12, 3, "4", 1)
    assert sample.covered(catalogue, asked, images) == ""
    alone = Catalogue([wish.checkpoint])
    assert sample.covered(alone, wish, images) == ""


@pytest.mark.parametrize("name", ["README.md", "README.zh-CN.md"])
def test_every_link_in_the_readme_opens_its_view(name: str) -> None:
    root = Path(__file__).parent.parent
    links = re.findall(
        r"\]\(http://127\.0\.0\.1:7860/\?([^)]+)\)", (root / name).read_text("utf-8")
    )
    shipped = ui.catalogue_of(root / "checkpoints", films=root / "films")
    pages, needs = pages_of(shipped)
    opened = set()
    for link in links:
        query = dict(parse_qsl(link))
        tab, values, ignored = ui.follow(shipped, pages, needs, query)
        assert (tab, ignored) == (query["tab"], []), link
        called = {"tab", *values} if "view" not in values else {"tab", "look", *values} - {"view"}
        assert called == query.keys()
        opened.add(tab)
    assert opened == {tab.ID for tab in ui.TABS}


# The look


def luminance(colour: str) -> float:
    """Relative luminance of #rrggbb, WCAG 2.2."""
    values = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in values]
    return sum(weight * v for weight, v in zip((0.2126, 0.7152, 0.0722), linear))


@pytest.mark.parametrize("suffix", ["", "_dark"], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("ink", "paper"),
    [
        ("body_text_color", "body_background_fill"),
        ("body_text_color_subdued", "body_background_fill"),
        ("body_text_color_subdued", "block_background_fill"),
        ("block_info_text_color", "block_background_fill"),
        ("block_title_text_color", "block_background_fill"),
        ("body_text_color", "input_background_fill"),
        ("link_text_color", "body_background_fill"),
        ("button_primary_text_color", "button_primary_background_fill"),
    ],
)
def test_the_contrast_is_that_of_wcag_aa(ink: str, paper: str, suffix: str) -> None:
    look = theme()

    def colour(name: str) -> str:
        value = getattr(look, name + suffix, None) or getattr(look, name)
        while value.startswith("*"):
            value = getattr(look, value[1:])
        return {"white": "#ffffff"}.get(value, value)

    light, dark = sorted((luminance(colour(ink)), luminance(colour(paper))), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 4.5, (colour(ink), colour(paper))


def test_the_film_of_a_shipped_gan_says_which_loss_it_had() -> None:
    """What a loss means follows from the recipe; the page says it per run (static/timelapse.js)."""
    shipped = ui.catalogue_of(Path(__file__).parent.parent / "checkpoints")
    collapsed, mended = (
        timelapse.film(shipped.find(f"gan-mnist-{name}", "snapshots"))
        for name in ("collapsed", "mended")
    )
    assert collapsed["paired"] and not mended["paired"]
    assert collapsed["figures"]["classes covered"][-1] == 0.1
    assert mended["figures"]["classes covered"][-1] == 1
    assert mended["began"] == {}  # with random weights
    went_on = timelapse.film(shipped.find("attention-mnist", "snapshots"))
    assert went_on["began"] == {"begun": "attention-mnist", "had": 461_728}
    for language in texts.LANGUAGES.values():
        steps = language.SCRIPT["film"]["steps"]
        assert "0.693" in str(steps["gan"]) and "1.386" in str(steps["gan_alone"])


def test_the_film_of_a_vae_says_what_its_kl_term_counted() -> None:
    """What training lowers is the bound only where the balance coefficient is 1."""
    root = Path(__file__).parent.parent
    shipped = ui.catalogue_of(root / "checkpoints", films=root / "films")
    known = {}
    for name in ("vae-mnist", "vae-blurry", "vae-beta-tenth", "ladder-mnist", "gan-mnist"):
        known[name] = timelapse.film(shipped.find(name, "snapshots"))["weighed"]
    assert known == {
        "vae-mnist": {"beta": "1", "warmup": "5%"},
        "vae-blurry": {"beta": "4", "warmup": "5%"},
        "vae-beta-tenth": {"beta": "0.1", "warmup": "5%"},
        "ladder-mnist": {"beta": "1", "warmup": "5%", "free": "0.5", "until": "50%"},
        "gan-mnist": {},
    }
    for language in texts.LANGUAGES.values():
        steps = language.SCRIPT["film"]["steps"]
        for family, most in (("vae", known["vae-blurry"]), ("ladder", known["ladder-mnist"])):
            said = steps[family]["list"]
            assert all(any(f"{{{name}}}" in one for one in said) for name in most)
            (lowered,) = [one for one in said if "λ = {beta}" in one]
            assert "{_ELBO}" not in lowered and "{nll}" in lowered and "{KL}" in lowered


def test_what_runs_for_a_page_is_halted_and_dropped() -> None:
    runs, (one, other) = parts.Runs(), (Mock(session_hash=name) for name in "ab")
    assert runs.of(one) is None
    runs.halt(one)  # nothing runs
    with runs.begin(one) as first, runs.begin(other) as elsewhere:
        assert runs.of(one) is first and not first.is_set()
        runs.halt(one)
        assert first.is_set() and runs.of(one) is first and not elsewhere.is_set()
        with runs.begin(one) as second:  # takes the place of the first
            assert runs.of(one) is second and not second.is_set()
            runs.drop(one)
            assert second.is_set() and runs.of(one) is None
            with runs.begin(one) as third:
                assert runs.of(one) is third
        assert runs.of(one) is None and runs.of(other) is elsewhere
    assert runs.of(other) is None and not elsewhere.is_set()
