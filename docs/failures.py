"""The last snapshots of the films, one below the other with their names: docs/failures.png of the
GANs, docs/blurry.png of the VAEs:

python docs/failures.py                  (of films/; or name another folder of films)
"""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from aigc import film  # noqa: E402  (started as a script, the path comes first)

PICTURES = {"gan": "failures.png", "vae": "blurry.png"}
GAP, LEFT, FONT = 12, 190, 18  # pixels
PAPER = 225  # grey: some runs draw white


def last(one: film.Film) -> Image.Image:
    """What the run made at its end, twice as large."""
    assert one.path is not None
    picture = Image.open(sorted((one.path / "snapshots").glob("*.png"))[-1]).convert("L")
    return picture.resize((2 * picture.width, 2 * picture.height), Image.Resampling.NEAREST)


def sheet(films: list[film.Film]) -> Image.Image:
    pictures = [last(one) for one in films]
    height = sum(p.height + GAP for p in pictures) - GAP
    whole = Image.new("L", (LEFT + max(p.width for p in pictures), height), PAPER)
    pen, font, top = ImageDraw.Draw(whole), ImageFont.load_default(FONT), 0
    for one, picture in zip(films, pictures, strict=True):
        pen.text((8, top + picture.height // 2), one.name, 0, font, anchor="lm")
        whole.paste(picture, (LEFT, top))
        top += picture.height + GAP
    return whole


def main() -> None:
    films, broken = film.scan(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "films")
    if broken:
        sys.exit(broken[0].error)
    for family, name in PICTURES.items():
        if own := [one for one in films if one.family == family]:
            sheet(own).quantize(16).save(Path(__file__).parent / name, optimize=True)


if __name__ == "__main__":
    main()
