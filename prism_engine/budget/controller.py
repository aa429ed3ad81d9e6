"""Where requests wait for money: one thread decides in order of arrival and makes many decisions durable at once."""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections import Counter, defaultdict, deque
from concurrent.futures import Future
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING

from prism_engine.budget.balance import Balance, Decision, Totals, judge
from prism_engine.budget.ledger import Account, Ledger, LedgerEntry
from prism_engine.budget.money import shown
from prism_engine.errors import BudgetError, StoreError

if TYPE_CHECKING:
    from pathlib import Path

GATHER_SECONDS = 0.002
"""How long the first request of a transaction waits for company."""
POLL_SECONDS = 0.1
"""How often to look, while requests wait, whether another process has freed money."""
PAYER: ContextVar[str] = ContextVar("PAYER", default="")
"""Which of several runs of this process a request is sent for; each run sets it for its own tasks."""
BURY_SECONDS = 1.0
"""How often to look, while requests wait, whether another process has died."""


@dataclass(slots=True)
class _Ask:
    """A request that wants money."""

    account: Account
    amount: int
    granted: Future[None]


@dataclass(slots=True)
class _Settlement:
    account: Account
    change: LedgerEntry


@dataclass(slots=True)
class _Question:
    totals: Future[Totals]


_LedgerJob = _Ask | _Settlement | _Question | None


