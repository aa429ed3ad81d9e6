"""Small copies of pictures."""

from __future__ import annotations

import hashlib
import io

import numpy as np
import pytest
from PIL import Image

from prism_engine.report.viewer.thumbnails import thumbnails


def stored(root, picture, kind="PNG", **options):
    """Store a picture and return its digest."""
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return stored_bytes(root, out.getvalue())


def stored_bytes(root, data):
    digest = hashlib.sha256(data).hexdigest()
    (root / digest[:2]).mkdir(parents=True, exist_ok=True)
    (root / digest[:2] / digest[2:]).write_bytes(data)
    return digest


def opened(data):
    return Image.open(io.BytesIO(data))


@pytest.mark.parametrize(
    ("size", "small"), [((1000, 500), (192, 96)), ((100, 400), (48, 192)), ((64, 32), (64, 32)), ((3000, 2), (192, 1))]
)
def test_the_longer_side_is_bounded_and_small_pictures_stay_as_they_are(tmp_path, size, small):
    digest = stored(tmp_path, Image.new("RGB", size, "red"))
    made = thumbnails([digest], [tmp_path], most=5)
    assert (opened(made.pictures[digest]).format, opened(made.pictures[digest]).size) == ("WEBP", small)


def test_any_kind_of_picture_is_shown_upright_on_white_in_8_bits(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by a quarter
    kinds = [
        stored(tmp_path, Image.new("RGB", (400, 200), "red"), "JPEG", exif=exif),
        stored(tmp_path, Image.new("RGBA", (400, 200), (0, 0, 0, 0))),
        stored(tmp_path, Image.fromarray(np.full((200, 400), 40_000, np.uint16))),
        stored(tmp_path, Image.new("P", (400, 200)), "GIF"),
        stored(tmp_path, Image.new("CMYK", (400, 200)), "JPEG"),
    ]
    made = thumbnails(kinds, [tmp_path], most=10)
    assert [opened(made.pictures[digest]).size for digest in kinds] == [(96, 192), *[(192, 96)] * 4]
    red, green, blue = opened(made.pictures[kinds[1]]).convert("RGB").getpixel((50, 50))
    assert min(red, green, blue) > 250


def test_pictures_that_are_gone_broken_or_no_digest_are_counted_and_do_not_use_up_the_limit(tmp_path):
    good = [stored(tmp_path, Image.new("RGB", (10, 10), colour)) for colour in ("red", "green", "blue")]
    broken = stored_bytes(tmp_path, b"no picture")
    wanted = ["0" * 64, broken, "../../etc/passwd", "A" * 64, *good]
    made = thumbnails(wanted, [tmp_path], most=2)
    assert (list(made.pictures), made.missing, made.left_out) == (good[:2], 4, 1)
    assert thumbnails(wanted, [tmp_path], most=0) == ({}, 0, 7)


def test_the_first_folder_that_has_the_picture_counts(tmp_path):
    digest = stored(tmp_path / "b", Image.new("RGB", (10, 10)))
    (tmp_path / "a" / digest[:2]).mkdir(parents=True)
    (tmp_path / "a" / digest[:2] / digest[2:]).write_bytes(b"another file")
    made = thumbnails([digest], [tmp_path / "none", tmp_path / "a", tmp_path / "b"], most=1)
    assert list(made.pictures) == [digest]
