"""Chinese texts on the page: set in lines across or down, as written or in simplified characters.

Both are for showing alone, and chosen in the browser: the page has each text in both scripts, and
what is written, kept and sent stays as the model wrote it.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import gradio as gr

from aigc.checkpoint import shown
from aigc.media import TextMedia
from aigc.ui import texts

ACROSS, DOWN = "across", "down"
WRITTEN, SIMPLIFIED = "written", "simplified"


@lru_cache(1)
def converter() -> Any:
    import opencc  # half a second, for those who read Chinese texts

    return opencc.OpenCC("t2s")


def simplified(text: str) -> str:
    """Traditional characters to simplified ones, those of a word by the word."""
    return str(converter().convert(text))


STOPS, BRACKETS = "，。、", "（）[]{}《》〈〉「」『』"
VERSE = re.compile(r"[^\n，。！？；：]+[，。！？；：]?|[，。！？；：]")


def cells(content: str) -> str:
    """Each character in an element of its own: in lines down every one gets the same room, which
    a font whose vertical metrics are poor would not give it. Each verse with its stop in one, too:
    a line across that is too short for two breaks between them (static/style.css)."""

    def cell(sign: str) -> str:
        kind = ' class="stop"' if sign in STOPS else ' class="bracket"' if sign in BRACKETS else ""
        return f"<i{kind}>{html.escape(sign)}</i>"

    return VERSE.sub(lambda verse: f"<span>{''.join(map(cell, verse[0]))}</span>", content)


def set_text(text: str) -> str:
    """A text as HTML, in both scripts; what stands in the first of several lines is a title."""

    def part(content: str, kind: str, language: str) -> str:
        title, line_end, body = content.partition("\n")
        inside = cells(content)
        if title and line_end:
            inside = f"<b>{cells(title)}</b>\n{cells(body)}"
        return f'<span class="{kind}" lang="{language}">{inside}</span>'

    return part(text, WRITTEN, "zh-Hant") + part(simplified(text), SIMPLIFIED, "zh-Hans")


def prompt_info(media: TextMedia) -> str:
    """What to say of a prompt: Chinese texts that end begin with their title."""
    return texts.PROMPT_POEM if media.han and media.end else texts.PROMPT_INFO


def switches(visible: bool) -> tuple[gr.Radio, gr.Radio]:
    """How lines run, and the script."""
    plain: dict[str, Any] = {
        "show_label": False, "container": False, "elem_classes": "switch", "visible": visible,
    }  # fmt: skip
    lines = [(name, value) for value, name in texts.LINES.items()]
    scripts = [(name, value) for value, name in texts.SCRIPTS.items()]
    return (
        gr.Radio(lines, value=ACROSS, label=texts.THE_LINES, **plain),
        gr.Radio(scripts, value=WRITTEN, label=texts.THE_SCRIPT, **plain),
    )


def _one_of(name: str, known: tuple[str, ...]) -> Callable[[object], str]:
    def read(value: object) -> str:
        if value not in known:
            what = getattr(texts, name)
            known_ones = texts.either(known)
            raise ValueError(
                texts.NO_CHOICE.format(name=what, known=known_ones, value=shown(value))
            )
        return str(value)

    return read


READERS = {
    "lines": _one_of("THE_LINES", (ACROSS, DOWN)),
    "script": _one_of("THE_SCRIPT", (WRITTEN, SIMPLIFIED)),
}
