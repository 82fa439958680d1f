"""The last snapshots of runs, one below the other, as docs/failures.png:

python docs/failures.py runs/gan-certain runs/gan-pairing ...
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from PIL import Image

GAP = 6


def last(run: Path) -> Image.Image:
    snapshots = run / "snapshots"
    entries = json.loads((snapshots / "index.json").read_text(encoding="utf-8"))
    return Image.open(snapshots / entries[-1]["file"])


def main() -> None:
    pictures = [last(Path(run)) for run in sys.argv[1:]]
    if not pictures:
        sys.exit("name the folders of the runs")
    height = sum(p.height + GAP for p in pictures) - GAP
    sheet = Image.new("L", (max(p.width for p in pictures), height), 128)
    top = 0
    for picture in pictures:
        sheet.paste(picture, (0, top))
        top += picture.height + GAP
    doubled = sheet.resize((2 * sheet.width, 2 * sheet.height), Image.Resampling.NEAREST)
    doubled.save(Path(__file__).parent / "failures.png", optimize=True)


if __name__ == "__main__":
    main()
