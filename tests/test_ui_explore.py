"""The explorers of a latent space without a server."""

from __future__ import annotations

import base64
import io
import math
import re
import shutil
import threading
from collections import Counter
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import numpy as np
import pytest
import torch
from PIL import Image

from aigc import checkpoint, latent, survey, ui
from aigc.checkpoint import CheckpointError
from aigc.media import ImageMedia
from aigc.ui import (
    arithmetic,
    cache,
    complete,
    controls,
    coverage,
    directions,
    explore,
    figures,
    formula,
    heads,
    judge,
    modes,
    pictures,
    pixel,
    plane,
    projection,
    sample,
    texts,
    tradeoff,
    views,
)  # fmt: skip
from aigc.ui.catalogue import Catalogue


def drawn() -> str:
    """A bar, as a link carries it."""
    image = torch.zeros(1, 28, 28)
    image[0, 5:23, 12:16] = 1
    return pictures.pack(ImageMedia(1, 28, 28), image)


# Settings of each view, as an endpoint sends them.
GIVEN: dict[str, dict[str, Any]] = {
    "map": {"plane": "means", "x": 1.25, "y": -0.5, "walk": "137.138.162"},
    "classes": {"seed": 4, "label": "3"},
    "directions": {"seed": 4, "label": "3", **dict.fromkeys(directions.MOVES, 0.0), "move_2": 1.5},
    "corners": {"seed": 4, "label": "3", "label_b": "any", "label_c": "5", "label_d": "6",
                "side": 3, "path": "lerp"},
    "loop": {"seed": 4, "label": "any", "stops": 3, "leg": 2, "path": "slerp"},
    "scores": {"seed": 4, "label": "any", "count": 3, "temperature": 0.5},
    "project": {"drawing": drawn(), "label": "3"},
    "tradeoff": {"seed": 4, "label": "3"},
    "modes": {"seed": 4, "total": 70, "temperature": 1.0},
    "complete": {"seed": 4, "label": "3", "rows": 6, "count": 2, "temperature": 1.0},
    "heads": {"seed": 4, "label": "3", "muted": "1.2,2.1"},
    "pixel": {"seed": 4, "label": "3", "position": 50},
    "formula": {"seed": 4, "label": "3", "layer": 2, "head": 1, "position": 50},
}  # fmt: skip


HAS = {
    "scores": "gan-mnist",
    "project": "gan-mnist",
    "complete": "attention-mnist",
    "heads": "attention-mnist",
    "pixel": "attention-mnist",
    "formula": "attention-mnist",
}  # a checkpoint that has the view


def wish_of(catalogue: Catalogue, view: str, name: str = "") -> views.Wish:
    return views.read(catalogue, name or HAS.get(view, "vae-mnist"), view, GIVEN[view])


def decode(address: str) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(address.partition(",")[2]))))


@pytest.mark.parametrize("view", [view for view in views.VIEWS if view != "project"])
def test_a_view_keeps_the_contract(catalogue: Catalogue, view: str) -> None:
    module = views.VIEWS[view]
    assert module.PART in ("", *survey.PARTS) and view in GIVEN
    wish = wish_of(catalogue, view)
    made = wish.made
    assert {"checkpoint", "revision", "view", *module.CONTROLS} - {"drawing"} == set(made)
    images = module.pictures(wish)
    assert images.shape[1:] == (1, 28, 28) and 0 <= images.min() <= images.max() <= 1
    torch.manual_seed(7)
    assert torch.equal(module.pictures(wish), images)
    assert isinstance(module.facts(wish), dict)
    shown = module.show(wish)
    assert shown["made"] == made if view == "map" else "<img" in shown
    assert texts.VIEWS[view]
    with gr.Blocks():
        page = explore.build(catalogue)
    assert set(module.CONTROLS) <= page.settings.keys()
    query = {name: figures.plain(made[name]) for name in page.settings if name in made}
    tab, values, ignored = ui.follow(
        catalogue, {"explore": page}, {"explore": explore.NEEDS}, {"tab": "explore", **query}
    )
    assert (tab, ignored) == ("explore", [])
    assert values == {name: made[name] for name in values} and set(values) == set(query)


def unmarked(shown: object) -> tuple[int, int]:
    """How many pictures of a view do not say that AI made them, and how many there are."""
    found = re.findall(r"data:image/png;base64,([\w+/=]+)", str(shown))
    return sum(b"iTXt" not in base64.b64decode(content) for content in found), len(found)


