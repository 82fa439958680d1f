"""What a pasted link shows, and where the page says that it is: behind a proxy, below a prefix."""

from __future__ import annotations

import dataclasses
import http.client
import io
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlparse

import httpx
import numpy as np
import pytest
from conftest import address_of, launched, save_tiny
from PIL import Image

from aigc import ui
from aigc.ui import social, texts
from aigc.ui.catalogue import Catalogue

PREFIX = "/models/aigc"


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> Catalogue:
    root = tmp_path_factory.mktemp("served")
    for family in ("gan", "language"):
        save_tiny(root / f"{family}-mnist", family)
    (root / "language-mnist" / "samples.png").unlink()  # texts come without a sheet
    return ui.catalogue_of(root)


@pytest.fixture(scope="module")
def below_a_prefix(catalogue: Catalogue) -> Iterator[str]:
    """The address at which a reverse proxy shows the app, as nginx does with `location PREFIX/`:
    the app gets the path without the prefix, and the name by which the visitor called."""
    demo = ui.build(catalogue)
    address = launched(demo, root_path=PREFIX)
    behind = urlparse(address).netloc

    class Proxy(BaseHTTPRequestHandler):
        disable_nagle_algorithm = True  # as in hub_server

        def pass_on(self) -> None:
            if not self.path.startswith(PREFIX + "/"):
                self.send_error(404)
                return
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            headers = {k: v for k, v in self.headers.items() if k.lower() != "connection"}
            headers["X-Forwarded-Host"] = self.headers["host"]
            app = http.client.HTTPConnection(behind, timeout=60)
            app.request(self.command, self.path.removeprefix(PREFIX), body, headers)
            answer = app.getresponse()
            self.send_response(answer.status)
            for name, value in answer.getheaders():
                if name.lower() not in ("transfer-encoding", "connection", "date", "server"):
                    self.send_header(name, value)
            self.end_headers()
            while piece := answer.read1(65536):
                self.wfile.write(piece)
            app.close()

        do_GET = do_POST = do_HEAD = pass_on

        def log_message(self, format: str, *args: object) -> None:
            pass

    proxy = ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
    threading.Thread(target=proxy.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{proxy.server_address[1]}{PREFIX}/"
    proxy.shutdown()
    proxy.server_close()
    demo.close(verbose=False)


def metas(page: str) -> dict[str, str]:
    found = re.findall(r'<meta property="([^"]+)" content="([^"]*)">', page.split("</head>")[0])
    assert len(dict(found)) == len(found)  # each once
    return dict(found)


def test_a_pasted_link_shows_something(server: str) -> None:
    said = metas(httpx.get(server).text)
    assert said["og:title"] == texts.TITLE and said["og:url"] == server
    assert said["og:image"] == f"{server}preview.png"
    said = metas(httpx.get(f"{server}?tab=sample&checkpoint=gan-mnist&seed=7").text)
    assert said["og:title"] == f"gan-mnist · {texts.TABS['sample']} · AIGC"
    assert said["og:url"] == f"{server}?tab=sample&amp;checkpoint=gan-mnist&amp;seed=7"
    assert said["og:image"] == f"{server}preview.png?checkpoint=gan-mnist"
    assert said["twitter:card"] == "summary_large_image"
    nonsense = httpx.get(f'{server}?tab="><script>x&checkpoint="><script>x').text
    assert metas(nonsense)["og:title"] == texts.TITLE
    assert '"><script>x' not in nonsense


def test_the_preview_is_a_picture_of_the_checkpoint(server: str, catalogue: Catalogue) -> None:
    seen = {}
    for name in ("gan-mnist", "language-mnist", "nothing<b>", ""):
        answer = httpx.get(f"{server}{social.PATH}", params={"checkpoint": name})
        assert answer.status_code == 200 and answer.headers["content-type"] == "image/png"
        with Image.open(io.BytesIO(answer.content)) as image:
            assert image.size == social.SIZE
            seen[name] = np.asarray(image)
        assert seen[name].std() > 5
    assert np.array_equal(seen["nothing<b>"], seen[""])
    assert not np.array_equal(seen["gan-mnist"], seen["language-mnist"])
    sheet = catalogue.find("gan-mnist", "sample").path / "samples.png"  # type: ignore[operator]
    with Image.open(sheet) as samples:
        pixels = np.asarray(samples.convert("RGB"))
    factor = 540 // samples.height
    whole = 600 // (28 * factor) * 28  # as many columns as fit into the left half
    top = (630 - factor * samples.height) // 2
    shown = seen["gan-mnist"][top : top + factor * samples.height : factor, 45::factor]
    assert whole >= 28 and np.array_equal(shown[:, :whole], pixels[:, :whole])


def test_a_preview_of_what_is_damaged(catalogue: Catalogue, tmp_path: Path) -> None:
    """As if there were no sheet; and a name of two lines is one."""
    one = dataclasses.replace(catalogue.find("gan-mnist", "sample"), path=tmp_path)
    one.metrics = {"x": {"name": "Two\nlines", "text": "1\n2"}}
    whole = save_tiny(tmp_path / "whole", "gan") / "samples.png"
    alone = social.picture(catalogue, one)
    for content in (whole.read_bytes()[:200], b"\x89PNG\r\n\x1a\n"):
        (tmp_path / "samples.png").write_bytes(content)
        assert social.picture(catalogue, one).tobytes() == alone.tobytes()


@pytest.mark.parametrize(
    ("headers", "root"),
    [
        ({"host": "abc.gradio.live", "x-forwarded-proto": "https"}, "https://abc.gradio.live/"),
        (
            {"x-forwarded-host": "me-aigc.hf.space", "x-forwarded-proto": "https,http"},
            "https://me-aigc.hf.space/",
        ),
    ],
    ids=["share", "space"],
)
def test_the_address_is_the_public_one(server: str, headers: dict[str, str], root: str) -> None:
    said = metas(httpx.get(f"{server}?tab=sample", headers=headers).text)
    assert said["og:url"] == f"{root}?tab=sample" and said["og:image"] == f"{root}preview.png"


def test_below_a_prefix(below_a_prefix: str, chromium: Any) -> None:
    said = metas(httpx.get(f"{below_a_prefix}?tab=sample").text)
    assert said["og:image"] == f"{below_a_prefix}preview.png"
    assert httpx.get(said["og:image"]).headers["content-type"] == "image/png"
    context = chromium.new_context()
    try:
        page, wrong = context.new_page(), []
        page.on("response", lambda answer: answer.ok or wrong.append(answer.url))
        page.goto(f"{below_a_prefix}?tab=sample&checkpoint=gan-mnist&count=2&seed=3&label=any")
        page.wait_for_function("() => location.search.includes('revision=')", timeout=60_000)
        page.wait_for_selector(".sheet .tile >> nth=1")
        assert address_of(page).startswith(f"{below_a_prefix}?tab=sample&checkpoint=gan-mnist")
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        page.locator("#sample-link").click()
        page.wait_for_function(
            "(said) => document.getElementById('sample-link').textContent === said",
            arg=texts.SCRIPT["copied"],
        )
        assert page.evaluate("() => navigator.clipboard.readText()") == address_of(page)
        assert parse_qs(urlparse(address_of(page)).query)["seed"] == ["3"]
        assert wrong == []
    finally:
        context.close()
