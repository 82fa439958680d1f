"""The attention tab: what its handlers send, its endpoint, and the viewer in a real browser."""

from __future__ import annotations

import base64
import dataclasses
import io
import json
import math
import re
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlparse, urlsplit

import gradio as gr
import numpy as np
import pytest
import torch
from conftest import address_of, asked_of, draw_digit, marked, mistakes_of
from gradio_client import Client
from gradio_client.exceptions import AppError
from PIL import Image

from aigc import latent
from aigc.ui import (
    attention,
    cache,
    figures,
    formula,
    heads,
    lengths,
    patches,
    served,
    texts,
    views,
)
from aigc.ui.catalogue import Catalogue
from aigc.ui.weights import pack

NAME = "attention-mnist"
LAYERS, HEADS, SIDE, LENGTH = 2, 2, 14, 196  # of the tiny checkpoint


@pytest.fixture(scope="module")
def client(server: str) -> Iterator[Client]:
    opened = Client(server, verbose=False)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def watched(catalogue: Catalogue) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Everything that is sent while one picture is drawn."""
    return list(attention.watch(catalogue, NAME, 5, "3", 0.9))


def drawn_digit(digit: int = 3) -> str:
    buffer = io.BytesIO()
    Image.fromarray(draw_digit(digit, np.random.default_rng(0))).save(buffer, "PNG")
    return figures.address(buffer.getvalue(), "image/png")


def numbers(text: str, dtype: str, *shape: int) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), dtype).reshape(shape)


def unpack(value: dict[str, Any]) -> np.ndarray:
    """What the browser reads out of the viewer's value: (layers, heads, T, T)."""
    layers, heads, length = value["layers"], value["heads"], value["rows"] * value["columns"]
    weights = np.zeros((layers, heads, length, length), np.float64)
    weights[..., 0] = numbers(value["first"], "<f4", layers, heads, length)
    peak = numbers(value["peak"], "<f4", layers, heads, length)
    maps = numbers(value["maps"], "u1", layers, heads, length * (length - 1) // 2)
    for t in range(length):
        begin = t * (t - 1) // 2
        row = (maps[..., begin : begin + t] / 255.0) ** 2
        weights[..., t, 1 : t + 1] = peak[..., t, None] * row
    return weights


# Handlers


def test_the_viewer_gets_the_weights(catalogue: Catalogue, watched: list[Any]) -> None:
    *growing, (value, made) = watched
    chosen = catalogue.find(NAME, "attention")
    image = chosen.model.sample(latent.generators(5, 1), [3], 0.9)[0]  # type: ignore[operator]
    weights = patches.explain(chosen, image, "3").numpy()
    decoded = unpack(value)
    assert decoded.shape == weights.shape == (LAYERS, HEADS, LENGTH, LENGTH)
    # Half a step of the quantisation, q / 255 squared, is at most the peak / 255.
    peak = weights[..., 1:].max(-1, keepdims=True)
    assert (np.abs(decoded - weights) <= peak / 255 + 1e-6).all()
    assert np.abs(decoded.sum(-1) - 1).max() < 0.05
    assert not np.triu(decoded, 1).any()
    pixels = numbers(value["pixels"], "u1", 28, 28, 1)
    assert (pixels == chosen.media.to_uint8(image[None])[0]).all()
    assert made == {
        "checkpoint": NAME, "revision": chosen.revision, "seed": 5, "label": "3",
        "temperature": 0.9,
    }  # fmt: skip
    assert [frame["drawn"] for frame, _ in growing] == list(range(SIDE, LENGTH + 1, SIDE))
    assert all("maps" not in frame for frame, _ in growing)
    json.dumps(value, allow_nan=False)


def test_the_picture_grows_from_the_top(watched: list[Any]) -> None:
    *growing, (whole, _) = watched
    final = numbers(whole["pixels"], "u1", 28, 28)
    for frame, _ in growing:
        rows = frame["drawn"] // SIDE * 2
        pixels = numbers(frame["pixels"], "u1", 28, 28)
        assert (pixels[:rows] == final[:rows]).all() and not pixels[rows:].any()


def test_packing_keeps_small_weights_and_the_start_token() -> None:
    weights = torch.zeros(1, 1, 4, 4)
    weights[0, 0] = torch.tensor(
        [[1, 0, 0, 0], [0.999, 0.001, 0, 0], [0, 0.9, 0.1, 0], [0, 0.98, 0.02, 1e-3]]
    )
    packed = pack(weights)
    value = {**packed, "layers": 1, "heads": 1, "rows": 2, "columns": 2}
    assert np.allclose(unpack(value)[0, 0], weights[0, 0].numpy(), rtol=0.08, atol=1e-6)


def test_a_given_picture_is_explained(catalogue: Catalogue) -> None:
    value, made = attention.look(catalogue, NAME, "3", drawn_digit())
    decoded = unpack(value)
    assert numbers(value["pixels"], "u1", 28, 28).max() > 150
    assert np.abs(decoded.sum(-1) - 1).max() < 0.05
    assert made["picture"] and "seed" not in made
    content, name = attention.again(catalogue, made, drawn_digit())
    assert name == f"{NAME}-given.npz"
    with np.load(io.BytesIO(content)) as file:
        assert np.abs(file["weights"] - decoded).max() < 0.01


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ("", "pad is empty"), (None, "pad is empty"), (7, "picture"), ("hello", "picture"),
        ("data:image/png;base64,AAAA", "picture"), ("data:image/png;base64,@@", "picture"),
    ],
)  # fmt: skip
def test_a_bad_picture_gets_a_sentence(catalogue: Catalogue, data: object, words: str) -> None:
    with pytest.raises(ValueError, match=words) as caught:
        attention.look(catalogue, NAME, "any", data)
    assert "\n" not in str(caught.value) and str(caught.value).endswith(".")


