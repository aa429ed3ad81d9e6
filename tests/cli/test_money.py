"""`--max-cost` on the command line."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from prism_engine.chaos.behaviour import Behaviour, Fault
from prism_engine.chaos.bill import Prices
from tests.provider import paid_model, provider

DEAREST = Behaviour(full_length=True, prices=Prices(Decimal("0.15"), Decimal("0.6")))


@pytest.fixture
def server(tmp_path):
    with provider(DEAREST) as server:
        entry = json.dumps(paid_model(server))
        (tmp_path / "models.yaml").write_text(f"models: {{paid: {entry}}}\n")
        yield server


RUN = ("run", "shapes.tsv", "-p", "scripted", "-r", "paid", "--models-file", "models.yaml")


def test_a_cap_that_is_used_up_is_exit_code_3_and_resume_goes_on_with_a_larger_one(prism, server):
    stopped = prism(*RUN, "--max-cost", "0.002")
    assert stopped.code == 3
    assert "the budget of $0.0020 is used up" in stopped.err
    assert "raise --max-cost and run the same command: prism run" in stopped.err
    assert "of $0.0020 by all runs into this results folder" in stopped.out
    assert server.bill.nano_dollars <= 2_000_000
    assert "budget" in prism("status").out
    planned = prism("plan", *RUN[1:])
    assert "Answers: cost" in planned.out
    went_on = prism("resume", "scripted/paid", "--max-cost", "1")
    assert went_on.code == 0
    assert "24 done" in went_on.out
    assert server.bill.paid_again == 0


@pytest.mark.parametrize("cap", ["-1", "much"])
def test_a_cap_that_is_no_amount_is_wrong_usage(prism, server, cap):
    assert prism(*RUN, "--max-cost", cap).code == 2
    assert server.stats.received == 0


def test_a_price_that_is_not_known_is_asked_for_with_the_words_to_write(prism, server, tmp_path):
    entry = json.dumps(paid_model(server, price=None))
    (tmp_path / "models.yaml").write_text(f"models: {{paid: {entry}}}\n")
    said = prism(*RUN, "--max-cost", "1")
    assert said.code == 2
    assert "`price: {input: 0.15, output: 0.60}`" in said.err
    assert server.stats.received == 0


def test_plan_says_what_a_cap_does_and_that_one_below_a_request_sends_nothing(prism, server):
    said = " ".join(
        prism(
            "plan", "shapes.tsv", "-p", "paid", "-r", "paid", "--models-file", "models.yaml", "--max-cost", "0.05"
        ).out.split()
    )
    assert "Descriptions: --max-cost $0.050 lets about one request be in flight at first" in said
    assert "50,000 tokens per picture are assumed without `image_tokens`" in said
    assert "set `image_tokens` of 'paid' in the registry" in said
    said = " ".join(
        prism(
            "plan", "shapes.tsv", "-p", "paid", "-r", "paid", "--models-file", "models.yaml", "--max-cost", "0.001"
        ).out.split()
    )
    assert "Descriptions: --max-cost $0.0010 is below the price of one request" in said
    said = prism("plan", *RUN[1:], "--max-cost", "100").out
    assert "in flight at first" not in said
    refused = prism(
        "run", "shapes.tsv", "-p", "paid", "-r", "paid", "--models-file", "models.yaml", "--max-cost", "0.001"
    )
    assert refused.code == 3
    assert "the next call may cost up to $0.0" in refused.err
    assert "the budget of $0.0010 is smaller than what the first request may cost, so nothing was sent" in refused.err
    assert server.bill.calls == 0


def test_status_shows_a_cost_that_replies_do_not_fully_report_as_a_range(prism, tmp_path):
    behaviour = Behaviour(prices=DEAREST.prices, faults=(None, Fault.USAGE_MISSING, None), repeat=True)
    with provider(behaviour) as server:
        (tmp_path / "models.yaml").write_text(f"models: {{paid: {json.dumps(paid_model(server))}}}\n")
        assert prism(*RUN, "--max-cost", "1").code == 0
    said = prism("status").out
    assert "cost of this run: at least $0.00" in said
    assert "by replies, at most $0.00" in said
    assert "of $1.00 left" in said
