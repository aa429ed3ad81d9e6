"""Leave to send one request, given by the limiter: what became of the request is told to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prism_engine.backends.limits.expectation import Tokens
    from prism_engine.backends.limits.limiter import Limiter
    from prism_engine.backends.limits.pacer import Outlay
    from prism_engine.backends.limits.shared_quota import Leased


class Slot:
    """Leave to send one request now, and how to tell what became of it.

    A slot that ends untold counts its worst case for the whole window: a failed request may have been billed.
    """

    def __init__(self, limiter: Limiter, worst: Tokens, outlay: Outlay, leased: Leased) -> None:
        self.worst = worst
        self.outlay = outlay
        self.leased = leased
        self._limiter = limiter

    def heard(self, headers: Mapping[str, str]) -> None:
        """Hand over the headers of the answer, whatever its status: they may say what the server still allows."""
        self._limiter.heard(self, headers)

    def answered(self, used: Tokens | None = None) -> None:
        """Say that an answer came, and what it used where that is known: the rest is free again at once."""
        self._limiter.answered(self, used)

    def refused(self) -> None:
        """Say that the server refused it for a rate limit (HTTP 429); it used no tokens then."""
        self._limiter.refused(self)
