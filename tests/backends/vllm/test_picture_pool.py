from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

import pytest

from prism_engine.backends.vllm.picture_pool import PicturePool, bytes_in_memory
from prism_engine.errors import RejectedError
from prism_engine.records import Image, PictureFacts

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SIDE = 100
ONE = SIDE * SIDE * 16
"""Bytes in memory of one of the pictures below."""


class Work:
    """Prepares pictures; each waits until it is released, and a broken one fails."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.threads: set[int] = set()
        self._released = threading.Semaphore(0)
        self._lock = threading.Lock()

    def __call__(self, images: tuple[Image, ...], _policy: object) -> str:
        name = "+".join(image.digest for image in images)
        with self._lock:
            self.begun.append(name)
            self.threads.add(threading.get_ident())
        assert self._released.acquire(timeout=60)
        if "broken" in name:
            raise RejectedError(name)
        return name

    def release(self, count: int = 1) -> None:
        self._released.release(count)


@pytest.fixture
def work() -> Iterator[Work]:
    work = Work()
    yield work
    work.release(1000)  # else a failed test leaves threads


def image(folder: Path, name: object) -> Image:
    return Image(str(name), folder / str(name), PictureFacts("PNG", "RGB", SIDE, SIDE, 10))


async def begun(work: Work, count: int) -> None:
    async with asyncio.timeout(60):
        while len(work.begun) < count:
            await asyncio.sleep(0.001)
    for _ in range(20):  # more than those would have begun by now
        await asyncio.sleep(0.001)


async def prepared(pool: PicturePool[str], *images: Image) -> str:
    async with pool.prepared(images, None) as result:
        return result


async def test_calls_are_prepared_in_as_many_threads_as_there_are_and_each_gets_its_own(work: Work, tmp_path: Path):
    pool = PicturePool(work, 3)
    calls = [asyncio.create_task(prepared(pool, image(tmp_path, number))) for number in range(12)]
    await begun(work, 3)
    assert work.begun == ["0", "1", "2"]
    work.release(12)
    assert await asyncio.gather(*calls) == [str(number) for number in range(12)]
    assert len(work.threads) == 3
    assert pool.used == 0
    pool.end()


async def test_they_begin_in_order_of_arrival(work: Work, tmp_path: Path):
    pool = PicturePool(work, 1)
    work.release(30)
    await asyncio.gather(*(prepared(pool, image(tmp_path, number)) for number in range(30)))
    assert work.begun == [str(number) for number in range(30)]
    pool.end()


async def test_no_more_begin_than_fit_into_memory(work: Work, tmp_path: Path):
    pool = PicturePool(work, 8, memory=3 * ONE)
    calls = [asyncio.create_task(prepared(pool, image(tmp_path, number))) for number in range(9)]
    for finished in range(3, 10, 3):
        await begun(work, finished)
        assert len(work.begun) == finished
        assert pool.used == 3 * ONE
        work.release(3)
    await asyncio.gather(*calls)
    assert pool.used == 0
    pool.end()


async def test_a_result_counts_as_memory_while_it_is_in_use(work: Work, tmp_path: Path):
    pool = PicturePool(work, 8, memory=ONE)
    work.release(2)
    async with pool.prepared((image(tmp_path, 1),), None):
        other = asyncio.create_task(prepared(pool, image(tmp_path, 2)))
        await begun(work, 1)
        assert work.begun == ["1"]
    assert await other == "2"
    pool.end()


async def test_a_call_that_never_fits_is_prepared_alone(work: Work, tmp_path: Path):
    pool = PicturePool(work, 8, memory=3 * ONE)
    many = [image(tmp_path, f"many{number}") for number in range(5)]
    calls = [asyncio.create_task(prepared(pool, *pictures)) for pictures in ([image(tmp_path, 1)], many)]
    await begun(work, 1)
    assert work.begun == ["1"]
    work.release()
    await begun(work, 2)
    calls.append(asyncio.create_task(prepared(pool, image(tmp_path, 2))))
    await begun(work, 2)
    assert len(work.begun) == 2
    work.release(2)
    assert (await asyncio.gather(*calls))[0::2] == ["1", "2"]
    pool.end()


async def test_calls_with_the_same_pictures_share_the_work(work: Work, tmp_path: Path):
    pool = PicturePool(work, 4)
    calls = [asyncio.create_task(prepared(pool, image(tmp_path, 1))) for _ in range(5)]
    await begun(work, 1)
    calls[0].cancel()  # the one that began it
    work.release()
    results = await asyncio.gather(*calls, return_exceptions=True)
    assert results[1:] == ["1"] * 4
    assert work.begun == ["1"]
    assert pool.used == 0
    pool.end()


async def test_a_broken_picture_fails_its_own_calls_only(work: Work, tmp_path: Path):
    pool = PicturePool(work, 2)
    names = ["0", "broken", "broken", "1"]
    work.release(4)
    results = await asyncio.gather(*(prepared(pool, image(tmp_path, name)) for name in names), return_exceptions=True)
    assert [str(result) for result in results] == names
    assert [type(result) for result in results] == [str, RejectedError, RejectedError, str]
    assert pool.used == 0
    pool.end()


async def test_cancelled_calls_make_room_for_others(work: Work, tmp_path: Path):
    pool = PicturePool(work, 2, memory=ONE)
    first, *waiting, last = [asyncio.create_task(prepared(pool, image(tmp_path, number))) for number in range(5)]
    await begun(work, 1)
    for call in waiting:
        call.cancel()
    work.release(2)
    assert [await first, await last] == ["0", "4"]
    assert work.begun == ["0", "4"]
    assert pool.used == 0
    pool.end()


async def test_a_call_that_is_cancelled_while_it_is_prepared_gives_its_memory_back(work: Work, tmp_path: Path):
    pool = PicturePool(work, 2, memory=ONE)
    first, last = [asyncio.create_task(prepared(pool, image(tmp_path, number))) for number in range(2)]
    await begun(work, 1)
    first.cancel()
    work.release(2)
    assert await last == "1"
    assert pool.used == 0
    pool.end()


async def test_the_end_leaves_no_thread(work: Work, tmp_path: Path):
    pool = PicturePool(work, 2)
    calls = [asyncio.create_task(prepared(pool, image(tmp_path, number))) for number in range(4)]
    await begun(work, 2)
    pool.end()
    for call in calls:
        call.cancel()
    await asyncio.gather(*calls, return_exceptions=True)
    work.release(2)
    for thread in threading.enumerate():
        if thread.name.startswith("prism-vllm-pictures"):
            thread.join(60)
            assert not thread.is_alive()
    assert len(work.begun) == 2


def test_memory_is_estimated_from_what_is_known_without_reading(tmp_path: Path):
    unknown = Image("1", tmp_path / "unknown.jpg")
    unknown.path.write_bytes(b"x" * 1000)
    assert bytes_in_memory((image(tmp_path, 0), image(tmp_path, 1))) == 2 * ONE
    assert bytes_in_memory((unknown,)) > 100_000
    assert bytes_in_memory((Image("2", tmp_path / "missing.jpg"),)) == 0
