"""Attention weights as the viewers get them (static/weights.js), and as a file."""

from __future__ import annotations

import base64
import io
import json
import zipfile
import zlib
from typing import Any

import numpy as np
from torch import Tensor

from aigc.ui import labels


def encode(values: np.ndarray) -> str:
    return base64.b64encode(np.ascontiguousarray(values).tobytes()).decode()


def pack(weights: Tensor, deflate: bool = False) -> dict[str, str]:
    """Weights (layers, heads, T, T) -> three base64 strings for the browser.

    `first`: what each step put on the start token, float32 (layers, heads, T).
    `peak`: the largest weight that each step put on a patch, float32 (layers, heads, T).
    `maps`: for each layer and head, row t = 0 .. T-1 with its t weights on the patches 0 .. t-1,
    as uint8 q where weight = peak * (q / 255)^2. The square keeps small weights apart, and the
    start token, which often takes nearly everything, does not set the scale. `deflate` compresses
    them: long texts have a megabyte of them, two thirds of it then.
    """
    values = weights.detach().float().cpu().numpy()
    length = values.shape[-1]
    seen = np.tril(values[..., 1:], -1)  # row t: the patches 0 .. t-1
    peak = seen.max(-1)  # (layers, heads, T)
    scaled = np.sqrt(seen / np.where(peak > 0, peak, 1)[..., None])
    steps, patches = np.tril_indices(length, -1, length - 1)
    maps = np.rint(255 * scaled[..., steps, patches]).astype(np.uint8)
    if deflate:
        maps = np.frombuffer(zlib.compress(maps.tobytes()), np.uint8)
    return {
        "first": encode(values[..., 0].astype("<f4")),
        "peak": encode(peak.astype("<f4")),
        "maps": encode(maps),
    }


def archive(made: dict[str, Any], **arrays: np.ndarray) -> bytes:
    """An .npz file, without pickles: `weights` float32 (layers, heads, T, T), the other arrays,
    `settings` as JSON, and as the comment of the archive that AI made what was looked at."""
    file = io.BytesIO()
    np.savez_compressed(file, settings=np.array(json.dumps(made)), **arrays)  # type: ignore[arg-type]
    with zipfile.ZipFile(file, "a") as whole:
        whole.comment = labels.xmp("attention", made)
    return file.getvalue()
