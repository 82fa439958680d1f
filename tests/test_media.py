"""Tensor <-> picture, with the pictures that people really upload."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from aigc.media import ImageMedia, media_from_dict

GREY, COLOUR = ImageMedia(1, 28, 28), ImageMedia(3, 32, 48)


@pytest.mark.parametrize("media", [GREY, COLOUR], ids=["grey", "colour"])
def test_pictures_come_back_as_they_were(media: ImageMedia) -> None:
    values = torch.arange(media.channels * media.height * media.width).remainder(256)
    image = values.reshape(media.shape).float() / 255
    picture = media.to_pil(image)
    assert picture.size == (media.width, media.height)
    assert picture.mode == ("L" if media.channels == 1 else "RGB")
    torch.testing.assert_close(media.from_pil(picture), image, atol=1e-6, rtol=0)


def test_values_are_rounded_and_clamped() -> None:
    image = torch.tensor([-1.0, 0.0, 0.4999 / 255, 0.5001 / 255, 1.0, 7.0]).reshape(1, 1, 1, 6)
    pixels = ImageMedia(1, 4, 4).to_uint8(image)
    assert pixels.shape == (1, 1, 6, 1)
    assert pixels.ravel().tolist() == [0, 0, 0, 1, 255, 255]


@pytest.mark.parametrize("media", [GREY, COLOUR], ids=["grey", "colour"])
def test_a_grid_puts_pictures_in_reading_order(media: ImageMedia) -> None:
    images = torch.stack([torch.full(media.shape, level / 4) for level in range(5)])
    sheet = np.asarray(media.grid(images, columns=3))
    assert sheet.shape[:2] == (2 * media.height, 3 * media.width)
    middles = sheet[media.height // 2 :: media.height, media.width // 2 :: media.width]
    grey = middles if middles.ndim == 2 else middles[..., 0]
    assert grey.tolist() == [[0, 64, 128], [191, 255, 0]]  # the last place stays black


def modes() -> dict[str, Image.Image]:
    """A white picture with a black left half, in every mode that files bring."""
    grey = Image.new("L", (60, 40), 255)
    grey.paste(0, (0, 0, 30, 40))
    wide = np.asarray(grey).astype(np.uint16) * 257
    made = {mode: grey.convert(mode) for mode in ("1", "L", "LA", "P", "RGB", "RGBA", "CMYK")}
    made |= {mode: grey.convert("RGB").convert(mode) for mode in ("YCbCr", "HSV", "LAB")}
    made |= {"I;16": Image.fromarray(wide), "I": Image.fromarray(wide.astype(np.int32))}
    made["F"] = grey.convert("F")
    return made


@pytest.mark.parametrize("mode", modes())
@pytest.mark.parametrize("media", [GREY, COLOUR], ids=["grey", "colour"])
def test_every_mode_is_read(mode: str, media: ImageMedia) -> None:
    image = media.from_pil(modes()[mode])
    assert image.shape == media.shape and image.dtype == torch.float32
    assert image.is_contiguous() and 0 <= image.min() and image.max() <= 1
    assert image[:, 4:-4, 4].max() < 0.05 and image[:, 4:-4, -4].min() > 0.95


def test_a_turned_photograph_stands_upright() -> None:
    picture = Image.new("RGB", (40, 80), "black")
    picture.paste("white", (0, 0, 40, 40))  # the upper half of what the camera saw
    exif = Image.Exif()
    exif[0x0112] = 6  # shown, it is to be turned by 90 degrees clockwise
    file = io.BytesIO()
    picture.save(file, "jpeg", exif=exif, quality=95)
    image = GREY.from_pil(Image.open(file))
    assert image[0, :, 2].max() < 0.1 and image[0, :, -3].min() > 0.9


def test_decimal_numbers_from_0_to_1_are_from_black_to_white(tmp_path: Path) -> None:
    values = np.linspace(0, 1, 16, dtype=np.float32).reshape(4, 4)
    for unit in (1, 255):
        Image.fromarray(values * unit).save(tmp_path / "float.tiff")
        with Image.open(tmp_path / "float.tiff") as image:
            read = ImageMedia(1, 4, 4).from_pil(image)[0].numpy()
        assert np.abs(read - values).max() < 1 / 128


@pytest.mark.parametrize(
    "values",
    [
        np.full((4, 4), 300, np.float32), np.full((4, 4), -1, np.float32),
        np.full((4, 4), np.nan, np.float32), np.full((4, 4), 2**30, np.int32),
    ],
)  # fmt: skip
def test_numbers_of_which_nobody_knows_what_is_white(values: np.ndarray) -> None:
    with pytest.raises(ValueError, match="save it as an 8-bit PNG"):
        ImageMedia(1, 4, 4).from_pil(Image.fromarray(values))


def test_transparent_places_are_black() -> None:
    picture = Image.new("RGBA", (28, 28), (255, 255, 255, 0))
    picture.paste((255, 255, 255, 255), (0, 0, 14, 28))
    image = GREY.from_pil(picture)
    assert image[0, :, 2].min() > 0.95 and image[0, :, -3].max() < 0.05
    palette = Image.new("P", (28, 28), 0)
    palette.putpalette([255, 255, 255])
    palette.info["transparency"] = 0
    assert GREY.from_pil(palette).max() == 0


def test_the_middle_is_cut_out() -> None:
    picture = Image.new("L", (300, 100))
    picture.paste(255, (100, 0, 200, 100))
    image = GREY.from_pil(picture)
    assert image[0, :, 1:-1].min() > 0.99 and image.min() > 0.9  # the filter sees over the edge


@pytest.mark.parametrize("size", [(1, 1), (1, 4000), (4000, 1), (3, 28)])
def test_no_size_is_too_odd(size: tuple[int, int]) -> None:
    assert GREY.from_pil(Image.new("RGB", size, "white")).shape == GREY.shape
    assert GREY.from_drawing(Image.new("RGB", size, "white")).shape == GREY.shape


def centre(image: torch.Tensor) -> tuple[float, float]:
    rows, columns = image[0].sum(1), image[0].sum(0)
    places = torch.arange(28.0)
    return float(rows @ places / rows.sum()), float(columns @ places / columns.sum())


def sign(ground: str, ink: str) -> Image.Image:
    picture = Image.new("RGB", (200, 160), ground)
    picture.paste(ink, (20, 30, 60, 110))  # 40 x 80, far off the middle
    return picture


@pytest.mark.parametrize(("ground", "ink"), [("black", "white"), ("white", "black")])
def test_a_drawing_is_prepared_as_mnist_was(ground: str, ink: str) -> None:
    image = GREY.from_drawing(sign(ground, ink))
    assert image.shape == (1, 28, 28)
    ys, xs = torch.where(image[0] > 0.5)
    assert (ys.max() - ys.min() + 1, xs.max() - xs.min() + 1) == (20, 10)
    assert centre(image) == pytest.approx((13.5, 13.5), abs=0.6)
    assert image[0, 0].max() == 0 and image[0, :, 0].max() == 0


def test_a_16_bit_drawing_is_not_clipped() -> None:
    grey = sign("#404040", "white").convert("L")
    wide = Image.fromarray(np.asarray(grey).astype(np.uint16) * 257)
    assert torch.equal(GREY.from_drawing(wide), GREY.from_drawing(grey))
    assert GREY.from_drawing(grey)[0].count_nonzero() > 0


@pytest.mark.parametrize("ink", ["black", "white", "red"])
def test_strokes_on_a_transparent_pad_are_the_drawing(ink: str) -> None:
    pad = Image.new("RGBA", (200, 200), (0, 0, 0, 0))
    pad.paste(ink, (90, 20, 110, 180))
    image = GREY.from_drawing(pad)
    ys, xs = torch.where(image[0] > 0.2)
    assert (ys.max() - ys.min() + 1, xs.max() - xs.min() + 1) == (20, 2)
    assert image[0, 13, 13:15].max() > 0.5


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "1", "P", "LA"])
def test_an_empty_canvas_stays_empty(mode: str) -> None:
    for colour in ("black", "white"):
        assert GREY.from_drawing(Image.new("L", (50, 50), colour).convert(mode)).max() == 0
    assert GREY.from_drawing(Image.new("RGBA", (50, 50), (0, 0, 0, 0))).max() == 0


def test_colour_media_take_a_drawing_as_a_picture() -> None:
    picture = sign("white", "red")
    assert torch.equal(COLOUR.from_drawing(picture), COLOUR.from_pil(picture))


def test_media_come_back_from_a_dictionary() -> None:
    for media in (GREY, COLOUR):
        assert media_from_dict(media.to_dict()) == media
    assert GREY.to_dict() == {"kind": "image", "channels": 1, "height": 28, "width": 28}


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"kind": "smell"}, "kind among image"),
        ({}, "kind among image"),
        ([], "kind among image"),
        ({"kind": ["image"]}, "kind among image"),
        ({"kind": "image"}, "wrong keys"),
        ({**GREY.to_dict(), "depth": 8}, "wrong keys.*depth"),
        ({**GREY.to_dict(), "channels": 2}, "1 or 3 channels, not 2"),
        ({**GREY.to_dict(), "channels": True}, "1 or 3 channels, not True"),
        ({**GREY.to_dict(), "channels": "1"}, "1 or 3 channels, not '1'"),
        ({**GREY.to_dict(), "height": 0}, "height of an image is 4 to 1024 pixels, not 0"),
        ({**GREY.to_dict(), "width": 10**9}, "width of an image"),
        ({**GREY.to_dict(), "width": 28.0}, "width of an image.*not 28.0"),
        ({**GREY.to_dict(), "width": None}, "width of an image.*not None"),
    ],
)
def test_what_is_no_media_is_refused_by_name(values: dict[str, object], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        media_from_dict(values)
