"""A larger output limit asks again only for what the smaller one cut, and keeps both."""

from __future__ import annotations

import json
import sqlite3
import zlib

import pytest

from prism_engine.chaos.behaviour import Behaviour
from tests.provider import paid_model, provider


def words(body):
    """Describe and answer half of the calls at length, the others in three words."""
    odd = zlib.crc32(json.dumps(body["messages"]).encode()) % 2
    return "A " + ("word " * 40 if odd else "is right")


def rows_by_key(tmp_path, stage):
    with sqlite3.connect(tmp_path / "cache" / "calls.sqlite") as base:
        found = base.execute(
            "SELECT key, max_tokens, outcome FROM completions JOIN requests USING (key) WHERE stage = ? ORDER BY 1, 2",
            (stage,),
        ).fetchall()
    base.close()
    by_key: dict[str, list[tuple[int, str]]] = {}
    for key, limit, outcome in found:
        by_key.setdefault(key, []).append((limit, outcome))
    return by_key


@pytest.mark.parametrize(
    ("option", "stage", "modes"),
    [("--reasoning-tokens", "reason", ("blind",)), ("--perception-tokens", "perceive", ("perception",))],
)
def test_only_what_was_cut_is_asked_for_again_and_both_are_shown(prism, tmp_path, option, stage, modes):
    with provider(Behaviour(reply=words)) as server:
        (tmp_path / "models.yaml").write_text(f"models:\n  far: {json.dumps(paid_model(server, price=None))}\n")
        arguments = ("run", "shapes.tsv", "-r", "far", "-p", "far", "--mode", *modes, "--models-file", "models.yaml")
        first = prism(*arguments, option, 8)
        assert first.code == 0
        assert f"{option} raises it" in first.out
        asked = server.stats.received
        cut = {key for key, rows in rows_by_key(tmp_path, stage).items() if rows == [(8, "truncated")]}
        assert 0 < len(cut) < asked
        assert prism(*arguments, option, 64).code == 0
        assert server.stats.received - asked == len(cut)
    for key, rows in rows_by_key(tmp_path, stage).items():
        assert rows == ([(8, "truncated"), (64, "ok")] if key in cut else [(8, "ok")])
    shown = json.loads(prism("cache", "show", min(cut)).out)
    assert [(row["max_tokens"], row["completion"]["finish_reason"]) for row in shown["rows"]] == [
        (8, "length"),
        (64, "stop"),
    ]
