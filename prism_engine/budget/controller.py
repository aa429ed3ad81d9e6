"""Enforces the cost cap: a thread grants reservations in order of arrival and commits them in batches."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import defaultdict, deque
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from prism_engine.budget.balance import Decision, Totals, decide
from prism_engine.budget.books import MARGIN, PLAIN, TRIAL_PART, Account, ClaimHistory, factor_after
from prism_engine.budget.costs import Costs
from prism_engine.budget.ledger import Ledger, LedgerEntry, SharedCap
from prism_engine.budget.money import shown
from prism_engine.budget.trials import Trials
from prism_engine.errors import BudgetError, StoreError
from prism_engine.group_commit import GroupCommit, call_in_loops

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from prism_engine.errors import PrismError

_log = logging.getLogger(__name__)

POLL_SECONDS = 0.1
"""How often to check, while requests wait, whether another process has released part of the budget."""
PAYER: ContextVar[str] = ContextVar("PAYER", default="")
"""The run of this process for which a request is sent; each run sets it for its own tasks."""
DEAD_CHECK_SECONDS = 1.0
"""How often to check, while requests wait, whether another process has died."""


@dataclass(slots=True, eq=False)
class _ReservationRequest:
    """A request waiting for its reservation."""

    account: Account
    amount: int
    granted: asyncio.Future[None]
    """Of the caller's event loop; other threads only look whether it is cancelled."""


@dataclass(slots=True)
class _Settlement:
    account: Account
    change: LedgerEntry
    lesson: ClaimHistory | None = None
    silent: bool = False


@dataclass(slots=True, eq=False)
class _CapChange:
    cap: int
    done: Future[SharedCap]


_LedgerJob = _ReservationRequest | _Settlement | _CapChange | Future[Totals]


