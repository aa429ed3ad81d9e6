"""Two caches are merged by the rules of `put`, and every imported row is validated."""

from __future__ import annotations

import random
import time
from contextlib import suppress
from dataclasses import replace
from itertools import pairwise

import pytest

from prism_engine.cache import Store, call_key, export_rows, import_rows, stats, transfer
from prism_engine.cache.call_rows import checksum
from prism_engine.errors import StoreError, UserError
from prism_engine.records import ModelIdentity, Outcome

from .examples import a_call, a_completion, child, execute, stored

OTHER = ModelIdentity("other", (("hub", "org/other@1"),))
EVERYTHING = "SELECT key, max_tokens, outcome, value, checksum, prompt_tokens, created_at FROM completions ORDER BY key"
IMPORTER = """
import sys
from pathlib import Path
from prism_engine.cache import import_rows
for step in import_rows(Path(sys.argv[1]), Path(sys.argv[2])):
    print(step.checked, flush=True)
"""
IN_LITTLE_MEMORY = """
import resource, sys
from pathlib import Path
from prism_engine.cache import import_rows
resource.setrlimit(resource.RLIMIT_AS, (600 << 20, 600 << 20))
*_, end = import_rows(Path(sys.argv[1]), Path(sys.argv[2]))
print(end.added, end.bad)
"""


@pytest.fixture
def here(tmp_path):
    return tmp_path / "here" / "calls.sqlite"


@pytest.fixture
def there(tmp_path):
    return tmp_path / "there" / "calls.sqlite"


def some(count, start=0):
    return [(a_call(f"{number}"), a_completion(f"answer {number}")) for number in range(start, start + count)]


def end(steps):
    *_, result = steps
    return result


def counts(result):
    return result.added, result.replaced, result.kept, result.bad


def test_two_caches_become_one(here, there):
    stored(here, *some(600))
    stored(there, *some(600, 500))
    assert counts(end(import_rows(here, there))) == (500, 0, 100, 0)
    with Store(here) as store:
        found = store.get_many((call_key(call), 512) for call, _ in some(1100))
    assert found == [completion for _, completion in some(1100)]


def test_doing_it_again_changes_nothing(here, there):
    stored(there, *some(20), (a_call("failed"), a_completion(outcome=Outcome.ERROR)))
    assert counts(end(import_rows(here, there))) == (21, 0, 0, 0)
    rows = execute(here, EVERYTHING)
    assert rows == execute(there, EVERYTHING)
    assert counts(end(import_rows(here, there))) == (0, 0, 21, 0)
    assert execute(here, EVERYTHING) == rows


def test_if_both_have_a_call_the_rules_of_put_decide(here, there):
    ours = {"both": Outcome.OK, "ours failed": Outcome.ERROR, "theirs failed": Outcome.OK, "both failed": Outcome.EMPTY}
    theirs = ours | {"ours failed": Outcome.OK, "theirs failed": Outcome.ERROR, "both failed": Outcome.REFUSED}
    stored(here, *((a_call(text), a_completion("ours", outcome=outcome)) for text, outcome in ours.items()))
    stored(there, *((a_call(text), a_completion("theirs", outcome=outcome)) for text, outcome in theirs.items()))
    assert counts(end(import_rows(here, there))) == (0, 2, 2, 0)
    wanted = [(call_key(a_call(text)), 512) for text in ("both", "ours failed", "theirs failed")]
    with Store(here) as store:
        assert [row and row.text for row in store.get_many(wanted)] == ["ours", "theirs", "ours"]
    assert execute(here, "SELECT outcome FROM completions WHERE key = ?", call_key(a_call("both failed"))) == [
        ("refused",)
    ]


