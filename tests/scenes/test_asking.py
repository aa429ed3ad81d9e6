"""Every question has one right answer, according to a solver that shares no code with the package."""

from __future__ import annotations

import random
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prism_engine.scenes import KINDS, PLACES, Scene, Thing, description, drawn_question, read_description
from tests.scenes.solver import COLOUR, NOUN, RULES, meant, name, needed, read, solve

BY_NAME = {kind.name: kind for kind in KINDS}


def assert_sound(scene, question):
    right = solve(question.kind.name, scene, question.text)
    assert question.answer == right, (scene, question.text)
    assert [option == right for option in question.options].count(True) == 1
    assert len(set(question.options)) == 4
    assert set(question.options) <= set(question.kind.golds)


def test_the_solver_has_a_rule_for_every_kind_and_names_places_alike():
    assert RULES.keys() == BY_NAME.keys()
    assert tuple(name(*divmod(cell, 3)) for cell in range(9)) == PLACES


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_exactly_one_option_is_right_and_it_is_the_gold_one(drawn, kind):
    for scene, question in drawn[kind]:
        assert_sound(scene, question)


def test_so_it_is_in_a_benchmark(benchmark_rows):
    for scene, question, _ in benchmark_rows:
        assert_sound(scene, question)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(KINDS), st.integers(0, 2**64))
def test_so_it_is_for_any_seed(kind, seed):
    assert_sound(*drawn_question(kind, random.Random(seed)))


def test_words_for_a_thing_fit_one_thing_only_and_two_phrases_mean_two_things(drawn):
    for kind, questions in drawn.items():
        for scene, question in questions:
            phrases = [words for words in read(kind.name, question.text) if words.startswith("the ")]
            found = [meant(scene, words) for words in phrases]
            assert all(len(things) == 1 for things in found), question.text
            assert len({things[0] for things in found}) == len(phrases), question.text
            assert len(phrases) == len(re.findall(f"{NOUN}|the only", question.text)) - (kind.name == "places traded")


def test_the_things_of_a_question_are_those_that_its_words_mean_or_all(drawn):
    for kind, questions in drawn.items():
        for scene, question in questions:
            phrases = [words for words in read(kind.name, question.text) if re.fullmatch(NOUN, words)]
            things = {thing for words in phrases for thing in meant(scene, words)}
            if kind.name in {"background", "count"}:
                assert question.things == ()
            else:
                assert set(question.things) == (things or set(scene.things)), question.text


def test_a_focused_description_holds_just_the_things_of_the_question_and_is_enough_to_answer(drawn):
    for kind, questions in drawn.items():
        for scene, question in questions[:300]:
            background, count, things = read_description(description(scene, question.things))
            assert (background, count) == (scene.background, len(scene.things))
            assert set(things.values()) == set(question.things)
            if kind.name != "count":
                part = Scene(scene.background, tuple(things.values()))
                assert solve(kind.name, part, question.text) == question.answer


def test_contents_say_no_more_than_the_question_itself(drawn):
    for kind, questions in drawn.items():
        for _, question in questions:
            assert question.contents == needed(kind.name, question.text)
            named = set(re.findall(r"[\w-]+", question.contents)) - set(re.findall(r"[\w-]+", question.text))
            assert question.answer not in named or kind.name == "in common"  # whose hints always name all three


def test_steps_lead_to_the_answer_by_way_of_what_the_scene_shows(drawn):
    values = re.compile(rf"({COLOUR}) (?:circle|square|triangle|star|diamond|cross)")
    for kind, questions in drawn.items():
        for scene, question in questions:
            assert question.steps
            shown = {thing.colour for thing in scene.things}
            assert set(values.findall(question.steps)) <= shown, (kind.name, question.steps)


def test_a_kind_that_a_scene_does_not_allow_is_not_asked():
    twins = Scene("white", (Thing(0, "small", "red", "star", None), Thing(8, "small", "red", "star", None)))
    rng = random.Random(0)
    for kind in (
        "label",
        "position",
        "relative position",
        "in common",
        "colour of the only one",
        "shape of the only one",
        "places traded",
        "place after a move",
        "sum",
        "difference",
        "double",
    ):
        assert [BY_NAME[kind].ask(twins, rng) for _ in range(20)] == [None] * 20, kind
