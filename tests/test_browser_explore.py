"""The map of Explore in a real browser: what needs no server."""

from __future__ import annotations

import base64
import io
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlparse

import av
import pytest
from axe_playwright_python.base import AXE_SCRIPT
from conftest import address_of, asked_of, launched, save_tiny
from PIL import Image
from playwright.sync_api import expect
from test_browser import DROP, REST, TIMEOUT, WRONG, Visit, visit  # noqa: F401  a fixture
from test_ui_explore import HAS

from aigc import ui
from aigc.ui import judge, projection, texts, views

PICTURE = "() => document.querySelector('#explore-map [data-part=picture]').toDataURL()"
AT = "#explore-map [data-part=at]"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, tiny_stacked: Path) -> Iterator[str]:
    root = tmp_path_factory.mktemp("served")
    for family in ("gan", "vae", "ladder", "attention", "classifier"):
        save_tiny(root / f"{family}-mnist", family)
    shutil.copytree(tiny_stacked / "gan-stacked-mnist", root / "gan-stacked-mnist")
    shutil.copytree(root / "vae-mnist", root / "vae-letters")
    config = root / "vae-letters" / "config.json"
    config.write_text(json.dumps(json.loads(config.read_text()) | {"labels": list("abcdefghij")}))
    demo = ui.build(ui.catalogue_of(root))
    url = launched(demo)
    yield url
    demo.close(verbose=False)


def query(one: Visit) -> dict[str, list[str]]:
    return parse_qs(urlparse(address_of(one.page)).query)


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
def test_the_map_follows_the_pointer_and_asks_nobody(
    server: str, visit: Any, width: int, scheme: str, tmp_path: Path  # noqa: F811
) -> None:  # fmt: skip
    one: Visit = visit(width=width, scheme=scheme)
    page = one.page
    page.goto(f"{server}?tab=explore&checkpoint=vae-mnist&view=map&plane=kl")
    page.wait_for_selector("#explore-map [data-phase=ready]")
    assert query(one)["plane"] == ["kl"]
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    requests = asked_of(page)

    canvas = page.locator("#explore-map [data-part=plane]")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    seen = set()
    for share in (0.1, 0.5, 0.9):
        page.mouse.move(box["x"] + share * box["width"], box["y"] + 0.3 * box["height"])
        seen.add((page.evaluate(PICTURE), page.locator(AT).inner_text()))
    assert len(seen) == 3  # another picture and another place each time

    page.mouse.click(box["x"] + 0.8 * box["width"], box["y"] + 0.2 * box["height"])
    page.wait_for_function("() => !/[?&]x=0(&|$)/.test(location.search)")
    kept = page.evaluate(PICTURE), page.locator(AT).inner_text(), address_of(page)
    assert float(query(one)["x"][0]) > 0 < float(query(one)["y"][0])
    canvas.press("ArrowLeft")
    assert page.evaluate(PICTURE) != kept[0]
    canvas.press("ArrowRight")
    assert (page.evaluate(PICTURE), page.locator(AT).inner_text(), address_of(page)) == kept

    drawn = page.evaluate(CANVAS)
    page.locator("#explore-map [data-part=pictures]").check()
    assert page.evaluate(CANVAS) != drawn
    first = page.locator("#explore-map [data-part=legend] button").first
    first.click()
    assert first.get_attribute("aria-pressed") == "false"

    page.mouse.move(box["x"] + 20, box["y"] + 20)  # a path, which plays
    page.mouse.down()
    for share in (0.3, 0.5, 0.7):
        page.mouse.move(box["x"] + share * box["width"], box["y"] + share * box["height"])
    page.mouse.up()
    play = page.locator("#explore-map [data-part=play]")
    assert play.get_attribute("aria-label") == texts.SCRIPT["map"]["pause"]
    before = page.evaluate(PICTURE)
    page.wait_for_function(f"(old) => ({PICTURE})() !== old", arg=before)
    play.click()
    assert play.get_attribute("aria-label") == texts.SCRIPT["map"]["play"]
    assert requests == []
    # The path is in the address, another one by keyboard, and its film brings it back.
    canvas.press("Shift+ArrowUp")
    walk = query(one)["walk"][0]
    with page.expect_download() as waiting:
        page.locator("#explore-gif").click()
    film = tmp_path / waiting.value.suggested_filename
    waiting.value.save_as(film)
    with Image.open(film) as image:
        assert image.n_frames > walk.count(".")  # type: ignore[attr-defined]
    # Gradio calls a stream that is still open when a page is left an error.
    one.settled()
    page.goto(f"{server}?tab=sample&count=1")
    one.made("sample")
    one.settled()
    page.evaluate(DROP, base64.b64encode(film.read_bytes()).decode())
    page.wait_for_selector("#explore-map [data-phase=ready]")
    assert query(one)["walk"] == [walk] and page.locator("[data-part=play]:visible").is_enabled()

    second: Visit = visit(width=width, scheme=scheme)
    second.page.goto(kept[2])
    second.page.wait_for_selector("#explore-map [data-phase=ready]")
    assert (second.page.evaluate(PICTURE), second.page.locator(AT).inner_text()) == kept[:2]
    assert one.errors == second.errors == []


