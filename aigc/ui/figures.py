"""From tensors and checkpoints to what stands on the page: HTML, PNG.

Plain Python: no Gradio here. Pictures go into the page as data addresses, so showing them leaves
no file behind.
"""

from __future__ import annotations

import base64
import functools
import html
import io
import itertools
import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from PIL import Image
from torch import Tensor

from aigc.checkpoint import Checkpoint
from aigc.film import Film
from aigc.media import UNKNOWN, ImageMedia
from aigc.ui import labels, texts
from aigc.ui.labels import GIVEN

STATIC = Path(__file__).parent / "static"
MAX_PREVIEW_BYTES = 2**20
DOWNLOAD_SIDE = 112  # pixels of one picture in a download, at least

HEADLINE_FIGURES = 3  # on the card; the others are folded
STEADY = "aigc.steady(element);"  # a gr.HTML whose results grow, see `growing`
_results = itertools.count()


def png(image: Image.Image, mark: bytes = labels.SHORT) -> bytes:
    """A PNG; `mark` says what made it, in full (`labels.xmp`) where somebody keeps the file. Empty
    for what no model made: a visitor's own picture."""
    buffer = io.BytesIO()
    image.save(buffer, "PNG", compress_level=3)
    return labels.put(buffer.getvalue(), mark) if mark else buffer.getvalue()


def still(media: ImageMedia, image: Tensor, mark: bytes = labels.SHORT) -> str:
    """One picture (C, H, W) in [0, 1] as the address of a PNG with its mark, which has the first
    moment of it."""
    return address(png(media.moments(image[None])[0][0], mark), "image/png")


def sources(media: ImageMedia, images: Tensor, columns: int = 1) -> tuple[str, str]:
    """(N, C, H, W) in [0, 1] in rows of `columns` as `still`, and where there is more than one
    moment to them, beside it a WebP that shows them all, for ever."""
    moments, milliseconds = media.moments(images, columns)
    moving = address(webp(moments, milliseconds), "image/webp") if milliseconds else ""
    return address(png(moments[0]), "image/png"), moving


def seen(
    media: ImageMedia, images: Tensor, columns: int, alt: str, kind: str = "tile"
) -> str:  # fmt: skip
    """(N, C, H, W) in [0, 1] in rows of `columns` as one picture, which moves where they do; `kind`
    is its classes in style.css."""
    return _tile(*sources(media, images, columns), html.escape(alt), kind)


def _tile(first: str, moving: str, alt: str, kind: str = "tile") -> str:
    """A picture by its `sources`; what moves rests for who wants no motion."""
    tile = f'<img class="{kind}" alt="{alt}" src="{moving or first}">'
    if not moving:
        return tile
    return f"<picture>{rests(first)}{tile}</picture>"


def rests(first: str) -> str:
    """What a <picture> that moves shows to who wants no motion; `first` is its address."""
    return f'<source media="(prefers-reduced-motion: reduce)" srcset="{first}">'


def webp(pictures: list[Image.Image], milliseconds: int, mark: bytes = labels.SHORT) -> bytes:
    """An animated WebP, lossless, for ever; each picture stands so long."""
    buffer = io.BytesIO()
    pictures[0].save(
        buffer, "WEBP", save_all=True, append_images=pictures[1:], duration=milliseconds, loop=0,
        lossless=True, quality=0, method=0, xmp=mark,
    )  # fmt: skip
    return buffer.getvalue()


def address(content: bytes, kind: str) -> str:
    """A data address: `kind` is the media type."""
    return f"data:{kind};base64,{base64.b64encode(content).decode()}"


def enlarge(image: Image.Image, side: int, unit: int) -> Image.Image:
    """Nearest-neighbour: as many times as makes `unit` pixels at least `side`."""
    factor = max(1, math.ceil(side / unit))
    return image.resize((image.width * factor, image.height * factor), Image.Resampling.NEAREST)


