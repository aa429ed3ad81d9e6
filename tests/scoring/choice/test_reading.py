"""prism's own rules for options, against typical replies, VLMEvalKit's verdicts in the golden set, and any text."""

# ruff: noqa: RUF001 - full-width characters are tested

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prism_engine.records import Option
from prism_engine.scoring.choice.reading import read_option

GOLDEN = Path(__file__).parents[2] / "golden" / "matcher.jsonl"
ANIMALS = (Option("A", "cat"), Option("B", "dog"), Option("C", "red apple"), Option("D", "blue car"))
COUNTS = (Option("A", "1"), Option("B", "12"), Option("C", "2"), Option("D", "21"))
PLACES = (Option("A", "left"), Option("B", "right"), Option("C", "top left"), Option("D", "bottom right"))
THOUGHT = (
    "The description mentions an animal on a leash. Option A would be a cat, but cats are rarely on a leash. "
    "Options C and D are no animals at all. A person holds the leash, and I see no other animal.\n"
)


def without_defect(line):
    return line["expected_fixed"] if "defect" in line else line["expected"]


def golden():
    by_reply = defaultdict(dict)
    for text in GOLDEN.read_text(encoding="utf-8").split("\n"):
        if text:
            line = json.loads(text)
            by_reply[line["id"]][line["profile"]] = line
    return by_reply.values()


def test_an_option_that_all_upstream_profiles_read_is_never_contradicted():
    agreed = contradicted = unread = 0
    for lines in golden():
        expected = {without_defect(line) for line in lines.values()}
        if len(expected) > 1 or None in expected:
            continue
        agreed += 1
        line = lines["v3"]
        read = read_option(line["prediction"], tuple(Option(*choice) for choice in line["choices"].items()))
        contradicted += read not in (*expected, None)
        unread += read is None
    # The unread ones are parts of longer words ("Eyes" for "Yes", "112.55" for "12.5") and "A dog" if B is "dog".
    assert (agreed, contradicted, unread) == (337, 0, 15)


def test_the_marked_defects_are_not_reproduced():
    defects = [line for lines in golden() for line in lines.values() if "defect" in line]
    assert len(defects) == 9
    for line in defects:
        read = read_option(line["prediction"], tuple(Option(*choice) for choice in line["choices"].items()))
        assert read != line["expected"], line["prediction"]


@pytest.mark.parametrize(
    "reply",
    [
        *(
            "B",
            "(B)",
            "**B**",
            '"B"',
            "`B`",
            "$B$",
            "'B'",
            "__B__",
            "<B>",
            "B.",
            "B)",
            "［B］",
            "（Ｂ）",
            "Ｂ",
            "【B】",
            "B。",
        ),
        *(
            "\\boxed{B}",
            "$\\boxed{\\text{B}}$",
            "\\boxed{dog}",
            "<answer>B</answer>",
            '{"answer": "B", "why": "it barks"}',
        ),
        *("Option B", "option B.", "**Option B**: dog", "B. dog", "(B) dog", "**B. dog**", "B：dog", "B、dog"),
        *(
            "Answer: B",
            "answer: b",
            "**Answer:** B",
            "**Final Answer: (B) dog**",
            "The answer is B",
            "The answer is: **B**",
        ),
        *(
            "The correct option is B.",
            "My choice is B",
            "I would choose B",
            "I'll go with option B.",
            "The best answer is (B).",
        ),
        *("答案是B", "答案：B", "故选：B", "选B。", "B 是正确的", "正确答案是 B 。"),
        *("dog", "Dog.", "the dog", "It is a dog.", "The answer is a dog", "a cat? No, not a cat: a dog"),
        *(
            "A is wrong. B is right. C is wrong.",
            "B is correct, since A is not an animal on a leash",
            "It cannot be A, so B.",
        ),
        *("It could be A or B, but I choose B", "B\n\nExplanation: A is a cat, and cats do not bark."),
        "Options:\nA. cat\nB. dog\nC. red apple\nD. blue car\n\nAnswer: B",
        "A. cat: no\nB. dog: yes\nC. red apple: no\nD. blue car: no\n\n**B**",
        "A. cat\nB. dog\nC. red apple\nD. blue car\n\nB. dog",
        "Answer: A\n\nWait, that is wrong. It barks.\n\nAnswer: B",
        THOUGHT + "Answer: B",
        THOUGHT + "Therefore, the answer is **B. dog**.",
        THOUGHT + "So the correct answer is $\\boxed{B}$.",
        THOUGHT * 20 + "\n\n(B)",
        THOUGHT + "Hence it must be a dog.",
        "The description does not mention the animal, but it barks.\nAnswer: B",
        "I'm sorry, but without the image provided I must guess.\nAnswer: B",
    ],
)
def test_typical_replies_are_read(reply):
    assert read_option(reply, ANIMALS) == "B"


