"""Texts on the page: what the viewer of sequences is sent, how texts are set, and both in a real
browser."""

from __future__ import annotations

import base64
import re
import threading
import time
import zlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import numpy as np
import pytest
import torch
from conftest import address_of, asked_of, launched

from aigc import checkpoint, latent, ui
from aigc.media import UNKNOWN, TextMedia
from aigc.models.language import Config, LanguageModel
from aigc.ui import attention, cache, figures, han, interpolate, sample, sequence, texts
from aigc.ui.catalogue import Catalogue

LONG, POEMS = "attention-long", "attention-poems"
END = "\u0003"
SIGNS = {
    LONG: UNKNOWN + "\n abcdefghijklmnopqrstuvwxyz",
    POEMS: UNKNOWN + "\n，。" + END + "春眠不覺曉處聞啼鳥夜來風雨聲花落知多少題",
}
POEM = "春題\n春眠不覺曉，處處聞啼鳥。\n夜來風雨聲，花落知多少。"


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    root = tmp_path_factory.mktemp("texts")
    for name, labels, sizes in (
        (LONG, (), {"length": 256, "layers": 6, "heads": 5, "dim": 40}),
        (POEMS, ("five", "seven"), {"length": 64, "layers": 2, "heads": 2, "dim": 16}),
    ):
        end = END if END in SIGNS[name] else ""
        media = TextMedia(SIGNS[name], sizes["length"], end)
        symbols, _, place = media.shape
        model = LanguageModel(
            Config(symbols=symbols, end=place, classes=len(labels), expansion=2, **sizes)
        )
        model.initialise(latent.generator(0))
        with torch.no_grad():
            for i, p in enumerate(model.parameters()):
                p.add_(torch.randn(p.shape, generator=latent.generator(1, i)) * 0.1)
        checkpoint.save(
            root / name, model.eval(), "language", media, labels, "text", {"seconds": 1},
            {"README.md": b"# tiny\n"},
        )  # fmt: skip
    return ui.catalogue_of(root)


def numbers(text: str, dtype: str, *shape: int) -> np.ndarray:
    return np.frombuffer(base64.b64decode(text), dtype).reshape(shape)


# What the browser gets


