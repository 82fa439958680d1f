"""Two languages: the same texts in both, and a visitor gets one of them, whole."""

from __future__ import annotations

import ast
import asyncio
import json
import re
import string
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest
from conftest import address_of, mistakes_of, save_tiny
from playwright.sync_api import expect

from aigc import checkpoint, film, survey, ui
from aigc.hub import transfer
from aigc.ui import figures, languages, parts, texts, views
from aigc.ui.catalogue import Catalogue
from aigc.ui.texts import en, zh

HAN = re.compile(r"[\u4e00-\u9fff]")


@pytest.fixture
def chinese() -> Iterator[None]:
    texts.speak("zh")
    yield
    texts.speak("en")


def constants(module: ModuleType) -> dict[str, Any]:
    return {name: value for name, value in vars(module).items() if name.isupper()}


def leaves(value: Any, where: str) -> Iterator[tuple[str, str]]:
    """Every string in a constant, with its place."""
    if where.endswith(".gradio"):
        return
    if isinstance(value, str):
        yield where, value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, f"{where}.{key}")
    elif isinstance(value, (list, tuple)):
        for i, inner in enumerate(value):
            yield from leaves(inner, f"{where}.{i}")


# What stands in both languages: names of checkpoints, data, formats, revisions, formulas.
NAMES = re.compile(
    r"[\w.-]*-mnist(-collapsed)?|gan-certain|gan-penalties|mnist|PyTorch|"
    r"python -m [\w.]+|train\.recipes|[Mm]inimax|IPTC|GB 45438|"
    r"AIGC|English|GANSpace|GAN|VAE|ELBO|log p\(x\)|Fr.chet|PNG|JPEG|WebP|"
    r"GIF|MP4|npz|html|slerp|lerp|softmax|sigmoid|logits?|PCA|rollout|Rollout|MNIST|"
    r"Abnar and Zuidema 2020|'[^']*'|API|Gradio|\b[0-9a-f]{12}\b|\bz\b|H\d"
)


# Tables whose keys are what a language wants to say differently.
OWN = ("SETTINGS", "VALUES", "FIGURES", "UNITS", "QUANTITIES", "SAID", "DEFINITIONS", "REFERENCES")


def test_both_languages_say_the_same() -> None:
    assert constants(en).keys() == constants(zh).keys()
    places: list[dict[str, str]] = []
    for module in (en, zh):
        tables = {k: v for k, v in constants(module).items() if k not in OWN}
        places.append(dict(leaves(tables, "")))
    assert places[0].keys() == places[1].keys()
    for where, english in places[0].items():
        if where.startswith(".ABOUT"):  # LaTeX has braces of its own
            assert english.count("$$") == places[1][where].count("$$"), where
            continue
        fields = [
            {name for _, name, _, _ in string.Formatter().parse(text) if name}
            for text in (english, places[1][where])
        ]
        assert fields[0] == fields[1], where


@pytest.mark.parametrize("module", [en, zh])
def test_no_name_stands_for_two_texts(module: ModuleType) -> None:
    tree = ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8"))
    nodes = [node for node in tree.body if isinstance(node, (ast.Assign, ast.AnnAssign))]
    targets = [node.targets[0] if isinstance(node, ast.Assign) else node.target for node in nodes]
    names = [target.id for target in targets if isinstance(target, ast.Name)]
    assert len(names) > 100 and len(names) == len(set(names))


def test_what_made_a_view_is_said_in_chinese() -> None:
    silent = {"show", "frame", "x", "y"}  # of players and maps: in the address, not below them
    named = {name for view in views.VIEWS.values() for name in view.CONTROLS} - silent
    assert len(named) > 10 and named <= zh.SETTINGS.keys()


def test_chinese_is_chinese() -> None:
    for where, text in leaves(constants(zh), ""):
        if not where.startswith(".FIGURES"):
            plain = NAMES.sub("", re.sub(r"\{\w+\}", "", text))
            assert HAN.search(plain) or not re.search("[A-Za-z]{2}", plain), where


