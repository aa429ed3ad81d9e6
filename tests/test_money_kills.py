"""Test of the cost cap under repeated kill -9: one dollar, a thousand concurrent requests, replies of maximum length.

Six kills in the suite, at ten seconds each; twenty with PRISM_KILLS=20.
"""

from __future__ import annotations

import json
import os
import random
import time
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


@pytest.fixture
def job(tmp_path):
    """A run whose calls cost about $1.15, and the provider that charges for them."""
    write_described_shapes(tmp_path / "shapes.tsv", SAMPLES)
    behaviour = Behaviour(full_length=True, latency=0.02, prices=Prices(Decimal("0.15"), Decimal("0.6")))
    with provider(behaviour) as server:
        entry = paid_model(server, limits={"concurrency": 1000})
        (tmp_path / "models.yaml").write_text(f"models: {{paid: {json.dumps(entry)}}}\n")

        def start(dollars):
            return start_prism(
                *("run", tmp_path / "shapes.tsv", "-r", "paid", "--mode", "oracle", "--reasoning-tokens", 300),
                *("--models-file", tmp_path / "models.yaml", "--max-cost", dollars),
                *("--cache-dir", tmp_path / "cache", "--results-dir", tmp_path / "results"),
            )

        yield start, server, tmp_path / "results"


def finish(process):
    out, err = process.communicate(timeout=600)
    assert "Traceback" not in err, err
    return process.returncode, out + err


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_kills_never_exceed_the_cap_and_lose_hardly_any_of_it(job):
    start, server, results = job
    chance = random.Random(20261121)
    marks = sorted(chance.uniform(0.01, 0.95) * CAP for _ in range(KILLS))
    for mark in marks:
        process = start("1.00")
        while server.bill.nano_dollars < mark:
            time.sleep(chance.uniform(0, 0.02))
            assert process.poll() is None, process.communicate()
        process.kill()
        process.communicate()
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
