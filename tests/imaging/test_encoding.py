from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image as Picture

from prism_engine.config import ApiModel
from prism_engine.errors import RejectedError
from prism_engine.imaging.encoding import converted, model_bytes
from prism_engine.imaging.formats import PictureError
from prism_engine.imaging.picture_rules import Conversion, _largest, conversion_of, url_length
from prism_engine.records import Image

from .shades import GREY, RGB, decoded, encoded, saved, stored

NOISE = np.random.default_rng(0).integers(0, 256, (200, 300, 3), dtype=np.uint8)
LOSSLESS = ["BMP", "DIB", "TIFF", "PPM", "TGA", "PCX", "SGI", "QOI", "DDS", "JPEG2000", "ICO"]


def sent(folder, data, **fields):
    """What an API with these fields of its entry gets."""
    return model_bytes(stored(folder, data), ApiModel(model="m", **fields).pictures)


def kind_of(data):
    return Picture.open(io.BytesIO(data)).format


@pytest.mark.parametrize("kind", LOSSLESS)
def test_other_formats_become_png_with_the_same_pixels(tmp_path, kind):
    pixels = np.tile(RGB, (2, 2, 1))[:24, :24]
    options = {"sizes": [(24, 24)], "bitmap_format": "bmp"} if kind == "ICO" else {}
    data = sent(tmp_path, encoded(pixels, kind, **options))
    assert kind_of(data) == "PNG"
    assert (np.asarray(Picture.open(io.BytesIO(data)).convert("RGB")) == pixels).all()


def test_avif_becomes_png(tmp_path):
    data = sent(tmp_path, encoded(RGB, "AVIF", quality=100))
    assert kind_of(data) == "PNG"
    assert np.abs(decoded(data).astype(int) - RGB).mean() < 8


@pytest.mark.parametrize(
    ("mode", "kept"),
    [("1", "L"), ("L", "L"), ("P", "RGB"), ("CMYK", "RGB"), ("LA", "RGBA"), ("RGBA", "RGBA"), ("YCbCr", "RGB")],
)
def test_modes_that_png_readers_may_not_know_become_grey_or_rgb_and_transparency_stays(tmp_path, mode, kept):
    data = sent(tmp_path, saved(Picture.fromarray(RGB).convert(mode), "TIFF"))
    assert Picture.open(io.BytesIO(data)).mode == kept


def test_an_ordinary_picture_is_sent_byte_for_byte(tmp_path):
    exif = Picture.Exif()
    exif[274] = 6
    for kind, options in [("PNG", {}), ("JPEG", {"exif": exif}), ("WEBP", {}), ("GIF", {})]:
        data = saved(Picture.fromarray(RGB), kind, **options)
        assert sent(tmp_path, data) == data


def test_animations_are_sent_as_they_are_and_of_pages_the_first_is_sent(tmp_path):
    first, second = Picture.fromarray(RGB), Picture.fromarray(255 - RGB)
    for kind in ("WEBP", "GIF"):
        data = saved(first, kind, save_all=True, append_images=[second])
        assert sent(tmp_path, data) == data
    pages = stored(tmp_path, saved(first, "TIFF", save_all=True, append_images=[second]))
    assert pages.facts is not None
    assert pages.facts.pages
    assert (decoded(model_bytes(pages, ApiModel(model="m").pictures)) == RGB).all()


def test_a_large_picture_is_scaled_to_the_longer_side_and_keeps_its_format(tmp_path):
    for kind in ("PNG", "JPEG"):
        data = sent(tmp_path, encoded(NOISE, kind), max_image_side=100)
        assert (kind_of(data), Picture.open(io.BytesIO(data)).size) == (kind, (100, 67))
    assert sent(tmp_path, encoded(NOISE, "PNG"), max_image_side=300) == encoded(NOISE, "PNG")


