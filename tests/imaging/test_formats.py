from __future__ import annotations

import contextlib
import io
import struct
import subprocess
import sys
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image as Picture
from PIL import features

from prism_engine.imaging.formats import PictureError, check_picture, picture_facts

from .shades import GREY, RGB, encoded, png16, saved, tiff16

OTHERS = [
    "JPEG2000",
    "ICO",
    "PPM",
    "TGA",
    "PCX",
    "SGI",
    "QOI",
    "DDS",
    "DIB",
    *(["AVIF"] if features.check("avif") else []),
]


@pytest.mark.parametrize("kind", OTHERS)
def test_every_format_of_pillow_is_read_and_its_facts_are_the_same_with_and_without_decoding(kind):
    data = encoded(RGB, kind)
    facts = check_picture(data)
    assert (facts.format, facts.size) == (kind, len(data))
    assert picture_facts(data) == facts


@pytest.mark.parametrize(
    "data",
    [
        b"hello world\nroot:x:0:0:root:/root:/bin/sh\n" * 30,
        b"width 5\nheight 4\n" * 20,
        b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'></svg>",
        b"PATH=/bin\0HOME=/root\0KEY=abc\0" * 20,
        b"a\tb\tc\n1\t2\t3\n" * 500,
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n",
        b"Image type: L\r\nName: x\r\nImage size (x*y): 4*4\r\n" + b"\0" * 480 + b"\x1a" + b"\0" * 40,
        bytes(100),
    ],
)
def test_texts_and_programs_are_no_pictures(data):
    with pytest.raises(PictureError, match="is not a readable picture"):
        check_picture(data)


@pytest.mark.parametrize("kind", [*OTHERS, "TIFF"])
def test_a_truncated_file_is_an_error(kind):
    noise = np.random.default_rng(0).integers(0, 256, (40, 40, 3), dtype=np.uint8)
    data = encoded(noise, kind)
    with pytest.raises(PictureError):
        check_picture(data[: len(data) // 2])


def test_the_bound_on_pixels_holds_for_every_format_and_inside_an_icon():
    for kind in OTHERS:
        data = encoded(np.zeros((30, 30, 3), dtype=np.uint8), kind)
        with pytest.raises(PictureError, match="more than the 100 allowed"):
            check_picture(data, max_pixels=100)


@pytest.mark.filterwarnings("ignore:Image was not the expected size")
def test_an_icon_that_holds_a_larger_picture_than_its_directory_says_is_refused():
    icon = saved(Picture.new("RGB", (32, 32)), "ICO", sizes=[(32, 32)])
    liar = icon[:6] + bytes((4, 4)) + icon[8:]
    with pytest.raises(PictureError, match="more than the 100 allowed"):
        check_picture(liar, max_pixels=100)
    start = liar.index(b"IHDR")
    header = b"IHDR" + struct.pack(">II", 50_000, 50_000) + liar[start + 12 : start + 17]
    bomb = liar[:start] + header + struct.pack(">I", zlib.crc32(header)) + liar[start + 21 :]
    with pytest.raises(PictureError, match="more pixels than"):
        check_picture(bomb)


@pytest.mark.filterwarnings("ignore")
@settings(max_examples=200, deadline=None)
@given(kind=st.sampled_from(OTHERS), place=st.floats(0, 1), junk=st.binary(max_size=8), cut=st.booleans())
def test_damage_gives_a_picture_error_or_a_picture_and_never_another_error(kind, place, junk, cut):
    data = encoded(RGB, kind)
    at = int(place * len(data))
    with contextlib.suppress(PictureError):
        check_picture(data[:at] + junk + (b"" if cut else data[at + len(junk) :]), max_pixels=10_000)


def test_pages_are_those_of_a_tiff_and_not_the_frames_of_an_animation():
    first, second = Picture.fromarray(RGB), Picture.fromarray(255 - RGB)
    found = {
        kind: check_picture(saved(first, kind, save_all=True, append_images=[second])).pages
        for kind in ("TIFF", "GIF", "WEBP", "PNG")
    }
    second.encoderinfo = {"tiffinfo": {254: 1}}
    thumbnail = saved(first, "TIFF", save_all=True, append_images=[second])
    assert not check_picture(thumbnail).pages, "a smaller copy is no page"
    assert found == {"TIFF": True, "GIF": False, "WEBP": False, "PNG": False}
    assert not check_picture(encoded(RGB, "TIFF")).pages


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
def test_a_broken_second_page_is_none():
    assert not check_picture(tiff16(GREY)[:-4] + struct.pack("<I", 3)).pages


def test_a_phones_jpeg_with_a_second_picture_is_known_as_such():
    first, second = Picture.fromarray(RGB), Picture.fromarray(255 - RGB)
    assert check_picture(saved(first, "MPO", save_all=True, append_images=[second])).format == "MPO"


def test_helpers_write_what_they_claim():
    assert Picture.open(io.BytesIO(png16(GREY, 0))).mode == "I;16"
    assert Picture.open(io.BytesIO(tiff16(GREY, big_endian=True))).mode == "I;16B"


def test_many_threads_may_be_the_first_to_need_the_other_formats():
    code = (
        "import sys; from concurrent.futures import ThreadPoolExecutor as Pool\n"
        "from prism_engine.imaging.formats import check_picture\n"
        "data = sys.stdin.buffer.read()\n"
        "with Pool(16) as pool: print({facts.format for facts in pool.map(check_picture, [data] * 64)})"
    )
    command = [sys.executable, "-c", code]
    ended = subprocess.run(command, input=encoded(RGB, "JPEG2000"), capture_output=True, check=True)
    assert ended.stdout.split() == [b"{'JPEG2000'}"]
