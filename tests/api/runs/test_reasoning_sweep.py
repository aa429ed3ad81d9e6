"""Sweeps over the reasoning effort: what is sent, which calls are shared, and the table."""

from __future__ import annotations

import csv
import json

import pytest

from prism_engine import api
from prism_engine.chaos.behaviour import Behaviour
from prism_engine.config import Registry, load_run_configs
from prism_engine.config.models import parse_models
from prism_engine.errors import ConfigError
from tests.provider import paid_model, provider
from tests.shapes import write_shapes

TOKENS = {None: 3, "low": 10, "high": 200}


@pytest.fixture
def sweep(tmp_path):
    """Run configurations on a provider; returns the reports and what each request said."""
    write_shapes(tmp_path / "shapes.tsv", 4, seed=1)

    def run(**options):
        asked = []

        def reply(body):
            asked.append(body)
            return "A" if "reasoning_effort" not in body else f"{'so ' * TOKENS[body['reasoning_effort']]}A"

        with provider(Behaviour(reply=reply)) as server:
            models = {"one": paid_model(server, price=("1", "4"))}
            registry = Registry(parse_models(models, "test"))
            folders = {"cache_dir": tmp_path / "cache", "results_dir": tmp_path / "results"}
            configs = load_run_configs(None, {"benchmark": str(tmp_path / "shapes.tsv"), **options, **folders})
            return api.run_many(configs, registry), asked

    return run


def test_one_run_per_effort_shares_the_descriptions_and_is_a_row_with_its_tokens_and_cost(sweep):
    reports, asked = sweep(perceiver="one", reasoner="one", reasoning_effort=["low", "high"])
    assert [report.name for report in reports] == ["effort low", "effort high"]
    assert [body.get("reasoning_effort") for body in asked].count(None) == 4  # each picture is described once
    assert {body["reasoning_effort"] for body in asked if "reasoning_effort" in body} == {"low", "high"}
    path = api.write_sweep(reports)
    with path.with_suffix(".csv").open() as file:
        low, high = csv.DictReader(file)
    assert (low["reasoning"], high["reasoning"]) == ("effort low", "effort high")
    assert 0 < float(low["tokens_per_answer"]) < float(high["tokens_per_answer"])
    assert 0 < float(low["answers_cost"]) < float(high["answers_cost"])
    assert "| effort high |" in path.read_text()
    assert "Tokens/answer | Answers $" in path.read_text()


def test_an_unset_effort_shares_its_calls_with_a_run_before_and_an_effort_does_not(sweep, tmp_path):
    assert len(sweep(mode="blind", reasoner="one")[1]) == 4
    assert sweep(mode="blind", reasoner="one")[1] == []
    assert len(sweep(mode="blind", reasoner="one", reasoning_effort="low")[1]) == 4
    (low,), asked = sweep(mode="blind", reasoner="one", reasoning_effort="low")
    assert asked == []
    assert low.folder.name == "one-effort-low"
    status = json.loads((low.folder / "status.json").read_bytes())
    assert status["config"]["reasoning_effort"] == "low"
    assert status["config"]["models"]["one"]["reasoning_effort"] is None  # the entry itself, also for other roles
    manifest = json.loads((low.folder / "manifest.json").read_bytes())
    assert manifest["models"]["reasoner"]["reasoning_effort"] == "low"


def test_an_effort_that_the_model_cannot_take_is_refused_before_any_call(sweep):
    with pytest.raises(ConfigError, match=r"thinking_budget 9: reasoner 'one' cannot take it: thinking_budget needs"):
        sweep(mode="blind", reasoner="one", thinking_budget=9)


def test_modes_without_answers_make_one_run_for_all_efforts(sweep):
    configs = load_run_configs(
        None,
        {
            "benchmark": "b",
            "perceiver": "p",
            "reasoner": "r",
            "mode": ["perception", "all"],
            "reasoning_effort": ["low", "high"],
        },
    )
    assert [(config.mode.name, config.reasoning_effort) for config in configs] == [
        ("perception", None),
        ("all", "low"),
        ("all", "high"),
    ]
