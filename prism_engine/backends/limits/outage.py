"""Outage detection (circuit breaker): consecutive failures open it, single probes close it when one is answered."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING

from prism_engine.errors import BackendError, DeadError, NoCompletionError, TransientError, UnreachableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MIN_FAILURES = 8
"""Consecutive failed requests, with no response in between, that count as an outage."""
MIN_CALLS = 3
"""Different calls that must be among them (fewer if `concurrency` is lower): one bad call is no outage."""
FIRST_INTERVAL = 1.0
"""Seconds until the first probe; the interval doubles after each failed one."""
LONGEST_INTERVAL = 60.0
"""Maximum seconds between two probes."""
START_PATIENCE = 60.0
"""Seconds of an outage after which an endpoint that has never responded is given up: it is more likely misconfigured,
or broken, than down for a while."""

_log = logging.getLogger(__name__)


class Outage:
    """Detects that an endpoint is down. Never waits; the clock (in seconds) is the caller's.

    During an outage only probes are sent: one request at a time, at growing intervals. The first response of any kind
    ends it. An endpoint that has never responded is waited for only briefly, and one to which no connection was ever
    made does not count as down: it is probably misconfigured, which `ChatApi` reports.

    Args:
        where: the endpoint, for messages.
        patience: seconds of an outage after which the endpoint is given up; None waits as long as the run does, and 0
            disables outage detection.
        concurrency: maximum number of requests in flight.
    """

    def __init__(self, where: str, clock: Callable[[], float], *, patience: float | None, concurrency: int) -> None:
        self._where = where
        self._clock = clock
        self.enabled = patience != 0
        """Whether outages are detected and waited out."""
        self._patience = patience
        self.set_concurrency(concurrency)
        self._since: float | None = None
        self._has_responded = self._has_ever_answered = False
        self._failures = self._failed_calls = 0
        self._next_probe = self._interval = 0.0
        self._probing = False
        self._last = ""

    def set_concurrency(self, concurrency: int) -> None:
        """Take note of the maximum number of requests in flight."""
        self._min_calls = min(MIN_CALLS, concurrency)

    def record_pause(self, seconds: float) -> None:
        """Do not count time during which the run was paused, and nothing was sent, as time of the outage."""
        if self._since is not None:
            self._since = min(self._since + seconds, self._clock())

    @property
    def active(self) -> bool:
        """Whether the endpoint is down."""
        return self._since is not None

    @property
    def is_known(self) -> bool:
        """Whether the endpoint has responded, now or in an earlier run."""
        return self._has_responded or self._has_ever_answered

    def record_earlier_answer(self) -> None:
        """Record that the endpoint answered a call in an earlier run."""
        self._has_ever_answered = True

    def delay(self) -> float | None:
        """Return the seconds until a request may be sent; 0 for now, None while a probe is in flight.

        Raises:
            DeadError: the outage has lasted longer than `patience`.
        """
        if self._since is None:
            return 0.0
        if self._probing:
            return None
        now = self._clock()
        lasting = now - self._since
        if not self.is_known and lasting > min(START_PATIENCE, self._patience or START_PATIENCE):
            raise DeadError(
                f"{self._where} has answered no call, only errors for {lasting:.0f} seconds; the last one: "
                f"{self._last}. Check the server, and `base_url` and `model` in its registry entry"
            )
        if self._patience is not None and lasting > self._patience:
            raise DeadError(
                f"{self._where} has returned only errors for {lasting / 60:.0f} minutes; the last one: {self._last}. "
                "To wait longer, raise `outage_patience` in its registry entry, or run with --deadline"
            )
        return max(self._next_probe - now, 0.0)

    def record_sent(self) -> bool:
        """Record that a request is sent; return whether it is a probe, whose end `record_probe_end` must report."""
        self._probing = self.active
        return self._probing

    def record_probe_end(self) -> None:
        """Record that a probe has ended, with any result."""
        self._probing = False

    @contextmanager
    def record_outcome(self, *, first: bool) -> Iterator[None]:
        """Record the outcome of the request that is sent in this block.

        Args:
            first: no earlier request of the same call has failed.
        """
        try:
            yield
        except TransientError as error:
            if error.rate_limited:
                self._record_response()
            elif self.is_known or not isinstance(error, NoCompletionError):  # else `Unanimity` counts them
                self._record_failure(error, first=first)
            raise
        except BackendError:
            self._record_response()
            raise
        else:
            self._record_response()

    def _record_response(self) -> None:
        self._has_responded = True
        self._failures = self._failed_calls = 0
        if self._since is not None:
            _log.warning("%s is responding again after %.0f s", self._where, self._clock() - self._since)
            self._since = None

    def _record_failure(self, error: TransientError, *, first: bool) -> None:
        self._last = str(error)
        self._failures += 1
        self._failed_calls += first
        now = self._clock()
        if self._since is not None:
            if self._probing:
                self._interval = min(2 * self._interval, LONGEST_INTERVAL)
                self._next_probe = now + self._interval
        elif (
            self.enabled
            and (self._has_responded or not isinstance(error, UnreachableError))
            and self._failures >= MIN_FAILURES
            and self._failed_calls >= (self._min_calls if self.is_known else MIN_CALLS)
        ):
            self._since, self._interval, self._next_probe = now, FIRST_INTERVAL, now + FIRST_INTERVAL
            _log.warning(
                "%s is down: %d consecutive requests failed (%s); probing until it responds",
                *(self._where, self._failures, self._last),
            )