def columns_of(count: int) -> int:
    """How wide a sheet of `count` pictures is."""
    return min(8, math.ceil(math.sqrt(count))) if count <= 16 else 8


def gallery(
    media: ImageMedia,
    images: Tensor,
    alt: str,
    pick: bool = False,
    captions: Sequence[str] = (),
    beside: Sequence[str] = (),
) -> str:
    """(N, C, H, W) in [0, 1] -> the pictures side by side, crisp at every size, each with its
    caption (HTML) where there are some, and a button where one can `pick` it (static/choice.js);
    what stands `beside` it (HTML) is no part of that button."""
    columns = columns_of(len(images))
    tiles = ""
    for at, image in enumerate(images, 1):
        # None moves while there is more to come.
        found = sources(media, image[None]) if pick else (still(media, image), "")
        tile = _tile(*found, f"{html.escape(alt)} {at}")
        tile += captions[at - 1] if captions else ""
        if pick:  # one stop of the Tab key for all of them
            tile = (
                f'<button type="button" class="pick" data-at="{at}" aria-pressed="false" '
                f'title="{texts.PICK_INFO}" tabindex="{0 if at == 1 else -1}">{tile}</button>'
            )
        tiles += f"<div>{tile}{beside[at - 1]}</div>" if beside else tile
    sheet = f'<div class="sheet" style="--columns:{columns}">{tiles}</div>'
    return sheet + (f'<p class="said">{texts.PICK_INFO}</p>' if pick else "")


@dataclass(frozen=True)
class Save:
    """A way to keep a batch as one file, which is made when somebody asks for it: most are never
    asked for, and some are larger than all that is shown."""

    text: str
    """The name in `texts` of what its button says."""
    ending: str
    """Of the file's name."""
    kind: str
    """Its media type."""
    make: Callable[[Any, Tensor, labels.Marks], bytes]
    """Of the media and the batch, with its marks."""


def save_buttons(ways: dict[str, Save]) -> str:
    """A button for each of `ways`, by which the browser asks for the file (static/app.js)."""
    return "".join(
        f'<button type="button" class="pill" data-save="{way}">'
        f"{html.escape(getattr(texts, save.text))}</button>"
        for way, save in ways.items()
    )


def table(rows: str, name: str, kind: str = "") -> str:
    """`rows` (HTML) as a table of what was measured, which scrolls where the screen is narrow, by
    the keyboard too; `name` is for screen readers, `kind` a class of style.css."""
    return (
        f'<div class="wide" tabindex="0" role="region" aria-label="{html.escape(name)}">'
        f'<table class="measured {kind}">{rows}</table></div>'
    )


def waiting() -> str:
    """What stands where the first result will be."""
    return f'<div class="sheet waiting" role="status">{texts.WAITING}</div>'


def sheet_png(
    media: ImageMedia, images: Tensor, mark: bytes = labels.SHORT, label: str = ""
) -> bytes:
    """The pictures as one PNG, each at least DOWNLOAD_SIDE wide, with its mark, and a visible
    `label` under it."""
    sheet = enlarge(media.grid(images, columns_of(len(images))), DOWNLOAD_SIDE, media.width)
    return png(labels.visible(sheet, label) if label else sheet, mark)


def _sheet(media: ImageMedia, made: Tensor, marks: labels.Marks) -> bytes:
    return sheet_png(media, made, marks.packet)


def _labelled_sheet(media: ImageMedia, made: Tensor, marks: labels.Marks) -> bytes:
    return sheet_png(media, made, marks.packet, marks.visible)


# Of pictures.
SHEET = Save("DOWNLOAD", ".png", "image/png", _sheet)
SAVES = {
    "sheet": SHEET,
    "labelled": Save("DOWNLOAD_LABELLED", "-labelled.png", "image/png", _labelled_sheet),
}