def test_an_empty_drawing_gets_a_sentence(catalogue: Catalogue) -> None:
    buffer = io.BytesIO()
    Image.new("L", (224, 224)).save(buffer, "PNG")
    with pytest.raises(ValueError, match="draw something"):
        attention.look(catalogue, NAME, "any", figures.address(buffer.getvalue(), "image/png"))


def test_the_file_holds_the_numbers(catalogue: Catalogue) -> None:
    picture, tokens, content, made = attention.answer(catalogue, NAME, 3, "4")
    with np.load(io.BytesIO(content), allow_pickle=False) as file:
        weights = file["weights"]
        assert weights.dtype == np.float32 and weights.shape == (LAYERS, HEADS, LENGTH, LENGTH)
        assert np.abs(weights.sum(-1) - 1).max() < 1e-5
        assert not np.triu(weights, 1).any()
        assert (file["image"][..., 0] == np.asarray(picture)).all()
        assert file["tokens"].tolist() == tokens and len(tokens) == LENGTH
        assert json.loads(str(file["settings"])) | {"grid": [SIDE, SIDE]} == made
    assert (
        np.array(tokens).reshape(SIDE, SIDE, 2, 2).transpose(0, 2, 1, 3).reshape(28, 28).tolist()
        == np.asarray(picture).tolist()
    )
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        assert made["revision"].encode() in file.comment and b"TC260:AIGC" in file.comment
    again, _ = attention.again(catalogue, made, "")
    with np.load(io.BytesIO(again)) as file:
        assert (file["weights"] == weights).all()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (("nothing", 0, "any"), "There is no checkpoint"),
        (("gan-mnist", 0, "any"), "has no attention"),
        ((NAME, -1, "any"), "The seed is a whole number"),
        ((NAME, 2**32, "any"), "The seed is a whole number"),
        ((NAME, float("nan"), "any"), "The seed is a whole number"),
        ((NAME, 0, "ten"), "has no class"),
        ((NAME, 0, "any", float("nan")), "The temperature is a number"),
        ((NAME, 0, "any", 1, "last"), "The layer is a whole number from 1, or rollout"),
        ((NAME, 0, "any", 1, 1, "best"), "The head is a whole number from 1, or mean or max"),
        ((NAME, 0, "any", 1, 1, 1, "-3"), "The position is a whole number from 1, not"),
        ((NAME, 0, "any", 1, 1, 1, 1, "", "loud"), "later, linear, log"),
    ],
)
def test_bad_settings_get_a_sentence(
    catalogue: Catalogue, settings: tuple[object, ...], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        next(attention.watch(catalogue, *settings))  # type: ignore[arg-type]


def test_maps_that_would_fill_the_memory_get_a_sentence(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = catalogue.find(NAME, "attention").model.config
    places = (config.height // config.patch) * (config.width // config.patch)
    count = config.layers * config.heads * places**2
    monkeypatch.setattr(heads, "MAX_MAPS", count)
    assert attention.find(catalogue, NAME).name == NAME
    monkeypatch.setattr(heads, "MAX_MAPS", count - 1)
    words = f"{NAME} has {config.layers} layers of {config.heads} heads over {places} places"
    with pytest.raises(ValueError, match=words):
        next(attention.watch(catalogue, NAME, 5, "3"))
    with pytest.raises(ValueError, match=words):
        attention.look(catalogue, NAME, "any", drawn_digit())
    wish = views.read(catalogue, NAME, "heads", {"seed": 1, "label": "any", "muted": ""})
    with pytest.raises(ValueError, match=words):
        views.VIEWS["heads"].facts(wish)
    # How many there are is known without one: the page asks when it is built.
    chosen = catalogue.find(NAME, "attention")
    monkeypatch.delattr(type(chosen.model), "attention")
    assert heads.heads_of(chosen) == (config.layers, config.heads)


def test_a_text_model_takes_no_picture(catalogue: Catalogue) -> None:
    chosen = catalogue.find("language-mnist", "attention")
    with pytest.raises(ValueError, match="language-mnist takes no picture"):
        attention.look(catalogue, chosen.name, "any", drawn_digit())


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("gan-seed1-3.npz", "gan-seed1-3.npz"),
        ("a/../b\0\n\u202e c.npz", "a-..-b----c.npz"),
        ("数" * 50 + ".npz", "数" * 40 + ".npz"),
        ("x" * 300, "x" * 120),
    ],
)
def test_a_file_has_a_name_that_every_file_system_takes(name: str, safe: str) -> None:
    kept = Path(served.keep(b"abc", name))
    assert kept.name == safe and kept.read_bytes() == b"abc"


def test_a_link_names_where_to_look() -> None:
    assert attention.view("3", "mean", "40") == {"layer": 3, "head": "mean", "position": 40}
    assert attention.view("rollout", "", None) == {"layer": "rollout"}
    assert attention.view(show="log,later,log") == {"show": "later,log"}
    assert attention.READERS["new_seed"]("0") is False
    with pytest.raises(ValueError, match=re.escape(texts.RANDOMISE)):
        attention.READERS["new_seed"]("perhaps")


def test_what_was_drawn_is_not_drawn_again(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen, made = attention.read_settings(catalogue, NAME, 77, "1", 1.3)
    first = patches.finished(chosen, made)
    other = patches.finished(chosen, {**made, "temperature": 0.5})
    assert not torch.equal(first, other)

    def never(*_: object) -> None:
        raise AssertionError("drawn again")

    monkeypatch.setattr(patches, "draw", never)
    found = patches.finished(chosen, made)
    assert torch.equal(found, first)
    found.zero_()  # a copy: what is kept stays as it was
    assert torch.equal(patches.finished(chosen, made), first)
    # Other weights of the same name draw something else.
    with pytest.raises(AssertionError, match="drawn again"):
        patches.finished(dataclasses.replace(chosen, revision="another"), made)
    for seed in range(2 * cache.MAX_KEPT):
        cache.keep(chosen, {"seed": seed}, first)
    assert len(cache._kept) == cache.MAX_KEPT
    with pytest.raises(AssertionError, match="drawn again"):
        patches.finished(chosen, made)


def test_the_formula_has_the_numbers_of_the_place(catalogue: Catalogue) -> None:
    chosen, made = attention.read_settings(catalogue, NAME, 3, "5")
    weights = patches.explain(chosen, patches.finished(chosen, made), "5")[1, 0, 99]
    at = {"layer": "2", "head": "1", "position": "100"}
    said = attention.formula_at(catalogue, made, "", at)
    strongest = int(weights.argmax())
    assert f"<td>{float(weights[strongest]):.1%}</td>" in said
    assert texts.FORMULA_AT.partition("{")[0] in said and "look=formula" in said
    assert attention.formula_at(catalogue, made, "", {**at, "head": "mean"}) == (
        f"<p>{texts.FORMULA_ONE}</p>"
    )
    with pytest.raises(ValueError, match="position"):
        attention.formula_at(catalogue, made, "", {**at, "position": "900"})
    with pytest.raises(ValueError, match="Draw a picture first"):
        attention.formula_at(catalogue, None, "", at)


def test_what_twice_the_length_costs(catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen, made = attention.read_settings(catalogue, NAME, 3, "5")
    said = attention.lengths_of(catalogue, made, "")
    rows = re.findall(r"<tr( class=\"here\")?><td>(\d+)</td><td>([\d,]+)</td>", said)
    assert [int(length) for _, length, _ in rows] == [49, 98, 196, 392, 784, 1568]
    assert [length for here, length, _ in rows if here] == [str(LENGTH)]
    assert [int(pairs.replace(",", "")) for *_, pairs in rows] == [
        sum(range(1, int(length) + 1)) for _, length, _ in rows
    ]
    assert said.count("<polyline") == 3
    # All pairs without the cache over those with it: the rows of 1, 1 and 2, 1 to 3 ... places.
    times = sum(n * (n + 1) / 2 for n in range(1, LENGTH + 1)) / (LENGTH * (LENGTH + 1) / 2)
    assert f"{NAME} makes {LENGTH} places" in said and f" {times:.0f} times as many" in said
    # What is timed is the head's own attention, in three ways, and longer ones repeat it.
    piece = patches.finished(chosen, made)
    model: Any = chosen.model
    q, k, v = model.scores(piece, 5, 0, 0)
    expected = model.attention(piece[None], [5])[0, 0, 0] @ v  # (T, D)
    outputs: list[torch.Tensor] = []
    monkeypatch.setattr(lengths, "seconds", lambda run: float(outputs.append(run()) or 1))
    found = lengths.cost(q, k, v, LENGTH)
    whole, fused, row = (one[0, 0] for one in outputs)
    torch.testing.assert_close(whole, expected, atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(fused, expected, atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(row, expected[-1:], atol=1e-5, rtol=1e-4)
    assert found.apart == float((whole - fused).abs().max()) < 1e-5
    maps, heads = model.attention(piece[None], [5]), LAYERS * HEADS
    assert found.maps(heads) == maps.numel() * maps.element_size()
    kept = sum(one.numel() * one.element_size() for one in (k, v))
    assert found.cache(heads, q.shape[1]) == heads * kept
    longer = lengths.cost(q, k, v, 2 * LENGTH)
    torch.testing.assert_close(outputs[3][0, 0, :LENGTH], expected, atol=1e-5, rtol=1e-4)
    assert longer.pairs == 2 * LENGTH**2 + LENGTH
    # A model of one place has no length to compare, and a long one is not measured beyond itself.
    assert lengths.lengths(1) == [2, 4, 8] and lengths.lengths(5000) == [1250, 2500, 5000]
    assert max(lengths.lengths(100)) == 800 and max(lengths.lengths(1000)) == 2000
    with pytest.raises(ValueError, match="Draw a picture first"):
        attention.lengths_of(catalogue, None, "")


def test_attention_costs_the_square_of_the_length_and_a_row_does_not() -> None:
    q, k, v = torch.randn(3, 64, 32, generator=latent.generator(0))
    short, long = lengths.cost(q, k, v, 128), lengths.cost(q, k, v, 2048)
    assert long.whole > 2 * (2048 / 128) * short.whole  # far more than in proportion
    assert long.row < long.whole / 20 and long.fused < long.whole


def test_the_best_of_several_times_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, runs = [0.0], []
    monkeypatch.setattr(lengths.time, "perf_counter", lambda: clock[0])

    def run() -> None:
        runs.append(len(runs))
        clock[0] += [100.0, 9.0, 4.0, 6.0, 5.0][len(runs) - 1]  # the first warms up

    assert lengths.seconds(run) == 4.0 and len(runs) == 1 + lengths.ROUNDS


def test_nothing_to_export_gets_a_sentence(catalogue: Catalogue) -> None:
    with pytest.raises(ValueError, match="Draw a picture first"):
        attention.again(catalogue, None, "")


def test_drawing_leaves_the_global_generator_alone(catalogue: Catalogue) -> None:
    before = torch.random.get_rng_state()
    attention.answer(catalogue, NAME, 1, "any")
    assert torch.equal(torch.random.get_rng_state(), before)


def test_the_template_survives_gradio(catalogue: Catalogue) -> None:
    # Gradio reads the HTML and the CSS as JavaScript template strings and as Handlebars.
    for language in texts.LANGUAGES.values():
        assert set(language.VIEWER) == set(
            re.findall(r"\{(\w+)\}", figures.read_static("attention.html"))
        )
    for text in (
        *(figures.template("attention.html", lang.VIEWER) for lang in texts.LANGUAGES.values()),
        figures.read_static("attention.css"),
    ):
        assert not any(sign in text for sign in ("`", "${", "{{", "\\"))
    with gr.Blocks():
        assert attention.build(catalogue).settings["position"] is not None


# The endpoint


def test_the_endpoint_answers_gradio_client(client: Client) -> None:
    image, tokens, file, made = client.predict(
        checkpoint=NAME, seed=7, label="2", api_name="/attention"
    )
    with np.load(file, allow_pickle=False) as archive:
        assert archive["weights"].shape == (LAYERS, HEADS, LENGTH, LENGTH)
        with Image.open(image) as picture:
            assert (np.asarray(picture.convert("L")) == archive["image"][..., 0]).all()
        assert archive["tokens"].tolist() == tokens
    assert (made["checkpoint"], made["seed"], made["label"]) == (NAME, 7, "2")
    assert made["grid"] == [SIDE, SIDE] and made["revision"]


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"checkpoint": "nothing"}, "There is no checkpoint 'nothing'"),
        ({"checkpoint": NAME, "seed": -1}, "The seed is a whole number from 0"),
        ({"checkpoint": NAME, "seed": "abc"}, "The seed is a whole number from 0"),
        ({"checkpoint": NAME, "label": "cat"}, "has no class 'cat'"),
    ],
)
def test_the_endpoint_answers_mistakes_with_a_sentence(
    client: Client, settings: dict[str, Any], words: str
) -> None:
    with pytest.raises(AppError, match=words):
        client.predict(**settings, api_name="/attention")


# The viewer


def query_of(page: Any) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(address_of(page)).query).items()}


