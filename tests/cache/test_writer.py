"""Rows are committed in groups, and no caller waits for a writer that has stopped."""

from __future__ import annotations

import asyncio
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from prism_engine.cache.call_rows import encode
from prism_engine.cache.writer import Writer
from prism_engine.errors import StoreError

from .examples import a_call, a_completion, execute

if TYPE_CHECKING:
    from pathlib import Path

ROWS = [encode(a_call(f"question {number}"), a_completion()) for number in range(192)]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "cache.sqlite3"


@pytest.fixture
def writer(path):
    writer = Writer(path)
    yield writer
    writer.close()


async def settled(futures):
    """Return each future's result: None, or its error."""
    return await asyncio.wait_for(asyncio.gather(*futures, return_exceptions=True), 60)


async def submit(writer, *rows):
    return await settled([writer.submit(row) for row in rows])


def rows_in(path: Path) -> Any:
    return execute(path, "SELECT COUNT(*) FROM completions")[0][0]


async def test_a_row_is_committed_when_its_future_is_done(writer, path):
    assert await submit(writer, ROWS[0]) == [None]
    assert rows_in(path) == 1


async def test_rows_that_arrive_together_are_committed_together(writer):
    commits = []
    writer._connection.set_trace_callback(lambda statement: commits.append(statement == "COMMIT"))
    await submit(writer, *ROWS)
    assert 1 <= sum(commits) <= len(ROWS) // 2


async def test_each_event_loop_gets_one_callback_per_commit(writer, path, monkeypatch):
    commits, callbacks = [], []
    writer._connection.set_trace_callback(lambda statement: commits.append(statement == "COMMIT"))

    async def submit_from_its_loop(rows):
        loop = asyncio.get_running_loop()
        notify = loop.call_soon_threadsafe

        def count(callback, *arguments):
            callbacks.append(loop)
            return notify(callback, *arguments)

        with monkeypatch.context() as patched:
            patched.setattr(loop, "call_soon_threadsafe", count)
            return await submit(writer, *rows), loop

    other = ThreadPoolExecutor(1).submit(lambda: asyncio.run(submit_from_its_loop(ROWS[:96])))
    results, loop = await submit_from_its_loop(ROWS[96:])
    others, other_loop = other.result(60)
    assert results == others == [None] * 96
    for each in (loop, other_loop):
        assert 1 <= callbacks.count(each) <= sum(commits)
    assert rows_in(path) == len(ROWS)


async def test_closing_writes_what_is_queued_and_leaves_no_log(writer, path):
    futures = [writer.submit(row) for row in ROWS]
    writer.close()
    assert await settled(futures) == [None] * len(ROWS)
    assert not path.with_name(path.name + "-wal").exists()
    assert rows_in(path) == len(ROWS)


async def test_a_closed_writer_accepts_no_row(writer):
    writer.close()
    writer.close()
    with pytest.raises(StoreError, match="closed"):
        writer.submit(ROWS[0])
    with pytest.raises(StoreError, match="closed"):
        writer.set_aside(1)


def test_a_loop_that_ended_before_its_row_was_written_affects_no_other_row(writer, path):
    async def leave():
        writer.submit(ROWS[0])

    for _ in range(5):
        asyncio.run(leave())
    assert asyncio.run(submit(writer, ROWS[1])) == [None]
    assert rows_in(path) == 2


async def test_a_full_disk_fails_all_waiting_rows_and_all_later_ones(writer, path):
    await submit(writer, ROWS[0])
    writer._connection.execute("PRAGMA max_page_count = 1")
    huge = encode(a_call("big"), a_completion("x" * 100_000))
    results = await submit(writer, huge, *ROWS[1:100])
    assert {type(result) for result in results} == {StoreError}
    with pytest.raises(StoreError, match=r"cache\.sqlite3: database or disk is full .*free some space"):
        raise results[0]
    with pytest.raises(StoreError, match="full"):
        writer.submit(ROWS[1])
    writer.close()
    assert rows_in(path) == 1


async def test_a_file_that_became_read_only_is_a_store_error(writer):
    writer._connection.execute("PRAGMA query_only = 1")
    with pytest.raises(StoreError, match="writable"):
        await asyncio.wait_for(writer.submit(ROWS[0]), 60)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
async def test_even_an_unexpected_error_leaves_no_caller_waiting(writer, monkeypatch):
    def fail(_):
        raise RuntimeError("a bug")

    monkeypatch.setattr(writer, "_write", fail)
    with pytest.raises(StoreError, match="writer has stopped"):
        await asyncio.wait_for(writer.submit(ROWS[0]), 60)
    writer._thread.join()


async def test_a_damaged_row_is_set_aside_and_a_sound_one_is_left_alone(writer, path):
    await submit(writer, *ROWS[:2])
    execute(path, "UPDATE completions SET value = x'00' WHERE id = 1")
    for number in (1, 2, 1, 77):
        writer.set_aside(number)
    writer.close()
    assert execute(path, "SELECT key FROM completions") == [(ROWS[1].key,)]
    assert execute(path, "SELECT key, value FROM set_aside") == [(ROWS[0].key, b"\0")]


async def test_another_process_that_keeps_the_file_locked_is_a_store_error(writer, path):
    writer._connection.execute("PRAGMA busy_timeout = 10")
    other = sqlite3.connect(path, isolation_level=None)
    try:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="another process"):
            await asyncio.wait_for(writer.submit(ROWS[0]), 60)
    finally:
        other.close()


@pytest.mark.parametrize("harm", [lambda path: path.unlink(), lambda path: path.write_bytes(b"")])
async def test_a_file_that_vanishes_in_use_stops_the_writer_with_a_message(writer, path, harm):
    assert await submit(writer, ROWS[0]) == [None]
    harm(path)
    (error,) = await submit(writer, ROWS[1])
    assert isinstance(error, StoreError)
    assert "while it was in use; run again" in str(error)
