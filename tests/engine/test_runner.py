"""Whole runs over scripted models: overlap, draining, resuming, death."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from dataclasses import replace

import orjson

from prism_engine.engine.runner import execute
from prism_engine.engine.scheduler import Stop
from prism_engine.errors import DeadError, FailuresError, StoreError, TransientError
from prism_engine.records import Completion, Outcome


def rows(run):
    return [orjson.loads(line) for line in run.journal.lines()]


async def test_a_run_leaves_one_line_per_sample_in_order_and_closes_its_backends(world):
    run, progress = world.build(20)
    await execute(run, progress, Stop())
    assert [row["position"] for row in rows(run)] == list(range(20))
    assert {row["status"] for row in rows(run)} == {"done"}
    assert (run.stages["perceive"][0].backend.calls, run.answering.backend.calls) == (10, 20)
    assert run.stages["perceive"][0].backend.closed
    assert run.answering.backend.closed


async def test_a_second_run_makes_no_call_and_leaves_the_same_lines(world):
    first, progress = world.build(20)
    await execute(first, progress, Stop())
    second, progress = world.build(20)
    await execute(second, progress, Stop())
    assert (second.stages["perceive"][0].backend.calls, second.answering.backend.calls) == (0, 0)
    assert list(first.journal.lines()) == list(second.journal.lines())


async def test_a_description_goes_to_the_reasoner_while_others_are_still_being_made(world):
    """The last picture is described only after the first answer exists: a barrier between the stages would hang."""
    answered = asyncio.Event()

    async def describe(call):
        if call.images[0].digest.endswith("9"):
            await answered.wait()
        return Completion(Outcome.OK, "seen")

    def answer(_call):
        answered.set()
        return Completion(Outcome.OK, "A")

    run, progress = world.build(20, describe=describe, answer=answer)
    await asyncio.wait_for(execute(run, progress, Stop()), 30)
    assert progress.done == 20


async def test_a_stop_finishes_calls_in_flight_and_the_next_run_processes_the_rest(world):
    stop = Stop()

    def answer(_call):
        stop.request()
        return Completion(Outcome.OK, "A")

    first, progress = world.build(100, answer=answer, delay=0.001)
    await execute(first, progress, stop)
    assert 0 < progress.done < 100
    statuses = [row["status"] for row in rows(first)]
    assert len(statuses) == 100
    assert statuses.count("done") == progress.done
    assert set(statuses) == {"done", "not_run"}
    assert (first.stages["perceive"][0].backend.in_flight, first.answering.backend.in_flight) == (0, 0)

    second, progress = world.build(100)
    await execute(second, progress, Stop())
    assert progress.done == 100
    assert first.stages["perceive"][0].backend.calls + second.stages["perceive"][0].backend.calls == 50
    assert first.answering.backend.calls + second.answering.backend.calls == 100


async def test_a_dead_reasoner_stops_the_run_and_keeps_the_descriptions(world):
    def answer(_call):
        raise DeadError("key refused")

    run, progress = world.build(100, answer=answer)
    stop = Stop()
    await execute(run, progress, stop)
    assert str(stop.reason) == "key refused"
    assert {row["status"] for row in rows(run)} == {"not_run"}
    assert 0 < run.stages["perceive"][0].backend.calls < 50
    assert run.answering.backend.calls <= 16


async def test_cancelling_a_run_closes_its_backends_and_leaves_nothing_running(world):
    begun = asyncio.Event()

    async def describe(_call):
        begun.set()
        await asyncio.Event().wait()

    run, progress = world.build(100, describe=describe)
    task = asyncio.create_task(execute(run, progress, Stop()))
    await begun.wait()
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()
    assert (run.stages["perceive"][0].backend.closed, run.stages["perceive"][0].backend.in_flight) == (True, 0)
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_many_more_samples_than_the_window_are_never_under_way_at_once(world):
    run, progress = world.build(500)
    await execute(run, progress, Stop())
    assert run.stages["perceive"][0].backend.most_in_flight <= run.stages["perceive"][0].backend.capacity
    assert run.answering.backend.most_in_flight <= run.answering.backend.capacity


async def test_a_rerun_that_stops_at_once_still_has_everything_that_is_cached(world):
    """An invalid API key must not replace complete results with empty ones."""
    first, progress = world.build(40)
    await execute(first, progress, Stop())

    def dead(_call):
        raise DeadError("key refused")

    second, progress = world.build(50, answer=dead)
    stop = Stop()
    await execute(second, progress, stop)
    assert str(stop.reason) == "key refused"
    statuses = [row["status"] for row in rows(second)]
    assert statuses == ["done"] * 40 + ["not_run"] * 10


async def test_an_error_while_reading_the_benchmark_stops_the_run_cleanly(world):
    run, progress = world.build(20)
    samples = run.benchmark.samples
    visits = 0

    def flaky(positions):
        nonlocal visits
        visits += 1  # first the look-up, then one per lane, finally the lines of samples that were never started
        return broken(positions) if visits == 3 else samples(positions)

    def broken(positions):
        yield from itertools.islice(samples(positions), 5)
        raise StoreError("a picture is gone")

    run.benchmark.samples = flaky
    stop = Stop()
    await execute(run, progress, stop)
    assert str(stop.reason) == "a picture is gone"
    assert len(rows(run)) == 20


async def test_failed_samples_are_retried_when_all_others_are_finished(world):
    asked = Counter()

    def answer(call):
        asked[call] += 1
        if asked[call] < 3 and len(asked) % 5 == 0:
            raise TransientError("overloaded")
        return Completion(Outcome.OK, "A")

    run, progress = world.build(20, answer=answer)
    await execute(run, progress, Stop())
    assert (progress.done, progress.failed, progress.failures) == (20, 0, Counter())
    assert [row["position"] for row in rows(run)] == list(range(20))
    assert {row["status"] for row in rows(run)} == {"done"}


async def test_what_fails_each_time_is_reported_with_its_reason_after_three_rounds(world):
    def answer(call):
        if "Question 7?" in str(call.messages):
            raise TransientError("overloaded")
        return Completion(Outcome.OK, "A")

    run, progress = world.build(10, answer=answer)
    await execute(run, progress, Stop())
    assert (progress.done, progress.failed) == (9, 1)
    assert progress.failures == Counter(["answer: error: overloaded"])
    assert (rows(run)[7]["status"], rows(run)[7]["failure"]) == ("failed", "answer: error: overloaded")
    assert run.answering.backend.calls == 9 + 3


async def test_if_every_sample_fails_none_is_retried(world):
    def answer(_call):
        raise TransientError("overloaded")

    run, progress = world.build(10, answer=answer)
    await execute(run, progress, Stop())
    assert (progress.failed, run.answering.backend.calls) == (10, 10)


async def test_a_stop_during_the_second_round_leaves_the_reasons_of_the_first(world):
    stop, asked = Stop(), Counter()

    def answer(call):
        asked[call] += 1
        if asked[call] == 2:
            stop.request()
        if asked[call] == 2 or "Question 7?" in str(call.messages) or "Question 9?" in str(call.messages):
            raise TransientError("overloaded")
        return Completion(Outcome.OK, "A")

    run, progress = world.build(10, answer=answer)
    await execute(run, progress, stop)
    assert (progress.done, progress.failed, progress.not_run) == (8, 2, 0)
    assert [row["failure"] for row in rows(run) if row["status"] == "failed"] == ["answer: error: overloaded"] * 2


async def test_an_answer_that_the_filter_blocked_is_not_retried(world):
    run, progress = world.build(
        4, answer=lambda call: Completion(Outcome.REFUSED if "Question 1?" in str(call.messages) else Outcome.OK, "A")
    )
    await execute(run, progress, Stop())
    assert (progress.failed, run.answering.backend.calls) == (1, 4)


async def test_more_failures_than_allowed_stop_the_run(world):
    run, progress = world.build(100, answer=lambda _call: Completion(Outcome.REFUSED), delay=0.001)
    stop = Stop()
    await execute(replace(run, most_failures=3), progress, stop)
    assert isinstance(stop.reason, FailuresError)
    assert "`--fail-on-error` (fail_on_error) allows 3" in str(stop.reason)
    assert 3 < progress.failed < 50
    assert progress.failed + progress.not_run == 100
