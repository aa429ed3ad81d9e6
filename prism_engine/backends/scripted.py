"""A backend that answers from a script, for tests, demos and dry runs without a GPU or an API key."""

from __future__ import annotations

import asyncio
import hashlib
import inspect
from typing import TYPE_CHECKING

import orjson

from prism_engine.backends.base import Backend
from prism_engine.backends.identity_facts import as_json, digest
from prism_engine.backends.limits.gate import Gate
from prism_engine.errors import RejectedError
from prism_engine.records import Completion, Image, Outcome, Usage

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from prism_engine.config import ScriptedModel
    from prism_engine.records import Call


def identity_facts(spec: ScriptedModel, _cache_dir: Path) -> dict[str, str]:
    """Return what the replies depend on; see `factory.BackendModule`."""
    return {"via": "script", "replies": digest(as_json(spec.replies)), "failure_rate": str(spec.failure_rate)}


def build(_name: str, spec: ScriptedModel, _cache_dir: Path, _budget: object) -> Backend:
    """Return the backend; see `factory.BackendModule`."""
    return Scripted(spec)


class Scripted(Backend):
    """Answers with one of the spec's replies, chosen by a hash of the call's messages.

    Args:
        spec: replies, delay, share of failures and concurrency limit.
        reply: replaces the spec's replies and failures. It may raise, and it may be asynchronous: waiting for an event
            that is never set simulates a model that hangs.

    Attributes:
        calls: number of calls started.
        in_flight: number of calls started and not ended.
        most_in_flight: largest number of calls in flight at the same time.
        closed: whether `aclose` was called.
    """

    def __init__(
        self, spec: ScriptedModel, *, reply: Callable[[Call], Completion | Awaitable[Completion]] | None = None
    ) -> None:
        self._spec = spec
        self._reply = reply or self._scripted
        self._gate = Gate(spec.concurrency)
        self.calls = 0
        self.in_flight = 0
        self.most_in_flight = 0
        self.closed = False

    def __repr__(self) -> str:
        return f"<Scripted {self.calls} calls, {self.in_flight} in flight, {self._gate!r}>"

    @property
    def capacity(self) -> int:
        """Maximum number of calls in flight."""
        return self._spec.concurrency

    async def generate(self, call: Call) -> Completion:
        """Answer one call; see `Backend.generate`."""
        async with self._gate:
            self.calls += 1
            self.in_flight += 1
            self.most_in_flight = max(self.most_in_flight, self.in_flight)
            try:
                await asyncio.sleep(self._spec.delay)
                answer = self._reply(call)
                return await answer if inspect.isawaitable(answer) else answer
            finally:
                self.in_flight -= 1

    def hold(self, *, on: bool) -> None:
        """Start no call that waits; see `Backend.hold`."""
        self._gate.hold(on=on)

    def drain(self) -> None:
        """Start no more calls; see `Backend.drain`."""
        self._gate.close()

    async def aclose(self) -> None:
        """Accept no more calls; there is nothing to stop."""
        self._gate.close()
        self.closed = True

    def _scripted(self, call: Call) -> Completion:
        words = [
            [message.role, *(part.digest if isinstance(part, Image) else part for part in message.parts)]
            for message in call.messages
        ]
        prompt = orjson.dumps(words)
        digest = hashlib.sha256(prompt).digest()
        if int.from_bytes(digest[8:16]) < self._spec.failure_rate * 2**64:
            raise RejectedError("the script makes this call fail")
        text = self._spec.replies[int.from_bytes(digest[:8]) % len(self._spec.replies)]
        return Completion(
            Outcome.EMPTY if not text.strip() else Outcome.OK,
            text,
            finish_reason="stop",
            usage=Usage(prompt_tokens=len(prompt) // 4, completion_tokens=len(text.split())),
            model="scripted",
            seconds=self._spec.delay,
        )
