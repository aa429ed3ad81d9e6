"""An endpoint that is down: noticed by failures in a row, then asked now and then by one request, until it answers."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING

from prism_engine.errors import DeadError, RejectedError, TransientError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FAILURES = 8
"""Requests that must fail one after the other, no answer in between."""
CALLS = 3
"""Different calls that must be among them (or as many as fit on the wire): one bad call is no outage."""
FIRST = 1.0
"""Seconds until the first probe; each further one takes twice as long."""
LONGEST = 60.0
"""Seconds between two probes at most."""

_log = logging.getLogger(__name__)


class Outage:
    """Whether an endpoint is down; decides without waiting, the clock is the caller's (in seconds).

    While it is down nothing is sent but probes: one request at a time, at growing intervals. The first answer of any
    kind ends it. An endpoint that has never answered is not down but wrong, which is another part's business.

    Args:
        where: the endpoint, for messages.
        patience: seconds of an outage after which the endpoint is given up; None waits as long as the run does, and 0
            never sees an outage.
        concurrency: requests that may be on the wire at once.
    """

    def __init__(self, where: str, clock: Callable[[], float], *, patience: float | None, concurrency: int) -> None:
        self._where = where
        self._clock = clock
        self.awaited = patience != 0
        """Whether an outage is sat out at all."""
        self._patience = patience
        self._calls = min(CALLS, concurrency)
        self._since: float | None = None
        self._answered = False
        self._failures = self._different = 0
        self._next = self._interval = 0.0
        self._probing = False
        self._last = ""

    @property
    def on(self) -> bool:
        """Whether the endpoint is down."""
        return self._since is not None

    def delay(self) -> float | None:
        """Return the seconds until a request may be sent, 0 for now, None until the probe under way is back.

        Raises:
            DeadError: it has been down for longer than anybody is patient.
        """
        if self._since is None:
            return 0.0
        if self._probing:
            return None
        now = self._clock()
        if self._patience is not None and now - self._since > self._patience:
            minutes = (now - self._since) / 60
            raise DeadError(
                f"{self._where} has answered nothing but errors for {minutes:.0f} minutes (`outage_patience` in its "
                f"registry entry; with --deadline a run waits until then); the last one: {self._last}"
            )
        return max(self._next - now, 0.0)

    def send(self) -> bool:
        """Take note that a request is sent; return whether it is a probe, whose end `probed` must tell."""
        self._probing = self.on
        return self._probing

    def probed(self) -> None:
        """Take note that a probe is over, however it ended."""
        self._probing = False

    @contextmanager
    def judging(self, *, first: bool) -> Iterator[None]:
        """Learn from what becomes of one request.

        Args:
            first: no earlier request of the same call has failed.
        """
        try:
            yield
        except TransientError as error:
            if error.rate_limited:
                self._hear()
            else:
                self._fail(str(error), first=first)
            raise
        except RejectedError:
            self._hear()
            raise
        else:
            self._hear()

    def _hear(self) -> None:
        self._answered = True
        self._failures = self._different = 0
        if self._since is not None:
            _log.warning("%s answers again, after %.0f s", self._where, self._clock() - self._since)
            self._since = None

    def _fail(self, reason: str, *, first: bool) -> None:
        self._last = reason
        self._failures += 1
        self._different += first
        now = self._clock()
        if self._since is not None:
            if self._probing:
                self._interval = min(2 * self._interval, LONGEST)
                self._next = now + self._interval
        elif self._answered and self.awaited and self._failures >= FAILURES and self._different >= self._calls:
            self._since, self._interval, self._next = now, FIRST, now + FIRST
            _log.warning(
                "%s is down: %d requests in a row failed (%s); it is asked now and then until it answers",
                *(self._where, self._failures, reason),
            )
