"""Tests of the training examples: what they teach is right."""

from __future__ import annotations

import random
import re

import pytest

from prism_engine.scenes import KINDS, drawn_question, drawn_scene
from prism_engine.scoring import choice_profile, score_choice
from prism_engine.training.nano.lessons import Teacher, as_sample, reply_text
from prism_engine.training.nano.tokens import EOS


@pytest.fixture
def teacher(tokenizer):
    return Teacher(tokenizer)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_taught_reply_scores_as_right_and_no_other_letter_does(kind):
    for seed in range(10):
        _, question = drawn_question(kind, random.Random(seed))
        reply = reply_text(question)
        assert score_choice(reply, as_sample(question), choice_profile("v3")).value == 1.0
        assert reply.endswith(f"so {question.options['ABCD'.index(question.letter)]} ({question.letter})")


def test_each_lesson_asks_several_kinds_of_question_and_ends_its_replies(teacher, tokenizer):
    lesson = teacher.reasoning(random.Random(2), questions=5, most=5, drills=False)
    replies = [tokenizer.decode(task.reply) for task in lesson.tasks]
    assert len(replies) == 5
    assert all(re.search(r" \([A-D]\)" + re.escape(EOS) + "$", reply) for reply in replies)


def test_a_drill_is_one_task_more(teacher, tokenizer):
    plain, drilled = (
        teacher.reasoning(random.Random(2), questions=3, most=5, drills=drills) for drills in (False, True)
    )
    assert drilled.tasks[:-1] == plain.tasks
    assert tokenizer.decode(drilled.tasks[-1].prompt).startswith("\n\nQuestion: Wh")


def test_without_a_description_every_letter_is_taught_alike(teacher, tokenizer):
    rng = random.Random(0)
    replies = [tokenizer.decode(task.reply).strip() for _ in range(100) for task in teacher.blind(rng).tasks]
    shares = [replies.count(f"({letter}){EOS}") / len(replies) for letter in "ABCD"]
    assert sum(shares) == 1
    assert all(0.18 < share < 0.32 for share in shares)


def test_questions_are_of_different_kinds_and_what_is_hard_comes_more_often(teacher):
    rng = random.Random(0)
    drawn = [teacher.questions(rng, drawn_scene(rng, least=5, labelled=0.9), 3) for _ in range(300)]
    names = [question.kind.name for questions in drawn for question in questions]
    assert all(len({question.kind for question in questions}) == len(questions) for questions in drawn)
    assert names.count("what remains") > 1.5 * names.count("background")


def test_the_same_generator_draws_the_same_lesson(teacher):
    one, other = (teacher.reasoning(random.Random(9), questions=5, most=5, drills=True) for _ in range(2))
    assert one == other
