"""The cost cap and the ledger of whole runs, checked against a provider with an exact bill."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal

import pytest
from aiohttp import web

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
        assert "the budget of $0.040 is used up: $0.0" in said
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
        random=RandomFaults(0.3, tuple(set(Fault) - {Fault.RATE_LIMIT, Fault.USAGE_ABSURD}), seed),
    )
    with provider(behaviour) as server:
        report = run(server, model=paid_model(server, timeout=0.5, attempts=2), max_cost=Decimal("0.03"))
        assert report.status is RunStatus.BUDGET
        assert server.bill.nano_dollars <= 30_000_000
        assert report.progress.spending.experiment <= 30_000_000
        assert report.progress.spending.experiment >= server.bill.nano_dollars


@pytest.mark.parametrize("times", [2, 6, 40, 1000])
def test_hidden_reasoning_exceeds_a_cap_by_at_most_one_request_and_the_next_run_sends_nothing(run, capsys, times):
    behaviour = replace(DEAREST, hidden_reasoning=times, latency=0.05)
    with provider(behaviour) as server:
        report = run(server, max_cost=Decimal("0.02"), reasoning={"max_tokens": 300})
        each = server.bill.nano_dollars / server.bill.calls
        assert report.status is RunStatus.BUDGET
        assert report_code(report) == 3
        assert server.bill.nano_dollars <= max(20_000_000, each)
        money = manifest(report)["money"]
        assert Decimal(money["experiment"]) * 10**9 == server.bill.nano_dollars
        print_report(report)
        said = " ".join("".join(capsys.readouterr()).split())
        assert ("above the cap" in said) == (server.bill.nano_dollars > 20_000_000)

        calls = server.bill.calls
        assert run(server, max_cost=Decimal("0.02"), reasoning={"max_tokens": 300}).status is RunStatus.BUDGET
        assert server.bill.calls == calls
        done = run(server, max_cost=Decimal(10**4), reasoning={"max_tokens": 300})
        assert done.status is RunStatus.COMPLETE
        assert server.bill.paid_again == 0


def test_a_claim_of_twenty_thousand_reasoning_tokens_is_believed(run, capsys):
    """512 output tokens at most, 20,000 reported at $15 per million: a bill of $31 under a cap of $1, once."""
    prices = Prices(Decimal(3), Decimal(15))
    with provider(Behaviour(prices=prices, hidden_reasoning=20_000 / 512, latency=0.05)) as server:
        model = paid_model(server, price=("3", "15"), limits={"concurrency": 500})
        report = run(server, model=model, max_cost=Decimal(1), reasoning={"max_tokens": 512})
        assert report_code(report) == 3
        assert server.bill.nano_dollars <= 10**9
        assert server.bill.calls == 3  # of $0.30 each; one more would exceed the cap
        print_report(report)
        assert "the budget of $1.00 is used up: $0.90 spent" in " ".join("".join(capsys.readouterr()).split())


@pytest.mark.parametrize(
    "count", ["9223372036854775807", "9223372036854775808", "1e300", "-5", "12.5", '"20000"', '"much"', "null", "[]"]
)
def test_no_reported_count_crashes_a_run_or_the_next_one(run, capsys, count):
    usage = f'{{"prompt_tokens": {count}, "completion_tokens": {count}, "total_tokens": {count}}}'
    message = '{"choices": [{"message": {"content": "The answer is A."}, "finish_reason": "stop"}], "usage": '
    body = f"{message}{usage}}}".encode()
    with provider(Behaviour(reply=lambda _body: web.Response(body=body, content_type="application/json"))) as server:
        for _ in range(2):  # the second time from the cache
            report = run(server)
            assert report.status is RunStatus.COMPLETE
            print_report(report)
            assert all(0 <= tokens < 2**53 for tokens in stage_tokens(report))
        assert server.stats.completed == 0  # whole responses are not counted
        assert server.stats.received == SAMPLES


def stage_tokens(report):
    stage = manifest(report)["stages"]["reason"]
    return [stage["prompt_tokens"], stage["completion_tokens"], stage["tokens_saved_by_the_cache"]]


def test_an_impossible_claim_ends_a_run_with_a_cap_and_says_so(run, capsys):
    with provider(replace(DEAREST, faults=(Fault.USAGE_ABSURD,))) as server:
        report = run(server, max_cost=Decimal(1))
        assert report_code(report) == 3
        assert server.bill.calls == 1
        print_report(report)
        assert "above the cap" in " ".join("".join(capsys.readouterr()).split())


def test_attempts_without_a_usage_make_the_cost_a_range_that_holds_the_bill(run, capsys):
    faults = (None, Fault.USAGE_MISSING, None, Fault.TORN, None, None)
    with provider(replace(DEAREST, full_length=False, faults=faults, repeat=True)) as server:
        report = run(server)
        cost = report.progress.spending.run_cost
        assert cost.at_least < server.bill.nano_dollars < cost.at_most
        print_report(report)
        said = " ".join("".join(capsys.readouterr()).split())
        assert "Cost: at least $0.0" in said
        assert "by replies, at most $0.0" in said
        money = manifest(report)["money"]
        assert Decimal(money["this_run_at_least"]) < Decimal(money["this_run"])


def test_a_cap_far_away_does_not_hold_requests_back(run):
    """The worst cases of all requests in flight together are far above 2.5 % of the cap."""
    with provider(Behaviour(prices=DEAREST.prices, latency=0.3)) as server:
        report = run(server, max_cost=Decimal("0.3"), reasoning={"max_tokens": 2048})
        assert report.status is RunStatus.COMPLETE
        assert server.stats.most_in_flight >= 40
        assert server.bill.nano_dollars < 0.05 * 0.3 * 10**9


def test_arms_under_one_cap_get_equally_far_through_the_same_samples(tmp_path):
    write_described_shapes(tmp_path / "shapes.tsv", SAMPLES)
    with provider(DEAREST) as fast, provider(replace(DEAREST, latency=0.2)) as slow:
        common = {
            "benchmark": str(tmp_path / "shapes.tsv"),
            "mode": "oracle",
            "cache_dir": tmp_path / "cache",
            "results_dir": tmp_path / "results",
            "models": {"fast": paid_model(fast), "slow": paid_model(slow, identity="another provider")},
            "max_cost": Decimal("0.07"),
        }
        configs = [RunConfig.model_validate({**common, "reasoner": name}) for name in ("fast", "slow")]
        reports = api.run_many(configs, load_registry())
    assert {report.status for report in reports} == {RunStatus.BUDGET}
    ahead, behind = ({row["index"] for row in report.rows() if row["status"] == "done"} for report in reports)
    assert len(behind) >= 40
    assert len(ahead) <= len(behind) + SAMPLES // 8
    assert len(behind - ahead) <= SAMPLES // 8


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
