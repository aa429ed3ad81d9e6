"""What one clause says about options."""

from __future__ import annotations

import pytest

from prism_engine.scoring.choice.clauses import Act, clause_events, place

A, B = "\ue000", "\ue001"


@pytest.mark.parametrize(
    ("clause", "expected"),
    [
        (f"the answer is {A}", [(Act.STATES, A)]),
        (f"i would choose {A}", [(Act.STATES, A)]),
        (f"{A} is the best choice", [(Act.STATES, A)]),
        (f"not {A}", [(Act.DENIES, A)]),
        (f"eliminating {A} and {B}", [(Act.DENIES, A + B)]),
        (f"{A} does not fit", [(Act.DENIES, A)]),
        (f"incorrect answer: {A}", [(Act.DENIES, A)]),
        (f"{A} rather than {B}", [(Act.DENIES, B), (Act.STATES, A)]),
        (f"i could say {A}", [(Act.SUPPOSES, A)]),
        (f"the evidence points to {A}", [(Act.SUGGESTS, A)]),
        (f"the answer is {A} or {B}", [(Act.WAVERS, A + B)]),
        (f"a figure shows {A} in grey", [(Act.MENTIONS, A)]),
        ("nothing here", []),
    ],
)
def test_a_clause_is_read_by_its_words(clause, expected):
    found = [(event.act, "".join(event.signs)) for event in clause_events(clause)]
    if expected and expected[0][0] is Act.MENTIONS:
        assert found[0][0] in (Act.MENTIONS, Act.SUGGESTS)  # weaker than any statement
    else:
        assert found == expected


def test_a_sign_stands_for_one_option_however_it_is_named():
    assert [place(sign) for sign in ("\ue002", "\ue102", "\ue202")] == [2, 2, 2]