@pytest.mark.parametrize("view", [view for view in views.VIEWS if view != "project"])
def test_what_a_model_made_says_so_and_a_drawing_does_not(
    catalogue: Catalogue, view: str
) -> None:  # fmt: skip
    missing, pictures = unmarked(views.VIEWS[view].show(wish_of(catalogue, view)))
    assert missing == 0 < pictures
    if "drawing" in views.VIEWS[view].CONTROLS:
        given = {**GIVEN[view], "drawing": drawn()}
        wish = views.read(catalogue, HAS.get(view, "vae-mnist"), view, given)
        # Whole and in part; judged as each class, beside the gradients.
        expected = {"complete": 2, "scores": 20}.get(view, 1)
        assert wish.drawing is not None and unmarked(views.VIEWS[view].show(wish))[0] == expected


@pytest.mark.parametrize(
    "view", [view for view, module in views.VIEWS.items() if hasattr(module, "watch")]
)
def test_a_drawing_is_seen_while_it_grows(
    catalogue: Catalogue, view: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "SECONDS_BETWEEN_VIEWS", 0.0)
    monkeypatch.setattr(cache, "_kept", {})
    module, wish = views.VIEWS[view], wish_of(catalogue, view)
    grown = list(module.watch(wish))
    rows, _ = wish.checkpoint.model.grid
    assert len(grown) >= rows and len(set(grown)) == len(grown)
    for one in grown:
        missing, there = unmarked(one)
        assert missing == 0 < there
    # What stands at the end is known by then, and nobody waits for it again.
    watched = module.show(wish)
    assert list(module.watch(wish)) == []
    assert addresses(watched)[: len(addresses(grown[-1]))] == addresses(grown[-1])
    monkeypatch.setattr(cache, "_kept", {})
    assert module.show(wish) == watched
    # Nothing is drawn for a request that can't be met, and a drawing is there at once.
    wrong = {"complete": {"rows": 64}, "heads": {"muted": "9.1"}}.get(view, {"position": 4000})
    given = {**GIVEN[view], **wrong}
    with pytest.raises(ValueError, match=r"."):
        next(module.watch(views.read(catalogue, HAS[view], view, given)))
    if "drawing" in module.CONTROLS:
        given = {**GIVEN[view], "drawing": drawn()}
        grown = list(module.watch(views.read(catalogue, HAS[view], view, given)))
        assert bool(grown) == (view == "complete")


def addresses(shown: str) -> list[str]:
    return re.findall(r'src="([^"]+)"', shown)


def test_a_view_sends_what_it_draws_before_it_is_whole(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "_kept", {})
    with gr.Blocks():
        page = explore.build(catalogue)
    given = {"checkpoint": "attention-mnist", "view": "pixel", **GIVEN["pixel"]}
    values = [given.get(name, box.value) for name, box in page.settings.items()]
    request: Any = SimpleNamespace(session_hash="one")
    first, *_, last = page.run["fn"](request, *values)
    at = page.run["outputs"].index(page.made)
    assert "<img" in first[0]["value"] and "charts" not in first[0]["value"]
    assert first[at] == gr.skip()
    assert last[at]["value"]["position"] == GIVEN["pixel"]["position"]
    assert "charts" in last[0]["value"]


def test_the_map_decodes_its_points(catalogue: Catalogue) -> None:
    wish = wish_of(catalogue, "map")
    found = survey.read(wish.checkpoint)
    assert found is not None
    model: Any = wish.checkpoint.model
    z = found["map.origin"] + torch.tensor([1.25, -0.5]) @ found["map.means.axes"]
    expected = model.decode(z[None], model.condition(None)[None])
    torch.testing.assert_close(plane.pictures(wish)[:1], expected)
    walk = plane.grid(found, "means")[[137, 138, 162]]
    assert torch.equal(plane.pictures(wish)[1:], plane.decoded(wish, walk))
    value = plane.show(wish)
    sheet = decode(value["sheet"])
    assert sheet.shape == (24 * 28, 24 * 28)
    points = plane.grid(found, "means")
    assert points[0, 0] == -points[-1, 0] < 0 < points[0, 1]  # the upper left comes first
    at = 24 * 5 + 17  # row 5, column 17
    tile = sheet[5 * 28 : 6 * 28, 17 * 28 : 18 * 28]
    one = wish.checkpoint.media.to_uint8(plane.decoded(wish, points[at : at + 1]))[0, ..., 0]
    assert np.abs(tile.astype(int) - one).max() <= 1
    raw = np.frombuffer(base64.b64decode(value["points"]), np.float32).reshape(-1, 2)
    assert np.array_equal(raw, found["map.means.points"].numpy())
    share = float(found["map.means.facts"][0])
    assert f"{share:.0%} of the variance of 40 test images" in value["about"]
    assert "The other 2 of 4 dimensions" in value["about"]
    assert (np.abs(raw) <= value["reach"]).mean() > 0.95


