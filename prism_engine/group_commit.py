"""A thread that commits queued jobs in groups and, after the first failure, refuses all later ones."""

from __future__ import annotations

import queue
import sys
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from prism_engine.errors import StoreError

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Iterable

QUIET = 0.004
"""Seconds without a new job after which a group is committed: its callers may all be waiting for that."""
LONGEST = 0.025
"""Maximum seconds that the first job of a group waits for more jobs. A commit costs nearly the same however many jobs
it has, so a busy queue has fewer and larger ones."""
_IN_VAIN = 3
"""Groups in a row that waited for more jobs in vain, after which groups no longer wait: with one call at a time, the
next job comes only after this one is committed, so each wait would make the call slower."""
_FEW = 2
"""Jobs that one call has at a time; a group with more ends that."""

Job = TypeVar("Job")
Item = TypeVar("Item")


@dataclass(eq=False)
class GroupCommit(Generic[Job]):
    """Gathers jobs for a few milliseconds and passes them on together. All callbacks run on its thread.

    Args:
        name: the thread's name.
        commit: makes a group durable, then notifies its callers. Any exception ends the thread; a StoreError's message
            becomes the refusal. The group may be empty: after `poll_seconds` without a job, and at the end.
        end: called last: fails the jobs that were not committed with the refusal, and closes the file.
        stopped: the refusal after an unexpected exception.
        limit: maximum jobs in a group.
        poll_seconds: how long to wait for the first job of the next group; None: until there is one.
    """

    name: str
    commit: Callable[[list[Job]], None]
    end: Callable[[list[Job], str], None]
    stopped: str
    limit: int = sys.maxsize
    poll_seconds: Callable[[], float | None] = lambda: None

    def __post_init__(self) -> None:
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._refusal: str | None = None
        self._in_vain = 0
        # A daemon thread: an owner that was not closed must not keep the interpreter from exiting.
        self._thread = threading.Thread(target=self._run, name=self.name, daemon=True)
        self._thread.start()

    def put(self, job: Job) -> None:
        """Queue a job; may be called from any thread.

        Raises:
            StoreError: no more jobs are accepted, for the reason in the message.
        """
        with self._lock:
            if self._refusal is not None:
                raise StoreError(self._refusal)
            self._jobs.put(job)

    def put_if_open(self, job: Job) -> None:
        """Queue a job for which no caller waits; it is ignored if no more jobs are accepted."""
        self._jobs.put(job)

    def refuse(self, reason: str) -> str:
        """Accept no more jobs, and end the thread after those accepted. Return the refusal: the first reason given."""
        with self._lock:
            self._refusal = self._refusal or reason
            self._jobs.put(None)  # follows every accepted job
            return self._refusal

    def join(self) -> None:
        """Wait until the thread has ended."""
        self._thread.join()

    def _run(self) -> None:
        group: list[Job] = []
        try:
            ended = False
            while not ended:
                group, ended = self._gather()
                self.commit(group)
                group = []
        except StoreError as error:
            self.refuse(str(error))
        except Exception as error:  # noqa: BLE001 - whatever it is (no memory, a number too large), its callers report it
            self.refuse(f"{self.stopped} ({' '.join(str(error).split()) or type(error).__name__})")
        finally:  # no caller may be left waiting, whatever happened
            refusal = self.refuse(self.stopped)
            while not self._jobs.empty():
                if (job := self._jobs.get()) is not None:
                    group.append(job)
            self.end(group, refusal)

    def _gather(self) -> tuple[list[Job], bool]:
        """Wait for a job and then briefly for more; also return whether the queue has ended."""
        group: list[Job] = []
        timeout = self.poll_seconds()
        deadline = 0.0
        more = waited = gained = False
        while len(group) < self.limit:
            try:
                job = self._jobs.get_nowait() if group else self._jobs.get(timeout=timeout)
            except queue.Empty:
                if not more or self._in_vain >= _IN_VAIN or time.monotonic() >= deadline:
                    break
                more, waited = False, True
                # Not get(timeout=QUIET): if that passes inside the call, CPython 3.11 may block forever.
                time.sleep(QUIET)
                continue
            if job is None:
                return group, True
            if not group:
                deadline = time.monotonic() + LONGEST
            more, gained = True, waited
            group.append(job)
        if group:
            self._in_vain = 0 if gained or len(group) > _FEW else self._in_vain + 1
        return group, False


def call_in_loops(
    callback: Callable[[list[Item]], object], items: Iterable[tuple[asyncio.AbstractEventLoop, Item]]
) -> None:
    """Call `callback` once in each event loop, with all items of that loop; a closed loop's items have no callers left.

    To be called from another thread: waking a loop once per item would cost more than the commit.
    """
    by_loop: dict[asyncio.AbstractEventLoop, list[Item]] = {}
    for loop, item in items:
        by_loop.setdefault(loop, []).append(item)
    for loop, its_items in by_loop.items():
        with suppress(RuntimeError):  # it was closed meanwhile
            loop.call_soon_threadsafe(callback, its_items)
