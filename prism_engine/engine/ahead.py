"""Engines that take turns: one that must make room describes ahead, and what it made waits in the cache."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from prism_engine.engine.scheduler import Lane, run_lanes
from prism_engine.errors import NotRunError, PrismError
from prism_engine.records import Completion, SampleResult, SampleStatus

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prism_engine.engine.bottleneck import Bounds
    from prism_engine.engine.runner import Run
    from prism_engine.engine.scheduler import Stop
    from prism_engine.engine.turns import Perceiver
    from prism_engine.records import Sample

ROUNDS = 3
"""How often a sample is taken up at most, the first time included, where a call of it failed."""


async def take_turns(run: Run, undescribed: Sequence[int], up: asyncio.Event, stop: Stop, bounds: Bounds) -> None:
    """Take the turns of a run's engines, one after another, and set `up` when samples may call the last one.

    While another engine waits, all descriptions are made as fast as the engine can, however far the reasoner is behind:
    so the engine is done early, and the reasoner has work while the next one starts. Otherwise the samples call the
    engine themselves, and it is theirs to the end of the run. Where a run's own perceivers are several engines (`A~B`),
    all but the last make room in this way.

    Args:
        bounds: told while an engine of the run waits for its turn.
    """
    answers = any(one.model is run.reasoner for one in run.engines)  # by itself, from the pictures
    if not (undescribed or answers):
        for one in run.engines:
            one.turn.end()
    for place, one in enumerate(run.engines, start=1):
        if one.turn.ended:
            continue
        bounds.waits_for_turn = True
        await one.turn.begin()
        bounds.waits_for_turn = False
        is_last = place == len(run.engines)
        if is_last:
            up.set()
        if not answers and (one.turn.makes_room or not is_last):
            await _describe_ahead(run, one, undescribed, stop)
            one.turn.end()
    up.set()


async def _describe_ahead(run: Run, one: Perceiver, positions: Sequence[int], stop: Stop) -> None:
    """Make all calls that descriptions take of one engine; again those that failed, as its turn does not come again."""

    async def describe(sample: Sample) -> SampleResult:
        context, told = await run.pipeline.instruct(sample, ahead=True)
        if told.failure is not None:
            return told
        calls = [call for call in context.calls(sample) if call.model == one.identity]
        made = await asyncio.gather(*map(one.model.make_ahead, calls), return_exceptions=True)
        trouble = next((each for each in made if isinstance(each, BaseException)), None)
        if trouble is not None and not isinstance(trouble, PrismError):
            raise trouble
        if trouble is not None:
            concerns_all = None if isinstance(trouble, NotRunError) else trouble
            return SampleResult(sample, SampleStatus.NOT_RUN, trouble=concerns_all)
        descriptions = tuple(each for each in made if isinstance(each, Completion))
        usable = all(each.usable for each in descriptions)
        return SampleResult(sample, SampleStatus.DONE if usable else SampleStatus.FAILED, descriptions=descriptions)

    whole = len(positions)
    for _ in range(ROUNDS):
        failed: list[int] = []

        def take(result: SampleResult, failed: list[int] = failed) -> None:
            if result.may_be_mended:
                failed.append(result.sample.position)

        width = one.model.capacity + (run.writer.capacity if run.writer is not None else 0)
        lane = Lane("ahead", run.benchmark.samples(positions), width)
        await run_lanes([lane], describe, take, stop)
        if stop.requested or not failed or len(failed) == whole:  # where nobody got through, nobody will
            return
        one.model.forget_failures()
        positions = failed
