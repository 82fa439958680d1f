"""The viewer of the attention tab as one HTML file, with its data: it opens without a server and
without a network, for a paper's supplement or a slide, and says that AI made what it shows.

Plain Python: no Gradio here.
"""

from __future__ import annotations

import html
import json
from typing import Any

from aigc.checkpoint import Checkpoint
from aigc.ui import figures, labels, languages, texts

# Files of static/ that make a viewer, and what they say, by whether it shows a text.
PARTS = {
    False: ("attention.html", "VIEWER", ("attention.css",), ("weights.js", "attention.js"),
            "attention"),
    True: ("sequence.html", "SEQUENCE", ("attention.css", "sequence.css"),
           ("weights.js", "sequence.js"), "sequence"),
}  # fmt: skip


def embedded(value: object) -> str:
    """JSON that may stand in a script of a page: nothing in it ends the script."""
    return json.dumps(value, ensure_ascii=False).replace("<", "\\u003c")


def page(chosen: Checkpoint, value: dict[str, Any], made: dict[str, Any], is_text: bool) -> str:
    """The file: `value` is what the viewer takes, `made` the settings that made it."""
    body, words, styles, scripts, said = PARTS[is_text]
    facts = {name: value for name, value in made.items() if name != "picture"}
    return figures.template(
        "offline.html",
        {
            "lang": languages.TAGS[texts.language()],
            "title": html.escape(texts.OFFLINE_TITLE.format(name=chosen.name)),
            "sentence": html.escape(labels.sentence(made)),
            "field": html.escape(labels.aigc_field(made)),
            "xmp": labels.xmp("attention", made).decode(),
            "look": figures.read_static("offline.css"),
            "style": "".join(map(figures.read_static, styles)),
            "facts": figures.chips(facts),
            "viewer": figures.template(body, getattr(texts, words)),
            "note": html.escape(texts.OFFLINE_NOTE),
            "texts": embedded({said: texts.SCRIPT[said]}),
            "value": embedded({**value, "alone": True}),
            "script": "".join(map(figures.read_static, scripts)),
        },
    )
