"""What the outcomes of all calls so far say about an endpoint: down, rejecting everything, or in order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from prism_engine.backends.chat.reply import NO_CHOICES
from prism_engine.backends.chat.retry import PATIENCE
from prism_engine.backends.chat.stand_in import StandIn
from prism_engine.backends.limits.outage import Outage
from prism_engine.backends.limits.unanimity import Unanimity
from prism_engine.errors import BackendError, DeadError, NoCompletionError, RejectedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from prism_engine.errors import TransientError
    from prism_engine.records import Call, Completion

MOST_STARVED = 3
"""Calls in a row that a rate limit refuses for all of `PATIENCE`, with no answer to any call meanwhile, after which an
endpoint that answered before counts as used up."""


@dataclass
class CallState:
    """What is known about a call while it is made."""

    call: Call
    is_new: bool
    """Whether it has not been given up before."""
    answers_before: int
    refusals: int = 0
    """Rate-limit errors of this call."""
    refusals_before: int = 0
    """Rate-limit errors of other calls before its first one."""
    answers_at_refusal: int = 0
    """Answers to other calls before its first rate-limit error."""
    probes_itself: bool = False
    """Whether the present attempt probes an outage with this call, although it has only failed so far."""


class Health:
    """Collects the outcomes of an endpoint's calls. Never waits.

    Args:
        where: the endpoint, for messages.
        clock: in seconds.
        patience, concurrency: as for `Outage`.
    """

    def __init__(self, where: str, clock: Callable[[], float], *, patience: float | None, concurrency: int) -> None:
        self._where = where
        self.outage = Outage(where, clock, patience=patience, concurrency=concurrency)
        self.unanimity = Unanimity(where)
        self._stand_in = StandIn()
        self._gave_up: set[int] = set()
        self._answers = self._starved = self._refusals = 0

    @property
    def has_answered(self) -> bool:
        """Whether a call was answered, now or in an earlier run."""
        return self.unanimity.answered

    def begin(self, call: Call) -> CallState:
        """Return the state of a call that is about to be made."""
        is_new = not self._gave_up or hash(call) not in self._gave_up  # hashing reads the whole prompt
        return CallState(call, is_new, self._answers)

    def stand_in(self, state: CallState, *, first: bool) -> Call | None:
        """Return the call to probe an outage with instead of this one, which must be told of it; None sends this one.

        A call that has only failed so far cannot tell an outage from a prompt that always fails.

        Args:
            first: the call has not failed yet.
        """
        found = None if first else self._stand_in.instead_of(state.call)
        state.probes_itself = not first and found is None
        return found

    def excuses(self, state: CallState) -> bool:
        """Whether the call's last attempt failed because the endpoint is down."""
        return self.outage.active and not (self.outage.is_known and state.probes_itself)

    def refused_alone(self, state: CallState) -> bool:
        """Record a rate-limit error; return whether only this call gets them while others are answered."""
        if not state.refusals:
            state.refusals_before, state.answers_at_refusal = self._refusals, self._answers
        state.refusals += 1
        self._refusals += 1
        return self._answers > state.answers_at_refusal and self._refusals - state.refusals == state.refusals_before

    def remember(self, call: Call) -> None:
        """Record that a call was answered in an earlier run."""
        self._stand_in.record(call)
        self.unanimity.record_earlier_answer()
        self.outage.record_earlier_answer()

    def record_completion(self, completion: Completion, call: Call) -> None:
        """Record a completion. One without choices says as little about the endpoint as a rejection."""
        if completion.finish_reason == NO_CHOICES:
            self.unanimity.record_rejection(completion.detail, hash(call.messages))
            return
        self._answers += 1
        self._starved = 0
        self.unanimity.record_answer()
        if completion.outcome.reusable:
            self._stand_in.record(call)

    def record_error(self, error: BackendError, call: Call) -> None:
        """Record what a response was, if it was no completion."""
        if isinstance(error, RejectedError):
            self.unanimity.record_rejection(str(error), hash(call.messages))
        elif isinstance(error, NoCompletionError) and not self.has_answered:  # later, it is an outage
            self.unanimity.record_rejection(str(error), object())  # no matter for which call

    def raise_if_hopeless(self, in_flight: int) -> None:
        """Raise the error of an endpoint that rejects everything, once no request is in flight that could disprove it.

        Raises:
            DeadError: it does.
        """
        if self.unanimity.suspicious and not in_flight:
            raise self.unanimity.verdict() from None

    def give_up(self, state: CallState, error: TransientError) -> DeadError | None:
        """Record that a call has used up its attempts; return the error of the endpoint if that is the reason."""
        self._gave_up.add(hash(state.call))
        if not error.rate_limited or state.answers_before != self._answers:
            return None
        self._starved += 1
        if self._starved < MOST_STARVED and self.has_answered:
            return None
        return DeadError(
            f"{self._where} has refused every request for {PATIENCE / 60:.0f} minutes: check the account's limits, and "
            f"run the same command again later ({error})"
        )
