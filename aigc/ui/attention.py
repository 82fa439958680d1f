"""Where every head looked while a picture was drawn, or a text written.

The weights of one result travel to the browser once (weights.py); hovering, clicking and replaying
happen there (static/attention.js) and never wait for the server. What is about texts stands in
sequence.py.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from typing import Any

import gradio as gr
import numpy as np
import torch
from gradio.processing_utils import save_bytes_to_cache
from PIL import Image
from torch import Tensor

from aigc import latent
from aigc.checkpoint import Checkpoint
from aigc.ui import figures, han, parts, pictures, sequence, texts
from aigc.ui.catalogue import (
    ANY,
    LENGTH,
    MAX_PROMPT,
    MAX_TEMPERATURE,
    Catalogue,
    read_label,
    read_prompt,
    read_seed,
    read_temperature,
    shown,
    whole,
)  # fmt: skip
from aigc.ui.weights import encode, pack

ID = "attention"
NEEDS = "attention"

MAX_PLACES = 2**20  # a link may name places up to here; the viewer keeps to what there is
AVERAGES = ("mean", "max")
ROLLOUT = "rollout"

# What the browser gets


def frame(chosen: Checkpoint, image: Tensor, drawn: int) -> dict[str, Any]:
    """A picture (C, H, W) for the browser, of which the first `drawn` patches exist."""
    rows, columns = model_of(chosen).grid
    return {
        "rows": rows, "columns": columns, "drawn": drawn,
        "width": chosen.media.width, "height": chosen.media.height,
        "channels": chosen.media.channels, "pixels": encode(chosen.media.to_uint8(image[None])),
    }  # fmt: skip


def view(layer: object = "", head: object = "", position: object = "") -> dict[str, Any]:
    """What a link asks the viewer to show; what it does not name is left to the viewer."""
    named = {"layer": layer, "head": head, "position": position}
    return {k: READERS[k](v) for k, v in named.items() if v not in ("", None)}


# What a link carries for this tab alone


def _place_or(name: str, words: tuple[str, ...]) -> Callable[[object], Any]:
    def read(value: object) -> Any:
        if value in words:
            return value
        try:
            return whole(name, value, 1, MAX_PLACES)
        except ValueError:
            also = texts.OR_WORDS.format(words=texts.either(words)) if words else ""
            raise ValueError(
                texts.NO_PLACE.format(name=texts.PLACES[name], also=also, value=shown(value))
            ) from None

    return read


READERS = {
    "layer": _place_or("layer", (ROLLOUT,)),
    "head": _place_or("head", AVERAGES),
    "position": _place_or("position", ()),
    "picture": pictures.read_packed,
    "length": lambda value: whole(texts.THE_LENGTH, value, 0, sequence.MAX_SYMBOLS),
}


# From settings to a picture and its weights


def model_of(chosen: Checkpoint) -> Any:
    """The model, which has the capability that the catalogue was asked for."""
    return chosen.model


def read_settings(
    catalogue: Catalogue, checkpoint: object, seed: object, label: object,
    temperature: object = 1.0, prompt: object = "", length: object = LENGTH,
) -> tuple[Checkpoint, dict[str, Any]]:  # fmt: skip
    """The checkpoint and the checked settings, those of writing where it writes. Raises ValueError
    with a sentence."""
    chosen = catalogue.find(checkpoint, NEEDS)
    made = {
        "checkpoint": chosen.name, "revision": chosen.revision, "seed": read_seed(seed),
        "label": read_label(chosen, label), "temperature": read_temperature(temperature),
    }  # fmt: skip
    if "write" in chosen.capabilities:
        made |= {"prompt": read_prompt(prompt), "length": READERS["length"](length)}
    return chosen, made


def draw(chosen: Checkpoint, made: dict[str, Any]) -> Iterator[tuple[Tensor, int]]:
    """The picture (C, H, W) as it grows, with the number of patches drawn so far."""
    model, label = model_of(chosen), chosen.label_index(made["label"])
    rows, columns = model.grid
    request = latent.generators(made["seed"], 1), [label], made["temperature"]
    if "draw" not in chosen.capabilities:
        yield model.sample(*request)[0], rows * columns
        return
    for row, images in enumerate(model.draw(*request), 1):
        yield images[0], row * columns


def explain(chosen: Checkpoint, image: Tensor, label: str) -> Tensor:
    """The weights (layers, heads, T, T) of a finished picture (C, H, W), in one forward pass."""
    return model_of(chosen).attention(image[None], [chosen.label_index(label)])[0]


def whole_view(
    chosen: Checkpoint, image: Tensor, made: dict[str, Any], wanted: dict[str, Any]
) -> dict[str, Any]:
    """Everything that the viewer needs for one finished picture."""
    weights = explain(chosen, image, made["label"])
    layers, heads, length, _ = weights.shape
    value = {
        **frame(chosen, image, length), **pack(weights), "layers": layers, "heads": heads,
        "view": wanted, "made": made, "label": made["label"],
    }  # fmt: skip
    if "surprise" in chosen.capabilities:
        bits = model_of(chosen).surprise(image[None], [chosen.label_index(made["label"])])[0]
        value["bits"] = encode(bits.numpy().astype("<f4"))
    return value


def watch(
    catalogue: Catalogue,
    checkpoint: object,
    seed: object,
    label: object,
    temperature: object = 1.0,
    layer: object = "",
    head: object = "",
    position: object = "",
    prompt: object = "",
    length: object = LENGTH,
    picture: object = "",
) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Draw a picture or write a text in front of the visitor, or take the picture that a link
    brought, then show where each step looked: yields the viewer's value and the settings that made
    it."""
    if picture:
        value, made = look(catalogue, checkpoint, label, picture)
        yield {**value, "view": view(layer, head, position)}, made
        return
    chosen, made = read_settings(catalogue, checkpoint, seed, label, temperature, prompt, length)
    wanted = view(layer, head, position)
    if sequence.draws(chosen):
        for value in sequence.watch(chosen, made, wanted):
            yield value, made
        return
    image = torch.zeros(chosen.media.shape)
    for image, drawn in draw(chosen, made):
        yield frame(chosen, image, drawn), made
    yield whole_view(chosen, image, made, wanted), made


