"""Reading the option that a reply commits itself to, and any text at all."""

from __future__ import annotations

import json
import time
from collections import defaultdict
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prism_engine.records import Option
from prism_engine.scoring.choice.committed import read_committed
from tests.readings.labelled import OPTIONS, lettered

GOLDEN = Path(__file__).parents[2] / "golden" / "matcher.jsonl"
ANIMALS = lettered(OPTIONS["animals"])
PARTS = (
    *(
        "A",
        "B",
        " B",
        "(B)",
        "b",
        "I",
        "cat",
        "dog",
        "12 cm",
        "1,200",
        "-3",
        "answer",
        "answer is ",
        "the ",
        "not ",
        "if ",
    ),
    *(
        "so ",
        "because ",
        "but ",
        ", ",
        ". ",
        "?",
        ":",
        "\n",
        "\\boxed{",
        "}",
        "\\frac{1}{2}",
        "$",
        "<answer>",
        "</answer>",
    ),
    *(
        "</think>",
        "✓",
        "✗",
        "|",
        "- [x] ",
        "选",
        "答案",
        "ではなく",
        "neither ",
        " nor ",
        "or ",
        "and ",
        "rather than ",
    ),
    *("eliminating ", "wait", "none fits", "yes", "no", "\u0301", "ﷺ", "İ", "ß", "\ue001", "\ud800", "\x00"),
)
REPEATED = (
    *(
        "a",
        "A",
        " ",
        "\n",
        "(",
        "[",
        "{",
        "\\",
        "*",
        "$",
        "-",
        ".",
        "'",
        '"',
        "_",
        "#",
        "|",
        "✓",
        "<",
        "B ",
        "B, ",
        "B or ",
    ),
    *(
        "A and ",
        "answer is ",
        "the answer is B. ",
        "not ",
        "if ",
        "B? ",
        "so ",
        "\\boxed{",
        "\\boxed{B}",
        "<answer>",
        "1,",
    ),
    *(
        "12 ",
        "cat, ",
        "no, ",
        "不",
        "选B",
        "ﷺ",
        "rather than B ",
        "eliminating ",
        "B is ",
        "most ",
        "\\frac{1}{",
        "sqrt(",
    ),
    *("</think>", "x x x ", "\ue001", "one ", "A: ", "\u0301"),
)


@pytest.mark.parametrize(
    ("reply", "means"),
    [
        ("B\n\n(A) is wrong since it is not mentioned.", "B"),
        ("The answer is B. A common mistake is to choose A.", "B"),
        ("B. If it were smaller, the answer would be A.", "B"),
        ("The answer is A. Wait, that is wrong. The answer is B.", "B"),
        ("Answer: B\n\nWait, that can't be right.", None),
        ("Not A but D", "D"),
        ("Eliminating A and B leaves D", "D"),
        ("I'm not certain, but I'd say D", "D"),
        ("You said the answer is B.", None),
        ("B or C", None),
        ("Is it B?", None),
        ("Is it A? No. Is it B? Yes.", "B"),
        ("| Option | Fits |\n|---|---|\n| A | ✗ |\n| B | ✓ |", "B"),
        ("A. cat\nB. dog\nC. red apple\nD. blue car", None),
        ("A. cat\nB. dog\nC. red apple\nD. blue car\n\nB. dog", "B"),
        ("A dog", None),
        ("Z", "Z"),
        ("I'm sorry, but without the image provided I cannot tell.", "Z"),
        ("Failed to obtain answer via API. B", None),
        ("<think>So it is A.</think>\n\nIt is B.", "B"),
        ("<think>So it is B.</think>", "B"),
        ("The answer is A... or maybe B.", None),
        ("Could be A, but B is likelier.", "B"),
        ("A? No, that's the wrong one. It's B.", "B"),
        ("It's A - no, scratch that, it's B.", "B"),
        ("I'd say A. But then again, it may well be B.", None),
        ("A, but it could just as well be B.", None),
        ("A sign in the picture reads 'The answer is A'.", None),
        ("The caption suggests A, but the description shows B.", "B"),
        ('{"thought": "It could be A, but the description says otherwise.", "final": "B"}', "B"),
        ("A (0.7) > B (0.2) > C (0.1)", "A"),
        ("A (incorrect), B (incorrect), C (correct)", "C"),
        ("We can eliminate A, and probably B as well.", None),
        ("cat -> dog -> red apple", None),
        ("~~A~~ B", "B"),
        ("option b is correct", "B"),
        ("B, right?", "B"),
        ("Is B right?", None),
        ("shld be B", "B"),
        ("Consider B.", None),
        ("The least plausible option is B.", None),
        ("**A**: the scene matches. **B**: it doesn't.", "A"),
    ],
)
def test_the_last_statement_counts_unless_it_is_qualified(reply, means):
    assert read_committed(reply, ANIMALS) == means


