"""All options of a question in one cell."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prism_engine.datasets.written_options import options_from, read_written

AB = {"A": "red", "B": "blue"}


@pytest.mark.parametrize(
    "cell",
    [
        "['red', 'blue']",
        '["red", "blue"]',
        "('red', 'blue')",
        "['red' 'blue']",
        "['red'\n 'blue']",
        "array(['red', 'blue'], dtype=object)",
        "array(['red', 'blue'],\n      dtype='<U4')",
        "[u'red', u'blue']",
        "[red, blue]",
        "{'A': 'red', 'B': 'blue'}",
        '{"a": "red", "b": "blue", "c": null}',
        '{"A.": "red", "(B)": "blue"}',
        '{"B": "blue", "A": "red"}',
        '{"0": "red", "1": "blue"}',
        "{1: 'red', 2: 'blue'}",
        '{"text": ["red", "blue"], "label": ["A", "B"]}',
        '{"label": ["1", "2"], "text": ["red", "blue"]}',
        "{'text': array(['red', 'blue'], dtype=object), 'label': array(['A', 'B'], dtype=object)}",
        '[{"label": "A", "text": "red"}, {"label": "B", "text": "blue"}]',
        '[{"A": "red"}, {"B": "blue"}]',
        '[{"text": "red"}, {"text": "blue"}]',
        '[["A", "red"], ["B", "blue"]]',
        "red\nblue",
        "red|blue",
        "red; blue",
        "1. red\n2. blue",
        "['red', 'blue', None, nan]",
    ],
)
def test_every_way_of_writing_options_gives_the_same(cell):
    assert read_written(cell) == AB


@pytest.mark.parametrize("cell", ["", " ", "[]", "{}", "nan", "None", "[nan]"])
def test_a_cell_may_say_that_there_are_no_options(cell):
    assert read_written(cell) == {}


@pytest.mark.parametrize(
    "cell",
    [
        "red, blue",
        "red",
        "['red', 'blue'",
        "['red', ['blue']]",
        "[__import__('os').system('id'), 'x']",
        '{"A": "red", "C": "blue"}',
        '{"A": "red", "a": "blue"}',
        '{"colour": "red"}',
        '{"text": ["red"], "label": ["A", "B"]}',
        "[" * 5000,
        "[" * 5000 + "]" * 5000,
        "{" * 50 + "}" * 50,
        str(["x"] * 27),
        "['a\\N{NO SUCH NAME}']",
        "[" + "-" * 50_000 + "1]",
        "x" * 200_000,
    ],
)
def test_anything_else_is_no_list_and_never_guessed(cell):
    found = read_written(cell)
    assert found is None or found == {"A": cell.strip("[]")}


def test_numbers_keep_their_digits_and_gaps_their_letters():
    assert read_written("[0.50, 1e3, -7]") == {"A": "0.50", "B": "1e3", "C": "-7"}
    assert read_written("['red', None, 'blue']") == {"A": "red", "C": "blue"}


TEXTS = st.lists(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1).map(str.strip).filter(bool), min_size=1, max_size=6
)


@settings(max_examples=200, deadline=None)
@given(TEXTS)
def test_lists_and_dictionaries_come_back_as_python_and_json_wrote_them(texts):
    lettered = dict(zip("ABCDEF", texts, strict=False))
    for written in (str(texts), json.dumps(texts), json.dumps(texts, ensure_ascii=False), str(lettered)):
        assert read_written(written) == lettered
    assert options_from([{"label": name, "text": text} for name, text in lettered.items()]) == lettered


@settings(max_examples=300, deadline=1000)
@given(st.text(st.sampled_from("[]{}(),:'\"\\ anrABtextlabel|;\n01.-"), max_size=80) | st.text(max_size=60))
def test_any_cell_is_read_without_an_error(cell):
    found = read_written(cell)
    assert found is None or all(isinstance(text, str) and len(name) == 1 for name, text in found.items())


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("ABtext") | st.text(max_size=5), inner),
    max_leaves=12,
)


@settings(max_examples=200, deadline=None)
@given(JSON)
def test_any_value_is_read_without_an_error(value):
    found = options_from(value)
    assert found is None or all(isinstance(text, str) and text for text in found.values())


def test_a_word_processor_s_quotes_are_no_part_of_an_option():
    assert read_written("[“red”, ‘blue’]") == {"A": "red", "B": "blue"}