def test_other_classes_in_both_ways(catalogue: Catalogue) -> None:
    wish = wish_of(catalogue, "classes")
    chosen: Any = wish.checkpoint
    model, found = chosen.model, survey.read(chosen)
    assert found is not None
    image = model.sample(latent.generators(4, 1), [3])
    by_means, by_class = views.VIEWS["classes"].pictures(wish).unflatten(0, (2, 10))
    free = model.condition(None)[None]
    z = model.encode(image, free)[0] - found["map.class_means"][3] + found["map.class_means"][8]
    torch.testing.assert_close(by_means[8:9], model.decode(z, free))
    z = model.encode(image, model.condition(3)[None])[0]
    torch.testing.assert_close(by_class[8:9], model.decode(z, model.condition(8)[None]))
    # Its own class is where it came from.
    torch.testing.assert_close(by_means[3:4], model.reconstruct(image, free), atol=1e-4, rtol=0)
    facts = views.VIEWS["classes"].facts(wish)
    assert facts["from"] == "3"
    assert facts["arrives_by_means"]["8"] == pytest.approx(float(found["arithmetic"][0, 8]))
    loose = views.read(catalogue, "vae-mnist", "classes", {"seed": 4, "label": "any"})
    z, _ = model.encode(model.sample(latent.generators(4, 1), [None]), free)
    nearest = int((found["map.class_means"] - z).norm(dim=1).argmin())
    assert views.VIEWS["classes"].facts(loose)["from"] == str(nearest)


@pytest.mark.parametrize("name", ["gan-mnist", "vae-mnist"])
def test_directions_move_the_latent(catalogue: Catalogue, name: str) -> None:
    wish = wish_of(catalogue, "directions", name)
    model: Any = wish.checkpoint.model
    found = survey.read(wish.checkpoint)
    assert found is not None
    z, condition = model.prior(latent.generator(4), 3)
    both = torch.stack([z, z + 1.5 * found["directions.vectors"][1]])
    expected = model.decode(both, condition.expand(2, -1))
    torch.testing.assert_close(directions.pictures(wish), expected)
    _, fan = directions.strips(wish)
    torch.testing.assert_close(fan[0, 3], expected[1])
    page = directions.show(wish)
    assert page.count("<img") == 2 + 3
    look = float(found["directions.looks"][2, 3])
    assert f"slant {look:+.2f}" in page


def test_directions_are_named_by_what_they_change() -> None:
    looks = torch.tensor([[0.1, -0.9, 0.3, 0.0], [0.1, 0.2, -0.1, 0.2], [0.5, 0.1, 0.1, -0.6]])
    response = torch.zeros(3, 3)
    response[1, 2], response[1, 0] = 0.4, -0.2
    found = survey.Survey({"directions.looks": looks, "directions.response": response}, {})
    chosen: Any = SimpleNamespace(
        media=ImageMedia(1, 28, 28), dataset="mine", labels=("a", "b", "c")
    )
    names = [directions.name_of(chosen, found, at) for at in range(3)]
    assert names == ["narrower, taller", "toward c, away from a", "leans left, more ink"]
    response[1] /= 10
    assert directions.name_of(chosen, found, 1) == "little that is measured"
    assert directions.titles(None) == [(False, "")] * 6


def test_directions_of_stacked_classes_are_named_colour_by_colour() -> None:
    red, green, blue = torch.zeros(3, 10).unbind()
    red[4], red[3], green[7], blue[1] = 2.0, -1.0, 0.5, 0.9
    joint = red[:, None, None] + green[:, None] + blue - 0.3
    terms = directions.by_channel(joint.flatten(), 3)
    torch.testing.assert_close(terms, torch.stack([c - c.mean() for c in (red, green, blue)]))
    tensors = {"directions.looks": torch.ones(1, 4), "directions.response": joint.view(1, 1000)}
    found = survey.Survey(tensors, {})
    chosen: Any = SimpleNamespace(media=ImageMedia(3, 28, 28), dataset="stacked-mnist", labels=())
    assert directions.name_of(chosen, found, 0) == "red toward 4, blue toward 1"


def test_a_loop_and_a_square_start_where_sample_does(catalogue: Catalogue) -> None:
    model: Any = catalogue.find("vae-mnist", "decode").model
    frames = views.VIEWS["loop"].pictures(wish_of(catalogue, "loop"))
    assert len(frames) == 6
    stops = model.sample(latent.generators(4, 3), [None] * 3)
    torch.testing.assert_close(frames[::2], stops, atol=1e-5, rtol=0)
    square = views.VIEWS["corners"].pictures(wish_of(catalogue, "corners"))
    corners = model.sample(latent.generators(4, 4), [3, None, 5, 6])
    torch.testing.assert_close(square[[0, 2, 6, 8]], corners, atol=1e-5, rtol=0)
    assert "data-loop" in views.VIEWS["loop"].show(wish_of(catalogue, "loop"))


