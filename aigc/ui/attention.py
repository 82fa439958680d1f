"""Where every head looked while a picture was drawn, or a text written.

The weights of one result travel to the browser once (weights.py); hovering, clicking and replaying
happen there and never wait for the server. What a picture and a text look like stands in their own
modules, see kinds.py.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import gradio as gr
from PIL import Image
from torch import Tensor

from aigc.checkpoint import Checkpoint
from aigc.ui import formula, heads, kinds, lengths, offline, parts, pictures, served, texts
from aigc.ui.catalogue import (
    ANY,
    LENGTH,
    MAX_TEMPERATURE,
    Catalogue,
    read_label,
    read_prompt,
    read_seed,
    read_temperature,
    shown,
    whole,
)  # fmt: skip

ID = "attention"
NEEDS = "attention"

MAX_PLACES = 2**20  # a link may name places up to here; the viewer keeps to what there is
AVERAGES = ("mean", "max")
ROLLOUT = "rollout"
# The viewer's switches, by what they are called in links (static/attention.js, sequence.js).
SWITCHES = ("later", "linear", "log", "sink", "shared", "nolines", "surprise")


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


# What some kind asks for, and no other.
LOOKED = {name: check for kind in kinds.KINDS.values() for name, check in kind.LOOKED.items()}
READERS = {
    **LOOKED,
    "show": read_show,
    "new_seed": read_switch("RANDOMISE"),
    "layer": _place_or("layer", (ROLLOUT,)),
    "head": _place_or("head", AVERAGES),
    "position": _place_or("position", ()),
    "picture": pictures.read_packed,
}


# What the browser says is looked at, for an event whose third input it fills.
WHERE = """(made, picture) => {
  const viewer = [...document.querySelectorAll('.av-viewer')].find((one) => one.offsetParent);
  const { layer, head, position, show } = viewer ? viewer.dataset : {};
  return [made, picture, { layer, head, position, show }];
}"""

# From settings to a picture or a text, and its weights


def find(catalogue: Catalogue, name: object) -> Checkpoint:
    """The checkpoint of this name. Raises ValueError with a sentence, also for one whose maps are
    too many numbers."""
    chosen = catalogue.find(name, NEEDS)
    heads.check_maps(chosen)
    return chosen


def read_settings(
    catalogue: Catalogue, checkpoint: object, seed: object, label: object,
    temperature: object = 1.0, **more: object,
) -> tuple[Checkpoint, dict[str, Any]]:  # fmt: skip
    """The checkpoint and the checked settings, of `more` those that its kind asks for; `length` is
    LENGTH where nobody says it. Raises ValueError with a sentence."""
    chosen = find(catalogue, checkpoint)
    made = {
        "checkpoint": chosen.name, "revision": chosen.revision, "seed": read_seed(seed),
        "label": read_label(chosen, label), "temperature": read_temperature(temperature),
    }  # fmt: skip
    asked = {"length": LENGTH, **more}
    return chosen, made | {
        name: check(asked.get(name)) for name, check in kinds.of(chosen).LOOKED.items()
    }


def watch(
    catalogue: Catalogue,
    checkpoint: object,
    seed: object,
    label: object,
    temperature: object = 1.0,
    layer: object = "",
    head: object = "",
    position: object = "",
    picture: object = "",
    show: object = "",
    **more: object,
) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Draw a picture or write a text in front of the visitor, or take the picture that a link
    brought, then show where each step looked: yields the viewer's value and the settings that made
    it."""
    if picture:
        value, made = look(catalogue, checkpoint, label, picture)
        yield {**value, "view": view(layer, head, position, show)}, made
        return
    chosen, made = read_settings(catalogue, checkpoint, seed, label, temperature, **more)
    for value in kinds.of(chosen).watch(chosen, made, view(layer, head, position, show)):
        yield value, made


