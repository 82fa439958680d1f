"""What the page teaches: each claim about these models has its place, in both languages."""

from __future__ import annotations

import dataclasses
import html
import json
import re
import shutil
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
from conftest import save_tiny

from aigc import ui
from aigc.models import gan as models_gan
from aigc.models import vae as models_vae
from aigc.ui import attention, drawing, lessons, measured, parts, sample, texts, views
from aigc.ui.catalogue import Catalogue
from aigc.ui.texts import en, zh

ROOT = Path(__file__).parents[1]

# Claim -> where it stands (below), and the constants of texts that say it there.
GAN_STEPS, VAE_STEPS = "SCRIPT.film.steps.gan.list", "SCRIPT.film.steps.vae.list"
CLAIMS: dict[str, tuple[str, tuple[str, ...]]] = {
    "a generator makes, a discriminator tells real from made": ("sample", ("SCORES_UNDER",)),
    "a drawing is judged": ("drawn", ("SCORES_DRAWN",)),
    "a GAN, step 1: both start from random weights": ("film", (f"{GAN_STEPS}.0",)),
    "step 2: a batch from noise": ("film", (f"{GAN_STEPS}.1",)),
    "step 3: real and made are told apart": (
        "scores", ("SCORES_TITLE", "SCORES_REAL", "SCORES_MADE"),
    ),
    "step 4: each side steps down its loss": ("film", (f"{GAN_STEPS}.2", f"{GAN_STEPS}.3")),
    "the min-max objective, each side's loss": ("scores", ("SCORES_LOSS", "SCORES_INFO")),
    "an encoder to a latent, a decoder back": ("code", ("AS_GIVEN", "CAME_BACK")),
    "a VAE, steps 1 to 4": ("film", tuple(f"{VAE_STEPS}.{i}" for i in range(4))),
    "reconstruction term, KL term": ("code", ("TERM_RECONSTRUCTION", "TERM_KL", "TERMS_INFO")),
    "lambda": ("code", ("TERMS_WEIGHED",)),
    "softmax(QK/sqrt(d))V, mask": ("formula", ("FORMULA_INFO", "FORMULA_MASKED", "FORMULA_SUM")),
    "a GAN: sharp and varied, unstable, hard to steer": ("cards", ("EXPECT.gan",)),
    "a VAE: easy to understand, limited in quality": ("cards", ("EXPECT.vae", "EXPECT.ladder")),
    "attention: finds by itself, costs the square": (
        "cards", ("EXPECT.attention", "EXPECT.language"),
    ),
    "time and memory against length, with the cache": (
        "lengths", ("COST_FOUND", "COST_STEPS", "COST_INFO", "COST_CHART"),
    ),
    "images, text, audio, film": ("page", ("CHECKPOINT_INFO", "TAGLINE")),
    "noise, capacity, learning rate of a GAN": ("about", ("ABOUT.gan",)),
    "data, depth, balance of a VAE": ("about", ("ABOUT.vae",)),
    "self-attention, written out and fused": ("about", ("ABOUT.attention",)),
    "mode collapse": ("sample", ("COVERAGE_KL",)),
    "quality against diversity": ("page", ("TRADEOFF_HERE", "TEMPERATURE_INFO")),
    "privacy: what was learned by heart": ("copies", ("COPIES.near_copies",)),
    "ethics: what AI made says so": ("page", ("FOOTNOTE", "LABELLED")),
}  # fmt: skip


