"""The words that models are given, pinned: changing one changes every cached call."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from prism_engine import prompts
from prism_engine.errors import ConfigError
from prism_engine.records import AnswerKind, Image, Option, Sample

IMAGE = Image("0" * 64, Path("x.png"))


SAMPLE = Sample(0, "1", (IMAGE,), "What colour is it?")


def sample(**changes):
    return replace(SAMPLE, **changes)


def test_the_picture_comes_before_the_instruction():
    (message,) = prompts.perception_messages(IMAGE, "Describe it.")
    assert (message.role, message.parts) == ("user", (IMAGE, "Describe it."))


def test_the_reasoner_s_prompt_is_role_description_question_options_request():
    options = (Option("A", "red"), Option("B", "None"))
    (message,) = prompts.reasoning_messages(sample(hint="Look up.", options=options), "A red square.")
    expected = (
        "You are answering a question about an image that you cannot see. Someone who saw it wrote the description "
        "below; base your answer on it.\n\n"
        "Description:\nA red square.\n\n"
        "Question: What colour is it?\nHint: Look up.\nOptions:\nA. red\nB. None\n"
        "Select the correct answer from the options above and reply with its letter."
    )
    assert message.parts == (expected,)


def test_without_a_description_the_prompt_is_another_role_and_the_same_question():
    (message,) = prompts.reasoning_messages(sample(), None)
    expected = (
        "You are answering a question about an image that you cannot see, and nobody has described it to you. Answer "
        "all the same: give the answer that you find most likely.\n\n"
        "Question: What colour is it?"
    )
    assert message.parts == (expected,)


def test_who_sees_the_pictures_gets_them_before_the_question_and_no_role():
    other = Image("1" * 64, Path("y.png"))
    (message,) = prompts.direct_messages(sample(images=(other, IMAGE)))
    assert (message.role, message.parts) == ("user", (other, IMAGE, "Question: What colour is it?"))


@pytest.mark.parametrize("question", ["Question: why?", "question: why?", "Hint: choose. Question: why?"])
def test_a_question_that_is_labelled_already_gets_no_second_label(question):
    assert prompts.question_text(sample(question=question)) == question


def test_several_descriptions_are_numbered_and_a_single_one_is_not():
    assert prompts.join_descriptions([" a dog \n"]) == "a dog"
    assert prompts.join_descriptions(["a dog", "a cat"]) == "Image 1: a dog\nImage 2: a cat"


def test_an_unknown_instruction_is_answered_with_the_known_ones():
    with pytest.raises(ConfigError, match="did you mean 'generic'"):
        prompts.instruction_text("genric")
    with pytest.raises(ConfigError, match="known: generic"):
        prompts.instruction_text("xyz")


@pytest.mark.parametrize("kind", [AnswerKind.VQA, AnswerKind.ANLS, AnswerKind.RELAXED, AnswerKind.EXACT])
def test_where_a_word_is_wanted_a_word_is_asked_for(kind):
    expected = "Question: What colour is it?\nGive the answer as a single word or a short phrase."
    assert prompts.question_text(sample(kind=kind)) == expected


@pytest.mark.parametrize(
    "kind",
    [
        None,
        AnswerKind.CHOICE,
        AnswerKind.MME,
        AnswerKind.OCRBENCH,
        AnswerKind.MATHVISTA,
        AnswerKind.MMVET,
        AnswerKind.OPEN,
    ],
)
def test_other_questions_are_asked_as_written(kind):
    assert prompts.question_text(sample(kind=kind)) == "Question: What colour is it?"


def test_mmmu_s_pictures_stand_where_the_question_names_them():
    one, two, three = (Image(str(at) * 64, Path("x.png")) for at in range(3))
    asked = sample(question="Is <image 2> like <image 1>? <image 2> <image 7>", images=(one, two, three))
    (message,) = prompts.direct_messages(replace(asked, kind=AnswerKind.MMMU))
    assert message.parts == (three, "Question: Is ", two, " like ", one, "? ", "<image 2>", " ", "<image 7>")
    (other,) = prompts.direct_messages(replace(asked, kind=AnswerKind.CHOICE))
    assert other.parts == (one, two, three, f"Question: {asked.question}")