@pytest.mark.parametrize(
    ("asked", "accepted", "language"),
    [
        ("zh", "en", "zh"), ("en", "zh-CN,zh;q=0.9", "en"), (None, "zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        (None, "fr,en;q=0.5,zh;q=0.7", "zh"), (None, "fr", "en"), (None, "", "en"),
        ("xx", "zh-TW", "zh"), (None, ";q=x,,q", "en"), ("", "en-GB,zh;q=0.1", "en"),
    ],
)  # fmt: skip
def test_which_language(asked: str | None, accepted: str, language: str) -> None:
    assert texts.choose(asked, accepted) == language


def test_mistakes_are_said_in_chinese(catalogue: Catalogue, chinese: None) -> None:
    tab, values, ignored = ui.follow(
        catalogue, {"sample": parts.Page({"checkpoint": None, "count": None}, {}, None, None)},  # type: ignore[arg-type]
        {"sample": "sample"},
        {"tab": "sample", "checkpoint": "nope", "count": "900", "odd": "1", "lang": "fr"},
    )  # fmt: skip
    assert (tab, values) == ("sample", {})
    assert len(ignored) == 4 and all(HAN.search(sentence) for sentence in ignored)
    assert "'fr'" in ignored[0] and "en 或 zh" in ignored[0]


def sentences(path: Path) -> Iterator[str]:
    """Every sentence that a module raises, with a 7 in place of each value. What is said in a
    terminal alone, to who pushes, is left out."""
    terminal = {"push", "check_push", "commit", "_tag", "_refusal", "_no_token"}
    for function in ast.parse(path.read_text(encoding="utf-8")).body:
        for call in ast.walk(function) if getattr(function, "name", "") not in terminal else ():
            if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Name):
                continue
            if call.func.id in ("HubError", "CheckpointError") and call.args:
                parts = getattr(call.args[0], "values", [call.args[0]])
                said = "".join(
                    part.value if isinstance(part, ast.Constant)
                    else "'7'" if getattr(part, "conversion", -1) == ord("r") else "7"
                    for part in parts
                )  # fmt: skip
                if said not in ("7", "7: 7"):  # what another module said
                    yield said


def test_what_the_hub_and_loading_say_is_said_in_chinese(chinese: None) -> None:
    checked = 0
    for module in (transfer, checkpoint, survey, film):
        for said in sentences(Path(module.__file__)):
            if " 7 77; train it again" in said:  # check_keys: both problems
                said = "config.json lacks 'labels' in 'config'; train it again or take a whole copy"
            assert HAN.search(texts.own(said)), said
            checked += 1
    assert checked > 40
    assert texts.own("something else") == "something else"


def test_names_stay_in_the_chinese_sentences(chinese: None) -> None:
    said = {
        "model.safetensors of me/gan is not what the Hub announced (its hash differs); try "
        "again, and tell its owner if it stays so": ("model.safetensors", "me/gan"),
        "the cache /home/a b/hub cannot be written (Read-only file system); make room, or set "
        "HF_HOME to another folder": ("/home/a b/hub", "Read-only file system", "HF_HOME"),
        "the owner me has no checkpoints with the tag aigc; check the name": ("me", "aigc"),
        "me/gan: config.json: 'config.latent' is '8', where a int belongs":
            ("me/gan: config.json", "'config.latent'", "'8'", "int"),
        "me/gan: config.json has the unknown key 'odd' in 'config'; train it again or take a "
        "whole copy": ("me/gan: config.json", "不认识的 'odd'；"),
        "model.safetensors: 'a.weight' has shape (1, 2) where config.json asks for (3,)":
            ("'a.weight'", "(1, 2)", "(3,)"),
        "config.json: the height of an image is 4 to 1024 pixels, not 2": ("config.json", "1024"),
    }  # fmt: skip
    for sentence, names in said.items():
        own = texts.own(sentence)
        assert HAN.search(own) and all(name in own for name in names), own