def wait_for_query(page: Any, **wanted: str) -> dict[str, str]:
    """The address follows a moment after the click."""
    end = time.monotonic() + 30
    while time.monotonic() < end:
        query = query_of(page)
        if wanted.items() <= query.items():
            return query
        page.wait_for_timeout(50)
    raise AssertionError(f"{wanted} did not appear in {page.url}")


def pixels(page: Any, selector: str) -> str:
    """What stands on a canvas; the same string only for the same pixels."""
    return page.locator(selector).first.evaluate("(canvas) => canvas.toDataURL()")


def open_tab(page: Any, address: str) -> None:
    page.goto(address)
    page.wait_for_selector("[data-part=viewer][data-phase=ready]")


def test_the_viewer_answers_in_the_browser(page: Any, server: str) -> None:
    open_tab(page, f"{server}?tab=attention&checkpoint={NAME}&seed=3&label=5")
    for layer in range(LAYERS):
        for head in range(HEADS):
            assert page.locator(f".av-tile[data-layer='{layer}'][data-head='{head}']").count() == 1
    assert page.locator(".av-tile").count() == LAYERS * (HEADS + 1)  # and the mean of each layer

    requests = asked_of(page)
    stage, tile = page.locator("[data-part=stage]"), ".av-tile[data-layer='1'][data-head='0']"
    box = stage.bounding_box()
    middle = {"x": box["width"] * (5.5 / SIDE), "y": box["height"] * (8.5 / SIDE)}
    before = pixels(page, "[data-part=stage]"), pixels(page, f"{tile} canvas")
    stage.click(position=middle)
    page.mouse.move(2, 2)
    wait_for_query(page, position=str(8 * SIDE + 6))
    after = pixels(page, "[data-part=stage]"), pixels(page, f"{tile} canvas")
    assert before[0] != after[0] and before[1] != after[1]
    assert f"Step {8 * SIDE + 6}" in page.locator("[data-part=readout]").inner_text()

    page.locator(tile).click()
    wait_for_query(page, layer="2", head="1")
    assert page.locator(tile).get_attribute("aria-pressed") == "true"
    stage.press("ArrowUp")
    stage.press("ArrowLeft")
    query = wait_for_query(page, position=str(7 * SIDE + 5))
    assert not requests  # no click asked the server
    revision = query["revision"]
    assert len(revision) == 12
    assert query == {
        "tab": "attention", "checkpoint": NAME, "seed": "3", "label": "5", "temperature": "1",
        "layer": "2", "head": "1", "position": str(7 * SIDE + 5), "revision": revision,
    }  # fmt: skip

    shown = pixels(page, "[data-part=stage]")
    open_tab(page, address_of(page))
    page.mouse.move(2, 2)
    assert wait_for_query(page, **query) == query
    assert pixels(page, "[data-part=stage]") == shown