def test_the_switches_of_the_map_and_the_place_in_a_film_are_in_the_link(
    server: str, visit: Any  # noqa: F811
) -> None:  # fmt: skip
    one: Visit = visit()
    page, legend = one.page, one.page.locator("#explore-map [data-part=legend] button")
    page.goto(f"{server}?tab=explore&checkpoint=vae-mnist&view=map")
    page.wait_for_selector("#explore-map [data-phase=ready]")
    plain = page.evaluate(CANVAS)
    page.locator("#explore-map [data-part=pictures]").check()
    legend.nth(3).click()
    assert query(one)["show"] == ["pictures,no3"]
    shown = page.evaluate(CANVAS)
    other: Visit = visit(width=390, scheme="dark")
    other.page.goto(address_of(page))
    other.page.wait_for_selector("#explore-map [data-phase=ready]")
    other.page.wait_for_function(f"(shown) => ({CANVAS})() === shown", arg=shown)
    assert address_of(other.page) == address_of(page) and shown != plain
    page.locator("#explore-map [data-part=pictures]").uncheck()
    legend.nth(3).click()
    assert "show" not in query(one) and page.evaluate(CANVAS) == plain

    # Who moves the player as soon as it is there finds that in the address, too.
    page.add_init_script("""new MutationObserver((_, watcher) => {
      const slider = document.querySelector('.player input[type=range]');
      if (!slider) return;
      watcher.disconnect();
      window.stood = slider.value;
      slider.value = 4;
      slider.dispatchEvent(new Event('input', { bubbles: true }));
    }).observe(document, { childList: true, subtree: true })""")
    page.goto(f"{server}?tab=explore&checkpoint=gan-mnist&view=loop&stops=2&leg=3&frame=4")
    page.wait_for_function("() => location.search.includes('frame=5&revision=')")
    place = page.locator(".player:visible output")
    assert place.inner_text() == "5 / 6" and page.evaluate("() => window.stood") == "3"
    page.locator(".player:visible input").press("ArrowRight")
    page.wait_for_function("() => location.search.includes('frame=6')")
    page.locator("button.primary:visible").click()
    page.wait_for_function("() => !location.search.includes('frame')")
    assert place.inner_text() == "1 / 6"
    page.goto(f"{server}?tab=explore&checkpoint=vae-mnist&view=map&show=dots&frame=x")
    notice = page.locator(".notice")
    notice.wait_for()
    assert "nodots" in notice.inner_text() and "'x'" in notice.inner_text()
    assert one.errors == other.errors == []


RANGES = (  # which sliders there are, once the controls of a view have come
    "(count) => count === [...document.querySelectorAll('input[type=range]')]"
    ".filter((node) => node.offsetParent).length"
)
CANVAS = "() => document.querySelector('#explore-map [data-part=plane]').toDataURL()"


