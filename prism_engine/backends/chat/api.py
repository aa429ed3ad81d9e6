"""A model behind an OpenAI-compatible chat-completions endpoint."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from prism_engine.backends.base import Backend
from prism_engine.backends.chat.credentials import Credentials
from prism_engine.backends.chat.health import Health
from prism_engine.backends.chat.paying import Payment
from prism_engine.backends.chat.refusal import OUTPUT_LIMITS, Endpoint, UnsupportedFieldError, read_refusal
from prism_engine.backends.chat.reply import model_ids, read_reply
from prism_engine.backends.chat.request import estimated_tokens, request_body
from prism_engine.backends.chat.retry import PATIENCE, retried
from prism_engine.backends.chat.transport import Transport
from prism_engine.backends.limits.expectation import Tokens
from prism_engine.backends.limits.limiter import SLACK, Limiter
from prism_engine.backends.limits.request_rate import per_minute
from prism_engine.backends.limits.shared_quota import SharedQuota
from prism_engine.backends.load import Load, WaitReason
from prism_engine.config.endpoint_url import is_azure_deployment, joined
from prism_engine.errors import (
    BackendError,
    DeadError,
    NoCompletionError,
    NotRunError,
    RejectedError,
    TransientError,
    UnreachableError,
)
from prism_engine.http import shown_url

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from prism_engine.backends.chat.health import CallState
    from prism_engine.backends.chat.paying import Sending, SupportsReserve
    from prism_engine.backends.chat.transport import Answer
    from prism_engine.backends.limits.limiter import Slot
    from prism_engine.config import ApiModel, Limits
    from prism_engine.records import Call, Completion, Usage

UNREACHABLE_CALLS = 3
"""Consecutive calls that exhaust their attempts without a connection, after which a server that has responded before
counts as dead. Used only when outages are not waited out."""
LATER_ATTEMPTS = 2
"""Maximum requests of a call that has been given up before in the same run."""
PROBE_TIMEOUT = 10.0
"""Timeout of `probe` in seconds."""
BUDGET_WAIT = 0.25
"""Seconds after which a call without a reservation counts as waiting for the budget, not just for the ledger's disk."""

_log = logging.getLogger(__name__)