def test_hovering_previews_and_leaving_goes_back(page: Any, server: str) -> None:
    open_tab(page, f"{server}?tab=attention&layer=1&head=1&position=150")
    readout, stage = page.locator("[data-part=readout]"), page.locator("[data-part=stage]")
    assert "Step 150" in readout.inner_text()
    stage.hover(position={"x": 20, "y": 20})
    page.wait_for_function("document.querySelector('[data-part=step]').textContent[0] === '1'")
    page.locator(".av-tile[data-layer='1'][data-head='mean']").hover()
    page.wait_for_function(
        "document.querySelector('[data-part=readout]').textContent.includes('mean over heads')"
    )
    assert "Step 150" in readout.inner_text()
    page.mouse.move(2, 2)
    page.wait_for_function(
        "document.querySelector('[data-part=readout]').textContent.includes('Layer 1, head 1')"
    )


def test_the_weights_on_the_page_are_the_models(
    page: Any, server: str, catalogue: Catalogue
) -> None:
    chosen, made = attention.read_settings(catalogue, NAME, 3, "5")
    weights = patches.explain(chosen, patches.finished(chosen, made), "5")
    step, share = 99, float(weights[1, 0, 99, 0])
    strongest = int(weights[1, 0, step, 1:].argmax())
    open_tab(page, f"{server}?tab=attention&seed=3&label=5&layer=2&head=1&position={step + 1}")
    text = page.locator("[data-part=readout]").inner_text()
    assert f"{100 * share:.{0 if share >= 0.0995 else 1}f}% on the start token (class 5)" in text
    assert f"on row {strongest // SIDE + 1}, column {strongest % SIDE + 1}" in text
    width = page.locator(".av-tile[data-layer='1'][data-head='0'] .av-bar i").evaluate(
        "(bar) => parseFloat(bar.style.backgroundSize)"
    )
    assert abs(width - 100 * share) <= 0.6