def test_a_view_brings_its_own_controls(server: str, visit: Any) -> None:  # noqa: F811
    one: Visit = visit()
    one.open(f"{server}?tab=explore&checkpoint=gan-mnist&view=directions&move_2=1.5", "explore")
    page = one.page
    page.wait_for_selector(".explore .ways")
    assert query(one)["move_2"] == ["1.5"]
    assert page.locator("input[type=range]:visible").count() == 3  # as many as were found
    before = page.locator(".explore .two img").nth(1).get_attribute("src")
    slider = page.locator("input[type=range]:visible").first
    slider.focus()
    slider.press("ArrowRight")
    page.wait_for_function("() => location.search.includes('move_1=0.25')")
    assert page.locator(".explore .two img").nth(1).get_attribute("src") != before

    page.get_by_label(texts.VIEWS["corners"]).check()
    page.wait_for_selector(".explore .whole")
    page.get_by_label(texts.CORNERS["label_d"]).wait_for()
    page.wait_for_function(RANGES, arg=1)
    assert not page.get_by_label(texts.VIEWS["map"], exact=True).is_visible()  # a GAN has none
    page.get_by_label(texts.VIEWS["loop"]).check()
    page.wait_for_selector(".player:visible")
    play = page.locator(".player:visible .play")
    slider = page.locator(".player:visible .scrub input")
    slider.evaluate("(node) => { node.value = node.max; }")
    play.click()
    page.wait_for_function(  # round and round: after the last comes the first
        "() => [0, 1, 2].includes(Number([...document.querySelectorAll('.player .scrub input')]"
        ".find((node) => node.offsetParent).value))"
    )
    play.click()
    page.get_by_label(texts.VIEWS["scores"], exact=True).check()
    page.wait_for_selector(".explore .verdicts")
    assert page.locator(".judged").count() == 12
    page.get_by_label(texts.VIEWS["modes"]).check()
    page.wait_for_function("() => location.search.includes('look=modes&seed=0&total=1000')")
    counts = [int(n) for n in page.locator(".explore .coverage b").all_inner_texts()]
    assert sum(counts) == 1000

    other: Visit = visit(width=390)
    page = other.page
    page.goto(f"{server}?tab=explore&checkpoint=attention-mnist&view=heads&seed=7&muted=1.2")
    page.wait_for_selector(".explore .heads")
    assert page.locator(".explore .off b").all_inner_texts() == ["1.2"]
    assert page.get_by_label("1.2", exact=True).is_checked()
    page.get_by_label("2.1", exact=True).check()
    page.wait_for_function("() => document.querySelectorAll('.explore .off').length === 2")
    other.made("explore", holds="muted=1.2%2C2.1")
    for view, selector in (("pixel", ".charts svg"), ("complete", ".verdicts img")):
        page.get_by_label(texts.VIEWS[view], exact=True).check()
        page.wait_for_selector(f".explore {selector}")
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
    # The next one grows where this one stood, and moves nothing below it. While this one grows, it
    # is as tall as the one before it.
    page.wait_for_selector(".explore :not(.growing) > .verdicts")
    other.settled()
    stood, grown = page.evaluate(
        """async () => {
          const block = document.querySelector('.block.explore'), stood = block.offsetHeight;
          await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
          block.querySelector('.verdicts').parentElement.innerHTML = '<div class="growing">1</div>';
          return [stood, block.offsetHeight];
        }"""
    )
    assert stood == grown > 200
    page.goto(f"{server}?tab=explore&checkpoint=gan-mnist&view=map")
    page.wait_for_selector(".explore .notice")
    assert "encode" in page.locator(".explore .notice").inner_text()
    assert one.errors == other.errors == []


def test_the_panels_of_gradio_leave_the_view_and_the_language_in_the_address(
    server: str, visit: Any  # noqa: F811
) -> None:  # fmt: skip
    one: Visit = visit()
    page, beside = one.page, {"x": 20, "y": 400}
    one.open(f"{server}?tab=explore&checkpoint=gan-mnist&view=scores&seed=5&lang=zh", "explore")
    stands = address_of(page)
    assert (query(one)["look"], query(one)["lang"]) == (["scores"], ["zh"])

    page.locator("footer button.show-api").click()
    page.locator(".api-docs li.snippet", has_text="JavaScript").click()
    page.wait_for_selector(".api-docs li.current-lang:has-text('JavaScript')")
    page.locator(".api-docs .backdrop").click(position=beside)
    page.wait_for_function("(url) => location.href === url", arg=stands)
    page.locator("footer button.settings").click()
    page.wait_for_function("() => location.search.includes('view=settings')")
    page.locator(".api-docs .backdrop").click(position=beside)
    page.wait_for_function("(url) => location.href === url", arg=stands)
    page.reload()
    one.made("explore", holds="look=scores")
    page.wait_for_selector(".explore .verdicts")
    assert address_of(page) == stands

    # A theme is chosen in such a panel by loading the page again.
    page.wait_for_selector("html.settled")
    one.settled()
    page.locator("footer button.settings").click()
    with page.expect_navigation(url=lambda url: "__theme=dark" in url):
        page.locator(".api-docs .theme-button button", has_text="⏾").click()
    page.wait_for_selector(".dark .explore .verdicts")
    page.wait_for_function("(url) => location.href === url", arg=stands)

    # An address that names a panel is not one of a view.
    for asked, view in (("&look=scores", "scores"), ("", "directions")):
        page.wait_for_selector("html.settled")
        one.settled()
        page.goto(f"{server}?tab=explore&checkpoint=gan-mnist{asked}&view=settings&lang=en")
        one.made("explore", holds=f"look={view}")
        assert "view" not in query(one) and page.locator(".notice").count() == 0
    # Gradio's panel for programs asks for what this app does not offer.
    assert [said for said in one.errors if "Failed to load resource" not in said] == []


