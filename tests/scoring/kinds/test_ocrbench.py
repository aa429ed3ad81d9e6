from hypothesis import given
from hypothesis import strategies as st

from prism_engine.records import SampleStatus
from prism_engine.scoring.kinds.ocrbench import FORMULAS, NORMED, TOTAL, OcrBench, ocrbench_hit, ocrbench_points
from prism_engine.scoring.scorer import Scored


def test_a_reply_that_contains_a_right_text_is_right():
    assert ocrbench_hit("It says\nHELLO there", ["x", "says hello"], "Doc-oriented VQA") == 1.0
    assert ocrbench_hit("It says", ["hello"], None) == 0.0


def test_in_formulas_spaces_do_not_count_and_case_does():
    assert ocrbench_hit("x^{2}+1", ["x ^ { 2 } + 1"], FORMULAS) == 1.0
    assert ocrbench_hit("X^{2}+1", ["x ^ { 2 } + 1"], FORMULAS) == 0.0


def test_six_categories_are_one_ability_and_an_unknown_one_counts_only_in_the_total():
    points = ocrbench_points([("Regular Text Recognition", 1), ("Digit String Recognition", 1), ("odd", 1)])
    assert points["Text Recognition"] == 2
    assert (points[TOTAL], points[NORMED]) == (3, 0.3)


def test_the_points_are_the_metrics_and_are_none_without_scored_rows():
    rows = [Scored("1", SampleStatus.DONE, 1.0, "x", category=FORMULAS), Scored("2", SampleStatus.FAILED, None, None)]
    found = {metric.name: metric for metric in OcrBench("prism").metrics(rows)}
    assert (found[TOTAL].value, found[TOTAL].maximum, found[TOTAL].n) == (1, 1000, 1)
    assert found[FORMULAS].value == 1
    assert all(metric.value is None for metric in OcrBench("prism").metrics([]))


@given(st.text(), st.lists(st.text(), min_size=1), st.sampled_from([FORMULAS, "x", None]))
def test_any_reply_is_right_or_wrong(reply, golds, category):
    assert ocrbench_hit(reply, golds, category) in (0.0, 1.0)
