"""A real client against a real server: small, and without any peer installed."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.peer_tools import rounds
from benchmarks.peer_tools.measuring import run
from benchmarks.peer_tools.rounds import by_name, measure
from benchmarks.peer_tools.scenarios import SCENARIOS
from benchmarks.peer_tools.tools import Tool

PYTHON = Path(sys.executable)


@pytest.mark.parametrize("name", ["free", "stages"])
def test_a_client_that_answers_everything_loses_and_repeats_nothing(tmp_path, name):
    scenario = replace(SCENARIOS[name], latency=0.01)
    (row,) = measure(scenario, {"bare aiohttp": PYTHON}, tmp_path, tasks=5, rounds=2)
    assert not row.competes
    assert [(it.refused, it.lost, it.repeated, it.code) for it in row.rounds] == [(0, 0, 0, 0)] * 2
    assert all(it.wall > 0 and it.cpu > 0 and it.peak_mib > 0 for it in row.rounds)


def test_a_client_without_retries_loses_what_the_server_refuses(tmp_path):
    scenario = replace(SCENARIOS["free"], latency=0.01, rpm=120)  # four requests at once
    (row,) = measure(scenario, {"bare aiohttp": PYTHON}, tmp_path, tasks=20, rounds=1)
    assert row.rounds[0].refused == row.rounds[0].lost > 0
    assert row.rounds[0].code == 0


def test_a_killed_client_without_a_cache_asks_again(tmp_path):
    scenario = replace(SCENARIOS["free"], latency=0.3, kill=True)
    (row,) = measure(scenario, {"bare aiohttp": PYTHON}, tmp_path, tasks=100, rounds=1)
    (measured,) = row.rounds
    assert measured.lost == 0
    assert measured.repeated >= 50


def test_a_client_that_ends_before_its_kill_has_failed(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(rounds, "TOOLS", (Tool("idle", None, frozenset({"kill"}), lambda _: ["true"], lambda _: {}),))
    (row,) = measure(SCENARIOS["kill"], {"idle": PYTHON}, tmp_path, tasks=4, rounds=1)
    assert row.why_not == "exit code not 0 in 1 of 1 rounds"
    assert row.rounds[0].lost == 4
    assert "idle: ended before half of the completions" in capsys.readouterr().out


def test_usage_includes_a_process_that_the_client_left_behind(tmp_path):
    busy = "import time; x = bytearray(80 << 20)\nwhile time.process_time() < 0.5: pass"
    leaving = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {busy!r}], start_new_session=True)"
    used = run([sys.executable, "-c", leaving], {}, tmp_path / "log.txt")
    assert used.cpu >= 0.5
    assert used.peak_mib >= 80
    assert used.code == 0


def test_a_killed_client_is_gone_with_its_children(tmp_path):
    sleeping = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import time; time.sleep(100)'])"
    used = run([sys.executable, "-c", sleeping], {}, tmp_path / "log.txt", lambda: True)
    assert used.code == -9
    assert used.wall < 50


def test_an_unknown_tool_is_an_error_that_names_the_known_ones():
    with pytest.raises(ValueError, match="'vlmevalkit' is not a tool; known: prism, inspect_ai"):
        by_name(["vlmevalkit"])
