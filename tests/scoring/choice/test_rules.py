"""Option matching against VLMEvalKit's verdicts, and on any text."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prism_engine.records import Option
from prism_engine.scoring import PROFILES, match_option

GOLDEN = Path(__file__).parents[2] / "golden" / "matcher.jsonl"
ANIMALS = (Option("A", "cat"), Option("B", "dog"), Option("C", "red apple"), Option("D", "blue car"))
V1, V2, V3 = (PROFILES[name] for name in ("v1", "v2", "v3"))
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"

fragments = (
    *("A", "B", "E", "Z", "a", "**", " ", "\u00a0", "\n", ".", "(", "}", "cat", "\u0130", "\u84dd\u8272"),
    *("answer is", "Answer Is", "an\u017fwer is"),
    *("Cannot determine the answer", "Failed to obtain answer via API"),
)
replies = st.one_of(
    st.text(max_size=200),
    st.lists(st.sampled_from(fragments), max_size=30).map(" ".join),
)
option_lists = st.dictionaries(
    st.sampled_from(LETTERS),
    st.one_of(st.text(max_size=12), st.sampled_from(["cat", "CAT", "None", "1", "12"])),
    max_size=6,
).map(lambda choices: tuple(Option(*choice) for choice in sorted(choices.items())))


def golden_lines():
    return [json.loads(line) for line in GOLDEN.read_text(encoding="utf-8").split("\n") if line]


def test_every_golden_reply_is_read_as_upstream_reads_it():
    lines = golden_lines()
    assert len(lines) == 1920
    differing = [
        (line["id"], line["profile"], line["expected"], read)
        for line in lines
        for options in [tuple(Option(*choice) for choice in line["choices"].items())]
        for read in [match_option(line["prediction"], options, PROFILES[line["profile"]])]
        if read != line["expected"]
    ]
    assert differing == []


@pytest.mark.parametrize(
    ("reply", "v1", "v2", "v3"),
    [
        ("B. it barks and it has a long tail", "B", None, None),
        ("The correct answer is B. Here is why I think so", "B", None, "B"),
        ("The answer is correct", None, None, "C"),
        ("A large cat sits", "A", "A", "A"),
        ("hot DOG", "B", "B", "B"),
        ("Z", "Z", "Z", "Z"),
        ("Cannot determine the answer: B", "Z", "Z", "Z"),
        ("cannot determine the answer: B", "B", "B", "B"),
        ("Failed to obtain answer via API (B)", None, None, None),
        ("Failed to obtain answer via API, dog", "B", "B", "B"),
        ("", None, None, None),
    ],
)
def test_the_profiles_differ_as_their_rules_say(reply, v1, v2, v3):
    assert [match_option(reply, ANIMALS, profile) for profile in (V1, V2, V3)] == [v1, v2, v3]


def test_lengths_are_code_points_of_the_lowered_reply():
    options = (Option("A", "\u0130"), Option("B", "xxx"))  # a capital that lower-cases to two code points
    assert match_option("\u0130" + "." * 6, options, V2) == "A"
    assert match_option("\u0130" + "." * 7, options, V2) is None


def test_the_answer_phrase_ignores_case_as_unicode_does():
    assert match_option("AN\u017fWER I\u017f\u3000**b** and so on and on and on", ANIMALS, V3) == "B"


def test_a_letter_that_is_not_an_option_is_not_read_from_the_answer_phrase():
    assert match_option("The answer is D", ANIMALS[:2], V3) is None


def test_option_texts_that_look_like_null_or_numbers_are_literal():
    nothing = (Option("A", "None"), Option("B", "null"), Option("C", "NA"))
    numbers = (Option("A", "3"), Option("B", "3.0"), Option("C", "007"))
    assert match_option("none", nothing, V3) == "A"
    assert match_option("nan", nothing, V3) == "C"
    assert match_option("3", numbers, V3) == "A"
    assert match_option("3.0", numbers, V3) is None  # both A and B are inside
    assert match_option("7", numbers, V3) is None


def test_without_options_only_a_refusal_can_be_read():
    assert match_option("Z", (), V3) == "Z"
    assert match_option("The answer is A", (), V3) is None


def test_a_real_option_z_is_an_option():
    assert match_option("Z", (Option("A", "cat"), Option("Z", "dog")), V2) == "Z"


@given(replies, option_lists, st.sampled_from(list(PROFILES.values())))
@settings(max_examples=200, deadline=None)
def test_any_reply_gives_an_option_a_refusal_or_nothing_deterministically(reply, options, profile):
    read = match_option(reply, options, profile)
    assert read is None or read == "Z" or read in {option.letter for option in options}
    assert match_option(reply, list(options), profile) == read


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "reply",
    [
        "answer is" + " " * 1_000_000,
        "answer is " + "*" * 1_000_000,
        "answer is \t*" * 90_000,
        "answer is " * 100_000,
        "correct " * 125_000,
        "B " * 500_000,
        "." * 1_000_000,
        "re" * 500_000,
        "\u84dd" * 1_000_000,
        "\u0130" * 1_000_000,
    ],
    ids=[
        "blanks",
        "stars",
        "stars-and-blanks",
        "phrases",
        "prefixes",
        "letters",
        "dots",
        "near-misses",
        "wide",
        "growing",
    ],
)
def test_a_megabyte_of_any_text_is_read_in_time(reply):
    options = (*ANIMALS, Option("E", "re" * 50 + "x"))
    assert {match_option(reply, options, profile) for profile in PROFILES.values()} <= {None, *"ABCDE"}
