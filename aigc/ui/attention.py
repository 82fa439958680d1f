"""Where every head looked while a picture was drawn, or a text written.

The weights of one result travel to the browser once (weights.py); hovering, clicking and replaying
happen there (static/attention.js) and never wait for the server. What is about texts stands in
sequence.py.
"""

from __future__ import annotations

import html
import io
import json
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any
from urllib.parse import urlencode

import gradio as gr
import numpy as np
import torch
from gradio.processing_utils import save_bytes_to_cache
from PIL import Image
from torch import Tensor

from aigc import latent
from aigc.checkpoint import Checkpoint
from aigc.ui import (
    cache,
    figures,
    formula,
    han,
    offline,
    parts,
    pictures,
    pixel,
    sequence,
    texts,
)  # fmt: skip
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
MAX_CHARTS = 12  # of the values of a patch; the page has no room for more
AVERAGES = ("mean", "max")
ROLLOUT = "rollout"
# The viewer's switches, by what they are called in links (static/attention.js, sequence.js).
SWITCHES = ("later", "linear", "log", "sink", "shared", "nolines", "surprise")

# What the browser gets


def frame(chosen: Checkpoint, image: Tensor, drawn: int) -> dict[str, Any]:
    """A picture (C, H, W) for the browser, of which the first `drawn` patches exist."""
    rows, columns = model_of(chosen).grid
    return {
        "rows": rows, "columns": columns, "drawn": drawn,
        "width": chosen.media.width, "height": chosen.media.height,
        "channels": chosen.media.channels, "pixels": encode(chosen.media.to_uint8(image[None])),
    }  # fmt: skip


def view(
    layer: object = "", head: object = "", position: object = "", show: object = ""
) -> dict[str, Any]:
    """What a link asks the viewer to show; what it does not name is left to the viewer."""
    named = {"layer": layer, "head": head, "position": position, "show": show}
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


def read_show(value: object) -> str:
    """`later,log`: the switches of the viewer that do not stand as usual, in the order of SWITCHES,
    each once. Raises ValueError with a sentence."""
    words = value.split(",") if isinstance(value, str) and value else []
    if not isinstance(value, str) or not set(words) <= set(SWITCHES):
        known = ", ".join(SWITCHES)
        raise ValueError(texts.NO_SWITCHES.format(known=known, value=shown(value)))
    return ",".join(word for word in SWITCHES if word in words)


def read_switch(name: str) -> Callable[[object], bool]:
    """A check box in a link: 0 or 1."""

    def read(value: object) -> bool:
        if value not in ("0", "1", 0, 1):
            raise ValueError(
                texts.NO_CHOICE.format(
                    name=getattr(texts, name), known=texts.either("01"), value=shown(value)
                )
            )
        return value in ("1", 1)

    return read


READERS = {
    "show": read_show,
    "new_seed": read_switch("RANDOMISE"),
    "layer": _place_or("layer", (ROLLOUT,)),
    "head": _place_or("head", AVERAGES),
    "position": _place_or("position", ()),
    "picture": pictures.read_packed,
    "length": lambda value: whole(texts.THE_LENGTH, value, 0, sequence.MAX_SYMBOLS),
}