def chips(made: dict[str, Any], chosen: Checkpoint) -> str:
    """The settings that made a result, as a line under it: no class where the chosen checkpoint
    knows none. Of a revision its beginning; the whole is in the title."""
    items = ""
    for name, value in made.items():
        if value == "":  # an empty prompt
            continue
        if name.startswith("label") and not chosen.labels:
            continue
        key = html.escape(texts.SETTINGS.get(name, name.replace("_", " ")))
        if name.startswith(("picture", "drawing")):  # packed for the link
            value = GIVEN
        said = printable(texts.VALUES.get(value, plain(value)))
        title = f' title="{html.escape(said)}"' if name == "revision" else ""
        said = said[:12] if name == "revision" else said
        items += f"<span{title}><b>{key}</b> {html.escape(said)}</span>"
    return f'<div class="chips">{items}</div>'


def printable(text: str) -> str:
    """A line in which every character shows: a prompt may hold line ends and marks that turn the
    direction of what follows."""
    return "".join(c if c.isprintable() else "⏎" if c == "\n" else UNKNOWN for c in text)


def plain(value: object) -> str:
    """A setting as a person writes it: 1 and not 1.0."""
    return f"{value:g}" if isinstance(value, float) else str(value)


def percent(share: float) -> str:
    """A share as HTML: what came is never at 0%, however unlikely it was (static/weights.js has
    the same)."""
    return "&lt;0.1%" if 0 < share < 0.0005 else f"{share:.1%}"


def captioned(
    media: ImageMedia, image: Tensor, caption: str, own: bool = False, beside: str = ""
) -> str:  # fmt: skip
    """One picture (C, H, W) in [0, 1] and what it is, the visitor's `own` or a model's; `caption`
    and what stands `beside` it are HTML."""
    found = (still(media, image, b""), "") if own else sources(media, image[None])
    shown = _tile(*found, re.sub("<[^>]*>", "", caption))
    return f"<figure>{shown}<figcaption>{caption}</figcaption>{beside}</figure>"


def growing(part: str) -> str:
    """A result as far as it is made; it stands where the one before it stood, and as tall
    (`steady` in static/app.js)."""
    return f'<div class="growing">{part}</div>'


def moves(moving: str) -> str:
    """The attribute of a frame that has more than one moment (static/app.js shows it)."""
    return f' data-moving="{moving}"' if moving else ""


def player(media: ImageMedia, frames: Tensor, loop: bool = False, first: int = 1) -> str:
    """(N, C, H, W) in [0, 1] -> one large frame, a slider over all, and the strip of them; it
    plays there and back, or round and round where the frames are a `loop`. It stands at frame
    `first`, from 1, or at the last one.

    The browser has every frame, so that scrubbing asks nobody (static/app.js). By the number of the
    result it knows the next one, also one of the same frames.
    """
    addresses = [sources(media, frame[None]) for frame in frames]
    last = len(addresses) - 1
    at = min(first - 1, last)
    strip = "".join(
        f'<img class="frame{" chosen" if i == at else ""}" data-at="{i}" '
        f'alt="{texts.FRAME} {i + 1}" src="{still}"{moves(moving)}>'
        for i, (still, moving) in enumerate(addresses)
    )
    return (
        f'<div class="player"{" data-loop" if loop else ""} data-result="{next(_results)}">'
        f'<div class="stage">'
        f'<img class="tile now" alt="{texts.FRAME} {at + 1}" src="{addresses[at][0]}"></div>'
        '<div class="scrub">'
        f'<button type="button" class="pill play" aria-label="{texts.PLAY}">▶</button>'
        f'<input type="range" min="0" max="{last}" value="{at}" step="1" '
        f'aria-label="{texts.FRAME}">'
        f"<output>{at + 1} / {last + 1}</output></div>"
        f'<div class="strip">{strip}</div></div>'
    )


