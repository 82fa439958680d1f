"""Data sets by name, whole in memory as 8-bit values."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from aigc.media import ImageMedia

SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".ppm", ".pgm"}


class DataError(Exception):
    """One sentence: what is wrong with the data, and what to do."""


@dataclass(frozen=True)
class Dataset:
    """`images` (N, C, H, W) uint8, `targets` (N,) int64 into `labels` (empty: no classes)."""

    name: str
    images: Tensor
    targets: Tensor
    labels: tuple[str, ...]
    media: ImageMedia

    def __len__(self) -> int:
        return len(self.images)

    def floats(self, indices: Tensor | slice = slice(None)) -> Tensor:
        """The images at `indices` as the models take them: (N, C, H, W) float32 in [0, 1]."""
        return self.images[indices].float() / 255


def mnist(root: Path, train: bool, size: int) -> Dataset:
    """LeCun's digits, 60,000 to train and 10,000 to test, through torchvision, which downloads
    them into `root/MNIST/raw` when they are not there. `size` must be 28."""
    from torchvision.datasets import MNIST

    if size not in (0, 28):
        raise DataError(f"mnist is 28 pixels wide; leave --size out instead of {size}")
    try:
        source = MNIST(str(root), train=train, download=True)
    except (AssertionError, ValueError) as error:
        raise DataError(
            f"a file in {root}/MNIST/raw is damaged ({error}); delete that folder and start again"
        ) from None
    except (RuntimeError, OSError) as error:
        reason = " ".join(str(error).split())
        raise DataError(
            f"MNIST is not in {root}/MNIST/raw and could not be downloaded ({reason}); "
            "go online once, or point --data at a folder that has it"
        ) from None
    media = ImageMedia(1, 28, 28)
    labels = tuple(str(digit) for digit in range(10))
    return Dataset("mnist", source.data[:, None], source.targets.long(), labels, media)


def folder(root: Path, train: bool, size: int) -> Dataset:
    """Any folder of images, cut to the middle and resized to `size` pixels (default 64); its
    sub-folders are the classes. Grey when every image is. What cannot be read is named and
    skipped. One image in ten, by a hash of its path, is kept back for testing."""
    if not root.is_dir():
        raise DataError(f"{root} is not a folder; point --data at a folder of images")
    side = size or 64
    files = sorted(p for p in root.rglob("*") if p.suffix.lower() in SUFFIXES and p.is_file())
    classes = sorted({p.relative_to(root).parts[0] for p in files if p.parent != root})
    loose = any(p.parent == root for p in files)
    if classes and loose:
        raise DataError(
            f"{root} has images beside its class folders; move them into one, or the folders out"
        )
    colour = ImageMedia(3, side, side)
    images: list[Tensor] = []
    targets: list[int] = []
    skipped = 0
    for path in files:
        name = path.relative_to(root).as_posix()
        held_back = hashlib.sha256(name.encode()).digest()[0] % 10 == 0
        if held_back is train:
            continue
        try:
            with Image.open(path) as image:
                pixels = colour.from_pil(image)
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
            print(f"skipped {path}: {error}", file=sys.stderr)
            skipped += 1
            continue
        images.append((pixels * 255).round().to(torch.uint8))
        targets.append(classes.index(name.split("/")[0]) if classes else 0)
    if not images:
        raise DataError(
            f"{root} has no readable image for {'training' if train else 'testing'} ({len(files)} "
            f"files, {skipped} unreadable); add images ({', '.join(sorted(SUFFIXES))})"
        )
    stack = torch.stack(images)
    media = colour
    if bool((stack == stack[:, :1]).all()):
        stack, media = stack[:, :1].contiguous(), ImageMedia(1, side, side)
    return Dataset("folder", stack, torch.from_numpy(np.array(targets)), tuple(classes), media)


DATASETS: dict[str, Callable[[Path, bool, int], Dataset]] = {"mnist": mnist, "folder": folder}


def load(name: str, root: str | Path, train: bool = True, size: int = 0) -> Dataset:
    """The training or the test part of a data set. `size` in pixels, 0 for its own default.

    Raises DataError for an unknown name or data that cannot be had.
    """
    if name not in DATASETS:
        raise DataError(f"there is no data set {name!r}; choose one of {', '.join(DATASETS)}")
    return DATASETS[name](Path(root), train, size)
