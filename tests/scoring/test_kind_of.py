"""What a right answer is, where nobody said."""

from __future__ import annotations

import pytest

from prism_engine.records import AnswerKind, Option, Sample
from prism_engine.scoring import kind_of


def samples(*answers, options=()):
    return [Sample(place, str(place), (), "?", options=options, answer=one) for place, one in enumerate(answers)]


def test_a_known_name_decides_and_no_sample_is_read():
    unread = iter(samples("12"))
    assert kind_of("MME", unread) is AnswerKind.MME
    assert kind_of("MMBench_DEV_EN", unread) is AnswerKind.CIRCULAR
    assert next(unread).answer == "12"


def test_options_make_it_multiple_choice_also_beside_open_questions():
    rows = [*samples("12"), *samples("A", options=(Option("A", "cat"),))]
    assert kind_of("toy", rows) is AnswerKind.CHOICE


@pytest.mark.parametrize(
    ("answers", "kind"),
    [
        (("Yes", "No", "yes "), AnswerKind.YES_NO),
        (("Yes", "Yes"), AnswerKind.YES_NO),
        (("Yes", "No", "Maybe"), AnswerKind.OPEN),
        (("Yes", None), AnswerKind.OPEN),
        ((), AnswerKind.OPEN),
    ],
)
def test_without_options_the_answers_decide(answers, kind):
    assert kind_of("toy", samples(*answers)) is kind
