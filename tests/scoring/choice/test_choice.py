"""Multiple choice: replies are scored against the target's letter."""

from __future__ import annotations

import pytest

from prism_engine.records import Option, Sample
from prism_engine.scoring import PROFILES, match_option, score_choice

ANIMALS = (Option("A", "cat"), Option("B", "dog"), Option("C", "red apple"), Option("D", "blue car"))
V3 = PROFILES["v3"]


def sample(answer, options=ANIMALS):
    return Sample(position=0, index="0", images=(), question="What is it?", options=options, answer=answer)


def test_the_right_letter_scores_one_and_another_scores_zero():
    assert score_choice("B", sample("B"), V3) == score_choice("dog", sample(" B "), V3)
    assert score_choice("B", sample("B"), V3).value == 1.0
    assert score_choice("B", sample("A"), V3).value == 0.0
    assert score_choice("B", sample("A"), V3).answer == "B"


@pytest.mark.parametrize(("reply", "answer"), [("no idea", None), ("I can't process this file.", "Z")])
def test_no_readable_option_is_wrong_and_distinguishable(reply, answer):
    score = score_choice(reply, sample("B"), V3)
    assert (score.value, score.answer) == (0.0, answer)


@pytest.mark.parametrize("target", [None, "", "  ", "Z", "b", "dog"])
def test_without_a_target_among_the_options_there_is_no_score(target):
    score = score_choice("B", sample(target), V3)
    assert (score.value, score.answer) == (None, "B")


def test_an_open_question_is_not_scored_as_a_choice():
    assert score_choice("Yes", sample("Yes", options=()), V3).value is None


def test_the_default_profile_reads_a_reply_that_others_do_not():
    reply = "B. It barks, it is on a leash, and nothing else in the description fits so well."
    assert [match_option(reply, ANIMALS, profile) for profile in PROFILES.values()] == ["B", "B", "B", None, None]