def test_a_class_that_only_one_checkpoint_has(server: str, visit: Any) -> None:  # noqa: F811
    one: Visit = visit()
    address = f"{server}?tab=explore&checkpoint=vae-letters&view=corners&label=c&label_d=b"
    one.open(address, "explore")
    page = one.page
    assert (query(one)["label"], query(one)["label_d"]) == (["c"], ["b"])
    first = page.get_by_label(texts.CORNERS["label"], exact=True).locator("visible=true")
    page.wait_for_function("(box) => box.value === 'c'", arg=first.element_handle())
    # Another checkpoint, which has no such class.
    page.get_by_label(texts.CHECKPOINT).locator("visible=true").click()
    page.get_by_role("option", name="gan-mnist", exact=True).click()
    one.made("explore", holds="checkpoint=gan-mnist")
    assert (query(one)["look"], query(one)["label"]) == (["corners"], ["any"])
    assert page.locator(".toast-body").count() == 0 and one.errors == []


def test_a_tab_begins_with_the_checkpoint_that_was_chosen_last(
    server: str, visit: Any  # noqa: F811
) -> None:  # fmt: skip
    one: Visit = visit()
    page = one.page

    def choose(name: str, tab: str) -> None:
        page.get_by_label(texts.CHECKPOINT).locator("visible=true").click()
        page.get_by_role("option", name=name, exact=True).click()
        one.made(tab, holds=f"checkpoint={name}")

    def begins(tab: str, name: str) -> None:
        before = address_of(page)
        page.get_by_role("tab", name=texts.TABS[tab]).click()
        one.made(tab, before, holds=f"checkpoint={name}")
        box = page.get_by_label(texts.CHECKPOINT).locator("visible=true")
        expect(box).to_have_value(name, timeout=TIMEOUT)

    one.open(f"{server}?tab=sample", "sample")
    choose("attention-mnist", "sample")
    begins("explore", "attention-mnist")  # with a view that it has, and its controls
    assert query(one)["look"] != ["directions"] and page.locator(".notice").count() == 0
    begins("sample", "attention-mnist")
    choose("vae-letters", "sample")
    begins("interpolate", "vae-letters")
    page.get_by_label(f"{texts.END_A}: {texts.CLASS}", exact=True).click()
    page.get_by_role("option", name="j", exact=True).click()
    begins("attention", "attention-mnist")  # where the last one can do nothing
    begins("explore", "attention-mnist")  # what was made in a tab stays there
    other: Visit = visit()
    other.open(f"{server}?tab=explore&checkpoint=vae-mnist&look=loop", "explore")
    other.page.get_by_role("tab", name=texts.TABS["sample"]).click()
    other.made("sample", holds="checkpoint=vae-mnist")
    # A link that names no view gets one that its checkpoint has.
    other.open(f"{server}?tab=explore&checkpoint=attention-mnist", "explore")
    assert query(other)["look"] == ["complete"] and other.page.locator(".notice").count() == 0
    assert one.errors == other.errors == []


@pytest.mark.parametrize("view", views.VIEWS)
def test_a_view_is_legible_at_every_width_and_in_both_themes(
    server: str, visit: Any, view: str  # noqa: F811
) -> None:  # fmt: skip
    one: Visit = visit()
    page, name = one.page, {"modes": "gan-stacked-mnist"}.get(view) or HAS.get(view, "vae-mnist")
    page.goto(f"{server}?tab=explore&checkpoint={name}&view={view}&total=100")
    page.wait_for_function("() => location.search.includes('revision=')")
    one.settled()
    page.evaluate(AXE_SCRIPT)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        page.wait_for_function(
            "(dark) => document.body.classList.contains('dark') === dark", arg=scheme == "dark"
        )
        for width in (1280, 390):
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            page.evaluate(REST)
            assert page.evaluate(WRONG) == [], (scheme, width)
    assert one.errors == []


