"""An existing row is kept, unless it is a failure or damaged."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prism_engine.cache.call_rows import StoredRow, encode
from prism_engine.cache.schema import open_writer
from prism_engine.cache.storing import StoreCounts, set_aside, store_rows
from prism_engine.records import Outcome

from .examples import a_call, a_completion

ROW = encode(a_call(), a_completion())
KEPT = [o for o in Outcome if o is not Outcome.NOT_RUN]


@pytest.fixture
def connection(tmp_path):
    with closing(open_writer(tmp_path / "cache.sqlite3")) as connection:
        yield connection


def a_row(outcome, made_at=0.0, text="A red bus."):
    return replace(encode(a_call(), a_completion(text, outcome=outcome)), created_at=made_at)


def outcomes(connection):
    return [outcome for (outcome,) in connection.execute("SELECT outcome FROM completions")]


def test_rows_are_counted_by_what_happened_to_them(connection):
    other = encode(a_call("another"), a_completion(outcome=Outcome.ERROR))
    assert store_rows(connection, [ROW, other]) == StoreCounts(2, 0, 0)
    retried = encode(a_call("another"), a_completion())
    assert store_rows(connection, [ROW, retried, encode(a_call("third"), a_completion())]) == StoreCounts(1, 1, 1)
    assert store_rows(connection, []) == StoreCounts(0, 0, 0)


@pytest.mark.parametrize("kept", [Outcome.OK, Outcome.TRUNCATED])
@pytest.mark.parametrize("late", KEPT)
def test_a_reusable_row_is_never_overwritten(connection, kept, late):
    store_rows(connection, [a_row(kept, 1.0)])
    store_rows(connection, [a_row(late, 2.0)])
    assert outcomes(connection) == [kept.value]


@pytest.mark.parametrize("late", [Outcome.OK, Outcome.TRUNCATED, Outcome.REFUSED])
def test_a_failure_is_replaced_by_any_later_row(connection, late):
    store_rows(connection, [a_row(Outcome.ERROR, 1.0)])
    store_rows(connection, [a_row(late, 2.0)])
    assert outcomes(connection) == [late.value]


def test_a_failure_gives_way_to_an_older_usable_row_but_to_no_older_failure(connection):
    store_rows(connection, [a_row(Outcome.ERROR, 5.0)])
    assert store_rows(connection, [a_row(Outcome.REFUSED, 1.0)]) == StoreCounts(0, 0, 1)
    assert store_rows(connection, [a_row(Outcome.OK, 1.0)]) == StoreCounts(0, 1, 0)
    assert outcomes(connection) == ["ok"]


@settings(deadline=None, max_examples=100)
@given(st.lists(st.tuples(st.integers(0, 2), st.sampled_from(KEPT), st.integers(0, 5)), max_size=8), st.data())
def test_rows_end_alike_however_they_are_grouped(tmp_path_factory, made, data):
    rows = [
        replace(encode(a_call(f"{which}"), a_completion(f"{index}", outcome=outcome)), created_at=float(time))
        for index, (which, outcome, time) in enumerate(made)
    ]
    cut = data.draw(st.integers(0, len(rows)))
    ends = []
    for groups in ([[row] for row in rows], [rows[:cut], rows[cut:]]):
        with closing(open_writer(tmp_path_factory.mktemp("grouped") / "c")) as connection:
            for group in groups:
                store_rows(connection, group)
            ends.append(connection.execute("SELECT key, outcome, value FROM completions ORDER BY id").fetchall())
    assert ends[0] == ends[1]


def test_a_damaged_row_is_set_aside_before_it_is_replaced(connection):
    store_rows(connection, [ROW])
    connection.execute("UPDATE completions SET value = x'00'")
    assert store_rows(connection, [ROW]) == StoreCounts(1, 0, 0)
    assert connection.execute("SELECT value FROM completions").fetchall() == [(ROW.value,)]
    assert connection.execute("SELECT key, max_tokens, value FROM set_aside").fetchall() == [(ROW.key, 512, b"\0")]


def test_a_damaged_request_is_repaired_by_the_next_row_of_its_call(connection):
    store_rows(connection, [ROW])
    connection.execute("UPDATE requests SET record = x'00'")
    store_rows(connection, [ROW])
    assert connection.execute("SELECT record FROM requests").fetchall() == [(ROW.record,)]


def test_the_same_finding_is_set_aside_once(connection):
    found = StoredRow("k", 1, "ok", b"\xff", None, 2.5)
    for reason in ("one", "one", "two"):
        set_aside(connection, found, reason)
    assert connection.execute("SELECT reason, key FROM set_aside ORDER BY id").fetchall() == [
        ("one", "k"),
        ("two", "k"),
    ]
