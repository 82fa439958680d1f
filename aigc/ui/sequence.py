"""Texts: in Sample as they are written, and in the attention tab every character with what each
head read, what else was likely there, and how surprising it was. One of kinds.KINDS, which says
what each part is for.

As for pictures, everything travels to the browser once, and hovering never waits for the server
(static/sequence.js).
"""

from __future__ import annotations

import html
import math
import time
from collections.abc import Iterator, Sequence
from typing import Any

import gradio as gr
import numpy as np
from torch import Tensor

from aigc import latent
from aigc.checkpoint import Checkpoint, shown
from aigc.media import TextMedia
from aigc.ui import cache, figures, han, labels, offline, parts, texts
from aigc.ui.catalogue import (
    LENGTH,
    MAX_LENGTH,
    MAX_PROMPT,
    MAX_TOP_K,
    read_length,
    read_prompt,
    read_top_k,
    read_top_p,
    whole,
)  # fmt: skip
from aigc.ui.weights import archive, encode, pack

MAX_SYMBOLS = 256  # shown at once: the weights grow with the square
CANDIDATES = 10  # for each place

ASKED: dict[str, Any] = {
    "prompt": read_prompt, "length": read_length, "top_k": read_top_k, "top_p": read_top_p,
}  # fmt: skip
LOOKED: dict[str, Any] = {
    "prompt": read_prompt,
    "length": lambda value: whole(texts.THE_LENGTH, value, 0, MAX_SYMBOLS),
}
READERS = han.READERS
SILENT = {"prompt": "", "top_k": 0, "top_p": 1.0}
HALTS = True
BUTTON = "WRITE"
GIVES_PICTURES = False
FILES = offline.Files(
    "sequence", "SEQUENCE", ("attention.css", "sequence.css"), ("weights.js", "sequence.js"),
    "sequence",
)  # fmt: skip

# Sample


def mine(chosen: Checkpoint | None) -> bool:
    """Whether what this checkpoint makes is shown here."""
    return chosen is not None and isinstance(chosen.media, TextMedia)


def about_prompt(chosen: Checkpoint | None) -> dict[str, Any]:
    """Whether there is a prompt, and what to say of it."""
    if chosen is None or not isinstance(chosen.media, TextMedia):
        return {"visible": False, "info": texts.PROMPT_INFO}
    return {"visible": True, "info": han.prompt_info(chosen.media)}


def prompt_box(chosen: Checkpoint | None) -> gr.Textbox:
    return gr.Textbox(label=texts.PROMPT, max_length=MAX_PROMPT, lines=2, **about_prompt(chosen))


def controls(chosen: Checkpoint | None) -> dict[str, Any]:
    here = mine(chosen)
    return {
        "prompt": prompt_box(chosen),
        "length": gr.Slider(
            1, MAX_LENGTH, LENGTH, step=1, label=texts.LENGTH, info=texts.LENGTH_INFO, visible=here
        ),
        "top_k": gr.Slider(
            0, MAX_TOP_K, 0, step=1, label=texts.TOP_K, info=texts.TOP_K_INFO, visible=here
        ),
        "top_p": gr.Slider(
            0, 1, 1, step=0.01, label=texts.TOP_P, info=texts.TOP_P_INFO, visible=here
        ),
    }


def ways(tab: str, chosen: Checkpoint | None) -> dict[str, Any]:
    """How lines run, and the script; the browser has the texts in both."""
    lines, script = han.switches(mine(chosen) and chosen.media.han)  # type: ignore[union-attr]
    for way in (lines, script):
        way.change(None, [lines, script], None, js=f"(l, s) => aigc.set('{tab}', l, s)",
                   **parts.PRIVATE)  # fmt: skip
    return {"lines": lines, "script": script}


def shapes(chosen: Checkpoint | None) -> list[Any]:
    here = mine(chosen)
    chinese = here and chosen.media.han  # type: ignore[union-attr]
    return [
        gr.Textbox(**about_prompt(chosen)), *(gr.Slider(visible=here) for _ in range(3)),
        *(gr.Radio(visible=chinese) for _ in range(2)),
    ]  # fmt: skip


def grows(chosen: Checkpoint) -> bool:
    return True


