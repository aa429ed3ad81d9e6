"""Exactly the rows that exceed the limits are removed, oldest first; the others are served as before."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import replace
from types import SimpleNamespace

import pytest

from prism_engine.cache import Retention, Store, call_key, clear, compact
from prism_engine.cache.locks import Claims, lock_path
from prism_engine.errors import StoreError, UserError
from prism_engine.records import ModelIdentity

from .examples import MODEL, a_call, a_completion, child, execute, put_all, stored

KEY = call_key(a_call())
CLAIMER = """
import sys
from pathlib import Path
from prism_engine.cache.locks import Claims, lock_path
claims = Claims(lock_path(Path(sys.argv[1])))
print(claims.try_claim(sys.argv[2]), flush=True)
sys.stdin.readline()
"""
DAY = 86_400.0
OTHER = ModelIdentity("other", (("hub", "org/other@1"),))
ROWS = 1200


@pytest.fixture
def path(tmp_path):
    return tmp_path / "store.sqlite3"


def calls(count=ROWS):
    """Return calls of two models, alternating."""
    return [replace(a_call(f"{number}"), model=(MODEL, OTHER)[number % 2]) for number in range(count)]


def filled(path, count=ROWS):
    """Store calls of 600 bytes each; the first is `count` days old, the last one day."""
    stored(path, *((call, a_completion("x" * 600)) for call in calls(count)))
    execute(path, "UPDATE completions SET created_at = ? - ? * (? - id + 1)", time.time(), DAY, count)
    return path


def cleared(path, limits, **options):
    *_, result = clear(path, limits, **options)
    return result


def left(path):
    """Return the numbers of the calls that are still served."""
    with Store(path, read_only=True) as store:
        found = store.get_many((call_key(call), 512) for call in calls())
    return [number for number, completion in enumerate(found) if completion]


def used(path):
    pages, free, size = (
        execute(path, f"PRAGMA {name}")[0][0] for name in ("page_count", "freelist_count", "page_size")
    )
    return (pages - free) * size


def test_old_rows_are_removed_with_their_requests_and_the_file_shrinks(path):
    filled(path)
    result = cleared(path, Retention(max_age=100.5 * DAY))
    assert (result.rows, result.doomed) == (1100, 1100)
    assert left(path) == list(range(1100, 1200))
    assert execute(path, "SELECT COUNT(*) FROM requests") == [(100,)]
    assert result.bytes_after == path.stat().st_size < result.bytes_before / 4
    assert execute(path, "PRAGMA integrity_check") == [("ok",)]


def test_the_oldest_rows_are_removed_until_the_cache_fits_and_few_more(path):
    size = used(filled(path))
    result = cleared(path, Retention(max_bytes=size // 2))
    assert used(path) <= size // 2
    assert left(path) == list(range(result.rows, ROWS))
    assert result.rows < 0.65 * ROWS
    assert cleared(path, Retention(max_bytes=size // 2)).rows == 0


def test_a_cache_that_cannot_be_small_enough_ends_empty(path):
    assert cleared(filled(path, 20), Retention(max_bytes=0)).rows == 20
    assert left(path) == []


def test_a_model_alone_selects_all_its_rows_and_with_other_limits_restricts_them(path):
    filled(path)
    assert cleared(path, Retention(max_age=1000.5 * DAY, models=("other",))).rows == 100
    size = used(path)
    assert 100 <= cleared(path, Retention(max_bytes=round(0.8 * size), models=("other",))).rows < 350
    assert used(path) <= 0.8 * size
    assert left(path)[:150] == list(range(0, 300, 2))
    assert cleared(path, Retention(models=("other", "tiny"))).rows > 600
    assert left(path) == []


def test_free_space_is_returned_unless_a_run_is_making_calls(path):
    size = filled(path).stat().st_size
    with child(CLAIMER, path, KEY) as claimer:
        claimer.stdout.readline()
        result = cleared(path, Retention(models=("tiny",)))
        assert 0.25 * size < result.bytes_free < 0.6 * size
        with pytest.raises(StoreError, match="a run is making calls; try again"):
            compact(path)
        claimer.stdin.close()
    assert path.stat().st_size > 0.7 * size
    compact(path)
    assert path.stat().st_size < 0.6 * size
    assert left(path) == list(range(1, ROWS, 2))


def test_while_a_file_is_rewritten_no_other_process_begins_a_call(path):
    filled(path, 3)
    with closing(Claims(lock_path(path))) as claims:
        assert claims.try_claim_all()
        with child(CLAIMER, path, KEY) as claimer:
            assert claimer.stdout.readline() == "False\n"
            claimer.stdin.close()


def test_an_unknown_model_is_a_user_error_that_lists_the_known_ones(path):
    with pytest.raises(UserError, match=r"store\.sqlite3: has no calls of model 'typo'; it has: other, tiny"):
        cleared(filled(path, 4), Retention(models=("typo",)))


def test_a_dry_run_reports_the_same_and_removes_nothing(path):
    filled(path)
    for limits in (Retention(max_age=100.5 * DAY), Retention(max_bytes=used(path) // 2), Retention(models=("tiny",))):
        before = path.read_bytes()
        promised = cleared(path, limits, dry_run=True)
        assert path.read_bytes() == before
        assert promised.rows == 0
        assert 0 < promised.doomed < ROWS
        assert promised.weight == pytest.approx(used(path) * promised.doomed / ROWS, rel=0.1)
    assert cleared(path, Retention(models=("tiny",))).rows == promised.doomed


def test_an_absent_cache_stays_absent(path):
    assert list(clear(path, Retention(max_bytes=0), dry_run=True)) == []
    assert not path.exists()


def test_a_row_that_replaced_a_failure_meanwhile_stays(path):
    filled(path, 3)
    steps = clear(path, Retention(max_age=0.0))
    assert next(steps).doomed == 3
    execute(path, "UPDATE completions SET created_at = ? WHERE id = 2", time.time())
    assert list(steps)[-1].rows == 2
    assert left(path) == [1]


def test_a_running_store_sees_a_removed_row_as_a_miss_and_stores_it_again(path):
    filled(path, 10)
    with Store(path) as store:
        steps = clear(path, Retention(max_age=0.0))
        next(steps)
        put_all(store, (a_call("new"), a_completion()))
        list(steps)
        key = call_key(calls(1)[0])
        assert store.get(key, 512) is None
        assert store.get(call_key(a_call("new")), 512) == a_completion()
        put_all(store, (calls(1)[0], a_completion("again")))
        assert store.get(key, 512) == a_completion("again")


@pytest.mark.parametrize(
    ("limits", "gone"),
    [
        (Retention(max_age=DAY / 2), 1),
        (Retention(max_age=5 * DAY), 0),
        (Retention(max_bytes=0), 1),
        (Retention(max_bytes=10**9), 0),
        (Retention(models=("tiny",)), 0),
    ],
)
def test_set_aside_rows_are_removed_by_age_or_size(path, limits, gone):
    filled(path, 4)
    with Store(path) as store:
        execute(path, "UPDATE completions SET value = x'00' WHERE id = 1")
        store.get(call_key(calls(1)[0]), 512)
    execute(path, "UPDATE set_aside SET set_aside_at = set_aside_at - ?", DAY)
    assert cleared(path, limits, dry_run=True).set_aside == gone
    assert cleared(path, limits).set_aside == gone
    assert execute(path, "SELECT COUNT(*) FROM set_aside") == [(1 - gone,)]


def test_a_file_of_format_1_shrinks_as_well(path):
    filled(path)
    execute(path, "PRAGMA user_version = 1")
    execute(path, "DROP TABLE set_aside")
    execute(path, "PRAGMA auto_vacuum = NONE")
    execute(path, "VACUUM")
    size = path.stat().st_size
    assert cleared(path, Retention(max_age=100.5 * DAY), dry_run=True).doomed == 1100
    assert cleared(path, Retention(max_age=100.5 * DAY)).bytes_free == 0
    assert path.stat().st_size < size / 4
    assert left(path) == list(range(1100, 1200))
    assert execute(path, "PRAGMA auto_vacuum") == [(2,)]


def test_a_disk_without_room_for_copies_keeps_the_free_space(path, monkeypatch):
    filled(path)
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=10_000))
    assert cleared(path, Retention(models=("tiny",))).bytes_free > 0
    assert left(path) == list(range(1, ROWS, 2))


def test_space_is_returned_many_pages_at_a_time(path, monkeypatch):
    filled(path)
    pauses = []
    monkeypatch.setattr("time.sleep", pauses.append)
    before = path.stat().st_size
    cleared(path, Retention(max_age=100.5 * DAY))
    assert (before - path.stat().st_size) / 4096 > 300
    assert len(pauses) < 10