@pytest.fixture(scope="module")
def shelf(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    """A tiny checkpoint of each family, with the figure of how near its samples come to what it
    learned, and the weight of its KL term."""
    root = tmp_path_factory.mktemp("lessons")
    figure = {"name": "x", "text": "0.1%", "reference_text": "1%"}
    for family in ("gan", "vae", "ladder", "attention", "language", "classifier"):
        folder = save_tiny(root / f"{family}-mnist", family)
        (folder / "metrics.json").write_text(json.dumps({"near_copies": figure}))
        config = json.loads((folder / "config.json").read_text())
        config["training"]["recipe"]["beta"] = 1.0
        (folder / "config.json").write_text(json.dumps(config))
    return ui.catalogue_of(root)


def said(language: str, key: str) -> str:
    value: Any = {"en": en, "zh": zh}[language]
    for part in key.split("."):
        if isinstance(value, dict):
            value = value[part]
        elif isinstance(value, (list, tuple)):
            value = value[int(part)]
        else:
            value = getattr(value, part)
    assert isinstance(value, str) and value
    return value


def view(shelf: Catalogue, checkpoint: str, name: str, **change: Any) -> str:
    given = {"seed": 7, "label": "3", "count": 2, "temperature": 1.0, "drawing": "",
             "layer": 1, "head": 1, "position": 5} | change  # fmt: skip
    return str(views.VIEWS[name].show(views.read(shelf, checkpoint, name, given)))


def places(shelf: Catalogue, config: Any, digit: str) -> dict[str, str]:
    """What a visitor reads in each place, in the language that is spoken."""
    one = sample.read(shelf, "gan-mnist", 4, 7, "any", 1.0)
    made = sample.images(one)
    _, made_by_attention = attention.read_settings(shelf, "attention-mnist", 7, "3")
    return {
        "sample": sample.page(one, made) + sample.covered(shelf, one, made),
        "copies": measured.copies(one.checkpoint),
        "scores": view(shelf, "gan-mnist", "scores"),
        "drawn": view(shelf, "gan-mnist", "scores", drawing=digit),
        "code": drawing.terms(drawing.study(shelf, "vae-mnist", "3", digit), "3"),
        "formula": view(shelf, "attention-mnist", "formula"),
        "lengths": attention.lengths_of(shelf, made_by_attention, ""),
        "cards": "".join(lessons.expect(shelf, chosen) for chosen in shelf.checkpoints),
        "about": "".join(texts.ABOUT.values()),
        "page": json.dumps(config["components"], ensure_ascii=False, default=str),
        # static/timelapse.js fills in the figures of the run.
        "film": json.dumps(texts.SCRIPT["film"], ensure_ascii=False),
    }


@pytest.fixture(scope="module")
def read(shelf: Catalogue) -> dict[str, dict[str, str]]:
    """Language -> place -> what stands there."""
    from test_ui import a_digit

    demo = ui.build(shelf)
    demo.config = demo.get_config_file()  # as at its launch, when it knows all its languages
    found = {}
    for language in texts.LANGUAGES:
        texts.speak(language)
        found[language] = places(shelf, demo.config, a_digit())
    texts.speak(texts.DEFAULT)
    return found


@pytest.mark.parametrize("claim", CLAIMS)
def test_each_claim_is_said_in_its_place(claim: str, read: dict[str, dict[str, str]]) -> None:
    place, keys = CLAIMS[claim]
    for language, said_there in read.items():
        there = html.unescape(said_there[place]).replace("\\n", "\n").replace("\\", "")
        for key in keys:
            # What stands there whatever the figures are: the longest piece between them.
            pieces = re.split(r"\{\w+\}", said(language, key)) if place != "about" else [""]
            piece = max(pieces, key=len).replace("\\", "")
            assert piece in there, (language, key)


def test_the_accordion_shows_the_text_of_the_family(shelf: Catalogue) -> None:
    """`about` above is all of it; the page shows that of the chosen checkpoint."""
    import gradio as gr

    with gr.Blocks() as demo:
        parts.about(shelf, parts.chooser(shelf, "sample"), "sample")
    shown = json.dumps(demo.get_config_file()["components"], default=str)
    assert "train.recipes" in shown and "What helps" in shown


def test_what_to_expect_has_the_figures_of_this_very_model(tmp_path: Path) -> None:
    figures = {
        "precision": {"name": "Precision", "text": "76.71%"},
        "negative_log_likelihood": {"name": "-log p(x)", "text": "80.79 nats"},
    }
    for family in ("gan", "vae", "ladder", "attention", "classifier"):
        folder = save_tiny(tmp_path / f"{family}-mnist", family)
        (folder / "metrics.json").write_text(json.dumps(figures))
    shutil.copytree(tmp_path / "ladder-mnist", tmp_path / "ladder-mnist-window")
    shelf = ui.catalogue_of(tmp_path)
    shown = {one.family: lessons.expect(shelf, one) for one in shelf.checkpoints}
    assert "(this one: Precision 76.71%)" in shown["gan"]
    assert "(this one: -log p(x) 80.79 nats)" in shown["vae"]
    of_each = "Beside it: {}, -log p(x) 80.79 nats; {}, -log p(x) 80.79 nats."
    assert of_each.format("ladder-mnist", "ladder-mnist-window") in shown["vae"]
    assert of_each.format("vae-mnist", "ladder-mnist") in shown["ladder"]
    assert shown["classifier"] == ""
    assert "196 steps" in shown["attention"] and "19,306 pairs" in shown["attention"]
    assert "this one" not in shown["attention"]


def test_of_a_gan_the_page_says_how_this_very_one_was_trained() -> None:
    shipped = ui.catalogue_of(ROOT / "checkpoints", films=ROOT / "films")
    for language, module in texts.LANGUAGES.items():
        texts.speak(language)
        for name, loss, slopes in (
            ("gan-mnist", "relativistic", "both"),
            ("gan-stacked-mnist", "relativistic", "both"),
            ("gan-mnist-collapsed", "relativistic", "none"),
            ("gan-mnist-mended", "minimax", "both"),
            ("gan-certain", "minimax", "none"),  # a film
        ):
            said = lessons.about(shipped.find(name, "snapshots"))
            assert said.startswith(module.ABOUT["gan"])
            this = said.removeprefix(module.ABOUT["gan"])
            assert module.GAN_LOSSES[loss] in this and module.GAN_SLOPES[slopes] in this
    texts.speak(texts.DEFAULT)
    gan = shipped.find("gan-mnist", "snapshots")
    recipe = {"loss": "wasserstein", "r1": False, "r2": True, "gp": 10.0}
    other = lessons.about(dataclasses.replace(gan, training={"recipe": recipe}))
    assert en.GAN_SLOPES["r2"] in other and en.GAN_SLOPES["gp"] in other
    assert lessons.about(dataclasses.replace(gan, training={})) == en.ABOUT["gan"]
    for odd in ([1], {}, None, 3):  # a checkpoint may say anything of its run
        odd_one = dataclasses.replace(gan, training={"recipe": {"loss": odd}})
        assert lessons.about(odd_one) == en.ABOUT["gan"]
    assert "Where there are classes" in en.ABOUT["gan"] and "有类别时" in zh.ABOUT["gan"]
    for loss in models_gan.LOSSES:
        assert loss in en.GAN_LOSSES and loss in zh.GAN_LOSSES


def test_explore_explains_the_views_that_there_are(shelf: Catalogue) -> None:
    heading = texts.ABOUT_LATENT
    vae, gan = (shelf.find(f"{name}-mnist", views.NEEDS) for name in ("vae", "gan"))
    assert views.reading(vae) == heading + "".join(texts.ABOUT_VIEWS.values())
    assert views.reading(gan) == heading + texts.ABOUT_VIEWS["directions"]
    assert views.reading(shelf.find("attention-mnist", views.NEEDS)) == ""


def test_a_view_is_called_by_its_name(shelf: Catalogue) -> None:
    for language, module in texts.LANGUAGES.items():
        texts.speak(language)
        said = lessons.expect(shelf, shelf.find("gan-mnist", "sample"))
        assert module.TABS["explore"] in said and module.VIEWS["project"] in said
    texts.speak(texts.DEFAULT)


def test_what_failed_is_linked_beside_its_remedies(shelf: Catalogue) -> None:
    shipped = ui.catalogue_of(ROOT / "checkpoints", films=ROOT / "films")
    texts.speak("zh")
    there = lessons.pairs(shipped) + lessons.expect(shipped, shipped.find("gan-mnist", "sample"))
    links = [dict(parse_qsl(html.unescape(one))) for one in re.findall(r'href="\?(.*?)"', there)]
    coded = lessons.expect(shipped, shipped.find("vae-mnist", "sample"))
    texts.speak(texts.DEFAULT)
    assert len(links) == 2 + sum(bool(film.mends) for film in shipped.films)
    for one in links:
        runs = [shipped.find(one[name], "snapshots") for name in ("checkpoint", "beside")]
        assert one["tab"] == "timelapse" and one["lang"] == "zh" and runs[0] is not runs[1]
        assert getattr(runs[1], "mends", "") in ("", runs[0].name)
    assert "?tab=interpolate&amp;checkpoint=vae-mnist&amp;lang=zh" in coded
    assert "vae" not in lessons.pairs(shipped, "gan") and lessons.pairs(shipped, "ladder") == ""
    # Where the runs are not there, the names stand without a link.
    alone = lessons.expect(shelf, shelf.find("gan-mnist", "sample"))
    assert en.EXPECT_CERTAIN in alone and "href" not in alone and lessons.pairs(shelf) == ""


def test_a_ladder_with_a_window_says_what_it_is_for(shelf: Catalogue) -> None:
    plain = shelf.find("ladder-mnist", "sample")
    config = dataclasses.replace(plain.model.config, window=2)
    began = {"started": {"name": "an-older-one"}}
    opened = dataclasses.replace(plain, model=models_vae.Ladder(config))
    grown = dataclasses.replace(opened, training=began)
    for language, words in (("en", "up to 2 rows above"), ("zh", "最多向上 2 行")):
        texts.speak(language)
        assert lessons.about(opened).startswith(lessons.about(plain))
        more = lessons.about(opened).removeprefix(lessons.about(plain))
        assert words in more and "WINDOW" not in more and more.count("$$") == 2
        begins = texts.EXPECT_WINDOW.split("{")[0]
        assert begins in lessons.expect(shelf, opened)
        assert begins not in lessons.expect(shelf, plain)
        assert "`an-older-one`" in lessons.about(grown).removeprefix(lessons.about(opened))
        for odd in ({"name": "a`b"}, {"other": 1}, "no"):
            other = dataclasses.replace(opened, training={"started": odd})
            assert "`" not in lessons.about(other).removeprefix(lessons.about(plain))
    texts.speak(texts.DEFAULT)


def test_figures_of_runs_are_those_of_the_experiments() -> None:
    """Each number in the paragraphs on what helps stands in the row of its run."""
    rows = {}
    for line in (ROOT / "docs" / "experiments.md").read_text(encoding="utf-8").splitlines():
        if found := re.match(r"\| `((?:gan|vae)-[a-z-]+)` \|", line):
            rows.setdefault(found[1], []).append(line.replace("*", ""))
    wanted = {
        "gan": ("gan-certain 9%", "gan-noise 9%", "gan-capacity 9%", "gan-schedule 10%",
                "gan-penalties 95%", "gan-weak 5%", "gan-weak-capacity 86%", "gan-weak-rate 74%"),
        "vae": ("vae-blurry 164.8", "vae-data 158.2", "vae-depth 165.1", "vae-beta 165.6",
                "vae-beta-tenth 171.0", "vae-latent 140.1", "vae-all 107.7"),
    }  # fmt: skip
    for module in (en, zh):
        for family, figures in wanted.items():
            numbers = re.findall(r"\d+%|\d+\.\d+(?= nat| 奈特|; |，| with)", module.ABOUT[family])
            assert set(numbers) <= {figure.split()[1] for figure in figures}
            for figure in figures:
                run, number = figure.split()
                assert number in module.ABOUT[family]
                assert any(f"| {number} |" in row for row in rows[run]), figure
        for number, run in (
            ("4.1", "vae-blurry"),
            ("6.3", "vae-beta"),
            ("11.1", "vae-beta-tenth"),
        ):
            assert number in module.TERMS_WEIGHED
            assert any(f"| {number} |" in row for row in rows[run])