def test_the_viewer_gets_weights_surprise_and_candidates(catalogue: Catalogue) -> None:
    *growing, (value, made) = attention.watch(
        catalogue, LONG, 5, "any", 0.8, prompt="a<b", length=40
    )
    model: Any = catalogue.find(LONG, "attention").model
    text = torch.tensor([[SIGNS[LONG].index(c) for c in value["chars"]]])
    assert len(value["chars"]) == 43 and value["given"] == 3 and value["chars"][1] == UNKNOWN
    assert growing and all("maps" not in frame for frame, _ in growing)
    assert made["prompt"] == "a<b" and made["length"] == 40
    weights = model.attention(text, [None])[0].numpy()
    layers, heads, length, _ = weights.shape
    peak = numbers(value["peak"], "<f4", layers, heads, length)
    maps = np.frombuffer(zlib.decompress(base64.b64decode(value["maps"])), "u1")
    maps = maps.reshape(layers, heads, -1)
    for t in (1, 20, 42):
        row = maps[..., t * (t - 1) // 2 : t * (t + 1) // 2] / 255.0
        found = peak[..., t, None] * row**2
        assert np.abs(found - weights[..., t, 1 : t + 1]).max() <= peak.max() / 255 + 1e-6
    chances = numbers(value["chances"], "<f4", length, sequence.CANDIDATES)
    likely = model.expect(text, [None])[0].exp().numpy()
    bits = numbers(value["bits"], "<f4", length)
    for t in (0, 10, 42):
        options = value["options"][t * 10 : t * 10 + 10]
        order = np.argsort(-likely[t, 1:])[:10] + 1  # what stands for nothing is never written
        assert options == [SIGNS[LONG][i] for i in order]
        np.testing.assert_allclose(chances[t], likely[t, order], rtol=1e-4)
        assert abs(2 ** -bits[t] - likely[t, text[0, t]]) < 1e-4


def test_a_text_of_ones_own(catalogue: Catalogue) -> None:
    (first, _), (value, made) = attention.watch(catalogue, POEMS, 0, "five", prompt=POEM, length=0)
    assert "".join(first["chars"]) == POEM == "".join(value["chars"])
    assert value["han"] and value["given"] == len(POEM) and value["end"] == END
    content, name = attention.again(catalogue, made, "")
    assert name == f"{POEMS}-seed0-five.npz" and content
    with pytest.raises(ValueError, match="nothing to look at"):
        list(attention.watch(catalogue, POEMS, 0, "five", prompt="", length=0))
    with pytest.raises(ValueError, match="The length is a whole number from 0 to 256"):
        list(attention.watch(catalogue, POEMS, 0, "five", prompt="", length=257))


def test_what_does_not_fit_is_left_out_and_said(catalogue: Catalogue) -> None:
    long = "".join("abc def\n"[i % 8] for i in range(300)) + "end"
    *_, (value, _) = attention.watch(catalogue, LONG, 0, "any", prompt=long, length=20)
    assert "".join(value["chars"]) == long[-256:]
    chosen = catalogue.find(LONG, "attention")
    assert "the last 256 characters count" in sequence.about(chosen.media, long, 256)  # type: ignore[arg-type]
    odd = sequence.about(chosen.media, "<b>\u202e\u0007\U0001f600", 256)  # type: ignore[arg-type]
    assert "never seen" in odd and "<b>" not in odd and "\u202e" not in odd and "\u0007" not in odd


def test_the_sign_that_ends_a_text_is_no_prompt(catalogue: Catalogue) -> None:
    media: Any = catalogue.find(POEMS, "write").media
    assert media.from_prompt(f"春{END}眠").tolist() == [5, 0, 6]
    assert media.unknown(f"春{END}x") == [END, "x"]
    wish = sample.read(catalogue, POEMS, 1, 0, "any", 1.0, prompt=f"春{END}", length=5)
    assert media.to_text(sample.images(wish)[0]).startswith("春\ufffd")


def test_texts_have_no_place_in_interpolate(catalogue: Catalogue) -> None:
    assert catalogue.able("decode") == []
    assert catalogue.able(interpolate.NEEDS) == []
    source = Path(interpolate.__file__).read_text(encoding="utf-8")
    assert not any(word in source for word in ("TextMedia", "sequence", "prompt", "write", ".kind"))


# How texts are set


def test_chinese_is_set_in_both_scripts_and_nothing_in_it_runs() -> None:
    page = han.set_text("萬里<b>\n頭髮，發財。\n乾坤")
    plain = re.sub("<span>(.*?)</span>", r"\1", re.sub("</?i[^>]*>", "", page))
    assert '<span class="written" lang="zh-Hant"><b>萬里&lt;b&gt;</b>\n頭髮，發財。' in plain
    assert '<span class="simplified" lang="zh-Hans"><b>万里&lt;b&gt;</b>\n头发，发财。' in plain
    assert '<i>頭</i><i>髮</i><i class="stop">，</i>' in page and "<i>&lt;</i>" in page
    assert "<b></b>" not in han.set_text("\n春")


@pytest.mark.parametrize(("room", "lines"), [(17, [16, 16]), (15, [8] * 4), (9, [8] * 4)])
def test_a_line_that_is_too_short_breaks_between_verses(
    chromium: Any, room: int, lines: list[int]
) -> None:
    """A couplet of 16 signs leaves none of them alone where there is room for a verse."""
    poem = han.set_text("題\n" + "危手覆闌短火深，空山野馬遶花行。\n" * 2)
    page = chromium.new_page()
    page.set_content(
        f"<style>{figures.read_static('style.css')}</style><div class='writings han'>"
        f"<pre class='writing' style='width: {room * 1.25 * 16}px; padding: 0'>{poem}</pre></div>"
    )
    tops = page.locator(".written > span i").evaluate_all(
        "(signs) => signs.map((sign) => sign.getBoundingClientRect().top)"
    )
    page.close()
    assert list(Counter(tops).values()) == lines


@pytest.mark.parametrize(("name", "value"), [("lines", "up"), ("script", None), ("script", [])])
def test_ways_of_setting_that_are_none(name: str, value: object) -> None:
    with pytest.raises(ValueError, match=r"is (across or down|written or simplified), not"):
        han.READERS[name](value)


def test_chips_say_what_there_is(catalogue: Catalogue) -> None:
    wish = sample.read(catalogue, LONG, 1, 0, "any", 1.0, length=5)
    page = sample.page(wish, sample.images(wish))
    assert "label" not in page and "top k" not in page and "<b>length</b> 5" in page
    wish = sample.read(catalogue, POEMS, 1, 0, "any", 1.0, length=5, top_k=3, top_p=0.5)
    page = sample.page(wish, sample.images(wish))
    assert "<b>label</b> any" in page and "<b>top k</b> 3" in page and "<b>top p</b> 0.5" in page


def test_a_stopped_text_is_a_shorter_one(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "SECONDS_BETWEEN_VIEWS", 0.0)
    wish, halted = (
        sample.read(catalogue, LONG, 2, 3, "any", 1.0, prompt="ab", length=200),
        threading.Event(),
    )
    views = sample.views(wish, halted)
    for _ in range(10):
        next(views)
    halted.set()
    ((rows, over),) = views
    assert over and rows.shape == (2, 13)
    short = sample.as_far(wish, rows)
    assert short.more["length"] == 11 and torch.equal(sample.images(short), rows)


def test_writing_settings_get_sentences(catalogue: Catalogue) -> None:
    for wrong, said in (
        ({"length": 0}, "The length is a whole number from 1 to 1024, not 0"),
        ({"top_k": -1}, "Top-k is a whole number from 0 to 200, not -1"),
        ({"top_p": 1.5}, "Top-p is a number from 0 to 1, not 1.5"),
        ({"top_p": "nan"}, "Top-p is a number from 0 to 1, not 'nan'"),
    ):
        with pytest.raises(ValueError, match=said):
            sample.read(catalogue, LONG, 1, 0, "any", 1.0, **wrong)


# In a browser


def query_of(page: Any) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(address_of(page)).query).items()}


