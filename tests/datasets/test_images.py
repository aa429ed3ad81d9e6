from __future__ import annotations

import base64
import contextlib
import hashlib
import struct
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prism_engine.datasets.images import FORMATS, ImageStore, PictureError, check_picture, decode_base64
from prism_engine.errors import StoreError

from .conftest import encode, text_of


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def bomb(side: int) -> bytes:
    """A PNG of a few hundred bytes that claims side x side pixels."""
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def test_bytes_are_kept_as_given_under_their_digest(tmp_path):
    data = encode()
    image = ImageStore(tmp_path).put(data)
    assert image.digest == hashlib.sha256(data).hexdigest()
    assert image.path == tmp_path / image.digest[:2] / image.digest[2:]
    assert image.path.read_bytes() == data


def test_one_picture_is_one_file_and_nothing_else_is_left(tmp_path):
    store = ImageStore(tmp_path)
    assert store.put(encode()) == store.put(encode())
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 1


def test_a_damaged_file_in_the_store_is_written_again(tmp_path):
    store = ImageStore(tmp_path)
    image = store.put(encode())
    image.path.write_bytes(b"")
    assert not store.holds(image.digest, len(encode()))
    assert store.put(encode()).path.read_bytes() == encode()


def test_a_folder_that_cannot_be_written_is_a_store_error(tmp_path):
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(StoreError, match="cannot be written"):
        ImageStore(tmp_path / "file").put(encode())


@pytest.mark.parametrize("kind", FORMATS)
def test_every_known_format_is_taken(kind):
    check_picture(encode(kind=kind))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is not a readable picture"),
        (b"%PDF-1.7 nothing to see", "is not a readable picture"),
        (encode(64)[:-60], "is a broken picture"),
        (encode(64, kind="JPEG")[:-100], "is a broken picture"),
        (bomb(50_000), "more pixels than the 178,956,970 allowed"),
        (bomb(13_378), "pixels"),
    ],
)
def test_a_bad_picture_is_refused_and_not_kept(tmp_path, data, message):
    with pytest.raises(PictureError, match=message):
        ImageStore(tmp_path).put(data)
    assert list(tmp_path.iterdir()) == []


def test_the_pixel_bound_can_be_lowered(tmp_path):
    ImageStore(tmp_path, max_pixels=144).put(encode(12))
    with pytest.raises(PictureError, match="claims 13 x 13 pixels"):
        ImageStore(tmp_path, max_pixels=144).put(encode(13))


@pytest.mark.filterwarnings("ignore")
@settings(max_examples=200, deadline=None)
@given(kind=st.sampled_from(FORMATS), place=st.floats(0, 1), junk=st.binary(max_size=8), cut=st.booleans())
def test_damage_gives_a_picture_error_or_a_picture_and_never_another_error(kind, place, junk, cut):
    data = encode(kind=kind)
    at = int(place * len(data))
    damaged = data[:at] + junk + (b"" if cut else data[at + len(junk) :])
    with contextlib.suppress(PictureError):
        check_picture(damaged, max_pixels=10_000)


@settings(max_examples=100, deadline=None)
@given(data=st.binary(max_size=200), width=st.integers(1, 80))
def test_base64_comes_back_however_it_is_wrapped(data, width):
    text = text_of(data)
    wrapped = "\r\n ".join(text[at : at + width] for at in range(0, len(text), width))
    assert decode_base64(wrapped) == data
    assert decode_base64("data:image/svg+xml;base64," + wrapped) == data


@pytest.mark.parametrize(
    "text", ["abc", "ab!d", "abcd=", "ab==cd==", "äbcd", base64.urlsafe_b64encode(b"\xff\xfe").decode()]
)
def test_broken_base64_is_refused(text):
    with pytest.raises(PictureError, match="broken base64"):
        decode_base64(text)


def test_a_picture_that_is_stored_already_has_the_same_facts(tmp_path):
    for kind in ("PNG", "TIFF"):
        data = encode(kind=kind)
        first = ImageStore(tmp_path).put(data)
        assert first.facts is not None
        assert first.facts == ImageStore(tmp_path).put(data).facts == check_picture(data)


def test_base64_in_python_s_bytes_literal_is_read_and_raw_bytes_are_refused():
    data = encode()
    assert decode_base64(repr(text_of(data).encode())) == data
    with pytest.raises(PictureError, match="is bytes as Python prints them"):
        decode_base64(repr(data))
