"""Rows are committed in groups, and nobody waits for a writer that has stopped."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any

import pytest

from prism_engine.cache.rows import encode
from prism_engine.cache.writer import GROUP_ROWS, Writer
from prism_engine.errors import StoreError
from prism_engine.records import Outcome

from .examples import a_call, a_completion, execute

if TYPE_CHECKING:
    from pathlib import Path

ROWS = [encode(a_call(f"question {number}"), a_completion()) for number in range(3 * GROUP_ROWS)]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "cache.sqlite3"


@pytest.fixture
def writer(path):
    writer = Writer(path)
    yield writer
    writer.close()


def rows_in(path: Path) -> Any:
    return execute(path, "SELECT COUNT(*) FROM completions")[0][0]


def test_a_row_is_committed_when_its_future_is_done(writer, path):
    writer.submit(ROWS[0]).result(timeout=60)
    assert rows_in(path) == 1


def test_rows_that_arrive_together_are_committed_together(writer):
    commits = []
    writer._connection.set_trace_callback(lambda statement: commits.append(statement == "COMMIT"))
    for future in [writer.submit(row) for row in ROWS]:
        future.result(timeout=60)
    assert 3 <= sum(commits) <= len(ROWS) // 2


def test_closing_writes_what_is_queued_and_leaves_no_log(writer, path):
    futures = [writer.submit(row) for row in ROWS]
    writer.close()
    assert all(future.done() and future.exception() is None for future in futures)
    assert not path.with_name(path.name + "-wal").exists()
    assert rows_in(path) == len(ROWS)


def test_a_closed_writer_takes_no_row(writer):
    writer.close()
    writer.close()
    with pytest.raises(StoreError, match="closed"):
        writer.submit(ROWS[0])


def test_a_full_disk_fails_all_waiting_rows_and_all_later_ones(writer, path):
    writer.submit(ROWS[0]).result(timeout=60)
    writer._connection.execute("PRAGMA max_page_count = 1")
    huge = encode(a_call("big"), a_completion("x" * 100_000))
    futures = [writer.submit(huge), *(writer.submit(row) for row in ROWS[1:100])]
    for future in futures[:1]:
        with pytest.raises(StoreError, match=r"cache\.sqlite3: database or disk is full .*free some space"):
            future.result(timeout=60)
    for future in futures[1:]:
        assert isinstance(future.exception(timeout=60), StoreError)
    with pytest.raises(StoreError, match="full"):
        writer.submit(ROWS[1])
    writer.close()
    assert rows_in(path) == 1


def test_a_file_that_became_read_only_is_a_store_error(writer):
    writer._connection.execute("PRAGMA query_only = 1")
    with pytest.raises(StoreError, match="writable"):
        writer.submit(ROWS[0]).result(timeout=60)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_even_an_unforeseen_error_leaves_nobody_waiting(writer, monkeypatch):
    def fail(_):
        raise RuntimeError("a mistake of ours")

    monkeypatch.setattr(writer, "_store", fail)
    with pytest.raises(StoreError, match="writer has stopped"):
        writer.submit(ROWS[0]).result(timeout=60)
    writer._thread.join()


@pytest.mark.parametrize("kept", [Outcome.OK, Outcome.TRUNCATED])
@pytest.mark.parametrize("late", Outcome)
def test_a_reusable_row_is_never_overwritten(writer, path, kept, late):
    for outcome in (kept, late):
        writer.submit(encode(a_call(), a_completion(outcome.value, outcome=outcome))).result(timeout=60)
    assert execute(path, "SELECT outcome FROM completions") == [(kept.value,)]


@pytest.mark.parametrize("late", [Outcome.OK, Outcome.TRUNCATED, Outcome.REFUSED])
def test_a_failure_is_replaced_by_what_comes_later(writer, path, late):
    for outcome in (Outcome.ERROR, late):
        writer.submit(encode(a_call(), a_completion(outcome=outcome))).result(timeout=60)
    assert execute(path, "SELECT outcome FROM completions") == [(late.value,)]


def test_a_damaged_request_is_mended_by_the_next_row_of_its_call(writer, path):
    row = ROWS[0]
    writer.submit(row).result(timeout=60)
    execute(path, "UPDATE requests SET record = x'00'")
    writer.submit(row).result(timeout=60)
    assert execute(path, "SELECT record FROM requests") == [(row.record,)]


def test_another_process_that_keeps_the_file_locked_is_a_store_error(writer, path):
    writer._connection.execute("PRAGMA busy_timeout = 10")
    other = sqlite3.connect(path, isolation_level=None)
    try:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError, match="another process"):
            writer.submit(ROWS[0]).result(timeout=60)
    finally:
        other.close()