def wait_for_query(page: Any, **wanted: str) -> None:
    end = time.monotonic() + 60
    while not wanted.items() <= query_of(page).items():
        assert time.monotonic() < end, f"{wanted} did not appear in {page.url}"
        page.wait_for_timeout(50)


def open_viewer(page: Any, address: str) -> None:
    page.goto(address)
    page.wait_for_selector(".tv-viewer[data-phase=ready]")


# Points at every place as a mouse does, and gives for each the milliseconds until what it shows is
# laid out, a frame of 60 Hz included, for which it may have to wait. What the viewer does for the
# next frame is done at once here, so that the work itself is measured. Others on the machine only
# add, so what took too long is tried again.
HOVER = """() => {
  const text = document.querySelector('.tv-text'), later = window.requestAnimationFrame;
  window.requestAnimationFrame = (work) => work(performance.now());
  const took = (sign) => {
    const start = performance.now();
    sign.dispatchEvent(new PointerEvent('pointerover', { bubbles: true, pointerType: 'mouse' }));
    text.getBoundingClientRect();
    if (!sign.classList.contains('now')) throw new Error('nothing was shown');
    return 1000 / 60 + performance.now() - start;
  };
  const signs = [...text.querySelectorAll('[data-i]')], found = signs.map(took);
  for (let round = 0; round < 4; round++)
    found.forEach((ms, i) => { if (ms >= 50) found[i] = Math.min(ms, took(signs[i])); });
  window.requestAnimationFrame = later;
  text.dispatchEvent(new PointerEvent('pointerleave'));
  return found;
}"""


def test_looking_into_a_text(page: Any, server: str, catalogue: Catalogue) -> None:
    open_viewer(page, f"{server}?tab=attention&checkpoint={LONG}&seed=3&prompt=ab%0Ac&length=252")
    signs = page.locator(".tv-text [data-i]")
    assert signs.count() == 256 and page.locator(".tv-text .given").count() == 4
    assert page.locator(".tv-viewer .av-tile").count() == 6 * 6  # the mean of each layer, too
    requests = asked_of(page)
    took = page.evaluate(HOVER)
    assert len(took) == 256 and max(took) < 50, sorted(took)

    signs.nth(99).click()
    page.locator(".tv-viewer .av-tile[data-layer='3'][data-head='1']").click()
    page.mouse.move(2, 2)
    wait_for_query(page, position="100", layer="4", head="2")
    chosen = catalogue.find(LONG, "attention")
    text = sequence.finished(chosen, attention.read_settings(
        catalogue, LONG, 3, "any", 1.0, prompt="ab\nc", length=252)[1])  # fmt: skip
    weights = sequence.explain(chosen, text, "any")[3, 1]
    readout = page.locator(".tv-viewer [data-part=readout]").inner_text()
    strongest = int(weights[99, 1:].argmax())
    share = float(weights[99, 1 + strongest])
    assert "Character 100 of 256" in readout and "Layer 4, head 2 read" in readout
    assert f"{100 * share:.{0 if share >= 0.0995 else 1}f}%" in readout
    assert f"(at {strongest + 1})" in readout
    before, after = (
        signs.nth(i).evaluate("(sign) => sign.style.backgroundColor")
        for i in (strongest, 100 + int(weights[100:, 100].argmax()))
    )
    assert before.startswith("rgba(20, 150, 132, ") and after.startswith("rgba(240, 110, 40, ")
    page.locator("[data-shade=surprise]").click()
    page.wait_for_function(
        "document.querySelector('.tv-text [data-i]').style.backgroundColor.startsWith('rgba(190')"
    )
    page.locator(".tv-viewer [data-part=layer]").select_option("rollout")
    wait_for_query(page, layer="rollout")
    assert not requests  # until here nobody was asked

    # Another character, and on from there.
    button = page.locator(".tv-choices button:enabled").first
    other = button.get_attribute("value")
    symbols = [chosen.media.symbols[i] for i in text.tolist()]  # type: ignore[union-attr]
    wanted = "".join(symbols[:99]) + str(other)
    button.click()
    wait_for_query(page, prompt=wanted)
    page.wait_for_function("document.querySelectorAll('.tv-text .given').length === 100")
    assert page.get_by_label(texts.PROMPT).last.input_value() == wanted


