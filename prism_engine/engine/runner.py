"""Execution of one run, from its first look-up to its last journal line, with its turns on shared engines."""

from __future__ import annotations

import asyncio
import contextlib
from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING

from prism_engine.engine.pace import Ranks
from prism_engine.engine.pipeline import recorded
from prism_engine.engine.plan import order_samples
from prism_engine.engine.scheduler import MAX_ROUNDS, Lane, run_lanes, stop_if_failing
from prism_engine.errors import NotRunError, PrismError, StoreError
from prism_engine.records import Completion, SampleResult, SampleStatus
from prism_engine.stage import ANSWERS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from prism_engine.cache import Store
    from prism_engine.engine.bottleneck import BottleneckClock
    from prism_engine.engine.journal import Journal
    from prism_engine.engine.lookup import Samples
    from prism_engine.engine.pace import PaceMember
    from prism_engine.engine.pipeline import Pipeline
    from prism_engine.engine.progress import Progress
    from prism_engine.engine.scheduler import Stop
    from prism_engine.engine.turns import EngineUse
    from prism_engine.records import Sample
    from prism_engine.stage import StageKey
    from prism_engine.stages.cached import CachedModel

FLUSH_SECONDS = 1.0
"""Maximum delay until other processes see a finished result in the journal."""
FOLLOW_SECONDS = 0.5
"""Maximum delay until a changed limit on concurrency reaches the lanes."""


@dataclass(frozen=True)
class Run:
    """The parts of one run, built by the composition root."""

    benchmark: Samples
    count: int
    """Number of samples, from the first on."""
    pipeline: Pipeline
    stages: Mapping[StageKey, Sequence[CachedModel]]
    """The models that may be called, by stage, in the order of the stages."""
    store: Store
    journal: Journal
    ahead: int
    """Maximum number of described samples that wait for the reasoner."""
    most_failures: int | None = None
    """Maximum number of failed samples at any moment; one more stops the run. None means no limit."""
    retry_only: frozenset[int] | None = None
    """Positions of the samples for which calls are made; None means all."""
    cached_pipeline: Pipeline | None = None
    """The pipeline for the other samples: the same, but from the cache only."""
    engines: tuple[EngineUse, ...] = ()
    """The run's vision engines that take turns with other engines, in the order of their turns."""
    pace: PaceMember | None = None
    """The run's place among others that answer the same samples under the same cost cap; None if it is on its own."""
    waits_for_ahead: bool = False
    """Whether samples wait until all calls are made ahead, because a call made twice would not be joined."""

    @property
    def models(self) -> list[CachedModel]:
        """All models that may be called, the answering one last."""
        return [model for models in self.stages.values() for model in models]

    @property
    def writers(self) -> Sequence[CachedModel]:
        """The hint writer; empty if no model writes hints."""
        return self.stages.get("write", ())

    @property
    def answering(self) -> CachedModel | None:
        """The model that answers; None if the run only describes."""
        return next((self.stages[key][0] for key in ANSWERS if key in self.stages), None)


async def execute(run: Run, progress: Progress, stop: Stop) -> None:
    """Pass every sample through the pipeline until all are finished or the stop has drained.

    Afterwards the journal has one line per sample, including those that were never started. All backends are closed,
    whatever happens.

    Raises:
        StoreError: the journal cannot be written.
    """
    for model in run.models:
        stop.listen(model.drain)
    if run.pace is not None:
        stop.listen(run.pace.leave)
    # The stack closes every backend even if closing one of them is cancelled. They close one after another, because two
    # vLLM engines that shut down together on a busy machine exceed vLLM's own deadline of 5 s and leave shared memory
    # behind.
    async with contextlib.AsyncExitStack() as closing:
        for model in run.models:
            if model.backend is not None:
                closing.push_async_callback(model.backend.aclose)
        try:
            await _take_all(run, progress, stop)
        finally:
            for use in run.engines:
                use.turn.end()
            if run.pace is not None:
                run.pace.leave()
    progress.count_not_run(run.journal.close_out(run.benchmark.samples, run.count))


