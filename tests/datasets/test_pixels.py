"""Pictures from memory: the same pixels are the same PNG, whichever object holds them."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from prism_engine.datasets.images import PictureError, check_picture
from prism_engine.datasets.pixels import encode_pixels

RGB = np.random.default_rng(0).integers(0, 256, (5, 7, 3), dtype=np.uint8)
GREY = RGB[..., 0]


def decoded(data):
    check_picture(data)
    return Image.open(io.BytesIO(data))


@pytest.mark.parametrize(("array", "mode"), [(RGB, "RGB"), (GREY, "L")])
def test_an_array_and_a_pil_image_of_the_same_pixels_are_the_same_png(array, mode):
    data = encode_pixels(array)
    assert encode_pixels(Image.fromarray(array)) == data == encode_pixels(array.copy())
    assert decoded(data).mode == mode
    assert (np.asarray(decoded(data)) == array).all()


def test_the_layout_in_memory_plays_no_part():
    assert encode_pixels(np.asfortranarray(RGB)) == encode_pixels(RGB)
    assert encode_pixels(RGB[::2, ::-1]) == encode_pixels(RGB[::2, ::-1].copy())


def test_metadata_plays_no_part():
    image = Image.fromarray(RGB)
    text = PngImagePlugin.PngInfo()
    text.add_text("Comment", "made by hand")
    stream = io.BytesIO()
    image.save(stream, "PNG", pnginfo=text, dpi=(300, 300), icc_profile=b"profile", exif=b"Exif\0\0")
    assert encode_pixels(Image.open(stream)) == encode_pixels(image)


def test_other_pixels_are_another_png():
    other = RGB.copy()
    other[0, 0, 0] ^= 1
    assert encode_pixels(other) != encode_pixels(RGB)


@pytest.mark.parametrize(
    ("mode", "kept"),
    [("1", "L"), ("P", "RGB"), ("LA", "RGBA"), ("RGBA", "RGBA"), ("CMYK", "RGB"), ("YCbCr", "RGB"), ("HSV", "RGB")],
)
def test_other_modes_of_8_bits_are_converted(mode, kept):
    assert decoded(encode_pixels(Image.fromarray(RGB).convert(mode))).mode == kept


def test_a_transparent_colour_of_a_palette_is_kept():
    image = Image.fromarray(GREY % 4).convert("P")
    image.info["transparency"] = 0
    assert decoded(encode_pixels(image)).convert("RGBA").getextrema()[3] == (0, 255)


@pytest.mark.parametrize(
    "deep",
    [GREY.astype(np.uint16) * 257, GREY.astype(np.int32) * 257, GREY.astype(np.float32) / 255],
    ids=["I;16", "I", "F"],
)
def test_images_of_more_than_8_bits_are_scaled_like_files(deep):
    assert encode_pixels(Image.fromarray(deep)) == encode_pixels(GREY)


def test_an_image_without_a_finite_pixel_is_an_error():
    with pytest.raises(PictureError, match="no pixel is a finite number"):
        encode_pixels(Image.new("F", (4, 4), float("nan")))


@pytest.mark.parametrize(
    "array",
    [
        RGB.astype(np.float32) / 255,
        RGB.astype(np.int64),
        GREY > 100,
        RGB[None],
        RGB.transpose(2, 0, 1),
        np.dstack([RGB, GREY]),
        RGB[0, 0],
        np.uint8(3),
    ],
    ids=["float", "int64", "bool", "batch", "channels first", "four channels", "1-d", "scalar"],
)
def test_other_shapes_and_types_are_one_clear_error(array):
    with pytest.raises(PictureError, match=r"is an array of shape \(.*\) and type \w+; it must be \(H, W, 3\)"):
        encode_pixels(np.asarray(array))


def test_a_picture_without_pixels_and_a_broken_file_are_errors():
    with pytest.raises(PictureError, match=r"has no pixels \(7 x 0\)"):
        encode_pixels(RGB[:0])
    stream = io.BytesIO()
    Image.fromarray(RGB).resize((200, 200)).save(stream, "JPEG")
    broken = Image.open(io.BytesIO(stream.getvalue()[:-50]))
    with pytest.raises(PictureError, match="is a broken picture"):
        encode_pixels(broken)
