"""Every accepted job is committed in order or failed with the refusal; none is lost and none is left waiting."""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from concurrent.futures import Future

import pytest

from prism_engine.errors import StoreError
from prism_engine.group_commit import GroupCommit, call_in_loops

STOPPED = "the thread has stopped"


class Owner:
    """Records what the thread passes on; `gate` holds a commit back, `error` fails it."""

    def __init__(self, **options):
        self.groups = []
        self.ends = []
        self.gate = threading.Event()
        self.gate.set()
        self.entered = threading.Event()
        self.error = None
        self.thread: GroupCommit[object] = GroupCommit("commits", self.commit, self.end, STOPPED, **options)

    def commit(self, group):
        self.entered.set()
        assert self.gate.wait(60)
        if self.error is not None:
            raise self.error
        self.groups.append(group)

    def end(self, left, refusal):
        self.ends.append((left, refusal))

    def hold(self, job):
        """Put a job, and return while its commit is held back."""
        self.gate.clear()
        self.entered.clear()
        self.thread.put(job)
        assert self.entered.wait(60)

    def close(self, reason="closed"):
        self.gate.set()
        self.thread.refuse(reason)
        self.thread.join()

    @property
    def committed(self):
        return [job for group in self.groups for job in group]


def test_jobs_are_committed_in_their_order():
    owner = Owner(limit=7)
    for number in range(1000):
        owner.thread.put(number)
        if number % 100 == 0:
            time.sleep(0.003)
    owner.close()
    assert owner.committed == list(range(1000))
    assert owner.ends == [([], "closed")]


def test_what_arrives_during_a_commit_makes_the_next_groups_each_within_the_limit():
    owner = Owner(limit=10)
    owner.hold("first")
    for number in range(25):
        owner.thread.put(number)
    owner.close()
    assert owner.groups == [["first"], list(range(10)), list(range(10, 20)), list(range(20, 25))]


def test_without_a_limit_everything_queued_is_one_group():
    owner = Owner()
    owner.hold("first")
    for number in range(2000):
        owner.thread.put(number)
    owner.close()
    assert owner.groups == [["first"], list(range(2000))]


def test_a_group_does_not_wait_for_jobs_that_keep_trickling_in():
    owner = Owner()
    for number in range(200):
        owner.thread.put(number)
        time.sleep(0.001)
    owner.close()
    assert len(owner.groups) > 5
    assert owner.committed == list(range(200))


def test_a_group_is_gathered_without_timeouts_since_a_queue_may_miss_a_short_one_and_hang(monkeypatch):
    timeouts = []

    class Recorded(queue.SimpleQueue[object]):
        def get(self, *arguments, **options):
            timeouts.append(options.get("timeout"))
            return super().get(*arguments, **options)

    monkeypatch.setattr("prism_engine.group_commit.queue.SimpleQueue", Recorded)
    owner = Owner()
    for number in range(20):
        owner.thread.put(number)
        time.sleep(0.001)
    owner.close()
    assert owner.committed == list(range(20))
    assert set(timeouts) == {None}


def test_no_job_is_waited_for_while_each_comes_only_after_the_one_before_is_committed(monkeypatch):
    slept = []
    monkeypatch.setattr("prism_engine.group_commit.time.sleep", slept.append)
    committed = threading.Semaphore(0)

    def commit(group: list[int]) -> None:
        if group:
            committed.release()

    thread = GroupCommit("one-at-a-time", commit, lambda _left, _why: None, "it stopped")
    for number in range(20):
        thread.put(number)
        assert committed.acquire(timeout=60)
    assert len(slept) == 3
    thread.refuse("closed")
    thread.join()


def test_a_refusal_is_final_and_its_first_reason_counts():
    owner = Owner()
    owner.thread.put(1)
    assert owner.thread.refuse("the disk is full") == "the disk is full"
    assert owner.thread.refuse("closed") == "the disk is full"
    owner.close()
    for _ in range(2):
        with pytest.raises(StoreError, match=r"^the disk is full$"):
            owner.thread.put(2)
        owner.thread.put_if_open(3)
    assert owner.committed == [1]
    assert owner.ends == [([], "the disk is full")]


