"""`prism cache`: looking into what is stored."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing

import pytest

from prism_engine.api.parts import STORE_NAME


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
    assert "perceive" in said.out
    assert "reason" in said.out


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
    said = prism("cache", "verify")
    assert said.code == 1
    assert said.out.count("corrupt row:") == changed
    prism("run", "shapes.tsv", "-p", "scripted", "-r", "scripted", "--samples", "4")
    assert prism("cache", "verify").code == 0
