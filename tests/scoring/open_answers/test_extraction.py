"""Reading the short answer that a reply commits to."""

from __future__ import annotations

import pytest

from prism_engine.scoring.open_answers.extraction import short_answer


@pytest.mark.parametrize(
    ("reply", "text"),
    [
        ("Rome", "Rome"),
        ("**Rome**", "Rome"),
        ("The answer is Rome, not Paris.", "Rome"),
        ("The answer is not Paris but Rome.", "Rome"),
        ("Answer: Paris\n\nWait, that is wrong.\n\nAnswer: Rome", "Rome"),
        ("\\boxed{\\text{Rome}} since it rains.", "Rome"),
        ('I looked at it. {"answer": "Rome"}', "Rome"),
        ("{'answer': 'Rome'}", "Rome"),
        ("The sign reads 'Rome or death'.", "Rome or death"),
        ("Rome is the city with the highest bar.", "Rome"),
        ("First Paris.\nThen Rome.\n\nRome", "Rome"),
        ("Rome\n\nIt is the capital of Italy, and its bar is by far the highest one of all the cities.", "Rome"),
        ("The author is Dr. J. Smith.", "Dr. J. Smith"),
        ("The answer is Rome. If it were smaller, the answer would be Paris.", "Rome"),
    ],
)
def test_the_answer_is_what_the_reply_commits_to(reply, text):
    found = short_answer(reply)
    assert found is not None
    assert (found.text, found.literal) == (text, False)


@pytest.mark.parametrize(
    "reply",
    [
        "",
        "Is it Rome?",
        "If it were smaller, the answer would be Rome.",
        "One might say the answer is Rome.",
        "I don't think the answer is Rome.",
        "The first bar is at 10. The second bar is at 12. The third bar is at 14.",
        "<think>The answer is Rome",
    ],
)
def test_a_reply_that_commits_to_nothing_has_no_answer(reply):
    assert short_answer(reply) is None


@pytest.mark.parametrize("reply", ["not Rome", "Rome or Paris", "The answer is not Rome.", "> 12", "at least 12"])
def test_denials_alternatives_and_bounds_are_literal(reply):
    found = short_answer(reply)
    assert found is None or found.literal


@pytest.mark.parametrize(
    ("reply", "answer"),
    [
        ("First 36, then 84. The difference is 48.", "48"),
        ("36 and 84.\n\nThe difference is 48.", "48"),
        ("Norway. The difference to Peru is 48.", "Norway"),
    ],
)
def test_a_first_clause_that_names_several_figures_is_a_step_and_no_answer(reply, answer):
    found = short_answer(reply)
    assert found is not None
    assert found.text == answer