class BudgetController:
    """Reserves and settles costs, under a cap that holds over all processes and runs of an experiment.

    Args:
        path: the ledger's file.
        cap: nano-dollars; None only records the costs.

    Attributes:
        cap: nano-dollars, as of the last transaction: another process may change it.
        costs: what this process's requests have cost, by run (`PAYER`).
        books: the experiment's state at the last transaction.
        balance: the same in short, for displays.
    """

    def __init__(self, path: Path, cap: int | None = None) -> None:
        """Open the ledger and start the thread.

        Raises:
            StoreError: see `Ledger`.
        """
        self.cap = cap
        self.costs = Costs()
        self._trials = Trials()
        self._ledger = Ledger(path, cap)
        self.books = self._ledger.books()
        self.balance = self.books.balance
        self._waiting: deque[_ReservationRequest] = deque()
        self._decided: list[tuple[_ReservationRequest, Decision]] = []
        self._last_dead_check = 0.0
        name, stopped = f"budget controller {path.name}", "the ledger is no longer written"
        self._thread: GroupCommit[_LedgerJob] = GroupCommit(
            name, self._serve, self._end, stopped, poll_seconds=lambda: POLL_SECONDS if self._waiting else None
        )

    def __repr__(self) -> str:
        return f"<BudgetController {self._ledger.path}, cap {self.cap}, {self.balance}, {len(self._waiting)} waiting>"

    async def reserve(self, account: Account, amount: int) -> None:
        """Reserve a worst case as soon as the cap allows it; durable on return. First come, first served.

        While nothing is known about what an account's requests really cost, one of them is in flight at a time (see
        `Trials`); requests of other accounts may overtake those that wait for that. Safe to cancel: a reservation
        granted at that moment is released.

        Raises:
            BudgetError: the cap leaves no room for it, even if all requests in flight cost nothing.
            StoreError: the ledger cannot be written.
        """
        granted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._thread.put(_ReservationRequest(account, amount, granted))
        try:
            await granted
        except asyncio.CancelledError:
            if not granted.cancelled() and granted.exception() is None:  # cancelled just after it was granted
                self.release(account, amount)
            raise

    def settle(
        self, account: Account, reserved: int, cost: int | None, *, payer: str = "", silent: bool = False
    ) -> None:
        """Record a request's cost and release the rest of its reservation. May be called from any thread.

        Until this is durable the whole reservation counts, so there is no need to wait for it.

        Args:
            cost: what its reply reports, however much that is; None if unknown: then the worst case counts as spent.
            payer: the run for which the request was sent.
            silent: whether there was a reply, but without a usage.
        """
        self.costs.settle(payer, account, reserved, cost)
        change, lesson = LedgerEntry(reserved=-reserved), None
        if cost is None:
            change.unknown = reserved
        else:
            change.settled = cost
            lesson = ClaimHistory(1, factor_after(reserved, cost))
        if silent:
            lesson = ClaimHistory()
        self._thread.put_if_open(_Settlement(account, change, lesson, silent))

    def release(self, account: Account, reserved: int) -> None:
        """Release a reservation: its request was not sent, or was refused at no cost. From any thread."""
        self._thread.put_if_open(_Settlement(account, LedgerEntry(reserved=-reserved)))

    async def totals(self) -> Totals:
        """Return the experiment's state, including everything settled before the call.

        Raises:
            StoreError: the ledger cannot be read.
        """
        totals: Future[Totals] = Future()
        self._thread.put(totals)
        return await asyncio.wrap_future(totals)

    async def change_cap(self, cap: int) -> SharedCap:
        """Set another cap for all processes at this ledger that have one, and for this one; durable on return.

        Requests that are reserved already are not affected.

        Args:
            cap: nano-dollars.

        Raises:
            StoreError: the ledger cannot be written.
        """
        change = _CapChange(cap, Future())
        self._thread.put(change)
        return await asyncio.wrap_future(change.done)

    def close(self) -> None:
        """Write all settlements, count open reservations as spent, and close the ledger. Idempotent; may block."""
        self._thread.refuse("the ledger is closed")
        self._thread.join()

    def _serve(self, jobs: list[_LedgerJob]) -> None:
        """Commit the settlements and what can be granted now; only then complete the futures."""
        changes: defaultdict[Account, LedgerEntry] = defaultdict(LedgerEntry)
        lessons: defaultdict[Account, ClaimHistory] = defaultdict(ClaimHistory)
        for job in jobs:
            if isinstance(job, _Settlement):
                changes[job.account] += job.change
                self._trials.record_end(job.account, silent=job.silent)
                if job.lesson is not None:
                    lessons[job.account] += job.lesson
            elif isinstance(job, _ReservationRequest):
                self.costs.record_request(job.account, job.amount)
                self._waiting.append(job)
        if self._waiting and time.monotonic() - self._last_dead_check > DEAD_CHECK_SECONDS:
            self._ledger.mark_dead()
            self._last_dead_check = time.monotonic()
        with self._ledger.transaction():
            changed = [(job, self._ledger.change_caps(job.cap)) for job in jobs if isinstance(job, _CapChange)]
            self._take_cap(self._ledger.cap(), own=bool(changed))
            self._ledger.add(changes)
            self._ledger.learn(lessons)
            self.books = self._ledger.books()
            self.balance = self.books.balance
            self._decide()
            self._ledger.add(_reservations(self._decided))
        self._answer([(request, self._refusal(request, verdict)) for request, verdict in self._decided])
        for change, shared in changed:
            change.done.set_result(shared)
        for job in jobs:
            if isinstance(job, Future) and job.set_running_or_notify_cancel():
                job.set_result(Totals(self.balance, self._ledger.books().by_stage))

    def _end(self, left: list[_LedgerJob], refusal: str) -> None:
        """Close the ledger, and fail everything that still waits."""
        with suppress(StoreError):  # then this session counts as dead, which has the same effect
            self._ledger.close()
        for job in left:
            if isinstance(job, (Future, _CapChange)):
                with suppress(InvalidStateError):  # it is done, or was cancelled
                    (job if isinstance(job, Future) else job.done).set_exception(StoreError(refusal))
        queued = [job for job in left if isinstance(job, _ReservationRequest)]
        unanswered = [*self._waiting, *(request for request, _ in self._decided), *queued]
        self._answer([(request, StoreError(refusal)) for request in unanswered])

    def _take_cap(self, cap: int | None, *, own: bool) -> None:
        if cap != self.cap and not own:
            said = "none" if cap is None else shown(cap)
            _log.warning("the cost cap of all runs into this results folder is now %s: another run changed it", said)
        self.cap = cap

    def _answer(self, answers: Iterable[tuple[_ReservationRequest, PrismError | None]]) -> None:
        """Complete the requests' futures; None is a grant."""
        call_in_loops(self._complete, ((request.granted.get_loop(), (request, error)) for request, error in answers))

    def _complete(self, answers: list[tuple[_ReservationRequest, PrismError | None]]) -> None:
        for request, error in answers:
            if request.granted.done():
                if request.granted.cancelled() and error is None:  # cancelled while it was being granted
                    self.release(request.account, request.amount)
            elif error is None:
                request.granted.set_result(None)
            else:
                request.granted.set_exception(error)

    def _decide(self) -> None:
        """Take requests that need not wait from the queue, and add the granted ones to what is reserved."""
        self._decided = []
        needed = self.costs.needed(self.books) if self.cap is not None and self._waiting else None
        held: deque[_ReservationRequest] = deque()
        while self._waiting:
            request = self._waiting[0]
            amount = self.books.raised(request.account.name, request.amount)
            verdict = decide(self.balance, amount, self.cap, needed)
            hold = verdict is not Decision.REFUSED and self._on_trial(request.account, amount)
            if verdict is Decision.WAIT and not hold and not request.granted.cancelled():
                break
            self._waiting.popleft()
            if hold and not request.granted.cancelled():
                held.append(request)
            elif not request.granted.cancelled():
                self._decided.append((request, verdict))
                if verdict is Decision.GRANTED:
                    self._grant(request, amount)
        self._waiting = held + self._waiting

    def _on_trial(self, account: Account, amount: int) -> bool:
        if self.cap is None:
            return False
        return self._trials.hold(account, self.books, (self.cap - self.balance.used) // max(amount, 1))

    def _grant(self, request: _ReservationRequest, amount: int) -> None:
        self._trials.record_granted(request.account)
        self.books.reserve(request.account, request.amount)
        self.balance = replace(self.balance, reserved=self.balance.reserved + amount)

    def _refusal(self, request: _ReservationRequest, verdict: Decision) -> BudgetError | None:
        return None if verdict is Decision.GRANTED else BudgetError(self._exhausted_message(request))

    def _exhausted_message(self, request: _ReservationRequest) -> str:
        assert self.cap is not None
        balance, passed = self.balance, self.balance.reported - self.cap
        lost = f" (of which {shown(balance.lost)} lost to killed runs)" if balance.lost else ""
        spent = f"{shown(balance.used)} of {shown(self.cap)} spent{lost}"
        if passed > 0:
            return (
                f"budget: {spent}: {shown(passed)} above the cap, because a reply reported more than its request can "
                "cost by its length and output limit (hidden reasoning?); nothing more is sent"
            )
        if trials := self.books.lost_trials:
            return (
                f"budget: {spent}: runs were killed while their first request to {', '.join(trials)} was in flight, "
                f"so its cost is unknown and counts as 1/{TRIAL_PART} of the cap; raise --max-cost to go on"
            )
        amount = self.books.raised(request.account.name, request.amount)
        needs = f"the next call may cost up to {shown(amount)}"
        if amount > request.amount:
            needs += (
                f", as replies have cost up to {amount / request.amount / (MARGIN / PLAIN):.3g} times their worst case"
            )
        return f"budget: {spent}; {needs}"


def _reservations(decided: list[tuple[_ReservationRequest, Decision]]) -> dict[Account, LedgerEntry]:
    changes: defaultdict[Account, LedgerEntry] = defaultdict(LedgerEntry)
    for request, verdict in decided:
        if verdict is Decision.GRANTED:
            changes[request.account] += LedgerEntry(requests=1, reserved=request.amount)
    return changes
