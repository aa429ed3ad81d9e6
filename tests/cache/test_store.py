"""A stored completion is served to every process, however the writing process ended."""

from __future__ import annotations

import asyncio
import random
import threading
import time
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prism_engine.cache import Store, call_key
from prism_engine.errors import RejectedError, StoreError
from prism_engine.records import Outcome

from .examples import a_call, a_completion, child, execute, put_all, stored

KEY = call_key(a_call())
WRITER = """
import asyncio, sys
from pathlib import Path
from prism_engine.cache import Store, call_key
from tests.cache.examples import a_call, a_completion

async def main(store, name, rows):
    async def one(number):
        call = a_call(f"{name} {number}")
        await store.put(call, a_completion(f"answer {number}"))
        print(call_key(call), number, flush=True)
    for start in range(0, rows, 20):
        await asyncio.gather(*(one(start + number) for number in range(20)))

with Store(Path(sys.argv[1])) as store:
    asyncio.run(main(store, sys.argv[2], int(sys.argv[3])))
"""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "cache" / "store.sqlite3"


@pytest.fixture
def store(path):
    with Store(path) as store:
        yield store


async def test_what_was_put_is_served(store):
    assert store.get(KEY, 512) is None
    await store.put(a_call(), a_completion())
    assert store.get(KEY, 512) == a_completion()


async def test_it_is_still_there_in_the_next_store(path):
    with Store(path) as store:
        await store.put(a_call(), a_completion())
    with Store(path) as store:
        assert store.get(KEY, 512) == a_completion()


@pytest.mark.parametrize("outcome", [o for o in Outcome if not o.reusable])
async def test_a_failure_is_never_served(store, outcome):
    await store.put(a_call(), a_completion(outcome=outcome))
    assert store.get(KEY, 512) is None


async def test_a_failure_is_kept_for_people_but_a_call_never_made_is_not(store):
    await store.put(a_call("failed"), a_completion(outcome=Outcome.ERROR))
    await store.put(a_call("never sent"), a_completion(outcome=Outcome.NOT_RUN))
    assert store.query("SELECT outcome FROM completions") == [("error",)]


async def test_a_longer_run_calls_only_for_what_the_shorter_one_truncated(store):
    await store.put(a_call("short", max_tokens=512), a_completion(tokens=90))
    await store.put(a_call("long", max_tokens=512), a_completion(tokens=512, outcome=Outcome.TRUNCATED))
    wanted = [(call_key(a_call(text, max_tokens=2048)), 2048) for text in ("short", "long")]
    assert store.get_many(wanted) == [a_completion(tokens=90), None]


made = st.tuples(
    st.integers(0, 1),
    st.integers(1, 8),
    st.sampled_from([o for o in Outcome if o is not Outcome.NOT_RUN]),
    st.none() | st.integers(1, 8),
)


@settings(deadline=None, max_examples=50)
@given(st.lists(made, max_size=8))
def test_the_served_completion_is_the_one_the_rules_choose(tmp_path_factory, rows):
    calls = [(a_call(f"{which}", max_tokens=limit), which, limit, outcome, n) for which, limit, outcome, n in rows]
    model: dict[
        tuple[int, int], Any
    ] = {}  # (which, limit) -> the completion kept by a naive implementation of the rules
    with Store(tmp_path_factory.mktemp("model") / "s") as store:
        for number, (call, which, limit, outcome, n) in enumerate(calls):
            completion = a_completion(f"row {number}", tokens=n, outcome=outcome)
            put_all(store, (call, completion))
            if (which, limit) not in model or not model[which, limit].outcome.reusable:
                model.pop((which, limit), None)
                model[which, limit] = completion
        asked = [(which, limit) for which in (0, 1) for limit in range(1, 10)]
        expected = []
        for which, limit in asked:
            serving = []
            for (owner, made_under), kept in model.items():
                n = kept.usage.completion_tokens or made_under
                whole = kept.outcome is Outcome.OK and limit >= min(n, made_under)
                cut = kept.outcome is Outcome.TRUNCATED and limit == made_under
                if owner == which and (whole or cut):
                    serving.append((made_under != limit, kept))
            expected.append(min(serving, key=lambda pair: pair[0], default=(None, None))[1])
        found = store.get_many((call_key(a_call(f"{which}")), limit) for which, limit in asked)
    assert found == expected