def curves(
    lines: dict[str, list[tuple[float, float]]], about: str, ends: tuple[str, str, str]
) -> str:
    """Lines by their names, through points (x, y) in [0, 1], as SVG under a legend; `about` is for
    screen readers, and `ends` stand below: the left end, what runs from left to right, the right
    end."""
    drawn, words = "", ""
    for at, (name, points) in enumerate(lines.items()):
        through = " ".join(f"{100 * x:.1f},{58 - 56 * y:.1f}" for x, y in points)
        drawn += f'<polyline class="line{at}" points="{through}"/>'
        words += f'<span class="line{at}">{name}</span>'
    below = "".join(f"<span>{word}</span>" for word in ends)
    return (
        f'<section class="compare lines"><h2>{words}</h2>'
        f'<svg viewBox="0 0 100 60" preserveAspectRatio="none" role="img" '
        f'aria-label="{html.escape(about)}">{drawn}</svg><div class="ends">{below}</div></section>'
    )


def comparison(
    media: ImageMedia, frames: Tensor, title: str, lengths: dict[str, list[float]], about: str
) -> str:
    """(N, C, H, W) in [0, 1] of another path under its `title`, and a chart of the `lengths` along
    each path, whose names are `slerp` and `lerp`."""
    strip = "".join(
        f'<img class="frame" alt="{texts.FRAME} {i}" src="{still(media, frame)}">'
        for i, frame in enumerate(frames, 1)
    )
    top = max(max(values) for values in lengths.values()) or 1.0
    lines, words = "", ""
    for kind, values in lengths.items():
        points = " ".join(
            f"{100 * i / (len(values) - 1):.1f},{58 - 54 * value / top:.1f}"
            for i, value in enumerate(values)
        )
        lines += f'<polyline class="{kind}" points="{points}"/>'
        words += f'<span class="{kind}">{kind}</span>'
    return (
        f'<section class="compare"><h2>{title}</h2><div class="strip">{strip}</div>'
        f"<h2>{texts.LENGTH_TITLE} {words}</h2>"
        f'<svg viewBox="0 0 100 60" preserveAspectRatio="none" role="img" '
        f'aria-label="{html.escape(about)}">{lines}</svg><p>{about}</p></section>'
    )


def sample_sheet(checkpoint: Checkpoint) -> bytes | None:
    """The PNG of samples that came with the checkpoint, if one did."""
    path = checkpoint.path / "samples.png" if checkpoint.path else None
    if path is None or not path.is_file() or path.stat().st_size > MAX_PREVIEW_BYTES:
        return None
    content = path.read_bytes()
    return content if content.startswith(b"\x89PNG\r\n\x1a\n") else None


def preview(checkpoint: Checkpoint) -> str:
    """The sample sheet that came with the checkpoint, or nothing."""
    content = sample_sheet(checkpoint)
    if content is None:
        return ""
    alt = texts.SAMPLES_OF.format(name=checkpoint.name)
    source = address(labels.put(content, labels.SHORT), "image/png")
    return f'<img class="preview" alt="{html.escape(alt)}" src="{source}">'


def duration(seconds: float) -> str:
    """Seconds as a person says them."""
    second, minute, hour = texts.TIMES
    if seconds < 90:
        return f"{seconds:.0f}{second}"
    if seconds < 5400:
        return f"{seconds / 60:.0f}{minute}"
    return f"{seconds / 3600:.1f}{hour}"


def quantity(number: float) -> str:
    """A large count as a person says it: 1.2 million."""
    for size, unit in texts.QUANTITIES:
        if number >= size:
            shown = number / size
            return f"{shown:.3g}{unit}" if shown < 100 else f"{shown:.0f}{unit}"
    return f"{number:g}"


def counted(number: float, what: str) -> str:
    """So many of something. A digit or a Latin letter is set off from what follows, a Chinese unit
    is not."""
    said = quantity(number)
    return f"{said} {what}" if said[-1].isascii() else said + what


def link(words: str, query: dict[str, Any], part: str = "", kind: str = "") -> str:
    """A link of the page, as Markdown and HTML both have it, in the language that is spoken: to a
    `part` with that id (#part), if one is named, with the CSS class `kind`."""
    address = html.escape(f"?{urlencode({**query, 'lang': texts.language()})}{part}")
    of_kind = f' class="{kind}"' if kind else ""
    return f'<a{of_kind} href="{address}">{html.escape(words)}</a>'


