"""The cost of each step: by its model's price, the same in every rerun; over distinct calls it adds up to the bill."""

from __future__ import annotations

from decimal import Decimal

import polars as pl
import pytest

from prism_engine import api
from prism_engine.chaos.behaviour import Behaviour
from prism_engine.chaos.bill import Prices
from prism_engine.config import RunConfig, load_registry
from tests.api.judged import judge, rows
from tests.provider import paid_model, provider
from tests.shapes import write_described_shapes

PRICE = ("0.15", "0.6")


@pytest.fixture
def priced(tmp_path):
    write_described_shapes(tmp_path / "shapes.tsv", 6)

    def priced(server, price=PRICE, **fields):
        paid = paid_model(server, price=price)
        config = {
            "benchmark": str(tmp_path / "shapes.tsv"),
            "perceiver": "eyes",
            "reasoner": "brain",
            "cache_dir": tmp_path / "cache",
            "results_dir": tmp_path / "results",
            "reasoning": {"temperature": 0.5, "n": 2},
            "models": {"eyes": paid, "brain": paid},
        }
        return api.run(RunConfig.model_validate(config | fields), load_registry())

    return priced


@pytest.fixture
def server():
    with provider(Behaviour(prices=Prices(*map(Decimal, PRICE)))) as server:
        yield server


def costs(report, name="predictions.jsonl"):
    return [step["cost"] for row in rows(report.folder, name) for step in row["steps"]]


def test_the_costs_of_distinct_calls_add_up_to_the_bill(priced, server):
    report = priced(server)
    draws = pl.read_parquet(report.folder / "draws.parquet")
    steps = draws.select("steps").explode("steps").unnest("steps")
    assert steps["key"].n_unique() < len(steps)  # both draws of a question have one description
    paid = steps.filter(pl.col("key").is_first_distinct() | pl.col("key").is_null())["cost"].sum()
    assert round(paid * 10**9) == server.bill.nano_dollars == report.progress.spending.run


def test_a_rerun_from_the_cache_states_the_same_costs_and_another_price_changes_nothing_else(priced, server):
    report = priced(server)
    names = [path.name for path in report.folder.iterdir() if path.suffix in (".jsonl", ".parquet", ".csv")]
    before = {name: (report.folder / name).read_bytes() for name in names}
    old = rows(report.folder)
    assert None not in costs(report)
    priced(server)
    assert {name: (report.folder / name).read_bytes() for name in names} == before
    priced(server, ("0.3", "1.2"))
    for cheap, dear in zip(old, rows(report.folder), strict=True):
        for one, other in zip(cheap["steps"], dear["steps"], strict=True):
            assert other.pop("cost") == pytest.approx(2 * one.pop("cost"), abs=2e-9)
        assert cheap == dear


@pytest.mark.parametrize("model", ["scripted", "unpriced"])
def test_without_a_price_or_a_provider_there_is_no_cost(priced, server, model):
    entry = paid_model(server, price=None) if model == "unpriced" else {"backend": "scripted"}
    report = priced(server, models={"eyes": entry, "brain": paid_model(server, price=("0", "0"))})
    for row in rows(report.folder):
        assert [step["cost"] for step in row["steps"]] == [None, 0.0]
        assert row["steps"][0]["usage"]


def test_reviews_of_a_judge_have_their_cost(finished, server):
    report = judge(finished, models={"judge": paid_model(server)})
    judged = [step for row in rows(report.folder) for step in row["steps"] if step["stage"] == "judge"]
    assert judged
    for step in judged:
        tokens = step["usage"]["prompt_tokens"], step["usage"]["completion_tokens"]
        assert round(step["cost"] * 10**9) == 150 * tokens[0] + 600 * tokens[1]
    assert all(step["cost"] is None for row in rows(finished.folder) for step in row["steps"])  # scripted models


def test_the_usage_of_all_answers_is_read_once_and_is_that_of_the_rows(priced, server):
    report = priced(server)
    answers = [step for row in rows(report.folder, "draws.jsonl") for step in row["steps"] if step["stage"] == "reason"]
    usage = report.answer_usage
    assert usage.cost == pytest.approx(sum(step["cost"] for step in answers))
    assert usage.tokens == pytest.approx(sum(step["usage"]["completion_tokens"] for step in answers) / len(answers))
    (report.folder / "draws.jsonl").unlink()
    assert report.answer_usage is usage
