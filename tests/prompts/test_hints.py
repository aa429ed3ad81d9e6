"""Hints: the prompt for them, and that any reply becomes one usable phrase or nothing."""

from __future__ import annotations

import random
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prism_engine import prompts
from prism_engine.records import Option, Sample
from prism_engine.scenes import KINDS, drawn_question
from prism_engine.scenes.scene import COLOURS, PLACES, SHAPES, SIZES

SAMPLE = Sample(0, "1", (), "What time\n is it?")


def test_the_writer_is_asked_with_examples_and_the_question_last():
    (message,) = prompts.hint_messages("What time is it?", [("How many cups?", "the cups")])
    expected = (
        "Name the contents of the image that must be observed to answer the last question. Do not answer it.\n\n"
        "Question: How many cups?\nContents to observe: the cups\n\n"
        "Question: What time is it?\nContents to observe:"
    )
    assert message.parts == (expected,)


def masked(text):
    """Return a text about a scene with its scene-specific words masked."""
    words = sorted((*COLOURS, *SHAPES, *SIZES, *PLACES), key=len, reverse=True)
    return re.sub("|".join(map(re.escape, words)), "_", text)


def test_there_are_five_examples_and_those_of_prismscenes_are_of_its_kind():
    general, own = map(prompts.hint_shots, ("MMStar", "PrismScenes_circular"))
    assert len(set(general)) == len(set(own)) == 5
    assert not set(general) & set(own)
    rng = random.Random(0)
    drawn = [drawn_question(kind, rng)[1] for kind in KINDS for _ in range(40)]
    known = {(masked(question.text), masked(question.contents)) for question in drawn}
    assert {tuple(map(masked, shot)) for shot in own} <= known


def test_rotated_options_do_not_change_the_query_for_hints():
    one = replace(SAMPLE, options=(Option("A", "noon"), Option("B", "midnight")))
    other = replace(SAMPLE, options=(Option("A", "midnight"), Option("B", "noon")))
    assert prompts.hint_query(one) == prompts.hint_query(other) == "What time is it?"


def test_a_hint_is_part_of_the_question_and_a_label_is_not_repeated():
    assert prompts.hint_query(replace(SAMPLE, hint="Look\nup.")) == "What time is it? (Hint: Look up.)"
    assert prompts.hint_query(replace(SAMPLE, question="Question: Why?")) == "Why?"


@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        ("the colour of the car", "the colour of the car"),
        (" the colour of the car.\n", "the colour of the car"),
        ("Contents to observe: the clock", "the clock"),
        ("**Contents to observe:** the *hands* of the clock.", "the hands of the clock"),
        ("Contents to observe: cups\nContents to observe: bars\nContents to observe: the clock", "the clock"),
        ("Question: What time is it?\nContents to observe: the clock", "the clock"),
        ("the clock\n\nQuestion: How old is she?\nContents to observe: the woman", "the clock"),
        ("the clock.\n\nThis tells the time.", "the clock"),
        ("1. the clock.\n2. the sky", "the clock, the sky"),
        ("What to observe:\n- the clock\n- the sky.", "the clock, the sky"),
        ("To answer this question, observe the hands of the clock.", "the hands of the clock"),
        ("For this question, observe the clock", "the clock"),
        ("Especially, pay attention to the clock.", "the clock"),
        ('"the clock"', "the clock"),
        ('the sign "STOP"', 'the sign "STOP"'),
        ("\n".join(f"{n}. For the question about x{n}, observe the y{n}." for n in range(1, 7)), "the y6"),
        ("\n".join(f"- observe the y{n}." for n in range(1, 5)), "the y1, the y2, the y3, the y4"),
    ],
)  # fmt: skip
def test_a_reply_becomes_the_phrase_that_it_means(reply, expected):
    assert prompts.clean_hints(reply) == expected


def test_broken_characters_are_not_passed_on():
    assert prompts.clean_hints("the \ud83d clock") == "the ? clock"


NOTHING = ["", " \n", "...", "Contents to observe:", "1. \n2. ", "**", '""', "Question: why?"]


@pytest.mark.parametrize("reply", [*NOTHING, "Question: why?\nContents to observe:"])
def test_a_reply_that_says_nothing_is_nothing(reply):
    assert prompts.clean_hints(reply) is None


MARKS = ["\n", " ", ".", ":", ",", "1. ", "- ", "* ", "**", '"', "`", "\u201c", "\u201d"]
CUES = ["Contents to observe:", "contents to observe :", "Question:", "Question: why?\n", "observe "]
PIECES = st.sampled_from([*MARKS, *CUES, "To answer this question, observe ", "the clock", "the sky"])
REPLIES = st.one_of(st.text(), st.lists(st.one_of(PIECES, st.text(max_size=4)), max_size=25).map("".join))


@given(REPLIES, st.integers(0, 6))
def test_for_any_reply_the_phrase_is_one_line_and_not_empty_and_ends_without_a_period(reply, shots):
    cleaned = prompts.clean_hints(reply, shots)
    if cleaned is None:
        return
    assert cleaned == " ".join(cleaned.split())
    assert cleaned
    assert not cleaned.endswith((".", ":", ";", ","))
    assert not re.search(r"contents to observe\s*:", cleaned, re.IGNORECASE)


@given(REPLIES, st.integers(0, 6))
def test_what_is_clean_stays_as_it_is(reply, shots):
    cleaned = prompts.clean_hints(reply, shots)
    if cleaned is not None:
        assert prompts.clean_hints(cleaned, shots) == cleaned


@given(st.text("abc xyz", min_size=1).filter(str.strip), st.lists(st.text("pqr", min_size=1), max_size=4))
def test_of_echoed_cues_the_last_one_counts(phrase, earlier):
    reply = "\n".join(f"Contents to observe: {text}" for text in (*earlier, phrase))
    assert prompts.clean_hints(reply) == " ".join(phrase.split())
