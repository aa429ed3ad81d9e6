import pytest
from hypothesis import given
from hypothesis import strategies as st

from prism_engine.records import Sample, SampleStatus, Score
from prism_engine.scoring.kinds.mmvet import AbilityScore, MmVet, mmvet_tables, read_grade
from prism_engine.scoring.scorer import Scored

ROW = Sample(0, "0", (), "q", answer="a", category="rec")


@pytest.mark.parametrize("text", ["0.5", " 0.5\n", "5e-1", ".5"])
def test_a_reply_that_is_a_number_within_bounds_is_a_grade(text):
    assert read_grade(text) == 0.5


@pytest.mark.parametrize("text", ["", "0.5.", "1.5", "-0.1", "nan", "inf", "grade: 0.5", "1/2"])
def test_any_other_reply_is_none(text):
    assert read_grade(text) is None
    assert MmVet("prism").read_review(text, ROW) is None


def test_only_a_judge_scores():
    scorer = MmVet("prism")
    assert scorer.score("whatever", ROW).value is None
    row = Scored("0", SampleStatus.DONE, None, None, "a", category="rec")
    failed = Scored("1", SampleStatus.FAILED, None, None, "a")
    assert scorer.unsettled([row, failed]) == ("0",)
    assert scorer.read_review("0.7", ROW) == Score(0.7, "0.7")
    assert (scorer.unread(ROW).value, MmVet("v1").unread(ROW).value) == (None, 0.0)


def test_a_row_that_needs_one_ability_counts_once_except_in_vlmevalkit():
    rows = [("rec", 1.0), ("rec,ocr", 0.5)]
    by_ability, by_combination = mmvet_tables(rows)
    assert by_ability["rec"] == AbilityScore(2, 75)
    assert by_combination["rec"] == AbilityScore(1, 100)
    upstream, _ = mmvet_tables(rows, compatible=True)
    assert upstream["rec"].total == 3
    assert upstream["rec"].accuracy == pytest.approx(250 / 3)


def test_part_of_the_benchmark_has_metrics_for_its_rows():
    rows = [Scored("0", SampleStatus.DONE, 0.5, "0.5", "a", category="ocr,math")]
    found = {metric.group: metric.value for metric in MmVet("prism").metrics(rows)}
    assert found == {None: 50, "ocr": 50, "math": 50}
    assert [metric.value for metric in MmVet("prism").metrics([])] == [None]


@given(st.text() | st.floats().map(str))
def test_any_reply_is_a_grade_or_none(text):
    grade = read_grade(text)
    assert grade is None or 0 <= grade <= 1


def test_a_row_of_the_judges_table_stays_one_row():
    (message,) = MmVet("prism").judge_messages(Sample(0, "0", (), "a|b\nc?", answer="x<AND>y"), "one\n| two")
    assert str(message.parts[0]).endswith("\na/b c? | x <AND> y | one / two |")
