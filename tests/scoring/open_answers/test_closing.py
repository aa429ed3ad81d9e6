"""Reading the amount that the last sentence of a reply works out."""

from __future__ import annotations

import pytest

from prism_engine.scoring.open_answers.answer_clauses import clauses_of
from prism_engine.scoring.open_answers.closing import worked_out


def last_amount(text: str) -> str | None:
    return worked_out(clauses_of(text)[-1])


@pytest.mark.parametrize(
    "text",
    [
        "The difference between the two is therefore 48.",
        "The number of bars that are above 60 is 48.",
        "Together they come to 48.",
        "Adding the two gives us 48.",
        "96 divided by 2 is 48.",
        "We end up with 48.",
        "That leaves a total of 48.",
        "The first covers 60 and the second 12, which leaves a gap of 48.",
        "Bars above 60 \u2192 48",
        "Il y a 48 barres.",
        "Der Wert betr\u00e4gt 48.",
        "\u603b\u6570\u4e3a 48\u3002",
    ],
)
def test_a_sentence_that_works_out_a_result_gives_its_amount(text):
    amount = last_amount(text)
    assert amount is not None
    assert amount.startswith("48")


@pytest.mark.parametrize(
    "text",
    [
        "The blue bar is 48.",
        "Denmark is 48.",
        "The difference is not 48.",
        "The difference might be 48.",
        "The difference is 48 or 50.",
        "The total is at least 48.",
        "If it were smaller, the difference would be 48.",
        "A wrong approach gives a total of 48.",
        "The difference is large.",
        "La valeur n'est pas 48.",
        "\u603b\u6570\u4e0d\u662f 48\u3002",
        "The sum of " + "very " * 200 + "long things is 48.",
    ],
)
def test_steps_denials_doubts_and_bounds_give_none(text):
    assert last_amount(text) is None