def read_given(chosen: Checkpoint, data: object) -> Tensor:
    """What the pad sent -> (C, H, W), see `pictures.read_given`. Raises ValueError with a sentence,
    for a model of something else, too."""
    if not kinds.of(chosen).GIVES_PICTURES:
        raise ValueError(texts.NO_PICTURES.format(name=chosen.name))
    return pictures.read_given(chosen.media, data)


def look(
    catalogue: Catalogue, checkpoint: object, label: object, data: object
) -> tuple[dict[str, Any], dict[str, Any]]:
    """A given picture instead of a drawn one: the viewer's value and the settings."""
    chosen = find(catalogue, checkpoint)
    label = read_label(chosen, label)
    image = read_given(chosen, data)
    made = {
        "checkpoint": chosen.name, "revision": chosen.revision, "label": label,
        "picture": pictures.pack(chosen.media, image),
    }  # fmt: skip
    return kinds.of(chosen).whole_view(chosen, image, made, {}), made


def answer(
    catalogue: Catalogue, checkpoint: object, seed: object, label: object, **more: object
) -> tuple[Image.Image | None, list[list[int]], bytes, dict[str, Any]]:
    """The endpoint's four answers: the sample, its tokens, the .npz file, the settings. A text
    stands among the settings."""
    chosen, made = read_settings(catalogue, checkpoint, seed, label, 1.0, **more)
    kind = kinds.of(chosen)
    piece = kind.finished(chosen, made)
    tokens = chosen.model.tokens(piece[None])[0].tolist()  # type: ignore[operator]
    picture, facts = kind.answered(chosen, piece)
    file = kind.numbers(chosen, piece, made)
    return picture, tokens, file, made | facts


# From what stands in the viewer, by the settings that made it and the picture that was given


def remade(
    catalogue: Catalogue, made: object, data: object
) -> tuple[Checkpoint, Tensor, dict[str, Any]]:
    """The checkpoint, the picture or text, and its checked settings. Raises ValueError with a
    sentence."""
    if not isinstance(made, dict) or "checkpoint" not in made:
        raise ValueError(texts.DRAW_FIRST)
    if "picture" in made:
        chosen = find(catalogue, made["checkpoint"])
        settings = {**made, "label": read_label(chosen, made.get("label"))}
        return chosen, read_given(chosen, data), settings
    chosen, settings = read_settings(
        catalogue, made["checkpoint"], made.get("seed"), made.get("label"),
        made.get("temperature"),
        **{name: made[name] for name in LOOKED if name in made},
    )  # fmt: skip
    return chosen, kinds.of(chosen).finished(chosen, settings), settings


def named(chosen: Checkpoint, settings: dict[str, Any]) -> str:
    """A name for a file, without its ending."""
    short = chosen.name.replace("/", "-")
    return f"{short}-given" if "picture" in settings else (
        f"{short}-seed{settings['seed']}-{settings['label']}"
    )  # fmt: skip


def again(catalogue: Catalogue, made: object, data: object) -> tuple[bytes, str]:
    """The .npz file, and a name for it."""
    chosen, piece, settings = remade(catalogue, made, data)
    return kinds.of(chosen).numbers(chosen, piece, settings), f"{named(chosen, settings)}.npz"


def saved_page(
    catalogue: Catalogue, made: object, data: object, where: object
) -> tuple[bytes, str]:
    """The viewer with its data as one HTML file that needs no server, opened at the place that is
    looked at, and a name for it."""
    chosen, piece, settings = remade(catalogue, made, data)
    kind = kinds.of(chosen)
    looking = view(**read_where(where))
    value = kind.whole_view(chosen, piece, settings, looking)
    page = offline.page(chosen, value, settings, kind.FILES, looking)
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
    if lacking := no_scores(chosen):
        return lacking
    if at["layer"] == ROLLOUT or at["head"] in AVERAGES:
        return f"<p>{texts.FORMULA_ONE}</p>"
    length = chosen.model.tokens(piece[None]).shape[1]  # type: ignore[operator]
    found = formula.step_of(chosen, piece, {**at, "label": settings["label"]}, length)
    kind = kinds.of(chosen)
    name = partial(kind.named, chosen, piece)
    title = texts.FORMULA_AT.format(layer=at["layer"], head=at["head"], place=name(found.at))
    links = kind.explorers(chosen, piece, settings, at)
    return f"<h2>{title}</h2>{formula.table(found, length, name)}{links}"


