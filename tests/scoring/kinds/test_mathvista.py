import pytest
from hypothesis import given
from hypothesis import strategies as st

from prism_engine.records import Option, Sample, SampleStatus
from prism_engine.scoring import PROFILES
from prism_engine.scoring.kinds.mathvista import MathQuestion, MathVista, is_right, mathvista_table, read_plain
from prism_engine.scoring.scorer import Scored

PRISM = PROFILES["prism-2"]


def sample(answer, **extra):
    return Sample(0, "1", (), "How many?", answer=answer, extra={"question_type": "free_form"} | extra)


def test_options_are_those_of_the_choices_column():
    choice = MathQuestion.of(sample(None, question_type="multi_choice", choices="['2', '5']", answer_option="B"))
    assert choice == MathQuestion("choice", "B", (Option("A", "2"), Option("B", "5")))


@pytest.mark.parametrize(
    ("kind", "answer", "said", "right"),
    [
        ("integer", "14", " 14 ", True),
        ("integer", "14", "14.0", False),
        ("float", "1.5", "1.50", True),
        ("float", "1.2", "1.20%", False),
        ("text", "[1, 2]", "[1, 2]", True),
        ("text", "[1, 2]", "[1,2]", False),
    ],
)
def test_values_are_compared_by_their_type(kind, answer, said, right):
    assert is_right(said, MathQuestion(kind, answer), PRISM) is right


def test_only_a_reply_that_is_the_right_value_needs_no_judge():
    question = MathQuestion("integer", "14")
    assert read_plain("14", question, PRISM) == "14"
    assert read_plain("15", question, PRISM) is None
    assert read_plain("It is 14.", question, PRISM) is None
    assert read_plain("0", MathQuestion("integer", "0"), PRISM) is None


def test_an_open_text_is_never_right_in_vlmevalkit():
    text = MathQuestion("text", "rectangle")
    assert not is_right("rectangle", text, PROFILES["v3"], compatible=True)
    assert read_plain("rectangle", text, PROFILES["v3"], compatible=True) is None
    assert read_plain("rectangle", text, PRISM) == "rectangle"


def test_a_reply_that_needs_a_judge_has_no_score_and_is_unsettled():
    scorer, question = MathVista("prism"), sample("14", answer_type="integer")
    score = scorer.score("fourteen", question)
    assert score.value is None
    row = Scored("1", SampleStatus.DONE, score.value, score.answer, "14", extra=question.extra)
    assert scorer.unsettled([row]) == ("1",)
    assert scorer.read_review("14", question).value == 1.0
    assert scorer.read_review("", question).value == 0.0


def test_a_reply_without_a_readable_review_is_unscored_but_wrong_in_vlmevalkit():
    question = sample("14", answer_type="integer")
    assert MathVista("prism").unread(question).value is None
    assert MathVista("v3").unread(question).value == 0.0


def test_rows_count_under_their_skills_and_their_task():
    rows = [
        Scored("1", SampleStatus.DONE, 1.0, "1", extra={"skills": "['algebra', 'logic']", "task": "geometry"}),
        Scored("2", SampleStatus.DONE, 0.0, "1", extra={"skills": "['logic']", "task": "geometry"}),
        Scored("3", SampleStatus.DONE, None, None, extra={"task": "geometry"}),
    ]
    found = {metric.group: (metric.value, metric.n) for metric in MathVista("prism").metrics(rows)}
    assert found == {None: (50, 2), "algebra": (100, 1), "logic": (50, 2), "geometry": (50, 2)}
    assert MathVista("prism").metrics([])[0].value is None
    assert mathvista_table([((), True, False)])["Overall"] == (1, 1, 0)


KINDS = st.sampled_from(["choice", "integer", "float", "text"])


@given(st.text() | st.floats().map(str), st.text() | st.integers().map(str), KINDS, st.booleans())
def test_any_reply_is_right_or_not(reply, answer, kind, compatible):
    question = MathQuestion(kind, answer, (Option("A", "cat"), Option("B", answer)))
    plain = read_plain(reply, question, PRISM, compatible=compatible)
    assert plain is None or isinstance(plain, str)
    assert is_right(reply, question, PRISM, compatible=compatible) in (True, False)


def test_endless_digits_are_not_a_number():
    assert not is_right("9" * 100_000, MathQuestion("integer", "9"), PRISM)
    assert not is_right("9" * 100_000, MathQuestion("float", "9"), PRISM)


def test_the_benchmarks_own_hint_is_not_labelled_again_for_the_judge():
    def asked(question):
        (message,) = MathVista("prism").judge_messages(Sample(0, "0", (), question), "two")
        return str(message.parts[0])

    assert asked("Hint: Give a number.\nQuestion: How many?").endswith(
        "\n\nHint: Give a number.\nQuestion: How many?\nModel response: two\nExtracted answer:"
    )
    assert "\nQuestion: How many?" in asked("How many?")
