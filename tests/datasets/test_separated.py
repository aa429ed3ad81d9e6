"""What separates the cells of a text table."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prism_engine.datasets.separated import SEPARATORS, separated_lines


@pytest.mark.parametrize("separator", SEPARATORS)
@pytest.mark.parametrize("default", [",", "\t"])
def test_the_header_shows_the_separator(separator, default):
    header = separator.join(["index", '"Description"']) + "\n"
    found, lines = separated_lines(iter(["\n", header, "1\n"]), default, ("index", "description"))
    assert found == separator
    assert list(lines) == [header, "1\n"]


@pytest.mark.parametrize("first", ["sep=;\r\n", '"sep=;"\n', "SEP=;\n"])
def test_excel_s_own_first_line_says_it(first):
    found, lines = separated_lines(iter([first, "a;b\n"]), ",", ())
    assert (found, list(lines)) == (";", ["a;b\n"])


def test_a_header_without_known_names_and_an_empty_file_keep_the_default():
    assert separated_lines(iter(["a;b\n"]), ",", ("index",))[0] == ","
    found, lines = separated_lines(iter(()), "\t", ())
    assert (found, list(lines)) == ("\t", [])


@given(st.lists(st.text(max_size=20), max_size=3))
def test_any_lines_have_a_separator(lines):
    assert separated_lines(iter(lines), ",", ("index",))[0] in SEPARATORS
