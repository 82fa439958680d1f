"""The endpoints for programs: what their parameters mean, and what an MCP client hears.

With `python app.py --mcp` every public endpoint is a tool of the Model Context Protocol, too.
Gradio makes that server, which calls the endpoints through the same queue as everybody; `answer`
writes what they return as the protocol has it: a picture as a picture, byte for byte as the app
made it and so with its mark, the rest as JSON. Gradio itself hands a gallery over as the text of
a Python list, and writes single pictures anew.
"""

from __future__ import annotations

import base64
import importlib.metadata
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mcp.types import ContentBlock

# As the extra `mcp` of pyproject.toml asks. Gradio's own extra also holds pydantic at an older
# release than Gradio alone takes.
PACKAGE = "mcp>=1.24,<2"

CLASS = "a class name of the checkpoint, or any"
WHOLE_SEED = "whole number from 0 to 4294967295; the same seed gives the same result"
MOVE = "how far to go along direction {i}, from -4 to 4 standard deviations of the prior"
# In English, like the descriptions of the endpoints: programs send no language.
PARAMETERS = {
    "checkpoint": "name of a checkpoint, as /checkpoints lists them",
    "count": "how many samples",
    "seed": WHOLE_SEED,
    "seed_a": "seed of the first picture: " + WHOLE_SEED,
    "seed_b": "seed of the last picture: " + WHOLE_SEED,
    "label": CLASS,
    "label_a": "of the first picture: " + CLASS,
    "label_b": "of the other end, of the second corner: " + CLASS,
    "label_c": "of the third corner: " + CLASS,
    "label_d": "of the fourth corner: " + CLASS,
    "temperature": "from 0 to 2: below 1 is safer, above 1 is more varied",
    "prompt": "the beginning of a text, for checkpoints that write",
    "length": "how many characters to write at most",
    "top_k": "choose among this many of the likeliest characters; 0 for all",
    "top_p": "choose among the likeliest characters that reach this probability, from 0 to 1",
    "steps": "how many frames, from 2 to 64",
    "path": "slerp (along the arc) or lerp (straight)",
    "format": "of the animation: webp, gif or mp4",
    "plane": "pca, means or kl",
    "x": "across the plane, from the middle of the test images",
    "y": "up the plane, from the middle of the test images",
    "walk": "points of the grid to walk over, as 301.302.326; empty for none",
    "drawing": "a PNG, JPEG or WebP as a data address (data:image/png;base64,...); empty for none",
    "side": "pictures along a side of the square",
    "stops": "how many pictures the walk passes",
    "leg": "frames from one of them to the next",
    "rows": "how many rows of patches to keep",
    "muted": "heads to switch off, layer and head from 1, as 1.2,3.4; empty for none",
    "layer": "layer, from 1",
    "head": "head, from 1",
    "position": "place in the order of drawing, from 1",
    "total": "how many samples to draw",
    "chosen": "which of the pictures of the seed, from 1",
    "spread": "how far the variations go, from 0 (the same picture) to 1 (another latent)",
    "other_seed": "seed of the variations: " + WHOLE_SEED,
    **{f"move_{i}": MOVE.format(i=i) for i in range(1, 7)},
}

# What a client can show as a picture. The kind is not guessed from the machine's own tables.
KINDS = {".png": "image/png", ".webp": "image/webp", ".gif": "image/gif"}


def lacking() -> str:
    """One sentence that says what to install for MCP; nothing where it is there."""
    install = f'{sys.executable} -m pip install "{PACKAGE}"'
    try:
        found = importlib.metadata.version("mcp")
    except importlib.metadata.PackageNotFoundError:
        return f"--mcp needs the package mcp: run {install}, then this again."
    major, minor = (int(number) for number in found.split(".")[:2])
    if (1, 24) <= (major, minor) < (2, 0):
        return ""
    return f"--mcp does not work with mcp {found}: run {install}, then this again."


def described(about: str, names: list[str]) -> str:
    """The docstring in which Gradio looks for the parameters of a tool."""
    return "\n".join([about, "", "Args:", *(f"    {name}: {PARAMETERS[name]}" for name in names)])


def answer(outputs: list[Any], _root: str) -> list[ContentBlock]:
    """What the components of an endpoint returned -> what an MCP client hears, in this order."""
    # Where the client asked for no progress, Gradio hands over all outputs as one.
    if len(outputs) == 1 and isinstance(outputs[0], (list, tuple)):
        outputs = list(outputs[0])
    return [block for output in outputs for block in _blocks(output)]


def _blocks(output: Any) -> Iterator[ContentBlock]:
    from mcp.types import TextContent

    if isinstance(output, list) and all(isinstance(o, dict) and "image" in o for o in output):
        for item in output:  # a gallery
            yield from _file(item["image"])
    elif isinstance(output, dict) and "meta" in output:  # a file
        yield from _file(output)
        # Not every client can play or keep what it is shown.
        yield TextContent(type="text", text=output["url"])
    elif output is not None:
        yield TextContent(type="text", text=json.dumps(output, ensure_ascii=False))


def _file(file: dict[str, Any]) -> Iterator[ContentBlock]:
    from mcp.types import ImageContent

    path = Path(file["path"])
    if kind := KINDS.get(path.suffix):
        data = base64.b64encode(path.read_bytes()).decode()
        yield ImageContent(type="image", data=data, mimeType=kind)
