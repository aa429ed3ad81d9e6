"""One model behind the cache: look up, join an identical call, or make it and make it durable."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

from prism_engine.backends.load import Load
from prism_engine.cache import Flight, identify
from prism_engine.errors import NotRunError, PrismError, RejectedError, TransientError
from prism_engine.records import Completion, Outcome
from prism_engine.stages.meter import Meter

if TYPE_CHECKING:
    from collections.abc import Callable

    from prism_engine.backends.base import Backend
    from prism_engine.cache import Identity, Store
    from prism_engine.records import Call

CLAIM_POLL_SECONDS = 0.05
"""How often to look whether the other process that makes the same call has finished."""


class CachedModel:
    """Answers calls from the store, and from the backend only where the store cannot.

    Within the process an identical call in flight is joined, whichever run on the same store makes it; across processes
    it is waited for. A completion is durable in the store before it is returned.

    Args:
        backend: None serves from the store alone.
        meter: counts what is done; one of its own where None.
    """

    def __init__(self, backend: Backend | None, store: Store, meter: Meter | None = None) -> None:
        self.meter = Meter(load=self.load) if meter is None else meter
        self.backend = backend
        self._store = store
        self._under_way = 0
        self._failed: dict[str, Completion] = {}
        self._ahead: set[str] = set()
        self._draining = False

    def __repr__(self) -> str:
        return f"<CachedModel {self.meter.hits} hits, {self.meter.calls} calls, {self._under_way} in flight>"

    @property
    def capacity(self) -> int:
        """Calls that are usefully in flight at once."""
        return self.backend.capacity if self.backend is not None else 1

    def without_backend(self) -> CachedModel:
        """Return one that serves from the same store and counts in the same meter, but makes no call."""
        return CachedModel(None, self._store, self.meter)

    def load(self) -> Load:
        """Return what the backend's next call waits for."""
        return self.backend.load if self.backend is not None else Load()

    def drain(self) -> None:
        """Make no further call: what is cached is still served, all else raises NotRunError. Idempotent."""
        self._draining = True
        if self.backend is not None:
            self.backend.drain()

    def forget_failures(self) -> None:
        """Make calls that failed for good once more when they are asked for again."""
        self._failed.clear()

    async def complete(self, call: Call) -> Completion:
        """Return the call's completion; one that failed for good has the outcome error and says why.

        Raises:
            NotRunError: nothing is cached and nothing may be sent (no backend, or the run is stopping).
            DeadError: the backend can answer nothing any more.
            StoreError: the store cannot be read or written.
        """
        return await self._complete(call, ahead=False)

    async def make_ahead(self, call: Call) -> Completion:
        """Do `complete` for a sample that is taken up later; the call counts once, as if it were made only then."""
        return await self._complete(call, ahead=True)

    async def _complete(self, call: Call, *, ahead: bool) -> Completion:
        try:
            identity = identify(call)
        except RejectedError as error:  # a text that is no text: no model could be asked either
            return Completion(Outcome.ERROR, detail=str(error))
        key, limit = identity.key, call.sampling.max_tokens
        # One flight per key, whatever its limit: a claim across processes is per key too.
        while (leader := self._store.flights.get(key)) is not None:
            # Wait without awaiting the future itself: a follower that is cancelled must not cancel the leader.
            with self.meter.joining():
                await asyncio.wait([leader.future])
            if leader.limit == limit and not leader.future.cancelled():
                completion = leader.future.result()
                if not completion.outcome.reusable:
                    self._failed[key] = completion
                return self._counted(key, completion, self.meter.count_shared, ahead=ahead)
        if (hit := self._store.get(key, limit)) is not None:
            return self._counted(key, hit, self.meter.count_hit, ahead=ahead)
        if (failed := self._failed.get(key)) is not None:  # once a run is enough; the next run tries it again
            return self._counted(key, failed, self.meter.count_shared, ahead=ahead)
        if self.backend is None:
            raise NotRunError("not in the cache, and this run makes no such call")
        if ahead:
            self._ahead.add(key)
        return await self._lead(identity, call, self.backend)

    def _counted(
        self, key: str, completion: Completion, how: Callable[[Completion], None], *, ahead: bool
    ) -> Completion:
        """Count what cost nothing, but for calls of this run's own that were made ahead: those are counted already."""
        if ahead:
            return completion
        if key in self._ahead:
            self._ahead.discard(key)
            return replace(completion, fresh=True)
        how(completion)
        return completion

    async def _lead(self, identity: Identity, call: Call, backend: Backend) -> Completion:
        """Make the call; whoever asks for it meanwhile waits for this."""
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
            future.exception()  # without followers nobody else retrieves it
            raise
        else:
            future.set_result(completion)
            return completion
        finally:
            future.cancel()  # only where nothing was set: a mistake of ours must not leave followers waiting
            del self._store.flights[key]
            self._under_way -= 1

    async def _make(self, identity: Identity, call: Call, backend: Backend) -> Completion:
        key, limit = identity.key, call.sampling.max_tokens
        while self._draining or not self._store.try_claim(key):
            if self._draining:
                raise NotRunError("the call was not sent: the run is stopping")
            await asyncio.sleep(CLAIM_POLL_SECONDS)
        try:
            # Whoever held the claim before us may have finished between our look-up and our claim.
            if (hit := self._store.get(key, limit)) is not None:
                self.meter.count_hit(hit)
                return hit
            with self.meter.flying():
                completion = replace(await self._ask(backend, call), fresh=True)
            self.meter.count_call(completion)
            if not completion.outcome.reusable:
                self._failed[key] = completion
            await self._store.put(call, completion, identity)
            return completion
        finally:
            self._store.release(key)

    @staticmethod
    async def _ask(backend: Backend, call: Call) -> Completion:
        try:
            return split_thinking(await backend.generate(call))
        except (RejectedError, TransientError) as error:
            return Completion(Outcome.ERROR, detail=str(error))


MARKS = (
    ("<think>", "</think>"),
    ("<thinking>", "</thinking>"),
    ("[THINK]", "[/THINK]"),
    ("◁think▷", "◁/think▷"),
)
"""How models mark their thinking where the server does not take it out: DeepSeek and Qwen, others, Magistral, Kimi."""


def split_thinking(completion: Completion) -> Completion:
    """Return a completion whose text is only what follows the thinking at its beginning.

    The opening mark may be missing, as where the chat template has written it already. A model that was cut while it
    was still thinking has no text yet (*truncated*); one that stopped there has none at all (*empty*).
    """
    if not completion.outcome.reusable:
        return completion
    for opening, closing in MARKS:
        inside = completion.text.lstrip()
        opened = inside.startswith(opening)
        thinking, closed, text = inside.removeprefix(opening).partition(closing)
        if opened or closed:
            break
    else:
        return completion
    outcome = completion.outcome
    if outcome is Outcome.OK and not text.strip():
        outcome = Outcome.EMPTY
    kept = (part.strip() for part in (completion.reasoning, thinking))
    return replace(completion, outcome=outcome, text=text.lstrip(), reasoning="\n\n".join(filter(None, kept)))
