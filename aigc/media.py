"""What a model makes: sizes, and the way between tensors and things a person can look at.

Every image tensor that crosses a module border is float32, (N, channels, height, width), in
[0, 1]; 0 is black. A model may use another range inside. A sound is the picture of its spectrum, a
video the sheet of its frames. A text is a row of indices into the symbols of its media, int64,
(N, T).
"""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image, ImageOps
from torch import Tensor


@dataclass(frozen=True)
class ImageMedia:
    """Images of one size: `channels` is 1 (grey) or 3 (RGB), `height` and `width` in pixels."""

    channels: int
    height: int
    width: int

    kind: ClassVar[str] = "image"
    LOOKS: ClassVar[tuple[str, ...]] = ("ink", "width", "height", "slant")

    def __post_init__(self) -> None:
        if type(self.channels) is not int or self.channels not in (1, 3):
            raise ValueError(f"an image has 1 or 3 channels, not {self.channels!r}")
        for name in ("height", "width"):
            value = getattr(self, name)
            if type(value) is not int or not 4 <= value <= 1024:
                raise ValueError(f"the {name} of an image is 4 to 1024 pixels, not {value!r}")

    @property
    def shape(self) -> tuple[int, int, int]:
        return self.channels, self.height, self.width

    @property
    def measures(self) -> dict[str, float]:
        """The numbers that a person may want to know, by name."""
        return asdict(self)

    def to_dict(self) -> dict[str, object]:
        return {"kind": self.kind, **asdict(self)}

    def to_uint8(self, images: Tensor) -> np.ndarray:
        """(N, C, H, W) floats in [0, 1] -> (N, H, W, C) uint8, rounded to the nearest value."""
        values = images.detach().clamp(0, 1).mul(255).round().to(torch.uint8)
        return values.permute(0, 2, 3, 1).contiguous().cpu().numpy()

    def to_pil(self, image: Tensor) -> Image.Image:
        """One image (C, H, W) in [0, 1] -> a PIL image of mode L or RGB."""
        pixels = self.to_uint8(image[None])[0]
        return Image.fromarray(pixels[..., 0] if self.channels == 1 else pixels)

    def moments(self, images: Tensor, columns: int = 1) -> tuple[list[Image.Image], int]:
        """What is seen of images (N, C, H, W) in [0, 1] in rows of `columns`, one after the other,
        and for how many milliseconds each: their grid, for ever (0)."""
        return [self.grid(images, columns)], 0

    def looks(self, images: Tensor) -> Tensor:
        """What can be measured of how images (N, C, H, W) in [0, 1] look, LOOKS, (N, 4): the mean
        of all values; the standard deviations of the ink from left to right and from top to
        bottom, in pixels; and how many pixels it leans to the right for each one that it rises."""
        _, spread, both = _ink(images)
        slant = both / spread[:, 1].square().clamp(min=1e-6)
        return torch.stack([images.mean((1, 2, 3)), *spread.T, slant], 1)

    def grid(self, images: Tensor, columns: int) -> Image.Image:
        """(N, C, H, W) in [0, 1] -> one PIL image, rows of `columns`, without gaps."""
        pixels = self.to_uint8(images)
        rows = -(-len(pixels) // columns)
        sheet = np.zeros((rows * self.height, columns * self.width, self.channels), np.uint8)
        for i, tile in enumerate(pixels):
            top, left = i // columns * self.height, i % columns * self.width
            sheet[top : top + self.height, left : left + self.width] = tile
        return Image.fromarray(sheet[..., 0] if self.channels == 1 else sheet)

    def from_pil(self, image: Image.Image) -> Tensor:
        """Any PIL image -> (C, H, W) in [0, 1]: turned upright as its EXIF tag says, laid on
        black where it is transparent, cut to the middle in this shape, resized."""
        image = _plain(image)
        if image.has_transparency_data:
            image = image.convert("RGBA")
            image = Image.alpha_composite(Image.new("RGBA", image.size, "black"), image)
        image = image.convert("L" if self.channels == 1 else "RGB")
        image = ImageOps.fit(image, (self.width, self.height), Image.Resampling.LANCZOS)
        pixels = np.asarray(image, dtype=np.float32) / 255
        values = torch.from_numpy(pixels.copy())
        return values[None] if self.channels == 1 else values.permute(2, 0, 1).contiguous()

    def from_drawing(self, image: Image.Image) -> Tensor:
        """A drawn or photographed grey sign -> (1, H, W), prepared as MNIST was: light on dark,
        its box scaled to 20/28 of the side, its centre of mass in the middle.

        http://yann.lecun.com/exdb/mnist/. An empty canvas stays empty; colour media fall back
        to `from_pil`.
        """
        if self.channels != 1:
            return self.from_pil(image)
        image = _plain(image)
        if image.has_transparency_data:
            # A sketch pad hands over strokes on nothing; which colour they have does not matter
            # when the transparency itself is the drawing.
            alpha = np.asarray(image.convert("RGBA"))[..., 3]
            grey = np.asarray(
                Image.alpha_composite(
                    Image.new("RGBA", image.size, "white"), image.convert("RGBA")
                ).convert("L")
            )
            ink = alpha if alpha.min() < 255 and grey.min() > 250 else grey
        else:
            ink = np.asarray(image.convert("L"))
        ink = ink.astype(np.float32) / 255
        border = np.concatenate([ink[0], ink[-1], ink[:, 0], ink[:, -1]])
        if np.median(border) > 0.5:
            ink = 1 - ink
        ys, xs = np.where(ink > 0.2)
        if len(ys) == 0:
            return torch.zeros(self.shape)
        box = ink[ys.min() : ys.max() + 1, xs.min() : xs.max() + 1]
        scale = 20 / 28 * min(self.height, self.width) / max(box.shape)
        size = (max(1, round(box.shape[1] * scale)), max(1, round(box.shape[0] * scale)))
        sign = (
            np.asarray(
                Image.fromarray((box * 255).astype(np.uint8)).resize(size, Image.Resampling.BOX),
                dtype=np.float32,
            )
            / 255
        )
        weight = sign.sum() or 1.0
        cy = float((sign.sum(1) * np.arange(sign.shape[0])).sum() / weight)
        cx = float((sign.sum(0) * np.arange(sign.shape[1])).sum() / weight)
        top = int(np.clip(round((self.height - 1) / 2 - cy), 0, self.height - sign.shape[0]))
        left = int(np.clip(round((self.width - 1) / 2 - cx), 0, self.width - sign.shape[1]))
        canvas = torch.zeros(self.shape)
        canvas[0, top : top + sign.shape[0], left : left + sign.shape[1]] = torch.from_numpy(sign)
        return canvas


@dataclass(frozen=True)
class SoundMedia(ImageMedia):
    """Sounds of one length, each as the picture (1, height, width) of its spectrum: `width` moments
    from left to right, at each `height` frequencies, equally far apart, the highest on top. The
    brightness is the level, black for FLOOR decibels below a full sine and less. `rate` is in
    samples a second.

    A model of pictures so becomes one of sounds; the phases, which the picture lacks, are found
    again by the way back.
    """

    rate: int = 8000

    kind: ClassVar[str] = "sound"
    LOOKS: ClassVar[tuple[str, ...]] = ("loudness", "brightness", "length", "onset")
    FLOOR: ClassVar[float] = 80.0
    ROUNDS: ClassVar[int] = 16
    MOMENTUM: ClassVar[float] = 0.99

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.channels != 1:
            raise ValueError(f"the spectrum of a sound has 1 channel, not {self.channels!r}")
        if type(self.rate) is not int or not 1000 <= self.rate <= 96000:
            raise ValueError(f"the rate of a sound is 1000 to 96000 a second, not {self.rate!r}")

    @property
    def samples(self) -> int:
        """How long a sound is."""
        return self.height * self.width

    def from_drawing(self, image: Image.Image) -> Tensor:
        """A drawn spectrum, as it is."""
        return self.from_pil(image)

    @property
    def measures(self) -> dict[str, float]:
        return {"rate": self.rate, "seconds": self.samples / self.rate}

    @property
    def _window(self) -> Tensor:
        """Two spectra overlap by half: each sees `2 height` samples, the next begins `height`
        later."""
        return torch.hann_window(2 * self.height)

    def _spectra(self, waves: Tensor) -> Tensor:
        """(N, samples) -> complex (N, 1 + height, width), from frequency 0 up."""
        found = torch.stft(
            waves, 2 * self.height, self.height, window=self._window, pad_mode="constant",
            return_complex=True,
        )  # fmt: skip
        return found[..., : self.width]

    def _waves(self, spectra: Tensor) -> Tensor:
        """The inverse of `_spectra`, as near as there is one: it fades out at the end."""
        return torch.istft(
            F.pad(spectra, (0, 1)),
            2 * self.height,
            self.height,
            window=self._window,
            length=self.samples,
        )

    def from_waves(self, waves: Tensor) -> Tensor:
        """(N, samples) in [-1, 1] -> (N, 1, H, W) in [0, 1]."""
        full = self._window.sum() / 2  # of a sine of amplitude 1
        level = 20 * (self._spectra(waves)[:, 1:].abs() / full).clamp(min=1e-9).log10()
        return (1 + level / self.FLOOR).clamp(0, 1).flip(1)[:, None]

    def looks(self, images: Tensor) -> Tensor:
        """LOOKS of spectra (N, 1, H, W) in [0, 1], (N, 4): the level of the mean power, in dB
        below a full sine; the spectral centroid, in Hz; the temporal centroid, in seconds; and the
        moment that is loudest, in seconds."""
        picture = images[:, 0].clamp(0, 1).flip(1)
        power = torch.where(picture > 0, 10 ** ((picture - 1) * self.FLOOR / 10), torch.zeros(()))
        whole = power.sum((1, 2)).clamp(min=1e-12)
        pitch = torch.arange(1, self.height + 1) * self.rate / (2 * self.height)  # Hz
        moment = torch.arange(self.width) * self.height / self.rate  # seconds
        at = power.sum(1)  # (N, W)
        level = 10 * (whole / self.width).log10()
        return torch.stack(
            [level, power.sum(2) @ pitch / whole, at @ moment / whole, moment[at.argmax(1)]], 1
        )

    def to_waves(self, images: Tensor) -> Tensor:
        """(N, 1, H, W) in [0, 1] -> (N, samples) in [-1, 1]. The phases are those of a sound
        whose spectrum it nearly is, found in ROUNDS steps from random ones, always the same:
        Griffin and Lim (1984), with the momentum of Perraudin, Balazs and Sondergaard (2013)."""
        picture = images[:, 0].detach().cpu().float().clamp(0, 1).flip(1)
        level = 10 ** ((picture - 1) * self.FLOOR / 20) * self._window.sum() / 2
        sizes = torch.where(picture > 0, level, torch.zeros(()))
        sizes = torch.cat([torch.zeros_like(sizes[:, :1]), sizes], 1)  # (N, 1 + H, W)
        turns = torch.rand(sizes.shape[1:], generator=torch.Generator().manual_seed(0))
        phases = torch.polar(torch.ones_like(turns), 2 * math.pi * turns)
        before: Tensor | float = 0.0
        for _ in range(self.ROUNDS):
            now = self._spectra(self._waves(sizes * phases))
            ahead = now - before * (self.MOMENTUM / (1 + self.MOMENTUM))
            phases, before = ahead / (ahead.abs() + 1e-9), now
        waves = self._waves(sizes * phases)
        return waves / waves.abs().amax(1, keepdim=True).clamp(min=1.0)


@dataclass(frozen=True)
class VideoMedia(ImageMedia):
    """Short videos, each as one sheet of its frames: `rows` of `columns`, in the order of reading,
    `rate` of them a second; `height` and `width` are those of the sheet.

    A model of pictures so becomes one of videos: it draws all frames at once.
    """

    rows: int = 1
    columns: int = 1
    rate: int = 8

    kind: ClassVar[str] = "video"
    LOOKS: ClassVar[tuple[str, ...]] = ("ink", "rightwards", "upwards", "speed")

    def __post_init__(self) -> None:
        super().__post_init__()
        for name, side in (("rows", self.height), ("columns", self.width)):
            value = getattr(self, name)
            if type(value) is not int or value < 1 or side % value:
                raise ValueError(f"the {name} of a video divide its {side} pixels, not {value!r}")
        if type(self.rate) is not int or not 1 <= self.rate <= 50:
            raise ValueError(f"the rate of a video is 1 to 50 frames a second, not {self.rate!r}")

    @property
    def frame(self) -> ImageMedia:
        """What one frame is."""
        return ImageMedia(self.channels, self.height // self.rows, self.width // self.columns)

    @property
    def measures(self) -> dict[str, float]:
        frames = self.rows * self.columns
        return self.frame.measures | {"frames": frames}

    def to_sheets(self, videos: Tensor) -> Tensor:
        """(N, T, C, h, w) -> (N, C, H, W)."""
        split = videos.unflatten(1, (self.rows, self.columns))  # (N, rows, columns, C, h, w)
        return split.permute(0, 3, 1, 4, 2, 5).reshape(len(videos), *self.shape)

    def to_videos(self, sheets: Tensor) -> Tensor:
        """The inverse of `to_sheets`."""
        split = sheets.unflatten(3, (self.columns, -1)).unflatten(2, (self.rows, -1))
        return split.permute(0, 2, 4, 1, 3, 5).flatten(1, 2)

    def moments(self, images: Tensor, columns: int = 1) -> tuple[list[Image.Image], int]:
        """Their frames."""
        frames = self.to_videos(images).unbind(1)
        return [self.frame.grid(frame, columns) for frame in frames], 1000 // self.rate

    def from_drawing(self, image: Image.Image) -> Tensor:
        """A drawn sign that stands still."""
        frame = self.frame.from_drawing(image)
        return self.to_sheets(frame.expand(1, self.rows * self.columns, -1, -1, -1))[0]

    def looks(self, images: Tensor) -> Tensor:
        """LOOKS of sheets (N, C, H, W) in [0, 1], (N, 4): the mean of all values; how far the
        centre of the ink moves from a frame to the next, to the right, upwards, and wherever, in
        pixels."""
        videos = self.to_videos(images)  # (N, T, C, h, w)
        middle = _ink(videos.flatten(0, 1))[0].unflatten(0, videos.shape[:2])  # (N, T, 2)
        steps = middle.diff(dim=1) if videos.shape[1] > 1 else torch.zeros_like(middle)
        return torch.stack([images.mean((1, 2, 3)), *steps.mean(1).T, steps.norm(dim=2).mean(1)], 1)


def _ink(images: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """How the ink of images (N, C, H, W) lies, in pixels to the right and upwards: its middle and
    its standard deviations, both (N, 2), and its covariance, (N,)."""
    ink = images.mean(1)  # (N, H, W)
    whole = ink.sum((1, 2)).clamp(min=1e-6)
    x, y = torch.arange(ink.shape[2]).float(), -torch.arange(ink.shape[1]).float()
    across, along = ink.sum(1) / whole[:, None], ink.sum(2) / whole[:, None]  # (N, W), (N, H)
    middle = torch.stack([across @ x, along @ y], 1)
    squares = torch.stack([across @ x.square(), along @ y.square()], 1)
    spread = (squares - middle.square()).clamp(min=0).sqrt()
    both = torch.einsum("nhw,h,w->n", ink, y, x) / whole - middle.prod(1)
    return middle, spread, both


def _plain(image: Image.Image) -> Image.Image:
    """Upright as the EXIF tag says, and in a mode that Pillow converts to grey and to RGB. Raises
    ValueError for numbers of which nobody knows what is white."""
    image.load()  # so that what is damaged here is not taken for a damaged tag
    with suppress(Exception):  # Pillow raises anything at damaged EXIF; then it stays as it lies
        image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I"):  # 16-bit grey: Pillow's own conversion clips at 255
        return _grey(np.asarray(image, dtype=np.float64) / 257)
    if image.mode == "F":  # decimal numbers, by custom from 0 to 1; Pillow takes 255 for white
        values = np.asarray(image, dtype=np.float64)
        return _grey(values * 255 if values.max() <= 1 else values)
    return image.convert("RGB") if image.mode == "LAB" else image  # which it cannot make grey


def _grey(values: np.ndarray) -> Image.Image:
    """(H, W) in [0, 255] -> a grey picture."""
    if not (0 <= values.min() and values.max() < 256):  # nor when it is NaN
        raise ValueError("its values are not those of a picture; save it as an 8-bit PNG")
    return Image.fromarray(values.astype(np.uint8))


MAX_LABEL_BYTES = 200  # of the name of a class, which stands in names of files
UNKNOWN = "\ufffd"  # stands for every character that is not among the symbols


@dataclass(frozen=True)
class TextMedia:
    """Texts of at most `length` symbols at a time; `symbols` are distinct characters, the first of
    which is UNKNOWN. A text that crosses a module border is (T,) int64 indices into them. `end`
    is the symbol that ends a text, and fills the rest of its row; without one, texts go on."""

    symbols: str
    length: int
    end: str = ""

    kind: ClassVar[str] = "text"

    def __post_init__(self) -> None:
        if not isinstance(self.symbols, str) or not self.symbols.startswith(UNKNOWN):
            raise ValueError("the symbols of a text are a string that begins with U+FFFD")
        if len(self.symbols) < 2 or len(set(self.symbols)) < len(self.symbols):
            raise ValueError("the symbols of a text are two or more, all different")
        if type(self.length) is not int or not 2 <= self.length <= 4096:
            raise ValueError(f"the length of a text is 2 to 4096 symbols, not {self.length!r}")
        if not isinstance(self.end, str) or len(self.end) > 1 or self.end not in self.symbols[1:]:
            raise ValueError(f"what ends a text is one of its symbols, or nothing: {self.end!r}")

    @property
    def shape(self) -> tuple[int, int, int]:
        """The symbols, the length, and which symbol ends a text (0: none)."""
        return len(self.symbols), self.length, self.symbols.index(self.end) if self.end else 0

    @property
    def measures(self) -> dict[str, int]:
        """The numbers that a person may want to know, by name: different characters, and how many
        at a time."""
        return {"symbols": len(self.symbols) - 1, "length": self.length}

    @property
    def han(self) -> bool:
        """Whether most symbols are Chinese characters."""
        return sum("\u3400" <= c <= "\u9fff" for c in self.symbols) * 2 > len(self.symbols)

    def to_dict(self) -> dict[str, object]:
        return {"kind": self.kind, **asdict(self)}

    def to_text(self, indices: Tensor) -> str:
        """(T,) -> the characters before the end, if there is one."""
        text = "".join(self.symbols[i] for i in indices.tolist())
        return text.partition(self.end)[0] if self.end else text

    def unknown(self, prompt: str) -> list[str]:
        """The characters of a prompt that are no symbols, each once, in order."""
        return sorted(set(prompt) - (set(self.symbols) - set(self.end)))

    def from_text(self, text: str) -> Tensor:
        """Characters -> (T,) int64; those that are no symbol become UNKNOWN, index 0."""
        return torch.tensor([self.places.get(c, 0) for c in text], dtype=torch.long)

    def from_prompt(self, prompt: str) -> Tensor:
        """A beginning, (T,) int64: nothing in it ends the text."""
        return self.from_text(prompt.replace(self.end, UNKNOWN) if self.end else prompt)

    @cached_property
    def places(self) -> dict[str, int]:
        """Where each symbol stands."""
        return {symbol: i for i, symbol in enumerate(self.symbols)}


Media = ImageMedia | SoundMedia | VideoMedia | TextMedia
MEDIA: dict[str, type[ImageMedia] | type[TextMedia]] = {
    ImageMedia.kind: ImageMedia,
    SoundMedia.kind: SoundMedia,
    VideoMedia.kind: VideoMedia,
    TextMedia.kind: TextMedia,
}


def media_from_dict(values: dict[str, object]) -> Media:
    """The inverse of `to_dict`. Raises ValueError that names what is wrong."""
    kind = values.get("kind") if isinstance(values, dict) else None
    if not isinstance(kind, str) or kind not in MEDIA:
        raise ValueError(f"'media' names a kind among {', '.join(MEDIA)}, not {values!r}")
    sizes = {k: v for k, v in values.items() if k != "kind"}
    try:
        return MEDIA[kind](**sizes)  # type: ignore[arg-type]
    except TypeError as error:
        raise ValueError(f"'media' has wrong keys: {error}") from None
