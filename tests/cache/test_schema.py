"""Only prism's own files are opened, and errors name the file and the fix."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from typing import Any

import pytest

from prism_engine.cache import Store, call_key, schema
from prism_engine.cache.call_rows import encode
from prism_engine.cache.schema import APPLICATION_ID, SCHEMA_VERSION, open_reader, open_writer, store_error
from prism_engine.errors import StoreError

from .examples import a_call, a_completion, child, execute

OPENER = """
import sys
from pathlib import Path
from prism_engine.cache.schema import open_writer
sys.stdin.readline()
open_writer(Path(sys.argv[1])).close()
print("opened", flush=True)
"""

FORMAT_1 = (
    "CREATE TABLE requests (key TEXT PRIMARY KEY, stage TEXT NOT NULL, model TEXT NOT NULL, record BLOB NOT NULL)",
    """CREATE TABLE completions (
        id INTEGER PRIMARY KEY, key TEXT NOT NULL, max_tokens INTEGER NOT NULL, outcome TEXT NOT NULL,
        value BLOB NOT NULL, checksum BLOB NOT NULL, prompt_tokens INTEGER, completion_tokens INTEGER,
        created_at REAL NOT NULL, UNIQUE (key, max_tokens)
    )""",
    "PRAGMA application_id = 0x5052534D",
    "PRAGMA user_version = 1",
    "PRAGMA journal_mode = WAL",
)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "folder" / "cache.sqlite3"


def pragma(connection: sqlite3.Connection, name: str) -> Any:
    return connection.execute(f"PRAGMA {name}").fetchone()[0]


def test_a_new_file_is_a_prism_cache_with_a_write_ahead_log(path):
    with closing(open_writer(path)) as connection:
        assert pragma(connection, "application_id") == APPLICATION_ID
        assert pragma(connection, "user_version") == SCHEMA_VERSION
        assert pragma(connection, "journal_mode") == "wal"
        assert pragma(connection, "synchronous") == 1


def test_opening_again_changes_nothing(path):
    open_writer(path).close()
    execute(path, "INSERT INTO requests VALUES ('k', 's', 'm', x'00')")
    open_writer(path).close()
    assert execute(path, "SELECT key FROM requests") == [("k",)]


def test_a_reader_creates_nothing(path):
    assert open_reader(path) is None
    assert not path.parent.exists()


def test_a_reader_treats_an_empty_file_as_an_empty_store(path):
    path.parent.mkdir()
    path.touch()
    assert open_reader(path) is None
    assert path.stat().st_size == 0


def test_a_reader_cannot_write(path):
    open_writer(path).close()
    reader = open_reader(path)
    assert reader is not None
    with closing(reader), pytest.raises(sqlite3.OperationalError, match="readonly"):
        reader.execute("DELETE FROM requests")


@pytest.mark.parametrize("opener", [open_writer, open_reader])
def test_a_newer_format_asks_for_an_upgrade(path, opener):
    open_writer(path).close()
    execute(path, f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    with pytest.raises(StoreError, match=r"cache\.sqlite3: written by a newer prism .* upgrade"):
        opener(path)


@pytest.mark.parametrize("opener", [open_writer, open_reader])
def test_a_file_that_is_not_sqlite_is_refused_and_left_alone(path, opener):
    path.parent.mkdir()
    path.write_text("my thesis, not a database " * 100)
    with pytest.raises(StoreError, match=r"cache\.sqlite3: .* not a SQLite file; name another one"):
        opener(path)
    assert path.read_text().startswith("my thesis")


@pytest.mark.parametrize("opener", [open_writer, open_reader])
def test_another_programs_database_is_refused_and_left_alone(path, opener):
    path.parent.mkdir()
    execute(path, "CREATE TABLE recipes (name)")
    before = path.read_bytes()
    with pytest.raises(StoreError, match=r"cache\.sqlite3: .* not a prism cache"):
        opener(path)
    assert path.read_bytes() == before


def test_a_folder_in_the_files_place_is_a_store_error(path):
    path.mkdir(parents=True)
    with pytest.raises(StoreError, match=r"cache\.sqlite3"):
        open_writer(path)


def test_a_file_in_the_folders_place_is_a_store_error(path):
    path.parent.touch()
    with pytest.raises(StoreError, match="folder"):
        open_writer(path)


def test_several_processes_may_create_the_same_file_at_once(path):
    openers = [child(OPENER, path) for _ in range(4)]
    for opener in openers:
        opener.stdin.write("go\n")
        opener.stdin.flush()
    assert [opener.communicate()[0] for opener in openers] == ["opened\n"] * 4


def test_a_file_that_another_process_creates_while_it_is_opened_is_a_cache(path, monkeypatch):
    path.parent.mkdir()
    path.touch()
    other = threading.Thread(target=lambda: open_writer(path).close())

    def read(connection, name):
        value = pragma(connection, name)
        if name == "application_id" and other.ident is None:
            other.start()
            other.join(0.5)  # it ends within this time, or waits for the reader
        return value

    monkeypatch.setattr(schema, "_pragma", read)
    open_writer(path).close()
    other.join()


FOREIGN = {
    "view": [
        "ALTER TABLE completions RENAME TO kept",
        "CREATE VIEW completions AS SELECT * FROM kept UNION ALL SELECT * FROM completions",
    ],
    "other view": ["CREATE VIEW more AS SELECT 1"],
    "trigger": ["CREATE TRIGGER t AFTER INSERT ON completions BEGIN DELETE FROM requests; END"],
    "generated column": ["ALTER TABLE completions ADD COLUMN more AS (zeroblob(500000000))"],
    "default": ["ALTER TABLE set_aside ADD COLUMN more DEFAULT 5"],
    "virtual table": ["DROP TABLE requests", "CREATE VIRTUAL TABLE requests USING fts5(key, stage, model, record)"],
    "table": ["CREATE TABLE more (a)"],
    "index": ["CREATE INDEX more ON completions (hex(value))"],
    "constraint": ["DROP TABLE requests", f"{schema._STEPS[0][0][:-1]}, CHECK (length(hex(record)) > 1))"],
    "missing table": ["DROP TABLE requests"],
}


@pytest.mark.parametrize("name", FOREIGN)
@pytest.mark.parametrize("opening", [open_reader, open_writer])
def test_a_file_with_anything_but_the_tables_of_prism_is_refused(path, name, opening):
    open_writer(path).close()
    for statement in FOREIGN[name]:
        execute(path, statement)
    with pytest.raises(StoreError, match=r"was not made by prism|not all of its tables"):
        opening(path)


def test_statistics_of_sqlite_are_no_foreign_tables(path):
    open_writer(path).close()
    execute(path, "INSERT INTO requests VALUES ('k', 's', 'm', x'00')")
    execute(path, "ANALYZE")
    open_writer(path).close()
    assert execute(path, "SELECT COUNT(*) FROM sqlite_stat1") == [(1,)]


def test_an_error_without_a_known_fix_still_names_the_file(path):
    assert str(store_error(path, OSError("strange"))) == f"cache {path}: strange"


@pytest.fixture
def old(path):
    """Build a file of format 1 by hand, with one finished call in it."""
    path.parent.mkdir()
    for statement in FORMAT_1:
        execute(path, statement)
    row = encode(a_call(), a_completion())
    execute(path, "INSERT INTO requests VALUES (?, ?, ?, ?)", row.key, row.stage, row.model, row.record)
    execute(
        path,
        "INSERT INTO completions VALUES (1, ?, ?, ?, ?, ?, 300, 4, 1e9)",
        *(row.key, row.max_tokens, row.outcome, row.value, row.checksum),
    )
    return path


def test_an_older_format_is_migrated_and_keeps_its_rows(old):
    with Store(old) as store:
        assert store.get(call_key(a_call()), 512) == a_completion()
        assert store.query("SELECT COUNT(*) FROM set_aside") == [(0,)]
    assert execute(old, "PRAGMA user_version") == [(SCHEMA_VERSION,)]


def test_a_migrated_file_has_the_tables_of_a_new_one(old, tmp_path):
    def columns(path):
        return [
            execute(path, f"SELECT name, type, pk FROM pragma_table_info('{table}')")
            for table in ("requests", "completions", "set_aside")
        ]

    open_writer(old).close()
    open_writer(tmp_path / "new").close()
    assert columns(old) == columns(tmp_path / "new")


def test_a_reader_reads_an_older_format_as_it_is(old):
    with Store(old, read_only=True) as store:
        assert store.get(call_key(a_call()), 512) == a_completion()
    assert execute(old, "PRAGMA user_version") == [(1,)]


def test_a_step_that_fails_leaves_the_older_format_whole(old, monkeypatch):
    broken = schema._STEPS | {1: (*schema._STEPS[1], "CREATE TABLE requests (key)")}
    monkeypatch.setattr(schema, "_STEPS", broken)
    with pytest.raises(StoreError, match="already exists"):
        open_writer(old)
    monkeypatch.undo()
    assert execute(old, "PRAGMA user_version") == [(1,)]
    with Store(old) as store:
        assert store.get(call_key(a_call()), 512) == a_completion()


def test_several_processes_may_migrate_one_file_at_once(old):
    openers = [child(OPENER, old) for _ in range(3)]
    for opener in openers:
        opener.stdin.write("go\n")
        opener.stdin.flush()
    assert [opener.communicate()[0] for opener in openers] == ["opened\n"] * 3
    assert execute(old, "SELECT COUNT(*) FROM completions") == [(1,)]


def test_a_new_file_can_return_space(path):
    with closing(open_writer(path)) as connection:
        assert pragma(connection, "auto_vacuum") == 2