def test_a_row_keeps_the_time_when_it_was_made(here, there):
    stored(there, *some(3))
    execute(there, "UPDATE completions SET created_at = 1e9 + id")
    end(import_rows(here, there))
    assert execute(here, "SELECT created_at FROM completions ORDER BY id") == [(1e9 + 1,), (1e9 + 2,), (1e9 + 3,)]


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        ("UPDATE completions SET value = x'7b7d' WHERE id = 2", "checksum"),
        ("UPDATE completions SET key = upper(key) WHERE id = 2", "checksum"),
        ("UPDATE completions SET created_at = 'noon' WHERE id = 2", "time"),
        ("UPDATE completions SET created_at = 9e99 WHERE id = 2", "time"),
        ("UPDATE requests SET record = x'7b7d' WHERE rowid = 2", "request"),
        ("UPDATE requests SET model = x'ff' WHERE rowid = 2", "wrong type"),
        ("DELETE FROM requests WHERE rowid = 2", "request"),
    ],
)
def test_a_bad_row_is_named_and_set_aside_and_the_others_are_imported(here, there, damage, reason):
    stored(there, *some(3))
    execute(there, damage)
    steps = list(import_rows(here, there))
    assert counts(steps[-1]) == (2, 0, 0, 1)
    ((name,),) = [step.named for step in steps if step.named]
    assert name.lower().startswith(call_key(some(2)[1][0]))
    assert reason in name
    ((stored_reason,),) = execute(here, "SELECT reason FROM set_aside")
    assert stored_reason.startswith(f"from {there}: ")
    end(import_rows(here, there))
    assert execute(here, "SELECT COUNT(*) FROM set_aside") == [(1,)]
    with Store(here, read_only=True) as store:
        assert stats(store).rows == 2


@pytest.mark.parametrize(
    ("outcome", "value"),
    [
        ("ok", b"{}"),
        ("ok", b"[1]"),
        ("ok", b"\xff\xfe"),
        ("ok", b'{"text": 7, "usage": {}}'),
        ("ok", b'{"text": "a", "usage": {"completion_tokens": "9"}}'),
        ("ok", b'{"text": "a", "usage": []}'),
        ("fine", b'{"text": "a", "usage": {}}'),
        ("not_run", b'{"text": "a", "usage": {}}'),
    ],
)
def test_an_invalid_row_with_a_matching_checksum_is_still_bad(here, there, outcome, value):
    stored(there, *some(1))
    fitting = checksum(call_key(some(1)[0][0]), 512, outcome, value)
    execute(there, "UPDATE completions SET outcome = ?, value = ?, checksum = ?", outcome, value, fitting)
    assert counts(end(import_rows(here, there))) == (0, 0, 0, 1)


def test_a_lone_surrogate_is_imported_unchanged(here, there):
    stored(there, (a_call(), a_completion("odd \ud83d text")))
    end(import_rows(here, there))
    with Store(here) as store:
        assert store.get(call_key(a_call()), 512) == a_completion("odd \ud83d text")


def test_an_older_format_is_read_as_it_is(here, there):
    stored(there, *some(3))
    execute(there, "DROP TABLE set_aside")
    execute(there, "PRAGMA user_version = 1")
    assert end(import_rows(here, there)).added == 3
    assert execute(there, "PRAGMA user_version") == [(1,)]


def test_the_readable_rows_of_a_damaged_file_are_imported(here, there):
    stored(there, *((a_call(f"{n}"), a_completion(f"{n}" + "x" * 2500)) for n in range(300)))
    leaf = execute(
        there, "SELECT pageno FROM dbstat WHERE name = 'completions' AND pagetype = 'leaf' LIMIT 1 OFFSET 90"
    )
    with there.open("r+b") as file:
        file.seek((leaf[0][0] - 1) * 4096)
        file.write(b"\xff" * 4096)
    steps = list(import_rows(here, there))
    result = steps[-1]
    assert result.added + result.bad == 300
    assert 1 <= result.bad <= 4
    assert all("damaged there" in name for step in steps for name in step.named)


def test_an_import_that_was_killed_can_be_rerun(here, there):
    stored(there, *some(3000))
    chance = random.Random(5)
    for _ in range(3):
        with child(IMPORTER, here, there) as importer:
            importer.stdout.readline()
            time.sleep(chance.uniform(0, 0.1))
            importer.kill()
    result = end(import_rows(here, there))
    assert result.added + result.kept == 3000
    assert execute(here, EVERYTHING) == execute(there, EVERYTHING)
    assert execute(here, "PRAGMA integrity_check") == [("ok",)]


@pytest.mark.parametrize("what", ["nothing", "an empty file", "itself"])
def test_a_source_that_is_not_another_cache_is_a_user_error(here, there, what):
    stored(here)
    if what == "an empty file":
        there.parent.mkdir()
        there.touch()
    with pytest.raises(UserError, match=r"calls\.sqlite: "):
        end(import_rows(here, here if what == "itself" else there))


