"""What one stage did: calls, hits, tokens, and the time it was busy."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from prism_engine.records import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from prism_engine.records import Completion


@dataclass
class Meter:
    """Counters of one stage. All counts are of this run only."""

    hits: int = 0
    """Completions served from the cache, another process's included."""
    shared: int = 0
    """Requests that waited for an identical call of this process instead of making their own."""
    calls: int = 0
    """Calls that a backend answered, usably or not."""
    failed: int = 0
    """Calls that gave nothing usable."""
    in_flight: int = 0
    """Calls that a backend has now, sent or waiting for a limit."""
    prompt_tokens: int = 0
    completion_tokens: int = 0
    truncated: int = 0
    """Completions, cached ones included, that were cut at the output limit."""
    saved_tokens: int = 0
    """Prompt and completion tokens that cache hits made unnecessary."""
    whole: Meter | None = field(default=None, repr=False)
    """Counts what several runs do in this stage together."""
    clock: Callable[[], float] = field(default=time.monotonic, repr=False)
    _busy: float = field(default=0.0, repr=False)
    _since: float = field(default=0.0, repr=False)

    @property
    def busy_seconds(self) -> float:
        """Time during which the backend had at least one call."""
        return self._busy + (self.clock() - self._since if self.in_flight else 0.0)

    def snapshot(self) -> dict[str, Any]:
        """Return what a log or another process wants to know, as plain values."""
        busy = self.busy_seconds
        return {
            "cached": self.hits,
            "shared": self.shared,
            "calls": self.calls,
            "failed": self.failed,
            "in_flight": self.in_flight,
            "completion_tokens": self.completion_tokens,
            "calls_per_second": round(self.calls / busy, 2) if busy else None,
            "tokens_per_second": round(self.completion_tokens / busy, 1) if busy else None,
        }

    @contextmanager
    def flying(self) -> Iterator[None]:
        """Count one call as in flight."""
        self._begin()
        try:
            yield
        finally:
            self._end()

    def count_hit(self, completion: Completion) -> None:
        """Count a completion that cost nothing."""
        if self.whole is not None:
            self.whole.count_hit(completion)
        self.hits += 1
        self.truncated += completion.outcome is Outcome.TRUNCATED
        usage = completion.usage
        self.saved_tokens += (usage.prompt_tokens or 0) + (usage.completion_tokens or 0)

    def count_shared(self, completion: Completion) -> None:
        """Count a completion that another request had asked for already."""
        if self.whole is not None:
            self.whole.count_shared(completion)
        self.shared += 1
        self.truncated += completion.outcome is Outcome.TRUNCATED

    def count_call(self, completion: Completion) -> None:
        """Count a completion that a backend gave."""
        if self.whole is not None:
            self.whole.count_call(completion)
        self.calls += 1
        self.truncated += completion.outcome is Outcome.TRUNCATED
        self.failed += not completion.outcome.reusable
        self.prompt_tokens += completion.usage.prompt_tokens or 0
        self.completion_tokens += completion.usage.completion_tokens or 0

    def _begin(self) -> None:
        if self.whole is not None:
            self.whole._begin()  # noqa: SLF001 - its own kind
        if self.in_flight == 0:
            self._since = self.clock()
        self.in_flight += 1

    def _end(self) -> None:
        if self.whole is not None:
            self.whole._end()  # noqa: SLF001 - its own kind
        self.in_flight -= 1
        if self.in_flight == 0:
            self._busy += self.clock() - self._since
