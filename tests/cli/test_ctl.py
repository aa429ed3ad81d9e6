"""`prism ctl` and what `prism status` shows of it, with real runs."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime

import pytest

from prism_engine.api.results.status import STATUS_NAME
from prism_engine.chaos.behaviour import Behaviour
from prism_engine.control.client import send
from prism_engine.control.sockets import SOCKET_NAME
from tests.live_run import config_of, folder_of, live, wait_until
from tests.provider import provider


@pytest.fixture
def running(prism, tmp_path):
    """A run that goes on, paused after its first calls, and `prism ctl` for it."""
    with provider(Behaviour(latency=0.05)) as server:
        config = config_of(tmp_path, server)
        with live(config) as run:
            wait_until(lambda: server.stats.received >= 2)
            send(folder_of(config), "pause")
            yield run, lambda *words: prism("ctl", "shapes/eyes/remote", *words)


def test_a_run_is_looked_at_adjusted_resumed_and_the_record_stays(running, prism, tmp_path):
    run, ctl = running
    assert "already paused" in ctl("pause").out
    shown = ctl("status").out
    assert "paused: " in shown
    assert "reasoner remote: concurrency 2" in shown
    assert "  pause\n" in shown
    assert "of 96 finished" in shown
    changed = ctl("set", "concurrency=8", "deadline=3h")
    assert changed.code == 0
    assert "remote: 8 concurrent requests (was 2); stops at " in changed.out
    assert "deadline: " in ctl("status").out
    told = json.loads(ctl("set", "rpm=6000", "--json").out)
    assert told["state"]["models"] == [
        {"role": "reasoner", "name": "remote", "requests_per_minute": 6000, "concurrency": 8}
    ]
    wait_until(lambda: "set reasoner.rpm=6000" in prism("status").out)
    during = prism("status").out
    assert "paused; go on with: prism ctl generic/shapes/eyes/remote resume" in during
    assert ctl("resume").out == "resumed\n"
    (report,) = run.end()
    assert report.progress.done == 96
    after = prism("status").out
    assert "set reasoner.concurrency=8" in after
    assert "go on with" not in after
    facts = json.loads(prism("status", "--json").out)
    assert [one["command"] for one in facts["control"]] == ["pause", "set", "set", "set", "resume"]
    ended = ctl("pause")
    assert (ended.code, "this run is not running (complete)" in ended.err) == (2, True)


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("halt",), "'halt' is not one of pause, resume, drain, status, set"),
        (("set",), "set needs at least one of rpm, tpm, concurrency, max_cost, deadline, such as rpm=100"),
        (("set", "rpm"), "'rpm': must be NAME=VALUE, such as rpm=100"),
        (("set", "rpm=0"), "rpm: must be greater than 0 (got '0')"),
        (("set", "rpm=1", "rpm=2"), "'rpm' is given twice"),
        (("set", "max_costs=1"), "did you mean 'max_cost'?"),
        (("pause", "rpm=1"), "pause takes no values"),
        (("set", "eyes.rpm=1"), "'eyes' is not behind an API"),
    ],
)
def test_wrong_words_are_one_error_and_change_nothing(running, words, problem):
    _, ctl = running
    said = ctl(*words)
    assert said.code == 2
    assert problem in said.err
    assert said.out == ""


def test_a_run_that_was_killed_or_is_another_machine_s_is_named_as_that(prism, tmp_path):
    folder = tmp_path / "results" / "a" / "b"
    folder.mkdir(parents=True)
    (tmp_path / "models.yaml").write_text("{}")
    assert prism("run", "shapes.tsv", "-p", "scripted", "-r", "scripted", "-n", "2").code == 0
    (path,) = (tmp_path / "results").rglob(STATUS_NAME)
    status = json.loads(path.read_text())
    path.write_text(json.dumps({**status, "state": "running", "pid": 2**22 + 1}))
    assert "this run was killed; continue it with `prism resume" in prism("ctl", "shapes", "pause").err
    now = datetime.now(UTC).isoformat(timespec="seconds")
    path.write_text(json.dumps({**status, "state": "running", "pid": os.getpid(), "updated_at": now}))
    silent = prism("ctl", "shapes", "pause")
    assert silent.code == 2
    assert "this run does not listen" in silent.err
    path.write_text(json.dumps({**status, "command": "judge"}))
    assert "results of `prism judge`; only runs can be controlled" in prism("ctl", "shapes", "pause").err


def test_nothing_in_a_received_folder_decides_where_a_command_goes(prism, tmp_path):
    assert prism("run", "shapes.tsv", "-p", "scripted", "-r", "scripted", "-n", "2").code == 0
    (path,) = (tmp_path / "results").rglob(STATUS_NAME)
    (path.parent / SOCKET_NAME).symlink_to("/run/user/0/agent")
    said = prism("ctl", "shapes", "pause")
    assert said.code == 2
    assert "is not a socket of this user, so nothing is sent to it" in said.err


@pytest.mark.parametrize("control", [5, [5], [{"at": "x"}], [{"at": "2026-01-01", "command": "p", "values": 5}]])
def test_a_damaged_record_is_named_and_control_characters_are_shown_escaped(prism, tmp_path, control):
    assert prism("run", "shapes.tsv", "-p", "scripted", "-r", "scripted", "-n", "2").code == 0
    (path,) = (tmp_path / "results").rglob(STATUS_NAME)
    status = json.loads(path.read_text())
    path.write_text(json.dumps({**status, "progress": {**status["progress"], "control": control}}))
    said = prism("status")
    assert (said.code, f"{STATUS_NAME}: is damaged" in said.err) == (2, True)
    hostile = [{"at": "2026-01-01T00:00:00+00:00", "command": "\x1b[2J", "values": {"\u202e": "1"}}]
    path.write_text(json.dumps({**status, "progress": {**status["progress"], "control": hostile}}))
    said = prism("status")
    assert said.code == 0
    assert "\x1b" not in said.out
    assert "\u202e" not in said.out
