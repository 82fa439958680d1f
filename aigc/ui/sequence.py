"""Texts in the attention tab: written in front of the visitor, then every character with what each
head read, what else was likely there, and how surprising it was.

As for pictures, everything travels to the browser once, and hovering never waits for the server
(static/sequence.js). `attention.py` is the tab.
"""

from __future__ import annotations

import html
import io
import json
import time
from collections.abc import Iterator
from typing import Any

import gradio as gr
import numpy as np
from torch import Tensor

from aigc import latent
from aigc.checkpoint import Checkpoint, shown
from aigc.media import TextMedia
from aigc.ui import cache, figures, texts
from aigc.ui.weights import encode, pack

MAX_SYMBOLS = 256  # shown at once: the weights grow with the square
CANDIDATES = 10  # for each place
SECONDS_BETWEEN_VIEWS = 0.1


def draws(chosen: Checkpoint) -> bool:
    """Whether what this checkpoint makes is shown here."""
    return isinstance(chosen.media, TextMedia)


def noted(media: TextMedia, prompt: str, room: int) -> str:
    """What became of a prompt, where that is not what a person would expect, as HTML; the model
    or the viewer has `room` for so many characters of it."""
    said = []
    if unknown := media.unknown(prompt):
        some = ", ".join(shown(c) for c in unknown[:8]) + (" ..." if len(unknown) > 8 else "")
        said.append(texts.UNKNOWN_SYMBOLS.format(symbols=some))
    if len(prompt) > room:
        said.append(texts.LONG_PROMPT.format(length=room))
    items = "".join(f"<li>{html.escape(sentence)}</li>" for sentence in said)
    return f'<div class="notice" role="status"><ul>{items}</ul></div>' if said else ""


def beginning(chosen: Checkpoint, prompt: str) -> Tensor:
    """The end of the prompt, as far as the viewer and the model see it at once: (P,)."""
    given = chosen.media.from_prompt(prompt)
    return given[max(0, len(given) - room(chosen)) :]


def room(chosen: Checkpoint) -> int:
    """How many symbols are shown at most."""
    return min(chosen.media.length, MAX_SYMBOLS)


def write(chosen: Checkpoint, made: dict[str, Any]) -> Iterator[Tensor]:
    """The text (T,) as it grows, from its prompt on; with the symbol that ends it, if it came.
    Raises ValueError where there is nothing to look at."""
    given = beginning(chosen, made["prompt"])
    length = min(made["length"], room(chosen) - len(given))
    if len(given):
        yield given
    elif not length:
        raise ValueError(texts.NOTHING_WRITTEN)
    if length:
        label = chosen.label_index(made["label"])
        for rows in chosen.model.write(  # type: ignore[operator]
            latent.generators(made["seed"], 1), [label], made["temperature"], given, length
        ):
            yield rows[0]


def finished(chosen: Checkpoint, made: dict[str, Any]) -> Tensor:
    """The whole text (T,)."""

    def make() -> Tensor:
        *_, text = write(chosen, made)
        return text

    return cache.recall(chosen, made, make)


def named(chosen: Checkpoint, text: Tensor, at: int) -> str:
    """A character of a text, and its place, from 0, in words, as HTML."""
    sign = figures.printable(chosen.media.symbols[int(text[at])]).replace(" ", "␣")
    return texts.FORMULA_SIGN.format(sign=html.escape(sign), place=at + 1)


def frame(chosen: Checkpoint, text: Tensor, made: dict[str, Any]) -> dict[str, Any]:
    """A text (T,) for the browser, character by character."""
    return {
        "chars": [chosen.media.symbols[i] for i in text.tolist()],
        "given": len(beginning(chosen, made["prompt"])),
        "han": chosen.media.han,
    }


def candidates(chosen: Checkpoint, text: Tensor, label: str) -> tuple[list[str], np.ndarray]:
    """The likeliest symbols in each place of a text (T,), given what stands before it, at
    temperature 1: T * K characters in a row, and their probabilities (T, K) float32."""
    index = chosen.label_index(label)
    found = chosen.model.expect(text[None], [index])[0].exp()  # type: ignore[operator]
    found[:, 0] = 0  # what no character stands for is never written
    chances, order = found.topk(min(CANDIDATES, found.shape[1] - 1), -1)  # (T, K)
    return [chosen.media.symbols[i] for i in order.flatten().tolist()], chances.numpy()


def explain(chosen: Checkpoint, text: Tensor, label: str) -> Tensor:
    """The weights (layers, heads, T, T) of a text (T,), in one forward pass."""
    index = chosen.label_index(label)
    return chosen.model.attention(text[None], [index])[0]  # type: ignore[operator]


def whole_view(
    chosen: Checkpoint, text: Tensor, made: dict[str, Any], wanted: dict[str, Any]
) -> dict[str, Any]:
    """Everything that the viewer needs for one text."""
    index = chosen.label_index(made["label"])
    weights = explain(chosen, text, made["label"])
    layers, heads, _, _ = weights.shape
    bits = chosen.model.surprise(text[None], [index])[0]  # type: ignore[operator]
    options, chances = candidates(chosen, text, made["label"])
    return {
        **frame(chosen, text, made), **pack(weights, deflate=True),
        "layers": layers, "heads": heads,
        "bits": encode(bits.numpy().astype("<f4")), "options": options,
        "chances": encode(chances.astype("<f4")), "end": chosen.media.end,
        "view": wanted, "made": made, "label": made["label"],
    }  # fmt: skip


def watch(
    chosen: Checkpoint, made: dict[str, Any], wanted: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    """Write a text in front of the visitor, then show where each step looked: the viewer's
    values."""
    last, text = 0.0, None
    for text in write(chosen, made):
        if time.monotonic() - last >= SECONDS_BETWEEN_VIEWS:
            yield frame(chosen, text, made)
            last = time.monotonic()
    assert text is not None  # `write` gives something, or says why not
    cache.keep(chosen, made, text)
    yield whole_view(chosen, text, made, wanted)


def numbers(chosen: Checkpoint, text: Tensor, made: dict[str, Any]) -> bytes:
    """An .npz file, without pickles: `weights` float32 (layers, heads, T, T), `tokens` int64
    (T, 1), `text`, `settings` as JSON."""
    file = io.BytesIO()
    np.savez_compressed(
        file,
        weights=explain(chosen, text, made["label"]).numpy(),
        tokens=chosen.model.tokens(text[None])[0].numpy(),  # type: ignore[operator]
        text=np.array(chosen.media.to_text(text)),
        settings=np.array(json.dumps(made)),
    )
    return file.getvalue()


def viewer(visible: bool) -> gr.HTML:
    """Where a text is drawn. It calls back with `submit`: `prompt`, from which to go on."""
    return gr.HTML(
        {}, html_template=figures.template("sequence.html", texts.SEQUENCE),
        css_template=figures.read_static("attention.css") + figures.read_static("sequence.css"),
        js_on_load=figures.read_static("weights.js") + figures.read_static("sequence.js"),
        apply_default_css=False, elem_id="sequence-viewer", visible=visible,
    )  # fmt: skip
