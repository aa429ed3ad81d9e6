"""Replies that say they cannot tell the answer."""

from __future__ import annotations

import polars as pl
import pytest

from prism_engine.scoring.scorer import INABILITY, says_it_cannot_tell

TELLING = [
    "I cannot determine the answer.",
    "It can't be determined from the caption.",
    "It is impossible to tell.",
    "There is not enough information in the text.",
    "There is insufficient detail.",
    "The description does not mention any colour, so I guess B.",
    "The image description doesn\u2019t explicitly specify it.",
    "Its size is not mentioned in the description.",
    "\u65e0\u6cd5\u786e\u5b9a",
]
NOT_TELLING = [
    "B",
    "The answer is B.",
    "It does not fit option A.",
    "He cannot swim, so C.",
    "The picture shows no cat.",
    "Not A but B is described in the text.",
    "",
]


@pytest.mark.parametrize("reply", TELLING)
def test_those_that_cannot_tell_are_found(reply):
    assert says_it_cannot_tell(reply)


@pytest.mark.parametrize("reply", NOT_TELLING)
def test_others_are_not(reply):
    assert not says_it_cannot_tell(reply)


def test_the_rust_regex_engine_finds_the_same():
    found = pl.Series([*TELLING, *NOT_TELLING]).str.to_lowercase().str.contains(INABILITY).to_list()
    assert found == [True] * len(TELLING) + [False] * len(NOT_TELLING)
