"""Score files, byte for byte."""

from __future__ import annotations

import csv
import json
from dataclasses import asdict, replace

import pytest

from prism_engine.errors import UserError
from prism_engine.report.scores.statistics import GroupScore, Scores
from prism_engine.report.scores.tables import HEADER, as_rows, metric_rows, write_scores
from prism_engine.scoring import Metric


def group(level="overall", name=None, *, split=None, **numbers):
    defaults = {
        "n": 4,
        "scored": 3,
        "correct": 2,
        "unanswered": 1,
        "refused": 1,
        "failed": 1,
        "not_run": 0,
        "unscored": 0,
    }
    rates = {"accuracy_least": 0.5, "accuracy_most": 0.75}
    rates |= {"accuracy_guessed": 0.7, "accuracy_at_chance": 0.72, "cannot_tell": 1}
    rates |= {"accuracy": 2 / 3, "accuracy_low": 0.25, "accuracy_high": 0.9, "coverage": 0.75, "chance": 0.25}
    return GroupScore(split=split, level=level, name=name, **{**defaults, **rates, **numbers})


NOTHING = {
    "scored": 0,
    "correct": 0,
    "accuracy": None,
    "accuracy_low": None,
    "accuracy_high": None,
    "accuracy_least": 0.0,
    "accuracy_most": 1.0,
    "coverage": 0.0,
    "chance": None,
    "accuracy_guessed": None,
    "accuracy_at_chance": None,
}
SCORES = Scores(
    "v3",
    group(),
    (group("l2_category", "a|b\nc"), group("category", "d, e", split="val", failed=4, **NOTHING)),
)


def test_people_read_percentages_with_one_decimal_and_a_dash_for_no_number():
    rows = as_rows(SCORES)
    assert all(len(row) == len(HEADER) for row in rows)
    assert rows[0] == (
        "",
        "overall",
        "",
        "4",
        "3",
        "2",
        "66.7",
        "25.0 - 90.0",
        "50.0 - 75.0",
        "25.0",
        "70.0",
        "72.0",
        "75.0",
        *"111100",
    )
    assert rows[1][:3] == ("", "l2-category", "a|b\nc")
    assert rows[2] == (
        "val",
        "category",
        "d, e",
        "4",
        "0",
        "0",
        "-",
        "-",
        "0.0 - 100.0",
        "-",
        "-",
        "-",
        "0.0",
        *"111400",
    )


def test_json_keeps_every_digit_and_null(tmp_path):
    write_scores(SCORES, tmp_path)
    read = json.loads((tmp_path / "scores.json").read_text(encoding="utf-8"))
    assert read == {
        "profile": "v3",
        "overall": asdict(SCORES.overall),
        "groups": [asdict(row) for row in SCORES.groups],
        "kind": None,
        "metrics": [],
        "headline": None,
    }
    assert read["overall"]["accuracy"] == 2 / 3
    assert read["groups"][1]["accuracy"] is None


def test_csv_holds_fractions_and_survives_awkward_names(tmp_path):
    write_scores(SCORES, tmp_path)
    with (tmp_path / "scores.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["name"] for row in rows] == ["", "a|b\nc", "d, e"]
    assert float(rows[0]["accuracy"]) == 2 / 3
    assert rows[2]["accuracy"] == ""
    assert {row["profile"] for row in rows} == {"v3"}


def test_markdown_is_one_whole_table(tmp_path):
    write_scores(SCORES, tmp_path)
    lines = (tmp_path / "scores.md").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "Matching profile: v3"
    assert lines[3].startswith("| --- | --- | --- | ---: |")
    assert len(lines) == 4 + 3
    assert "| l2-category | a\\|b c |" in lines[5]
    assert {line.replace("\\|", "").count("|") for line in lines[2:]} == {len(HEADER) + 1}


def test_equal_scores_give_equal_bytes_and_replace_the_old_files(tmp_path):
    def contents():
        return {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    write_scores(Scores("v1", SCORES.overall, ()), tmp_path)
    older = contents()
    write_scores(SCORES, tmp_path)
    first = contents()
    write_scores(SCORES, tmp_path)
    assert contents() == first != older
    assert sorted(first) == ["scores.csv", "scores.json", "scores.md"]


def test_a_folder_that_is_not_there_is_a_clear_error(tmp_path):
    with pytest.raises(UserError, match=r"scores\.json: cannot be written"):
        write_scores(SCORES, tmp_path / "absent")


OWN = replace(
    SCORES,
    kind="mme",
    metrics=(
        Metric("total", None, 2800, 3),
        Metric("score", 150.0, 200, 3, "category", "d, e", "val"),
        Metric("acc", 1 / 3, 1, 3, "category", "new"),
    ),
    headline="total",
)


def test_a_benchmark_s_own_metrics_are_in_every_file(tmp_path):
    write_scores(OWN, tmp_path, "scores-v3")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["scores-v3.csv", "scores-v3.json", "scores-v3.md"]
    read = json.loads((tmp_path / "scores-v3.json").read_text())
    assert (read["kind"], read["headline"], read["metrics"][1]["value"]) == ("mme", "total", 150.0)
    with (tmp_path / "scores-v3.csv").open(encoding="utf-8", newline="") as file:
        rows = {row["name"]: row for row in csv.DictReader(file)}
    assert (rows["d, e"]["score"], rows["d, e"]["n"]) == ("150.0", "4")
    assert (float(rows["new"]["acc"]), rows["new"]["n"]) == (1 / 3, "")
    assert "| val | category | d, e |  | 150.0 |  |" in (tmp_path / "scores-v3.md").read_text()


def test_own_metrics_have_their_maximum_in_the_heading_and_a_dash_if_missing():
    header, rows = metric_rows(OWN)
    assert header == ("Split", "Level", "Name", "total (of 2800)", "score (of 200)", "acc (of 1)")
    assert rows[0] == ("", "overall", "", "-", "", "")
    assert rows[2] == ("", "category", "new", "", "", "0.333")
    assert metric_rows(SCORES) == ((), [])
