from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prism_engine.records import Completion, Outcome
from prism_engine.stages.thinking import THINKING_TAGS, split_thinking


@pytest.mark.parametrize(("opening", "closing"), THINKING_TAGS)
def test_thinking_is_separated_from_the_answer(opening, closing):
    result = split_thinking(Completion(Outcome.OK, f"\n{opening}\nRed? It may be A.\n{closing}\n\nThe answer is B."))
    assert (result.text, result.reasoning, result.outcome) == ("The answer is B.", "Red? It may be A.", Outcome.OK)


def test_the_opening_tag_may_be_part_of_the_prompt():
    result = split_thinking(Completion(Outcome.OK, "It may be A.</think>B"))
    assert (result.text, result.reasoning) == ("B", "It may be A.")


@pytest.mark.parametrize(
    ("outcome", "text", "expected"),
    [
        (Outcome.TRUNCATED, "<think>It may be", Outcome.TRUNCATED),
        (Outcome.TRUNCATED, "<think>It may be</think>The ans", Outcome.TRUNCATED),
        (Outcome.OK, "<think>It may be", Outcome.EMPTY),
        (Outcome.OK, "<think>It may be</think>\n", Outcome.EMPTY),
    ],
)
def test_a_reply_cut_off_while_thinking_is_truncated_and_one_that_stops_there_is_empty(outcome, text, expected):
    result = split_thinking(Completion(outcome, text))
    assert (result.outcome, result.text, result.reasoning) == (
        expected,
        result.text.replace("It may be", ""),
        "It may be",
    )
    assert result.usable == ("The ans" in text)
    assert ("only thinking" in result.detail) == (expected is Outcome.EMPTY)


def test_thinking_separated_by_the_server_comes_first():
    result = split_thinking(Completion(Outcome.OK, "<think>second</think>B", reasoning="first"))
    assert (result.text, result.reasoning) == ("B", "first\n\nsecond")


def test_failures_are_left_as_they_are():
    refused = Completion(Outcome.REFUSED, "<think>no</think>", detail="filter")
    assert split_thinking(refused) is refused


@given(st.text(), st.sampled_from([Outcome.OK, Outcome.TRUNCATED]))
def test_a_reply_without_tags_is_left_as_it_is(text, outcome):
    completion = Completion(outcome, text)
    if not any(tag in text for pair in THINKING_TAGS for tag in pair):
        assert split_thinking(completion) is completion


@given(st.lists(st.one_of(st.text(max_size=5), st.sampled_from([tag for pair in THINKING_TAGS for tag in pair]))))
def test_no_reply_breaks_it_and_its_last_words_are_never_lost(parts):
    text = "".join(parts)
    result = split_thinking(Completion(Outcome.OK, text))
    assert text.rstrip().endswith(result.text.rstrip())
    assert len(result.text) + len(result.reasoning) <= len(text)


@pytest.mark.parametrize(
    ("text", "thinking", "answer"),
    [
        (
            "<|channel|>analysis<|message|>Red?<|end|><|start|>assistant<|channel|>final<|message|>It is B.<|return|>",
            "Red?",
            "It is B.",
        ),
        ("<|start|>assistant<|channel|>final json<|message|>B<|return|>", "", "B"),
        (
            "<|channel|>analysis<|message|>a<|end|><|channel|>commentary<|message|>b<|channel|>final<|message|>C",
            "a\n\nb",
            "C",
        ),
        ("analysisRed? Maybe.assistantfinalIt is B.", "Red? Maybe.", "It is B."),
        ("<|channel>thought\nRed?<channel|>It is B.", "Red?", "It is B."),
        ("<|begin_of_thought|>Red?<|end_of_thought|>\n<|begin_of_solution|>B<|end_of_solution|>", "Red?", "B"),
    ],
)
def test_the_channels_of_open_models_are_separated(text, thinking, answer):
    result = split_thinking(Completion(Outcome.OK, text))
    assert (result.outcome, result.reasoning, result.text) == (Outcome.OK, thinking, answer)


def test_a_model_that_never_reached_its_final_channel_has_no_answer():
    text = "<|channel|>analysis<|message|>It may be"
    assert split_thinking(Completion(Outcome.TRUNCATED, text)).text == ""
    assert split_thinking(Completion(Outcome.OK, text)).outcome is Outcome.EMPTY


@pytest.mark.parametrize(
    "text", ["My analysis: the final answer is B", "analysis of the picture: B", "Use <|channel|> B"]
)
def test_words_about_analysis_stay_in_the_answer(text):
    completion = Completion(Outcome.OK, text)
    assert split_thinking(completion) is completion