@pytest.mark.parametrize(
    ("name", "view", "change", "words"),
    [
        ("gan-mnist", "map", {}, "gan-mnist has no Map, which needs the capability encode"),
        ("attention-mnist", "loop", {}, "attention-mnist has no Loop, which needs the capability"),
        ("language-mnist", "modes", {}, "language-mnist has no pictures; choose one of gan-mnist"),
        ("attention-mnist", "complete", {"rows": 65}, "Rows of patches that are kept is a whole"),
        ("attention-mnist", "pixel", {"position": 0}, "The position is a whole number from 1"),
        ("attention-mnist", "heads", {"muted": "1.0"}, "'1.0' names no heads of this model"),
        ("attention-mnist", "heads", {"muted": ["1.2", "x"]}, "names no heads of this model"),
        ("vae-mnist", "nowhere", {}, "View is map, classes"),
        ("vae-mnist", "map", {"plane": "tsne"}, "Plane is pca, means or kl, not 'tsne'"),
        ("vae-mnist", "map", {"x": "far"}, "x is a number from -20 to 20, not 'far'"),
        ("vae-mnist", "map", {"y": 1e9}, "y is a number from -20 to 20"),
        ("vae-mnist", "map", {"y": float("nan")}, "y is a number from -20 to 20"),
        ("vae-mnist", "map", {"x": True}, "x is a number"),
        ("vae-mnist", "map", {"walk": "1.576"}, "such as 301.302.326, each from 0 to 575, not"),
        ("vae-mnist", "map", {"walk": "1..2"}, "The walk is a list of at most 240 points"),
        ("vae-mnist", "map", {"walk": ".".join(["7"] * 241)}, "at most 240 points"),
        ("vae-mnist", "corners", {"side": 13}, "Pictures along a side is a whole number"),
        ("vae-mnist", "corners", {"label_c": "frog"}, "no class 'frog'"),
        ("vae-mnist", "loop", {"stops": 1}, "Stops is a whole number from 2 to 8"),
        ("vae-mnist", "loop", {"leg": 25}, "from 1 to 24"),
        ("gan-mnist", "directions", {"move_6": 5}, "The move is a number from -4 to 4"),
    ],
)
def test_a_request_that_is_wrong_gets_one_sentence(
    catalogue: Catalogue, name: str, view: str, change: dict[str, Any], words: str
) -> None:
    given = {**GIVEN.get(view, {}), **change}
    with pytest.raises(ValueError, match=re.escape(words)) as caught:
        views.read(catalogue, name, view, given)
    assert len(str(caught.value)) < 250


def test_without_a_survey_other_views_remain(tiny_checkpoints: Path, tmp_path: Path) -> None:
    for name in ("gan-mnist", "vae-mnist"):
        shutil.copytree(tiny_checkpoints / name, tmp_path / name)
    (tmp_path / "gan-mnist" / survey.FILE).unlink()
    (tmp_path / "vae-mnist" / survey.FILE).write_bytes(b"broken")
    shelf = ui.catalogue_of(tmp_path)
    for name in ("gan-mnist", "vae-mnist"):
        chosen = shelf.find(name, "sample")
        project = ["project"] if name == "gan-mnist" else []
        assert views.possible(chosen) == ["corners", "loop", *project, "modes"]
        why = {
            "gan-mnist": r"was not surveyed .* train\.survey CHECKPOINT --data DIR --write, or",
            "vae-mnist": r"could not be loaded: survey\.safetensors cannot be read",
        }[name]
        with pytest.raises(ValueError, match=why):
            views.read(shelf, name, "directions", GIVEN["directions"])
    with gr.Blocks():
        assert explore.build(shelf).settings["view"].value == "corners"


def test_a_survey_of_data_without_classes_says_what_is_missing(
    tiny_checkpoints: Path, tmp_path: Path
) -> None:
    folder = shutil.copytree(tiny_checkpoints / "vae-mnist", tmp_path / "vae-mnist")
    whole = survey.read(checkpoint.load(folder))
    assert whole is not None
    some = {key: value for key, value in whole.tensors.items() if key.startswith("map")}
    survey.write(folder, some, whole.about)
    shelf = ui.catalogue_of(tmp_path)
    assert "map" in views.possible(shelf.find("vae-mnist", "sample"))
    with pytest.raises(ValueError, match="nothing for this, which needs data with classes; choose"):
        views.read(shelf, "vae-mnist", "directions", GIVEN["directions"])


def test_walks_are_films(catalogue: Catalogue) -> None:
    frames, goes_round = plane.film(wish_of(catalogue, "map"))
    assert not goes_round and torch.equal(frames, plane.pictures(wish_of(catalogue, "map"))[1:])
    short = views.read(catalogue, "vae-mnist", "map", {**GIVEN["map"], "walk": "5"})
    with pytest.raises(ValueError, match="There is no path yet; drag one"):
        plane.film(short)
    frames, goes_round = views.VIEWS["loop"].film(wish_of(catalogue, "loop"))
    assert goes_round and torch.equal(
        frames, views.VIEWS["loop"].pictures(wish_of(catalogue, "loop"))
    )
    assert views.FILMS == ("map", "loop")