def test_closing_commits_what_is_queued():
    owner = Owner(limit=3)
    owner.hold(0)
    for number in range(1, 9):
        owner.thread.put(number)
    owner.thread.put_if_open(9)
    owner.thread.refuse("closed")
    with pytest.raises(StoreError, match="closed"):
        owner.thread.put(10)
    assert owner.groups == []
    owner.close()
    owner.close()
    assert owner.committed == list(range(10))
    assert owner.ends == [([], "closed")]


def test_a_failed_commit_fails_its_group_and_all_that_is_queued():
    owner = Owner(limit=2)
    owner.thread.put("durable")
    while not owner.groups:
        time.sleep(0.001)
    owner.hold(0)
    for number in range(1, 6):
        owner.thread.put(number)
    owner.error = StoreError("the disk is full")
    owner.gate.set()
    owner.thread.join()
    with pytest.raises(StoreError, match=r"^the disk is full$"):
        owner.thread.put(6)
    owner.close()
    assert owner.groups == [["durable"]]
    assert owner.ends == [([0, 1, 2, 3, 4, 5], "the disk is full")]


@pytest.mark.parametrize("error", [RuntimeError("a bug"), KeyboardInterrupt()])
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_even_an_unexpected_exception_leaves_no_caller_waiting(error):
    owner = Owner()
    owner.hold(0)
    owner.thread.put(1)
    owner.error = error
    owner.gate.set()
    owner.thread.join()
    with pytest.raises(StoreError, match=STOPPED):
        owner.thread.put(2)
    assert owner.groups == []
    reason = f"{STOPPED} (a bug)" if isinstance(error, RuntimeError) else STOPPED
    assert owner.ends == [([0, 1], reason)]


def test_the_queue_is_polled_only_while_the_owner_asks_for_it():
    seconds = None
    owner = Owner(poll_seconds=lambda: seconds)
    time.sleep(0.05)
    assert owner.groups == []
    seconds = 0.005
    owner.thread.put(1)
    while len(owner.groups) < 4:
        time.sleep(0.001)
    owner.close()
    assert owner.groups[:4] == [[1], [], [], []]


def test_each_event_loop_is_notified_of_its_own_jobs():
    class Notifying(Owner):
        def commit(self, group):
            super().commit(group)
            for done, number in group:
                done.set_result(number)

    owner = Notifying()
    results = {}

    async def put(numbers):
        dones = [Future() for _ in numbers]
        for done, number in zip(dones, numbers, strict=True):
            owner.thread.put((done, number))
        results[numbers] = await asyncio.gather(*map(asyncio.wrap_future, dones))

    ranges = [range(200), range(200, 500)]
    loops = [threading.Thread(target=lambda each=each: asyncio.run(put(each))) for each in ranges]
    for loop in loops:
        loop.start()
    for loop in loops:
        loop.join(60)
    owner.close()
    assert results == {each: list(each) for each in ranges}


@pytest.mark.parametrize("failing", [False, True])
def test_no_job_is_lost_when_many_threads_put_until_they_are_refused(failing):
    owner = Owner(limit=5)
    accepted = [[] for _ in range(4)]

    def put(number):
        for count in range(10**6):
            try:
                owner.thread.put((number, count))
            except StoreError:
                return
            accepted[number].append((number, count))
            if count % 8 == 0:
                time.sleep(0.0001)

    producers = [threading.Thread(target=put, args=(number,)) for number in range(4)]
    for producer in producers:
        producer.start()
    time.sleep(0.05)
    if failing:
        owner.error = StoreError("the disk is full")
    else:
        owner.thread.refuse("closed")
    for producer in producers:
        producer.join(60)
    owner.close()
    ((left, _),) = owner.ends
    settled = owner.committed + left
    assert (left != []) is failing
    assert [[job for job in settled if job[0] == number] for number in range(4)] == accepted


def test_each_loop_is_woken_once_with_all_of_its_items_and_a_closed_one_is_left_out():
    calls = []

    async def wait_for_items():
        loop = asyncio.get_running_loop()
        closed = asyncio.new_event_loop()
        closed.close()
        call_in_loops(calls.append, [(loop, 1), (closed, 2), (loop, 3)])
        await asyncio.sleep(0)

    asyncio.run(wait_for_items())
    assert calls == [[1, 3]]