def growing(chosen: Checkpoint, request: tuple[Any, ...], more: dict[str, Any]) -> Iterator[Tensor]:
    """The texts (N, T) symbol by symbol, from the prompt on."""
    given = chosen.media.from_prompt(more["prompt"])
    yield from chosen.model.write(*request, **{**more, "prompt": given})  # type: ignore[operator]


def making(chosen: Checkpoint, request: tuple[Any, ...], more: dict[str, Any]) -> Tensor:
    """(N, T) symbols."""
    *_, made = growing(chosen, request, more)
    return made


def so_far(more: dict[str, Any], made: Tensor) -> dict[str, Any]:
    """A shorter text."""
    return {**more, "length": made.shape[1] - len(more["prompt"])}


def noted(chosen: Checkpoint, more: dict[str, Any]) -> str:
    # One place is left for what is written.
    return about(chosen.media, more["prompt"], chosen.media.length - 1)


def gallery(media: TextMedia, made: Tensor, alt: str, pick: bool = False) -> str:
    """(N, T) symbols -> the texts under each other, as they are: nothing in them is HTML, and no
    mark in one turns what stands beside it. None can be picked."""
    inside = han.set_text if media.han else html.escape
    items = "".join(
        f'<pre class="writing" tabindex="0">{inside(media.to_text(row))}</pre>' for row in made
    )
    return f'<div class="writings{" han" if media.han else ""}">{items}</div>'


def pieces(media: TextMedia, made: Tensor) -> tuple[list[Any], dict[str, Any]]:
    """What an endpoint returns of a batch: no pictures, and the texts among the settings."""
    return [], {"texts": [media.to_text(row) for row in made]}


def file(media: TextMedia, made: Tensor, marks: labels.Marks) -> bytes:
    """A batch as plain text, which begins with what made it."""
    written = "\n\n---\n\n".join(media.to_text(row) for row in made)
    return f"[{marks.words}]\n\n{written}\n".encode()


SAVES = {"text": figures.Save("DOWNLOAD_TEXT", ".txt", "text/plain", file)}


def walk(media: TextMedia, frames: Tensor) -> str:
    return ""


def beside(media: TextMedia, images: Tensor, names: Sequence[str]) -> list[str]:
    return [""] * len(images)


def holdable(part: str) -> str:
    return part


def about(media: TextMedia, prompt: str, room: int) -> str:
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


# The attention tab


def look_controls(chosen: Checkpoint | None) -> dict[str, Any]:
    return {
        "prompt": prompt_box(chosen),
        "length": gr.Slider(
            0, MAX_SYMBOLS, LENGTH, step=1, label=texts.LENGTH, info=texts.LENGTH_LOOK,
            visible=mine(chosen),
        ),
    }  # fmt: skip


def look_shapes(chosen: Checkpoint | None) -> list[Any]:
    return [gr.Textbox(**about_prompt(chosen)), gr.Slider(visible=mine(chosen))]


def look_noted(chosen: Checkpoint, made: dict[str, Any]) -> str:
    return about(chosen.media, made["prompt"], room(chosen))


def answered(chosen: Checkpoint, text: Tensor) -> tuple[None, dict[str, Any]]:
    return None, {"text": chosen.media.to_text(text)}


def explorers(chosen: Checkpoint, text: Tensor, made: dict[str, Any], at: dict[str, object]) -> str:
    return ""


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
    last, text = -math.inf, None
    for text in write(chosen, made):
        if time.monotonic() - last >= cache.SECONDS_BETWEEN_VIEWS:
            yield frame(chosen, text, made)
            last = time.monotonic()
    assert text is not None  # `write` gives something, or says why not
    cache.keep(chosen, made, text)
    yield whole_view(chosen, text, made, wanted)


def numbers(chosen: Checkpoint, text: Tensor, made: dict[str, Any]) -> bytes:
    """See `weights.archive`; `tokens` are int64 (T, 1), `text` is what they say."""
    return archive(
        made,
        weights=explain(chosen, text, made["label"]).numpy(),
        tokens=chosen.model.tokens(text[None])[0].numpy(),  # type: ignore[operator]
        text=np.array(chosen.media.to_text(text)),
    )


def viewer(visible: bool) -> gr.HTML:
    """Where a text is drawn. It calls back with `submit`: `prompt`, from which to go on."""
    return parts.viewer(
        FILES.name, texts.SEQUENCE, FILES.styles, FILES.scripts, elem_id="sequence-viewer",
        visible=visible,
    )  # fmt: skip
