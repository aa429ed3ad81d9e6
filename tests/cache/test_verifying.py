"""Damage is found, reported and set aside, and nothing else is touched."""

from __future__ import annotations

import pytest

from prism_engine.cache import Store, call_key, verify
from prism_engine.errors import StoreError

from .examples import a_call, a_completion, execute, put_all, stored


@pytest.fixture
def path(tmp_path):
    return tmp_path / "store.sqlite3"


@pytest.fixture
def calls(path):
    """Store 600 calls, more than one page of them."""
    calls = [a_call(f"{number}") for number in range(600)]
    stored(path, *((call, a_completion()) for call in calls))
    return calls


def named(path, **options):
    return [name for state in verify(path, **options) for name in state.named]


def test_a_sound_store_passes_and_progress_is_reported(path):
    stored(path, *((a_call(f"{number}"), a_completion()) for number in range(5)))
    progress = list(verify(path))
    assert [(state.checked, state.total) for state in progress] == [(0, 10), (5, 10), (10, 10)]
    assert all(state.sound for state in progress)


def test_an_absent_store_is_sound_and_stays_absent(path):
    assert [(state.checked, state.total, state.sound) for state in verify(path)] == [(0, 0, True)]
    assert not path.exists()


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE completions SET value = CAST(replace(CAST(value AS TEXT), 'red', 'rad') AS BLOB) WHERE key = ?",
        "UPDATE completions SET value = 7 WHERE key = ?",
        "UPDATE requests SET record = x'00' WHERE key = ?",
        "UPDATE requests SET record = 'text' WHERE key = ?",
    ],
)
def test_a_corrupt_row_is_named_and_set_aside_and_its_call_is_made_again(path, calls, damage):
    key = call_key(calls[550])
    execute(path, damage, key)
    *_, result = verify(path, dry_run=True)
    assert (result.checked, result.total, result.corrupt, result.sound) == (1200, 1200, 1, False)
    assert execute(path, "SELECT COUNT(*) FROM completions") == [(600,)]
    assert named(path) == [key]
    assert {found for (found,) in execute(path, "SELECT key FROM set_aside")} == {key}
    assert named(path) == []
    with Store(path) as store:
        assert store.get(key, 512) is None
        put_all(store, (calls[550], a_completion("again")))
        assert store.get(key, 512) == a_completion("again")
        assert store.get(call_key(calls[549]), 512) == a_completion()
    assert named(path) == []


def test_a_damaged_file_is_reported_and_nothing_is_written_into_it(path):
    stored(path, *((a_call(f"{number}"), a_completion("x" * 3000)) for number in range(50)))
    with path.open("r+b") as file:
        file.seek(8 * 4096)
        file.write(b"\xff" * 4096 * 20)
    before = path.read_bytes()
    *_, result = verify(path)
    assert result.damage
    assert not result.sound
    assert path.read_bytes() == before


def test_a_file_that_is_no_cache_is_an_error(path):
    path.write_text("my thesis " * 1000)
    with pytest.raises(StoreError, match="not a SQLite file"):
        list(verify(path))