def facts(checkpoint: Checkpoint) -> list[str]:
    """What the card says of the checkpoint itself."""
    media = checkpoint.media
    weights = counted(sum(p.numel() for p in checkpoint.model.parameters()), texts.WEIGHTS)
    colours = texts.COLOURS.get(media.measures.get("channels", 0), "")
    what = texts.MEASURES[media.kind].format(**media.measures, colours=colours)
    lines = [
        f"{checkpoint.dataset}{texts.AND}{what}",
        weights,
    ]
    if seconds := checkpoint.in_all("seconds"):
        lines.append(f"{texts.TRAINED} {duration(seconds)}")
    if seen := checkpoint.in_all("images"):
        lines.append(counted(seen, texts.SEEN[media.kind]))
    return lines


def measured(checkpoint: Checkpoint, key: str) -> dict[str, str] | None:
    """What a figure of metrics.json says, in the visitor's language, as HTML: its `name` and `text`
    at least; None where nobody measured it."""
    found = checkpoint.metrics.get(key)
    if not isinstance(found, dict) or not {"name", "text"} <= found.keys():
        return None
    words = {name: str(value) for name, value in found.items()}
    words["name"] = texts.FIGURES.get(words["name"], words["name"])
    for name in {"text", "reference_text"} & words.keys():
        words[name] = in_units(words[name])
    return {name: html.escape(value) for name, value in words.items()}


def figures(checkpoint: Checkpoint) -> list[str]:
    """The measured figures of metrics.json, each as HTML with its reference; how it was measured,
    and what the reference is, show on hovering, too (`defined` says it where nobody hovers)."""
    cells = []
    for key in checkpoint.metrics:
        words = measured(checkpoint, key)
        if words is None:
            continue
        title, reference = words.get("protocol", ""), ""
        if words.get("reference_text"):
            reference = f"<small>{texts.REFERENCE} {words['reference_text']}</small>"
            title += f"\n{texts.REFERENCE}: {words.get('reference_name', '')}"
        cells.append(
            f'<div title="{title}"><dt>{words["name"]}</dt>'
            f"<dd>{words['text']}{reference}</dd></div>"
        )
    return cells


def defined(checkpoint: Checkpoint, keys: Iterable[str]) -> str:
    """What these figures of metrics.json are, folded, as HTML; '' where nobody says so."""
    items = ""
    for key in keys:
        words = measured(checkpoint, key)
        if words is None:
            continue
        said = texts.DEFINITIONS.get(key) or words.get("protocol", "")
        reference = texts.REFERENCES.get(key) or words.get("reference_name", "")
        if said and reference and words.get("reference_text"):
            said = texts.DEFINED.format(definition=said, reference=reference)
        if said:
            items += f"<div><dt>{words['name']}</dt><dd>{said}</dd></div>"
    if not items:
        return ""
    return (
        f'<details class="defined"><summary>{texts.FIGURES_ARE}</summary><dl>{items}</dl></details>'
    )


def in_units(text: str) -> str:
    """`1.46 nats`, as metrics.json writes a figure, with its unit in the visitor's language."""
    number, _, unit = text.partition(" ")
    if unit.startswith("of "):  # 998 of 1000
        return texts.OUT_OF.format(part=number, whole=unit.removeprefix("of "))
    return f"{number} {texts.UNITS[unit]}" if unit in texts.UNITS else text


def origin(checkpoint: Checkpoint) -> str:
    """Where it is from, as a person reads it."""
    return str(texts.LOCAL) if checkpoint.source == "local" else checkpoint.source


