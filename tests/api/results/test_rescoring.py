"""Finished runs scored again."""

from __future__ import annotations

import json
import subprocess
import sys
from itertools import product

import pytest

from prism_engine.api import find_predictions, rescore
from prism_engine.config import ScriptedModel
from prism_engine.errors import ConfigError, UserError
from prism_engine.records import AnswerKind, SampleStatus
from prism_engine.report import summarise
from tests.scoring.golden import Scoring, expected

REPLIES = {"1": "B. dog, since it barks and has a long tail and a leash", "2": "The answer is correct", "3": "A"}


def write(folder, *, kind=None, name="toy", **changes):
    folder.mkdir(parents=True, exist_ok=True)
    options = [{"letter": letter, "text": text} for letter, text in zip("ABC", ("cat", "dog", "ox"), strict=True)]
    rows = [
        {
            "index": index, "position": int(index), "question": "?", "hint": None, "options": options, "target": "B",
            "category": None, "l2_category": None, "split": None, "extra": {}, "images": ["ab"], "reply": reply,
            "status": "done", "score": 0.0, "extracted": None, "description": "d", **changes,
        }
        for index, reply in REPLIES.items()
    ]  # fmt: skip
    rows.append(rows[0] | {"index": "4", "status": "failed", "reply": None, "score": None})
    path = folder / "predictions.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    scoring = {"scoring": {"answer_kind": kind, "profile": "v2"}} if kind else {}
    (folder / "manifest.json").write_text(json.dumps({"benchmark": {"name": name}, **scoring}))
    return path


def test_each_profile_s_scores_are_next_to_the_run_s_own_which_stay_unchanged(tmp_path):
    path = write(tmp_path, kind="choice")
    before = path.read_bytes()
    result = rescore(path, ["v1", "v3", "v1"])
    assert path.read_bytes() == before
    assert {name: scores.overall.correct for name, scores in result.scores.items()} == {"v1": 1, "v3": 0}
    assert result.scores["v1"].overall.failed == 1
    written = {path.name for path in tmp_path.iterdir()} - {"predictions.jsonl", "manifest.json"}
    assert written == {
        *(f"scores-{name}.{kind}" for name in ("v1", "v3") for kind in ("json", "csv", "md")),
        *("predictions-v1.jsonl", "predictions-v3.jsonl", "sensitivity.jsonl", "sensitivity.json"),
    }
    again = summarise(tmp_path / "predictions-v1.jsonl", profile="v1", kind=AnswerKind.CHOICE)
    assert again == result.scores["v1"]


def test_the_rows_on_which_the_rules_differ_are_listed_and_the_totals_reconcile(tmp_path):
    result = rescore(write(tmp_path, kind="choice"), ["v1", "v3"])
    lines = [json.loads(line) for line in (tmp_path / "sensitivity.jsonl").read_text().splitlines()]
    assert [line["index"] for line in lines] == ["1", "2", "3"]  # the third was not read by the run itself
    assert lines[1]["read"] == {"as run": None, "v1": None, "v3": "C"}
    for pair in result.sensitivity.differences():
        assert pair.first_total - pair.second_total == pair.more - pair.less
    assert result.sensitivity.rows == 3


def test_another_answer_kind_is_part_of_the_files_names(tmp_path):
    result = rescore(write(tmp_path, kind="choice"), ["prism"], AnswerKind.CIRCULAR)
    assert list(result.scores) == ["circular-prism-2"]
    assert (tmp_path / "scores-circular-prism-2.json").is_file()


@pytest.mark.parametrize(
    ("noted", "name", "kind"),
    [("mmmu", "MMBench", "mmmu"), (None, "MMBench_DEV", "circular"), (None, "toy", "choice"), ("odd", "toy", "choice")],
)
def test_the_kind_is_the_run_s_own_else_the_benchmark_s(tmp_path, noted, name, kind):
    result = rescore(write(tmp_path, kind=noted, name=name), ["prism"])
    assert result.scores["prism-2"].kind == kind


def test_a_golden_table_comes_to_upstream_s_accuracy_under_every_profile(tmp_path):
    path = Scoring("mcq_tables/StarLike", "v1", tmp_path).path.rename(tmp_path / "predictions.jsonl")
    result = rescore(path, ["v1", "v2", "v3"])
    for one in expected("mcq_tables/StarLike")["results"]:
        if one["reader"] in ("literal", "any"):
            accuracy = result.scores[one["profile"]].overall.accuracy
            assert accuracy is not None
            assert accuracy == pytest.approx(sum(row["hit"] for row in one["rows"]) / len(one["rows"]), rel=1e-9)


@pytest.mark.parametrize("line", ["[1]", "{", '{"index": "1"}', "null"])
def test_a_damaged_row_is_named_and_nothing_is_left_half_written(tmp_path, line):
    path = write(tmp_path, kind="choice")
    path.write_text(path.read_text() + line + "\n")
    with pytest.raises(UserError, match=r"predictions\.jsonl, line 5"):
        rescore(path, ["v1"])
    assert {path.name for path in tmp_path.iterdir()} == {"predictions.jsonl", "manifest.json"}