class BudgetController:
    """Gives leave to spend, under a cap that holds over all processes and runs of an experiment.

    Args:
        path: the ledger's file.
        cap: nano-dollars; None only keeps the books.

    Attributes:
        spent: by stage, what requests of this process cost, in nano-dollars; those under way not included.
        spent_for: the same by run (`PAYER`) and stage.
        funds: the experiment's state at the last transaction, for displays.
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
        self.funds = self._ledger.funds()
        self._jobs: queue.SimpleQueue[_LedgerJob] = queue.SimpleQueue()
        self._waiting: deque[_Ask] = deque()
        self._decided: list[tuple[_Ask, Decision]] = []
        self._lock = threading.Lock()
        self._refusal: str | None = None
        self._looked_for_dead = 0.0
        # A daemon: a till that nobody closed must not keep the interpreter from ending.
        self._thread = threading.Thread(target=self._run, name=f"till {path.name}", daemon=True)
        self._thread.start()

    def __repr__(self) -> str:
        return f"<Till {self._ledger.path}, cap {self.cap}, {self.funds}, {len(self._waiting)} waiting>"

    async def reserve(self, account: Account, amount: int) -> None:
        """Set so much aside, once there is so much; durable when it returns. First come, first served.

        Safe to cancel: what was granted just then is given back.

        Raises:
            BudgetError: the cap leaves no room for it, even if all that is under way should cost nothing.
            StoreError: the ledger cannot be written.
        """
        ask = _Ask(account, amount, Future())
        self._put(ask)
        try:
            await asyncio.wrap_future(ask.granted)
        except asyncio.CancelledError:
            ask.granted.add_done_callback(lambda granted: self._give_back(ask, granted))
            raise

    def settle(self, account: Account, reserved: int, cost: int | None, *, payer: str = "") -> None:
        """Say what a request came to; what was set aside beyond it is free again. Callable from any thread.

        Until this is durable, the whole reservation counts, so there is nothing to wait for.

        Args:
            cost: None where nobody knows: then all that was reserved is spent.
            payer: the run that it was sent for.
        """
        self.spent[account.stage] += reserved if cost is None else cost
        self.spent_for[payer, account.stage] += reserved if cost is None else cost
        change = LedgerEntry(reserved=-reserved)
        if cost is None:
            change.unknown = reserved
        else:
            change.settled = cost
        self._jobs.put(_Settlement(account, change))

    async def totals(self) -> Totals:
        """Return the experiment's state, with everything that was settled before.

        Raises:
            StoreError: the ledger cannot be read.
        """
        question = _Question(Future())
        self._put(question)
        return await asyncio.wrap_future(question.totals)

    def close(self) -> None:
        """Write what is settled, count what is not as spent, and close the ledger. Idempotent; it may block."""
        self._refuse("the ledger is closed")
        self._thread.join()

    def _put(self, job: _Ask | _Question) -> None:
        with self._lock:
            if self._refusal is not None:
                raise StoreError(self._refusal)
            self._jobs.put(job)

    def _refuse(self, reason: str) -> None:
        """Take no more; the None that ends the queue is behind everything that was taken."""
        with self._lock:
            self._refusal = self._refusal or reason
            self._jobs.put(None)

    def _give_back(self, ask: _Ask, granted: Future[None]) -> None:
        if not granted.cancelled() and granted.exception() is None:
            self.settle(ask.account, ask.amount, 0)

    def _run(self) -> None:
        jobs: list[_LedgerJob] = []
        try:
            while None not in jobs:
                jobs = self._gather()
                self._serve(jobs)
        except StoreError as error:
            self._refuse(str(error))
        finally:
            self._end(jobs)

    def _end(self, jobs: list[_LedgerJob]) -> None:
        """Leave nobody waiting, and close the books."""
        self._refuse("the ledger is no longer written")
        try:
            self._ledger.close()
        except StoreError as trouble:  # then this session counts as dead, which comes to the same
            self._refuse(str(trouble))
        error = StoreError(self._refusal)
        while not self._jobs.empty():
            jobs.append(self._jobs.get())
        for job in [*self._waiting, *(ask for ask, _ in self._decided), *jobs]:
            if isinstance(job, _Ask | _Question):
                future: Future[None] | Future[Totals] = job.granted if isinstance(job, _Ask) else job.totals
                if not future.done():
                    future.set_exception(error)

    def _gather(self) -> list[_LedgerJob]:
        """Wait for a job and a moment for its company; or, while requests wait for money, not for long."""
        jobs: list[_LedgerJob] = []
        deadline = time.monotonic() + POLL_SECONDS
        while None not in jobs:
            patience = max(deadline - time.monotonic(), 0.0) if jobs or self._waiting else None
            try:
                jobs.append(self._jobs.get(timeout=patience))
            except queue.Empty:
                break
            if len(jobs) == 1:
                deadline = time.monotonic() + GATHER_SECONDS
        return jobs

    def _serve(self, jobs: list[_LedgerJob]) -> None:
        """Make what was settled durable, then what can be granted now; only then say so."""
        changes: defaultdict[Account, LedgerEntry] = defaultdict(LedgerEntry)
        for job in jobs:
            if isinstance(job, _Settlement):
                changes[job.account] += job.change
        self._waiting += [job for job in jobs if isinstance(job, _Ask)]
        if self._waiting and time.monotonic() - self._looked_for_dead > BURY_SECONDS:
            self._ledger.bury()
            self._looked_for_dead = time.monotonic()
        with self._ledger.transaction():
            self._ledger.add(changes)
            self.funds = self._ledger.funds()
            self._decide()
            self._ledger.add(_reservations(self._decided))
        for ask, verdict in self._decided:
            if verdict is Decision.GRANTED:
                ask.granted.set_result(None)
            else:
                ask.granted.set_exception(BudgetError(self._used_up()))
        for job in jobs:
            if isinstance(job, _Question) and job.totals.set_running_or_notify_cancel():
                job.totals.set_result(Totals(self.funds, self._ledger.by_stage()))

    def _decide(self) -> None:
        """Take from the queue's head whoever need not wait, and count what they may spend as under way."""
        self._decided = []
        while self._waiting:
            ask = self._waiting[0]
            verdict = judge(self.funds, ask.amount, self.cap)
            if verdict is Decision.WAIT and not ask.granted.cancelled():
                break
            self._waiting.popleft()
            if not ask.granted.set_running_or_notify_cancel():
                continue  # nobody waits for it any more
            self._decided.append((ask, verdict))
            if verdict is Decision.GRANTED:
                funds = self.funds
                self.funds = Balance(funds.spent, funds.lost, funds.under_way + ask.amount)

    def _used_up(self) -> str:
        assert self.cap is not None
        lost = f" (of which {shown(self.funds.lost)} by runs that were killed)" if self.funds.lost else ""
        spent = f"{shown(self.funds.gone)} of {shown(self.cap)} are spent"
        return f"budget: {spent}{lost}, and what is left may not pay the next call"


def _reservations(decided: list[tuple[_Ask, Decision]]) -> dict[Account, LedgerEntry]:
    changes: defaultdict[Account, LedgerEntry] = defaultdict(LedgerEntry)
    for ask, verdict in decided:
        if verdict is Decision.GRANTED:
            changes[ask.account] += LedgerEntry(requests=1, reserved=ask.amount)
    return changes
