from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image as Picture

from prism_engine.imaging.depth import to_8_bits, would_clip
from prism_engine.imaging.encoding import converted
from prism_engine.imaging.formats import PictureError, check_picture
from prism_engine.imaging.picture_rules import DEEP_MODES, Conversion

from .shades import GREY, decoded, encoded, png16, saved, tiff16

WIDE = GREY.astype(np.uint16)


def opened(data):
    picture = Picture.open(io.BytesIO(data))
    picture.load()
    return picture


@pytest.mark.parametrize(
    "data",
    [
        png16(WIDE * 257, 0),
        png16(WIDE * 256, 0),
        png16(WIDE * 256 + 200, 0),
        encoded(WIDE * 257, "TIFF"),
        encoded(WIDE * 257, "TIFF", compression="tiff_lzw"),
        tiff16(WIDE * 257),
        tiff16(WIDE * 257, big_endian=True),
        encoded(WIDE * 257, "PPM"),
        encoded(WIDE * 257, "JPEG2000", irreversible=False),
        encoded(WIDE.astype(np.int32) * 257, "TIFF"),
        encoded(GREY.astype(np.float32) / 255, "TIFF"),
        encoded(GREY.astype(np.float32) / 255, "PPM"),
        tiff16(WIDE * 16),
        tiff16(WIDE * 16 + 9, big_endian=True),
    ],
    ids=lambda data: data[:4].hex(),
)
def test_a_deep_picture_equals_its_8_bit_twin(data):
    picture = opened(data)
    assert picture.mode in DEEP_MODES
    assert would_clip(picture)
    assert (np.asarray(to_8_bits(picture)) == GREY).all()
    assert (decoded(converted(data, Conversion(to_8_bits=True))) == GREY).all()
    assert check_picture(data).clips


@pytest.mark.parametrize("kind", [np.uint16, np.int32, np.float32])
def test_8_bit_levels_in_a_wider_type_stay_as_they_are_and_are_not_clipped(kind):
    picture = Picture.fromarray(GREY.astype(kind))
    assert not would_clip(picture)
    assert (np.asarray(to_8_bits(picture)) == GREY).all()
    assert (np.asarray(picture.convert("L")) == GREY).all(), "what models got until now"


@pytest.mark.parametrize(
    ("values", "levels"),
    [
        ([[-1000.0, 0.0, 1000.0]], [0, 128, 255]),
        ([[0.0, 5000.0, 10000.0]], [0, 128, 255]),
        ([[0.0, 1.0, 2.0]], [0, 128, 255]),
        ([[-1.0, 0.0, 1.0]], [0, 128, 255]),
        ([[0.0, np.nan, 0.5, 1.0]], [0, 0, 128, 255]),
        ([[-np.inf, 0.0, 0.5, np.inf]], [0, 0, 128, 255]),
        ([[np.nan, -50.0, 50.0, np.inf]], [0, 0, 255, 255]),
        ([[3e38, -3e38, 0.0]], [255, 0, 128]),
        ([[7000.0, 7000.0]], [0, 0]),
    ],
)
def test_any_range_of_floats_goes_from_black_to_white(values, levels):
    picture = Picture.fromarray(np.array(values, dtype=np.float32))
    assert np.asarray(to_8_bits(picture))[0].tolist() == levels


def test_integers_beyond_16_bits_and_below_zero_are_stretched():
    for values in ([[-1024, 0, 1023]], [[0, 1 << 20, (1 << 21) - 1]], [[-(2**31), 0, 2**31 - 1]]):
        picture = Picture.fromarray(np.array(values, dtype=np.int32))
        assert np.asarray(to_8_bits(picture))[0].tolist() == [0, 128, 255]


def test_a_picture_larger_than_a_stripe_has_no_seams(monkeypatch):
    whole = to_8_bits(Picture.fromarray(WIDE * 257))
    monkeypatch.setattr("prism_engine.imaging.depth._STRIPE", 40)
    for picture in (Picture.fromarray(WIDE * 257), opened(tiff16(WIDE * 257, big_endian=True))):
        assert to_8_bits(picture).tobytes() == whole.tobytes()


def test_zero_is_white_where_the_file_says_so():
    assert (decoded(converted(tiff16(WIDE * 257, white_is_zero=True), Conversion(to_8_bits=True))) == 255 - GREY).all()


def test_a_picture_without_a_finite_pixel_is_broken():
    with pytest.raises(PictureError, match="broken picture: no pixel is a finite number"):
        check_picture(encoded(np.full((3, 3), np.nan, dtype=np.float32), "TIFF"))


@pytest.mark.parametrize("colour", [2, 4, 6])
def test_16_bit_colours_and_transparency_are_scaled_by_pillow_already(colour):
    channels = {2: 3, 4: 2, 6: 4}[colour]
    facts = check_picture(png16(np.dstack([WIDE * 257] * channels), colour))
    assert not facts.clips
    assert facts.mode not in DEEP_MODES


def test_the_file_is_turned_upright_after_scaling():
    exif = Picture.Exif()
    exif[274] = 6
    data = saved(Picture.fromarray(WIDE * 257), "PNG", exif=exif)
    assert (decoded(converted(data, Conversion(to_8_bits=True))) == np.rot90(GREY, -1)).all()