def test_a_broken_checkpoint_is_explained_in_chinese(tmp_path: Path, chinese: None) -> None:
    save_tiny(tmp_path / "gan-mnist", "gan")
    (tmp_path / "gan-mnist" / "model.safetensors").unlink()
    shelf = ui.catalogue_of(tmp_path)
    assert "model.safetensors 不存在" in ui.trouble(shelf)
    with pytest.raises(ValueError, match=r"无法加载：model\.safetensors 不存在"):
        shelf.find("gan-mnist", "sample")


def test_figures_have_their_units_in_chinese(chinese: None) -> None:
    # Which are ten thousand times each other, and not a thousand times.
    assert figures.quantity(21_432_320) == "2143 万" and figures.quantity(2e8) == "2 亿"
    assert figures.in_units("88.16 nats") == "88.16 奈特"
    assert figures.in_units("998 of 1000") == "998/1000"
    assert figures.in_units("98.12%") == "98.12%" and figures.in_units("1.51") == "1.51"
    texts.speak("en")
    assert figures.in_units("88.16 nats") == "88.16 nats"


def config(page: str) -> Any:
    found = re.search(r"window\.gradio_config = (.*?);</script>", page)
    assert found
    return json.loads(found[1])


def test_the_page_is_written_in_the_visitors_language(server: str) -> None:
    ask = {"accept-language": "zh-CN,zh;q=0.9"}
    english, chinese = httpx.get(server).text, httpx.get(server, headers=ask).text
    assert '<html\n\tlang="en"' in english and '<html\n\tlang="zh-CN"' in chinese
    assert httpx.get(f"{server}?lang=zh").text.count(zh.TABS["sample"]) >= 1
    assert '<html\n\tlang="en"' in httpx.get(f"{server}?lang=en", headers=ask).text
    for page, words in ((english, en), (chinese, zh)):
        assert f'property="og:title" content="{words.TITLE}"' in page
        assert f'property="og:description" content="{words.DESCRIPTION}"' in page
        assert page.count('"og:title"') == 1 and "gradio.app" not in page.split("<style>")[0]
        titles = [c["props"]["label"] for c in config(page)["components"] if c["type"] == "tabitem"]
        assert titles == list(words.TABS.values())
    same = [
        [(c["id"], c["type"], c["props"].get("elem_id")) for c in config(page)["components"]]
        for page in (english, chinese)
    ]
    assert same[0] == same[1]


def test_only_a_page_is_held_until_it_is_whole() -> None:
    """A stream of events, such as that of the MCP server, has no end to wait for."""
    sent: list[Any] = []
    kinds = {"/": b"text/html; charset=utf-8", "/mcp/": b"text/event-stream"}

    async def app(scope: Any, receive: Any, send: Any) -> None:
        headers = [(b"content-type", kinds[scope["path"]])]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"<head>", "more_body": True})
        seen.append(len(sent))
        await send({"type": "http.response.body", "body": b"</head>"})

    async def keep(message: Any) -> None:
        sent.append(message)

    page = languages.Page(app, lambda request: "<meta>")
    for path, begun in (("/mcp/", 2), ("/", 0)):
        seen: list[int] = []
        sent.clear()
        scope = {"type": "http", "method": "GET", "path": path, "query_string": b"", "headers": []}
        # In a thread of its own, since a browser that is open in this one has a loop running.
        with ThreadPoolExecutor(1) as aside:
            aside.submit(asyncio.run, page(scope, None, keep)).result()  # type: ignore[arg-type]
        assert seen == [begun]
        body = b"".join(message.get("body", b"") for message in sent)
        assert (b"<meta>" in body) is (path == "/") and body.endswith(b"</head>")
        assert (b"content-length" in dict(sent[0]["headers"])) is (path == "/")