def test_what_came_is_never_at_nothing(chromium: Any) -> None:
    """A rare share is below 0.1%, on the page and in what the server writes."""
    shares = {0.0: "0", 1e-9: "<0.1", 0.00049: "<0.1", 0.0005: "0.1", 0.0994: "9.9", 0.5: "50"}
    page = chromium.new_page()
    shown = page.evaluate(
        f"(shares) => {{ {figures.read_static('weights.js')}"
        "return shares.map((x) => { document.body.innerHTML = `<b>${percent(x)}</b>`;"
        " return document.body.innerText; }); }",
        list(shares),
    )
    page.close()
    assert shown == [f"{said}%" for said in shares.values()]
    assert figures.percent(0.00049) == "&lt;0.1%" and figures.percent(0.0005) == "0.1%"
    found = formula.Step(
        at=1, scores=torch.zeros(2), scaled=torch.zeros(2),
        weights=torch.tensor([1 - 1e-5, 1e-5]), values=torch.zeros(2, 1),
    )  # fmt: skip
    assert "<td>&lt;0.1%</td>" in formula.table(found, 2, str)


def test_the_surprise_of_each_place(
    page: Any, server: str, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen, made = attention.read_settings(catalogue, NAME, 3, "5")
    real = {"name": "Bits/dim", "text": "1.5 bits/dim"}
    monkeypatch.setitem(chosen.metrics, "bits_per_dim_given_class", real)
    image = patches.finished(chosen, made)
    model: Any = chosen.model
    bits = model.surprise(image[None], [5])[0]
    total = -float(model.log_prob(image[None], [5])[0]) / math.log(2)
    assert math.isclose(float(bits.sum()), total, rel_tol=1e-4)
    open_tab(page, f"{server}?tab=attention&seed=3&label=5&layer=2&head=1&position=100")
    text = page.locator("[data-part=readout]").inner_text()
    assert f"{float(bits[99]):.1f} bits here" in text
    assert f"{total / 784:.3f} bits a value" in text
    assert "it is 1.5 on average" in text
    looks = {pixels(page, "[data-part=stage]")}
    for tone in ("linear", "log"):
        page.locator("[data-part=tone]").select_option(tone)
        page.wait_for_timeout(100)
        looks.add(pixels(page, "[data-part=stage]"))
    page.locator("[data-option=surprise]").check()
    page.wait_for_timeout(100)
    looks.add(pixels(page, "[data-part=stage]"))
    assert len(looks) == 4
    assert f"{float(bits.max()):.1f} bits" in page.locator("[data-part=peak]").inner_text()


def test_surprise_stands_beside_that_at_real_pictures(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the class where the picture has one, and only where it was measured."""
    for label, key in (("5", "bits_per_dim_given_class"), ("any", "bits_per_dim")):
        chosen, made = attention.read_settings(catalogue, NAME, 3, label)
        image = patches.finished(chosen, made)
        monkeypatch.setattr(chosen, "metrics", {})
        assert "real" not in patches.whole_view(chosen, image, made, {})
        monkeypatch.setattr(chosen, "metrics", {key: {"name": "Bits/dim", "text": "<1.5 bits/dim"}})
        assert patches.whole_view(chosen, image, made, {})["real"] == "&lt;1.5"


def test_replay_rollout_and_the_other_direction(page: Any, server: str) -> None:
    open_tab(page, f"{server}?tab=attention&layer=2&head=2&position=1")
    before = pixels(page, "[data-part=stage]")
    page.locator("[data-part=play]").click()
    page.wait_for_function("parseInt(document.querySelector('[data-part=step]').textContent) > 3")
    page.locator("[data-part=play]").click()
    assert pixels(page, "[data-part=stage]") != before
    here = int(page.locator("[data-part=step]").inner_text().split()[0])
    page.wait_for_timeout(200)
    assert int(page.locator("[data-part=step]").inner_text().split()[0]) == here
    wait_for_query(page, position=str(here))
    page.locator("[data-part=layer]").select_option("rollout")
    wait_for_query(page, layer="rollout")
    assert "rollout" in page.locator("[data-part=readout]").inner_text()
    page.locator("[data-way=later]").click()
    page.wait_for_function(
        "document.querySelector('[data-part=readout]').textContent.includes('was drawn in step')"
    )
    with page.expect_download() as download:
        page.locator("[data-part=save]").click()
    with Image.open(download.value.path()) as figure:
        assert figure.width > 800 and len(figure.convert("L").getcolors(256) or []) > 20


def test_a_drawing_of_ones_own_and_the_file(page: Any, server: str) -> None:
    open_tab(page, f"{server}?tab=attention&seed=1")
    page.get_by_text(texts.OWN_PICTURE, exact=True).click()
    look = page.get_by_role("button", name=texts.LOOK)
    look.wait_for()
    canvas = page.locator(".pad canvas:visible")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + box["height"] * 0.3)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.7, box["y"] + box["height"] * 0.7, steps=5)
    page.mouse.up()
    before = pixels(page, "[data-part=stage]")
    look.click()
    page.wait_for_function("!location.search.includes('seed')")
    assert pixels(page, "[data-part=stage]") != before
    with page.expect_download() as download:
        page.get_by_role("button", name=texts.SAVE_WEIGHTS).click()
    assert download.value.suggested_filename == f"{NAME}-given.npz"
    with np.load(download.value.path()) as file:
        assert file["weights"].shape == (LAYERS, HEADS, LENGTH, LENGTH)
        drawn = file["image"]
    # The link carries the drawing: the same pixels and the same numbers.
    stage = pixels(page, "[data-part=stage]")
    open_tab(page, address_of(page))
    assert pixels(page, "[data-part=stage]") == stage
    with page.expect_download() as download:
        page.get_by_role("button", name=texts.SAVE_WEIGHTS).click()
    with np.load(download.value.path()) as file:
        assert (file["image"] == drawn).all()


def test_a_canvas_that_the_right_mouse_button_saves_says_that_ai_made_it(
    page: Any, server: str
) -> None:
    open_tab(page, f"{server}?tab=attention&checkpoint={NAME}&seed=3&label=5")
    stage = page.locator("[data-part=stage]")
    stage.scroll_into_view_if_needed()
    box = stage.bounding_box()
    at = {"x": box["x"] + 40, "y": box["y"] + 50}
    page.mouse.move(at["x"], at["y"])  # which shows something else
    before, shown = "", pixels(page, "[data-part=stage]")
    while shown != before:
        page.wait_for_timeout(200)
        before, shown = shown, pixels(page, "[data-part=stage]")
    page.evaluate(
        "() => addEventListener('contextmenu', (event) => { window.menu = [event.target.tagName,"
        " event.defaultPrevented]; })"
    )
    page.mouse.click(at["x"], at["y"], button="right")
    under = "({ x, y }) => document.elementFromPoint(x, y)"
    content = page.evaluate(
        f"async (at) => btoa(String.fromCharCode(...new Uint8Array(await (await "
        f"fetch(({under})(at).src)).arrayBuffer())))",
        at,
    )
    fields = marked(base64.b64decode(content))
    assert fields["DigitalSourceType"].endswith("trainedAlgorithmicMedia") and "AIGC" in fields
    assert page.evaluate("() => window.menu") == ["IMG", False]  # the browser's own menu opens
    # The picture is what the canvas shows, where the canvas is.
    cover = page.locator(".saving").bounding_box()
    assert all(abs(cover[side] - box[side]) < 1 for side in box)
    drawn = "(all) => { const it = document.querySelector('.saving'); const sheet = "
    drawn += "document.createElement('canvas'); sheet.width = it.naturalWidth; sheet.height = "
    drawn += "it.naturalHeight; sheet.getContext('2d').drawImage(it, 0, 0); "
    drawn += "return sheet.toDataURL(); }"
    assert page.evaluate(drawn) == shown
    page.mouse.move(at["x"] + 9, at["y"])
    assert page.locator(".saving").count() == 0
    # By the keyboard no such picture can be put under the menu; what a visitor draws needs none.
    stopped = (
        "(one) => !one.dispatchEvent(new Event('contextmenu', {bubbles: true, cancelable: true}))"
    )
    assert stage.evaluate(stopped)
    page.get_by_text(texts.OWN_PICTURE, exact=True).click()
    pad = page.locator(".pad canvas:visible")
    pad.wait_for()
    assert not pad.evaluate(stopped)


def test_the_picture_of_the_view_says_that_ai_made_it(page: Any, server: str) -> None:
    open_tab(page, f"{server}?tab=attention&seed=1&label=3&layer=2&head=mean&position=50&show=log")
    with page.expect_download() as download:
        page.locator("[data-part=save]:visible").click()
    assert download.value.suggested_filename == "attention-step50.png"
    content = Path(download.value.path()).read_bytes()
    Image.open(io.BytesIO(content)).verify()  # the sums of its chunks
    fields = marked(content)
    assert json.loads(fields["AIGC"])["Label"] == "1" and "2024/1689" in fields["description"]
    said = dict(parse_qsl(fields["Address"]))
    shown = dict(parse_qsl(urlparse(address_of(page)).query))
    assert said.items() >= {"layer": "2", "head": "mean", "position": "50", "show": "log"}.items()
    assert said.pop("revision").startswith(shown.pop("revision"))
    assert said == {**shown, "temperature": "1.0"}


@pytest.mark.parametrize("width", [1280, 390])
def test_a_page_that_needs_no_server(
    chromium: Any, catalogue: Catalogue, tmp_path: Path, width: int
) -> None:
    """The viewer as a file: it opens offline where it was, says that AI made it, and answers."""
    chosen, made = attention.read_settings(catalogue, NAME, 3, "5")
    where = {"layer": 2, "head": 1, "position": 100, "show": "log"}
    content, name = attention.saved_page(catalogue, made, "", where)
    assert name == f"{NAME}-seed3-5.html" and len(content) < 3 * 2**20
    assert b"AIGC" in content and made["revision"].encode() in content
    (tmp_path / name).write_bytes(content)
    context = chromium.new_context(viewport={"width": width, "height": 900}, offline=True)
    page, asked = context.new_page(), []
    errors = mistakes_of(page)
    page.on("request", lambda request: asked.append(request.url))
    page.goto((tmp_path / name).as_uri())
    readout = page.locator("[data-part=readout]")
    page.wait_for_function(
        "document.querySelector('[data-part=readout]').textContent.includes('Step 100')"
    )
    assert "Layer 2, head 1" in readout.inner_text()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.locator(".av-tile[data-layer='0'][data-head='1']").click()
    page.wait_for_function(
        "document.querySelector('[data-part=readout]').textContent.includes('Layer 1, head 2')"
    )
    assert errors == [] and [url for url in asked if not url.startswith(("file:", "data:"))] == []
    context.close()


def test_nothing_is_wider_than_a_phone(page: Any, server: str) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    open_tab(page, f"{server}?tab=attention")
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    assert page.locator("[data-part=stage]").bounding_box()["width"] > 300
    for tile in page.locator(".av-tile").all():
        box = tile.bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= 390
    page.get_by_role("button", name=texts.COST).click()
    page.get_by_role("button", name=texts.COST_MEASURE).click()
    row = page.locator("#attention-lengths tr.here")
    assert row.inner_text().startswith(str(LENGTH)) and row.locator("td").count() == 7
    assert page.evaluate("document.documentElement.scrollWidth") == 390
