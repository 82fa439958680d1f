"""Pictures: sheets of them in Sample, and in the attention tab a picture patch by patch, with what
each head read (static/attention.js). One of kinds.KINDS, which says what each part is for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import gradio as gr
import torch
from PIL import Image
from torch import Tensor

from aigc import latent
from aigc.checkpoint import Checkpoint
from aigc.ui import cache, figures, formula, labels, offline, parts, pictures, pixel, texts
from aigc.ui.catalogue import ANY
from aigc.ui.weights import archive, encode, pack

ASKED: dict[str, Any] = {}
LOOKED: dict[str, Any] = {}
READERS: dict[str, Any] = {}
SILENT: dict[str, Any] = {}
HALTS = False
BUTTON = "DRAW_PICTURE"
GIVES_PICTURES = True
FILES = offline.Files(
    "attention", "VIEWER", ("attention.css",), ("weights.js", "mark.js", "attention.js"),
    "attention",
)  # fmt: skip

AT_ONCE = 16  # pictures that a model without steps makes before it shows them
MAX_CHARTS = 12  # of the values of a patch; the page has no room for more

# Sample


def controls(chosen: Checkpoint | None) -> dict[str, Any]:
    return {}


def ways(tab: str, chosen: Checkpoint | None) -> dict[str, Any]:
    return {}


def shapes(chosen: Checkpoint | None) -> list[Any]:
    return []


def making(chosen: Checkpoint, request: tuple[Any, ...], more: dict[str, Any]) -> Tensor:
    """(N, C, H, W) in [0, 1]."""
    return chosen.model.sample(*request)  # type: ignore[operator]


def grows(chosen: Checkpoint) -> bool:
    return "draw" in chosen.capabilities


def growing(chosen: Checkpoint, request: tuple[Any, ...], more: dict[str, Any]) -> Iterator[Tensor]:
    """The model's own steps, where it has some, or else a few pictures after the others; those that
    are not there yet are black."""
    if "draw" in chosen.capabilities:
        yield from chosen.model.draw(*request)  # type: ignore[operator]
        return
    sources, classes, temperature = request
    made = torch.zeros(len(sources), *chosen.media.shape)
    for start in range(0, len(sources), AT_ONCE):
        part = slice(start, start + AT_ONCE)
        made[part] = making(chosen, (sources[part], classes[part], temperature), more)
        yield made.clone()


def so_far(more: dict[str, Any], made: Tensor) -> dict[str, Any]:
    return more


def noted(chosen: Checkpoint, more: dict[str, Any]) -> str:
    return ""


gallery = figures.gallery
SAVES = figures.SAVES


def pieces(media: Any, made: Tensor) -> tuple[list[Image.Image], dict[str, Any]]:
    """What an endpoint returns of a batch, and what it says besides."""
    return [media.to_pil(image) for image in made], {}


def walk(media: Any, frames: Tensor) -> str:
    return ""


def beside(media: Any, images: Tensor, names: Sequence[str]) -> list[str]:
    return [""] * len(images)


def holdable(part: str) -> str:
    return part


# The attention tab


def look_controls(chosen: Checkpoint | None) -> dict[str, Any]:
    return {}


def look_shapes(chosen: Checkpoint | None) -> list[Any]:
    return []


def viewer(visible: bool) -> gr.HTML:
    """Where a picture and its weights are shown."""
    return parts.viewer(
        FILES.name, texts.VIEWER, FILES.styles, FILES.scripts, elem_id="attention-viewer",
        visible=visible,
    )  # fmt: skip


def frame(chosen: Checkpoint, image: Tensor, drawn: int) -> dict[str, Any]:
    """A picture (C, H, W) for the browser, of which the first `drawn` patches exist."""
    rows, columns = _model(chosen).grid
    return {
        "rows": rows, "columns": columns, "drawn": drawn,
        "width": chosen.media.width, "height": chosen.media.height,
        "channels": chosen.media.channels, "pixels": encode(chosen.media.to_uint8(image[None])),
    }  # fmt: skip


def _model(chosen: Checkpoint) -> Any:
    """The model, which has the capability that the catalogue was asked for."""
    return chosen.model


def draw(chosen: Checkpoint, made: dict[str, Any]) -> Iterator[tuple[Tensor, int]]:
    """The picture (C, H, W) as it grows, with the number of patches drawn so far."""
    model, label = _model(chosen), chosen.label_index(made["label"])
    rows, columns = model.grid
    request = latent.generators(made["seed"], 1), [label], made["temperature"]
    if "draw" not in chosen.capabilities:
        yield model.sample(*request)[0], rows * columns
        return
    for row, images in enumerate(model.draw(*request), 1):
        yield images[0], row * columns


def watch(
    chosen: Checkpoint, made: dict[str, Any], wanted: dict[str, Any]
) -> Iterator[dict[str, Any]]:
    """Draw a picture in front of the visitor, then show where each patch looked."""
    image = torch.zeros(chosen.media.shape)
    for image, drawn in draw(chosen, made):
        yield frame(chosen, image, drawn)
    cache.keep(chosen, made, image)
    yield whole_view(chosen, image, made, wanted)


def finished(chosen: Checkpoint, made: dict[str, Any]) -> Tensor:
    """The picture (C, H, W)."""
    return cache.recall(chosen, made, lambda: list(draw(chosen, made))[-1][0])


def explain(chosen: Checkpoint, image: Tensor, label: str) -> Tensor:
    """The weights (layers, heads, T, T) of a finished picture (C, H, W), in one forward pass."""
    return _model(chosen).attention(image[None], [chosen.label_index(label)])[0]


def whole_view(
    chosen: Checkpoint, image: Tensor, made: dict[str, Any], wanted: dict[str, Any]
) -> dict[str, Any]:
    """Everything that the viewer needs for one finished picture."""
    weights = explain(chosen, image, made["label"])
    layers, heads, length, _ = weights.shape
    value = {
        **frame(chosen, image, length), **pack(weights), "layers": layers, "heads": heads,
        "view": wanted, "made": made, "label": made["label"],
        "mark": labels.xmp("attention", made).decode(),
    }  # fmt: skip
    asked = image[None], [chosen.label_index(made["label"])]
    tokens = _model(chosen).tokens(asked[0])[0]  # (T, P)
    if "predict" in chosen.capabilities and tokens.shape[1] <= MAX_CHARTS:
        value["expected"] = pixel.packed(_model(chosen).predict(*asked)[0], tokens)
    if "surprise" in chosen.capabilities:
        value["bits"] = encode(_model(chosen).surprise(*asked)[0].numpy().astype("<f4"))
        given = "" if made["label"] == ANY else "_given_class"
        if real := figures.measured(chosen, f"bits_per_dim{given}"):
            value["real"] = real["text"].partition(" ")[0]  # in bits a value, as it stands beside
    return value


def numbers(chosen: Checkpoint, image: Tensor, made: dict[str, Any]) -> bytes:
    """See `weights.archive`; `tokens` are uint8 (T, values of a patch), `image` uint8 (H, W, C)."""
    return archive(
        made,
        weights=explain(chosen, image, made["label"]).numpy(),
        tokens=_model(chosen).tokens(image[None])[0].to(torch.uint8).numpy(),
        image=chosen.media.to_uint8(image[None])[0],
    )


def answered(chosen: Checkpoint, image: Tensor) -> tuple[Image.Image | None, dict[str, Any]]:
    return chosen.media.to_pil(image), {"grid": list(_model(chosen).grid)}


def look_noted(chosen: Checkpoint, made: dict[str, Any]) -> str:
    return ""


def named(chosen: Checkpoint, image: Tensor, at: int) -> str:
    return formula.patch(chosen, at)


def explorers(
    chosen: Checkpoint, image: Tensor, made: dict[str, Any], at: dict[str, object]
) -> str:
    """Links to what Explore says of this very place of this very picture."""
    items = ""
    for name, needs in (("pixel", "predict"), ("formula", "scores")):
        if needs in chosen.capabilities:
            query = {
                "tab": "explore", "checkpoint": chosen.name, "look": name,
                "label": made["label"], "position": at["position"],
                "drawing": pictures.pack(chosen.media, image),
            }  # fmt: skip
            if name == "formula":
                query |= {"layer": at["layer"], "head": at["head"]}
            items += figures.link(texts.VIEWS[name], query, kind="pill") + " "
    return f"<p>{texts.IN_EXPLORE} {items}</p>"
