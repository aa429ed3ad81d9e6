"""The steps in a run's rows: in order, found in the cache by their keys, and the same after every rerun."""

from __future__ import annotations

import polars as pl
import pytest

from prism_engine import api
from prism_engine.api.build.parts import STORE_NAME
from prism_engine.cache import Store
from prism_engine.config import Arm, ScriptedModel, load_registry
from tests.api.judged import calls, configured, judge, rows
from tests.shapes import write_shapes

LETTERS = {"models": {"judge": ScriptedModel(replies=("A", "B", "C", "D"))}}


def stages(row):
    return [step["stage"] for step in row["steps"]]


def test_a_row_has_each_call_with_what_the_cache_has_under_its_key(finished):
    with Store(finished.config.cache_dir / STORE_NAME, read_only=True) as store:
        for row in rows(finished.folder):
            assert (row["schema"], stages(row)) == (2, ["perceive", "reason"])
            assert [(step["model"], step["round"]) for step in row["steps"]] == [("scripted", 0), ("mumbler", 0)]
            assert [step["picture"] for step in row["steps"]] == [0, None]
            for step in row["steps"]:
                stored = store.get(step["key"], 512)
                assert stored is not None
                assert (stored.text, stored.outcome.value) == (step["text"], step["outcome"])
                assert step["usage"]["completion_tokens"] == stored.usage.completion_tokens
            assert row["steps"][0]["text"].strip() == row["description"]
            assert row["steps"][1]["text"] == row["reply"]


def test_descriptions_have_the_steps_up_to_the_description(finished):
    predictions = {row["index"]: row["steps"] for row in rows(finished.folder)}
    for row in rows(finished.folder.parent, "descriptions.jsonl"):
        assert (row["schema"], row["steps"]) == (2, predictions[row["index"]][:1])


def test_a_rerun_from_the_cache_writes_the_same_bytes(finished):
    names = [finished.folder / "predictions.jsonl", finished.folder.parent / "descriptions.jsonl"]
    names += [name.with_suffix(".parquet") for name in names]
    before = [name.read_bytes() for name in names]
    assert calls(api.run(finished.config, load_registry())) == 0
    assert [name.read_bytes() for name in names] == before


def test_hints_come_first_and_a_run_of_hints_alone_has_their_steps(tmp_path):
    write_shapes(tmp_path / "shapes.tsv", 6, 0)
    config = configured(tmp_path, instruction="query-specific_scripted")
    report = api.run(config, load_registry())
    assert [stages(row) for row in report.rows()] == [["write", "perceive", "reason"]] * 6
    alone = api.run(config.model_copy(update={"mode": Arm.PROMPTS}), load_registry())
    assert [row["steps"] for row in alone.rows()] == [row["steps"][:1] for row in report.rows()]


def test_every_draw_has_the_round_of_its_description_and_of_its_answer(drawn):
    for row in rows(drawn().folder, "draws.jsonl"):
        assert [step["round"] for step in row["steps"]] == [row["description_draw"], row["answer_draw"]]


def test_steps_are_a_nested_column_of_the_table(finished):
    frame = pl.read_parquet(finished.folder / "predictions.parquet")
    flat = frame.select("index", "steps").explode("steps").unnest("steps").unnest("usage")
    assert flat.group_by("stage").len().sort("stage").rows() == [("perceive", 24), ("reason", 24)]
    assert frame["steps"].to_list()[0][1]["text"] == rows(finished.folder)[0]["reply"]


def test_the_judge_adds_its_reviews_and_only_once(finished):
    report = judge(finished, **LETTERS)
    before = {row["index"]: row["steps"] for row in rows(finished.folder)}
    judged = rows(report.folder)
    assert {row["judge"]["resolved"] for row in judged} == {"matched", "judged"}
    for row in judged:
        own = row["steps"][2:]
        assert row["steps"][:2] == before[row["index"]]
        assert len(own) == row["judge"].get("asked", 0)
        assert [(step["stage"], step["model"], step["picture"]) for step in own] == [("judge", "judge", None)] * len(
            own
        )
        assert [step["round"] for step in own] == list(range(len(own)))
        if own:
            assert own[-1]["text"] == row["judge"]["review"]
    written = (report.folder / "predictions.jsonl").read_bytes()
    assert calls(judge(finished, **LETTERS)) == 0
    assert (report.folder / "predictions.jsonl").read_bytes() == written


def test_scoring_again_carries_the_steps_through(finished):
    folder = judge(finished, **LETTERS).folder
    for path in (finished.folder, folder):
        api.rescore(path / "predictions.jsonl", ["v1"])
        assert [row["steps"] for row in rows(path, "predictions-v1.jsonl")] == [row["steps"] for row in rows(path)]


@pytest.mark.parametrize("failing", ["scripted", "mumbler"])
def test_a_call_that_failed_is_a_step_with_the_reason(tmp_path, failing):
    write_shapes(tmp_path / "shapes.tsv", 6, 0)
    report = api.run(configured(tmp_path, models={failing: ScriptedModel(failure_rate=1.0)}), load_registry())
    for row in report.rows():
        last = row["steps"][-1]
        assert (row["status"], last["outcome"], last["model"]) == ("failed", "error", failing)
        assert last["detail"] in row["failure"]
        assert stages(row) == (["perceive"] if failing == "scripted" else ["perceive", "reason"])