def lengths_of(catalogue: Catalogue, made: object, data: object) -> str:
    """What longer sequences cost the model of what stands in the viewer, as HTML."""
    chosen, piece, settings = remade(catalogue, made, data)
    model: Any = chosen.model
    return no_scores(chosen) or lengths.measured(
        chosen, piece, settings["label"], math.prod(model.grid)
    )


def no_scores(chosen: Checkpoint) -> str:
    """That this model does not say what its weights are computed from, or nothing."""
    if "scores" in chosen.capabilities:
        return ""
    return texts.LACKS.format(name=chosen.name, capability="scores", choose="").rstrip("; .")


def build(catalogue: Catalogue) -> parts.Page:
    def attention(
        checkpoint: str = catalogue.first(NEEDS), seed: int = 0, label: str = ANY, prompt: str = "",
        length: int = LENGTH,
    ) -> tuple[str | None, list[list[int]], str, dict[str, Any]]:  # fmt: skip
        image, tokens, content, made = answer(
            catalogue, checkpoint, seed, label, prompt=prompt, length=length
        )
        name = f"{made['checkpoint']}-seed{made['seed']}-{made['label']}.npz"
        picture = None if image is None else served.pictures([image], ID, made)[0]
        return picture, tokens, served.keep(content, name), made

    def run(*given: Any) -> Iterator[tuple[Any, ...]]:
        asked = dict(zip(linked, given))
        asked.pop("new_seed", None)
        picture, said = asked.pop("picture", ""), ""
        chosen = find(catalogue, asked["checkpoint"])
        kind = kinds.of(chosen)
        for value, made in watch(catalogue, picture=picture, **asked):
            finished = "maps" in value
            views = (value if viewer is viewers[kind] else gr.skip() for viewer in viewers.values())
            if "seed" in made:
                said = kind.look_noted(chosen, made)
            made_with = made.get("seed", gr.skip())
            yield made if finished else gr.skip(), made_with, picture, said, *views

    def shapes(name: str | None) -> tuple[Any, ...]:
        """What is shown for a checkpoint, in the order of `shaped`."""
        chosen = catalogue.find(name, NEEDS) if name else None
        kind = kinds.of(chosen) if chosen else next(iter(viewers))
        more = (one for other in viewers for one in other.look_shapes(chosen))
        return (
            gr.Button(getattr(texts, kind.BUTTON)), gr.Accordion(visible=kind.GIVES_PICTURES), "",
            *(gr.HTML(visible=other is kind) for other in viewers), *more,
        )  # fmt: skip

    def given(checkpoint: str, label: str, data: str) -> tuple[Any, ...]:
        value, made = look(catalogue, checkpoint, label, data)
        kind = kinds.of(catalogue.find(checkpoint, NEEDS))
        return made, data, *(value if other is kind else gr.skip() for other in viewers)

    def go_on(chosen: gr.EventData) -> str:
        return read_prompt(chosen._data.get("prompt"))

    def export(write: Callable[..., tuple[bytes, str]], *given: Any) -> Any:
        content, name = write(catalogue, *given)
        file = served.keep(content, name)
        return gr.DownloadButton(value=file)

    with gr.Row(elem_classes="page"):
        with gr.Column(scale=1, min_width=260, elem_classes="controls"):
            checkpoint = parts.chooser(catalogue, NEEDS)
            first = catalogue.find(checkpoint.value, NEEDS) if checkpoint.value else None
            now = kinds.of(first) if first else next(iter(kinds.KINDS.values()))
            with gr.Group():
                label = parts.Choice(
                    parts.labels(catalogue, checkpoint.value, NEEDS), value=ANY, label=texts.CLASS
                )
                more: dict[str, Any] = {}
                for kind in kinds.KINDS.values():
                    more |= kind.look_controls(first)
                temperature = gr.Slider(
                    0, MAX_TEMPERATURE, 1, step=0.05, label=texts.TEMPERATURE,
                    info=texts.TEMPERATURE_INFO,
                )  # fmt: skip
                seed = gr.Number(0, label=texts.SEED, precision=0, info=texts.SEED_INFO)
                randomise = gr.Checkbox(True, label=texts.RANDOMISE, container=True)
            button = gr.Button(getattr(texts, now.BUTTON), variant="primary", size="lg")
            with gr.Accordion(texts.OWN_PICTURE, open=False, visible=now.GIVES_PICTURES) as own:
                pad = pictures.pad(texts.OWN_PICTURE)
                gr.Markdown(texts.OWN_PICTURE_INFO, elem_classes="hint")
                look_button = gr.Button(texts.LOOK)
        with gr.Column(scale=3, min_width=300, elem_classes="result"):
            note = gr.HTML(js_on_load=None)
            viewers = {kind: kind.viewer(kind is now) for kind in kinds.KINDS.values()}
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
            with gr.Accordion(texts.COST, open=False):
                gr.Markdown(texts.COST_HINT, elem_classes="hint")
                measure = gr.Button(texts.COST_MEASURE, size="sm", elem_classes="pill")
                costs = gr.HTML(
                    js_on_load=None, elem_id="attention-lengths", elem_classes="explore"
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
        "layer": layer, "head": head, "position": position, **more,
    }  # fmt: skip
    linked = {**settings, "picture": pad, "show": show, "new_seed": randomise}
    shaped = [button, own, costs, *viewers.values(), *more.values()]
    checkpoint.change(parts.spoken(shapes), checkpoint, shaped, **parts.QUIET)
    work: dict[str, Any] = {**parts.UNSEEN, **parts.MODEL_WORK}
    event: dict[str, Any] = {
        "fn": parts.spoken(run), "inputs": list(settings.values()),
        "outputs": [made, seed, shown_picture, note, *viewers.values()], **parts.LATEST, **work,
    }  # fmt: skip
    new_seed = "(c, s, ...more) => [c, more.pop() ? aigc.seed() : s, ...more, '']"
    button.click(**{
        **event, **parts.ONCE, "inputs": [*settings.values(), randomise], "js": new_seed,
    })  # fmt: skip
    parts.typed([seed], randomise)
    parts.follow_checkpoint(catalogue, NEEDS, checkpoint, [label]).then(**event)
    # Another character was chosen in a text: the beginning up to it, from which to go on.
    for kind, viewer in viewers.items():
        if "prompt" in kind.LOOKED:
            viewer.submit(parts.spoken(go_on), None, more["prompt"], **parts.UNSEEN).success(
                **event
            )
    look_button.click(
        parts.spoken(given), [checkpoint, label, pad], [made, shown_picture, *viewers.values()],
        **work,
    )  # fmt: skip
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
        [here.expand, *(viewer.select for viewer in viewers.values())],
        parts.spoken(partial(formula_at, catalogue)),
        outputs=numbers_here, **parts.LATEST, **{**looking, "queue": False},
    )  # fmt: skip
    measure.click(
        parts.spoken(partial(lengths_of, catalogue)), [made, shown_picture], costs,
        **parts.ONCE, **work | {"show_progress": "minimal", "show_progress_on": costs},
    )  # fmt: skip
    randomise.change(
        None, randomise, None, **parts.PRIVATE,
        js="(on) => aigc.look('attention', { new_seed: on ? undefined : 0 }, 'seed')",
    )  # fmt: skip
    parts.endpoint(
        attention, "attention",
        [
            gr.Image(visible=False, label="sample"),
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