def read_given(chosen: Checkpoint, data: object) -> Tensor:
    """What the pad sent -> (C, H, W), see `pictures.read_given`."""
    return pictures.read_given(chosen.media, data)


def look(
    catalogue: Catalogue, checkpoint: object, label: object, data: object
) -> tuple[dict[str, Any], dict[str, Any]]:
    """A given picture instead of a drawn one: the viewer's value and the settings."""
    chosen = catalogue.find(checkpoint, NEEDS)
    label = read_label(chosen, label)
    image = read_given(chosen, data)
    made = {
        "checkpoint": chosen.name, "revision": chosen.revision, "label": label,
        "picture": pictures.pack(chosen.media, image),
    }  # fmt: skip
    return whole_view(chosen, image, made, {}), made


def numbers(chosen: Checkpoint, image: Tensor, made: dict[str, Any]) -> bytes:
    """An .npz file, without pickles: `weights` float32 (layers, heads, T, T), `tokens` uint8
    (T, values of a patch), `image` uint8 (H, W, C), `settings` as JSON."""
    file = io.BytesIO()
    np.savez_compressed(
        file,
        weights=explain(chosen, image, made["label"]).numpy(),
        tokens=model_of(chosen).tokens(image[None])[0].to(torch.uint8).numpy(),
        image=chosen.media.to_uint8(image[None])[0],
        settings=np.array(json.dumps(made)),
    )
    return file.getvalue()


def finished(chosen: Checkpoint, made: dict[str, Any]) -> Tensor:
    return list(draw(chosen, made))[-1][0]


def answer(
    catalogue: Catalogue, checkpoint: object, seed: object, label: object, prompt: object = "",
    length: object = LENGTH,
) -> tuple[Image.Image | None, list[list[int]], bytes, dict[str, Any]]:  # fmt: skip
    """The endpoint's four answers: the sample, its tokens, the .npz file, the settings. A text
    stands among the settings."""
    chosen, made = read_settings(catalogue, checkpoint, seed, label, 1.0, prompt, length)
    if sequence.draws(chosen):
        text = sequence.finished(chosen, made)
        made["text"] = chosen.media.to_text(text)
        tokens = model_of(chosen).tokens(text[None])[0].tolist()
        return None, tokens, sequence.numbers(chosen, text, made), made
    image = finished(chosen, made)
    made["grid"] = list(model_of(chosen).grid)
    tokens = model_of(chosen).tokens(image[None])[0].tolist()
    return chosen.media.to_pil(image), tokens, numbers(chosen, image, made), made


