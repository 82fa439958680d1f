"""One app in several languages: each visitor gets the page written in theirs.

The page of a Gradio app is a list of components with their texts. `Blocks` here holds one such
list a language, made by building the app once in each; what happens at a click is the same for
all. Which one a visitor gets follows from the request: `lang=` in the address, else what the
browser says. Texts that a handler makes follow the same rule (`of_visitor`).
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qs

import gradio as gr
from gradio.components.api_component import Api
from gradio.context import LocalContext
from gradio.exceptions import InvalidPathError
from starlette.requests import Request

from aigc.ui import figures, programs, texts
from aigc.ui.catalogue import Catalogue

TAGS = {"en": "en", "zh": "zh-CN"}  # as browsers write them


def of_visitor() -> str:
    """The language of the visitor whose event is being answered; programs send none."""
    request: Any = LocalContext.request.get(None)
    if request is None:
        return texts.language()
    return texts.choose(
        request.query_params.get("lang"), request.headers.get("accept-language", "")
    )


def announcements() -> gr.I18n:
    """What Gradio tells screen readers and has not in each of its languages."""
    return gr.I18n(**{TAGS[name]: words.GRADIO for name, words in texts.LANGUAGES.items()})


class Blocks(gr.Blocks):
    """`gr.Blocks` whose page is written in the language of the task that asks for it."""

    def __init__(self, **options: Any) -> None:
        self.catalogue = Catalogue()  # what its pages show; `build` puts its own here
        self.others: dict[str, Blocks] = {}  # the app as built in the other languages
        super().__init__(**options)

    @property
    def config(self) -> Any:
        """What Gradio sends to a browser."""
        return self.written.get(texts.language(), self.written[texts.DEFAULT])

    @config.setter
    def config(self, value: Any) -> None:
        self.written = {texts.DEFAULT: value}
        for language, other in self.others.items():
            # The same components in the same order, under the ids of this app.
            pairs = zip(value["components"], other.get_config_file()["components"], strict=True)
            components = [{**mine, "props": theirs["props"]} for mine, theirs in pairs]
            self.written[language] = {**value, "components": components, "title": other.title}

    @property
    def mcp_server_obj(self) -> Any:
        """Gradio's MCP server, where `--mcp` asks for one, with answers as `programs` writes
        them."""
        return self.tools

    @mcp_server_obj.setter
    def mcp_server_obj(self, server: Any) -> None:
        if server:
            server.postprocess_output_data = programs.answer
        self.tools = server

    def validate_inputs(self, block_fn: Any, inputs: list[Any]) -> None:
        """A program that sends values without names may know fewer parameters than an endpoint
        has by now: the others take their defaults."""
        missing = block_fn.inputs[len(inputs) :]
        if all(isinstance(one, Api) for one in missing):
            inputs.extend(one.value for one in missing)
        super().validate_inputs(block_fn, inputs)

    async def preprocess_data(self, *given: Any, **more: Any) -> Any:
        """Whoever sends a file of this machine in the place of a value gets a sentence: Gradio
        refuses it, and tells programs nothing."""
        try:
            return await super().preprocess_data(*given, **more)
        except InvalidPathError:
            raise gr.Error(texts.NO_FILE, print_exception=False) from None


def in_each_language(build: Callable[[], Blocks]) -> Blocks:
    """Run `build` once in each language; the answer speaks all of them."""
    spoken = texts.language()
    built = {}
    try:
        for language in texts.LANGUAGES:
            texts.speak(language)
            built[language] = build()
    finally:
        texts.speak(spoken)
    demo = built.pop(texts.DEFAULT)
    demo.others = built
    return demo


Scope = dict[str, Any]
Receive = Callable[[], Awaitable[Any]]
Send = Callable[[Any], Awaitable[None]]


class Page:
    """Middleware (ASGI): sets the language of a request, and tells the browser which it is,
    before Gradio's own script asks for it. `describe` gives the head's lines for link previews,
    where Gradio would name itself."""

    def __init__(
        self, app: Callable[[Scope, Receive, Send], Awaitable[None]],
        describe: Callable[[Request], str],
    ) -> None:  # fmt: skip
        self.app = app
        self.describe = describe

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        asked = parse_qs(scope["query_string"].decode("latin-1")).get("lang", [""])[0]
        headers = dict(scope["headers"])
        accepted = headers.get(b"accept-language", b"").decode("latin-1")
        texts.speak(texts.choose(asked, accepted))
        if scope["method"] != "GET" or scope["path"].rpartition("/")[2]:
            await self.app(scope, receive, send)
            return
        start: dict[str, Any] = {}  # of a page, until its end has come
        body = b""

        async def collect(message: dict[str, Any]) -> None:
            nonlocal body
            if message["type"] == "http.response.start":
                kind = dict(message["headers"]).get(b"content-type", b"")
                if kind.startswith(b"text/html"):
                    start.update(message)
                    return
            if not start:  # anything else goes on as it comes: a stream of events never ends
                await send(message)
                return
            body += message.get("body", b"")
            if message.get("more_body"):
                return
            body = written(body.decode(), self.describe(Request(scope))).encode()
            more = [(b"vary", b"accept-language, accept-encoding")]
            if b"gzip" in headers.get(b"accept-encoding", b""):
                # Gradio compresses its scripts and not its page, which is the largest of all.
                body = gzip.compress(body, 6, mtime=0)
                more.append((b"content-encoding", b"gzip"))
            start["headers"] = [
                (name, value) for name, value in start["headers"] if name != b"content-length"
            ] + [*more, (b"content-length", str(len(body)).encode())]
            await send(start)
            await send({"type": "http.response.body", "body": body})

        await self.app(scope, receive, collect)


def written(page: str, metas: str) -> str:
    """Gradio's page, in the language of this task, with `metas` in its head."""
    tag = TAGS[texts.language()]
    page = re.sub(r'<meta\s+(property="og|name="twitter):[^>]*>\s*', "", page)
    script = (
        f"<script>window.aigcLanguage = {json.dumps(texts.language())};"
        f"Object.defineProperty(navigator, 'language', {{get: () => {json.dumps(tag)}}});"
        f"window.aigcTexts = {json.dumps(texts.SCRIPT)};"
        f"{figures.read_static('early.js')}</script>"
    )
    page = page.replace('lang="en"', f'lang="{tag}"', 1)
    return page.replace("<head>", f"<head>{metas}{script}", 1)