@pytest.mark.parametrize(
    "reply",
    [
        *("", " ", "\n", "E", "b and c", "B or C", "A, B, C or D", "A/B", "Both A and B", "answer is B or answer is C"),
        *("The answer is correct", "The answer is not B", "The answer is blue", "answer is a mystery", "cat and dog"),
        *("A dog", "hotdog", "I think a person holds it", "Is it a dog or a cat?", "N/A"),
        "A person holds a leash in the park",
        "Option A (cat) is considered.\nOption B (dog) is considered.\nOption C (red apple) is considered.",
        "A. cat\nB. dog\nC. red apple\nD. blue car",
        "Please answer with A, B, C or D",
        "Option B can be ruled out.",
        "Failed to obtain answer via API. B",
    ],
)
def test_replies_that_name_no_option_or_two_are_not_read(reply):
    assert read_option(reply, ANIMALS) is None


@pytest.mark.parametrize(
    "reply",
    [
        *("Z", "Z.", "Cannot determine the answer", "I cannot determine the answer from the description."),
        "The description does not mention any animal.",
        "There is not enough information to tell.",
        "Sorry, I can't help with images of people yet.",
        "无法确定",
    ],
)
def test_a_reply_that_cannot_tell_is_a_refusal(reply):
    assert read_option(reply, ANIMALS) == "Z"


@pytest.mark.parametrize(
    ("reply", "options", "letter"),
    [
        ("12", COUNTS, "B"),
        ("There are 12.", COUNTS, "B"),
        ("112", COUNTS, None),
        ("0.2", COUNTS, None),
        ("-1", COUNTS, None),
        ("1.5", COUNTS, None),
        ("The total is 21.", COUNTS, "D"),
        ("2 or 21", COUNTS, None),
        ("top left", PLACES, "C"),
        ("It is at the bottom right.", PLACES, "D"),
        ("upper left", PLACES, "A"),
        ("None of the above", (Option("A", "None"), Option("B", "None of the above")), "B"),
        ("None", (Option("A", "None"), Option("B", "null")), "A"),
        ("NA", (Option("A", "NA"), Option("B", "N/A")), "A"),
        ("half", (Option("A", "\u00bd"), Option("B", "1")), None),
        ("\u00bd", (Option("A", "\u00bd"), Option("B", "1")), "A"),
        ("The answer is E, as in Portugal", tuple(Option(letter, letter * 3) for letter in "ABCDEF"), "E"),
        ("I see it is H", tuple(Option(letter, letter * 3) for letter in "ABCDEFGHI"), "H"),
        ("the same", (Option("A", "the same"), Option("B", "The Same")), None),
        ("\u56fe\u4e2d\u662f\u84dd\u8272\u7684", (Option("A", "\u7ea2\u8272"), Option("B", "\u84dd\u8272")), "B"),
        ("Z", (Option("A", "cat"), Option("Z", "dog")), "Z"),
        ("A", (), None),
        ("", (Option("A", ""),), None),
    ],
)
def test_texts_are_whole_words_and_numbers_and_the_longest_counts(reply, options, letter):
    assert read_option(reply, options) == letter


fragments = (
    *(
        "A",
        "B",
        "E",
        "Z",
        "a",
        "I",
        "**",
        " ",
        "\u00a0",
        "\n",
        ".",
        "(",
        "}",
        "cat",
        "\u0130",
        "\u84dd",
        "\ufb01",
        "\ufdfa",
    ),
    *(
        "answer is",
        "Answer:",
        "\\boxed{",
        "<answer>",
        "option",
        "so",
        "choose",
        "\u9009",
        "is correct",
        "not",
        "or",
        "\u7b54\u6848",
    ),
    *("Cannot determine the answer", "Failed to obtain answer via API"),
)
replies = st.one_of(st.text(max_size=200), st.lists(st.sampled_from(fragments), max_size=30).map(" ".join))
option_lists = st.dictionaries(
    st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
    st.one_of(st.text(max_size=12), st.sampled_from(["cat", "CAT", "None", "1", "12", "", ".", "(", "\u0130"])),
    max_size=6,
).map(lambda choices: tuple(Option(*choice) for choice in sorted(choices.items())))


@given(replies, option_lists)
@settings(max_examples=400, deadline=None)
def test_any_reply_gives_an_option_a_refusal_or_nothing_deterministically(reply, options):
    read = read_option(reply, options)
    assert read is None or read == "Z" or read in {option.letter for option in options}
    assert read_option(reply, list(options)) == read


@given(st.sampled_from("ABCD"), st.text(max_size=300))
@settings(max_examples=200, deadline=None)
def test_a_last_line_with_the_answer_decides_whatever_precedes_it(letter, before):
    reasoning = before.replace("Failed to obtain answer via API", "")
    assert read_option(f"{reasoning}\n\nAnswer: {letter}", ANIMALS) == letter


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "piece",
    [
        *("answer is ", "answer is\n", "boxed{", "so ", "option B ", "B ", "B\n", "B. x\n", "A person ", "not B. "),
        *(
            "B is ",
            "correct option ",
            " ",
            "*",
            ".",
            "re",
            "\u84dd",
            "\u0130",
            "\u9009",
            "12 ",
            "1,",
            "(",
            "dog ",
            "\ufdfa",
        ),
        *("B or ", "B, ", "cannot ", "the description does not ", "Cannot determine the answer "),
    ],
)
def test_a_megabyte_of_any_text_is_read_in_time(piece):
    reply = piece * (1_000_000 // len(piece.encode()))
    options = (*ANIMALS, Option("E", "re" * 50 + "x"), Option("F", "12"))
    assert read_option(reply, options) in {None, "Z", *"ABCDEF"}