def again(catalogue: Catalogue, made: object, data: object) -> tuple[bytes, str]:
    """The .npz file of what stands in the viewer, from its settings and the picture that was
    given if one was, and a name for the file."""
    if not isinstance(made, dict) or "checkpoint" not in made:
        raise ValueError(texts.DRAW_FIRST)
    if "picture" in made:
        chosen = catalogue.find(made["checkpoint"], NEEDS)
        image = read_given(chosen, data)
        settings = {**made, "label": read_label(chosen, made.get("label"))}
        return numbers(chosen, image, settings), f"{chosen.name}-given.npz"
    chosen, settings = read_settings(
        catalogue, made["checkpoint"], made.get("seed"), made.get("label"),
        made.get("temperature"), made.get("prompt"), made.get("length", LENGTH),
    )  # fmt: skip
    name = f"{chosen.name}-seed{settings['seed']}-{settings['label']}.npz"
    if sequence.draws(chosen):
        return sequence.numbers(chosen, sequence.finished(chosen, settings), settings), name
    return numbers(chosen, finished(chosen, settings), settings), name


def build(catalogue: Catalogue) -> parts.Page:
    def attention(
        checkpoint: str = "", seed: int = 0, label: str = ANY, prompt: str = "",
        length: int = LENGTH,
    ) -> tuple[Image.Image | None, list[list[int]], str, dict[str, Any]]:  # fmt: skip
        image, tokens, content, made = answer(catalogue, checkpoint, seed, label, prompt, length)
        name = f"{made['checkpoint']}-seed{made['seed']}-{made['label']}.npz"
        file = save_bytes_to_cache(content, name, cache_dir=saved.GRADIO_CACHE)
        return image, tokens, file, made

    def run(
        checkpoint: str, seed: int, label: str, temperature: float, layer: str, head: str,
        position: str, prompt: str, length: int, picture: str = "",
    ) -> Iterator[tuple[Any, ...]]:  # fmt: skip
        said = ""
        if (chosen := catalogue.find(checkpoint, NEEDS)) and sequence.draws(chosen):
            said = sequence.noted(chosen.media, read_prompt(prompt), sequence.room(chosen))
        for value, made in watch(
            catalogue,
            checkpoint,
            seed,
            label,
            temperature,
            layer,
            head,
            position,
            prompt,
            length,
            picture,
        ):
            finished = "maps" in value
            views = (gr.skip(), value) if "chars" in value else (value, gr.skip())
            made_with = made.get("seed", gr.skip())
            yield *views, made if finished else gr.skip(), made_with, picture, said

    def shapes(name: str | None) -> tuple[Any, ...]:
        """What is shown for a checkpoint, in the order of `shaped`."""
        chosen = catalogue.find(name, NEEDS) if name else None
        is_text = chosen is not None and sequence.draws(chosen)
        info = han.prompt_info(chosen.media) if is_text and chosen else texts.PROMPT_INFO
        return (
            gr.Textbox(visible=is_text, info=info), gr.Slider(visible=is_text),
            gr.Button(texts.WRITE if is_text else texts.DRAW_PICTURE),
            gr.Accordion(visible=not is_text), gr.HTML(visible=not is_text),
            gr.HTML(visible=is_text), gr.HTML(visible=is_text),
        )  # fmt: skip

    def given(checkpoint: str, label: str, data: str) -> tuple[Any, ...]:
        value, made = look(catalogue, checkpoint, label, data)
        return value, made, data

    def go_on(chosen: gr.EventData) -> str:
        return read_prompt(chosen._data.get("prompt"))

    def export(made: dict[str, Any], data: str) -> Any:
        content, name = again(catalogue, made, data)
        file = save_bytes_to_cache(content, name, cache_dir=saved.GRADIO_CACHE)
        return gr.DownloadButton(value=file)

    with gr.Row(elem_classes="page"):
        with gr.Column(scale=1, min_width=260, elem_classes="controls"):
            checkpoint = parts.chooser(catalogue, NEEDS)
            first = catalogue.find(checkpoint.value, NEEDS) if checkpoint.value else None
            is_text = first is not None and sequence.draws(first)
            with gr.Group():
                label = gr.Dropdown(
                    parts.labels(catalogue, checkpoint.value, NEEDS), value=ANY, label=texts.CLASS
                )
                prompt = gr.Textbox(
                    label=texts.PROMPT, max_length=MAX_PROMPT, lines=2, visible=is_text,
                    info=han.prompt_info(first.media) if is_text and first else texts.PROMPT_INFO,
                )  # fmt: skip
                length = gr.Slider(
                    0, sequence.MAX_SYMBOLS, LENGTH, step=1, label=texts.LENGTH,
                    info=texts.LENGTH_LOOK, visible=is_text,
                )  # fmt: skip
                temperature = gr.Slider(
                    0, MAX_TEMPERATURE, 1, step=0.05, label=texts.TEMPERATURE,
                    info=texts.TEMPERATURE_INFO,
                )  # fmt: skip
                seed = gr.Number(0, label=texts.SEED, precision=0, info=texts.SEED_INFO)
                randomise = gr.Checkbox(True, label=texts.RANDOMISE, container=True)
            button = gr.Button(
                texts.WRITE if is_text else texts.DRAW_PICTURE, variant="primary", size="lg"
            )
            with gr.Accordion(texts.OWN_PICTURE, open=False, visible=not is_text) as own:
                pad = pictures.pad(texts.OWN_PICTURE)
                gr.Markdown(texts.OWN_PICTURE_INFO, elem_classes="hint")
                look_button = gr.Button(texts.LOOK)
        with gr.Column(scale=3, min_width=300, elem_classes="result"):
            viewer = gr.HTML(
                {}, html_template=figures.template("attention.html", texts.VIEWER),
                css_template=figures.read_static("attention.css"),
                js_on_load=figures.read_static("weights.js") + figures.read_static("attention.js"),
                apply_default_css=False, elem_id="attention-viewer", visible=not is_text,
            )  # fmt: skip
            note = gr.HTML(visible=is_text, js_on_load=None)
            text_viewer = sequence.viewer(is_text)
            with gr.Row(elem_classes="actions"):
                link = parts.link_button(ID)
                save = gr.Button(texts.SAVE_WEIGHTS, size="sm", min_width=110, elem_classes="pill")
            made = parts.made_box()
    parts.about(catalogue, checkpoint, NEEDS, texts.ABOUT_ATTENTION)

    # A link says where to look through these; the viewer takes over from there.
    layer, head, position = (gr.Textbox("", visible=False) for _ in range(3))
    shown_picture = gr.State("")
    saved = gr.DownloadButton(visible="hidden", elem_id="attention-numbers")
    settings = {
        "checkpoint": checkpoint, "seed": seed, "label": label, "temperature": temperature,
        "layer": layer, "head": head, "position": position, "prompt": prompt, "length": length,
    }  # fmt: skip
    linked = {**settings, "picture": pad}
    shaped = [prompt, length, button, own, viewer, text_viewer, note]
    checkpoint.change(parts.spoken(shapes), checkpoint, shaped, **parts.QUIET)
    work: dict[str, Any] = {"show_progress": "hidden", **parts.PRIVATE, **parts.MODEL_WORK}
    event: dict[str, Any] = {
        "fn": parts.spoken(run), "inputs": list(settings.values()),
        "outputs": [viewer, text_viewer, made, seed, shown_picture, note], **work,
    }  # fmt: skip
    new_seed = "(c, s, ...more) => [c, more.pop() ? aigc.seed() : s, ...more, '']"
    button.click(**{**event, "inputs": [*settings.values(), randomise], "js": new_seed})
    parts.follow_checkpoint(catalogue, NEEDS, checkpoint, [label]).then(**event)
    # Another character was chosen in a text: the beginning up to it, from which to go on.
    text_viewer.submit(
        parts.spoken(go_on), None, prompt, show_progress="hidden", **parts.PRIVATE
    ).success(**event)
    look_button.click(
        parts.spoken(given), [checkpoint, label, pad], [viewer, made, shown_picture], **work
    )
    save.click(parts.spoken(export), [made, shown_picture], saved, **work).success(
        None, js="() => document.querySelector('#attention-numbers').click()", **parts.PRIVATE
    )
    parts.endpoint(
        attention, "attention",
        [
            gr.Image(visible=False, format="png", label="sample"),
            gr.JSON(visible=False, label="tokens"),
            gr.File(visible=False, label="weights"),
            gr.JSON(visible=False, label="settings"),
        ],
        "A drawn picture, its tokens (T, values of a patch), its attention weights as an .npz file "
        "(`weights` is (layers, heads, T, T); row t drew patch t, column 0 is the start token, "
        "column j the patch j - 1), and the settings that made them. A checkpoint that writes goes "
        "on from `prompt` for up to `length` characters (0: looks at the prompt alone); its `text` "
        "stands among the settings, and a token is a symbol.",
    )  # fmt: skip
    opening = {**event, "inputs": list(linked.values())}  # a picture in the pad came in the link
    return parts.Page(linked, opening, made, link, READERS)