def visible(page: Any) -> str:
    """Everything that a person reads or hears on the page, formulas and code aside."""
    return str(
        page.evaluate("""() => {
      const said = [];
      for (const node of document.querySelectorAll('.gradio-container *')) {
        if (node.closest('.katex, pre, script, style, svg')) continue;
        if (!node.getClientRects().length) continue;
        for (const child of node.childNodes)
          if (child.nodeType === 3) said.push(child.data.trim());
        for (const name of ['aria-label', 'title', 'alt', 'placeholder'])
          if (node.getAttribute(name)) said.push(node.getAttribute(name));
      }
      return said.filter(Boolean).join('\\n');
    }""")
    )


def test_a_chinese_visitor_reads_no_english(server: str, chromium: Any) -> None:
    context = chromium.new_context(locale="zh-CN", viewport={"width": 1280, "height": 900})
    context.set_default_timeout(60_000)
    page = context.new_page()
    mistakes = mistakes_of(page)
    # What screen readers hear in passing: each stands for a second.
    announced: list[str] = []
    page.expose_function("heard", lambda said: announced.append(said))
    page.add_init_script("""new MutationObserver(() => {
      const node = document.querySelector('.sr-only[role=status]');
      if (node?.textContent.trim()) window.heard(node.textContent.trim());
    }).observe(document, { childList: true, characterData: true, subtree: true });""")
    try:
        foreign: list[tuple[str, str]] = []
        for tab in ui.TABS:
            page.goto(f"{server}?tab={tab.ID}&seed=-1")
            page.wait_for_function("() => location.search.includes('checkpoint=')")
            page.locator(".about:visible > button").first.click()
            page.wait_for_selector(".about .katex:visible")
            page.wait_for_timeout(300)
            foreign += [
                (tab.ID, line) for line in visible(page).splitlines()
                if re.search("[A-Za-z]{3}", NAMES.sub("", line))
            ]  # fmt: skip
            assert zh.LINK_TROUBLE in visible(page)
        assert sorted(set(foreign)) == []
        page.goto(f"{server}?tab=sample&count=2")
        page.wait_for_function("() => location.search.includes('checkpoint=')")
        for _ in range(80):  # at most one in five seconds
            if zh.GRADIO["common.complete"] in announced:
                break
            page.wait_for_timeout(100)
        assert zh.GRADIO["common.complete"] in announced
        assert [said for said in announced if re.search("[A-Za-z]{3}", said)] == []
        page.get_by_label(zh.RANDOMISE).first.uncheck()
        page.get_by_label(zh.SEED, exact=True).first.fill("-4")
        page.locator("button.primary:visible").click()
        expect(page.locator(".toast-body")).to_contain_text("种子应是")
        expect(page.locator(".toast-body")).to_contain_text("出错了")  # put there a frame later
        page.locator(".toast-close").click()  # it lies over the languages for ten seconds

        page.locator(".languages a[data-lang=en]").click()
        page.wait_for_selector(f"button.primary:has-text('{en.SAMPLE}')")
        page.wait_for_function("() => /checkpoint=.*lang=en/.test(location.search)")
        assert page.evaluate("document.documentElement.lang") == "en"
        assert "count=2" in address_of(page)  # the view came along
        assert not HAN.search(visible(page).replace(zh.LANGUAGE, ""))
        assert mistakes == []
    finally:
        context.close()


def test_films_speak_chinese(chinese: None) -> None:
    shipped = ui.catalogue_of(
        Path(__file__).parent.parent / "checkpoints", films=Path(__file__).parent.parent / "films"
    )
    assert shipped.films and shipped.broken == []
    for one in shipped.films:
        assert HAN.search(texts.own(one.claim)), one.claim
        for noticed in one.training.get("noticed", []):
            assert HAN.search(texts.own(noticed["event"])), noticed
        about = re.sub("<details>.*|<code>.*?</code>|<[^>]*>", " ", figures.told(one))
        words = set(re.findall("[A-Za-z]{2,}", NAMES.sub("", about)))
        assert words <= {"gan", "vae", "certain", "weak", "blurry", "KL", "nat"}, words
