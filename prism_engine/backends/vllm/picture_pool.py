"""Prepares pictures on all cores: a pool of threads, bounded by the memory of the pictures in it."""

from __future__ import annotations

import asyncio
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Final, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from prism_engine.records import Image, PicturePolicy

T = TypeVar("T")

MEMORY: Final = 2 << 30
"""Maximum bytes of the pictures in preparation, by `bytes_in_memory`. Those of a call with more are prepared alone."""
_PER_PIXEL: Final = 16
"""Bytes of a pixel as decoded (RGB), and as a model's processor returns it (three 32-bit floats)."""
_PER_ENCODED_BYTE: Final = 160
"""The same per byte of a file whose size in pixels is unknown; a photograph has about one byte for ten pixels."""


def bytes_in_memory(images: tuple[Image, ...]) -> int:
    """Estimate the memory of pictures in preparation, without reading them."""
    return sum(_bytes(image) for image in images)


def _bytes(image: Image) -> int:
    if image.facts is not None:
        return image.facts.width * image.facts.height * _PER_PIXEL
    try:
        return image.path.stat().st_size * _PER_ENCODED_BYTE
    except OSError:  # reported when it is read
        return 0


class PicturePool(Generic[T]):
    """Prepares the pictures of calls in threads, in order of arrival; calls with the same pictures share the result.

    To be used in one event loop.

    Args:
        prepare: prepares the pictures of a call for a model with this policy; is called in the threads.
        threads: number of threads.
        memory: maximum bytes of all pictures that are being prepared or whose result is in use.
    """

    def __init__(
        self, prepare: Callable[[tuple[Image, ...], PicturePolicy | None], T], threads: int, memory: int = MEMORY
    ) -> None:
        self._prepare = prepare
        self._threads = ThreadPoolExecutor(threads, "prism-vllm-pictures")
        self._memory = memory
        self._least = memory // (2 * threads)  # so that only few calls wait inside the pool, where none can leave
        self._used = 0
        self._queue: deque[tuple[int, asyncio.Future[None]]] = deque()
        self._shared: dict[object, _SharedResult[T]] = {}

    @property
    def used(self) -> int:
        """Bytes in use."""
        return self._used

    @asynccontextmanager
    async def prepared(self, images: tuple[Image, ...], policy: PicturePolicy | None) -> AsyncIterator[T]:
        """Prepare pictures, and count their memory until the block ends.

        Raises:
            Exception: whatever `prepare` raises.
        """
        key = (tuple(image.digest for image in images), tuple(image.path for image in images), policy)
        shared = self._shared.get(key)
        if shared is None:
            shared = self._shared[key] = _SharedResult()
            shared.task = asyncio.create_task(self._work(shared, images, policy))
        shared.users += 1
        try:
            yield await asyncio.shield(shared.result)
        finally:
            shared.users -= 1
            if not shared.users:
                del self._shared[key]
                shared.unused.set()
                if not shared.result.done():
                    shared.task.cancel()

    def end(self) -> None:
        """End the threads without waiting for them."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _work(self, shared: _SharedResult[T], images: tuple[Image, ...], policy: PicturePolicy | None) -> None:
        size = min(max(bytes_in_memory(images), self._least), self._memory)
        await self._acquire(size)
        try:
            work = asyncio.get_running_loop().run_in_executor(self._threads, self._prepare, images, policy)
            await asyncio.wait([work])
            if (error := work.exception()) is None:
                shared.result.set_result(work.result())
            else:
                shared.result.set_exception(error)
                shared.result.exception()  # else asyncio reports it if no one is left to await it
            await shared.unused.wait()
        finally:
            self._used -= size
            self._admit()

    async def _acquire(self, size: int) -> None:
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queue.append((size, turn))
        self._admit()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # cancelled just after it was admitted
                self._used -= size
            self._admit()
            raise

    def _admit(self) -> None:
        while self._queue:
            size, turn = self._queue[0]
            if not turn.done():
                if self._used + size > self._memory:
                    return
                self._used += size
                turn.set_result(None)
            self._queue.popleft()


class _SharedResult(Generic[T]):
    """One result and those who use it."""

    def __init__(self) -> None:
        self.users = 0
        self.unused = asyncio.Event()
        self.result: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self.task: asyncio.Task[None]
