"""People can see what a cache contains, and what is wrong with it."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from prism_engine.cache import Store, call_key, call_record, explain, show, stats
from prism_engine.errors import StoreError, UserError
from prism_engine.records import Outcome

from .examples import a_call, a_completion, execute, stored

KEY = call_key(a_call())


@pytest.fixture
def path(tmp_path):
    return tmp_path / "store.sqlite3"


@pytest.fixture
def opened(path):
    """Return a function that opens the store at the path read-only."""
    stores = []

    def opened():
        stores.append(Store(path, read_only=True))
        return stores[-1]

    yield opened
    for store in stores:
        store.close()


def test_stats_count_rows_by_stage_model_and_outcome(path, opened):
    before = datetime.now(UTC)
    stored(
        path,
        (a_call("a"), a_completion("one")),
        (a_call("a", max_tokens=9), a_completion("one", tokens=9, outcome=Outcome.TRUNCATED)),
        (a_call("b"), a_completion("two")),
        (replace(a_call("c"), stage="reason"), a_completion(tokens=None, outcome=Outcome.ERROR)),
    )
    found = stats(opened())
    assert (found.requests, found.rows) == (3, 4)
    assert found.file_bytes >= path.stat().st_size
    assert [(t.stage, t.model, t.outcome, t.rows, t.prompt_tokens, t.completion_tokens) for t in found.tallies] == [
        ("perceive", "tiny", "ok", 2, 600, 8),
        ("perceive", "tiny", "truncated", 1, 300, 9),
        ("reason", "tiny", "error", 1, 300, 0),
    ]
    assert all(tally.value_bytes > 100 for tally in found.tallies)
    times = [found.oldest, found.newest]
    assert all(time and before <= time <= datetime.now(UTC) for time in times)
    assert times == sorted(filter(None, times))


def test_token_counts_that_cannot_be_true_are_left_out(path, opened):
    largest = 2**63 - 1
    rows = [(a_call(name), a_completion(name, tokens=largest)) for name in "abc"]
    stored(path, *rows, (a_call("d"), a_completion("d", tokens=5)))
    (tally,) = stats(opened()).tallies
    assert (tally.rows, tally.completion_tokens) == (4, 5)


def test_stats_of_an_absent_store_are_empty(opened):
    found = stats(opened())
    assert (found.requests, found.rows, found.file_bytes, found.oldest, found.newest) == (0, 0, 0, None, None)


def test_show_finds_a_call_by_the_beginning_of_its_key(path, opened):
    stored(path, (a_call(max_tokens=64), a_completion()), (a_call(max_tokens=8), a_completion(outcome=Outcome.ERROR)))
    entry = show(opened(), KEY[:7].upper())
    assert (entry.key, entry.stage, entry.model) == (KEY, "perceive", "tiny")
    assert entry.record == call_record(a_call())
    assert [(row.max_tokens, row.completion) for row in entry.rows] == [
        (8, a_completion(outcome=Outcome.ERROR)),
        (64, a_completion()),
    ]


def test_two_shown_calls_can_be_explained(path, opened):
    stored(path, (a_call("x"), a_completion()), (a_call("y"), a_completion()))
    store = opened()
    left, right = (show(store, call_key(a_call(text))) for text in "xy")
    assert [difference.path for difference in explain(left.record, right.record)] == ["messages[0].parts[1]"]


@pytest.mark.parametrize("prefix", ["zz", "g", KEY + "0", "%", "'", "\U0010ffff"])
def test_an_unknown_prefix_is_a_user_error(path, opened, prefix):
    stored(path, (a_call(), a_completion()))
    with pytest.raises(UserError, match="no key begins with"):
        show(opened(), prefix)


def test_an_ambiguous_prefix_lists_some_candidates(path, opened):
    calls = [a_call(f"{number}") for number in range(12)]
    stored(path, *((call, a_completion()) for call in calls))
    with pytest.raises(UserError, match="several keys begin with ''") as error:
        show(opened(), "")
    lines = str(error.value).splitlines()
    assert len(lines) == 10
    assert lines[1] == f"  {min(map(call_key, calls))[:12]}  perceive  tiny"
    assert lines[-1] == "  ..."


def test_show_marks_a_corrupt_row(path, opened):
    stored(path, (a_call(), a_completion()))
    execute(path, "UPDATE completions SET outcome = 'fine'")
    assert [row.completion for row in show(opened(), KEY).rows] == [None]


def test_show_refuses_a_damaged_record(path, opened):
    stored(path, (a_call(), a_completion()))
    execute(path, "UPDATE requests SET record = x'7b7d'")
    with pytest.raises(StoreError, match="damaged"):
        show(opened(), KEY)


def test_stats_count_what_was_set_aside(path, opened):
    stored(path, (a_call(), a_completion()), (a_call("b"), a_completion()))
    execute(path, "UPDATE completions SET value = x'00' WHERE id = 1")
    with Store(path) as store:
        store.get(KEY, 512)
    found = stats(opened())
    assert (found.rows, found.set_aside) == (1, 1)


def test_a_file_of_format_1_is_read_without_being_changed(path, opened):
    stored(path, (a_call(), a_completion()))
    execute(path, "DROP TABLE set_aside")
    execute(path, "PRAGMA user_version = 1")
    found = stats(opened())
    assert (found.rows, found.set_aside) == (1, 0)
    assert show(opened(), KEY).rows[0].completion == a_completion()
    assert execute(path, "PRAGMA user_version") == [(1,)]
