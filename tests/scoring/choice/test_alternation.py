"""Grouped alternations match what the plain ones match."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prism_engine.scoring.choice.alternation import alternatives, anywhere, gate

WORDS = (
    "maybe",
    "may",
    "no",
    "not",
    "now",
    "x?y",
    "[ab]c",
    "(?:an?|the) cat",
    r"\d\d",
    "a|b",
    "^no",
    "é+",
    "not really",
)


@pytest.mark.parametrize(
    ("pattern", "parts"),
    [
        ("a|b", ["a", "b"]),
        (r"a\||b", [r"a\|", "b"]),
        ("(?:a|b)c|d", ["(?:a|b)c", "d"]),
        ("[|(]|d", ["[|(]", "d"]),
        ("", [""]),
    ],
)
def test_only_an_alternation_s_own_bars_split_it(pattern, parts):
    assert alternatives(pattern) == parts


@given(
    st.lists(st.tuples(st.sampled_from(("", r"\b")), st.sampled_from(WORDS), st.sampled_from(("", r"\b"))), min_size=1),
    st.text(alphabet="abcdeéhinotxywrly1 2", max_size=30),
)
def test_a_grouped_alternation_is_found_in_the_same_texts(parts, text):
    pattern = "|".join(f"{begin}(?:{word}){end}" for begin, word, end in parts)
    assert bool(re.search(anywhere(pattern), text)) == bool(re.search(pattern, text))


def test_a_gate_lets_texts_with_one_of_the_parts_through():
    may_match = gate("between", "of ")
    assert may_match("one of them")
    assert not may_match("often")
