"""What of a reply is its answer and not its reasoning or markup."""

from __future__ import annotations

import pytest

from prism_engine.scoring.open_answers.visible import boxed, json_answer, tidy, visible


def test_reasoning_and_fences_are_not_visible():
    assert visible("<think>3?</think>\n4").strip() == "4"
    assert visible("<think>3? or").strip() == ""
    assert visible("```json\n4\n```").strip() == "4"


def test_of_a_long_reply_both_ends_are_read():
    text = visible("first" + "x" * 100_000 + "last")
    assert text.startswith("first")
    assert text.endswith("last")
    assert len(text) < 21_000


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ('{"answer": "4"}', "4"),
        ('{"answer": 4.50}', "4.50"),
        ('{"a": {"final_answer": ["4"]}}', "4"),
        ('{"answer": true}', "yes"),
        ("{'answer': '4'}", "4"),
        ('{"answer": {"x": 1}}', None),
        ('{"answer": ' + "[" * 5_000, None),
        ("no json", None),
    ],
)
def test_the_answer_of_a_json_object_is_read_as_written(text, answer):
    assert json_answer(text) == answer


def test_a_box_ends_with_its_own_brace():
    assert boxed("\\boxed{\\frac{1}{2}} and", 7) == "\\frac{1}{2}"
    assert boxed("\\boxed{1", 7) is None


@pytest.mark.parametrize(
    ("text", "bare"),
    [("**12**.", "12"), ('"Rome"', "Rome"), ("*Rome*", "Rome"), ("\\text{cm}", "cm"), ("$12$", "12"), ("-3", "-3"),
     ("(a) and (b)", "(a) and (b)"), ("- Rome", "Rome"), ("<b>Rome</b>", "Rome"), (".5", ".5")],
)  # fmt: skip
def test_markup_around_a_short_text_is_removed(text, bare):
    assert tidy(text) == bare
