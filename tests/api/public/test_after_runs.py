"""`prism.judge`, `grade`, `score`, `compare` and `analyze`: runs by report, folder or name."""

from __future__ import annotations

import asyncio

import orjson
import pytest

import prism_engine as prism
from prism_engine import api
from prism_engine.config import ApiModel, Arm, load_registry
from tests.api.judged import configured, says
from tests.provider import paid_model

pytest_plugins = ["prism_engine.chaos.fixtures"]


@pytest.fixture
def judge_model(chaos_server):
    return {"judge": ApiModel.model_validate(paid_model(chaos_server(says("B")), price=None))}


@pytest.fixture
def blind(tmp_path, finished):
    return api.run(configured(tmp_path, mode=Arm.BLIND), load_registry())


def names_of(report):
    """A run's report, folder as path and text, and its name in the results folder."""
    folder = report.folder
    name = str(folder.relative_to(report.config.results_dir))
    return {"report": report, "path": folder, "text": str(folder), "name": name}


@pytest.mark.parametrize("way", ["report", "path", "text", "name"])
def test_a_run_is_scored_by_report_folder_or_name(finished, way):
    run = names_of(finished)[way]
    rescoring = prism.score(run, "v1", results_dir=finished.config.results_dir)
    assert list(rescoring.scores) == ["v1"]
    assert (finished.folder / "scores-v1.json").is_file()


def test_several_profiles_and_another_kind(finished):
    assert list(prism.score(finished, ["prism", "v3"]).scores) == ["prism-2", "v3"]
    assert list(prism.score(finished, answer_kind="exact").scores) == ["exact-prism-2"]
    with pytest.raises(prism.ConfigError, match=r"answer_kind: 'chioce' is not one of choice"):
        prism.score(finished, answer_kind="chioce")


@pytest.mark.parametrize("way", ["report", "path", "name"])
def test_two_runs_are_compared(finished, blind, tmp_path, way):
    first, second = names_of(finished)[way], names_of(blind)[way]
    found = prism.compare(first, second, out=tmp_path / "out", results_dir=finished.config.results_dir)
    assert (found.first.folder, found.second.folder) == (finished.folder, blind.folder)
    assert found.files


def test_a_folder_of_runs_reports_and_names_are_analysed(finished, blind, tmp_path):
    results = finished.config.results_dir
    whole = prism.analyze(results, out=tmp_path / "a", plots=None)
    listed = prism.analyze([finished, names_of(blind)["name"]], out=tmp_path / "b", plots=None, results_dir=results)
    lines = [sorted(report.page.read_text().splitlines()) for report in (whole, listed)]  # runs in their own order
    assert lines[0] == lines[1]
    with pytest.raises(prism.UserError, match="no run nothing here"):
        prism.analyze("nothing", out=tmp_path / "c", results_dir=results)


@pytest.mark.parametrize("way", ["report", "path", "name"])
def test_runs_are_judged_with_their_own_models_also_in_a_running_loop(finished, judge_model, way):
    """Only a report says which cache and which ledger its run used."""
    config = finished.config
    folders = {} if way == "report" else {"cache_dir": config.cache_dir, "results_dir": config.results_dir}

    async def cell():
        return prism.judge(names_of(finished)[way], judge="judge", models=judge_model, **folders)

    (report,) = asyncio.run(cell())
    assert report.status is prism.RunStatus.COMPLETE
    assert report.scores.overall.unanswered == 0
    (again,) = prism.judge([finished], judge="judge", models=judge_model)
    assert (again.progress.meters["judge"].calls, again.scores) == (0, report.scores)


def test_a_run_s_own_model_may_judge(finished):
    (report,) = prism.judge(finished.folder, judge="mumbler", cache_dir=finished.config.cache_dir)
    assert report.judge == "mumbler"


def test_a_received_run_s_model_may_not_judge(finished, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "another user"))
    with pytest.raises(prism.ConfigError, match="unknown model 'mumbler'"):
        prism.judge(finished.folder, judge="mumbler", cache_dir=finished.config.cache_dir)


def test_mistakes_are_configuration_errors(finished):
    with pytest.raises(prism.ConfigError, match="unknown key 'profle' - did you mean 'profile'"):
        prism.judge(finished, judge="scripted", profle="v1")  # type: ignore[call-arg]
    with pytest.raises(prism.ConfigError, match="unknown key 'sampels'"):
        prism.grade("rows.jsonl", judge="scripted", sampels=2)  # type: ignore[call-arg]
    with pytest.raises(prism.UserError, match="no run x"):
        prism.judge("x", judge="scripted", results_dir=finished.config.results_dir)


def test_rows_are_graded_also_in_a_running_loop(tmp_path):
    rows = tmp_path / "rows.jsonl"
    row = {"id": "1", "instruction": "Say hi.", "response": "Hi.", "reference": "Hi.", "rubric": "manners"}
    rows.write_bytes(orjson.dumps(row))
    levels = {str(grade): f"{grade} of 5" for grade in range(1, 6)}
    (tmp_path / "rubrics.yaml").write_bytes(
        orjson.dumps({"rubrics": {"manners": {"criterion": "Is it polite?", "levels": levels}}})
    )

    async def cell():
        return prism.grade(
            rows,
            judge="grader",
            rubrics=tmp_path / "rubrics.yaml",
            cache_dir=tmp_path / "cache",
            results_dir=tmp_path / "results",
            models={"grader": {"backend": "scripted", "replies": ["Feedback: polite. [RESULT] 4"]}},
        )

    report = asyncio.run(cell())
    assert [row.mean for row in report.graded] == [4]
