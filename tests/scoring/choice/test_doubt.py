"""What is left unread because a careful reader would doubt it."""

import pytest

from prism_engine.scoring import PROFILES, match_option
from tests.readings.labelled import lettered

OPTIONS = lettered(["one", "two", "three"])


def _read(reply):
    return match_option(reply, OPTIONS, PROFILES["prism-2"])


@pytest.mark.parametrize(
    "reply",
    [
        "The answer is B. Or maybe not.",
        "B. I take that back.",
        "The worked example ends with 'Answer: B'.",
        "The answer is B. The answer is C.",
        "I like the first one, hard to say",
        "That one is hard.",
    ],
)
def test_a_doubtful_choice_is_not_read(reply):
    assert _read(reply) is None


@pytest.mark.parametrize("reply", ["one", "The answer is one.", "A. In the example, the answer was B.", "B. No, A."])
def test_a_clear_choice_next_to_such_words_is_not_read_as_another(reply):
    assert _read(reply) in ("A", None)


def test_an_option_that_is_a_common_word_is_read_where_it_is_the_answer():
    assert _read("The answer is one.") == "A"
    assert _read("I count one.") == "A"