def test_scores_are_the_discriminators(catalogue: Catalogue) -> None:
    wish = wish_of(catalogue, "scores")
    model: Any = wish.checkpoint.model
    found = judge.of_samples(wish)
    images = model.sample(latent.generators(4, 3), [None] * 3, 0.5)
    torch.testing.assert_close(found.images, images)
    drawn = [model.prior(g, None)[1] for g in latent.generators(4, 3)]
    assert found.classes == [int(c.argmax()) for c in drawn]
    told = torch.stack(drawn)
    torch.testing.assert_close(found.scores, model.discriminate(images.clone(), told))
    # The slope is what a little more ink changes.
    brighter = images.clone()
    brighter[:, :, 10, 12] += 0.01
    change = model.discriminate(brighter, told) - found.scores
    torch.testing.assert_close(change / 0.01, found.slopes[:, 10, 12], rtol=0.1, atol=1e-3)
    survey_ = survey.read(wish.checkpoint)
    assert survey_ is not None
    real = survey_["scores.real"]
    expected = [
        float((real[k] < score).double().mean())
        for k, score in zip(found.classes, found.scores.tolist())
    ]
    assert judge.ranks(wish.checkpoint, found) == pytest.approx(expected)
    pairs = [
        math.log1p(math.exp(score - r))
        for k, score in zip(found.classes, found.scores.tolist()) for r in real[k].tolist()
    ]  # fmt: skip
    assert judge.losses(wish.checkpoint, found)[0] == pytest.approx(
        sum(pairs) / len(pairs), rel=1e-4
    )
    page = judge.show(wish)
    shown = [float(n) for n in re.findall(r"<b>(-?[0-9.]+)</b>", page)]
    assert shown == [round(n, 2) for n in sorted(found.scores.tolist(), reverse=True)]


def test_the_heat_map_says_where_and_which_way() -> None:
    image, slope = torch.zeros(1, 4, 4), torch.zeros(4, 4)
    slope[0, 1], slope[2, 3] = 4.0, -1.0
    heat = np.asarray(judge.heat(image, slope))
    assert tuple(heat[0, 1]) == judge.MORE
    assert tuple(heat[2, 3]) == tuple(round(c / 2) for c in judge.LESS)
    assert heat.sum() == heat[0, 1].sum(dtype=int) + heat[2, 3].sum(dtype=int)


def test_the_tradeoff_shows_what_was_measured(catalogue: Catalogue) -> None:
    wish = wish_of(catalogue, "tradeoff")
    found = survey.read(wish.checkpoint)
    assert found is not None
    table = found["tradeoff"]
    images = tradeoff.pictures(wish)
    assert len(images) == len(table) * tradeoff.ACROSS
    model: Any = wish.checkpoint.model
    second = model.sample(latent.generators(4, 10), [3] * 10, table[1, 0].item())
    torch.testing.assert_close(images[10:20], second)
    page = tradeoff.show(wish)
    assert page.count("<polyline") == len(tradeoff.SHARES)
    for row in table.tolist():
        assert f"<td>{row[1]:.1%}</td>" in page and f"<td>{row[2]:.2f}</td>" in page


def test_classes_fill_up(catalogue: Catalogue) -> None:
    wish = wish_of(catalogue, "modes")
    assert wish.judge is not None
    tallies = list(modes.tally(wish))
    assert [(now.total, now.ended) for now in tallies] == [(64, False), (70, True)]
    model: Any = wish.checkpoint.model
    images = model.sample(latent.generators(4, 70), [None] * 70)
    assert coverage.count(wish.judge, images) == tallies[-1].counts
    pages = list(modes.grow(wish))
    assert pages[-1] == (modes.show(wish), wish)
    assert "<progress" in pages[0][0] and "<progress" not in pages[-1][0]
    assert texts.COVERAGE_TARGETS[False] in pages[-1][0]  # nobody measured the shares
    alone = Catalogue([wish.checkpoint])
    with pytest.raises(ValueError, match="No loaded classifier knows the classes of vae-mnist"):
        views.read(alone, "vae-mnist", "modes", GIVEN["modes"])