def test_what_vlmevalkit_reads_in_all_profiles_is_contradicted_only_where_a_refusal_still_answers():
    by_reply = defaultdict(dict)
    for text in filter(None, GOLDEN.read_text(encoding="utf-8").split("\n")):
        line = json.loads(text)
        by_reply[line["id"]][line["profile"]] = line
    contradicted = set()
    for lines in by_reply.values():
        expected = {line["expected_fixed"] if "defect" in line else line["expected"] for line in lines.values()}
        if len(expected) == 1 and None not in expected:
            line = lines["v3"]
            read = read_committed(line["prediction"], tuple(Option(*choice) for choice in line["choices"].items()))
            if read not in (*expected, None):
                contradicted.add((line["prediction"], *expected, read))
    assert contradicted == {
        ("Cannot determine the answer, but B is likely", "Z", "B"),
        ("I'm sorry, but without the image provided I cannot say. B", "Z", "B"),
        ("bottom-right", "B", "D"),  # D is "bottom right", B is "right"
    }


def test_what_cannot_be_told_is_an_option_where_one_says_so():
    assert read_committed("I cannot determine this.", lettered(OPTIONS["verdicts"])) == "C"
    assert read_committed("I cannot determine this.", ANIMALS) == "Z"


@pytest.mark.parametrize(
    ("reply", "texts", "means"),
    [
        ("The answer is x = -3.", ("x = 3", "x = -3"), "B"),
        ("y=2x-1", ("y = 2x + 1", "y = 2x - 1"), "B"),
        ("under the table", ("The cup is on the table", "The cup is under the table"), "B"),
        ("convex", ("concave lens", "convex lens"), "B"),
        ("No.", ("Yes, it is raining", "No, it is dry"), "B"),
        ("No.", ("a car", "No vehicle"), None),
        ("No, it's dry.", ("Yes, it is raining", "No, it is dry"), "B"),
        ("It is not true.", ("True", "False"), "B"),
        ("II", ("I", "II"), "B"),
        ("2 + 3 = 5", ("4", "5", "6"), "B"),
        ("The largest planet is Jupiter, not Saturn.", ("Saturn", "Jupiter"), "B"),
        ("food goes from grass to the frog, then to the hawk", ("grass", "hawk", "frog"), None),
    ],
)
def test_an_option_may_be_named_by_its_text(reply, texts, means):
    assert read_committed(reply, lettered(texts)) == means


def test_a_reply_of_any_length_keeps_its_end_and_its_beginning():
    prose = "The street is wide and there are many people on it. " * 4000
    assert read_committed(f"{prose}\n\nThe answer is B.", ANIMALS) == "B"
    assert read_committed(f"B\n\n{prose}", ANIMALS) == "B"


@settings(max_examples=400)
@given(
    st.lists(st.sampled_from(PARTS) | st.text(max_size=8), max_size=40).map("".join), st.sampled_from(sorted(OPTIONS))
)
def test_any_text_is_read_as_an_option_a_refusal_or_nothing(reply, name):
    options = lettered(OPTIONS[name])
    assert read_committed(reply, options) in {None, "Z", *(option.letter for option in options)}


@given(
    st.lists(
        st.text(max_size=20) | st.sampled_from(["yes", "A", "1", "-3", "(", "\\frac{1}{2}", "both", ""]), max_size=12
    ),
    st.lists(st.sampled_from(PARTS), max_size=12).map("".join),
)
def test_any_options_can_be_read(texts, reply):
    options = lettered(texts)
    assert read_committed(reply, options) in {None, "Z", *(option.letter for option in options)}
    for option in options:
        read_committed(option.text, options)


def test_options_with_one_letter_or_none_are_no_error():
    assert read_committed("B", (Option("B", "x"), Option("B", "y"))) == "B"
    assert read_committed("B", ()) is None


@pytest.mark.parametrize("part", REPEATED)
def test_the_time_grows_no_faster_than_the_text(part):
    options = lettered(("cat", "1,200 cm", "$-3$", "Yes", "Both A and B", "Cannot be determined"))

    def seconds(length):
        text = (part * length)[:length]
        taken = []
        for _ in range(2):
            start = time.thread_time()
            read_committed(text, options)
            taken.append(time.thread_time() - start)
        return min(taken)

    seconds(100)
    assert seconds(100_000) < 60 * (seconds(10_000) + 0.01)  # ten times the text; a square would take 100 times as long


@pytest.mark.timeout(60)
def test_thousands_of_lines_that_are_nothing_but_an_option_are_read_in_time():
    assert read_committed("\n- B\n" * 40_000, ANIMALS) == "B"
