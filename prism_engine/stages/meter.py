"""Counters of one stage: calls, cache hits, tokens and busy time."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from prism_engine.backends.load import Load
from prism_engine.records import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from prism_engine.records import Completion


MIN_RATE_SECONDS = 1.0
"""Shortest time from which a rate is computed: a few answers that arrive together would give thousands per second."""
LARGEST_COUNT = 10**7
"""Tokens of one reply beyond which a report is implausible: it is counted in `implausible`, and not shown as tokens.
What it costs is up to the ledger, which believes it."""
LARGEST_RATE = 10**7
"""Tokens per second beyond which a rate is not shown."""


@dataclass
class Meter:
    """Counters of one stage. All counts are for this run only."""

    hits: int = 0
    """Completions served from the cache, including those made by another process."""
    shared: int = 0
    """Requests that joined an identical call in this process instead of making their own."""
    calls: int = 0
    """Calls that a backend answered, with usable output or without."""
    failed: int = 0
    """Calls without usable output."""
    in_flight: int = 0
    """Calls currently at a backend, sent or waiting for a limit."""
    joined: int = 0
    """Requests currently waiting for an identical call of another request."""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    implausible: int = 0
    """Replies, including cached ones, that report impossible numbers of tokens."""
    truncated: int = 0
    """Completions, including cached ones, that were cut off at the output limit."""
    saved_tokens: int = 0
    """Prompt and completion tokens saved by cache hits."""
    load: Callable[[], Load] = field(default=Load, repr=False)
    """Returns what the backend's next call is waiting for; call it in the event loop."""
    whole: Meter | None = field(default=None, repr=False)
    """The meter that counts this stage for multiple runs together."""
    clock: Callable[[], float] = field(default=time.monotonic, repr=False)
    _busy: float = field(default=0.0, repr=False)
    _since: float = field(default=0.0, repr=False)
    _first: tuple[float, int, int] | None = field(default=None, repr=False)
    """Busy seconds, calls and completion tokens at the time of the first answer."""

    @property
    def busy_seconds(self) -> float:
        """Time during which the backend had at least one call."""
        return self._busy + (self.clock() - self._since if self.in_flight else 0.0)

    @property
    def calls_per_second(self) -> float | None:
        """Calls answered per busy second since the first answer, so that a model's start-up does not count.

        None until there is at least `MIN_RATE_SECONDS` to measure.
        """
        return None if self._first is None else self._rate(self.calls - self._first[1])

    @property
    def tokens_per_second(self) -> float | None:
        """Completion tokens per busy second since the first answer; None if the replies report an absurd number."""
        rate = None if self._first is None else self._rate(self.completion_tokens - self._first[2])
        return None if rate is not None and rate > LARGEST_RATE else rate

    @property
    def tokens_are_absurd(self) -> bool:
        """Whether the replies report more tokens than can be true, so that their numbers must not be trusted."""
        rate = None if self._first is None else self._rate(self.completion_tokens - self._first[2])
        return self.implausible > 0 or (rate is not None and rate > LARGEST_RATE)

    def _rate(self, count: int) -> float | None:
        assert self._first is not None
        seconds = self.busy_seconds - self._first[0]
        return count / seconds if seconds >= MIN_RATE_SECONDS and count > 0 else None

    def snapshot(self) -> dict[str, Any]:
        """Return the numbers for a log or another process, as plain values; call it in the event loop."""
        load = self.load()
        return {
            "cached": self.hits,
            "shared": self.shared,
            "calls": self.calls,
            "failed": self.failed,
            "in_flight": self.in_flight,
            "completion_tokens": self.completion_tokens,
            **({"implausible_usage": self.implausible} if self.implausible else {}),
            "calls_per_second": _rounded(self.calls_per_second),
            "tokens_per_second": _rounded(self.tokens_per_second),
            "waiting_for": load.waiting_for,
            **({"waiting_note": load.note} if load.note else {}),
            "limits": {name: {"used": use.used, "limit": use.limit} for name, use in load.limits.items()},
        }

    @contextmanager
    def flying(self) -> Iterator[None]:
        """Count one call as in flight."""
        self._begin()
        try:
            yield
        finally:
            self._end()

    @contextmanager
    def joining(self) -> Iterator[None]:
        """Count one request as waiting for an identical call of another request."""
        self.joined += 1
        try:
            yield
        finally:
            self.joined -= 1

    def count_hit(self, completion: Completion) -> None:
        """Count a completion from the cache."""
        if self.whole is not None:
            self.whole.count_hit(completion)
        self.hits += 1
        self.truncated += completion.outcome is Outcome.TRUNCATED
        self.saved_tokens += sum(self._plausible(completion))

    def count_shared(self, completion: Completion) -> None:
        """Count a completion shared with another request."""
        if self.whole is not None:
            self.whole.count_shared(completion)
        self.shared += 1
        self.truncated += completion.outcome is Outcome.TRUNCATED

    def count_call(self, completion: Completion) -> None:
        """Count a completion from a backend."""
        if self.whole is not None:
            self.whole.count_call(completion)
        self.calls += 1
        self.truncated += completion.outcome is Outcome.TRUNCATED
        self.failed += not completion.outcome.reusable
        prompt, output = self._plausible(completion)
        self.prompt_tokens += prompt
        self.completion_tokens += output
        if self._first is None:
            self._first = self.busy_seconds, self.calls, self.completion_tokens

    def _plausible(self, completion: Completion) -> tuple[int, int]:
        """Return the reported prompt and completion tokens, or zeros (and count that) if they cannot be true."""
        counts = completion.usage.prompt_tokens or 0, completion.usage.completion_tokens or 0
        if all(0 <= count <= LARGEST_COUNT for count in counts):
            return counts
        self.implausible += 1
        return 0, 0

    def _begin(self) -> None:
        if self.whole is not None:
            self.whole._begin()  # noqa: SLF001 - same class
        if self.in_flight == 0:
            self._since = self.clock()
        self.in_flight += 1

    def _end(self) -> None:
        if self.whole is not None:
            self.whole._end()  # noqa: SLF001 - same class
        self.in_flight -= 1
        if self.in_flight == 0:
            self._busy += self.clock() - self._since


def _rounded(rate: float | None) -> float | None:
    return None if rate is None else round(rate, 2)
