"""Words that keep a mention from being a statement."""

from __future__ import annotations

import re

import pytest

from prism_engine.scoring.choice import remarks


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (remarks.IF, "if it were"),
        (remarks.IF, "如果更大"),
        (remarks.IF, "under those conditions"),
        (remarks.IF, "for \ue001 to be right"),
        (remarks.OTHERS, "the students often say"),
        (remarks.OTHERS, "a sign in the picture reads 'the answer"),
        (remarks.REMARK, "a common mistake"),
        (remarks.REMARK, "let me think"),
    ],
)
def test_conditions_reports_and_remarks_are_found(pattern, text):
    assert re.search(pattern, text)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (remarks.IF, "a gift"),
        (remarks.IF, "the description shows otherwise"),
        (remarks.OTHERS, "the sign reads 'stop'"),
        (remarks.REMARK, "mistaken"),
        (remarks.REMARK, "let me go with"),
    ],
)
def test_what_only_looks_like_one_is_none(pattern, text):
    assert not re.search(pattern, text)


@pytest.mark.parametrize("text", ["if i had to choose, b", "if we exclude a, b"])
def test_a_forced_choice_and_a_step_are_no_conditions(text):
    assert not re.search(remarks.IF, remarks.FORCED.sub("", text))
