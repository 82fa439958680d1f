"""Every tab in a real browser: open, click, wait, look at the pixels."""

from __future__ import annotations

import base64
import contextlib
import io
import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlparse

import numpy as np
import pytest
from axe_playwright_python.base import AXE_SCRIPT
from conftest import address_of, asked_of, launched, marked, mistakes_of, save_tiny, saved
from PIL import Image
from playwright.sync_api import Error, expect

from aigc import ui
from aigc.ui import attention, films, interpolate, labels, pictures, sample, texts
from aigc.ui.catalogue import Catalogue
from aigc.ui.texts import zh

TIMEOUT = 60_000  # ms; the machine that runs the tests may be busy

# What a visitor sees of a result: every picture and every canvas of the tab in front.
PIXELS = """() => [...document.querySelectorAll('.result img, .result canvas')]
  .filter((node) => node.offsetParent !== null)
  .map((node) => node.tagName === 'IMG' ? node.src : node.toDataURL())"""


# What axe-core finds wrong with the result of the tab in front.
WRONG = """async () => {
  const front = [...document.querySelectorAll(".result")].find((node) => node.offsetParent);
  const found = await axe.run(front, { resultTypes: ["violations"] });
  return found.violations.filter((one) => ["serious", "critical"].includes(one.impact))
    .flatMap((one) => one.nodes.map((node) => `${one.id}: ${node.html.slice(0, 200)}`));
}"""


# Until no colour is on its way to another.
REST = """() => Promise.race([(async () => {
  for (let i = 0; i < 2; i++) await new Promise(requestAnimationFrame);  // until it sets out
  await Promise.all(document.getAnimations()
    .filter((one) => one instanceof CSSTransition).map((one) => one.finished.catch(() => 0)));
})(), new Promise((go) => setTimeout(go, 5000))])  // a headless page may stop making frames"""