def test_a_drawing_is_judged_and_projected(
    server: str, visit: Any, monkeypatch: pytest.MonkeyPatch  # noqa: F811
) -> None:  # fmt: skip
    one: Visit = visit(width=390, scheme="dark")
    page = one.page
    address = f"{server}?tab=explore&checkpoint=gan-mnist&view=scores&label=3&count=2"
    page.goto(f"{address}#{judge.PAD}")
    page.wait_for_selector(".explore .verdicts")
    page.wait_for_selector("html.settled")
    drawn = page.locator(".pad canvas:visible")
    expect(drawn).to_be_in_viewport(ratio=1, timeout=TIMEOUT)  # the link leads there
    page.wait_for_function("() => !location.hash")
    box = page.locator(".pad canvas:visible").bounding_box()
    page.mouse.move(box["x"] + 100, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + 110, box["y"] + 180, steps=4)
    page.mouse.up()
    page.get_by_role("button", name=texts.USE_DRAWING).click()
    page.wait_for_function("() => document.querySelectorAll('.judged').length === 10")
    assert "drawing" in query(one) and "seed" not in query(one)

    page.get_by_label(texts.VIEWS["project"]).check()
    page.wait_for_selector(f"text={texts.PROJECT_FIRST}")
    page.get_by_role("button", name=texts.PROJECT, exact=True).click()
    page.wait_for_function("() => /look=project&.*drawing=/.test(location.search)")
    best = page.locator(".explore .three img").nth(1).get_attribute("src")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    address = address_of(page)

    second: Visit = visit()
    second.page.goto(address)
    second.page.wait_for_function(
        "(best) => document.querySelectorAll('.explore .three img')[1]?.src === best", arg=best
    )
    second.page.wait_for_function("(url) => location.href === url", arg=address)

    monkeypatch.setattr(projection, "STEPS", 10**6)  # a search that somebody stops
    monkeypatch.setattr(projection.search, "__defaults__", (None, 10**6))
    stop = page.get_by_role("button", name=texts.HALT, exact=True)
    assert stop.count() == 0  # it stands where something runs
    page.get_by_role("button", name=texts.PROJECT, exact=True).click()
    page.wait_for_selector(".explore progress[max='1000000']")
    stop.click()
    stop.wait_for(state="hidden")
    stands = "() => document.querySelector('.explore progress').value"
    at = page.evaluate(stands)
    page.wait_for_timeout(300)
    assert 0 < page.evaluate(stands) == at < 10**6
    # Another view ends a search, too, which then does not come back over it.
    page.get_by_role("button", name=texts.PROJECT, exact=True).click()
    stop.wait_for()
    page.get_by_role("radio", name=texts.VIEWS["scores"]).check()
    page.wait_for_selector(".explore .verdicts")
    stop.wait_for(state="hidden")
    page.wait_for_timeout(300)
    assert page.locator(".explore .verdicts").count() == 1
    assert one.errors == second.errors == []


def test_of_choices_that_come_quickly_the_last_stands(server: str, visit: Any) -> None:  # noqa: F811
    one: Visit = visit()
    page = one.page
    one.open(f"{server}?tab=explore&checkpoint=gan-mnist&view=corners", "explore")
    page.evaluate(
        "() => ['loop', 'tradeoff', 'directions', 'scores'].forEach((view, i) => setTimeout("
        "() => document.querySelector(`input[type=radio][value=${view}]`).click(), 40 * i))"
    )
    page.wait_for_function("() => location.search.includes('look=scores')")
    page.wait_for_selector(".explore .verdicts")
    page.wait_for_function(RANGES, arg=2)  # how many, and the temperature
    assert page.get_by_role("radio", name=texts.VIEWS["scores"]).is_checked()
    assert one.errors == []


