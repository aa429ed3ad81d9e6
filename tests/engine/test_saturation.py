"""Overlap of both stages and the bottleneck of a run: whole runs in virtual time."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from aiohttp import web

from prism_engine.backends.chat.api import ChatApi
from prism_engine.cache import call_key
from prism_engine.chaos.behaviour import Behaviour
from prism_engine.chaos.server import ChaosServer
from prism_engine.config import ApiModel, Limits, ScriptedModel
from prism_engine.engine.progress import Progress
from prism_engine.engine.runner import execute
from prism_engine.engine.scheduler import Stop
from prism_engine.records import Completion, Outcome
from tests.engine.conftest import Benchmark, World
from tests.virtual_time import now, run_virtually

SAMPLES = 400
CONCURRENCY = 8
SECONDS = 2.0
"""Duration of each call, in seconds, in either stage."""


class Shelf:
    """An in-memory store: the real one commits in a thread, which a virtual clock cannot control."""

    def __init__(self):
        self._kept = {}
        self.flights = {}

    def get(self, key, limit):
        return self._kept.get(key)

    def get_many(self, keys):
        return [self._kept.get(key) for key, _ in keys]

    async def put(self, call, completion, identity=None):
        self._kept[call_key(call)] = replace(completion, fresh=False)

    def try_claim(self, key):
        return True

    def release(self, key):
        pass


class OwnPictures(Benchmark):
    """No two samples share a picture, so both stages have the same number of calls."""

    def samples(self, positions):
        for sample in super().samples(positions):
            (image,) = sample.images
            yield replace(sample, images=(replace(image, digest=f"{sample.position:064x}"),))


@pytest.fixture
def world(tmp_path):
    world = World(tmp_path, Shelf())
    yield world
    for journal in world.journals:
        journal.close()


def slowly(text, seconds=SECONDS):
    async def reply(_call):
        await asyncio.sleep(seconds)
        return Completion(Outcome.OK, text)

    return reply


async def timed(world, samples=SAMPLES, *, reasoner=None, **how):
    """Run; return the progress and the wall time on the virtual clock."""
    run, progress = world.build(samples, **how)
    run = replace(run, benchmark=OwnPictures(samples))
    if reasoner is not None:
        run.answering.backend = reasoner
    progress = Progress(samples, progress.meters, clock=now)
    began = now()
    await execute(run, progress, Stop())
    assert (progress.done, progress.failed) == (samples, 0)
    return progress, now() - began


def test_two_stages_of_equal_length_take_little_longer_than_one(world):
    _, wall = run_virtually(timed(world, describe=slowly("seen"), answer=slowly("A")))
    one_stage = SAMPLES / CONCURRENCY * SECONDS
    assert one_stage < wall <= 1.04 * one_stage


def test_descriptions_that_exist_keep_the_reasoner_busy_while_the_others_are_made(world):
    """Half of the descriptions are cached; describing the other half and answering overlap."""

    async def play():
        await timed(world, SAMPLES // 2, describe=slowly("seen"), answering=False)
        return await timed(world, describe=slowly("seen", 2 * SECONDS), answer=slowly("A"))

    _, wall = run_virtually(play())
    assert wall <= 1.06 * SAMPLES / CONCURRENCY * SECONDS


@pytest.mark.parametrize(
    ("describe", "limits", "expected"),
    [
        (0.1, Limits(requests_per_minute=60), "requests_per_minute"),
        (0.1, Limits(tokens_per_minute=1500), "tokens_per_minute"),
        (0.1, Limits(concurrency=2), "concurrency"),
        (20.0, Limits(requests_per_minute=600), "perceiver"),
    ],
)
def test_a_run_knows_what_bounded_it(world, describe, limits, expected):
    async def play():
        async with ChaosServer(Behaviour(latency=1.0, reply=lambda body: "A")) as server:
            api = ChatApi(ApiModel(model="m", base_url=server.base_url, limits=limits), None)
            return await timed(world, 100, describe=slowly("seen", describe), reasoner=api)

    progress, _ = run_virtually(play())
    assert next(iter(progress.bounds.shares)) == expected
    assert progress.bounds.shares[expected] > 0.8
    assert sum(progress.bounds.shares.values()) == pytest.approx(1)


def test_an_outage_is_what_bounds_a_run_that_sits_it_out(world):
    begun = []

    def reply(body):
        begun.append(now())
        broken = 5 <= now() - begun[0] < 500
        return web.json_response({"error": {"message": "broken"}}, status=500) if broken else "A"

    async def play():
        async with ChaosServer(Behaviour(latency=1.0, reply=reply)) as server:
            spec = ApiModel(model="m", base_url=server.base_url, limits=Limits(concurrency=8))
            return await timed(world, 100, describe=slowly("seen", 0.1), reasoner=ChatApi(spec, None))

    progress, _ = run_virtually(play())
    assert progress.bounds.shares["outage"] > 0.9


def test_a_model_without_limits_is_what_bounds_a_run_whose_descriptions_exist(world):
    async def play():
        await timed(world, describe=slowly("seen"), answering=False)
        return await timed(world, answer=slowly("A"))

    progress, _ = run_virtually(play())
    assert progress.bounds.shares["reasoner"] > 0.9


def test_scripted_models_have_the_concurrency_that_these_tests_count_on(world):
    run, _ = world.build(1)
    assert run.answering.backend.capacity == ScriptedModel(concurrency=CONCURRENCY).concurrency
