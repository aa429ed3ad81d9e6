"""What `Perception` and `Reasoning` share: a session, and failures that are raised, never returned as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prism_engine.api.objects.session import Closing, Picture, Session
from prism_engine.errors import NotRunError, OutcomeError, UserError
from prism_engine.records import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from prism_engine.api.objects.session import Connected
    from prism_engine.records import Completion, Sample, SampleResult
    from prism_engine.stages.answering import Answering

Given = Picture | list[Picture] | tuple[Picture, ...]
"""One picture, or several in their order."""


class Module(Closing):
    """A model with a session, its own one where none is given: that one is closed with it."""

    def __init__(self, session: Session | None) -> None:
        self._is_own = session is None
        self.session = Session() if session is None else session

    def close(self) -> None:
        """Stop what was started; a session that was given goes on. Idempotent."""
        if self._is_own:
            self.session.close()

    async def aclose(self) -> None:
        """Do the same without holding up the caller's event loop."""
        if self._is_own:
            await self.session.aclose()


async def answered(answering: Answering, sample: Sample, description: str | None, one: Connected) -> Completion:
    """Return a reply with a text.

    Raises:
        PrismError: what kept it from having one.
    """
    forget_failures([one])
    try:
        reply = await answering.answer(sample, description)
    except NotRunError:
        if one.unusable is not None:
            raise one.unusable from None
        raise
    if not reply.usable:
        raise OutcomeError(f"answer by {one.identity.name}: {_reason_of(reply)}", outcome=reply.outcome.value)
    return reply


def succeeded(result: SampleResult, connected: Iterable[Connected]) -> SampleResult:
    """Return a result that has a description.

    Raises:
        PrismError: what kept it from having one.
    """
    if result.failure is None:
        return result
    if result.trouble is not None:
        raise result.trouble
    calls = [call for call in (result.written, *result.descriptions) if call is not None]
    if (failed := next((call for call in calls if not call.usable), None)) is not None:
        raise OutcomeError(result.failure, outcome=failed.outcome.value)
    if result.written is not None and result.contents is None:
        raise OutcomeError(result.failure, outcome=Outcome.EMPTY.value)
    for one in connected:
        if one.unusable is not None:
            raise one.unusable
    raise NotRunError(result.failure)


def _reason_of(reply: Completion) -> str:
    why = reply.detail or (reply.finish_reason if not reply.outcome.reusable else "no text yet")
    return reply.outcome.value + (f": {why}" if why else "")


def forget_failures(connected: Sequence[Connected]) -> None:
    """Ask again for what failed before: here nobody else would."""
    for one in connected:
        one.model.forget_failures()


def require(text: object, otherwise: str) -> None:
    """Make sure that there is a text.

    Raises:
        UserError: there is none; `otherwise` says what is missing.
    """
    if not isinstance(text, str) or not text.strip():
        raise UserError(otherwise)
