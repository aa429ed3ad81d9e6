"""Lines of text files."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prism_engine.datasets.text_lines import BadLine, TextLines
from prism_engine.errors import DatasetError


def lines_of(data: bytes, limit: int = 1 << 20, digest=None):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.txt"
        path.write_bytes(data)
        with TextLines(path, limit, "TSV", digest) as lines:
            found = list(lines)
            assert lines.bytes_read <= len(data)
            return found


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_end_in_any_way_and_any_encoding(codec, end):
    text = f"one{end}two\u2028é{end}{end}last"
    assert lines_of(text.encode(codec)) == [f"one{end}", f"two\u2028é{end}", end, "last"]


def test_mixed_line_ends_each_end_a_line():
    assert lines_of(b"a\r\nb\nc\rd") == ["a\r\n", "b\n", "c\r", "d"]


@pytest.mark.parametrize("codec", ["utf-8", "utf-16"])
def test_a_long_line_crosses_the_chunks_it_is_read_in(codec):
    text = "x" * 200_000 + "\r\n" + "y" * 100_000 + "\r" + "z"
    digest = hashlib.sha256()
    assert lines_of(text.encode(codec), 1 << 20, digest) == ["x" * 200_000 + "\r\n", "y" * 100_000 + "\r", "z"]
    assert digest.hexdigest() == hashlib.sha256(text.encode(codec)).hexdigest()


@pytest.mark.parametrize("codec", ["utf-8", "utf-16"])
def test_an_endless_line_is_the_last(codec):
    *_, last = lines_of(("short\n" + "x" * 300_000).encode(codec), 100_000)
    assert isinstance(last, BadLine)
    assert last.last
    assert "a line is longer than" in last.reason


def test_a_line_that_does_not_decode_is_bad_by_itself():
    first, bad, third = lines_of(b"a\ncaf\xe9\nb\n")
    assert (first, third) == ("a\n", "b\n")
    assert isinstance(bad, BadLine)
    assert not bad.last
    assert "byte 0xe9 is not UTF-8" in bad.reason


def test_a_file_that_is_no_text_is_refused():
    with pytest.raises(DatasetError, match="is a Parquet file"):
        lines_of(b"PAR1....")


@settings(max_examples=150, deadline=None)
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n\0"), max_size=5), max_size=6))
def test_lines_come_back_as_written(lines):
    text = "index\n" + "".join(f"{line}\n" for line in lines)
    for codec in ("utf-8", "utf-8-sig", "utf-16"):
        assert "".join(map(str, lines_of(text.encode(codec)))) == text