# A file from the visitor's desktop.
DROP = """(content) => {
  const bytes = Uint8Array.from(atob(content), (sign) => sign.charCodeAt(0));
  const dataTransfer = new DataTransfer();
  dataTransfer.items.add(new File([bytes], "film", { type: "" }));
  document.body.dispatchEvent(new DragEvent("drop", { dataTransfer, bubbles: true }));
}"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    root = tmp_path_factory.mktemp("served")
    for family in ("gan", "vae", "attention", "language"):
        save_tiny(root / f"{family}-mnist", family)
    config = root / "attention-mnist" / "config.json"
    values = json.loads(config.read_text(encoding="utf-8"))
    values["training"]["started"] = {"name": "before-that", "images": 4800}
    config.write_text(json.dumps(values), encoding="utf-8")
    (root / "broken-mnist").mkdir()
    demo = ui.build(ui.catalogue_of(root, films=Path(__file__).parent.parent / "films"))
    url = launched(demo)
    yield url
    demo.close(verbose=False)


class Visit:
    """A page, and everything that went wrong on it."""

    def __init__(self, browser: Any, width: int = 1280, scheme: str = "light") -> None:
        self.context = browser.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, accept_downloads=True
        )
        self.context.set_default_timeout(TIMEOUT)
        self.page = self.context.new_page()
        self.errors = mistakes_of(self.page)
        self.page.on("console", self._heard)
        self.page.on("request", self._asked)
        self.hosts: set[str] = set()

    def _heard(self, message: Any) -> None:
        if message.type == "error":
            self.errors.append(message.text)

    def _asked(self, request: Any) -> None:
        host = urlparse(request.url).hostname
        if host:
            self.hosts.add(host)

    def open(self, url: str, tab: str) -> None:
        """Go there and wait for the first result of `tab`, and for what follows it."""
        self.page.goto(url)
        self.made(tab)
        self.page.wait_for_selector("html.settled")

    def made(self, tab: str, before: str = "", holds: str = "") -> str:
        """Wait until a result of `tab` stands, another than that of the address `before`.

        A viewer that keeps its place in the address may write it once more soon after; where a
        test goes on from there, the address has to hold what was asked for (`holds`).
        """
        self.page.wait_for_function(
            "([tab, before, holds]) => location.search.includes(`tab=${tab}&checkpoint=`)"
            " && location.href !== before && location.search.includes(holds)",
            arg=[tab, before, holds],
        )
        self.page.wait_for_function(f"() => ({PIXELS})().length > 0")
        return address_of(self.page)

    def pixels(self) -> list[str]:
        return list(self.page.evaluate(PIXELS))

    def settled(self) -> list[str]:
        """The pixels, once they stay the same for half a second."""
        old: list[str] = []
        while (now := self.pixels()) != old:
            old = now
            self.page.wait_for_timeout(500)
        return now

    def close(self) -> None:
        self.context.close()


@pytest.fixture
def visit(chromium: Any) -> Iterator[Any]:
    visits: list[Visit] = []

    def start(**options: Any) -> Visit:
        visits.append(Visit(chromium, **options))
        return visits[-1]

    yield start
    for one in visits:
        one.close()


def looked(locator: Any) -> np.ndarray:
    """A screenshot as (H, W, 3) uint8."""
    return np.asarray(Image.open(io.BytesIO(locator.screenshot())).convert("RGB"))


@pytest.mark.parametrize("tab", ui.TABS, ids=lambda tab: tab.ID)
def test_a_tab_from_the_first_look_to_the_copied_link(tab: Any, server: str, visit: Any) -> None:
    first = visit()
    first.open(f"{server}?tab={tab.ID}", tab.ID)
    seen = looked(first.page.locator(".result:visible").first)
    assert seen.std() > 8  # something is there
    before, at_first = address_of(first.page), first.pixels()

    button = first.page.locator("button.primary:visible")
    if button.count():
        button.click()
        first.made(tab.ID, before)
        first.page.wait_for_function(
            "(old) => JSON.stringify((" + PIXELS + ")()) !== old",
            arg=json.dumps(at_first, separators=(",", ":")),
        )
    made = first.settled()
    # Only now: the viewer puts what it shows of a result into the address, too.
    link = address_of(first.page)

    first.context.grant_permissions(["clipboard-read", "clipboard-write"])
    first.page.locator(f"#{tab.ID}-link").click()
    first.page.wait_for_function(
        "([tab, text]) => document.getElementById(`${tab}-link`).textContent === text",
        arg=[tab.ID, texts.SCRIPT["copied"]],
    )
    copied = first.page.evaluate("() => navigator.clipboard.readText()")
    assert copied == link
    assert parse_qs(urlparse(copied).query)["tab"] == [tab.ID]

    second = visit()
    second.open(copied, tab.ID)
    second.page.wait_for_function(
        "(wanted) => JSON.stringify((" + PIXELS + ")()) === wanted",
        arg=json.dumps(made, separators=(",", ":")),
    )
    second.page.wait_for_function("(url) => location.href === url", arg=link)
    for one in (first, second):
        assert one.errors == []
        assert one.hosts == {urlparse(server).hostname}


def test_the_tabs_start_when_they_are_opened(server: str, visit: Any) -> None:
    one = visit()
    one.open(server, "sample")
    sample = address_of(one.page)
    one.page.get_by_role("tab", name="Interpolate").click()
    interpolate = one.made("interpolate")
    assert "steps=16" in interpolate
    one.page.get_by_role("tab", name="Sample").click()
    one.page.wait_for_function("(url) => location.href === url", arg=sample)
    assert one.errors == []


FRONT = "(tab) => document.querySelector('[role=tab][aria-selected=true]').dataset.tabId === tab"


def test_back_and_forward_go_from_tab_to_tab(server: str, visit: Any) -> None:
    one = visit()
    one.open(f"{server}?tab=sample&count=4&seed=5&lang=zh", "sample")
    page = one.page

    def stands(tab: str, address: str) -> None:
        page.wait_for_function(FRONT, arg=tab)
        page.wait_for_function("(url) => location.href === url", arg=address)

    page.get_by_role("tab", name=zh.TABS["interpolate"]).click()
    interpolate = one.made("interpolate")
    one.settled()
    page.go_back()
    page.wait_for_function(FRONT, arg="sample")
    before, entries = address_of(page), page.evaluate("history.length")
    assert "seed=5" in before
    page.locator("button.primary:visible").click()
    sample = one.made("sample", before)  # within a tab the address changes in place
    one.settled()
    asked = asked_of(page)
    page.go_forward()
    stands("interpolate", interpolate)
    page.go_back()
    stands("sample", sample)
    page.evaluate("aigc.visit('interpolate')")  # said late: the visitor is back by now
    stands("sample", sample)
    page.go_forward()
    stands("interpolate", interpolate)
    assert asked == [] and page.evaluate("history.length") == entries

    # Another language is another page. On the way back the first one has to be made again.
    page.locator(".languages a[data-lang=en]").click()
    one.made("interpolate", holds="lang=en")
    page.wait_for_selector("html.settled")
    one.settled()
    page.go_back()
    page.wait_for_selector(f"button.primary:has-text('{zh.INTERPOLATE}')")
    stands("interpolate", interpolate)
    page.wait_for_selector("html.settled")
    one.settled()
    page.go_back()
    page.wait_for_selector(f"button.primary:has-text('{zh.SAMPLE}')")
    stands("sample", sample)
    page.wait_for_selector("html.settled")
    assert one.errors == []


def test_back_to_a_tab_whose_first_result_is_still_to_come(
    server: str, visit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    one: Visit = visit()
    views, asked, over = sample.views, threading.Event(), threading.Event()

    def held(*given: Any) -> Any:
        asked.set()
        over.wait(TIMEOUT / 1000)
        return views(*given)

    monkeypatch.setattr(sample, "views", held)
    one.page.goto(server)
    assert asked.wait(TIMEOUT / 1000)
    one.page.evaluate("() => { window.still = true; }")
    one.page.get_by_role("tab", name=texts.TABS["interpolate"]).click()
    one.page.wait_for_function("() => location.search === '?tab=interpolate'")
    one.page.go_back()
    one.page.wait_for_function(FRONT, arg="sample")
    over.set()
    one.made("sample")
    one.page.wait_for_selector("html.settled")
    assert one.page.evaluate("window.still") and one.errors == []


# How much is seen of what a tab in front shows: of all of it, or of a window full.
SEEN = """() => {
  const front = [...document.querySelectorAll(".result")].find((node) => node.offsetParent);
  const shown = [...front.children].find((one) => one.offsetHeight && !one.matches(".actions"));
  const { top, bottom, height } = shown.getBoundingClientRect();
  return (Math.min(bottom, innerHeight) - Math.max(top, 0)) / Math.min(height, innerHeight);
}"""


@pytest.mark.parametrize("tab", ["sample", "interpolate", "explore", "attention"])
def test_who_presses_a_button_far_below_is_brought_to_what_it_makes(
    server: str, visit: Any, tab: str
) -> None:
    one: Visit = visit(width=390)
    page = one.page
    page.set_viewport_size({"width": 390, "height": 844})
    one.open(f"{server}?tab={tab}", tab)
    one.settled()
    assert page.evaluate("scrollY") == 0  # nobody has pressed anything
    button = page.locator(".controls button.primary:visible")
    for motion in ("reduce", "no-preference"):
        page.emulate_media(reduced_motion=motion)
        before = address_of(page)
        button.evaluate("(node) => node.scrollIntoView({ block: 'end', behavior: 'instant' })")
        assert page.evaluate(SEEN) < 0.5
        if motion == "reduce":  # at once
            button.evaluate("(node) => node.click()")
            assert page.evaluate(SEEN) > 0.8
        else:
            button.click()
            page.wait_for_function(f"() => ({SEEN})() > 0.8")
        one.made(tab, before)
        one.settled()
        assert page.evaluate(SEEN) > 0.8
    assert one.errors == []


def test_who_sees_the_result_stays_where_the_button_is(server: str, visit: Any) -> None:
    one: Visit = visit()
    one.open(f"{server}?tab=sample", "sample")
    one.page.emulate_media(reduced_motion="reduce")
    one.settled()
    before, button = address_of(one.page), one.page.locator(".controls button.primary:visible")
    button.scroll_into_view_if_needed()
    stood = one.page.evaluate("scrollY")
    assert one.page.evaluate(SEEN) > 0.5
    button.click()
    one.made("sample", before)
    one.settled()
    assert one.page.evaluate("scrollY") == stood and one.errors == []


def test_choosing_a_checkpoint_shows_its_card_and_its_pictures(server: str, visit: Any) -> None:
    one = visit()
    one.open(f"{server}?tab=sample&checkpoint=gan-mnist&label=4", "sample")
    before = address_of(one.page)
    one.page.get_by_label("Checkpoint").first.click()
    one.page.get_by_role("option", name="attention-mnist").click()
    after = one.made("sample", before)
    query = parse_qs(urlparse(after).query)
    assert (query["checkpoint"], query["label"]) == (["attention-mnist"], ["4"])
    assert "Self-attention" in one.page.locator(".card:visible").inner_text()
    assert one.errors == []


@pytest.mark.parametrize("width", [1280, 390])
def test_a_text_goes_on_from_the_prompt_of_a_link(server: str, visit: Any, width: int) -> None:
    one = visit(width=width)
    query = "?tab=sample&checkpoint=language-mnist&count=2&seed=7&prompt=ab%0A%3Cb%3Ec"
    one.page.goto(server + query)
    written = one.page.locator(".writing")
    written.nth(1).wait_for()
    assert written.count() == 2 and written.first.text_content().startswith("ab\n�b�c")
    assert "never seen" in one.page.locator(".notice:visible").inner_text()
    assert one.page.get_by_label(texts.PROMPT).input_value() == "ab\n<b>c"
    # The text is seen as it grows; the address follows when it is finished.
    one.page.wait_for_function("location.search.includes('revision=')")
    assert parse_qs(urlparse(address_of(one.page)).query)["prompt"] == ["ab\n<b>c"]
    assert one.page.evaluate("document.documentElement.scrollWidth") <= width
    # A checkpoint that takes no prompt offers none.
    before = address_of(one.page)
    one.page.get_by_label("Checkpoint").first.click()
    one.page.get_by_role("option", name="gan-mnist").click()
    assert "prompt" not in parse_qs(urlparse(one.made("sample", before)).query)
    one.page.get_by_label(texts.PROMPT).wait_for(state="detached")
    assert one.errors == []


def test_a_chosen_picture_its_variations_and_a_favourite(server: str, visit: Any) -> None:
    one = visit()
    one.open(f"{server}?tab=sample&checkpoint=gan-mnist&count=4&seed=7", "sample")
    one.settled()
    page, before = one.page, address_of(one.page)
    requests = asked_of(page)
    first = page.locator("#sample-measured p:visible").inner_text()
    page.locator("input[type=number]:visible").nth(1).fill("0")
    page.wait_for_function(
        "(old) => document.querySelector('#sample-measured p:not([hidden])').textContent !== old",
        arg=first,
    )
    assert requests == []

    page.locator(".gallery .pick").first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.wait_for_selector(".varied")
    tile, panel = (page.locator(where) for where in (".pick[aria-pressed=true] img", ".chosen img"))
    assert panel.get_attribute("src") == tile.get_attribute("src")
    assert panel.get_attribute("alt") == "gan-mnist, class any, picture 4"
    after = one.made("sample", before)
    page.wait_for_function("!document.querySelector('.varied .tile:not([src])')")
    strip, requests[:] = page.locator(".varied .tile:visible"), []
    old = strip.get_attribute("src")
    page.locator(".varied input[type=range]").focus()
    page.keyboard.press("End")
    assert strip.get_attribute("src") != old and "spread 1" in strip.get_attribute("alt")
    assert requests == []
    link = one.made("sample", after)
    chosen = {"chosen": ["4"], "spread": ["1"], "other_seed": ["0"]}
    assert chosen.items() <= parse_qs(urlparse(link).query).items()
    page.locator(".chosen .star").press("Enter")
    kept, star = page.locator(".favourites li"), page.locator(".chosen .star[aria-pressed=true]")
    assert kept.count() == star.count() == 1
    copy = base64.b64decode(kept.locator("img").get_attribute("src").partition(",")[2])
    assert json.loads(marked(copy)["AIGC"])["Label"] == "1"
    pixels = one.pixels()[:-1]  # without the favourite
    page.emulate_media(reduced_motion="reduce")
    page.evaluate(AXE_SCRIPT)
    assert page.evaluate(WRONG) == []

    page.locator("button.primary:visible").click()  # a new grid, of which nothing is chosen
    assert "chosen" not in one.made("sample", link)
    assert page.locator(".chosen").is_hidden() and page.locator(".varied").count() == 0
    page.set_viewport_size({"width": 390, "height": 844})
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    one.open(f"{server}?lang=zh", "sample")  # what is kept is there, and says its language
    one.settled()
    said = zh.SCRIPT["chosen"]
    name = said["name"].format(checkpoint="gan-mnist", seed=7, chosen=4)
    assert kept.locator("a").get_attribute("title") == said["open"].format(name=name)
    kept.locator("a").press("Enter")
    page.wait_for_selector(".varied")
    page.wait_for_function("(old) => (" + PIXELS + ")().length === old", arg=len(pixels) + 1)
    assert one.pixels()[:-1] == pixels
    assert parse_qs(urlparse(address_of(page)).query)["lang"] == ["zh"] and star.count() == 1
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.evaluate(AXE_SCRIPT)
    assert page.evaluate(WRONG) == []
    page.locator(".favourites .remove").press("Enter")
    assert kept.count() == star.count() == 0 and page.locator(".favourites").is_hidden()

    full = [
        {"link": f"?tab=sample&chosen=1&seed={100 + i}", "picture": pixels[0]} for i in range(40)
    ]
    odd = [3, None, {"link": "javascript:alert(1)", "picture": pixels[0]}]
    page.evaluate(
        "(kept) => { localStorage.setItem(`aigc favourites ${location.pathname}`, "
        "JSON.stringify(kept)); aigc.chosen.show(); }",
        [*odd, *full],
    )
    assert kept.count() == 40
    page.locator(".chosen .star").click()
    assert kept.count() == 40 and "139" not in kept.last.inner_html()
    assert "40" in page.locator(".chosen [role=status]").inner_text()
    page.evaluate("localStorage.setItem(`aigc favourites ${location.pathname}`, '{')")
    page.evaluate("aigc.chosen.show()")
    assert kept.count() == 0 and one.errors == []


def test_a_favourite_text(server: str, visit: Any) -> None:
    one = visit(width=390)
    one.page.goto(
        f"{server}?tab=sample&checkpoint=language-mnist&count=2&seed=7&prompt=ab&length=9"
    )
    page, star = one.page, one.page.locator(".keep .star")
    star.wait_for()
    written = page.locator(".writing").first.text_content()
    star.press("Enter")
    kept = page.locator(".favourites li")
    assert kept.count() == 1 and star.get_attribute("aria-pressed") == "true"
    assert kept.locator("a").text_content() == written.strip()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.evaluate(AXE_SCRIPT)
    assert page.evaluate(WRONG) == []
    link = kept.locator("a").get_attribute("href")
    one.open(f"{server}?tab=sample&checkpoint=gan-mnist&count=1", "sample")  # pictures have none
    one.settled()
    assert kept.count() == 1 and star.is_hidden()
    page.goto(server + link)
    page.wait_for_function("document.querySelector('.keep .star[aria-pressed=true]')")
    assert page.locator(".writing").first.text_content() == written
    star.click()
    assert kept.count() == 0 and star.get_attribute("aria-pressed") == "false"
    assert one.errors == []


def test_scores_are_there_at_once_and_can_be_put_away(server: str, visit: Any) -> None:
    one = visit(width=390)
    one.open(f"{server}?tab=sample&count=4&seed=7", "sample")
    one.settled()
    page, score = one.page, one.page.locator(".score:visible")
    assert score.count() == 4 and page.locator(".scored").is_visible()
    requests = asked_of(page)
    page.get_by_label(texts.SCORES_SWITCH).uncheck()
    page.wait_for_function("location.search.includes('scores=off')")
    assert score.count() == 0 and requests == []
    one.settled()
    one.open(address_of(page), "sample")
    page.wait_for_function("location.search.includes('scores=off')")
    assert score.count() == 0 and page.locator(".gallery .tile").count() == 4
    page.get_by_label(texts.SCORES_SWITCH).check()
    score.first.wait_for()
    assert one.errors == []


def test_the_seed_stays_when_it_is_told_to(server: str, visit: Any) -> None:
    one = visit()
    one.open(f"{server}?tab=sample&count=4&seed=5", "sample")
    first = one.pixels()
    one.page.get_by_label(texts.RANDOMISE).first.uncheck()
    one.page.get_by_label(texts.CLASS, exact=True).first.click()
    one.page.get_by_role("option", name="7", exact=True).click()
    before = address_of(one.page)
    one.page.locator("button.primary:visible").click()
    assert parse_qs(urlparse(one.made("sample", before)).query)["seed"] == ["5"]
    one.page.wait_for_function(
        "(old) => JSON.stringify((" + PIXELS + ")()) !== old",
        arg=json.dumps(first, separators=(",", ":")),
    )
    assert len(one.pixels()) == 4
    # A seed that is written counts too: the switch goes off by itself, and Enter is the button.
    one.page.get_by_label(texts.RANDOMISE).first.check()
    box = one.page.get_by_label(texts.SEED, exact=True).first
    box.fill("44")
    expect(one.page.get_by_label(texts.RANDOMISE).first).not_to_be_checked()
    box.press("Enter")
    one.made("sample", holds="seed=44&")
    assert one.errors == []


def test_scrubbing_asks_nobody(server: str, visit: Any) -> None:
    one = visit()
    one.open(f"{server}?tab=interpolate&checkpoint=vae-mnist&steps=9", "interpolate")
    one.settled()
    asked = asked_of(one.page)
    slider = one.page.locator(".player input[type=range]")
    shown = []
    for at in (0, 4, 8):
        slider.fill(str(at))
        assert one.page.locator(".player output").inner_text() == f"{at + 1} / 9"
        now = one.page.locator(".player .now").get_attribute("src")
        assert now == one.page.locator(".player .frame").nth(at).get_attribute("src")
        shown.append(looked(one.page.locator(".player .now")))
    assert not np.array_equal(shown[0], shown[2])
    one.page.locator(".player .frame").nth(2).click()
    assert one.page.locator(".player output").inner_text() == "3 / 9"
    # The address says where it stands, and opens there; the next walk begins at its beginning.
    one.page.wait_for_function("() => location.search.includes('frame=3')")
    other = visit()
    other.open(address_of(one.page), "interpolate")
    assert other.settled() == one.pixels() and address_of(other.page) == address_of(one.page)
    assert other.page.locator(".player output").inner_text() == "3 / 9"
    other.page.locator("button.primary:visible").click()
    assert "frame" not in other.made("interpolate", address_of(one.page))
    assert other.page.locator(".player output").inner_text() == "1 / 9"
    # So does one that comes while the last plays, or has fewer frames than where that stood.
    player = other.page.locator(".player")
    player.locator(".play").click()
    expect(player.locator("output")).not_to_have_text("1 / 9")
    other.page.get_by_label(f"number input for {texts.STEPS}").first.fill("4")
    other.page.locator("button.primary:visible").click()
    other.made("interpolate", holds="steps=4")
    expect(player.locator("output")).to_have_text("1 / 4")
    assert player.locator("input").evaluate("(slider) => [slider.value, slider.max]") == ["0", "3"]
    assert player.locator(".play").get_attribute("aria-label") == texts.PLAY
    one.page.locator(".player .play").click()
    one.page.wait_for_function("() => document.querySelector('.player output').value !== '3 / 9'")
    one.page.locator(".player .play").click()
    assert asked == []
    assert one.errors == []


def test_the_film_of_two_runs(server: str, visit: Any) -> None:
    one = visit()
    one.open(f"{server}?tab=timelapse&checkpoint=gan-mnist&beside=vae-mnist&frame=2", "timelapse")
    page = one.page
    assert page.locator(".tl-run").count() == 2
    assert "step 20" in page.locator(".tl-run").first.inner_text()
    asked = asked_of(page)
    slider = page.locator(".tl-viewer input[type=range]")
    shown = set()
    for at in ("1", "2", "3"):
        slider.fill(at)
        assert f"step {at}0" in page.locator(".tl-run").nth(1).inner_text()
        shown.add(page.locator(".tl-run img").first.get_attribute("src"))
        values = [b.inner_text() for b in page.locator(".tl-chart b").all()]
        assert f"{1 / int(at):.3g}" in values  # the loss that save_tiny writes
    assert len(shown) == 3
    slider.press("ArrowLeft")
    page.wait_for_function("() => location.search.includes('frame=2')")
    page.locator(".tl-play").click()
    page.wait_for_function("() => document.querySelector('.tl-viewer input').value === '3'")
    assert "step 30" in page.locator(".tl-steps").inner_text()
    assert asked == []
    page.goto(f"{server}?tab=timelapse&checkpoint=language-mnist&frame=2")
    texts_ = page.locator(".tl-run pre")
    texts_.first.wait_for()
    assert texts_.all_inner_texts() == ["<b>20\n", "abc"]
    slider.fill("1")
    assert texts_.first.inner_text() == "<b>10\n"
    assert "step 10, 640 texts seen" in page.locator(".tl-run").inner_text()
    assert "Texts/s" in page.locator(".tl-charts").inner_text()
    page.goto(f"{server}?tab=timelapse&checkpoint=vae-blurry&beside=vae-mnist")
    page.locator(".tl-steps ol").nth(1).wait_for()
    blurry, plain = page.locator(".tl-steps ol").all_inner_texts()
    assert "λ = 4 times the" in blurry and "Over the first 5% of the run λ rises" in blurry
    assert "λ" not in plain.replace("whatever λ is", "")  # nobody wrote it down
    assert "start from random weights" in plain
    page.goto(f"{server}?tab=timelapse&checkpoint=attention-mnist")
    page.locator(".tl-steps ol").wait_for()
    said = page.locator(".tl-steps ol").inner_text()
    assert "those of before-that, which had learned from 4,800 examples" in said
    assert "random" not in said
    assert one.errors == []


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_a_failure_beside_its_remedy(server: str, visit: Any, width: int, scheme: str) -> None:
    one = visit(width=width, scheme=scheme)
    one.open(f"{server}?tab=timelapse&checkpoint=gan-mnist", "timelapse")
    page = one.page
    assert page.locator(".tl-about").count() == 0  # of a checkpoint the card says it
    for label, title, holds in (
        (texts.CHECKPOINT, texts.FILM_FAILS.format(name="gan-certain"), "checkpoint=gan-certain"),
        (texts.BESIDE, texts.FILM_MENDS.format(name="gan-penalties"), "beside=gan-penalties"),
    ):
        page.get_by_label(label).locator("visible=true").click()
        page.get_by_role("option", name=title, exact=True).click()
        one.made("timelapse", holds=holds)
        expect(page.get_by_role("option")).to_have_count(0)  # the list fades before the next opens
    assert "checkpoint=gan-certain" in address_of(page)
    failure, remedy = page.locator(".tl-about").all_inner_texts()
    assert "Made to fail" in failure and "python -m train.recipes gan-certain" in failure
    assert "A remedy tried on gan-certain" in remedy and "Nothing was noticed" in remedy
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    # A heading of more lines moves neither of two that stand side by side.
    page.locator(".tl-run h2").nth(1).evaluate("(title) => title.append(' and so on'.repeat(30))")
    tops = [image.bounding_box()["y"] for image in page.locator(".tl-run img").all()]
    assert (tops[0] == tops[1]) is (width > 1000)
    asked = asked_of(page)
    slider, shown = page.locator(".tl-viewer input[type=range]"), set()
    for at in range(1, int(slider.get_attribute("max")) + 1):
        slider.fill(str(at))
        shown.add(page.locator(".tl-run img").nth(1).get_attribute("src"))
    assert len(shown) == 11  # the one before the first step, too
    assert asked == []
    before = address_of(page)
    page.get_by_role("tab", name=texts.TABS["sample"]).click()
    one.made("sample", before)
    page.get_by_label(texts.CHECKPOINT).locator("visible=true").click()
    page.get_by_role("option", name="vae-mnist").wait_for()
    assert "gan-certain" not in str(page.get_by_role("option").all_inner_texts())
    assert one.errors == []


def test_downloads(server: str, visit: Any, tmp_path: Path) -> None:
    one = visit()

    def pressed(button: str) -> Path:
        with one.page.expect_download() as waiting:
            one.page.locator(f"{button}:visible").first.click()
        path = tmp_path / waiting.value.suggested_filename
        waiting.value.save_as(path)
        return path

    one.open(f"{server}?tab=sample", "sample")
    with Image.open(pressed("[data-save=sheet]")) as image:
        assert (image.format, image.size) == ("PNG", (448, 448))
    with Image.open(pressed("[data-save=labelled]")) as image:
        assert image.size == (448, 448 + labels.STRIP)
    assert one.page.locator("[aria-busy=true]").count() == 0
    one.open(f"{server}?tab=interpolate", "interpolate")
    with Image.open(pressed("#interpolate-webp")) as image:
        assert (image.format, image.size) == ("WEBP", (224, 224))
    one.page.get_by_label(texts.LABELLED).locator("visible=true").check()
    with Image.open(pressed("#interpolate-gif")) as image:
        assert (image.format, image.size) == ("GIF", (224, 246))
    path = pressed("#interpolate-mp4")
    assert path.suffix == ".mp4"
    # The film, dropped on a page that shows something else, brings its view back.
    restored = parse_qs(urlparse(address_of(one.page)).query)
    one.open(f"{server}?tab=sample&count=2&lang=en", "sample")
    for content in (b"nothing", path.read_bytes()):
        one.page.evaluate(DROP, base64.b64encode(content).decode())
        if content == b"nothing":
            one.page.wait_for_selector(".drop-note")
            assert texts.SCRIPT["dropNothing"] in one.page.locator(".drop-note").inner_text()
    one.made("interpolate")
    assert parse_qs(urlparse(address_of(one.page)).query) == {**restored, "lang": ["en"]}
    assert one.errors == []


def test_a_dropped_file_brings_its_settings_back(
    server: str, visit: Any, catalogue: Catalogue
) -> None:  # fmt: skip
    drawn = sample.read(catalogue, "gan-mnist", 2, 7, "3", 1.0)
    written = sample.read(catalogue, "language-mnist", 1, 7, "3", 1.0, prompt='a"]\nb')
    walks = [  # each with an address of its own
        interpolate.read(catalogue, "vae-mnist", 1, "1", 2, "7", steps, "slerp")
        for steps, _ in enumerate(films.KINDS, 3)
    ]
    _, looked = attention.read_settings(catalogue, "attention-mnist", 3, "5")
    where = {"layer": "2", "head": "mean", "position": "100", "show": "log"}

    files: list[tuple[bytes, str, dict[str, Any]]] = [
        (saved(drawn)[0][1], "sample", drawn.made),
        (saved(written)[0][1], "sample", written.made),
        *(
            (
                films.encode(interpolate.film_of(walk, interpolate.frames(walk)), kind),
                "interpolate",
                walk.made,
            )
            for kind, walk in zip(films.KINDS, walks)
        ),
        (attention.again(catalogue, looked, "")[0], "attention", looked),
        (attention.saved_page(catalogue, looked, "", where)[0], "attention", looked | where),
    ]
    page = visit().page
    page.goto(server)
    for content, tab, made in files:
        page.wait_for_function("() => document.body && window.aigc")
        with contextlib.suppress(Error):  # the page may be gone before it answers
            page.evaluate(DROP, base64.b64encode(content).decode())
        wanted = {name: str(value) for name, value in {"tab": tab, **made}.items()}
        page.wait_for_url(
            lambda url, wanted=wanted: dict(parse_qsl(urlparse(url).query, True)) == wanted,
            wait_until="commit",
        )


def test_drawing_an_end(server: str, visit: Any) -> None:
    one = visit()
    one.open(f"{server}?tab=interpolate&checkpoint=vae-mnist", "interpolate")
    page = one.page
    page.get_by_role("button", name=texts.PICTURE).click()
    canvas = page.locator(".pad canvas:visible").first
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] - 20, steps=5)
    page.mouse.up()
    assert looked(canvas).mean() > 10
    page.locator("button.primary:visible").click()
    chips = page.locator(".result:visible .chips")
    page.wait_for_function(
        "(text) => [...document.querySelectorAll('.result .chips')]"
        ".some((node) => node.offsetParent && node.textContent.includes(text))",
        arg=f"picture a {pictures.GIVEN}",
    )
    assert "seed a" not in chips.inner_text()
    assert looked(canvas).mean() > 10  # the drawing is still there
    # A link shows it to others, as a start of theirs.
    other = visit()
    other.open(address_of(page), "interpolate")
    assert other.settled() == one.settled()
    assert address_of(other.page) == address_of(page) and "picture_a=" in address_of(page)
    page.locator(".pad .clear:visible").first.click()
    assert looked(canvas).mean() < 10
    assert one.errors == []


def test_a_drawing_in_the_latent_space(server: str, visit: Any) -> None:
    one = visit(width=390)
    one.open(f"{server}?tab=interpolate&checkpoint=vae-mnist", "interpolate")
    page = one.page
    page.get_by_role("button", name=texts.CODE_TITLE).click()
    canvas = page.locator(".code .pad canvas")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 20)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] - 20, steps=5)
    page.mouse.up()
    page.locator("#code-look").click()
    page.wait_for_selector(".lt-viewer[data-phase=ready]")
    assert page.locator("#code-terms img").count() == 2
    said = page.locator("#code-terms").inner_text()
    nats = [float(value) for value in re.findall(r"([\d.]+) nats", said)]
    assert len(nats) == 3 and abs(nats[0] + nats[1] - nats[2]) < 0.11
    bars = [float(v) for v in re.findall(r"KL ([\d.]+)", page.locator(".code").inner_text())]
    assert len(bars) >= 2 and bars == sorted(bars, reverse=True)
    decoded = "() => document.querySelector('.lt-viewer canvas').toDataURL()"
    slider, other_slider = (page.locator(".lt-row input").nth(i) for i in range(2))
    requests = asked_of(page)
    seen = set()
    for at in range(0, int(str(slider.get_attribute("max"))), 8):  # as a pointer drags it
        slider.evaluate(
            "(node, at) => { node.value = at; node.dispatchEvent(new Event('input')); }", at
        )
        seen.add(page.evaluate(decoded))
    page.wait_for_timeout(400)
    assert len(seen) == 5 and requests == []
    before = page.evaluate(decoded)
    row = "() => document.querySelector('.lt-viewer').dataset.turn"
    stale = page.evaluate(row)
    slider.evaluate("(node) => node.dispatchEvent(new Event('change'))")  # and lets go of it
    page.wait_for_function("() => /latents=[0-9]+%3A/.test(location.search)")
    page.wait_for_function(f"(old) => ({row})() !== old", arg=stale)
    assert page.evaluate(decoded) == before
    other_slider.press("End")
    assert page.evaluate(decoded) != before
    page.wait_for_function("() => /latents=[0-9:A%]+%2C/.test(location.search)")
    before = page.evaluate(decoded)
    page.get_by_label(texts.CODE_OTHER).click()
    page.get_by_role("option", name="7", exact=True).click()
    page.wait_for_function(f"(old) => ({decoded})() !== old", arg=before)
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 390
    # The address carries all of it, to somebody else, too.
    page.wait_for_function("() => location.search.includes('label_as=7')")
    wanted = page.evaluate(decoded)
    other = visit(width=390)
    other.open(address_of(page), "interpolate")
    other.page.wait_for_function(
        "(wanted) => document.querySelector('.lt-viewer canvas')?.toDataURL() === wanted",
        arg=wanted,
    )
    assert other.page.locator("#code-terms").inner_text() == said
    assert looked(other.page.locator(".code .pad canvas")).mean() > 10
    other.page.wait_for_function("(url) => location.href === url", arg=address_of(page))
    # On another checkpoint there is nothing of it.
    other.page.get_by_label("Checkpoint").locator("visible=true").click()
    other.page.get_by_role("option", name="gan-mnist").locator("visible=true").click()
    other.page.wait_for_function("() => !location.search.includes('drawing=')")
    assert one.errors == other.errors == []


def test_an_upload_that_is_no_picture(server: str, visit: Any, tmp_path: Path) -> None:
    one = visit()
    # Gradio says once more what stood in a folded part, in the frame after that is opened. Here
    # that frame is held back, as on a busy machine; what was put there by then stays.
    one.page.add_init_script("""const soon = window.requestAnimationFrame;
      window.held = null;
      window.requestAnimationFrame = (call) => window.held ? window.held.push(call) : soon(call);
    """)
    one.open(f"{server}?tab=interpolate&checkpoint=vae-mnist", "interpolate")
    one.page.evaluate("() => { window.held = []; }")
    one.page.get_by_role("button", name=texts.PICTURE).click()
    path = tmp_path / "notes.png"
    path.write_text("no picture", encoding="utf-8")
    files, hint = (one.page.locator(f".pad {part}").first for part in ("input[type=file]", ".hint"))
    files.set_input_files(path)
    expect(hint).to_have_text(texts.NO_PICTURE, timeout=TIMEOUT)
    Image.new("RGB", (300, 200), "white").save(tmp_path / "white.png")
    files.set_input_files(tmp_path / "white.png")
    expect(hint).to_have_text(texts.PAD_HINT.format(label=texts.END_A), timeout=TIMEOUT)
    late = one.page.evaluate("""() => {
      const calls = window.held;
      window.held = null;
      for (const call of calls) call(performance.now());
      return calls.length;
    }""")
    assert late > 0
    one.page.wait_for_timeout(500)
    assert looked(one.page.locator(".pad canvas").first).mean() > 200
    one.page.locator("button.primary:visible").click()
    one.page.wait_for_function("() => location.search.includes('picture_a=')")
    assert one.errors == []


def test_who_goes_while_something_is_made_gets_there(
    server: str, visit: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    one: Visit = visit()
    one.open(f"{server}?tab=interpolate&checkpoint=vae-mnist", "interpolate")
    frames, asked, over = interpolate.frames, threading.Event(), threading.Event()

    def held(wish: interpolate.Wish) -> Any:
        asked.set()
        over.wait(TIMEOUT / 1000)
        return frames(wish)

    monkeypatch.setattr(interpolate, "frames", held)
    routes: list[Any] = []
    one.page.route("**/*lang=zh*", lambda route: routes.append(route), times=1)
    one.page.locator("button.primary:visible").click()
    assert asked.wait(TIMEOUT / 1000)
    one.page.locator(".languages a[data-lang=zh]").click(no_wait_after=True)
    # The next page takes its time; Gradio loads one again whose connection was lost, two seconds
    # later.
    one.page.wait_for_timeout(4000)
    over.set()
    routes.pop().continue_()
    one.page.wait_for_selector(f"button.primary:has-text('{zh.INTERPOLATE}')")
    one.made("interpolate", holds="lang=zh")
    assert one.errors == []


def test_a_gan_offers_no_pad(server: str, visit: Any) -> None:
    one = visit()
    one.open(f"{server}?tab=interpolate&checkpoint=gan-mnist", "interpolate")
    assert one.page.get_by_role("button", name=texts.PICTURE).count() == 0


def test_a_nonsense_link_opens_the_tab_and_says_so(server: str, visit: Any) -> None:
    one = visit()
    one.open(f"{server}?tab=sample&count=900&seed=7&label=frog&checkpoint=<img>", "sample")
    notice = one.page.locator(".notice").inner_text()
    for part in ("not '900'", "'frog'", "'<img>'"):
        assert part in notice
    query = parse_qs(urlparse(address_of(one.page)).query)
    assert (query["seed"], query["count"], query["label"]) == (["7"], ["16"], ["any"])
    assert one.errors == []


def test_a_broken_checkpoint_is_named(server: str, visit: Any) -> None:
    one = visit()
    one.open(server, "sample")
    trouble = one.page.locator(".trouble")
    assert texts.BROKEN_ONE in trouble.inner_text()
    trouble.locator("summary").click()
    assert "broken-mnist" in trouble.inner_text()
    assert "config.json is missing" in trouble.inner_text()


def test_a_mistake_on_the_page_is_one_sentence(server: str, visit: Any) -> None:
    one = visit()
    one.open(server, "sample")
    one.page.get_by_label(texts.RANDOMISE).first.uncheck()
    one.page.get_by_label(texts.SEED, exact=True).first.fill("-4")
    one.page.locator("button.primary:visible").click()
    one.page.wait_for_selector(".toast-body")
    assert "The seed is a whole number" in one.page.locator(".toast-body").inner_text()


def test_the_page_works_inside_the_page_of_another_site(server: str, visit: Any) -> None:
    """As on Spaces, where it stands in a frame whose origin is not that of the page around it."""

    class Around(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = (
                f'<iframe src="{server}?tab=sample&count=2" width="1200" height="800"></iframe>'
                "<textarea></textarea>"
            ).encode()
            self.send_response(200 if self.path == "/" else 204)
            self.send_header("Content-Type", "text/html")
            self.send_header("Content-Length", str(len(body) if self.path == "/" else 0))
            self.end_headers()
            if self.path == "/":
                self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    around = ThreadingHTTPServer(("127.0.0.1", 0), Around)
    threading.Thread(target=around.serve_forever, daemon=True).start()
    try:
        one = visit()
        one.page.goto(f"http://localhost:{around.server_address[1]}/")
        inside = one.page.locator("iframe").element_handle().content_frame()
        inside.wait_for_function("() => location.search.includes('checkpoint=')")
        assert inside.evaluate("() => { try { return !parent.document } catch { return true } }")
        before = inside.url
        inside.locator("button.primary:visible").click()
        inside.wait_for_function("(before) => location.href !== before", arg=before)
        inside.wait_for_function(f"() => ({PIXELS})().length === 2")
        # Frames have no permission to copy; the button does it all the same.
        inside.locator("#sample-link").click()
        inside.wait_for_function(
            "(said) => document.getElementById('sample-link').textContent === said",
            arg=texts.SCRIPT["copied"],
        )
        one.page.locator("textarea").press("Control+v")
        assert one.page.locator("textarea").input_value() == inside.url
        assert [said for said in one.errors if "Clipboard" not in said] == []
    finally:
        around.shutdown()
        around.server_close()
