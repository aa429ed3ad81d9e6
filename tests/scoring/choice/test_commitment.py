"""From what sentences do with options, one after another, to the option that is meant."""

from __future__ import annotations

import pytest

from prism_engine.scoring.choice.clauses import Act, Event
from prism_engine.scoring.choice.commitment import Commitment
from prism_engine.scoring.choice.signs import question_of
from tests.readings.labelled import OPTIONS, lettered

A, B = "\ue000", "\ue001"


def letter_after(*events):
    commitment = Commitment(question_of(lettered(OPTIONS["animals"])))
    for event in events:
        commitment.sentence += 1
        commitment.take(event)
    return commitment.letter("")


@pytest.mark.parametrize(
    ("events", "letter"),
    [
        ((Event(Act.STATES, (A,)), Event(Act.STATES, (B,))), "B"),
        ((Event(Act.STATES, (A,)), Event(Act.SUGGESTS, (B,))), "A"),
        ((Event(Act.STATES, (A,)), Event(Act.DENIES, (A,))), None),
        ((Event(Act.STATES, (A,)), Event(Act.RETRACTS)), None),
        ((Event(Act.STATES, (A,), clean=True), Event(Act.STATES, (B,), clean=True)), None),
        ((Event(Act.SUGGESTS, (A,)), Event(Act.SUGGESTS, (B,))), None),
        ((Event(Act.SUPPOSES, (A,)), Event(Act.SUGGESTS, (B,))), "B"),
        ((Event(Act.STATES, (A,)), Event(Act.NONE_FITS)), None),
        ((), None),
    ],
)
def test_the_strongest_and_last_statement_counts_unless_it_is_taken_back(events, letter):
    assert letter_after(*events) == letter


def test_two_check_marks_leave_no_statement():
    commitment = Commitment(question_of(lettered(OPTIONS["animals"])))
    commitment.tick("A")
    assert commitment.letter("") == "A"
    commitment.tick("B")
    assert commitment.letter("") is None
