"""Questions cannot be answered without the scene."""

from __future__ import annotations

import hashlib
import math
import random
import re
from collections import Counter

import pytest

from prism_engine.scenes import FAMILIES, KINDS, Scene, Thing, drawn_question
from prism_engine.scenes.questions import ask


def letter(question, place):
    return [("letter", place)]


def option(question, place):
    return [question.options[place]]


def rank(question, place):
    return [sorted(question.options, key=lambda text: (len(text), text)).index(question.options[place])]


def words_and_option(question, place):
    return [(word, question.options[place]) for word in re.findall(r"[\w-]+", question.text)]


def known(question, place):
    return [question.options[place] in question.text]


def guessed(train, test, clues):
    """Count the answers guessed right from how often each clue marked a right option in training."""
    shown, right = Counter(), Counter()
    for question in train:
        for place in range(4):
            for clue in clues(question, place):
                shown[clue] += 1
                right[clue] += place == question.gold

    def promise(question, place):
        return sum(math.log((right[clue] + 5) / (shown[clue] + 20)) for clue in clues(question, place))

    return sum(max(range(4), key=lambda place: promise(question, place)) == question.gold for question in test)


@pytest.mark.parametrize("clues", [letter, option, rank, words_and_option, known])
def test_guessing_without_the_scene_stays_near_one_in_four(drawn, clues):
    shares = {}
    for kind, pairs in drawn.items():
        questions = [question for _, question in pairs]
        one, other = questions[::2], questions[1::2]
        shares[kind.name] = (guessed(one, other, clues) + guessed(other, one, clues)) / len(questions)
    deviation = math.sqrt(0.25 * 0.75 / len(questions))
    assert max(shares.values()) < 0.25 + 4 * deviation < 0.31, shares
    assert sum(shares.values()) / len(shares) < 0.265


def test_right_answers_of_a_kind_are_all_used_about_equally_often(drawn):
    for kind, pairs in drawn.items():
        counts = Counter(question.answer for _, question in pairs)
        assert counts.keys() == set(kind.golds)
        for answer, number in counts.items():
            fair = len(pairs) * kind.golds.count(answer) / len(kind.golds)
            assert abs(number - fair) < 4.5 * math.sqrt(fair), (kind.name, counts)


def test_a_relation_is_offered_among_its_own_sort_only(drawn):
    (pairs,) = (pairs for kind, pairs in drawn.items() if kind.name == "relative position")
    for _, question in pairs:
        assert len({"-" in option for option in question.options}) == 1  # "upper-left" is also above


def test_what_two_things_have_in_common_is_never_a_label(drawn):
    (pairs,) = (pairs for kind, pairs in drawn.items() if kind.name == "in common")
    for _, question in pairs:
        one, other = question.things
        assert one.label is None or one.label != other.label


def test_the_right_option_may_be_at_any_position(drawn):
    for pairs in drawn.values():
        counts = Counter(question.letter for _, question in pairs)
        assert all(abs(counts[letter] - len(pairs) / 4) < 4.5 * math.sqrt(len(pairs) / 4) for letter in "ABCD")


def test_its_position_can_be_chosen():
    rng = random.Random(1)
    for gold in range(4):
        _, question = drawn_question(KINDS[2], rng, gold)
        assert (question.gold, question.letter, question.answer) == (gold, "ABCD"[gold], question.options[gold])


def test_a_scene_with_too_few_things_is_not_asked():
    lonely = Scene("white", (Thing(4, "small", "red", "star", "3"),))
    rng = random.Random(1)
    for kind in KINDS:
        if kind.least > 1:
            assert ask(kind, lonely, rng) is None


def test_every_family_has_kinds_and_names_are_used_once():
    assert {kind.family for kind in KINDS} == set(FAMILIES)
    assert len({kind.name for kind in KINDS}) == len(KINDS) == 16


def test_the_same_state_draws_what_the_embedded_models_were_trained_on():
    rng = random.Random(0)
    digest = hashlib.sha256()
    for kind in KINDS * 10:
        scene, question = drawn_question(kind, rng)
        drawn = (scene, kind.name, question.text, question.options, question.gold, question.contents, question.steps)
        digest.update(repr(drawn).encode())
    # If this changes on purpose, the embedded models must be retrained.
    assert digest.hexdigest() == "edc52d3f076f8c1f9e0fd18c25a17b0479e489778c8f43f07987def8fb6bc5f3"
