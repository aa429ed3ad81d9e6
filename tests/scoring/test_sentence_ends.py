"""Where sentences end."""

from __future__ import annotations

import pytest

from prism_engine.scoring.sentence_ends import sentences_of


def test_abbreviations_and_decimals_end_no_sentence():
    text = "Dr. J. Smith paid 3.5 at 10 a.m. today. It was No. 5. He left."
    assert [text[start:end].strip() for start, end in sentences_of(text)] == [
        "Dr. J. Smith paid 3.5 at 10 a.m. today.", "It was No. 5.", "He left."
    ]  # fmt: skip


@pytest.mark.parametrize("mark", [".", "!", "?", "...", "?!", "。", "؟", '."', "!)", ".**"])
def test_marks_of_several_scripts_and_what_closes_after_them_end_a_sentence(mark):
    text = f"It is so{mark} Yes"
    assert [text[start:end].strip() for start, end in sentences_of(text)] == [f"It is so{mark}", "Yes"]


def test_each_line_is_a_sentence_and_empty_ones_are_none():
    text = "One\n\n  \ntwo"
    assert [text[start:end] for start, end in sentences_of(text)] == ["One", "two"]
