"""`prism cache`: looking into what is stored, keeping it small, moving it."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

import pytest

from prism_engine.api.build.parts import STORE_NAME
from prism_engine.cli.cache_upkeep import NAMED_ROWS


@pytest.fixture
def filled(prism, tmp_path):
    prism("run", "shapes.tsv", "-p", "scripted", "-r", "scripted", "--samples", "4")
    return tmp_path / "cache" / STORE_NAME


def keys(path):
    with closing(sqlite3.connect(path)) as connection:
        return [key for (key,) in connection.execute("SELECT key FROM requests ORDER BY rowid")]


def test_stats_counts_by_stage_and_outcome(prism, filled):
    said = prism("cache", "stats")
    assert said.code == 0
    assert [line.split()[0] for line in said.out.splitlines()[1:3]] == ["Descriptions", "Answers"]


def test_stats_of_a_cache_that_does_not_exist_yet_is_empty(prism, tmp_path):
    assert "0 completions" in prism("cache", "stats").out
    assert not (tmp_path / "cache").exists()


def test_show_prints_request_and_completions_as_json(prism, filled):
    key = keys(filled)[0]
    entry = json.loads(prism("cache", "show", key[:10]).out)
    assert entry["key"] == key
    assert entry["rows"][0]["completion"]["outcome"] == "ok"
    unknown = prism("cache", "show", "ffffffffffff")
    assert unknown.code == 2


def test_show_finds_the_calls_of_a_sample_of_a_run(prism, filled):
    calls = json.loads(prism("cache", "show", "--run", "scripted", "--index", "3").out)
    assert [call["stage"] for call in calls] == ["perceive", "reason"]
    for call in calls:
        assert json.loads(prism("cache", "show", call["key"]).out) == call["stored"]
        assert call["text"] in [row["completion"]["text"] for row in call["stored"]["rows"]]


@pytest.mark.parametrize(
    "arguments", [(), ("ab", "--run", "x"), ("--run", "x"), ("--index", "3"), ("ab", "--index", "3")]
)
def test_show_wants_a_key_or_a_sample_of_a_run(prism, arguments):
    said = prism("cache", "show", *arguments)
    assert (said.code, "give a call's KEY, or else --run RUN with --index INDEX" in said.err) == (2, True)


def test_explain_names_what_differs_and_nothing_else(prism, filled):
    first, second = keys(filled)[:2]
    said = prism("cache", "explain", first[:12], second[:12])
    assert said.code == 0
    assert "messages[0]" in said.out
    assert "temperature" not in said.out
    assert prism("cache", "explain", first[:12], first[:12]).out.strip() == "the same call"


def test_verify_finds_a_flipped_byte_and_the_next_run_makes_the_call_again(prism, filled):
    assert prism("cache", "verify").code == 0
    with closing(sqlite3.connect(filled)) as connection, connection:
        connection.execute("UPDATE completions SET value = replace(value, 'scripted', 'Scripted')")
        changed = connection.total_changes
    assert changed
    said = prism("cache", "verify", "--dry-run")
    assert said.code == 1
    assert "would be set aside" in said.out
    said = prism("cache", "verify", "--dry-run", "--json")
    told = json.loads(said.out)
    assert (said.code, told["corrupt"], len(told["named"]), told["sound"]) == (1, changed, changed, False)
    said = prism("cache", "verify")
    assert said.code == 1
    assert said.out.count("corrupt row:") == changed
    assert f"{changed} damaged rows set aside" in prism("cache", "stats").out
    prism("run", "shapes.tsv", "-p", "scripted", "-r", "scripted", "--samples", "4")
    assert prism("cache", "verify").code == 0


def test_verify_of_a_damaged_file_says_how_to_save_what_is_sound(prism, filled, tmp_path):
    with closing(sqlite3.connect(filled)) as connection, connection:
        root = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'set_aside'").fetchone()[0]
    with filled.open("r+b") as file:
        file.seek((root - 1) * 4096)
        file.write(b"\xff" * 4096)
    said = prism("cache", "verify")
    assert said.code == 1
    assert "damaged file:" in said.out
    assert "prism cache merge FOLDER-OF-THE-DAMAGED-FILE" in said.out
    assert prism("cache", "merge", filled.parent, "--cache-dir", tmp_path / "new").code == 0
    assert prism("cache", "verify", "--cache-dir", tmp_path / "new").code == 0


def test_gc_wants_to_know_what_to_remove(prism, filled):
    said = prism("cache", "gc")
    assert said.code == 2
    assert "--older-than 30d" in said.err
    for wrong in (("--older-than", "30"), ("--older-than", "a day"), ("--max-size", "5"), ("--max-size", "5 XB")):
        said = prism("cache", "gc", *wrong)
        assert said.code == 2
        assert wrong[0] in said.err


def test_gc_says_what_it_would_remove_and_then_removes_it(prism, filled):
    count = len(keys(filled))
    said = prism("cache", "gc", "--max-size", "0MB", "--dry-run")
    assert f"would remove {count} calls, about" in said.out
    assert len(keys(filled)) == count
    told = json.loads(prism("cache", "gc", "--max-size", "0MB", "--dry-run", "--json").out)
    assert (told["doomed"], told["rows"], told["dry_run"]) == (count, 0, True)
    assert prism("cache", "gc", "--older-than", "1h").out.count("removed 0 calls") == 1
    assert f"removed {count} calls" in prism("cache", "gc", "--max-size", "0MB").out
    assert keys(filled) == []


def test_gc_of_one_model_leaves_the_others_and_compact_alone_is_enough_to_ask_for(prism, filled):
    assert prism("cache", "gc", "--model", "typo").code == 2
    assert prism("cache", "gc", "--model", "scripted", "--older-than", "12h", "--max-size", "1.5 GiB").code == 0
    said = prism("cache", "gc", "--compact")
    assert said.code == 0
    assert ": rewritten, " in said.out
    assert keys(filled)


def test_gc_of_no_cache_says_so(prism, tmp_path):
    assert "nothing to remove" in prism("cache", "gc", "--model", "any").out
    told = json.loads(prism("cache", "gc", "--compact", "--json").out)
    assert (told["rows"], told["file_bytes"], told["compacted"]) == (0, 0, False)
    assert not (tmp_path / "cache").exists()


def test_an_export_feeds_another_cache_and_a_run_there_calls_nothing(prism, filled, tmp_path):
    count = len(keys(filled))
    said = prism("cache", "export", "calls.sqlite")
    assert said.code == 0
    assert f"{count} calls" in said.out
    assert prism("cache", "export", "calls.sqlite").code == 2
    other = tmp_path / "other"
    for new, here in ((count, 0), (0, count)):
        said = prism("cache", "import", "calls.sqlite", "--cache-dir", other)
        assert said.code == 0
        assert f"{new} new, 0 replacing a failure, {here} here already, 0 bad" in said.out
    planned = prism("plan", "shapes.tsv", "-p", "scripted", "-r", "scripted", "--samples", "4", "--cache-dir", other)
    assert planned.code == 0
    assert keys(other / STORE_NAME) == keys(filled)


def test_merge_takes_several_folders_and_names_what_is_bad(prism, filled, tmp_path):
    prism("run", "shapes.tsv", "-p", "scripted", "-r", "scripted", "--samples", "8", "--cache-dir", tmp_path / "second")
    with closing(sqlite3.connect(tmp_path / "second" / STORE_NAME)) as connection, connection:
        connection.execute("UPDATE completions SET value = x'00' WHERE id = 1")
    said = prism("cache", "merge", filled.parent, tmp_path / "second", "--cache-dir", tmp_path / "both")
    assert said.code == 1
    assert said.out.count("bad row:") == 1
    assert "checksum" in said.out
    nowhere = prism("cache", "merge", tmp_path / "nowhere", "--cache-dir", tmp_path / "both")
    assert nowhere.code == 2
    assert "nowhere" in nowhere.err


def test_bad_rows_beyond_the_first_are_counted_instead_of_named(prism, filled):
    prism("run", "shapes.tsv", "-p", "scripted", "-r", "scripted")
    with closing(sqlite3.connect(filled)) as connection, connection:
        bad = connection.execute("UPDATE completions SET value = x'00'").rowcount
    said = prism("cache", "verify")
    assert said.out.count("corrupt row:") == NAMED_ROWS < bad
    assert f"... and {bad - NAMED_ROWS} more" in said.out


@pytest.mark.parametrize("command", ["verify", "gc", "export", "import", "merge"])
def test_help_teaches(prism, command):
    said = prism("cache", command, "--help")
    assert said.code == 0
    assert "--cache-dir" in said.out