def test_a_thousand_modes_fill_up_until_somebody_stops_them(server: str, visit: Any) -> None:  # noqa: F811
    one: Visit = visit(width=390)
    page = one.page
    page.goto(f"{server}?tab=explore&checkpoint=gan-stacked-mnist&view=modes&total=26000")
    page.wait_for_selector(".explore progress[max='26000']")
    stop = page.get_by_role("button", name=texts.HALT, exact=True)
    stop.click()
    page.wait_for_selector(".explore [role=status]")
    stop.wait_for(state="hidden")
    page.wait_for_function("() => location.search.includes('total=')")
    total = int(query(one)["total"][0])
    assert 0 < total < 26_000 and total % 64 == 0
    ended = texts.MODES_ENDED.partition("{count}")[2].partition("{")[0]
    assert f"{total}{ended}" in page.locator(".explore [role=status]").inner_text()
    chart, cells = page.locator(".explore .coverage"), page.locator(".explore .cells")
    assert cells.locator("figure").count() == 10
    drawn = (
        "(node) => [...node.querySelectorAll('path')].map((one) => one.getAttribute('d')).join('')"
    )
    assert cells.evaluate(drawn).count("M") == 1000  # a cell for each
    assert f"of 1000 classes among {total} samples" in chart.inner_text()
    assert "<b>label</b>" not in page.locator(".explore .chips").inner_html()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    # The link is to what was there when it was stopped.
    other: Visit = visit()
    other.page.goto(address_of(page))
    other.page.wait_for_function(
        "(said) => document.querySelector('.explore .coverage')?.innerText === said",
        arg=chart.inner_text(),
    )
    assert one.errors == other.errors == []


def test_the_levels_of_a_latent_are_drawn_again(server: str, visit: Any) -> None:  # noqa: F811
    one: Visit = visit(width=390, scheme="dark")
    one.open(f"{server}?tab=sample&checkpoint=ladder-mnist&count=2&seed=7", "sample")
    page, rows = one.page, one.page.locator("#levels-strips figure")
    page.get_by_role("button", name=texts.LEVELS_TITLE).click()
    page.locator("#levels-draw").click()
    rows.first.wait_for()
    count = rows.count()
    titles = [texts.LEVELS_KEPT.format(kept=kept, levels=count - 1) for kept in range(count)]
    assert count > 2 and rows.locator("figcaption").all_inner_texts() == titles
    strips = "() => [...document.querySelectorAll('#levels-strips img')].map((one) => one.src)"
    page.wait_for_function("() => location.search.includes('redrawn=')")
    before, first = page.evaluate(strips), query(one)["redrawn"][0]
    page.locator("#levels-draw").click()
    page.wait_for_function(f"(old) => ({strips})()[0] !== old", arg=before[0])
    after = page.evaluate(strips)
    assert after[-1] == before[-1]  # all levels kept is the picture itself
    assert len(set(after)) == count
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    # A link to them opens them, and the next picture has none.
    page.wait_for_function("(old) => !location.search.includes(`redrawn=${old}`)", arg=first)
    assert query(one)["redrawn"] != [first]
    other: Visit = visit()
    other.page.goto(address_of(page))
    wanted = ",".join(after)
    other.page.wait_for_function(f"(wanted) => String(({strips})()) === wanted", arg=wanted)
    other.page.wait_for_function("(url) => location.href === url", arg=address_of(page))
    other.page.locator("button.primary:visible").click()
    assert "redrawn" not in other.made("sample", address_of(page))
    assert other.page.evaluate(strips) == []
    page.get_by_label("Checkpoint").locator("visible=true").click()
    page.get_by_role("option", name="gan-mnist", exact=True).click()
    page.locator(".levels").wait_for(state="hidden")
    assert one.errors == []


def test_the_films_of_a_loop(server: str, visit: Any, tmp_path: Path) -> None:  # noqa: F811
    one: Visit = visit()
    one.open(f"{server}?tab=explore&checkpoint=gan-mnist&view=loop&seed=3&stops=2&leg=3", "explore")
    one.page.wait_for_function("() => location.search.includes('leg=3')")
    for kind in ("webp", "gif", "mp4"):
        with one.page.expect_download() as waiting:
            one.page.locator(f"#explore-{kind}").click()
        name = waiting.value.suggested_filename
        assert name == f"gan-mnist-loop.{kind}"
        waiting.value.save_as(tmp_path / name)
        content = (tmp_path / name).read_bytes()
        assert b"TC260:AIGC" in content
        if kind == "mp4":
            with av.open(io.BytesIO(content)) as film:
                assert sum(1 for _ in film.decode(video=0)) >= 6
        else:
            with Image.open(io.BytesIO(content)) as film:
                assert film.n_frames == 6 and film.info["loop"] == 0  # type: ignore[attr-defined]
    assert one.errors == []
