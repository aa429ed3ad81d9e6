"""A call that the model has answered before, with which an outage is probed instead of a call that has only failed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from prism_engine.records import Call

PROBE_TOKENS = 16
"""Output limit of a stand-in: only whether it is answered matters."""


class _Size(NamedTuple):
    pictures: int
    bytes: int
    messages: int


class StandIn:
    """Remembers the smallest call that was answered.

    If the last calls of a run always fail, probing with them would make an outage out of them. A probe with a call that
    has been answered shows which of the two it is, at the cost of one short reply.
    """

    def __init__(self) -> None:
        self._call: Call | None = None
        self._size = _Size(0, 0, 0)

    def record(self, call: Call) -> None:
        """Record that a call was answered."""
        size = _size(call)
        if self._call is None or size < self._size:
            self._call, self._size = call, size

    def instead_of(self, call: Call) -> Call | None:
        """Return a call that is known to work and costs no more than `call`; None if there is none."""
        if self._call is None:
            return None
        sampling = self._call.sampling
        tokens = min(PROBE_TOKENS, sampling.max_tokens, call.sampling.max_tokens)
        size = _size(call)
        # The request is paid from the reservation of `call`: a longer prompt (a token has at least a byte) must be made
        # up for by a shorter reply, and no provider charges less for a token of output than for one of input.
        longest = size.bytes + call.sampling.max_tokens - tokens
        if self._size.pictures > size.pictures or self._size.messages > size.messages or self._size.bytes > longest:
            return None
        return replace(self._call, sampling=replace(sampling, max_tokens=tokens))


def _size(call: Call) -> _Size:
    return _Size(len(call.images), call.text_bytes, len(call.messages))
