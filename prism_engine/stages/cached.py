"""A model behind the cache: looks a call up, joins an identical one in flight, or makes and stores it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from prism_engine.backends.load import Load
from prism_engine.cache import Flight, identify
from prism_engine.errors import NotRunError, PrismError, RejectedError, TransientError
from prism_engine.records import Completion, Outcome
from prism_engine.stages.meter import Meter
from prism_engine.stages.thinking import split_thinking

if TYPE_CHECKING:
    from collections.abc import Callable

    from prism_engine.backends.base import Backend
    from prism_engine.cache import Identity, Store
    from prism_engine.records import Call

CLAIM_POLL_SECONDS = 0.05
"""Polling interval, in seconds, while another process is making the same call."""
_NOT_MADE = "not in the cache, and this run makes no such call"
_STOPPING = "the call was not sent: the run is stopping"


class CachedModel:
    """Answers calls from the store, and from the backend only if the store has no completion.

    Within the process, an identical call in flight is joined, whichever run on the same store makes it; across
    processes, it is waited for. A completion is durable in the store before it is returned.

    A call whose model does not state its identity is neither looked up, joined nor stored: each one is made. Calls
    made ahead are the exception: they are made once and kept in memory, because later their engine may be gone.

    Args:
        backend: None serves from the store only.
        meter: counts the calls; None creates a new one.
    """

    def __init__(self, backend: Backend | None, store: Store, meter: Meter | None = None) -> None:
        self.meter = Meter(load=self.load) if meter is None else meter
        self.backend = backend
        self._for: CachedModel = self
        """The model that makes calls, if this one only serves what is stored."""
        self._store = store
        self._under_way = 0
        self._failed: dict[str, Completion] = {}
        self._ahead: set[str] = set()
        self._kept: dict[str, Completion] = {}
        """Completions made ahead by a model that does not state its identity, by key."""
        self._keeping: dict[str, asyncio.Lock] = {}
        self._draining = False
        self._missed = False
        """Whether the latest look-up found nothing; then the next one probably does not either."""

    def __repr__(self) -> str:
        return f"<CachedModel {self.meter.hits} hits, {self.meter.calls} calls, {self._under_way} in flight>"

    @property
    def capacity(self) -> int:
        """Number of concurrent calls that make good use of the backend."""
        return self.backend.capacity if self.backend is not None else 1

    def without_backend(self) -> CachedModel:
        """Return a model with the same store and meter that makes no calls."""
        served = CachedModel(None, self._store, self.meter)
        served._for = self
        return served

    def remember(self, call: Call) -> None:
        """Let the backend know that the call was answered before."""
        if self.backend is not None:
            self.backend.remember(call)

    def load(self) -> Load:
        """Return what the backend's next call is waiting for."""
        return self.backend.load if self.backend is not None else Load()

    def drain(self) -> None:
        """Stop making calls: cached completions are still served, anything else raises NotRunError. Idempotent."""
        self._draining = True
        if self.backend is not None:
            self.backend.drain()

    def forget_failures(self) -> None:
        """Allow permanently failed calls to be made again when they are next requested."""
        self._failed.clear()
        self._kept = {key: completion for key, completion in self._kept.items() if completion.outcome.reusable}

    async def complete(self, call: Call) -> Completion:
        """Return the call's completion; a permanently failed call has outcome `error` and the reason in `detail`.

        Raises:
            NotRunError: nothing is cached and nothing may be sent (no backend, or the run is stopping).
            DeadError: the backend can no longer answer any call.
            StoreError: the store cannot be read or written.
        """
        return await self._complete(call, ahead=False)

    async def make_ahead(self, call: Call) -> Completion:
        """Like `complete`, for a sample that is processed later; the call is counted once, as if made at that time."""
        return await self._complete(call, ahead=True)

    async def _complete(self, call: Call, *, ahead: bool) -> Completion:
        try:
            identity = identify(call)
        except RejectedError as error:  # it cannot be written as JSON, so it cannot be sent either
            return Completion(Outcome.ERROR, detail=str(error))
        if not call.model.is_stated:
            return await self._make_uncached(identity.key, call, ahead=ahead)
        key, limit = identity.key, call.sampling.max_tokens
        # One flight per key, regardless of the output limit: claims across processes are per key, too.
        while (leader := self._store.flights.get(key)) is not None:
            # Do not await the future itself: a cancelled follower must not cancel the leader.
            with self.meter.joining():
                await asyncio.wait([leader.future])
            if leader.limit == limit and not leader.future.cancelled():
                completion = leader.future.result()
                if not completion.outcome.reusable:
                    self._failed[key] = completion
                return self._counted(key, completion, self.meter.count_shared, ahead=ahead)
        if not self._looks_up_once(key, ahead=ahead) and (hit := self._look_up(key, limit)) is not None:
            self._for.remember(call)
            return self._counted(key, hit, self.meter.count_hit, ahead=ahead)
        if (failed := self._failed.get(key)) is not None:  # one attempt per run; the next run tries again
            return self._counted(key, failed, self.meter.count_shared, ahead=ahead)
        if self.backend is None:
            raise NotRunError(_NOT_MADE)
        if ahead:
            self._ahead.add(key)
        return await self._lead(identity, call, self.backend)

    def _looks_up_once(self, key: str, *, ahead: bool) -> bool:
        """Whether to claim a call before it is looked up, because it will probably have to be made.

        The look-up under the claim is the one that decides in any case; the one before it saves the claim.
        """
        may_be_made = self.backend is not None and not self._draining and key not in self._failed
        return self._missed and may_be_made and not ahead

    def _look_up(self, key: str, limit: int) -> Completion | None:
        hit = self._store.get(key, limit)
        self._missed = hit is None
        return hit

    def _counted(
        self, key: str, completion: Completion, count: Callable[[Completion], None], *, ahead: bool
    ) -> Completion:
        """Count a free completion, unless this run itself made the call ahead: then it is already counted."""
        if ahead:
            return completion
        if key in self._ahead:
            self._ahead.discard(key)
            return replace(completion, fresh=True)
        count(completion)
        return completion

    async def _lead(self, identity: Identity, call: Call, backend: Backend) -> Completion:
        """Make the call; requests for the same call join it meanwhile."""
        key = identity.key
        future: asyncio.Future[Completion] = asyncio.get_running_loop().create_future()
        self._store.flights[key] = Flight(call.sampling.max_tokens, future)
        self._under_way += 1
        try:
            completion = await self._make(identity, call, backend)
        except asyncio.CancelledError:
            future.cancel()
            raise
        except PrismError as error:
            future.set_exception(error)
            future.exception()  # mark it as retrieved: there may be no follower that does
            raise
        else:
            future.set_result(completion)
            return completion
        finally:
            future.cancel()  # takes effect only if nothing was set: a bug must not leave followers waiting
            del self._store.flights[key]
            self._under_way -= 1

    async def _make(self, identity: Identity, call: Call, backend: Backend) -> Completion:
        key, limit = identity.key, call.sampling.max_tokens
        while self._draining or not self._store.try_claim(key):
            if self._draining:
                raise NotRunError(_STOPPING)
            await asyncio.sleep(CLAIM_POLL_SECONDS)
        try:
            # The previous holder of the claim may have finished between our look-up, if there was one, and our claim.
            if (hit := self._look_up(key, limit)) is not None:
                self._for.remember(call)
                self.meter.count_hit(hit)
                return hit
            completion = await self._ask(backend, call, key)
            if not completion.outcome.reusable:
                self._failed[key] = completion
            await self._store.put(call, completion, identity)
            return completion
        finally:
            self._store.release(key)

    async def _make_uncached(self, key: str, call: Call, *, ahead: bool) -> Completion:
        """Make a call of a model that does not state its identity, unless it was made ahead."""
        if (kept := self._kept.get(key)) is not None:
            return self._counted(key, kept, self.meter.count_shared, ahead=ahead)
        if not ahead:
            return await self._send(call)
        async with self._keeping.setdefault(key, asyncio.Lock()):
            if key not in self._kept:
                self._kept[key] = await self._send(call)
                self._ahead.add(key)
            return self._kept[key]

    async def _send(self, call: Call) -> Completion:
        if self.backend is None:
            raise NotRunError(_NOT_MADE)
        if self._draining:
            raise NotRunError(_STOPPING)
        return await self._ask(self.backend, call, "")

    async def _ask(self, backend: Backend, call: Call, key: str) -> Completion:
        """Send the call to the backend and count it."""
        with self.meter.flying():
            try:
                completion = split_thinking(await backend.generate(call))
            except (RejectedError, TransientError) as error:
                completion = Completion(Outcome.ERROR, detail=str(error))
        completion = replace(completion, fresh=True, key=key)
        self.meter.count_call(completion)
        return completion
