"""Prism results exported in the original's format, and imported back."""

from __future__ import annotations

import json
from types import MappingProxyType

import pytest

from prism_engine import api
from prism_engine.config import Arm, RunConfig, ScriptedModel, load_registry
from prism_engine.errors import UserError
from prism_engine.original.exporting import export_original
from prism_engine.original.importing import import_original
from prism_engine.original.layout import FAILED
from prism_engine.report.pages.workbook import MOST_CHARACTERS, read_workbook
from tests.shapes import write_shapes

SAMPLES = 20


@pytest.fixture
def ran(tmp_path):
    """Run in a mode, with failing calls on both sides: returns the run's folder."""
    write_shapes(tmp_path / "shapes.tsv", SAMPLES, 0)
    models = {
        "GPT4V": ScriptedModel(replies=("One.", "Two."), failure_rate=0.2),
        "chatgpt-0125": ScriptedModel(replies=("=A", "B"), failure_rate=0.2),
    }

    def run(mode=Arm.ALL, replaced=MappingProxyType({}), **fields):
        config = {
            "benchmark": str(tmp_path / "shapes.tsv"),
            "perceiver": "GPT4V",
            "reasoner": "chatgpt-0125",
            "mode": mode,
            "cache_dir": tmp_path / "cache",
            "results_dir": tmp_path / "results",
            "models": models | replaced,
        }
        return api.run(RunConfig.model_validate(config | fields), load_registry()).folder

    return run


def rows_of(folder):
    return [json.loads(line) for line in (folder / "predictions.jsonl").read_text().splitlines()]


def test_files_have_the_original_s_paths_and_columns(ran, tmp_path):
    folder = ran()
    descriptions, answers = export_original(tmp_path / "results", str(folder), tmp_path / "out")
    folder = tmp_path / "out/generic/shapes/GPT4V"
    assert descriptions.path == folder / "GPT4V_description.xlsx"
    assert answers.path == folder / "chatgpt-0125/chatgpt-0125.xlsx"
    columns = ["index", "question", "A", "B", "C", "D", "answer", "category", "l2-category", "description"]
    (first, *_), (reply, *_) = read_workbook(descriptions.path), read_workbook(answers.path)
    assert list(first) == columns
    assert list(reply) == [*columns, "prediction", "post_log"]


def test_failed_rows_have_the_original_s_marker(ran, tmp_path):
    folder = ran()
    ours = rows_of(folder)
    descriptions, answers = export_original(tmp_path / "results", str(folder), tmp_path / "out")
    rows = list(read_workbook(answers.path))
    failed = [row["status"] == "failed" for row in ours]
    assert any(failed)
    assert [row["prediction"] == FAILED for row in rows] == failed
    assert [row["post_log"] for row in rows] == [row["failure"] or "Succeed" for row in ours]
    assert answers.failed == sum(failed)
    assert descriptions.failed == sum(row["description"] is None for row in ours)
    assert (descriptions.rows, answers.rows, answers.cut) == (SAMPLES, SAMPLES, 0)


def test_an_export_imported_again_is_unchanged(ran, tmp_path):
    folder = ran()
    export_original(tmp_path / "results", str(folder), tmp_path / "out")
    _, back = import_original(
        tmp_path / "out", tmp_path / "back", cache_dir=tmp_path / "cache", data=str(tmp_path / "shapes.tsv")
    )
    kept = ("index", "question", "options", "target", "description", "reply", "extracted", "score", "status")
    export_original(tmp_path / "back", str(back.folder), tmp_path / "again")
    assert (tmp_path / "again/generic/shapes/GPT4V/chatgpt-0125/chatgpt-0125.xlsx").is_file()
    ours, theirs = rows_of(folder), rows_of(back.folder)
    assert [[row[name] for name in kept] for row in theirs] == [[row[name] for name in kept] for row in ours]


def test_a_run_that_only_describes_has_its_questions_from_the_benchmark(ran, tmp_path):
    folder = ran(Arm.PERCEPTION)
    (descriptions,) = export_original(tmp_path / "results", str(folder), tmp_path / "out")
    (first, *_) = rows = list(read_workbook(descriptions.path))
    assert first["question"]
    assert len(rows) == SAMPLES


@pytest.mark.parametrize("asked_for", ["results/generic/shapes/GPT4V", "GPT4V"])
def test_relative_paths_of_a_run_start_where_it_was_started(ran, tmp_path, monkeypatch, asked_for):
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    ran(Arm.PERCEPTION, benchmark="shapes.tsv", cache_dir="cache", results_dir="results")
    monkeypatch.chdir(tmp_path / "elsewhere")
    asked_for = str(tmp_path / asked_for) if "/" in asked_for else asked_for
    (exported,) = export_original(tmp_path / "results", asked_for, tmp_path / "out")
    assert exported.rows == SAMPLES
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_run_without_its_status_has_its_paths_from_the_current_folder(ran, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = ran(Arm.PERCEPTION, benchmark="shapes.tsv", cache_dir="cache")
    (folder / "status.json").unlink()
    (exported,) = export_original(tmp_path / "results", str(folder), tmp_path / "out")
    assert exported.rows == SAMPLES


def test_texts_that_no_cell_holds_are_counted(ran, tmp_path):
    folder = ran(replaced={"GPT4V": ScriptedModel(replies=("z" * (MOST_CHARACTERS + 5),))})
    descriptions, answers = export_original(tmp_path / "results", str(folder), tmp_path / "out")
    assert (descriptions.cut, answers.cut) == (SAMPLES, SAMPLES)


def test_nothing_is_overwritten_and_an_unsuitable_run_is_refused(ran, tmp_path):
    folder = ran()
    export_original(tmp_path / "results", "generic/shapes/GPT4V", tmp_path / "out")
    with pytest.raises(UserError, match="already exists"):
        export_original(tmp_path / "results", str(folder), tmp_path / "out")
    with pytest.raises(UserError, match="mode blind has no descriptions"):
        export_original(tmp_path / "results", str(ran(Arm.BLIND)), tmp_path / "out2")
    (folder / "manifest.json").write_text("{}")
    with pytest.raises(UserError, match=r"manifest\.json: cannot be read"):
        export_original(tmp_path / "results", str(folder), tmp_path / "out2")
    with pytest.raises(UserError, match="'nowhere'"):
        export_original(tmp_path / "results", "nowhere", tmp_path / "out2")
