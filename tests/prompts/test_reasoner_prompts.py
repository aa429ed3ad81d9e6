"""The prompts with questions, pinned: changing a word changes every cached call."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from prism_engine import prompts
from prism_engine.records import AnswerKind, Image, Option, Sample
from prism_engine.scoring import SCORERS

IMAGE, SECOND, THIRD = (Image(digit * 64, Path(f"{digit}.png")) for digit in "012")


SAMPLE = Sample(0, "1", (IMAGE,), "What colour is it?")


def sample(**changes):
    return replace(SAMPLE, **changes)


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


def test_a_directly_answering_model_gets_the_pictures_before_the_question_and_no_role():
    (message,) = prompts.direct_messages(sample(images=(SECOND, IMAGE)))
    assert (message.role, message.parts) == ("user", (SECOND, IMAGE, "Question: What colour is it?"))


def test_a_picture_that_the_question_refers_to_stands_where_it_does_so_and_the_others_in_front():
    asked = sample(images=(IMAGE, SECOND, THIRD), question="Is <image 2> darker than <image 1>?")
    (message,) = prompts.direct_messages(asked)
    assert message.parts == (THIRD, "Question: Is ", SECOND, " darker than ", IMAGE, "?")


def test_pictures_stand_in_the_options_too_and_as_often_as_they_are_referred_to():
    options = (Option("A", "<image 1>"), Option("B", "<image 2>"))
    (message,) = prompts.direct_messages(sample(images=(IMAGE, SECOND), question="As <image 1>?", options=options))
    pictures = [part for part in message.parts if isinstance(part, Image)]
    assert pictures == [IMAGE, IMAGE, SECOND]
    assert "".join("#" if isinstance(part, Image) else part for part in message.parts) == (
        "Question: As #?\nOptions:\nA. #\nB. #\n"
        "Select the correct answer from the options above and reply with its letter."
    )


@pytest.mark.parametrize("question", ["What is in <image 3>?", "What is in <image 0>?", "Is <image> one?"])
def test_a_reference_to_a_missing_picture_stays_text(question):
    (message,) = prompts.direct_messages(sample(question=question))
    assert message.parts == (IMAGE, f"Question: {question}")


def test_the_reasoner_reads_of_pictures_by_the_numbers_of_their_descriptions():
    asked = sample(images=(IMAGE, SECOND), question="Is <image 2> darker than <image 1>?")
    (message,) = prompts.reasoning_messages(asked, prompts.join_descriptions(["grey", "black"]))
    assert "Image 1: grey\nImage 2: black" in str(message.parts[0])
    assert "Is <image 2> darker than <image 1>?" in str(message.parts[0])


@pytest.mark.parametrize("question", ["Question: why?", "question: why?", "Hint: choose. Question: why?"])
def test_a_question_that_is_labelled_already_gets_no_second_label(question):
    assert prompts.question_text(sample(question=question)) == question


@pytest.mark.parametrize("kind", [AnswerKind.VQA, AnswerKind.ANLS, AnswerKind.RELAXED, AnswerKind.EXACT])
def test_where_a_word_is_wanted_a_word_is_asked_for(kind):
    expected = "Question: What colour is it?\nGive the answer as a single word or a short phrase."
    assert prompts.question_text(sample(kind=kind)) == expected


@pytest.mark.parametrize("kind", [None, *(kind for kind in AnswerKind if SCORERS[kind].request is None)])
def test_questions_of_a_kind_without_a_request_are_asked_as_written(kind):
    assert prompts.question_text(sample(kind=kind)) == "Question: What colour is it?"


def test_a_question_with_options_asks_for_a_letter_whatever_its_kind_requests():
    asked = prompts.question_text(sample(kind=AnswerKind.VQA, options=(Option("A", "red"),)))
    assert asked.endswith("reply with its letter.")
