"""The steps of a row: what they say, and that nothing of them is lost in JSON or in a table."""

from __future__ import annotations

from pathlib import Path

import orjson
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as some

from prism_engine.engine.journal import result_row, step_row
from prism_engine.engine.pipeline import recorded
from prism_engine.records import (
    Call,
    Completion,
    Draw,
    Image,
    Message,
    ModelIdentity,
    Outcome,
    Sample,
    SampleResult,
    SampleStatus,
    Sampling,
    StepRecord,
    Usage,
)
from prism_engine.report.scores.predictions import rows_of, scan, steps_of
from prism_engine.report.scores.tables import export_parquet
from prism_engine.stage import STAGE_OF

COUNT = some.none() | some.integers(0, 2**63 - 1)
TEXT = some.text(some.characters(exclude_categories=["Cs"]))
COMPLETION = some.builds(
    Completion,
    some.sampled_from(Outcome),
    TEXT,
    usage=some.builds(Usage, COUNT, COUNT, COUNT, COUNT, COUNT),
    seconds=some.floats(0, 9),
    attempts=some.integers(1, 5),
    detail=TEXT,
    fresh=some.booleans(),
    key=some.sampled_from(["", "ab" * 32]),
)
STEP = some.builds(
    StepRecord,
    some.sampled_from(sorted(STAGE_OF)),
    TEXT,
    COMPLETION,
    some.integers(0, 99),
    some.none() | some.integers(0, 9),
    some.none() | some.integers(0, 2**63),
)


def sample(*digests, draw=None):
    return Sample(7, "id-7", tuple(Image(digest, Path(digest)) for digest in digests), "?", draw=draw)


def call(*digests, stage="perceive", model="eye"):
    images = (Image(digest, Path("elsewhere")) for digest in digests)
    return Call(stage, ModelIdentity(model, ()), (Message("user", ("Look.", *images)),), Sampling())


def usage_of(given):
    counts = {name: getattr(given, name) for name in Usage.__slots__}
    return counts if any(count is not None for count in counts.values()) else None


@given(some.lists(STEP, max_size=6))
def test_a_row_comes_back_from_json_and_from_a_table_as_it_was_written(tmp_path_factory, steps):
    path = tmp_path_factory.mktemp("rows") / "predictions.jsonl"
    row = result_row(SampleResult(sample("a"), SampleStatus.DONE, steps=tuple(steps)))
    path.write_bytes(orjson.dumps(row) + b"\n")
    (read,) = rows_of(path)
    assert read == row
    told = [
        {
            "stage": step.stage,
            "round": step.round,
            "picture": step.picture,
            "model": step.model,
            "key": step.completion.key or None,
            "text": step.completion.text,
            "outcome": step.completion.outcome.value,
            "usage": usage_of(step.completion.usage),
            "cost": None if step.cost is None else step.cost / 10**9,
            "detail": step.completion.detail or None,
        }
        for step in steps
    ]
    assert scan(path, ["steps"]).collect()["steps"].to_list() == [told]
    export_parquet(path, path.with_suffix(".parquet"))
    assert pl.read_parquet(path.with_suffix(".parquet"))["steps"].to_list() == [told]


@given(STEP, some.floats(0, 9), some.booleans())
def test_a_step_is_the_same_whether_its_call_was_made_or_cached(step, seconds, fresh):
    completion = step.completion
    other = Completion(
        completion.outcome,
        completion.text,
        usage=completion.usage,
        seconds=seconds,
        attempts=1,
        detail=completion.detail,
        fresh=fresh,
        key=completion.key,
    )
    again = StepRecord(step.stage, step.model, other, step.round, step.picture, step.cost)
    assert orjson.dumps(step_row(step)) == orjson.dumps(step_row(again))


@pytest.mark.parametrize("count", [-1, 2**63, 2**64])
def test_a_count_that_no_table_can_hold_is_unknown(count):
    said = Completion(Outcome.OK, "A", usage=Usage(count, 3, count))
    assert step_row(StepRecord("reason", "r", said))["usage"] == {"prompt_tokens": None, "completion_tokens": 3}
    said = Completion(Outcome.OK, "A", usage=Usage(count))
    assert step_row(StepRecord("reason", "r", said))["usage"] is None


def test_a_detail_is_there_only_if_the_call_failed():
    assert "detail" not in step_row(StepRecord("reason", "r", Completion(Outcome.OK, "A")))
    failed = StepRecord("reason", "r", Completion(Outcome.ERROR, detail="HTTP 500"))
    assert step_row(failed)["detail"] == "HTTP 500"


def pictures(calls, about):
    return [step.picture for step in recorded(calls, [Completion(Outcome.OK)] * len(calls), about)]


def test_a_step_names_the_picture_that_its_call_shows():
    assert pictures([call("a"), call("b"), call("c")], sample("a", "b", "c")) == [0, 1, 2]
    assert pictures([call("b", stage="direct")], sample("a", "b")) == [1]


def test_a_picture_that_a_sample_has_twice_is_counted_in_order_for_each_model():
    calls = [call(each, model=model) for model in ("eye", "lens") for each in ("a", "b", "a")]
    assert pictures(calls, sample("a", "b", "a")) == [0, 1, 2, 0, 1, 2]


def test_a_step_about_all_pictures_or_none_names_none():
    assert pictures([call("a", "b"), call()], sample("a", "b")) == [None, None]


def test_a_step_has_the_draw_of_its_stage():
    about = sample("a", draw=Draw(7, 2, 5))
    calls = [call(stage=stage) for stage in ("write", "perceive", "reason", "direct")]
    steps = recorded(calls, [Completion(Outcome.OK)] * 4, about)
    assert [step.round for step in steps] == [0, 2, 5, 5]
    assert [step.round for step in recorded(calls, [Completion(Outcome.OK)] * 4, sample("a"))] == [0] * 4


def test_a_row_without_steps_has_none():
    assert steps_of({"index": "0"}) == steps_of({"steps": None}) == []


def test_steps_of_an_earlier_version_have_no_cost(tmp_path):
    path = tmp_path / "predictions.jsonl"
    step = StepRecord("reason", "r", Completion(Outcome.OK, "A"), cost=1)
    row = result_row(SampleResult(sample("a"), SampleStatus.DONE, steps=(step,)))
    assert str(row["steps"][0].pop("cost")) == "1e-09"
    path.write_bytes(orjson.dumps(row) + b"\n")
    assert steps_of(next(rows_of(path))) == row["steps"]
    assert scan(path, ["steps"]).collect()["steps"].to_list()[0][0]["cost"] is None


def test_a_file_may_have_rows_with_steps_and_rows_without(tmp_path):
    path = tmp_path / "predictions.jsonl"
    step = StepRecord("reason", "r", Completion(Outcome.OK, "A"))
    new = result_row(SampleResult(sample("a"), SampleStatus.DONE, steps=(step,)))
    old = {name: value for name, value in new.items() if name not in ("schema", "steps")}
    for rows in ([old, new], [new, old]):
        path.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in rows))
        found = scan(path, ["index", "steps"]).collect()
        assert [None if each is None else len(each) for each in found["steps"]] == [
            1 if "steps" in row else None for row in rows
        ]
        assert scan(path).collect().columns == [name for name in rows[0] if name in scan(path).collect().columns]
