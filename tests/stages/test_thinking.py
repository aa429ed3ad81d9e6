from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prism_engine.records import Completion, Outcome
from prism_engine.stages.cached import MARKS, split_thinking


@pytest.mark.parametrize(("opening", "closing"), MARKS)
def test_thinking_is_kept_apart_from_the_answer(opening, closing):
    told = split_thinking(Completion(Outcome.OK, f"\n{opening}\nRed? It may be A.\n{closing}\n\nThe answer is B."))
    assert (told.text, told.reasoning, told.outcome) == ("The answer is B.", "Red? It may be A.", Outcome.OK)


def test_the_opening_mark_may_be_part_of_the_prompt():
    told = split_thinking(Completion(Outcome.OK, "It may be A.</think>B"))
    assert (told.text, told.reasoning) == ("B", "It may be A.")


@pytest.mark.parametrize(
    ("outcome", "text", "expected"),
    [
        (Outcome.TRUNCATED, "<think>It may be", Outcome.TRUNCATED),
        (Outcome.TRUNCATED, "<think>It may be</think>The ans", Outcome.TRUNCATED),
        (Outcome.OK, "<think>It may be", Outcome.EMPTY),
        (Outcome.OK, "<think>It may be</think>\n", Outcome.EMPTY),
    ],
)
def test_who_is_cut_while_thinking_has_not_answered_yet_and_who_stops_there_never_will(outcome, text, expected):
    told = split_thinking(Completion(outcome, text))
    assert (told.outcome, told.text, told.reasoning) == (expected, told.text.replace("It may be", ""), "It may be")
    assert told.usable == ("The ans" in text)


def test_what_the_server_took_out_already_comes_first():
    told = split_thinking(Completion(Outcome.OK, "<think>second</think>B", reasoning="first"))
    assert (told.text, told.reasoning) == ("B", "first\n\nsecond")


def test_failures_are_left_as_they_are():
    refused = Completion(Outcome.REFUSED, "<think>no</think>", detail="filter")
    assert split_thinking(refused) is refused


@given(st.text(), st.sampled_from([Outcome.OK, Outcome.TRUNCATED]))
def test_a_reply_without_marks_is_left_as_it_is(text, outcome):
    completion = Completion(outcome, text)
    if not any(mark in text for pair in MARKS for mark in pair):
        assert split_thinking(completion) is completion


@given(st.lists(st.one_of(st.text(max_size=5), st.sampled_from([mark for pair in MARKS for mark in pair]))))
def test_no_reply_breaks_it_and_its_last_words_are_never_lost(parts):
    text = "".join(parts)
    told = split_thinking(Completion(Outcome.OK, text))
    assert text.rstrip().endswith(told.text.rstrip())
    assert len(told.text) + len(told.reasoning) <= len(text)
