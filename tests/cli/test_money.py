"""`--max-cost` on the command line."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from prism_engine.chaos.behaviour import Behaviour
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
    assert "the budget of $0.002 is used up" in stopped.err
    assert "raise --max-cost and run the same command: prism run" in stopped.err
    assert "of $0.002 by all runs into this results folder" in stopped.out
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