async def _take_all(run: Run, progress: Progress, stop: Stop) -> None:
    positions = run.benchmark.order(run.count)
    chosen = positions
    if run.retry_only is not None:
        chosen = array("q", (position for position in positions if position in run.retry_only))
    # In a thread, because multiple runs start together: the first one's calls must not wait for the others' look-ups.
    order = await asyncio.to_thread(order_samples, run.benchmark, chosen, run.pipeline, run.store)
    perceiving = _whole_width(run)
    engine_ready = asyncio.Event()
    lanes = [
        # Twice the reasoner's capacity: the next calls are already waiting when a slot becomes free.
        # A stop does not end this lane: fully cached samples still get into the results, and nothing is sent.
        Lane("described", run.benchmark.samples(order.described), 2 * _capacity(run.answering), drains=True),
        Lane("undescribed", run.benchmark.samples(order.undescribed), perceiving, begin=engine_ready.wait),
    ]
    if _engine_answers(run):  # answers must wait for the engine's turn, too
        lanes[0].begin = engine_ready.wait
    results = _Results(run, progress, stop)
    ranks = Ranks(run.pace, positions)
    progress.bounds.waits_for_others = ranks.wait

    async def work(sample: Sample) -> SampleResult:
        await ranks.enter(sample.position)
        return await run.pipeline.run(sample)

    def take(result: SampleResult) -> None:
        ranks.finish(result.sample.position)
        results.take(result)

    helpers = [
        asyncio.create_task(_flush_often(run.journal, stop)),
        asyncio.create_task(progress.bounds.watch()),
        asyncio.create_task(_follow_capacity(run, *lanes)),
    ]
    try:
        if run.retry_only is not None and run.cached_pipeline is not None:
            others = run.benchmark.samples(position for position in positions if position not in run.retry_only)
            lane = Lane("others", others, perceiving, drains=True)
            await run_lanes([lane], run.cached_pipeline.run, take, stop)
        async with asyncio.TaskGroup() as group:
            group.create_task(_take_turns(run, order.undescribed, engine_ready, stop, progress.bounds))
            group.create_task(run_lanes(lanes, work, take, stop))
        for _ in range(1, MAX_ROUNDS):
            # Retry once all others are finished: the problem may have passed. If no sample succeeded, it has not.
            if stop.requested or not results.failed or not progress.done:
                break
            _forget_failures(run)
            retried = Lane("failed", run.benchmark.samples(sorted(results.failed)), _whole_width(run))
            await run_lanes([retried], run.pipeline.run, results.take, stop)
    finally:
        for helper in helpers:
            helper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await helper


async def _take_turns(
    run: Run, undescribed: Sequence[int], engine_ready: asyncio.Event, stop: Stop, bounds: BottleneckClock
) -> None:
    """Take the turns of a run's engines one after another; set `engine_ready` when samples may call the last one.

    While another engine is waiting, all descriptions are made ahead, as fast as the engine can, however far behind the
    reasoner is: the engine finishes early, and the reasoner has work while the next engine starts. Otherwise the
    samples call the engine themselves, and it stays theirs until the end of the run. If a run has multiple engines of
    its own (`A~B`), all but the last one make room in this way.

    Args:
        bounds: its `waits_for_turn` is set while an engine of the run waits for its turn.
    """
    answers = _engine_answers(run)
    if not (undescribed or answers):
        for use in run.engines:
            use.turn.end()
    for number, use in enumerate(run.engines, start=1):
        if use.turn.ended:
            continue
        bounds.waits_for_turn = True
        if run.pace is not None:
            run.pace.set_idle(idle=True)
        await use.turn.begin()
        bounds.waits_for_turn = False
        if run.pace is not None:
            run.pace.set_idle(idle=False)
        is_last = number == len(run.engines)
        makes_room = not answers and (use.turn.makes_room or not is_last)
        if is_last and not (makes_room and run.waits_for_ahead):
            engine_ready.set()
        if makes_room:
            await _describe_ahead(run, use, undescribed, stop)
            use.turn.end()
    engine_ready.set()