class ChatApi(Backend):
    """Sends calls to `/chat/completions` within the limits of the spec, with retries.

    Args:
        spec: the model's registry entry.
        credentials: what requests are sent with, redacted from all responses; a text is a bearer token. None sends no
            key.
        base_url: overrides the spec's.
        start: starts the server of this model and returns its base URL. Awaited once, before the first request; its
            errors are raised by every call.
        budget: pays for every request; None if there is no budget.
        quotas: the file by which processes with the same key share its limits; None shares nothing.
    """

    def __init__(
        self,
        spec: ApiModel,
        credentials: Credentials | str | None,
        *,
        base_url: str | None = None,
        start: Callable[[], Awaitable[str]] | None = None,
        budget: SupportsReserve | None = None,
        quotas: Path | None = None,
    ) -> None:
        self._spec = spec
        self._budget = budget
        self._base_url = (base_url or spec.base_url).rstrip("/")
        self._start = start
        self._starting: asyncio.Future[str] | None = None
        if not isinstance(credentials, Credentials):
            credentials = Credentials.of_key(credentials)
        self._transport = Transport(credentials)
        self._quota = None
        if quotas is not None and credentials.secrets:
            secret = f"{self._base_url} {spec.model} {credentials.account}"
            self._quota = SharedQuota(quotas, secret, per_minute(spec.limits), window=60 * SLACK, clock=_time)
        # A server that we started is restarted instead when it fails.
        patience = spec.outage_patience if start is None else 0.0
        health = Health(shown_url(self._base_url), _time, patience=patience, concurrency=self.capacity)
        self._health = health
        self._limiter = Limiter(spec.limits, shared=self._quota, outage=health.outage, unanimity=health.unanimity)
        self._learned: dict[str, str] = {}
        self._unreserved: dict[Payment, float] = {}
        self._endpoints: dict[tuple[str, bool], Endpoint] = {}
        self._dead: DeadError | None = None
        self._has_responded = False
        self._unreachable = 0

    def __repr__(self) -> str:
        state = "dead" if self._dead else "alive"
        return f"<ChatApi {self._spec.model} at {shown_url(self._base_url)}, {state}, {self._limiter!r}>"

    @property
    def capacity(self) -> int:
        """Maximum number of requests in flight."""
        return self._spec.limits.concurrency

    @property
    def load(self) -> Load:
        """What the next call waits for. Empty outside of the event loop, where no call can be in flight."""
        try:
            load = replace(self._limiter.load, learned=self._learned)
        except RuntimeError:
            return Load(learned=self._learned)
        since = next(iter(self._unreserved.values()), None)
        if load.waiting_for is None and since is not None and _time() - since > BUDGET_WAIT:
            note = "" if self._budget is None else self._budget.why_waiting
            return replace(load, waiting_for=WaitReason.BUDGET, note=note)
        return load

    async def generate(self, call: Call) -> Completion:
        """Answer one call; see `Backend.generate`.

        A call that is waiting for a retry when `drain` is called raises NotRunError, too: its failed attempts produced
        nothing, so a later run repeats it. After a DeadError, every later call raises it as well.
        """
        if self._dead is not None:
            raise DeadError(str(self._dead))
        state = self._health.begin(call)
        try:
            if self._start is not None:
                self._base_url = await self._limiter.unless_closed(self._started, self._start)
            return await self._retried(state)
        except NotRunError:
            if self._dead is not None:
                raise DeadError(str(self._dead)) from None
            raise
        except UnreachableError as error:
            self._health.give_up(state, error)
            self._unreachable += 1
            if self._has_responded and (self._health.outage.enabled or self._unreachable < UNREACHABLE_CALLS):
                raise
            raise self._mark_dead(
                DeadError(f"server down: nothing answers at {shown_url(self._base_url)} ({error})")
            ) from None
        except TransientError as error:
            if (dead := self._health.give_up(state, error)) is not None:
                raise self._mark_dead(dead) from None
            raise
        except DeadError as error:
            self._mark_dead(error)
            raise

    def remember(self, call: Call) -> None:
        """Take note of an answer from the cache; see `Backend.remember`."""
        self._health.remember(call)

    @property
    def limits(self) -> Limits:
        """The rate limits in force."""
        return self._spec.limits

    def change_limits(self, limits: Limits) -> None:
        """Keep other rate limits from now on; see `Backend.change_limits`."""
        self._spec = self._spec.model_copy(update={"limits": limits})
        self._limiter.change_limits(limits)
        self._health.outage.set_concurrency(limits.concurrency)

    def hold(self, *, on: bool) -> None:
        """Send none of the calls that wait for the limits; see `Backend.hold`."""
        self._limiter.hold(on=on)

    def drain(self) -> None:
        """Send nothing more; see `Backend.drain`."""
        self._limiter.close()

    async def aclose(self) -> None:
        """Close the connections, and stop waiting for a server that `start` is still starting."""
        self._limiter.close()
        if self._quota is not None:
            self._quota.close()
        if self._starting is not None:
            self._starting.cancel()
            await asyncio.gather(self._starting, return_exceptions=True)
        await self._transport.aclose()

    async def models(self) -> list[str]:
        """Return the ids of the models that the endpoint offers; one request, not subject to the limits.

        Raises:
            BackendError: it returned no such list; the subclass says why.
        """
        response = await self._exchange("GET", "/models", None, PROBE_TIMEOUT)
        if response.ok:
            return model_ids(response.body)
        if response.status == 404 and is_azure_deployment(self._base_url):
            raise RejectedError("responds; a deployment on Azure does not list its model")
        refusal = read_refusal(*response, self._endpoint())
        raise RejectedError(refusal.detail)

    async def _retried(self, state: CallState) -> Completion:
        """Make a call with retries, and again if the endpoint asks for another name of the output limit."""
        while True:
            try:
                return await retried(
                    partial(self._attempt, state),
                    attempts=self._spec.attempts if state.is_new else min(self._spec.attempts, LATER_ATTEMPTS),
                    sleep=self._sleep,
                    excused=partial(self._health.excuses, state),
                    refused_alone=partial(self._health.refused_alone, state),
                    patience=PATIENCE if state.is_new else 0.0,
                )
            except UnsupportedFieldError as error:
                if not self._learns(error.field):
                    raise

    def _learns(self, refused: str) -> bool:
        """Use the other name of the output limit if this one is refused; return whether to send the call again."""
        if refused not in OUTPUT_LIMITS:
            return False
        if refused == self._spec.max_tokens_field:
            if self._learned:
                return False  # both were refused
            other = OUTPUT_LIMITS[1 - OUTPUT_LIMITS.index(refused)]
            self._spec = self._spec.model_copy(update={"max_tokens_field": other})
            self._learned["max_tokens_field"] = other
            _log.warning(
                "%s refuses %s for %r: using `max_tokens_field: %s`; set that in its registry entry",
                *(shown_url(self._base_url), refused, self._spec.model, other),
            )
        return True

    async def _attempt(self, state: CallState, number: int) -> Completion:
        first = number == 1 and state.is_new
        worst = estimated_tokens(state.call)
        try:
            while True:
                state.probes_itself = False
                async with (
                    Payment(self._budget, state.call, self._limiter, self._unreserved, _time) as sending,
                    self._limiter.slot(worst, is_retry=not first) as slot,
                ):
                    stand_in = self._health.stand_in(state, first=first) if slot.is_probe else None
                    with suppress(*(() if stand_in is None else (RejectedError,))):  # any response ends the outage
                        completion = await self._send(stand_in or state.call, sending, slot, number, first=first)
                self._health.raise_if_hopeless(self._limiter.in_flight)
                if stand_in is None:
                    return completion
        except (RejectedError, NoCompletionError):
            self._health.raise_if_hopeless(self._limiter.in_flight)
            raise

    async def _send(self, call: Call, sending: Sending, slot: Slot, number: int, *, first: bool) -> Completion:
        """Send one request in its slot, and record its outcome."""
        if call.images:
            body = await asyncio.to_thread(request_body, call, self._spec)
        else:
            body = request_body(call, self._spec)
        with self._health.outage.record_outcome(first=first):
            sent = _time()
            sending.sent = True
            response = await self._exchange("POST", "/chat/completions", body, self._spec.timeout)
            sending.status = response.status
            slot.record_headers(response.headers)
            seconds = _time() - sent
            completion = self._read(response, slot, sending, call)
        sending.usage = completion.usage
        slot.record_success(_used(completion.usage))
        self._health.record_completion(completion, call)
        return replace(completion, seconds=seconds, attempts=number)

    async def _exchange(self, method: str, path: str, body: bytes | None, seconds: float) -> Answer:
        response = await self._transport.exchange(method, joined(self._base_url, path), body=body, seconds=seconds)
        self._has_responded, self._unreachable = True, 0
        return response

    def _read(self, response: Answer, slot: Slot, sending: Sending, call: Call) -> Completion:
        endpoint = self._endpoint()
        try:
            if response.ok:
                return read_reply(response.body, response.headers, endpoint, from_reasoning=self._spec.read_reasoning)
            return read_refusal(*response, endpoint)
        except BackendError as error:
            self._health.record_error(error, call)
            if not isinstance(error, TransientError):
                slot.record_rejection()
                sending.refused = True
            elif error.rate_limited:
                error.retry_after = slot.record_rate_limit(error.retry_after)
                sending.refused = True
            elif error.retry_after is not None:
                self._limiter.pause(error.retry_after)
            raise

    async def _started(self, start: Callable[[], Awaitable[str]]) -> str:
        if self._starting is None:
            self._starting = asyncio.ensure_future(start())
        return await asyncio.shield(self._starting)  # one caller's cancellation must not affect the others

    async def _sleep(self, seconds: float) -> None:
        await self._limiter.unless_closed(asyncio.sleep, seconds)

    def _mark_dead(self, error: DeadError) -> DeadError:
        self._dead = error
        self._limiter.close()
        return error

    def _endpoint(self) -> Endpoint:
        key = self._base_url, self._health.has_answered
        if key not in self._endpoints:
            self._endpoints[key] = self._described()
        return self._endpoints[key]

    def _described(self) -> Endpoint:
        spec = self._spec
        return Endpoint(
            shown_url(self._base_url),
            spec.model,
            spec.key_variable,
            answered=self._health.has_answered,
            extra_fields=frozenset(map(str, spec.extra_body)),
            reasoning_fields=frozenset(map(str, spec.request_fields)) - frozenset(map(str, spec.extra_body)),
            wants_key_header=is_azure_deployment(self._base_url) and spec.api_key_env is not None,
        )


def _time() -> float:
    return asyncio.get_running_loop().time()  # the machine's monotonic clock


def _used(usage: Usage) -> Tokens | None:
    prompt, output = usage.prompt_tokens, usage.completion_tokens
    return None if prompt is None or output is None else Tokens(prompt, output)


async def probe(spec: ApiModel, credentials: Credentials) -> list[str]:
    """Return the ids of the models that an endpoint offers. Costs nothing.

    Raises:
        BackendError: it cannot be reached, refuses the key, or offers no such list.
    """
    api = ChatApi(spec, credentials)
    try:
        return await api.models()
    finally:
        await api.aclose()
