"""Whole multiple-choice tables: hits per row and accuracies per group, against VLMEvalKit's own."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from prism_engine.records import Option, Sample
from prism_engine.report.statistics import summarise
from prism_engine.scoring import PROFILES, score_choice

TABLES = Path(__file__).parents[1] / "golden" / "mcq_tables"
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
NAMES = ("StarLike", "NoneOptionLike", "NumericOptionLike", "SubsetLike")


def load(name):
    with (TABLES / f"{name}.tsv").open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file, delimiter="\t") if row["image"]]
    lines = (TABLES / f"{name}.predictions.jsonl").read_text(encoding="utf-8").split("\n")
    replies = {str(row["index"]): row["prediction"] for row in map(json.loads, filter(None, lines))}
    samples = [
        Sample(
            position=position,
            index=row["index"],
            images=(),
            question=row["question"],
            options=tuple(Option(letter, row[letter]) for letter in LETTERS if row.get(letter)),
            answer=row["answer"],
            category=row.get("category") or None,
            l2_category=row.get("l2-category") or None,
            split=row.get("split") or None,
        )
        for position, row in enumerate(rows)
    ]
    return samples, replies


def expectations():
    for name in NAMES:
        expected = json.loads((TABLES / f"{name}.expected.json").read_text(encoding="utf-8"))
        assert (expected["evaluation"], expected["policy"]) == ("vanilla", "exact_matching")
        for result in expected["results"]:
            if result["reader"] in ("literal", "any"):
                yield pytest.param(name, result, id=f"{name}-{result['profile']}")


def journal(path, samples, scores):
    """Write what a run would leave: a sample without a prediction was not run."""
    with path.open("w", encoding="utf-8") as file:
        for sample in samples:
            score = scores.get(sample.index)
            row = {
                "index": sample.index,
                "category": sample.category,
                "l2_category": sample.l2_category,
                "split": sample.split,
                "status": "done" if score else "not_run",
                "extracted": score and score.answer,
                "score": score and score.value,
            }
            file.write(json.dumps(row) + "\n")
    return path


@pytest.mark.parametrize(("name", "result"), list(expectations()))
def test_hits_and_accuracies_are_those_of_upstream(name, result, tmp_path):
    samples, replies = load(name)
    profile = PROFILES[result["profile"]]
    scores = {
        sample.index: score_choice(replies[sample.index], sample, profile)
        for sample in samples
        if sample.index in replies
    }
    verdicts = {index: (score.answer, score.value) for index, score in scores.items()}
    assert verdicts == {str(row["index"]): (row["extracted"], row["hit"]) for row in result["rows"]}

    folded = summarise(journal(tmp_path / "predictions.jsonl", samples, scores), profile=profile.name)
    rows = {(row.split, row.name or "Overall"): row for row in (folded.overall, *folded.groups)}
    compared = 0
    for split, cells in result["accuracy"].items():
        for group, expected in cells.items():
            row = rows.get((None if split == "none" else split, group))
            assert (row and row.accuracy) == pytest.approx(expected, rel=1e-9), (split, group)
            compared += expected is not None
    assert compared >= 3
    for split, cells in result.get("accuracy_fixed", {}).items():
        for group, expected in cells.items():
            row = rows.get((None if split == "none" else split, group))
            strict = row and row.correct / (row.scored + row.missing)
            assert strict == pytest.approx(expected, rel=1e-9), (split, group)


def test_the_subset_table_has_missing_predictions_and_a_second_accuracy():
    samples, replies = load("SubsetLike")
    assert (len(samples), len(replies)) == (40, 33)
    results = [param.values[1] for param in expectations() if param.values[0] == "SubsetLike"]
    assert all("accuracy_fixed" in result for result in results)
