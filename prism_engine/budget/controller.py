"""Enforces the cost cap: a thread grants reservations in order of arrival and commits them in batches."""

from __future__ import annotations

import asyncio
import time
from collections import Counter, defaultdict, deque
from concurrent.futures import Future, InvalidStateError
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING

from prism_engine.budget.balance import Balance, Decision, Totals, decide
from prism_engine.budget.ledger import Account, Ledger, LedgerEntry
from prism_engine.budget.money import shown
from prism_engine.errors import BudgetError, StoreError
from prism_engine.group_commit import GroupCommit

if TYPE_CHECKING:
    from pathlib import Path

POLL_SECONDS = 0.1
"""How often to check, while requests wait, whether another process has released part of the budget."""
PAYER: ContextVar[str] = ContextVar("PAYER", default="")
"""The run of this process for which a request is sent; each run sets it for its own tasks."""
DEAD_CHECK_SECONDS = 1.0
"""How often to check, while requests wait, whether another process has died."""


@dataclass(slots=True)
class _ReservationRequest:
    """A request waiting for its reservation."""

    account: Account
    amount: int
    granted: Future[None]


@dataclass(slots=True)
class _Settlement:
    account: Account
    change: LedgerEntry


_LedgerJob = _ReservationRequest | _Settlement | Future[Totals]


class BudgetController:
    """Reserves and settles costs, under a cap that holds over all processes and runs of an experiment.

    Args:
        path: the ledger's file.
        cap: nano-dollars; None only records the costs.

    Attributes:
        spent: cost of this process's settled requests by stage, in nano-dollars.
        spent_for: the same by run (`PAYER`) and stage.
        balance: the experiment's state at the last transaction, for displays.
    """

    def __init__(self, path: Path, cap: int | None = None) -> None:
        """Open the ledger and start the thread.

        Raises:
            StoreError: see `Ledger`.
        """
        self.cap = cap
        self.spent: Counter[str] = Counter()
        self.spent_for: Counter[tuple[str, str]] = Counter()
        self._ledger = Ledger(path)
        self.balance = self._ledger.balance()
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
        """Reserve an amount as soon as the cap allows it; durable on return. First come, first served.

        Safe to cancel: a reservation granted at that moment is released.

        Raises:
            BudgetError: the cap leaves no room for it, even if all requests in flight cost nothing.
            StoreError: the ledger cannot be written.
        """
        request = _ReservationRequest(account, amount, Future())
        self._thread.put(request)
        try:
            await asyncio.wrap_future(request.granted)
        except asyncio.CancelledError:
            request.granted.add_done_callback(lambda granted: self._return(request, granted))
            raise

    def settle(self, account: Account, reserved: int, cost: int | None, *, payer: str = "") -> None:
        """Record a request's cost and release the rest of its reservation. May be called from any thread.

        Until this is durable the whole reservation counts, so there is no need to wait for it.

        Args:
            cost: None if unknown: then the whole reservation counts as spent.
            payer: the run for which the request was sent.
        """
        self.spent[account.stage] += reserved if cost is None else cost
        self.spent_for[payer, account.stage] += reserved if cost is None else cost
        change = LedgerEntry(reserved=-reserved)
        if cost is None:
            change.unknown = reserved
        else:
            change.settled = cost
        self._thread.put_if_open(_Settlement(account, change))

    async def totals(self) -> Totals:
        """Return the experiment's state, including everything settled before the call.

        Raises:
            StoreError: the ledger cannot be read.
        """
        totals: Future[Totals] = Future()
        self._thread.put(totals)
        return await asyncio.wrap_future(totals)

    def close(self) -> None:
        """Write all settlements, count open reservations as spent, and close the ledger. Idempotent; may block."""
        self._thread.refuse("the ledger is closed")
        self._thread.join()

    def _return(self, request: _ReservationRequest, granted: Future[None]) -> None:
        if not granted.cancelled() and granted.exception() is None:
            self.settle(request.account, request.amount, 0)

    def _serve(self, jobs: list[_LedgerJob]) -> None:
        """Commit the settlements and what can be granted now; only then complete the futures."""
        changes: defaultdict[Account, LedgerEntry] = defaultdict(LedgerEntry)
        for job in jobs:
            if isinstance(job, _Settlement):
                changes[job.account] += job.change
        self._waiting += [job for job in jobs if isinstance(job, _ReservationRequest)]
        if self._waiting and time.monotonic() - self._last_dead_check > DEAD_CHECK_SECONDS:
            self._ledger.mark_dead()
            self._last_dead_check = time.monotonic()
        with self._ledger.transaction():
            self._ledger.add(changes)
            self.balance = self._ledger.balance()
            self._decide()
            self._ledger.add(_reservations(self._decided))
        for request, verdict in self._decided:
            if verdict is Decision.GRANTED:
                request.granted.set_result(None)
            else:
                request.granted.set_exception(BudgetError(self._exhausted_message()))
        for job in jobs:
            if isinstance(job, Future) and job.set_running_or_notify_cancel():
                job.set_result(Totals(self.balance, self._ledger.by_stage()))

    def _end(self, left: list[_LedgerJob], refusal: str) -> None:
        """Close the ledger, and fail everything that still waits."""
        with suppress(StoreError):  # then this session counts as dead, which has the same effect
            self._ledger.close()
        error = StoreError(refusal)
        for job in [*self._waiting, *(request for request, _ in self._decided), *left]:
            if not isinstance(job, _Settlement):
                with suppress(InvalidStateError):  # it is done, or was cancelled
                    (job.granted if isinstance(job, _ReservationRequest) else job).set_exception(error)

    def _decide(self) -> None:
        """Take requests that need not wait from the queue's head, and add the granted ones to what is reserved."""
        self._decided = []
        while self._waiting:
            request = self._waiting[0]
            verdict = decide(self.balance, request.amount, self.cap)
            if verdict is Decision.WAIT and not request.granted.cancelled():
                break
            self._waiting.popleft()
            if not request.granted.set_running_or_notify_cancel():
                continue  # it was cancelled
            self._decided.append((request, verdict))
            if verdict is Decision.GRANTED:
                balance = self.balance
                self.balance = Balance(balance.spent, balance.lost, balance.reserved + request.amount)

    def _exhausted_message(self) -> str:
        assert self.cap is not None
        lost = f" (of which {shown(self.balance.lost)} lost to killed runs)" if self.balance.lost else ""
        spent = f"{shown(self.balance.used)} of {shown(self.cap)} spent"
        return f"budget: {spent}{lost}; the rest may not cover the next call"


def _reservations(decided: list[tuple[_ReservationRequest, Decision]]) -> dict[Account, LedgerEntry]:
    changes: defaultdict[Account, LedgerEntry] = defaultdict(LedgerEntry)
    for request, verdict in decided:
        if verdict is Decision.GRANTED:
            changes[request.account] += LedgerEntry(requests=1, reserved=request.amount)
    return changes
