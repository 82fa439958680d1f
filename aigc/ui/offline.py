"""The viewer of the attention tab as one HTML file, with its data: it opens without a server and
without a network, for a paper's supplement or a slide, and says that AI made what it shows.

Plain Python: no Gradio here.
"""

from __future__ import annotations

import html
import json
from dataclasses import dataclass
from typing import Any

from aigc.checkpoint import Checkpoint
from aigc.ui import figures, labels, languages, palette, texts


@dataclass(frozen=True)
class Files:
    """What makes a viewer."""

    name: str
    """Of its template in static/, without the ending."""
    words: str
    """The name in `texts` of what stands in the template."""
    styles: tuple[str, ...]
    scripts: tuple[str, ...]
    """Files of static/."""
    said: str
    """The part of `texts.SCRIPT` that the scripts say."""


def embedded(value: object) -> str:
    """JSON that may stand in a script of a page: nothing in it ends the script."""
    return json.dumps(value, ensure_ascii=False).replace("<", "\\u003c")


def page(
    chosen: Checkpoint, value: dict[str, Any], made: dict[str, Any], files: Files,
    looking: dict[str, Any],
) -> str:  # fmt: skip
    """The file: `value` is what the viewer takes, `made` the settings that made it, `looking` the
    place in it that it opens at."""
    facts = {name: value for name, value in made.items() if name != "picture"}
    return figures.template(
        "offline.html",
        {
            "lang": languages.TAGS[texts.language()],
            "title": html.escape(texts.OFFLINE_TITLE.format(name=chosen.name)),
            "sentence": html.escape(labels.sentence(made)),
            "field": html.escape(labels.aigc_field(made)),
            "xmp": labels.xmp("attention", made | looking).decode(),
            "look": palette.variables() + figures.read_static("offline.css"),
            "style": "".join(map(figures.read_static, files.styles)),
            "facts": figures.chips(facts, chosen),
            "viewer": figures.template(f"{files.name}.html", getattr(texts, files.words)),
            "note": html.escape(texts.OFFLINE_NOTE),
            "texts": embedded({files.said: texts.SCRIPT[files.said]}),
            "value": embedded({**value, "alone": True}),
            "script": "".join(map(figures.read_static, files.scripts)),
        },
    )
