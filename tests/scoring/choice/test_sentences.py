"""What sentences say about options."""

from __future__ import annotations

import pytest

from prism_engine.scoring.choice.clauses import Act
from prism_engine.scoring.choice.sentences import sentence_events
from prism_engine.scoring.choice.signs import question_of
from tests.readings.labelled import OPTIONS, lettered

QUESTION = question_of(lettered(OPTIONS["animals"]))


def acts(sentence, asked=()):
    text = QUESTION.with_signs(QUESTION.plain(sentence))
    found = sentence_events(text, tuple(QUESTION.with_signs(letter) for letter in asked))
    return [(event.act, "".join(map(QUESTION.letter_of, event.signs))) for event in found]


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("The answer is B.", [(Act.STATES, "B")]),
        ("The answer is not B.", [(Act.DENIES, "B")]),
        ("B is wrong.", [(Act.DENIES, "B")]),
        ("The answer is B or C.", [(Act.WAVERS, "BC")]),
        ("Maybe B.", [(Act.SUPPOSES, "B")]),
        ("The text points to B.", [(Act.SUGGESTS, "B")]),
        ("If it were small, the answer would be B.", [(Act.LEAVES, "B")]),
        ("You said B.", [(Act.LEAVES, "B")]),
        ("Is it B?", [(Act.ASKS, "B")]),
        ("None of the options fits.", [(Act.NONE_FITS, "")]),
        ("Wait, that is wrong.", [(Act.RETRACTS, "")]),
        ("Figure B is blue.", [(Act.MENTIONS, "B")]),
        ("Neither A nor B fits; the answer is C.", [(Act.DENIES, "AB"), (Act.STATES, "C")]),
        ("The answer is B rather than C.", [(Act.DENIES, "C"), (Act.STATES, "B")]),
        ("The street is wide.", []),
    ],
)
def test_a_sentence_is_read_by_its_grammar(sentence, expected):
    assert acts(sentence) == expected


def test_yes_and_no_answer_the_question_before():
    assert acts("Yes.", asked="B") == [(Act.STATES, "B")]
    assert acts("No.", asked="B")[-1] == (Act.DENIES, "B")
    assert acts("Yes.", asked="BC") == [(Act.WAVERS, "BC")]
