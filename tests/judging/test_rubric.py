import pytest
from hypothesis import given
from hypothesis import strategies as st

from prism_engine.config.judging import Template
from prism_engine.judging.rubric import MARK, Grade, Rubric, RubricRow, grading_messages, read_grade
from prism_engine.records import Image

PICTURE = Image("ab" * 32, None)  # type: ignore[arg-type] # never opened
ROW = RubricRow(
    "1",
    PICTURE,
    "Say what it is.",
    "A cat.",
    Rubric("Is it exact?", ("no", "hardly", "partly", "mostly", "wholly")),
    "A tabby cat.",
)
HEADINGS = [
    "###Task Description:",
    "###The instruction to evaluate:",
    "###Response to evaluate:",
    "###Reference Answer (Score 5):",
    "###Score Rubrics:",
    "###Feedback:",
]


def prompt(row, template):
    (message,) = grading_messages(row, template)
    assert message.parts[:-1] == (() if row.image is None else (row.image,))
    return message.parts[-1]


@pytest.mark.parametrize("template", list(Template))
def test_the_picture_comes_first_and_the_headings_in_their_order(template):
    text = prompt(ROW, template)
    assert [line for line in text.split("\n") if line.startswith("###")] == HEADINGS
    assert text.endswith("\n\n###Feedback:")
    assert [line[:2] for line in text.split("\n") if line[:1].isdigit()] == ["1.", "2.", "3.", "4."]
    assert "\nScore 1: no\nScore 2: hardly\nScore 3: partly\nScore 4: mostly\nScore 5: wholly\n" in text


def test_only_the_readmes_template_names_the_image_and_brackets_the_criterion():
    data, readme = prompt(ROW, Template.DATA), prompt(ROW, Template.README)
    assert ("image" in data, "###Score Rubrics:\nIs it exact?\n" in data) == (False, True)
    assert ("image" in readme, "###Score Rubrics:\n[Is it exact?]\n" in readme) == (True, True)


def test_a_row_without_picture_or_reference_is_not_said_to_have_them():
    bare = RubricRow("1", None, ROW.instruction, ROW.response, ROW.rubric)
    text = prompt(bare, Template.README)
    assert "image" not in text
    assert "eference" not in text


@pytest.mark.parametrize(
    "text",
    [
        "[RESULT] 4",
        "Feedback: fine.\n[RESULT] 4",
        "[RESULT](4)",
        "[RESULT]: [4]",
        "[RESULT] Score: 4",
        "[RESULT] 4/5",
        "[RESULT] **4**",
        "[RESULT] 4.",
        "Not [RESULT] 2 but [RESULT] 4",
    ],
)
def test_a_grade_stands_after_the_last_mark(text):
    assert (found := read_grade(text)) is not None
    assert found.grade == 4


@pytest.mark.parametrize(
    "text",
    [
        "",
        "The overall score is 4.",
        "[RESULT]",
        "[RESULT] four",
        "[RESULT] 0",
        "[RESULT] 6",
        "[RESULT] 45",
        "[RESULT] 4.5",
        "[RESULT] 4,5",
        "[RESULT] -4",
        "[RESULT] 4/10",
        "[RESULT] 3-4",
        "[RESULT] 3 or 4",
        "[RESULT] 4 [RESULT] hm",
        "[RESULT]" + " " * 100 + "4",
    ],
)
def test_anything_else_has_no_grade(text):
    assert read_grade(text) is None


def test_feedback_is_the_text_before_the_mark_without_its_heading():
    assert read_grade("Feedback: It is good. [RESULT] 5") == Grade("It is good.", 5)


@given(st.text() | st.text(alphabet="[]RESULT ():*=score0123456789/.,-"))
def test_any_text_has_a_grade_on_the_scale_or_none(text):
    for whole in (text, f"{MARK}{text}", f"{text}{MARK}3"):
        found = read_grade(whole)
        assert found is None or 1 <= found.grade <= 5
    assert (found := read_grade(f"{text}{MARK}3")) is not None
    assert found.grade == 3


def test_a_megabyte_of_brackets_is_read_at_once():
    assert read_grade(MARK * 100_000 + "(" * 1_000_000) is None
