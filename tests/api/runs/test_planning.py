"""`prism plan` before anything is paid for, checked against the provider's bill afterwards."""

from __future__ import annotations

import random
from decimal import Decimal

import orjson
import pytest

from prism_engine import api
from prism_engine.api.results.run_status import RunStatus
from prism_engine.chaos.behaviour import Behaviour
from prism_engine.chaos.bill import Prices
from prism_engine.cli.show.expenses import print_forecast
from prism_engine.config import RunConfig, load_registry
from tests.provider import paid_model, provider
from tests.shapes import write_described_shapes

SAMPLES = 120
PILOT = 30


def talkative(seed):
    """A provider whose reply length depends on the request and the seed."""

    def reply(body):
        chance = random.Random(f"{seed} {orjson.dumps(body['messages'])!r}")
        return " ".join(["A", *["word"] * min(400, round(chance.lognormvariate(3.5, 0.8)))])

    return Behaviour(prices=Prices(Decimal("0.15"), Decimal("0.6")), reply=reply)


@pytest.fixture
def config(tmp_path):
    write_described_shapes(tmp_path / "shapes.tsv", SAMPLES)

    def config(server, *, price=("0.15", "0.6"), **fields):
        paid = paid_model(server, price=price, image_tokens=1500)
        return RunConfig.model_validate(
            {
                "benchmark": str(tmp_path / "shapes.tsv"),
                "perceiver": "paid",
                "reasoner": "paid",
                "cache_dir": tmp_path / "cache",
                "results_dir": tmp_path / "results",
                "models": {"paid": paid},
                **fields,
            }
        )

    return config


def forecast(config):
    return api.plan_and_forecast(config, load_registry())[1]


def spend(server, config):
    before = server.bill.nano_dollars
    assert api.run(config, load_registry()).status is RunStatus.COMPLETE
    return server.bill.nano_dollars - before


def test_a_pilot_narrows_the_forecast_and_the_bill_is_within_both(config):
    with provider(talkative(0)) as server:
        blind = forecast(config(server)).cost
        first = spend(server, config(server, samples=PILOT))
        predicted = forecast(config(server))
        rest = spend(server, config(server))
        assert set(predicted.stages) == {"perceive", "reason"}
        assert predicted.cost.low <= rest <= predicted.cost.high
        assert blind.low <= first + rest <= blind.high
        assert predicted.cost.high - predicted.cost.low < (blind.high - blind.low) / 3
        assert forecast(config(server)).stages == {}


def test_prompts_are_exact_where_descriptions_exist(config):
    with provider(talkative(0)) as server:
        spend(server, config(server, mode="oracle", samples=PILOT))
        predicted = forecast(config(server, mode="oracle")).stages["reason"]
        before = server.bill.prompt_tokens
        spend(server, config(server, mode="oracle"))
        actual = server.bill.prompt_tokens - before
        assert predicted.prompt_tokens.low <= actual <= predicted.prompt_tokens.high
        assert predicted.prompt_tokens.high - predicted.prompt_tokens.low < 0.03 * actual


def test_earlier_runs_on_another_benchmark_inform_the_forecast(config, tmp_path):
    write_described_shapes(tmp_path / "other.tsv", PILOT, 5, gold="Something else is in row {}.")
    with provider(talkative(0)) as server:
        spend(server, config(server, mode="oracle", benchmark=str(tmp_path / "other.tsv")))
        predicted = forecast(config(server, mode="oracle")).stages["reason"]
        assert predicted.learnt
        assert predicted.cost.low <= spend(server, config(server, mode="oracle")) <= predicted.cost.high


def test_the_output_names_the_cost_and_how_to_narrow_it(config, capsys):
    with provider(talkative(0)) as server:
        given = config(server, max_cost=Decimal("0.0001"))
        print_forecast(given, forecast(given))
        said = " ".join(capsys.readouterr().out.split())
        assert "Descriptions: cost $0.0" in said
        assert "Answers: completion tokens 120" in said
        assert "a pilot (`prism run` with the same options and -n 50)" in said
        assert "this would exceed --max-cost $0.00010" in said
        unpriced = config(server, price=None)
        print_forecast(unpriced, forecast(unpriced))
        said = " ".join(capsys.readouterr().out.split())
        assert "cost unknown unknown unknown" in said
        assert "no price is known for paid" in said
        free = config(server, price=("0", "0"))
        print_forecast(free, forecast(free))
        assert "cost" not in capsys.readouterr().out


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_forecast_holds_the_bill_in_at_least_nine_of_ten_seeded_runs(config, tmp_path):
    held = 0
    for seed in range(10):
        with provider(talkative(seed)) as server:
            here = {"cache_dir": tmp_path / f"cache{seed}", "results_dir": tmp_path / f"results{seed}"}
            spend(server, config(server, samples=PILOT, **here))
            predicted = forecast(config(server, **here)).cost
            held += predicted.low <= spend(server, config(server, **here)) <= predicted.high
    assert held >= 9


def test_a_query_specific_run_is_forecast_with_its_hint_writer_and_the_bill_is_within(config):
    with provider(talkative(3)) as server:
        for options in ({"samples": PILOT}, {}):
            run = config(server, instruction="query-specific_paid", **options)
            expected = forecast(run)
            assert set(expected.stages) == {"write", "perceive", "reason"}
            assert expected.cost is not None
            assert expected.cost.low <= spend(server, run) <= expected.cost.high
