"""The bounded window: widths, draining, errors that affect every sample."""

from __future__ import annotations

import asyncio

import pytest

from prism_engine.engine.scheduler import Lane, Stop, run_all, run_lanes, stop_if_failing
from prism_engine.errors import DeadError, DependencyError, FailuresError, NotRunError, StoreError
from prism_engine.records import Sample, SampleResult, SampleStatus


def samples(count, start=0):
    return [Sample(position, str(position), (), "?") for position in range(start, start + count)]


async def run(lanes, work, stop=None):
    results = []
    await run_lanes(lanes, work, results.append, stop or Stop())
    return results


async def test_every_sample_is_worked_on_exactly_once_and_no_lane_exceeds_its_width():
    lanes = [Lane("described", iter(samples(50)), 3), Lane("undescribed", iter(samples(50, 50)), 5)]
    most = {lane.name: 0 for lane in lanes}

    async def work(sample):
        for lane in lanes:
            most[lane.name] = max(most[lane.name], lane.under_way)
        await asyncio.sleep(0)
        return SampleResult(sample, SampleStatus.DONE)

    results = await run(lanes, work)
    assert sorted(result.sample.position for result in results) == list(range(100))
    assert most == {"described": 3, "undescribed": 5}
    assert [lane.under_way for lane in lanes] == [0, 0]


async def test_samples_are_taken_only_when_there_is_room_for_them():
    taken = []

    def source():
        for sample in samples(1000):
            taken.append(sample)
            yield sample

    async def work(sample):
        assert len(taken) - sample.position <= 4
        await asyncio.sleep(0)
        return SampleResult(sample, SampleStatus.DONE)

    assert len(await run([Lane("x", source(), 4)], work)) == 1000


async def test_both_lanes_work_at_the_same_time():
    met = asyncio.Barrier(2)

    async def work(sample):
        await met.wait()  # passes only when one sample of each lane is waiting
        return SampleResult(sample, SampleStatus.DONE)

    lanes = [Lane("a", iter(samples(5)), 1), Lane("b", iter(samples(5, 5)), 1)]
    assert len(await run(lanes, work)) == 10


async def test_a_stop_takes_no_further_sample_and_lets_those_under_way_finish():
    stop = Stop()

    async def work(sample):
        if sample.position == 5:
            stop.request()
        await asyncio.sleep(0.01)
        return SampleResult(sample, SampleStatus.DONE)

    results = await run([Lane("x", iter(samples(1000)), 4)], work, stop)
    assert 6 <= len(results) <= 9
    assert all(result.status is SampleStatus.DONE for result in results)


@pytest.mark.parametrize("kind", [DeadError, StoreError, DependencyError])
async def test_an_error_that_affects_every_sample_stops_the_run_and_its_samples_count_as_not_run(kind):
    stop = Stop()
    events = []
    stop.listen(lambda: events.append("drain"))

    async def work(sample):
        await asyncio.sleep(0.01)
        if sample.position >= 2:
            trouble = kind(f"dead at {sample.position}")
            return SampleResult(sample, SampleStatus.NOT_RUN, trouble=trouble)
        return SampleResult(sample, SampleStatus.DONE)

    results = await run([Lane("x", iter(samples(1000)), 2)], work, stop)
    assert [result.status for result in results] == [SampleStatus.DONE] * 2 + [SampleStatus.NOT_RUN] * 2
    assert str(stop.reason) == "dead at 2"
    assert events == ["drain"]


async def test_cancelling_the_run_cancels_its_samples():
    lane = Lane("x", iter(samples(10)), 4)
    task = asyncio.create_task(run([lane], lambda _sample: asyncio.Event().wait()))
    await asyncio.sleep(0.01)
    assert lane.under_way == 4
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()
    assert lane.under_way == 0


async def test_any_items_can_be_worked_on_within_a_width():
    done, at_once, most = [], 0, 0

    async def work(item):
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await asyncio.sleep(0)
        at_once -= 1
        done.append(item)

    await run_all(range(20), work, width=3, stop=Stop())
    assert (sorted(done), most) == (list(range(20)), 3)


@pytest.mark.parametrize("error", [DeadError("gone"), NotRunError("stopping")])
async def test_an_error_of_an_item_requests_the_stop(error):
    stop, done = Stop(), []

    async def work(item):
        if item == 2:
            raise error
        done.append(item)

    await run_all(range(1000), work, width=1, stop=stop)
    assert (stop.reason, done) == (error, [0, 1])


async def test_a_foreign_error_is_not_swallowed():
    async def work(item):
        raise KeyError(item)

    with pytest.raises(ExceptionGroup) as caught:
        await run_all([1], work, width=1, stop=Stop())
    assert caught.group_contains(KeyError)


@pytest.mark.parametrize(("failed", "allowed", "stops"), [(3, 2, True), (2, 2, False), (0, 0, False), (9, None, False)])
def test_more_failures_than_are_allowed_request_the_stop(failed, allowed, stops):
    stop = Stop()
    stop_if_failing(failed, 10, allowed, "answers", stop)
    assert stop.requested is stops
    if stops:
        assert isinstance(stop.reason, FailuresError)
        assert str(stop.reason) == "3 of 10 answers failed; `--fail-on-error` (fail_on_error) allows 2"


async def test_a_lane_that_is_widened_while_it_runs_takes_more_items_and_never_fewer():
    lane, release, started = Lane("described", iter(samples(10)), 2), asyncio.Event(), []

    async def work(sample):
        started.append(sample.position)
        await release.wait()
        return SampleResult(sample, SampleStatus.DONE)

    running = asyncio.create_task(run([lane], work))
    for width, under_way in ((2, 2), (5, 5), (3, 5), (6, 6)):
        lane.widen(width)
        await asyncio.sleep(0.01)
        assert (len(started), lane.width) == (under_way, under_way)
    release.set()
    assert len(await running) == 10
