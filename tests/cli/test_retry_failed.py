"""`--retry-failed`: calls for what failed, and for nothing else."""

from __future__ import annotations

import json
from collections import Counter

import pytest
from aiohttp import web

from prism_engine.chaos.behaviour import Behaviour
from tests.provider import paid_model, provider
from tests.shapes import write_described_shapes

SAMPLES = 40


class World:
    """A provider that refuses some prompts for as long as it is told to."""

    def __init__(self):
        self.refusing = True
        self.asked = Counter()

    def reply(self, body):
        text = body["messages"][0]["content"]
        row = int(text.partition("Picture of row ")[2].partition(".")[0])
        self.asked[row] += 1
        if self.refusing and row % 4 == 0:
            return web.json_response({"error": {"message": "too long"}}, status=400)
        return "A"


@pytest.fixture
def world(prism, tmp_path):
    write_described_shapes(tmp_path / "shapes.tsv", SAMPLES)
    world = World()
    with provider(Behaviour(latency=0.01, reply=world.reply)) as server:
        entry = paid_model(server, price=None, limits={"concurrency": 2})
        (tmp_path / "models.yaml").write_text(f"models:\n  far: {json.dumps(entry)}\n")

        def call(*options):
            world.asked.clear()
            said = prism("run", "shapes.tsv", "-r", "far", "--mode", "oracle", "--models-file", "models.yaml", *options)
            rows = []
            for path in (tmp_path / "results").rglob("predictions.jsonl"):
                rows = [json.loads(line) for line in path.read_text().splitlines()]
            return said, Counter(row.get("status") for row in rows)

        yield world, call, prism


def test_only_what_failed_is_asked_for_and_what_was_never_run_stays_so(world):
    world, call, _ = world
    said, before = call("--fail-on-error", "3")
    assert said.code == 1
    assert before["failed"] > 3
    assert before["not_run"] > 0
    world.refusing = False
    said, after = call("--retry-failed")
    assert said.code == 1  # there are samples that were not run
    assert after == {"done": before["done"] + before["failed"], "not_run": before["not_run"]}
    assert sum(world.asked.values()) == before["failed"]
    assert all(row % 4 == 0 for row in world.asked)
    said, last = call()
    assert (said.code, last) == (0, {"done": SAMPLES})
    assert sum(world.asked.values()) == before["not_run"]


def test_resume_does_it_too_and_when_all_are_mended_the_run_is_complete(world):
    world, call, prism = world
    call()
    world.refusing = False
    world.asked.clear()
    said = prism("resume", "oracle", "--retry-failed")
    assert (said.code, f"{SAMPLES} done (30 from the cache)" in said.out) == (0, True)
    assert sum(world.asked.values()) == SAMPLES // 4
    said, _ = call("--retry-failed")
    assert (said.code, sum(world.asked.values())) == (0, 0)


def test_without_an_earlier_run_there_is_nothing_to_retry(world):
    _, call, _ = world
    said, _ = call("--retry-failed")
    assert (said.code, "no earlier run has left results here" in said.err) == (2, True)


def test_results_that_are_none_are_named(world, tmp_path):
    _, call, _ = world
    call()
    (path,) = (tmp_path / "results").rglob("predictions.jsonl")
    path.write_text("{}\n")
    said, _ = call("--retry-failed")
    assert (said.code, "predictions.jsonl: cannot be read" in said.err) == (2, True)