def test_coverage_ends_when_somebody_stops_it_or_the_time_is_over(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = {**GIVEN["modes"], "total": modes.MAX_TOTAL}
    wish = views.read(catalogue, "gan-mnist", "modes", given)
    halted = threading.Event()
    shown = []
    for page, reached in modes.grow(wish, halted):
        shown.append((page, reached))
        if len(shown) == 2:
            halted.set()
    page, reached = shown[-1]
    assert len(shown) == 3 and 0 < reached.values["total"] < modes.MAX_TOTAL
    assert texts.MODES_ENDED.format(count=reached.values["total"], seconds="60") in page
    again = modes.show(reached)  # a link to what was reached shows the same classes
    assert again.partition("</section>")[0] == page.partition("</section>")[0]
    monkeypatch.setattr(modes, "SECONDS", 0.0)
    assert modes.facts(wish)["drawn"] == modes.BATCH
    with pytest.raises(ValueError, match="26001"):
        views.read(catalogue, "gan-mnist", "modes", {**given, "total": 26_001})


def test_a_thousand_modes_fill_a_map(
    catalogue: Catalogue, tiny_stacked: Path, tmp_path: Path
) -> None:
    """A model of colours without classes, whose channels the classifier of grey digits names."""
    colour = ui.catalogue_of(tiny_stacked).checkpoints[0]
    both = Catalogue([*catalogue.checkpoints, colour])
    wish = views.read(both, colour.name, "modes", {**GIVEN["modes"], "total": 130})
    assert wish.judge is not None and len(wish.judge.labels) == 1000
    facts, page = modes.facts(wish), modes.show(wish)
    one = catalogue.find("classifier-mnist", "classify").model
    images = torch.cat(list(modes.batches(wish)))
    digits = [one.classify(images[:, c : c + 1])[0].argmax(1) for c in range(3)]  # type: ignore[operator]
    found = ["".join(str(int(d[i])) for d in digits) for i in range(130)]
    assert {name: n for name, n in facts["counts"].items() if n} == Counter(found)
    assert facts["covered"] == len(set(found))
    whole = page.partition('class="legend"')[0]
    assert whole.count("h.9v.9h-.9z") == 1000 and whole.count("<svg") == 10
    empty = sum(p.count("M") for p in re.findall(r'class="n0" d="([^"]*)"', whole))
    assert empty == 1000 - facts["covered"]
    assert texts.MODES_ALT.format(seen=facts["covered"], classes=1000) in page
    often = Counter(found).most_common(1)[0][1]
    assert f"({often})" in page and "<figcaption>300–399</figcaption>" in page
    # The same in Sample, for the few that it draws.
    few = sample.read(both, colour.name, 20, 4, "any", 1.0)
    assert "cells" in sample.covered(both, few, sample.images(few))

    folder = Path(shutil.copytree(colour.path, tmp_path / colour.name))  # type: ignore[arg-type]
    shares = torch.full((1000,), 0.5 / 999)
    shares[7] = 0.5
    survey.write(folder, {"shares": shares}, {})
    measured = ui.catalogue_of(tmp_path).checkpoints[0]
    wanted = coverage.target(measured, wish.judge)
    assert wanted.measured and float(wanted.shares[7]) == pytest.approx(0.5)
    other = coverage.chart(wish.judge, wanted, list(facts["counts"].values()))
    assert texts.COVERAGE_TARGETS[True] in other
    shares[3] = -1
    survey.write(folder, {"shares": shares}, {})
    with pytest.raises(CheckpointError, match="'shares' are no shares"):
        survey.read(measured)


def test_bars_of_classes_start_in_one_line(chromium: Any) -> None:
    named: Any = SimpleNamespace(labels=("C4", "C#4", "a long name"))
    page = chromium.new_page()
    page.set_content(
        f"<style>{figures.read_static('style.css')}</style>"
        f"<section class='coverage'>{coverage.bars(named, [3, 1, 2])}</section>"
    )
    bars = [bar.bounding_box() for bar in page.locator(".coverage i").all()]
    page.close()
    assert len({bar["x"] for bar in bars}) == 1 and bars[0]["width"] > bars[1]["width"] > 0


def test_scores_where_there_are_no_classes() -> None:
    shipped = ui.catalogue_of(Path(__file__).parents[1] / "checkpoints")
    given = {"seed": 3, "label": "any", "count": 2, "temperature": 1.0, "drawing": ""}
    page = views.VIEWS["scores"].show(views.read(shipped, "gan-stacked-mnist", "scores", given))
    assert "class" not in re.sub("<[^>]*>", "", page) and "<figcaption><b>" in page
    assert texts.JUDGED.format(label="") not in page


def test_only_a_classifier_of_the_same_data_names_what_has_no_classes(
    catalogue: Catalogue, tiny_stacked: Path
) -> None:
    colour = ui.catalogue_of(tiny_stacked).checkpoints[0]
    found = coverage.judge(catalogue, colour)
    assert found is not None and found.labels[345] == "345"
    assert coverage.judge(catalogue, replace(colour, dataset="folder")) is None
    plain = replace(catalogue.find("gan-mnist", "decode"), labels=())
    assert coverage.judge(catalogue, plain) == catalogue.find("classifier-mnist", "classify")
    assert coverage.judge(catalogue, replace(plain, dataset="folder")) is None


@pytest.mark.parametrize("view", [v for v, m in views.VIEWS.items() if "drawing" in m.CONTROLS])
def test_a_drawing_stands_in_place_of_a_seed(catalogue: Catalogue, view: str) -> None:
    module = views.VIEWS[view]
    name = HAS.get(view, "vae-mnist")
    given = {**GIVEN[view], "drawing": drawn()}
    wish = views.read(catalogue, name, view, given)
    assert set(wish.values) == {"drawing", *module.DRAWN}
    image = wish.drawing
    assert image is not None and wish.values["drawing"] == drawn()
    again = views.read(catalogue, name, view, {**given, **wish.values})
    assert torch.equal(again.drawing, image) and again.made == wish.made
    if view == "classes":
        torch.testing.assert_close(
            module.pictures(wish), arithmetic.table(wish.checkpoint, image, 3).flatten(0, 1)
        )
    elif view == "scores":
        model: Any = wish.checkpoint.model
        told = torch.eye(10)
        expected = model.discriminate(image.expand(10, 1, 28, 28), told)
        torch.testing.assert_close(judge.judged(wish).scores, expected)
        assert module.facts(wish)["classes"] == list("0123456789")
        assert texts.SCORES_DRAWN in module.show(wish)
    for nonsense in ("data:image/png;base64,xxxx", "!", 7):
        with pytest.raises(ValueError, match=r"picture|drawing"):
            views.read(catalogue, name, view, {**given, "drawing": nonsense})


def test_of_pictures_nobody_is_told_what_a_drawing_is(catalogue: Catalogue) -> None:
    assert not controls.taken_for(catalogue.find("gan-mnist", "project"))["visible"]


def test_a_projection_is_shown_no_faster_than_a_page_can(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "SECONDS_OF_A_SEARCH", 1000.0)
    wish = views.read(catalogue, "gan-mnist", "project", GIVEN["project"])
    assert wish.drawing is not None
    found = list(projection.search(wish.checkpoint, wish.drawing, "3"))
    assert [one.step for one in found] == [projection.EVERY, projection.STEPS]


def test_a_projection_ends_nearer_than_it_began(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "SECONDS_OF_A_SEARCH", 0.0)
    wish = views.read(catalogue, "gan-mnist", "project", GIVEN["project"])
    image = wish.drawing
    assert image is not None
    steps = list(projection.search(wish.checkpoint, image, "3"))
    assert [found.step for found in steps] == list(range(10, 101, 10))
    first, last = steps[0], steps[-1]
    assert last.errors[last.order[0]] < first.errors[first.order[0]]
    assert [last.errors[i] for i in last.order] == sorted(last.errors)
    assert last.labels == ["3"] * projection.SEARCHES
    model: Any = wish.checkpoint.model
    torch.testing.assert_close(last.pictures, model.decode(last.latents, torch.eye(10)[[3] * 4]))
    loose = next(projection.search(wish.checkpoint, image, "any"))
    assert loose.labels == list("0123456789")

    beside = projection.one_pass(catalogue, wish.checkpoint, image, "3")
    page = projection.page(wish.checkpoint, image, last, beside)
    assert page.count("<img") == 3 + 4  # the drawing, the best, the encoder's, and the searches
    back, _ = projection.encoded(catalogue.find("vae-mnist", "encode"), image, "3")
    assert f"{projection.error(back, image):.3f}" in page
    alone = Catalogue([wish.checkpoint])
    assert projection.one_pass(alone, wish.checkpoint, image, "3") == ""

    pictures_, facts = projection.answer(wish)
    assert torch.equal(pictures_[0], image) and len(pictures_) == 5
    assert facts["errors"] == sorted(facts["errors"]) and facts["steps"] == 100
    empty = views.read(catalogue, "gan-mnist", "project", {"drawing": "", "label": "3"})
    with pytest.raises(ValueError, match="The pad is empty"):
        projection.answer(empty)


def test_a_projection_ends_in_time(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    monkeypatch.setattr(projection, "SECONDS", 0.0)
    wish = views.read(catalogue, "gan-mnist", "project", GIVEN["project"])
    assert wish.drawing is not None
    (found,) = projection.search(wish.checkpoint, wish.drawing, "3")
    assert found.step == 1
    page = projection.page(wish.checkpoint, wish.drawing, found, "")
    assert "Step 1 of 100" in page


def test_half_a_picture_is_completed(catalogue: Catalogue) -> None:
    wish = wish_of(catalogue, "complete")
    model: Any = wish.checkpoint.model
    image, *made = complete.pictures(wish)
    assert torch.equal(image, model.sample(latent.generators(4, 1), [3])[0])
    for one in made:
        assert torch.equal(one[:, :12], image[:, :12]) and not torch.equal(one, image)
    whole_wish = views.read(catalogue, "attention-mnist", "complete",
                              {**GIVEN["complete"], "rows": 14})  # fmt: skip
    with pytest.raises(ValueError, match="is a whole number from 0 to 13, not 14"):
        complete.show(whole_wish)
    page = complete.show(wish)
    assert page.count("<img") == 4 and "of 10 classes" in page


def test_heads_are_switched_off(catalogue: Catalogue) -> None:
    wish = wish_of(catalogue, "heads")
    model: Any = wish.checkpoint.model
    both = heads.pictures(wish)
    without = model.muted([(0, 1), (1, 0)])
    assert torch.equal(both[1:], without.sample(latent.generators(4, 1), [3]))
    expected = [float(m.surprise(both[:1], [3]).sum()) for m in (model, without)]
    assert heads.bits(wish, both[0]) == pytest.approx(expected)
    page = heads.show(wish)
    assert f"{expected[1] - expected[0]:+.1f} bits more" in page
    assert page.count('class="off"') == 2 and page.count("<td") == 4
    assert heads.choices(wish.checkpoint) == ["1.1", "1.2", "2.1", "2.2"]
    assert heads.read_muted(["2.1", "1.2", "1.2"]) == heads.read_muted("1.2, 2.1") == "1.2,2.1"
    missing = views.read(catalogue, "attention-mnist", "heads", {**GIVEN["heads"], "muted": "3.1"})
    with pytest.raises(ValueError, match=r"'3\.1' names no heads of this model"):
        heads.show(missing)


def test_what_a_head_is_like() -> None:
    weights = torch.zeros(1, 3, 4, 4)  # of 2 x 2 patches
    weights[0, 0, :, 0] = 1  # all on the start token
    for t in range(4):
        weights[0, 1, t, : t + 1] = 1 / (t + 1)  # evenly
        weights[0, 2, t, t] = 1  # on what was drawn just before
    start, even, last = heads.statistics(weights, 2)[0]
    assert start.tolist() == [0, 0, 1]
    assert even[0].item() == pytest.approx((0 + 1 + math.log2(3) + 2) / 4)
    assert last[0] == 0 and last[2] == 0.25
    assert last[1].item() == pytest.approx((1 + math.sqrt(2) + 1) / 3)


def test_what_was_expected_at_a_place(catalogue: Catalogue) -> None:
    wish = wish_of(catalogue, "pixel")
    model: Any = wish.checkpoint.model
    image = model.sample(latent.generators(4, 1), [3])
    at, probabilities, values = pixel.expected(wish, image[0])
    assert at == 49 and torch.equal(values, model.tokens(image)[0, 49])
    assert torch.equal(probabilities, model.predict(image, [3])[0, 49])
    facts = pixel.facts(wish)
    surprise = model.surprise(image, [3])[0, 49]
    assert sum(facts["bits"]) == pytest.approx(float(surprise), rel=1e-3)
    page = pixel.show(wish)
    assert page.count("<svg") == 4 and page.count('class="now"') == 4
    assert all(f"{bits:.2f} bits" in page for bits in facts["bits"])
    outside = views.read(catalogue, "attention-mnist", "pixel",
                           {**GIVEN["pixel"], "position": 197})  # fmt: skip
    with pytest.raises(ValueError, match="The position is a whole number from 1 to 196, not 197"):
        pixel.show(outside)


def test_the_numbers_of_the_formula(catalogue: Catalogue) -> None:
    wish = wish_of(catalogue, "formula")
    model: Any = wish.checkpoint.model
    image = model.sample(latent.generators(4, 1), [3])
    facts = formula.facts(wish)
    weights = model.attention(image, [3])[0, 1, 0, 49, :50]
    torch.testing.assert_close(
        torch.tensor(facts["weights"]), weights, rtol=1e-4, atol=1e-5
    )  # fmt: skip
    q, k, v = model.scores(image[0], 3, 1, 0)
    assert facts["scores"] == pytest.approx((k[:50] @ q[49]).tolist(), abs=1e-4)
    assert facts["scaled"] == pytest.approx((k[:50] @ q[49] / 8**0.5).tolist(), abs=1e-4)
    assert facts["sum"] == pytest.approx((weights @ v[:50]).tolist(), abs=1e-4)
    page = formula.show(wish)
    assert f"the {196 - 50} later ones" in page and f"the other {50 - formula.TOP}" in page
    first = views.read(catalogue, "attention-mnist", "formula", {**GIVEN["formula"], "position": 1})
    assert formula.facts(first)["weights"] == [1.0]
    assert "the other" not in formula.show(first)
    for name, value, words in (
        ("layer", 3, "The layer is a whole number from 1 to 2"),
        ("head", 9, "The head is a whole number from 1 to 2"),
        ("position", 200, "The position is a whole number from 1 to 196"),
    ):
        outside = views.read(
            catalogue, "attention-mnist", "formula", {**GIVEN["formula"], name: value}
        )
        with pytest.raises(ValueError, match=words):
            formula.show(outside)
