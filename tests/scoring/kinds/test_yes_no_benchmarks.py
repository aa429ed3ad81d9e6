"""MME, POPE and HallusionBench, against VLMEvalKit's own numbers."""

from __future__ import annotations

import pytest

from prism_engine.records import AnswerKind, SampleStatus
from prism_engine.scoring import Scored, scorer_of
from tests.scoring.golden import Scoring, expected

TABLES = {"MMELike": AnswerKind.MME, "POPELike": AnswerKind.POPE, "HallusionBenchLike": AnswerKind.HALLUSION}
MME_TOTALS = ("perception", "reasoning")


def rows(*scores, **columns):
    return [
        Scored(str(index), SampleStatus.NOT_RUN if score is None else SampleStatus.DONE, score, "Yes", "Yes", **columns)
        for index, score in enumerate(scores)
    ]


def values(kind, profile, scored):
    return {(metric.name, metric.group): metric.value for metric in scorer_of(kind, profile).metrics(scored)}


@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("profile", ["v1", "v2", "v3"])
def test_rows_and_numbers_are_those_of_upstream(name, profile, tmp_path):
    table = expected(f"yesno_tables/{name}")
    scored = Scoring(f"yesno_tables/{name}", profile, tmp_path)
    assert scored.scorer.kind is TABLES[name]
    verdicts = {index: (row["extracted"] or "Unknown", row["score"]) for index, row in scored.rows.items()}
    assert verdicts == {str(row["index"]): (row["extracted"], float(row["score"])) for row in table["rows"]}
    for group, numbers in table["scores"].items():
        if not isinstance(numbers, dict):  # MME
            metric = scored.metric(group) if group in MME_TOTALS else scored.metric("score", group)
            assert metric is not None
            assert metric.value == pytest.approx(numbers, rel=1e-9)
            continue
        for number, value in numbers.items():
            metric = scored.metric("F1" if number == "Overall" else number, None if group == "Overall" else group)
            assert metric is not None
            assert metric.value == pytest.approx(value, rel=1e-9), (group, number)


def test_figures_of_two_categories_are_kept_separate_in_prisms_profile(tmp_path, monkeypatch):
    fixed = expected("yesno_tables/HallusionBenchLike")["overall_fixed"]
    monkeypatch.setattr("prism_engine.scoring.kinds.yes_no_benchmarks.read_yes_no", None, raising=False)
    monkeypatch.setattr(
        "prism_engine.scoring.kinds.yes_no.read_yes_no",
        __import__("prism_engine.scoring.kinds.yes_no", fromlist=["x"]).read_as_upstream,
    )
    scored = Scoring("yesno_tables/HallusionBenchLike", "prism", tmp_path)
    found = {name: metric.value for name in fixed if (metric := scored.metric(name)) is not None}
    assert found == pytest.approx(fixed, rel=1e-9)


def test_an_image_with_three_questions_is_right_only_if_all_are():
    scored = rows(1.0, 1.0, 0.0, category="OCR", extra={"image_path": "a.jpg"})
    assert values(AnswerKind.MME, "prism", scored)["acc+", "OCR"] == 0.0
    assert values(AnswerKind.MME, "v3", scored)["acc+", "OCR"] == 100.0


def test_an_image_that_lacks_a_prediction_is_not_right_as_a_whole():
    scored = rows(1.0, None, category="OCR", extra={"image_path": "a.jpg"})
    assert values(AnswerKind.MME, "prism", scored)["acc+", "OCR"] == 0.0
    assert values(AnswerKind.MME, "v3", scored)["acc+", "OCR"] == 100.0
    assert values(AnswerKind.MME, "prism", scored)["acc", "OCR"] == 100.0


@pytest.mark.parametrize("kind", [AnswerKind.MME, AnswerKind.POPE, AnswerKind.HALLUSION])
@pytest.mark.parametrize("profile", ["prism", "v3"])
def test_part_of_a_benchmark_or_no_rows_give_none_and_never_zero(kind, profile):
    for scored in ([], rows(None, category="OCR")):
        metrics = scorer_of(kind, profile).metrics(scored)
        assert metrics
        assert all(metric.value is None for metric in metrics)
    part = values(AnswerKind.MME, profile, rows(1.0, category="OCR"))
    assert part["score", "OCR"] == 200.0
    assert part["perception", None] is None
