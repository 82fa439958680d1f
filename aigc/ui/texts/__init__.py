"""Every text of the app, in the language of the visitor who is being answered.

`texts.SAMPLE` is the constant of `en.py` or `zh.py`, by the language of the task that reads it:
`speak` sets it, for this task alone, so two visitors never hear each other's. Both files have the
same constants. English where nothing is said.

Plain Python: no Gradio here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextvars import ContextVar
from types import ModuleType
from typing import Any

from aigc.ui.texts import en, zh

LANGUAGES: dict[str, ModuleType] = {"en": en, "zh": zh}
DEFAULT = "en"

_spoken: ContextVar[str] = ContextVar("language", default=DEFAULT)


def speak(language: str) -> None:
    """Answer in this language from now on, in this task."""
    _spoken.set(language)


def language() -> str:
    """The language in which this task answers."""
    return _spoken.get()


def choose(asked: str | None, accepted: str) -> str:
    """The language for a visitor: what the link asks for, or the first one that we have among
    those of the browser, an Accept-Language header such as `zh-CN,zh;q=0.9,en;q=0.8`."""
    if asked in LANGUAGES:
        return asked
    wanted = []
    for order, part in enumerate(accepted.split(",")):
        name, _, weight = part.partition(";q=")
        try:
            wanted.append((-float(weight or 1), order, name.strip().lower()[:2]))
        except ValueError:
            continue  # a header that is none
    return next((name for _, _, name in sorted(wanted) if name in LANGUAGES), DEFAULT)


def _word(name: str) -> Any:
    return getattr(LANGUAGES[_spoken.get()], name)


def either(names: Sequence[str]) -> str:
    """`a, b or c`."""
    *first, last = names
    return f"{', '.join(first)}{_word('OR')}{last}" if first else last


def own(said: str) -> str:
    """A sentence of aigc.hub, aigc.checkpoint or a film, which speak English, in the language of
    this task; as it is where there is none."""
    for pattern, sentence in _word("SAID").items():
        if found := re.fullmatch(pattern, said, re.DOTALL):
            return str(sentence.format(**found.groupdict()))
    return said


def __getattr__(name: str) -> Any:
    if name.startswith("_"):
        raise AttributeError(name)
    return _word(name)