async def test_thousands_are_looked_up_at_once_in_their_order(store):
    calls = [a_call(f"{number}") for number in range(1200)]
    await asyncio.gather(*(store.put(call, a_completion(f"{n}")) for n, call in enumerate(calls) if n % 2))
    found = store.get_many((call_key(call), 512) for call in calls)
    assert [completion and completion.text for completion in found] == [f"{n}" if n % 2 else None for n in range(1200)]


def test_every_row_reported_before_a_kill_is_there_after_it(path):
    rounds = random.Random(7)
    for turn in range(5):
        with child(WRITER, path, f"turn {turn}", 1_000_000) as writer:
            reported = [writer.stdout.readline() for _ in range(20)]
            time.sleep(rounds.uniform(0, 0.3))
            writer.kill()
            reported += writer.stdout.readlines()
        rows = [line.split() for line in reported if line.endswith("\n")]
        assert len(rows) >= 20
        with Store(path) as store:
            found = store.get_many((key, 512) for key, _ in rows)
        assert [row and row.text for row in found] == [f"answer {number}" for _, number in rows]


def test_threads_and_processes_write_to_one_store(path):
    children = [child(WRITER, path, name, 200) for name in ("one", "two")]
    with Store(path) as store:
        pairs = [(a_call(f"thread {n}"), a_completion(f"{n}")) for n in range(80)]
        threads = [threading.Thread(target=put_all, args=(store, *pairs[n::8], pairs[0])) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [len(process.communicate()[0].splitlines()) for process in children] == [200, 200]
        assert store.get_many((call_key(call), 512) for call, _ in pairs) == [given for _, given in pairs]
        assert store.query("SELECT COUNT(*) FROM completions") == [(480,)]


@pytest.mark.parametrize(
    "damage",
    [
        "value = CAST(replace(CAST(value AS TEXT), 'red', 'rad') AS BLOB)",
        "value = 'text'",
        "outcome = 'truncated'",
        "outcome = CAST(x'6fff' AS TEXT)",
        "max_tokens = 513",
        "checksum = x'00'",
    ],
)
async def test_a_corrupt_row_is_a_counted_miss_and_gets_replaced(path, damage):
    with Store(path) as store:
        await store.put(a_call(), a_completion())
    execute(path, f"UPDATE completions SET {damage}")
    with Store(path) as store:
        assert store.get(KEY, 513) is None
        assert store.get(KEY, 512) is None
        assert store.corrupt == 1
        await store.put(a_call(), a_completion("again"))
        assert store.get(KEY, 512) == a_completion("again")
        assert store.query("SELECT reason FROM set_aside") == [("the row does not fit its checksum",)]


async def test_a_corrupt_row_is_set_aside_by_the_lookup_itself(path):
    with Store(path) as store:
        await store.put(a_call(), a_completion())
    execute(path, "UPDATE completions SET value = x'00'")
    with Store(path, read_only=True) as store:
        assert store.get(KEY, 512) is None
        assert store.corrupt == 1
        assert store.query("SELECT COUNT(*) FROM completions") == [(1,)]
    with Store(path) as store:
        assert store.get_many([(KEY, 512), (KEY, 9), (KEY, 512)]) == [None] * 3
        assert store.corrupt == 1
    assert execute(path, "SELECT COUNT(*) FROM completions") == [(0,)]
    assert execute(path, "SELECT key, value FROM set_aside") == [(KEY, b"\0")]


async def test_a_corrupt_row_is_a_miss_even_where_nothing_can_be_written(path):
    with Store(path) as store:
        await store.put(a_call(), a_completion())
        assert store._writer is not None
        store._writer.close()
        execute(path, "UPDATE completions SET value = x'00'")
        assert store.get(KEY, 512) is None
        assert store.corrupt == 1


async def test_a_full_disk_fails_every_put_and_none_hangs(store):
    store._writer._connection.execute("PRAGMA max_page_count = 1")
    puts = (store.put(a_call(f"{n}"), a_completion("x" * 10_000)) for n in range(200))
    results = await asyncio.wait_for(asyncio.gather(*puts, return_exceptions=True), 60)
    assert {type(result) for result in results} == {StoreError}
    with pytest.raises(StoreError, match="full"):
        await store.put(a_call(), a_completion())
    assert store.get(KEY, 512) is None


async def test_a_cancelled_put_writes_its_row_all_the_same(store, path):
    tasks = [asyncio.create_task(store.put(a_call(f"{n}"), a_completion())) for n in range(10)]
    await asyncio.sleep(0)
    for task in tasks:
        task.cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert {type(result) for result in results} == {asyncio.CancelledError}
    store.close()
    assert execute(path, "SELECT COUNT(*) FROM completions") == [(10,)]


async def test_a_closed_store_refuses_everything(store):
    store.close()
    store.close()
    with pytest.raises(StoreError, match="closed"):
        await store.put(a_call(), a_completion())
    for method in (partial(store.get, limit=512), store.try_claim, store.release):
        with pytest.raises(StoreError, match="closed"):
            method(KEY)


async def test_a_read_only_store_creates_nothing_and_is_empty(path):
    with Store(path, read_only=True) as store:
        assert store.get(KEY, 512) is None
        assert store.get_many([(KEY, 1), (KEY, 2)]) == [None, None]
        with pytest.raises(StoreError, match="read-only"):
            await store.put(a_call(), a_completion())
        with pytest.raises(StoreError, match="read-only"):
            store.try_claim(KEY)
    assert not path.parent.exists()


def test_a_read_only_store_sees_what_a_running_one_writes(store, path):
    with Store(path, read_only=True) as reader:
        put_all(store, (a_call(), a_completion()))
        assert reader.get(KEY, 512) == a_completion()


def test_reading_does_not_wait_for_a_writing_transaction(store, path):
    put_all(store, (a_call(), a_completion()))
    store._writer._connection.execute("BEGIN IMMEDIATE")
    store._writer._connection.execute("DELETE FROM completions")
    assert store.get(KEY, 512) == a_completion()
    store._writer._connection.execute("ROLLBACK")


async def test_a_call_without_a_key_is_rejected_and_affects_no_other_call(store):
    with pytest.raises(RejectedError):
        await store.put(a_call("\ud83d"), a_completion())
    await store.put(a_call(), a_completion())
    assert store.get(KEY, 512) == a_completion()


def test_a_store_serves_several_event_loops_one_after_another(store):
    for number in range(3):
        put_all(store, (a_call(f"{number}"), a_completion()))
    assert store.query("SELECT COUNT(*) FROM completions") == [(3,)]


def test_a_store_that_cannot_open_leaves_nothing_open(path):
    stored(path)
    execute(path, "PRAGMA user_version = 99")
    with pytest.raises(StoreError, match="newer"):
        Store(path)
    path.unlink()
    path.with_name(path.name + ".locks").unlink()
    path.with_name(path.name + ".locks").mkdir()
    with pytest.raises(StoreError, match="locks"):
        Store(path)
    assert not [thread for thread in threading.enumerate() if "cache writer" in thread.name]


def test_claims_pass_through(store):
    assert store.try_claim(KEY)
    store.release(KEY)


def test_a_path_with_odd_characters_works(tmp_path):
    path = stored(tmp_path / "a ?#%20 name" / "c.sqlite3", (a_call(), a_completion()))
    with Store(path, read_only=True) as store:
        assert store.get(KEY, 512) == a_completion()
