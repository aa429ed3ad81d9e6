"""Test of the cost cap under repeated kill -9: one dollar, a thousand concurrent requests, replies of maximum length.

Six kills in the suite, at ten seconds each; twenty with PRISM_KILLS=20.
"""

from __future__ import annotations

import json
import os
import random
import time
from contextlib import contextmanager
from decimal import Decimal

import pytest

from prism_engine.chaos.behaviour import Behaviour
from prism_engine.chaos.bill import Prices
from tests.processes import start_prism
from tests.provider import paid_model, provider
from tests.shapes import write_described_shapes

SAMPLES = 6000
KILLS = int(os.environ.get("PRISM_KILLS", "6"))
CAP = 10**9
"""Nano-dollars."""


@contextmanager
def job_of(tmp_path, samples, **behaviour):
    """A run whose calls cost about $0.00019 each, and the provider that charges for them."""
    write_described_shapes(tmp_path / "shapes.tsv", samples)
    prices = Prices(Decimal("0.15"), Decimal("0.6"))
    with provider(Behaviour(full_length=True, latency=0.02, prices=prices, **behaviour)) as server:
        entry = paid_model(server, limits={"concurrency": 1000})
        (tmp_path / "models.yaml").write_text(f"models: {{paid: {json.dumps(entry)}}}\n")

        def start(dollars):
            return start_prism(
                *("run", tmp_path / "shapes.tsv", "-r", "paid", "--mode", "oracle", "--reasoning-tokens", 300),
                *("--models-file", tmp_path / "models.yaml", "--max-cost", dollars),
                *("--cache-dir", tmp_path / "cache", "--results-dir", tmp_path / "results"),
            )

        yield start, server, tmp_path / "results"


@pytest.fixture
def job(tmp_path):
    with job_of(tmp_path, SAMPLES) as job:
        yield job


def finish(process):
    out, err = process.communicate(timeout=600)
    assert "Traceback" not in err, err
    return process.returncode, out + err


def kill_at(mark, process, server, chance):
    """Kill a run once the bill has reached `mark`, or let it end by itself; return whether it was killed."""
    while server.bill.nano_dollars < mark:
        time.sleep(chance.uniform(0, 0.02))
        if process.poll() is not None:
            break
    process.kill()
    process.communicate()
    return process.returncode == -9


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_kills_never_exceed_the_cap_and_lose_hardly_any_of_it(job):
    start, server, results = job
    chance = random.Random(20261121)
    for mark in sorted(chance.uniform(0.01, 0.95) * CAP for _ in range(KILLS)):
        assert kill_at(mark, start("1.00"), server, chance)
    code, said = finish(start("1.00"))
    spent, paid_again = server.bill.nano_dollars, server.bill.paid_again
    assert code == 3, said
    assert "the budget of $1.00 is used up" in said
    assert 0.97 * CAP <= spent <= CAP

    code, said = finish(start("2.00"))
    assert code == 0, said
    assert server.bill.paid_again == paid_again, "a call that was paid and received was made again"
    assert server.bill.nano_dollars > spent
    (manifest,) = results.rglob("manifest.json")
    money = json.loads(manifest.read_text())["money"]
    assert server.bill.nano_dollars <= Decimal(money["experiment"]) * CAP
    assert Decimal(money["lost_to_killed_runs"]) <= Decimal("0.025")


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize(("times", "cap"), [(2, "0.10"), (6, "0.10"), (40, "0.10"), (1000, "1.00")])
def test_kills_and_hidden_reasoning_never_exceed_the_cap(tmp_path, times, cap):
    chance = random.Random(times)
    with job_of(tmp_path, 400, hidden_reasoning=times) as (start, server, results):
        limit = int(Decimal(cap) * 10**9)
        for mark in sorted(chance.uniform(0.01, 0.95) * limit for _ in range(KILLS)):
            kill_at(mark, start(cap), server, chance)
        calls = server.bill.calls
        code, said = finish(start(cap))
        assert code == 3, said
        # After two kills before the first reply nothing more is sent: then the last lost request is still to be made.
        still_lost = int(server.bill.calls == calls)
        spent, paid_again = server.bill.nano_dollars, server.bill.paid_again
        assert spent <= limit
        (manifest,) = results.rglob("manifest.json")
        assert spent <= Decimal(json.loads(manifest.read_text())["money"]["experiment"]) * 10**9

        code, said = finish(start("1000"))
        assert code == 0, said
        assert server.bill.paid_again <= paid_again + still_lost, "a call that was paid and received was made again"
