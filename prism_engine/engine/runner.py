"""A run from its first look-up to its last result line."""

from __future__ import annotations

import asyncio
import contextlib
from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING

from prism_engine.engine.plan import order_samples
from prism_engine.engine.scheduler import Lane, run_lanes
from prism_engine.errors import FailuresError, NotRunError, PrismError, StoreError
from prism_engine.records import Completion, SampleResult, SampleStatus

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prism_engine.cache import Store
    from prism_engine.engine.bottleneck import BottleneckClock
    from prism_engine.engine.journal import Journal
    from prism_engine.engine.lookup import Samples
    from prism_engine.engine.pipeline import Pipeline
    from prism_engine.engine.progress import Progress
    from prism_engine.engine.scheduler import Stop
    from prism_engine.engine.turns import EngineUse
    from prism_engine.records import Sample
    from prism_engine.stages.cached import CachedModel

FLUSH_SECONDS = 1.0
"""How old a finished result may be before other processes see it in the journal."""


@dataclass(frozen=True)
class Run:
    """The parts of one run, built by the composition root."""

    benchmark: Samples
    count: int
    """How many samples, from the first on."""
    pipeline: Pipeline
    perceiver: CachedModel | None
    """Who describes; None where nothing is described."""
    reasoner: CachedModel | None
    """Who answers; None where the run only describes."""
    store: Store
    journal: Journal
    ahead: int
    """Samples that may be described and wait for the reasoner."""
    other_models: tuple[CachedModel, ...] = ()
    """Who else may be called: further perceivers, and the writer of what to observe."""
    writer: CachedModel | None = None
    """The writer among them."""
    most_failures: int | None = None
    """Samples that may have failed at any moment; one more stops the run. None goes on."""
    retry_only: frozenset[int] | None = None
    """Positions of the samples that calls are made for; None is all."""
    cached_pipeline: Pipeline | None = None
    """What is done to the others: the same, without a call."""
    engines: tuple[EngineUse, ...] = ()
    """Those who see and take turns with other engines, in the order of their turns."""

    @property
    def models(self) -> list[CachedModel]:
        """Everybody who may be called, the reasoner last."""
        return [model for model in (self.perceiver, *self.other_models, self.reasoner) if model is not None]


async def execute(run: Run, progress: Progress, stop: Stop) -> None:
    """Take every sample through the pipeline until all are finished or the stop has drained.

    Afterwards the journal has one line per sample, those that were never begun included. Both backends are closed,
    whatever happens.

    Raises:
        StoreError: the journal cannot be written.
    """
    for model in run.models:
        stop.listen(model.drain)
    # The stack closes every backend, also where closing one is cancelled; one after another, because two vLLM engines
    # that end at once on a busy machine miss vLLM's own deadline of 5 s and leave shared memory behind.
    async with contextlib.AsyncExitStack() as closing:
        for model in run.models:
            if model.backend is not None:
                closing.push_async_callback(model.backend.aclose)
        try:
            await _take_all(run, progress, stop)
        finally:
            for one in run.engines:
                one.turn.end()
    progress.not_run += run.journal.close_out(run.benchmark.samples, run.count)


async def _take_all(run: Run, progress: Progress, stop: Stop) -> None:
    every = run.benchmark.order(run.count)
    chosen = every if run.retry_only is None else array("q", (one for one in every if one in run.retry_only))
    # In a thread, because several runs begin together: the first one's calls do not wait for the others' look-ups.
    order = await asyncio.to_thread(order_samples, run.benchmark, chosen, run.pipeline, run.store)
    # A sample keeps its place until it is answered: room for what is described, answered, and waits between.
    perceiving = sum(map(_capacity, run.models)) + run.ahead
    up = asyncio.Event()
    lanes = [
        # Twice the reasoner's capacity: the next calls are already waiting when a place on the wire comes free.
        # A stop does not end this lane: what is cached to the end still gets into the results, and nothing is sent.
        Lane("described", run.benchmark.samples(order.described), 2 * _capacity(run.reasoner), drains=True),
        Lane("undescribed", run.benchmark.samples(order.undescribed), perceiving, begin=up.wait),
    ]
    if any(one.model is run.reasoner for one in run.engines):  # who answers must wait for its turn
        lanes[0].begin = up.wait
    results = _Results(run, progress, stop)
    helpers = [asyncio.create_task(_flush_often(run.journal, stop)), asyncio.create_task(progress.bounds.watch())]
    try:
        if run.retry_only is not None and run.cached_pipeline is not None:
            others = run.benchmark.samples(one for one in every if one not in run.retry_only)
            lane = Lane("others", others, perceiving, drains=True)
            await run_lanes([lane], run.cached_pipeline.run, results.take, stop)
        async with asyncio.TaskGroup() as group:
            group.create_task(take_turns(run, order.undescribed, up, stop, progress.bounds))
            group.create_task(run_lanes(lanes, run.pipeline.run, results.take, stop))
        for _ in range(1, ROUNDS):
            # Once more when all others are through: the trouble may have passed. Where nobody got through, it has not.
            if stop.requested or not results.failed or not progress.done:
                break
            _forget_failures(run)
            again = Lane("failed", run.benchmark.samples(sorted(results.failed)), perceiving)
            await run_lanes([again], run.pipeline.run, results.take, stop)
    finally:
        for helper in helpers:
            helper.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await helper


def _forget_failures(run: Run) -> None:
    """Let calls that failed be made again, but for those of an engine that has made room: it has tried them again."""
    gone = [one.model for one in run.engines if one.turn.ended]
    if gone and run.writer is not None:  # what it would write now, the engine could not observe any more
        gone.append(run.writer)
    for model in run.models:
        if model not in gone:
            model.forget_failures()


class _Results:
    """Counts and journals what comes of samples, and remembers which may be taken up again."""

    def __init__(self, run: Run, progress: Progress, stop: Stop) -> None:
        self.failed: dict[int, str] = {}
        """Position to reason."""
        self._journal = run.journal
        self._most = run.most_failures
        self._progress = progress
        self._stop = stop

    def take(self, result: SampleResult) -> None:
        position = result.sample.position
        if again := position in self.failed:
            if result.status is SampleStatus.NOT_RUN:  # the run stops: what is known of the sample stays
                return
            self._progress.uncount_failure(self.failed.pop(position))
        self._progress.count(result)
        if result.failure is not None and result.may_be_mended:
            self.failed[position] = result.failure
        try:
            self._journal.append(result, again=again)
        except StoreError as error:
            self._stop.request(error)
        if self._most is not None and self._progress.failed > self._most:
            failed = f"{self._progress.failed:,} of {self._progress.total:,} samples failed"
            self._stop.request(FailuresError(f"{failed}, and the run may go on with {self._most:,} (`fail_on_error`)"))


def _capacity(model: CachedModel | None) -> int:
    return model.capacity if model is not None else 1


async def _flush_often(journal: Journal, stop: Stop) -> None:
    while True:
        await asyncio.sleep(FLUSH_SECONDS)
        try:
            journal.flush()
        except StoreError as error:
            stop.request(error)
            return


ROUNDS = 3
"""How often a sample is taken up at most, the first time included, where a call of it failed."""


async def take_turns(
    run: Run, undescribed: Sequence[int], up: asyncio.Event, stop: Stop, bounds: BottleneckClock
) -> None:
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


async def _describe_ahead(run: Run, one: EngineUse, positions: Sequence[int], stop: Stop) -> None:
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
