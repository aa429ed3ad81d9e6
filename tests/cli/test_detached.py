"""`prism run --detach`: real processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from prism_engine.chaos.behaviour import Behaviour
from prism_engine.cli.detached import LOG_NAME, pipe_to_foreground
from prism_engine.control.client import send
from prism_engine.control.sockets import SOCKET_NAME, NotListeningError, connected_socket
from tests.live_run import wait_until
from tests.provider import paid_model, provider
from tests.shapes import write_shapes


@pytest.fixture
def world(tmp_path, monkeypatch):
    """A folder with a benchmark and a model behind a slow server; call `prism ...` there as a process."""
    monkeypatch.chdir(tmp_path)
    write_shapes(tmp_path / "shapes.tsv", 48, 0)
    with provider(Behaviour(latency=0.1)) as server:
        entries = {
            "remote": paid_model(server, limits={"concurrency": 2}),
            "keyed": paid_model(server, api_key_env="NO_SUCH_KEY"),
        }
        (tmp_path / "models.yaml").write_text(json.dumps({"models": entries}))

        def prism(*words, **options):
            command = [sys.executable, "-m", "prism_engine", *map(str, words)]
            return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, **options)

        yield server, prism


RUN = ("run", "shapes.tsv", "-p", "scripted", "--models-file", "models.yaml", "--cache-dir", "cache", "--detach")


def ended(process):
    """Whether a process of another parent is gone; one without a parent to wait for it stays as a zombie."""
    try:
        status = Path(f"/proc/{process}/stat").read_text()
    except OSError:
        return True
    return status.rpartition(")")[2].split()[0] == "Z"


def listens(folder):
    try:
        connected_socket(folder, 5).close()
    except NotListeningError:
        return False
    return True


def test_a_detached_run_goes_on_in_a_session_of_its_own_and_is_controlled(world, tmp_path):
    server, prism = world
    started = prism(*RUN, "-r", "remote", "--json")
    assert (started.returncode, started.stderr) == (0, "")
    facts = json.loads(started.stdout)
    (folder,) = facts["folders"]
    folder = tmp_path / folder
    assert server.stats.received < 48
    assert os.getsid(facts["process"]) == facts["process"] != os.getsid(0)
    assert (folder / SOCKET_NAME).is_socket()
    send(folder, "drain")
    wait_until(lambda: ended(facts["process"]))
    said = (folder / LOG_NAME).read_text()
    assert "interrupted; continue with" in said
    again = prism(*RUN, "-r", "remote")
    assert "running in the background as process" in again.stdout
    assert f"prism ctl {facts['folders'][0]} pause|resume|drain|set" in again.stdout
    wait_until(lambda: "48 samples: 48 done" in (folder / LOG_NAME).read_text())
    assert (folder / LOG_NAME).read_text().startswith(said), "the log of the earlier run is kept"
    assert max(server.stats.hits.values()) == 1


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("-r", "nothing"), "unknown model 'nothing'"),
        (("-r", "keyed"), "no API key for 'chaos': set NO_SUCH_KEY"),
        (("-r", "remote", "--rpm", "0"), "--rpm"),
        (("-r", "remote", "--mode", "oracle"), "gold"),
        (("-r", "remote", "--cached-only"), "--cached-only"),
    ],
)
def test_an_error_before_the_first_call_is_printed_in_the_foreground(world, tmp_path, words, problem):
    server, prism = world
    said = prism(*RUN, *words)
    assert said.returncode == 2
    assert problem in said.stderr
    assert "background" not in said.stdout
    assert server.stats.received == 0


def test_a_log_that_is_a_link_is_not_written_through(world, tmp_path):
    server, prism = world
    folder = tmp_path / "results/generic/shapes/scripted/remote"
    folder.mkdir(parents=True)
    (tmp_path / "mine").write_text("mine")
    (folder / LOG_NAME).symlink_to(tmp_path / "mine")
    said = prism(*RUN, "-r", "remote")
    assert said.returncode == 2
    assert f"{LOG_NAME}: cannot be written" in said.stderr
    assert (tmp_path / "mine").read_text() == "mine"
    assert server.stats.received == 0


def test_a_run_killed_in_the_background_leaves_a_socket_that_says_so(world, tmp_path):
    server, prism = world
    facts = json.loads(prism(*RUN, "-r", "remote", "--json").stdout)
    folder = tmp_path / facts["folders"][0]
    wait_until(lambda: server.stats.received >= 4)
    with connected_socket(folder, 5) as client:  # and a client that is in the middle of its line
        client.sendall(b'{"command": "pau')
        os.kill(facts["process"], signal.SIGKILL)
    wait_until(lambda: not listens(folder))  # the kernel closes it a moment after the kill
    with pytest.raises(NotListeningError, match="was killed"):
        send(folder, "status")
    said = prism("ctl", facts["folders"][0], "pause")
    assert said.returncode == 2
    assert "continue it with `prism resume" in said.stderr
    finished = prism(*RUN[:-1], "-r", "remote")
    assert finished.returncode == 0
    assert not (folder / SOCKET_NAME).exists()


@pytest.mark.parametrize("value", ["", "x", "-1", "0", "99999", "9" * 30])
def test_a_variable_that_names_no_pipe_is_no_detached_process(monkeypatch, value, tmp_path):
    monkeypatch.setenv("PRISM_DETACHED", value)
    with (tmp_path / "input").open("w") as file:  # descriptor 0 is a pipe in some test runners
        monkeypatch.setattr(os, "fstat", lambda number, real=os.fstat: real(file.fileno() if number == 0 else number))
        assert pipe_to_foreground() is None
    assert "PRISM_DETACHED" not in os.environ
