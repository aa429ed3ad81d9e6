"""The cost cap and the ledger of whole runs, checked against a provider with an exact bill."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from prism_engine import api
from prism_engine.api.results.run_status import RunStatus
from prism_engine.chaos.behaviour import Behaviour, Fault, RandomFaults
from prism_engine.chaos.bill import Prices
from prism_engine.cli.show.reports import print_report, report_code
from prism_engine.config import RunConfig, load_registry
from prism_engine.errors import ConfigError
from tests.provider import paid_model, provider
from tests.shapes import write_described_shapes

SAMPLES = 160
DEAREST = Behaviour(full_length=True, prices=Prices(Decimal("0.15"), Decimal("0.6")))


@pytest.fixture
def run(tmp_path):
    write_described_shapes(tmp_path / "shapes.tsv", SAMPLES)

    def run(server, *, model=None, **fields):
        config = RunConfig.model_validate(
            {
                "benchmark": str(tmp_path / "shapes.tsv"),
                "reasoner": "paid",
                "mode": "oracle",
                "cache_dir": tmp_path / "cache",
                "results_dir": tmp_path / "results",
                "models": {"paid": model or paid_model(server)},
                **fields,
            }
        )
        return api.run(config, load_registry())

    return run


def manifest(report):
    return json.loads((report.folder / "manifest.json").read_text())


def test_a_run_stops_before_it_exceeds_its_cap_and_resumes_with_a_higher_one(run, capsys):
    with provider(DEAREST) as server:
        first = run(server, max_cost=Decimal("0.04"))
        assert first.status is RunStatus.BUDGET
        assert report_code(first) == 3
        assert 0.97 * 40_000_000 <= server.bill.nano_dollars <= 40_000_000
        print_report(first)
        said = " ".join("".join(capsys.readouterr()).split())
        assert "the budget of $0.04 is used up: $0.0" in said
        assert f"{first.progress.done} of {SAMPLES} samples done; raise --max-cost" in said
        assert "x answer: budget: $0.0" in said
        assert manifest(first)["status"] == "budget"

        again = run(server, max_cost=Decimal("0.04"))
        assert again.status is RunStatus.BUDGET
        assert again.progress.done == first.progress.done

        last = run(server, max_cost=Decimal(1))
        assert last.status is RunStatus.COMPLETE
        assert server.bill.paid_again == 0
        money = manifest(last)["money"]
        assert Decimal(money["experiment"]) * 10**9 == server.bill.nano_dollars
        assert money["experiment_by_stage"] == {"reason": money["experiment"]}
        assert Decimal(money["this_run"]) < Decimal(money["experiment"])
        assert [earlier["money"]["cap"] for earlier in manifest(last)["earlier_runs"]] == ["0.040000000"] * 2


@pytest.mark.parametrize("seed", [1, 2])
def test_no_fault_of_the_provider_makes_its_bill_exceed_the_cap(run, seed):
    behaviour = Behaviour(
        full_length=True,
        prices=DEAREST.prices,
        slow=0.1,
        random=RandomFaults(0.3, tuple(fault for fault in Fault if fault is not Fault.RATE_LIMIT), seed),
    )
    with provider(behaviour) as server:
        report = run(server, model=paid_model(server, timeout=0.5, attempts=2), max_cost=Decimal("0.03"))
        assert report.status is RunStatus.BUDGET
        assert server.bill.nano_dollars <= 30_000_000
        assert report.progress.spending.experiment <= 30_000_000
        assert report.progress.spending.experiment >= server.bill.nano_dollars


def test_without_a_cap_the_ledger_equals_the_bill(run, capsys):
    with provider(Behaviour(prices=DEAREST.prices)) as server:
        report = run(server, samples=20)
        assert report.progress.spending.run == server.bill.nano_dollars > 0
        print_report(report)
        assert "Cost: $0.000" in capsys.readouterr().out


def test_a_cap_with_an_unknown_price_is_an_error_before_anything_is_sent(run):
    with provider() as server:
        with pytest.raises(ConfigError, match=r"price of 'paid'.*`price: \{input"):
            run(server, model=paid_model(server, price=None), max_cost=Decimal(1))
        assert server.stats.received == 0


def test_an_unknown_price_without_a_cap_is_reported_and_never_a_zero(run, capsys):
    with provider() as server:
        report = run(server, model=paid_model(server, price=None), samples=5)
        money = manifest(report)["money"]
        assert money["this_run"] is None
        assert money["without_a_known_price"] == ["paid"]
        print_report(report)
        assert "Cost: unknown for paid" in capsys.readouterr().out


def test_a_free_model_needs_no_ledger(run, tmp_path):
    with provider() as server:
        report = run(server, model=paid_model(server, price=("0", "0")), samples=5, max_cost=Decimal(0))
        assert report.status is RunStatus.COMPLETE
        assert str(report.progress.spending) == ""
        assert not (tmp_path / "results" / "ledger.sqlite").exists()


def test_a_cap_of_zero_serves_cached_calls(run):
    with provider(DEAREST) as server:
        assert run(server, samples=5).status is RunStatus.COMPLETE
        bill = server.bill.nano_dollars
        assert run(server, samples=5, max_cost=Decimal(0)).status is RunStatus.COMPLETE
        assert run(server, samples=6, max_cost=Decimal(0)).status is RunStatus.BUDGET
        assert server.bill.nano_dollars == bill


def test_writing_hints_is_paid_from_the_cap_and_resumes_with_a_higher_one(run):
    writing = {"mode": "prompts", "reasoner": None, "instruction": "query-specific_paid", "samples": 60}
    with provider(DEAREST) as server:
        first = run(server, max_cost=Decimal("0.002"), **writing)
        assert first.status is RunStatus.BUDGET
        assert 0 < server.bill.nano_dollars <= 2_000_000
        last = run(server, max_cost=Decimal(1), **writing)
        assert last.status is RunStatus.COMPLETE
        assert server.bill.paid_again == 0
        money = manifest(last)["money"]
        assert money["experiment_by_stage"] == {"write": money["experiment"]}
        assert Decimal(money["experiment"]) * 10**9 == server.bill.nano_dollars
