"""Files that a program is answered with, in the folder that Gradio serves files from."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from gradio.processing_utils import hash_bytes
from gradio.utils import get_upload_folder
from PIL import Image

from aigc.checkpoint import write_file
from aigc.ui import figures, labels

MAX_NAME_BYTES = 120  # before the ending


def keep(content: bytes, name: str) -> str:
    """The path of a file `name` with that content, in a folder named by the content.

    It takes the place of one that is there at once and whole. Gradio's own functions
    (`processing_utils.save_bytes_to_cache`) empty that one first, and whoever is loading it for the
    same wish gets a part of it.
    """
    file = Path(get_upload_folder()) / hash_bytes(content) / safe(name)
    file.parent.mkdir(parents=True, exist_ok=True)
    write_file(file, content)
    return str(file)


def safe(name: str) -> str:
    """`name` as every file system takes it: classes and checkpoints are called whatever somebody
    likes, and stand in it."""
    stem, dot, ending = name.rpartition(".")
    stem = re.sub(r"[^\w.-]", "-", stem if dot else name)
    short = stem.encode()[:MAX_NAME_BYTES].decode(errors="ignore")
    return short + dot + ending if dot else short


def pictures(images: Iterable[Image.Image], tab: str, made: dict[str, Any]) -> list[str]:
    """The paths of PNG files, each with the mark of the settings `made` of a tab."""
    packet = labels.xmp(tab, made)
    return [keep(figures.png(image, packet), "image.png") for image in images]