def test_a_source_that_is_no_cache_at_all_is_a_store_error(here, there):
    there.parent.mkdir()
    there.write_text("my thesis " * 1000)
    with pytest.raises(StoreError, match="not a SQLite file"):
        end(import_rows(here, there))


def test_an_export_is_one_file_that_is_a_cache(here, tmp_path):
    stored(here, *some(700))
    file = tmp_path / "export.sqlite"
    assert counts(end(export_rows(here, file))) == (700, 0, 0, 0)
    assert [path.name for path in tmp_path.iterdir() if "export" in path.name] == ["export.sqlite"]
    assert file.read_bytes()[18:20] == b"\x01\x01"  # no write-ahead log: readable on a read-only disk
    with Store(file, read_only=True) as store:
        assert store.get(call_key(a_call("699")), 512) == a_completion("answer 699")


def test_an_export_may_hold_some_models_only(here, tmp_path):
    stored(here, *some(4), *((replace(call, model=OTHER), completion) for call, completion in some(3)))
    file = tmp_path / "export.sqlite"
    assert counts(end(export_rows(here, file, ("other",)))) == (3, 0, 0, 0)
    assert execute(file, "SELECT DISTINCT model FROM requests") == [("other",)]
    with pytest.raises(UserError, match="has no calls of model 'typo'"):
        end(export_rows(here, tmp_path / "second.sqlite", ("typo",)))


def test_an_export_leaves_damaged_rows_out_and_the_cache_as_it_was(here, tmp_path):
    stored(here, *some(4))
    execute(here, "UPDATE completions SET value = x'00' WHERE id = 2")
    file = tmp_path / "export.sqlite"
    assert counts(end(export_rows(here, file))) == (3, 0, 0, 1)
    for path in (here, file):
        assert execute(path, "SELECT COUNT(*) FROM set_aside") == [(0,)]


def test_an_export_replaces_nothing_and_leaves_nothing_half_done(here, tmp_path):
    stored(here, *some(700))
    file = tmp_path / "export.sqlite"
    with suppress(KeyboardInterrupt):
        for step in export_rows(here, file):
            if step.checked:
                assert file.with_name("export.sqlite.part").exists()
                raise KeyboardInterrupt
    assert not [path for path in tmp_path.iterdir() if "export" in path.name]
    file.write_text("mine")
    with pytest.raises(UserError, match=r"export\.sqlite: already exists"):
        end(export_rows(here, file))
    assert file.read_text() == "mine"
    with pytest.raises(UserError, match="there is no cache here"):
        end(export_rows(tmp_path / "nowhere.sqlite", tmp_path / "other.sqlite"))


def test_rows_of_500_mb_are_left_out_in_bounded_memory(here, there):
    stored(there, *some(3))
    execute(there, "UPDATE completions SET value = zeroblob(500000000) WHERE id = 2")
    assert child(IN_LITTLE_MEMORY, here, there).communicate()[0] == "2 1\n"


def test_pages_are_bounded_in_bytes(here, there, monkeypatch):
    monkeypatch.setattr(transfer, "_PAGE_BYTES", 1000)
    stored(there, *[(a_call(f"{number}"), a_completion("x" * 600)) for number in range(20)])
    steps = list(import_rows(here, there))
    assert max(after.checked - before.checked for before, after in pairwise(steps)) <= 2
    assert counts(steps[-1]) == (20, 0, 0, 0)


@pytest.mark.parametrize("far", [2**40, 2**63 - 1])
def test_ids_far_apart_in_a_damaged_file_are_not_counted_one_by_one(here, there, far):
    stored(there, *some(60))
    execute(there, f"UPDATE completions SET id = {far} WHERE id = 60")
    execute(there, "PRAGMA journal_mode = DELETE")
    (page,) = execute(there, "SELECT rootpage FROM sqlite_master WHERE name = 'completions'")[0]
    (size,) = execute(there, "PRAGMA page_size")[0]
    whole = there.read_bytes()
    for at in range(page + 1, len(whole) // size + 1):  # each page but the root, in turn
        there.write_bytes(whole[: (at - 1) * size] + b"\0" * size + whole[at * size :])
        with suppress(StoreError):
            end(import_rows(here, there))