# What the browser says is looked at, for an event whose third input it fills.
WHERE = """(made, picture) => {
  const viewer = [...document.querySelectorAll('.av-viewer')].find((one) => one.offsetParent);
  const { layer, head, position, show } = viewer ? viewer.dataset : {};
  return [made, picture, { layer, head, position, show }];
}"""

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
    asked = image[None], [chosen.label_index(made["label"])]
    tokens = model_of(chosen).tokens(asked[0])[0]  # (T, P)
    if "predict" in chosen.capabilities and tokens.shape[1] <= MAX_CHARTS:
        value["expected"] = pixel.packed(model_of(chosen).predict(*asked)[0], tokens)
    if "surprise" in chosen.capabilities:
        value["bits"] = encode(model_of(chosen).surprise(*asked)[0].numpy().astype("<f4"))
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
    show: object = "",
) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Draw a picture or write a text in front of the visitor, or take the picture that a link
    brought, then show where each step looked: yields the viewer's value and the settings that made
    it."""
    if picture:
        value, made = look(catalogue, checkpoint, label, picture)
        yield {**value, "view": view(layer, head, position, show)}, made
        return
    chosen, made = read_settings(catalogue, checkpoint, seed, label, temperature, prompt, length)
    wanted = view(layer, head, position, show)
    if sequence.draws(chosen):
        for value in sequence.watch(chosen, made, wanted):
            yield value, made
        return
    image = torch.zeros(chosen.media.shape)
    for image, drawn in draw(chosen, made):
        yield frame(chosen, image, drawn), made
    cache.keep(chosen, made, image)
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
    """The picture (C, H, W) or the text (T,) of these settings."""
    if sequence.draws(chosen):
        return sequence.finished(chosen, made)
    return cache.recall(chosen, made, lambda: list(draw(chosen, made))[-1][0])


def answer(
    catalogue: Catalogue, checkpoint: object, seed: object, label: object, prompt: object = "",
    length: object = LENGTH,
) -> tuple[Image.Image | None, list[list[int]], bytes, dict[str, Any]]:  # fmt: skip
    """The endpoint's four answers: the sample, its tokens, the .npz file, the settings. A text
    stands among the settings."""
    chosen, made = read_settings(catalogue, checkpoint, seed, label, 1.0, prompt, length)
    piece = finished(chosen, made)
    tokens = model_of(chosen).tokens(piece[None])[0].tolist()
    if sequence.draws(chosen):
        made["text"] = chosen.media.to_text(piece)
        return None, tokens, sequence.numbers(chosen, piece, made), made
    made["grid"] = list(model_of(chosen).grid)
    return chosen.media.to_pil(piece), tokens, numbers(chosen, piece, made), made


# From what stands in the viewer, by the settings that made it and the picture that was given


def remade(
    catalogue: Catalogue, made: object, data: object
) -> tuple[Checkpoint, Tensor, dict[str, Any]]:
    """The checkpoint, the picture or text, and its checked settings. Raises ValueError with a
    sentence."""
    if not isinstance(made, dict) or "checkpoint" not in made:
        raise ValueError(texts.DRAW_FIRST)
    if "picture" in made:
        chosen = catalogue.find(made["checkpoint"], NEEDS)
        settings = {**made, "label": read_label(chosen, made.get("label"))}
        return chosen, read_given(chosen, data), settings
    chosen, settings = read_settings(
        catalogue, made["checkpoint"], made.get("seed"), made.get("label"),
        made.get("temperature"), made.get("prompt"), made.get("length", LENGTH),
    )  # fmt: skip
    return chosen, finished(chosen, settings), settings


def named(chosen: Checkpoint, settings: dict[str, Any]) -> str:
    """A name for a file, without its ending."""
    short = chosen.name.replace("/", "-")
    return f"{short}-given" if "picture" in settings else (
        f"{short}-seed{settings['seed']}-{settings['label']}"
    )  # fmt: skip


def again(catalogue: Catalogue, made: object, data: object) -> tuple[bytes, str]:
    """The .npz file, and a name for it."""
    chosen, piece, settings = remade(catalogue, made, data)
    write = sequence.numbers if sequence.draws(chosen) else numbers
    return write(chosen, piece, settings), f"{named(chosen, settings)}.npz"


def saved_page(
    catalogue: Catalogue, made: object, data: object, where: object
) -> tuple[bytes, str]:
    """The viewer with its data as one HTML file that needs no server, opened at the place that is
    looked at, and a name for it."""
    chosen, piece, settings = remade(catalogue, made, data)
    write = sequence.whole_view if sequence.draws(chosen) else whole_view
    value = write(chosen, piece, settings, view(**read_where(where)))
    page = offline.page(chosen, value, settings, sequence.draws(chosen))
    return page.encode(), f"{named(chosen, settings)}.html"


def read_where(where: object) -> dict[str, object]:
    """The layer, head, place and switches that the browser says are looked at."""
    found = where if isinstance(where, dict) else {}
    return {name: found.get(name, "") for name in ("layer", "head", "position", "show")}


def formula_at(catalogue: Catalogue, made: object, data: object, where: object) -> str:
    """The formula with the numbers of the place, the layer and the head that are looked at, as
    HTML."""
    chosen, piece, settings = remade(catalogue, made, data)
    at = read_where(where)
    if "scores" not in chosen.capabilities:
        return texts.LACKS.format(name=chosen.name, capability="scores", choose="").rstrip("; .")
    if at["layer"] == ROLLOUT or at["head"] in AVERAGES:
        return f"<p>{texts.FORMULA_ONE}</p>"
    length = model_of(chosen).tokens(piece[None]).shape[1]
    found = formula.step_of(chosen, piece, {**at, "label": settings["label"]}, length)

    def name(place: int) -> str:
        if sequence.draws(chosen):
            return sequence.named(chosen, piece, place)
        return formula.patch(chosen, place)

    title = texts.FORMULA_AT.format(layer=at["layer"], head=at["head"], place=name(found.at))
    links = "" if sequence.draws(chosen) else explorers(chosen, piece, settings, at)
    return f"<h4>{title}</h4>{formula.table(found, length, name)}{links}"


def explorers(
    chosen: Checkpoint, image: Tensor, settings: dict[str, Any], at: dict[str, object]
) -> str:
    """Links to what Explore says of this very place of this very picture."""
    items = ""
    for name, needs in (("pixel", "predict"), ("formula", "scores")):
        if needs in chosen.capabilities:
            query = {
                "tab": "explore", "checkpoint": chosen.name, "view": name,
                "label": settings["label"], "position": at["position"],
                "drawing": pictures.pack(chosen.media, image), "lang": texts.language(),
            }  # fmt: skip
            if name == "formula":
                query |= {"layer": at["layer"], "head": at["head"]}
            address = html.escape(f"?{urlencode(query)}")
            items += f'<a class="pill" href="{address}">{texts.VIEWS[name]}</a> '
    return f"<p>{texts.IN_EXPLORE} {items}</p>"


def build(catalogue: Catalogue) -> parts.Page:
    def attention(
        checkpoint: str = catalogue.first(NEEDS), seed: int = 0, label: str = ANY, prompt: str = "",
        length: int = LENGTH,
    ) -> tuple[Image.Image | None, list[list[int]], str, dict[str, Any]]:  # fmt: skip
        image, tokens, content, made = answer(catalogue, checkpoint, seed, label, prompt, length)
        name = f"{made['checkpoint']}-seed{made['seed']}-{made['label']}.npz"
        file = save_bytes_to_cache(content, name, cache_dir=saved.GRADIO_CACHE)
        return image, tokens, file, made

    def run(
        checkpoint: str, seed: int, label: str, temperature: float, layer: str, head: str,
        position: str, prompt: str, length: int, picture: str = "", show: str = "",
        _new_seed: bool = True,
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
            show,
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

    def export(write: Callable[..., tuple[bytes, str]], *given: Any) -> Any:
        content, name = write(catalogue, *given)
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
                save_page = gr.Button(
                    texts.SAVE_PAGE, size="sm", min_width=110, elem_classes="pill"
                )
            with gr.Accordion(texts.FORMULA_HERE, open=False, elem_classes="numbers") as here:
                numbers_here = gr.HTML(
                    js_on_load=None, elem_id="attention-formula", elem_classes="explore"
                )
            made = parts.made_box()
    parts.about(catalogue, checkpoint, NEEDS, texts.ABOUT_ATTENTION)

    # A link says where to look through these; the viewer takes over from there.
    layer, head, position, show = (gr.Textbox("", visible=False) for _ in range(4))
    at = gr.JSON(visible=False)  # what is looked at, as the browser says
    shown_picture = gr.State("")
    saved = gr.DownloadButton(visible="hidden", elem_id="attention-numbers")
    settings = {
        "checkpoint": checkpoint, "seed": seed, "label": label, "temperature": temperature,
        "layer": layer, "head": head, "position": position, "prompt": prompt, "length": length,
    }  # fmt: skip
    linked = {**settings, "picture": pad, "show": show, "new_seed": randomise}
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
    fetch: dict[str, Any] = {
        "fn": None, "js": "() => document.querySelector('#attention-numbers').click()",
        **parts.PRIVATE,
    }  # fmt: skip
    save.click(parts.spoken(partial(export, again)), [made, shown_picture], saved, **work).success(
        **fetch
    )
    looking: dict[str, Any] = {"inputs": [made, shown_picture, at], "js": WHERE, **work}
    exporting = parts.spoken(partial(export, saved_page))
    save_page.click(exporting, outputs=saved, **looking).success(**fetch)
    gr.on(
        [here.expand, viewer.select, text_viewer.select],
        parts.spoken(partial(formula_at, catalogue)),
        outputs=numbers_here, trigger_mode="always_last", **{**looking, "queue": False},
    )  # fmt: skip
    randomise.change(
        None, randomise, None, **parts.PRIVATE,
        js="(on) => aigc.look('attention', { new_seed: on ? undefined : 0 }, 'seed')",
    )  # fmt: skip
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