def test_odd_characters_stay_characters(page: Any, server: str) -> None:
    odd = quote("a<img src=x onerror=alert(1)>\u202e\u0007b\U0001f600")
    open_viewer(page, f"{server}?tab=attention&checkpoint={LONG}&prompt={odd}&length=3")
    assert page.locator(".tv-text img").count() == 0
    assert page.locator(".tv-text").text_content().startswith("a�img src�x onerror�alert���")
    notice = page.locator(".notice:visible").inner_text()
    assert "never seen" in notice and "\u202e" not in notice
    assert page.get_by_text("never seen").count() == 1


def test_a_poem_on_the_page(page: Any, server: str) -> None:
    poem = quote(POEM)
    open_viewer(
        page, f"{server}?tab=attention&checkpoint={POEMS}&label=five&prompt={poem}&length=0"
    )
    rows = page.locator(".tv-text.verse .tv-line")
    assert [row.inner_text().rstrip("⏎\n") for row in rows.all()][1:] == [
        "春眠不覺曉，", "處處聞啼鳥。", "夜來風雨聲，", "花落知多少。",
    ]  # fmt: skip
    rhymes = [node.inner_text() for node in page.locator(".tv-text .rhyme").all()]
    assert rhymes == ["鳥", "少"]
    page.locator(".tv-text [data-i='5']").click()
    page.mouse.move(0, 0)  # what lies under the pointer is previewed, and the page may still move
    page.locator(".tv-text .pair", has_text="聞").wait_for()
    assert page.locator(".tv-text .pair").count() == 1
    left, under = (page.locator(f".tv-text [data-i='{i}']").bounding_box()["x"] for i in (5, 11))
    assert abs(left - under) < 1
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_poem_is_set_as_one_likes(page: Any, server: str) -> None:
    page.goto(
        f"{server}?tab=sample&checkpoint={POEMS}&count=2&length=20&prompt={quote('題')}%0A"
        f"{quote('春眠不覺曉，')}&lines=down&script=simplified"
    )
    written = page.locator(".writing")
    written.nth(1).wait_for()
    wait_for_query(page, lines="down", script="simplified", length="20")
    mode = "(node) => getComputedStyle(node).writingMode"
    assert written.first.evaluate(mode) == "vertical-rl"
    assert written.first.inner_text().startswith("题")
    # Every character below the last one, or in the next line, and none runs into another.
    boxes = written.first.locator(".simplified i").evaluate_all(
        "(cells) => cells.map((c) => [c.offsetLeft, c.offsetTop, c.offsetWidth, c.offsetHeight])"
    )
    assert len(boxes) > 4 and len({tuple(box[2:]) for box in boxes}) == 1
    for (x, y, _, height), (next_x, next_y, width, _) in zip(boxes, boxes[1:]):
        assert next_y >= y + height - 1 or next_x + width <= x + 1  # whole pixels
    page.get_by_text(texts.LINES["across"], exact=True).click()
    page.get_by_text(texts.SCRIPTS["written"], exact=True).click()
    page.wait_for_function("!location.search.includes('lines')")
    assert written.first.evaluate(mode) == "horizontal-tb"
    assert written.first.inner_text().startswith("題")
    assert page.get_by_text(texts.PROMPT_POEM).first.is_visible()