async def _describe_ahead(run: Run, use: EngineUse, positions: Sequence[int], stop: Stop) -> None:
    """Make all perception calls to one engine; retry failed ones now, as the engine does not get another turn."""

    async def describe(sample: Sample) -> SampleResult:
        context, instructed = await run.pipeline.instruct(sample, ahead=True)
        if instructed.failure is not None:
            return instructed
        calls = [call for call in context.calls(sample) if call.model == use.identity]
        made = await asyncio.gather(*map(use.model.make_ahead, calls), return_exceptions=True)
        error = next((each for each in made if isinstance(each, BaseException)), None)
        if error is not None and not isinstance(error, PrismError):
            raise error
        if error is not None:
            trouble = None if isinstance(error, NotRunError) else error
            return SampleResult(sample, SampleStatus.NOT_RUN, trouble=trouble)
        descriptions = tuple(each for each in made if isinstance(each, Completion))
        usable = all(each.usable for each in descriptions)
        status = SampleStatus.DONE if usable else SampleStatus.FAILED
        return SampleResult(sample, status, steps=recorded(calls, descriptions, sample))

    total = len(positions)
    for _ in range(MAX_ROUNDS):
        failed: list[int] = []

        def take(result: SampleResult, failed: list[int] = failed) -> None:
            if result.is_retryable:
                failed.append(result.sample.position)

        width = use.model.capacity + sum(writer.capacity for writer in run.writers)
        lane = Lane("ahead", run.benchmark.samples(positions), width)
        await run_lanes([lane], describe, take, stop)
        if stop.requested or not failed or len(failed) == total:  # if every sample failed, a retry will not help
            return
        use.model.forget_failures()
        positions = failed


def _engine_answers(run: Run) -> bool:
    """Return whether an engine of the run answers from the pictures itself, instead of describing them."""
    return any(use.model is run.answering for use in run.engines)


def _forget_failures(run: Run) -> None:
    """Allow failed calls to be retried, except those of an engine that made room: it has retried them already."""
    gone = [use.model for use in run.engines if use.turn.ended]
    if gone:  # the engine could no longer describe with newly written hints
        gone += run.writers
    for model in run.models:
        if model not in gone:
            model.forget_failures()


class _Results:
    """Counts and journals the results of samples, and remembers which ones may be retried."""

    def __init__(self, run: Run, progress: Progress, stop: Stop) -> None:
        self.failed: dict[int, str] = {}
        """Failure reasons of retryable samples, by position."""
        self._journal = run.journal
        self._max_failures = run.most_failures
        self._progress = progress
        self._stop = stop

    def take(self, result: SampleResult) -> None:
        position = result.sample.position
        if again := position in self.failed:
            if result.status is SampleStatus.NOT_RUN:  # the run is stopping: keep the earlier failure
                return
            self._progress.uncount_failure(self.failed.pop(position))
        self._progress.count(result)
        if result.failure is not None and result.is_retryable:
            self.failed[position] = result.failure
        try:
            self._journal.append(result, again=again)
        except StoreError as error:
            self._stop.request(error)
        stop_if_failing(self._progress.failed, self._progress.total, self._max_failures, "samples", self._stop)


async def _flush_often(journal: Journal, stop: Stop) -> None:
    while True:
        await asyncio.sleep(FLUSH_SECONDS)
        try:
            journal.flush()
        except StoreError as error:
            stop.request(error)
            return


async def _follow_capacity(run: Run, described: Lane[Sample], undescribed: Lane[Sample]) -> None:
    """Widen the lanes when a model may have more calls in flight (`prism ctl RUN set concurrency=...`)."""
    while True:
        await asyncio.sleep(FOLLOW_SECONDS)
        described.widen(2 * _capacity(run.answering))
        undescribed.widen(_whole_width(run))


def _whole_width(run: Run) -> int:
    """Return how many samples may be under way: each keeps its slot while it is described, waits and is answered."""
    return sum(map(_capacity, run.models)) + run.ahead


def _capacity(model: CachedModel | None) -> int:
    return model.capacity if model is not None else 1
