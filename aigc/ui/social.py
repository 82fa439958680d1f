"""What a pasted link shows before anybody opens it: a title, a sentence and a picture.

Messengers read them from the page's head (https://ogp.me). They run no script and ask without a
language, so the server writes them, for the tab and the checkpoint that the link names. The picture
is the checkpoint's own sample sheet: nobody's model runs for a preview.
"""

from __future__ import annotations

import functools
import html
import io
from collections.abc import Mapping
from typing import Any

from gradio.route_utils import get_root_url
from PIL import Image, ImageDraw, ImageFont
from starlette.requests import Request
from starlette.responses import Response

from aigc.checkpoint import Checkpoint
from aigc.ui import figures, palette, texts
from aigc.ui.catalogue import Catalogue

PATH = "preview.png"  # below the address of the page
SIZE = (1200, 630)  # what platforms ask for
INK, PAPER, QUIET, ACCENT = map(
    palette.colour, ("neutral_100", "neutral_950", "neutral_400", "primary_400")
)
LINES = 3  # figures beside the picture


def named(catalogue: Catalogue, query: Mapping[str, str]) -> Checkpoint | None:
    """The checkpoint that a link names, if it is there."""
    return next((c for c in catalogue.checkpoints if c.name == query.get("checkpoint")), None)


def described(catalogue: Catalogue, request: Request) -> dict[str, str]:
    """The properties of the page that `request` asks for, each with its content."""
    # As Gradio finds it: behind a proxy, below a prefix, through a share link.
    root = get_root_url(request, "/", getattr(request.scope.get("app"), "root_path", "")) + "/"
    query = dict(request.query_params)
    one, tab = named(catalogue, query), texts.TABS.get(query.get("tab", ""), "")
    title = " · ".join(filter(None, [one.name if one else "", tab]))
    picture = f"{root}{PATH}" + (f"?checkpoint={one.name}" if one else "")
    return {
        "og:type": "website",
        "og:title": f"{title} · {texts.NAME}" if title else texts.TITLE,
        "og:description": texts.DESCRIPTION,
        "og:url": root + (f"?{request.url.query}" if request.url.query else ""),
        "og:image": picture,
        "og:image:width": str(SIZE[0]),
        "og:image:height": str(SIZE[1]),
        "og:image:alt": texts.SAMPLES_OF.format(name=one.name) if one else texts.TITLE,
        "twitter:card": "summary_large_image",
    }


def metas(catalogue: Catalogue, request: Request) -> str:
    """The same, as HTML for the page's head."""
    return "".join(
        f'<meta property="{name}" content="{html.escape(content)}">'
        for name, content in described(catalogue, request).items()
    )


def picture(catalogue: Catalogue, one: Checkpoint | None) -> Image.Image:
    """The preview of a checkpoint, of the whole app where there is none; SIZE pixels. In English,
    since Pillow's own font has no Chinese."""
    image = Image.new("RGB", SIZE, PAPER)
    pen = ImageDraw.Draw(image)
    shown = [one] if one else catalogue.checkpoints
    sheet = next(filter(None, map(sheet_of, shown)), None)
    left = 60
    if sheet:
        image.paste(sheet, (45, (SIZE[1] - sheet.height) // 2))
        left = 45 + sheet.width + 55

    def line(y: int, text: str, size: int, colour: str) -> None:
        text = " ".join(text.split())  # Pillow measures one line alone
        while size > 20 and pen.textlength(text, font(size)) > SIZE[0] - left - 40:
            size -= 2
        pen.text((left, y), text, colour, font(size))

    line(84, texts.en.NAME, 64, ACCENT)
    line(170, one.name if one else "generative models you can take apart", 52, INK)
    if one:
        line(244, texts.en.FAMILIES.get(one.family, one.family), 34, QUIET)
        for i, (name, said) in enumerate(headline(one)):
            line(330 + 80 * i, said, 40, INK)
            line(374 + 80 * i, name, 24, QUIET)
    return image


def sheet_of(one: Checkpoint) -> Image.Image | None:
    """The sample sheet that came with a checkpoint, enlarged by a whole number, and of its columns
    those that fit into the left half."""
    content = figures.sample_sheet(one)
    if content is None:
        return None
    try:
        with Image.open(io.BytesIO(content), formats=("PNG",)) as image:
            if max(image.size) > 4096:
                return None
            factor = max(1, (SIZE[1] - 90) // image.height)
            sheet = image.convert("RGB").resize(
                (image.width * factor, image.height * factor), Image.Resampling.NEAREST
            )
    except Exception:
        return None
    column = getattr(one.media, "width", 1) * factor
    width = min(sheet.width, max(1, SIZE[0] // 2 // column) * column)
    return sheet.crop((0, 0, width, min(sheet.height, SIZE[1])))


def headline(one: Checkpoint) -> list[tuple[str, str]]:
    """The first measured figures, name and value."""
    measured = [f for f in one.metrics.values() if isinstance(f, dict) and {"name", "text"} <= {*f}]
    return [(str(figure["name"]), str(figure["text"])) for figure in measured[:LINES]]


@functools.lru_cache(maxsize=8)
def font(size: int) -> Any:
    return ImageFont.load_default(size=size)


class Preview:
    """Answers with the picture; the last ones stay drawn."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self.drawn: dict[tuple[str, str], bytes] = {}

    def answer(self, request: Request) -> Response:
        one = named(self.catalogue, dict(request.query_params))
        key = (one.name, one.revision) if one else ("", "")
        if key not in self.drawn:
            if len(self.drawn) >= 16:
                self.drawn.clear()
            self.drawn[key] = figures.png(picture(self.catalogue, one))
        return Response(
            self.drawn[key], media_type="image/png", headers={"cache-control": "max-age=3600"}
        )