def test_stopping_stops_the_work(
    page: Any, server: str, catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    model: Any = catalogue.find(LONG, "write").model
    whole, steps = model.write, []

    def slowly(*args: Any, **kwargs: Any) -> Iterator[torch.Tensor]:
        for rows in whole(*args, **kwargs):
            steps.append(time.monotonic())
            time.sleep(0.02)
            yield rows

    monkeypatch.setattr(model, "write", slowly)
    page.goto(f"{server}?tab=sample&checkpoint={LONG}&count=2&seed=5&length=1000")
    stop = page.get_by_role("button", name=texts.HALT, exact=True)
    stop.wait_for()
    seen = page.locator(".writing").first.text_content()  # it appears as it is written
    page.wait_for_function(
        "(seen) => document.querySelector('.writing').textContent.length > seen", arg=len(seen)
    )
    stop.click()
    page.wait_for_function("document.querySelector('button.stop').disabled")
    page.wait_for_function("location.search.includes('length=')")
    length, done = int(query_of(page)["length"]), len(steps)
    assert length < 900 and len(page.locator(".writing").first.text_content()) == length
    page.wait_for_timeout(200)
    assert len(steps) == done
    monkeypatch.undo()
    # The link of what stands there gives the same.
    stood = page.locator(".writing").all_text_contents()
    page.goto(address_of(page))
    page.wait_for_function("location.search.includes('length=')")
    page.locator(".writing").nth(1).wait_for()
    page.wait_for_function(
        "(stood) => [...document.querySelectorAll('.writing')].map((n) => n.textContent).join()"
        " === stood", arg=",".join(stood),
    )  # fmt: skip


# The checkpoints that ship


@pytest.fixture(scope="module")
def shipped() -> Iterator[tuple[str, Catalogue]]:
    """The address of the app on what it ships for texts."""
    root = Path(__file__).parent.parent / "checkpoints"
    names = ("attention-shakespeare", "attention-tang")
    catalogue = Catalogue([checkpoint.load(root / name) for name in names])
    demo = ui.build(catalogue)
    address = launched(demo)
    yield address, catalogue
    demo.close(verbose=False)


@pytest.mark.parametrize(
    ("name", "prompt", "bits"),
    [("attention-shakespeare", "ROMEO:\n", 4), ("attention-tang", "秋夜\n", 12)],
)
def test_what_ships_writes_and_is_looked_into(
    page: Any, shipped: tuple[str, Catalogue], name: str, prompt: str, bits: float
) -> None:
    address, catalogue = shipped
    open_viewer(
        page,
        f"{address}?tab=attention&checkpoint={name}&seed=7&temperature=0.7&length=60"
        f"&prompt={quote(prompt)}",
    )
    chosen, made = attention.read_settings(catalogue, name, 7, "any", 0.7, prompt=prompt, length=60)
    text = sequence.finished(chosen, made)
    media: Any = chosen.media
    signs = page.locator(".tv-text [data-i]")
    assert signs.count() == len(text)
    shown = page.evaluate(
        "[...document.querySelectorAll('.tv-text [data-i]:not(.sign)')].map((i) => i.textContent)"
    )
    assert "".join(shown) == "".join(c for c in media.to_text(text) if c not in ("\n", END))
    wrote = media.to_text(text)[len(prompt) :]
    if media.han:
        lines = wrote.strip().split("\n")
        assert len(lines) >= 2 and len({len(line) for line in lines}) == 1  # a verse keeps its form
        assert page.locator(".tv-text.verse .rhyme").count() >= 2
    else:
        assert re.search("[A-Za-z]{3,} [a-z]{2,}", wrote)  # words
    readout = page.locator(".tv-viewer [data-part=readout]")
    signs.nth(20).hover()
    page.wait_for_function(
        "document.querySelector('.tv-viewer [data-part=readout]').textContent.includes(' 21 of ')"
    )
    signs.nth(30).click()
    wait_for_query(page, position="31")
    found = chosen.model.surprise(text[None], [None])[0]  # type: ignore[operator]
    assert f"{float(found[30]):.1f} bits" in readout.inner_text()
    assert float(found.mean()) < bits  # a model that has learned nothing has 6 and 12.4
    likeliest = sequence.candidates(chosen, text, "any")[0][30 * 10]
    assert page.locator(".tv-choices button b").first.inner_text() == likeliest.replace(" ", "␣")