def card(checkpoint: Checkpoint) -> str:
    """A checkpoint at a glance: what it is, its samples, its figures."""
    family = html.escape(texts.FAMILIES.get(checkpoint.family, checkpoint.family))
    about = " · ".join(html.escape(fact) for fact in facts(checkpoint))
    measured = figures(checkpoint)
    first, rest = measured[:HEADLINE_FIGURES], measured[HEADLINE_FIGURES:]
    table = f"<dl>{''.join(first)}</dl>" if first else ""
    if rest:
        table += (
            f"<details><summary>{texts.ALL_FIGURES.format(count=len(measured))}</summary>"
            f"<dl>{''.join(rest)}</dl></details>"
        )
    table += defined(checkpoint, checkpoint.metrics)
    revision = html.escape(f"{texts.REVISION} {checkpoint.revision[:12]} · {origin(checkpoint)}")
    return (
        f'<div class="card"><div class="head">{preview(checkpoint)}<div>'
        f'<div class="family">{family}</div><div class="facts">{about}</div>'
        f'<div class="revision">{revision}</div></div></div>{table}</div>'
    )


def film_card(film: Film) -> str:
    """The same of a film, which has no weights and no figures of its own."""
    family = html.escape(texts.FAMILIES.get(film.family, film.family))
    revision = html.escape(f"{texts.REVISION} {film.revision} · {origin(film)}")
    return (
        f'<div class="card"><div class="family">{family}</div>'
        f'<div class="facts">{texts.FILM_ALONE}</div><div class="revision">{revision}</div></div>'
    )


def told(film: Film) -> str:
    """What a film is of, as HTML: its claim, what came of it, and how to make it again."""
    claim, training = html.escape(texts.own(film.claim)), film.training
    said = texts.FILM_FAILURE.format(claim=claim)
    if film.mends:
        said = texts.FILM_REMEDY.format(name=html.escape(film.mends), claim=claim)
    found = [said.format(value=film.outcome[name])
             for name, said in texts.OUTCOMES.items() if name in film.outcome]  # fmt: skip
    came = texts.FILM_END.get(film.family, "").format(found=texts.LISTED.join(found))
    noticed = training.get("noticed")
    events = texts.LISTED.join(
        texts.FILM_EVENT.format(step=one.get("step"), event=texts.own(event))
        for one in (noticed if isinstance(noticed, list) else ())
        if isinstance(one, dict) and isinstance(event := one.get("event"), str)
    )
    watched = texts.FILM_NOTICED.format(events=html.escape(events)) if events else (
        texts.FILM_UNNOTICED
    )  # fmt: skip
    made = [str(training.get(name, "")) for name in ("date", "machine")]
    seconds = training.get("seconds")
    if isinstance(seconds, (int, float)):
        made.append(f"{texts.TRAINED} {duration(seconds)}")
    return (
        f"<p><b>{said}</b></p><p>{came if found else ''} {watched}</p>"
        f"<p><code>{html.escape(film.command)}</code></p>"
        f"<details><summary>{texts.FILM_SETTINGS}</summary>"
        f"<p>{html.escape(' · '.join(filter(None, made)))}</p>"
        f"<p><code>{html.escape(str(training.get('command', '')))}</code></p></details>"
    )


def described(checkpoint: Checkpoint) -> dict[str, Any]:
    """What `/checkpoints` says of one checkpoint."""
    return {
        "name": checkpoint.name,
        "family": checkpoint.family,
        "makes": checkpoint.media.kind,
        "capabilities": list(checkpoint.capabilities),
        "classes": list(checkpoint.labels),
        "source": checkpoint.source,
        "revision": checkpoint.revision,
        "metrics": checkpoint.metrics,
    }


def template(name: str, words: dict[str, str]) -> str:
    """A file of static/ with its texts: each {name} in it is filled in."""
    return re.sub(r"\{(\w+)\}", lambda match: words[match[1]], read_static(name))


@functools.cache  # one of them is part of every page that is sent
def read_static(name: str) -> str:
    """A file of static/."""
    return (STATIC / name).read_text(encoding="utf-8")
