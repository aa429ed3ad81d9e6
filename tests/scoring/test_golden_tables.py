"""Whole multiple-choice tables: hits per row and accuracies per group, against VLMEvalKit's own."""

from __future__ import annotations

import json

import pytest

from prism_engine.records import AnswerKind
from tests.scoring.golden import GOLDEN, Scoring, expected, replies

VANILLA = ("StarLike", "NoneOptionLike", "NumericOptionLike", "SubsetLike")
SHORT = {
    "coarse_perception": "CP",
    "finegrained_perception (instance-level)": "FP-S",
    "finegrained_perception (cross-instance)": "FP-C",
    "logic_reasoning": "LR",
    "relation_reasoning": "RR",
    "attribute_reasoning": "AR",
}


def literal(name):
    """Return the results of the reader that keeps texts literally, by profile."""
    results = expected(f"mcq_tables/{name}")["results"]
    return {result["profile"]: result for result in results if result["reader"] in ("literal", "any")}


def cases(*names):
    return [
        pytest.param(name, result, id=f"{name}-{profile}")
        for name in names
        for profile, result in literal(name).items()
    ]


def accuracies(groups):
    """Return values by split and upstream's group name."""
    return {(split, SHORT.get(name, name) if name else "Overall"): value for split, name, value in groups}


def compare(found, wanted):
    compared = 0
    for split, cells in wanted.items():
        for group, value in cells.items():
            ours = found.get((None if split == "none" else split, group))
            assert ours == pytest.approx(value, rel=1e-9), (split, group)
            compared += value is not None
    assert compared >= 3


@pytest.mark.parametrize(("name", "result"), cases(*VANILLA))
def test_hits_and_accuracies_are_those_of_upstream(name, result, tmp_path):
    scored = Scoring(f"mcq_tables/{name}", result["profile"], tmp_path)
    verdicts = {
        index: (row["extracted"], row["score"]) for index, row in scored.rows.items() if row["reply"] is not None
    }
    assert verdicts == {str(row["index"]): (row["extracted"], row["hit"]) for row in result["rows"]}

    groups = (scored.scores.overall, *scored.scores.groups)
    compare(accuracies((row.split, row.name, row.accuracy) for row in groups), result["accuracy"])
    if "accuracy_fixed" in result:
        compare(accuracies((row.split, row.name, row.accuracy_least) for row in groups), result["accuracy_fixed"])


def test_the_subset_table_has_missing_predictions_and_a_second_accuracy():
    assert len(replies("mcq_tables/SubsetLike")) == 33
    assert all("accuracy_fixed" in result for result in literal("SubsetLike").values())


@pytest.mark.parametrize(("name", "result"), cases("MMBenchLike"))
def test_circular_groups_and_accuracies_are_those_of_upstream(name, result, tmp_path):
    scored = Scoring(f"mcq_tables/{name}", result["profile"], tmp_path)
    assert scored.scorer.kind is AnswerKind.CIRCULAR
    read = {index: row["extracted"] for index, row in scored.rows.items() if row["reply"] is not None}
    assert read == {str(row["index"]): row["extracted"] for row in result["rows"]}
    found = [metric for metric in scored.scores.metrics if metric.name == "circular accuracy"]
    compare(accuracies((metric.split, metric.group, metric.value) for metric in found), result["accuracy"])


@pytest.mark.parametrize("profile", ["v1", "v2", "v3"])
def test_a_question_that_lacks_a_rotation_is_wrong_and_stays_in_the_denominator(profile, tmp_path, monkeypatch):
    result = literal("MMBenchLike")[profile]
    assert result["defect"] == "circular_missing_rotation_ignored"
    monkeypatch.setattr(
        "prism_engine.scoring.kinds.circular.Circular.ours", True
    )  # VLMEvalKit's matcher, prism's folding
    scored = Scoring("mcq_tables/MMBenchLike", profile, tmp_path)
    found = [metric for metric in scored.scores.metrics if metric.name == "circular accuracy"]
    compare(accuracies((metric.split, metric.group, metric.value) for metric in found), result["accuracy_fixed"])
    lacking = scored.metric("questions that lack a rotation")
    assert lacking is not None
    assert lacking.value == sum(group["predicted"] < group["rotations"] for group in result["groups"])
    assert lacking.maximum == len(result["groups"])


@pytest.mark.parametrize("profile", ["v1", "v2", "v3"])
def test_a_judge_is_needed_only_if_no_rotation_is_wrong_already(profile, tmp_path):
    result = literal("MMBenchJudgedLike")[profile]
    scored = Scoring("mcq_tables/MMBenchJudgedLike", profile, tmp_path)
    judged = {str(row["index"]) for row in result["rows"] if row.get("judge_calls")} | {
        str(row) if not isinstance(row, dict) else str(row["index"]) for row in result.get("judge_calls", [])
    }
    from prism_engine.report.scores.predictions import scored_rows  # noqa: PLC0415

    unsettled = scored.scorer.unsettled(scored_rows(scored.path))
    assert judged
    assert judged <= set(unsettled)
    groups = {int(index) % 1_000_000 for index in judged}
    assert {int(index) % 1_000_000 for index in unsettled} == groups


@pytest.mark.parametrize(("name", "result"), cases("MMMULike"))
def test_open_questions_of_mmmu_are_scored_as_upstream_does_under_its_profiles(name, result, tmp_path):
    scored = Scoring(f"mcq_tables/{name}", result["profile"], tmp_path)
    verdicts = {index: (row["extracted"], row["score"]) for index, row in scored.rows.items()}
    assert verdicts == {str(row["index"]): (row["extracted"], row["hit"]) for row in result["rows"]}
    groups = (scored.scores.overall, *scored.scores.groups)
    compare(accuracies((row.split, row.name, row.accuracy) for row in groups), result["accuracy"])
    closed = [metric for metric in scored.scores.metrics if metric.name == "multiple choice"]
    compare(accuracies((metric.split, metric.group, metric.value) for metric in closed), result["accuracy_closed_only"])


@pytest.mark.parametrize("name", [*VANILLA, "MMBenchLike", "StarJudgedLike", "MMBenchJudgedLike"])
def test_prisms_own_rules_never_contradict_an_option_that_all_upstream_profiles_read(name, tmp_path):
    every = literal(name).values()
    read = [{str(row["index"]): row["extracted"] for row in result["rows"]} for result in every]
    agreed = {
        index: letter for index, letter in read[0].items() if letter and all(rows[index] == letter for rows in read)
    }
    ours = Scoring(f"mcq_tables/{name}", "prism", tmp_path).rows
    assert agreed
    assert {
        index: (letter, ours[index]["reply"]) for index, letter in agreed.items()
        if ours[index]["extracted"] not in (letter, None)
    } == {}  # fmt: skip


def test_the_golden_files_are_whole():
    lines = (GOLDEN / "matcher.jsonl").read_text(encoding="utf-8").split("\n")
    assert len([json.loads(line) for line in lines if line]) == 1920
