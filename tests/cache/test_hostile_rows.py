"""A cache that someone else wrote: rows with a right checksum that hold anything are misses, never tracebacks."""

from __future__ import annotations

import pytest

from prism_engine.cache import Store, call_key, import_rows, stats
from prism_engine.cache.call_rows import checksum
from prism_engine.cache.inspection import show
from prism_engine.cache.verifying import verify

from .examples import a_call, a_completion, execute, stored

KEY = call_key(a_call())
VALUES = [
    *(b"null", b"[]", b"{}", b"[" * 100_000, b'{"usage":' * 50_000, b'{"usage":null}', b"\xff", b""),
    *(b'{"usage":{"prompt_tokens":"x"},"text":"a"}', b'{"usage":{},"text":5}'),
    b'{"usage":{"completion_tokens":' + b"9" * 5000 + b'},"text":"a"}',
]


@pytest.fixture
def path(tmp_path):
    path = tmp_path / "calls.sqlite"
    stored(path, (a_call(), a_completion()))
    return path


def set_value(path, value, outcome="ok"):
    execute(
        path,
        "UPDATE completions SET value = ?, outcome = ?, checksum = ?",
        *(value, outcome, checksum(KEY, 512, outcome, value)),
    )


@pytest.mark.parametrize("value", VALUES, ids=range(len(VALUES)))
async def test_a_row_that_holds_no_completion_is_a_miss_and_makes_room(path, tmp_path, value):
    set_value(path, value)
    assert show(Store(path, read_only=True), KEY[:8]).rows[0].completion is None
    *_, result = import_rows(tmp_path / "other.sqlite", path)
    assert (result.added, result.bad) == (0, 1)
    with Store(path) as store:
        assert store.get(KEY, 512) is None
        await store.put(a_call(), a_completion())
        assert store.get(KEY, 512) == a_completion()


def test_verify_sets_it_aside(path):
    set_value(path, b"null")
    *_, result = verify(path)
    assert result.corrupt == 1
    assert execute(path, "SELECT COUNT(*) FROM completions") == [(0,)]


@pytest.mark.parametrize(
    "change",
    [
        *(f"completions SET created_at = {value}" for value in ("'abc'", "1e300", "-1e300", "x'ff'")),
        *(f"requests SET {column} = {value}" for column in ("stage", "model") for value in ("x'ff00'", "5")),
        "completions SET prompt_tokens = 'x'",
        "completions SET outcome = x'ff'",
    ],
)
def test_statistics_and_details_of_damaged_columns_are_shown(path, change):
    execute(path, f"UPDATE {change}")
    with Store(path, read_only=True) as store:
        assert stats(store).rows == 1
        assert len(show(store, KEY[:8]).rows) == 1