def test_a_scaled_photograph_is_upright_and_has_no_metadata(tmp_path):
    exif = Picture.Exif()
    exif[274] = 6
    data = saved(Picture.fromarray(NOISE), "JPEG", exif=exif, icc_profile=b"x" * 9000, comment=b"secret place")
    small = Picture.open(io.BytesIO(sent(tmp_path, data, max_image_side=100)))
    assert small.size == (67, 100)
    assert not {"exif", "icc_profile", "comment"} & set(small.info)


@pytest.mark.parametrize("limit", [160_000, 90_000, 20_000, 2_000, 1_024])
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "BMP", "TIFF"])
def test_a_limit_of_bytes_is_kept_by_the_data_url(tmp_path, kind, limit):
    options = {"quality": 100} if kind == "JPEG" else {}
    original = encoded(NOISE, kind, **options)
    data = sent(tmp_path, original, max_image_bytes=limit)
    assert url_length(len(data)) <= limit
    assert kind_of(data) in ("PNG", "JPEG")
    assert data == sent(tmp_path, original, max_image_bytes=limit), "the same steps every time"


def test_quality_is_lowered_before_the_picture_is_scaled_down(tmp_path):
    lower = Picture.open(io.BytesIO(sent(tmp_path, encoded(NOISE, "PNG"), max_image_bytes=160_000)))
    assert (lower.format, lower.size) == ("JPEG", (300, 200))
    smaller = Picture.open(io.BytesIO(sent(tmp_path, encoded(NOISE, "PNG"), max_image_bytes=30_000)))
    assert smaller.format == "JPEG"
    assert max(smaller.size) < 300


def test_a_transparent_picture_that_must_be_a_jpeg_is_put_on_white(tmp_path):
    clear = np.dstack([RGB, np.zeros_like(GREY)])
    data = sent(tmp_path, encoded(clear, "PNG"), image_formats=["jpeg"])
    assert kind_of(data) == "JPEG"
    assert decoded(data).min() > 250


def test_an_entry_that_accepts_only_png_gets_png(tmp_path):
    data = sent(tmp_path, encoded(NOISE, "JPEG", quality=100), image_formats=["png"], max_image_bytes=30_000)
    assert kind_of(data) == "PNG"
    assert url_length(len(data)) <= 30_000


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "BMP"])
@pytest.mark.parametrize("side", [16, 65, 299])
def test_the_bound_that_keeps_a_limit_out_of_the_rule_holds(tmp_path, kind, side):
    options = {"quality": 100} if kind == "JPEG" else {}
    image = stored(tmp_path, encoded(NOISE, kind, **options))
    conversion = conversion_of(image, ApiModel(model="m", max_image_side=side, max_image_bytes=10**9).pictures)
    assert conversion is not None
    assert image.facts is not None
    assert conversion.max_bytes is None
    assert len(converted(image.path.read_bytes(), conversion)) <= _largest(image.facts, side)


def test_a_picture_that_cannot_be_sent_rejects_the_call_and_names_its_file(tmp_path):
    image = stored(tmp_path, encoded(RGB, "BMP"))
    image.path.write_bytes(image.path.read_bytes()[:-50])
    with pytest.raises(RejectedError, match=rf"cannot convert the picture .*{image.digest}: it is a broken picture"):
        model_bytes(image, ApiModel(model="m").pictures)
    with pytest.raises(RejectedError, match="cannot read the picture"):
        model_bytes(Image("0" * 64, tmp_path / "gone"), None)
    with pytest.raises(PictureError, match="does not fit into 60 bytes"):
        converted(encoded(RGB, "PNG"), Conversion(max_bytes=60))


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
@pytest.mark.parametrize("exif", [b"Exif\0\0", b"Exif\0\0rubbish", b"Exif\0\0II*\0\xff\xff\xff\xff", bytes(40)])
def test_broken_metadata_of_a_sound_photograph_does_not_matter(tmp_path, exif):
    data = saved(Picture.fromarray(NOISE), "JPEG", exif=exif)
    assert Picture.open(io.BytesIO(sent(tmp_path, data, max_image_side=100))).size == (100, 67)
