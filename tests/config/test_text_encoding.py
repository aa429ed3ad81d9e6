"""Text in whatever encoding a program wrote it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prism_engine.config.text_encoding import (
    binary_format,
    decoded,
    encoding_of,
    is_text,
    not_unicode,
    without_surrogates,
)


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_an_encoding_is_recognised_with_and_without_its_mark(codec):
    data = "name=é\n".encode(codec)
    found = encoding_of(data)
    assert decoded(data[found.mark :], found.name) == "name=é\n"


@given(st.text(st.characters(), max_size=20))
def test_any_text_becomes_one_that_can_be_written(text):
    assert is_text(without_surrogates(text))
    assert decoded(text.encode("utf-8", "surrogatepass")) == without_surrogates(text)


def test_a_pair_of_surrogates_is_one_character_and_a_lone_one_is_replaced():
    assert without_surrogates("\ud83d\ude00 \ud800") == "\U0001f600 \ufffd"
    assert not is_text("\udce9")


@pytest.mark.parametrize(
    ("codec", "text", "guess"),
    [("cp1252", "un café", "WINDOWS-1252"), ("gb18030", "图中有什么动物", "GB18030"), ("utf-8", "é", "UTF-8")],
)
def test_another_encoding_is_guessed_with_the_way_to_convert_it(codec, text, guess):
    data = text.encode(codec) + b"\xff" * (codec == "utf-8")
    with pytest.raises(UnicodeDecodeError) as caught:
        decoded(data)
    message = not_unicode(caught.value)
    assert "is not UTF-8; save the file in UTF-8" in message
    assert guess in message


def test_a_file_that_is_no_text_is_named():
    assert "gunzip" in str(binary_format(b"\x1f\x8b\x08"))
    assert binary_format(b"index\tquestion") is None


@given(st.binary(max_size=200))
def test_any_bytes_are_decoded_or_explained(data):
    found = encoding_of(data)
    try:
        text = decoded(data[found.mark :], found.name)
    except UnicodeDecodeError as error:
        text = not_unicode(error)
    assert is_text(text)
