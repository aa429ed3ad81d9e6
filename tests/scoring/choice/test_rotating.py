"""Rotating options: what moves, what the right letter becomes, and which questions keep their order."""
# ruff: noqa: RUF001 - options in several scripts

from __future__ import annotations

import pytest

from prism_engine.records import Option, Sample
from prism_engine.scoring.choice import rotating
from prism_engine.scoring.choice.rotating import rotated, why_order_kept

REFERRING = (
    *("All of the above", "None of the above.", "none of these", "All of them", "Any of these", "Both of these"),
    *("Both A and B", "A and B", "Neither A nor B", "both a and b", "(a) and (c)", "a only", "B only", "A, B and C"),
    *("A & C", "Either A or B", "A or C", "Both (A) and (B)", "A and C only", "point A", "Both", "Neither", "ALL"),
    *(
        "All are correct",
        "none are correct",
        "None of the other options",
        "All the options",
        "More than one of the above",
    ),
    *("not listed above", "the above are all wrong", "all above", "Option 1 and 2", "the first two options"),
    *("same as above", "None of the statements is true", "None of the provided answers", "both of the above"),
    *("Two of the above", "None of the others", "everything above", "none of the options are correct", "Answer C"),
    *("Alle oben genannten", "Keine der genannten", "Toutes les réponses ci-dessus", "Aucune de ces réponses"),
    *("Todas las anteriores", "Ninguna de las anteriores", "Todas as anteriores", "Nessuna delle precedenti"),
    *(
        "以上都是",
        "以上都不对",
        "以上皆非",
        "A和B",
        "选项A",
        "所有选项",
        "上記すべて",
        "위의 모두",
        "Все вышеперечисленное",
    ),
    *("Ничего из перечисленного", "Yukarıdakilerin hepsi", "Hiçbiri", "جميع ما سبق", "لا شيء مما سبق"),
)
STANDING_ALONE = (
    *("A cat", "a dog", "A Ferris wheel", "20 °C", "20 C", "5 A", "C++", "C#", "AB", "e", "20", "$x^2$", "None"),
    *("The man above the table", "All of the people are standing", "None of the dogs is sitting", "Both are equal"),
    *("Neither; their temperatures are the same", "Washington, D.C.", "Franklin D. Roosevelt", "I am happy"),
    *("Red and blue", "x and y", "It cannot be determined", "Not mentioned", "the second row", "Both women"),
    *("above the sea", "the first and third rows", "Two dogs", "most people", "all year", "A-frame", "所有人", "全身"),
)


def question(*texts, answer="A", text="What is it?", hint=None):
    options = tuple(Option(letter, each) for letter, each in zip("ABCDEFGH", texts, strict=False))
    return Sample(0, "0", (), text, hint=hint, options=options, answer=answer)


@pytest.mark.parametrize("answer", "ABCD")
def test_the_right_letter_is_always_that_of_the_right_text(answer):
    sample = question("red", "blue", "green", "grey", answer=answer)
    right = dict(sample.options)[answer]
    turned = [rotated(sample, shift) for shift in range(4)]
    assert turned[0] == sample
    assert [dict(each.options)[str(each.answer)] for each in turned] == [right] * 4
    assert sorted(str(each.answer) for each in turned) == list("ABCD")
    assert all([option.letter for option in each.options] == list("ABCD") for each in turned)
    assert [option.text for option in turned[1].options] == ["blue", "green", "grey", "red"]


def test_letters_with_a_gap_and_unknown_answers_are_kept():
    sample = Sample(0, "0", (), "Q", options=(Option("A", "x"), Option("C", "y"), Option("D", "z")), answer=" C ")
    assert [rotated(sample, shift).answer for shift in range(3)] == [" C ", "A", "D"]
    assert rotated(question("red", "blue", answer=None), 1).answer is None


@pytest.mark.parametrize("text", REFERRING)
def test_an_option_that_refers_to_others_keeps_the_order(text):
    assert why_order_kept(question("cat", "dog", "cow", text)) == rotating.NAMES_OTHERS


@pytest.mark.parametrize("text", STANDING_ALONE)
def test_an_option_that_stands_alone_can_be_anywhere(text):
    assert why_order_kept(question("cat", "dog", "cow", text)) is None


@pytest.mark.parametrize(
    "text",
    [
        "Choose: (A) red (B) blue",
        "Which is larger, option A or option B?",
        "What?\nA. red\nB. blue",
        "哪个?\nA、红\nB、蓝",
        "Is choice B right?",
    ],
)
def test_a_question_that_names_its_options_by_letter_keeps_the_order(text):
    assert why_order_kept(question("cat", "dog", text=text)) == rotating.NAMED_IN_QUESTION
    assert why_order_kept(question("cat", "dog", hint=text)) == rotating.NAMED_IN_QUESTION


@pytest.mark.parametrize(
    "text",
    ["What is A?", "Answer A question", "Where is vitamin A?", "Give the option letter, e.g., A, B, C, D, at the end."],
)
def test_a_question_with_other_letters_does_not(text):
    assert why_order_kept(question("cat", "dog", text=text)) is None


def test_questions_without_something_to_rotate_say_what_they_lack():
    assert why_order_kept(question()) == rotating.OPEN_QUESTION
    assert why_order_kept(question("red")) == rotating.ONE_OPTION
    assert why_order_kept(question("red", "red ")) == rotating.SAME_TEXT
    assert why_order_kept(question("red", "blue", answer="blue")) == rotating.NO_LETTER
    assert why_order_kept(question("red", "blue", answer=None)) is None


@pytest.mark.parametrize(
    "piece", ["all ", "A ", "the of ", " ", "以上", "a, ", "none of the ", "todos ", "(A", "\x00", "🙂"]
)
def test_no_text_makes_an_expression_backtrack(piece):
    long = piece * 100_000  # a backtracking expression would not end
    assert why_order_kept(question(long, "x", text=long)) in {None, rotating.NAMES_OTHERS, rotating.NAMED_IN_QUESTION}
