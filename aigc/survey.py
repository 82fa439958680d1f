"""What was measured of a checkpoint for the explorers of the app: one small file beside the
weights, `survey.safetensors`, which `python -m train.survey` writes.

It holds statistics alone and nothing of any one image: how the images of a class are spread over
a plane (a histogram, drawn anew as points), its mean latent, the quantiles of its scores. Parts,
each there or not as the model can be asked for it:

    map          planes through the latent space, and test images on them (encode)
    arithmetic   how often a latent moved to another class arrives there (encode)
    directions   latents that change most in a picture, and what they change (decode)
    scores       what the discriminator says of test images and of samples (discriminate)
    tradeoff     fidelity and variety over temperatures (sample)
    shares       how often each class is there among the training images (decode)
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import safetensors
import safetensors.torch
import torch
from torch import Tensor

from aigc import latent
from aigc.checkpoint import (
    WEIGHTS,
    Checkpoint,
    CheckpointError,
    parse_json,
    presentable,
    write_file,
    writing,
)

FILE = "survey.safetensors"
FORMAT = "1"
MAX_BYTES = 4 * 2**20
PLANES = ("pca", "means", "kl")
TRADEOFF = ("temperature", "accuracy", "frechet", "precision", "recall", "coverage")
# The same for a model that is told no class: no sample of it is right or wrong, so the second
# column has the share of the classes that the classifier knows which came at all.
TRADEOFF_ANY = ("temperature", "modes", *TRADEOFF[2:])
# Letters are sizes that have to agree: L of a latent, C classes (1 where there are none), N test
# images, D directions, Q quantiles, T temperatures, J classes that the classifier knows, which may
# be more.
SHAPES = {
    "map.origin": "L",  # mean of the posterior means
    "map.kl": "L",  # mean KL of each latent, in nats
    "map.class_means": "CL",
    "map.classes": "N",
    "map.agreement": "",  # see `facts`, in all dimensions
    **{f"map.{plane}.axes": "2L" for plane in PLANES},  # orthonormal
    **{f"map.{plane}.points": "N2" for plane in PLANES},
    # The share of the variance of the posterior means that the plane holds, and the share of the
    # test images whose ten nearest neighbours on it are mostly of their class.
    **{f"map.{plane}.facts": "2" for plane in PLANES},
    "arithmetic": "2C",  # by class means, and by telling the class: share that arrives at each
    "directions.vectors": "DL",  # orthonormal
    "directions.response": "DJ",  # of the classifier's logits, for 2 more along the vector
    "directions.looks": "D4",  # of media.LOOKS, in standard deviations in a class
    "scores.real": "CQ",
    "scores.made": "CQ",
    "tradeoff": "T6",  # see `columns`
    "shares": "J",  # adding up to 1
}
DTYPES = (
    torch.float64, torch.float32, torch.float16, torch.bfloat16,
    torch.uint8, torch.int16, torch.int32, torch.int64,
)  # fmt: skip
PARTS = tuple(dict.fromkeys(key.partition(".")[0] for key in SHAPES))


@dataclass(frozen=True)
class Survey:
    """The tensors of SHAPES that there are, and how they came to be."""

    tensors: dict[str, Tensor]
    about: dict[str, str]
    classes: tuple[str, ...] = ()
    """Of the test images on the map: those of the model, or of the data if it is told none."""

    @property
    def parts(self) -> tuple[str, ...]:
        """Those of PARTS that were measured."""
        there = {key.partition(".")[0] for key in self.tensors}
        return tuple(part for part in PARTS if part in there)

    def __getitem__(self, key: str) -> Tensor:
        return self.tensors[key]


def digest(folder: Path) -> str:
    """Of the weights of a checkpoint: a survey is of these and of no others."""
    return hashlib.sha256((folder / WEIGHTS).read_bytes()).hexdigest()


def write(folder: Path, tensors: dict[str, Tensor], about: dict[str, str]) -> None:
    """Put a survey beside the weights that it was made of, whole or not at all. Raises
    CheckpointError where nothing can be written."""
    metadata = {"format": FORMAT, "weights": digest(folder), "about": json.dumps(about)}
    content = safetensors.torch.save(
        {key: value.contiguous() for key, value in tensors.items()}, metadata
    )
    with writing():
        write_file(folder / FILE, content)


def read(chosen: Checkpoint) -> Survey | None:
    """The survey of a checkpoint, None where it has none. Raises CheckpointError for one that is
    broken, or of other weights."""
    if chosen.path is None or not (chosen.path / FILE).exists():
        return None
    path = chosen.path / FILE
    try:
        if path.stat().st_size > MAX_BYTES:
            raise CheckpointError(f"{path} is over {MAX_BYTES >> 20} MB; it is not loaded")
        with safetensors.safe_open(path, "pt") as file:
            metadata = file.metadata() or {}
            tensors = {key: file.get_tensor(key) for key in file.keys()}
        about = parse_json(metadata.get("about", ""))
    except (OSError, ValueError, RecursionError, safetensors.SafetensorError) as error:
        raise CheckpointError(f"{path} cannot be read: {error}") from None
    if not isinstance(about, dict):
        raise CheckpointError(f"{path} cannot be read: 'about' is no object")
    if metadata.get("format") != FORMAT or metadata.get("weights") != digest(chosen.path):
        raise CheckpointError(f"{path} is not of these weights; run python -m train.survey again")
    classes = chosen.labels or _names(about)
    if problem := wrong(tensors, chosen, len(classes)):
        raise CheckpointError(f"{path}: {problem}; run python -m train.survey again")
    # What is stored in half precision or bytes is computed with as usual.
    usual = {k: v.float() if v.is_floating_point() else v.long() for k, v in tensors.items()}
    return Survey(usual, {str(k): str(v) for k, v in about.items()}, classes)


def _names(about: dict[str, Any]) -> tuple[str, ...]:
    """The classes of the data that a survey names, as JSON; none for what is no list of names."""
    try:
        names = parse_json(str(about.get("classes", "[]")))
    except (ValueError, RecursionError):
        return ()
    known = isinstance(names, list) and all(
        isinstance(name, str) and presentable(name) for name in names
    )
    return tuple(names) if known else ()


def wrong(tensors: dict[str, Tensor], chosen: Checkpoint, classes: int = 0) -> str:
    """What is wrong with the tensors of a survey, or nothing. On its map are so many classes."""
    sizes = {"C": max(1, len(chosen.labels))}
    if "decode" in chosen.capabilities:
        z, _ = chosen.model.prior(latent.generator(0), None)  # type: ignore[operator]
        sizes["L"] = z.numel()
    for part in {key.partition(".")[0] for key in tensors}:
        for key in SHAPES:
            if key.partition(".")[0] == part and key not in tensors:
                return f"{key!r} is missing"
    for key, tensor in tensors.items():
        if key not in SHAPES:
            return f"{key[:40]!r} is unknown"
        wanted = [
            int(letter) if letter.isdigit() else sizes.setdefault(letter, size)
            for letter, size in zip(SHAPES[key], tensor.shape)
        ]
        if tensor.dtype not in DTYPES:  # of others torch knows no order
            return f"{key!r} is {tensor.dtype}"
        # None is empty: whoever reads one looks for the nearest row, or the first.
        if tensor.dim() != len(SHAPES[key]) or list(tensor.shape) != wanted or 0 in tensor.shape:
            return f"{key!r} has shape {tuple(tensor.shape)}"
        if not tensor.float().isfinite().all():
            return f"{key!r} holds NaN or infinity"
    numbers = tensors.get("map.classes")
    if numbers is not None and (
        numbers.is_floating_point() or (numbers < 0).any() or (numbers >= max(1, classes)).any()
    ):
        return "'map.classes' holds what is no class"
    shares = tensors.get("shares")
    if shares is not None and ((shares < 0).any() or abs(float(shares.sum()) - 1) > 1e-3):
        return "'shares' are no shares"
    return ""


def columns(chosen: Checkpoint) -> tuple[str, ...]:
    """What the columns of `tradeoff` hold."""
    return TRADEOFF if chosen.labels else TRADEOFF_ANY


def quantile_of(value: float, quantiles: Tensor) -> float:
    """Which share in [0, 1] of what `quantiles` (Q,) were taken of lies below `value`."""
    return float(torch.searchsorted(quantiles, torch.tensor(value))) / len(quantiles)