def test_an_unknown_profile_writes_nothing(tmp_path):
    path = write(tmp_path, kind="choice")
    with pytest.raises(ConfigError, match="profile 'v9'"):
        rescore(path, ["v1", "v9"])
    assert len(list(tmp_path.iterdir())) == 2


def test_a_run_is_found_by_its_folder_or_its_file(tmp_path):
    path = write(tmp_path / "run", kind="choice")
    assert find_predictions(tmp_path, str(tmp_path / "run")) == path
    assert find_predictions(tmp_path, str(path)) == path
    with pytest.raises(UserError, match="no run 'nowhere'"):
        find_predictions(tmp_path, "nowhere")


def test_missing_rows_stay_missing(tmp_path):
    rescore(write(tmp_path, kind="choice"), ["prism"])
    rows = [json.loads(line) for line in (tmp_path / "predictions-prism-2.jsonl").read_text().splitlines()]
    assert [(row["status"], row["score"]) for row in rows][-1] == (SampleStatus.FAILED, None)


def test_rescoring_imports_neither_vllm_nor_torch(tmp_path):
    path = write(tmp_path, kind="choice")
    code = f"""
import sys
from pathlib import Path
from prism_engine.api import rescore
assert rescore(Path({str(path)!r}), ["v1"]).scores["v1"].overall.correct == 1
heavy = {{"vllm", "torch", "transformers"}} & set(sys.modules)
sys.exit(str(heavy) if heavy else 0)
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_run_that_counts_failures_as_wrong_does_so_when_it_is_scored_again(tmp_path):
    rows = [
        {"index": str(at), "status": status, "reply": reply, "target": "A", "extracted": reply, "score": score}
        | {"options": [{"letter": letter, "text": letter * 3} for letter in "AB"]}
        for at, (status, reply, score) in enumerate(
            [("done", "A", 1.0), ("failed", None, None), ("not_run", None, None)]
        )
    ]
    (tmp_path / "predictions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    for failed, scored in (("apart", 1), ("wrong", 2)):
        manifest = {"scoring": {"answer_kind": "choice", "profile": "prism"}, "config": {"failed": failed}}
        (tmp_path / "manifest.json").write_text(json.dumps(manifest))
        scores = rescore(tmp_path / "predictions.jsonl", ["prism"]).scores["prism-2"]
        assert (scores.overall.scored, scores.overall.correct, scores.overall.not_run) == (scored, 1, 1)
        assert scores.profile.endswith("counted as wrong") == (failed == "wrong")


DRAWN = ("draws.jsonl", "draws.json", "draws.md", "predictions.jsonl", "scores.json", "scores.csv", "scores.md")


def test_every_draw_is_scored_and_the_files_are_those_of_a_run_under_the_same_rules(drawn):
    report = drawn()
    assert 0 < report.draws.mean.value < report.draws.best.value  # the draws do differ
    result = rescore(report.folder / "predictions.jsonl", ["prism", "v3"])
    for name, own in (("prism-2", report), ("v3", drawn(profile="v3"))):
        assert result.draws[name] == own.draws
        assert result.scores[name] == own.scores
        for file in DRAWN:
            again = (report.folder / file.replace(".", f"-{name}.")).read_bytes()
            assert again == (own.folder / file).read_bytes()
    assert result.draws["prism-2"].mean.value != result.draws["v3"].mean.value
    assert not list(report.folder.glob("*-v3.parquet"))


def test_draws_that_failed_count_as_wrong_where_the_run_says_so(drawn):
    models = {"mumbler": ScriptedModel(failure_rate=0.3)}
    for failed in ("apart", "wrong"):
        report = drawn(models=models, failed=failed)
        again = rescore(report.folder / "predictions.jsonl", ["prism"]).draws["prism-2"]
        assert again == report.draws
        assert again.failed > 0
        assert again.scored == (24 * 6 if failed == "wrong" else 24 * 6 - again.failed)


def test_all_draws_are_compared_and_each_row_says_which_it_is(drawn):
    report = drawn()
    result = rescore(report.folder / "predictions.jsonl", ["prism", "v3"])
    assert result.sensitivity.rows == 24 * 6
    lines = [json.loads(line) for line in (report.folder / "sensitivity.jsonl").read_text().splitlines()]
    draws = [(line["description_draw"], line["answer_draw"]) for line in lines]
    assert set(draws) == set(product(range(2), range(3)))
    named = {(line["index"], draw) for line, draw in zip(lines, draws, strict=True)}
    assert len(named) == len(lines) == result.sensitivity.differing


def test_a_run_that_asks_once_leaves_no_draws_when_it_is_scored_again(drawn):
    report = drawn(1, 1)
    assert rescore(report.folder / "predictions.jsonl", ["v3"]).draws == {}
    assert not list(report.folder.glob("draws*"))
    assert b"_draw" not in (report.folder / "sensitivity.jsonl").read_bytes()


def test_a_damaged_line_of_draws_is_named_and_nothing_is_left_half_written(drawn):
    folder = drawn().folder
    path = folder / "draws.jsonl"
    path.write_bytes(path.read_bytes()[:-20])
    before = {each.name for each in folder.iterdir()}
    with pytest.raises(UserError, match=r"draws\.jsonl, line 144"):
        rescore(folder / "predictions.jsonl", ["v3"])
    assert {each.name for each in folder.iterdir()} == before
