import pytest
from hypothesis import given
from hypothesis import strategies as st

from prism_engine.records import Sample, SampleStatus, Score
from prism_engine.scoring.kinds.llavabench import MAIN, LlavaBench, Ratings, llavabench_table, read_ratings
from prism_engine.scoring.scorer import Scored

ROW = Sample(0, "0", (), "q", category="conv", extra={"gpt4_ans": "so it is"})


@pytest.mark.parametrize("text", ["8 7", "8,7", "8.0 7\nBoth are good.", "8 7\n9 9"])
def test_the_first_line_has_two_numbers(text):
    assert read_ratings(text) == Ratings(8, 7)


@pytest.mark.parametrize("text", ["", "8, 7", "8  7", " 8 7", "8 7 6", "eight 7", "8", "-1 -1", "nan 3", "3 inf"])
def test_any_other_first_line_is_unreadable(text):
    assert read_ratings(text) is None
    assert LlavaBench("prism").read_review(text, ROW) is None


def test_unreadable_reviews_are_omitted_except_in_vlmevalkit():
    rows = [("conv", Ratings(10, 5)), ("detail", None)]
    assert llavabench_table(rows)["overall"] == (50, 50, 100)
    assert llavabench_table(rows, compatible=True)["overall"].reply == 20
    assert "detail" not in llavabench_table(rows)


def test_only_a_judge_scores_and_only_with_a_reference():
    scorer = LlavaBench("prism")
    assert scorer.score("whatever", ROW).value is None
    row = Scored("0", SampleStatus.DONE, None, None, extra=ROW.extra)
    without = Scored("1", SampleStatus.DONE, None, None)
    assert scorer.unsettled([row, without]) == ("0",)
    assert scorer.read_review("8 7.5", ROW) == Score(0.75, "8 7.5")
    assert scorer.unread(ROW).answer is None


def test_the_relative_score_is_the_ratio_of_means():
    rows = [
        Scored("0", SampleStatus.DONE, 0.5, "10 5", category="conv"),
        Scored("1", SampleStatus.DONE, 0.9, "8 9", category="conv"),
        Scored("2", SampleStatus.DONE, None, None, category="conv"),
    ]
    found = {(metric.group, metric.name): metric.value for metric in LlavaBench("prism").metrics(rows)}
    assert found[None, MAIN] == pytest.approx(100 * 14 / 18)
    assert found["conv", "VLM Score"] == pytest.approx(70)
    assert all(metric.value is None for metric in LlavaBench("v2").metrics([]))


def test_reference_answers_rated_zero_give_no_ratio():
    assert llavabench_table([("conv", Ratings(0, 5))])["overall"].relative is None


@given(st.text(alphabet="0123456789., -\nnaif") | st.text())
def test_any_review_is_two_numbers_or_unreadable(text):
    for profile in ("prism", "v3"):
        score = LlavaBench(profile).read_review(text, ROW)
        assert score is None or (score.value is not None and 0 <= score.value <= 1)


def test_the_judge_reads_the_reference_first():
    sample = Sample(0, "0", (), "Why?", extra={"gpt4_ans": "because", "caption": "a cat"})
    system, user = LlavaBench("prism").judge_messages(sample, "so")
    prompt = str(user.parts[0])
    assert system.role == "system"
    assert prompt.index("a cat") < prompt.index("Why?") < prompt.index("because") < prompt.index("\nso\n")
