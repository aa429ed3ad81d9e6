"""The process around a command: closed and full outputs, Ctrl-C at any moment, errors that no command expects."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from prism_engine.cli import app, process
from tests.processes import start_prism
from tests.shapes import write_shapes

PRISM = f"{sys.executable} -m prism_engine"
RUN = "run shapes.tsv -r scripted --mode blind --results-dir results --cache-dir cache"


@pytest.fixture
def folder(tmp_path):
    write_shapes(tmp_path / "shapes.tsv", 4, 0)
    return tmp_path


def shell(folder, line):
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(Path(__file__).parents[2]), "HOME": str(folder)}
    return subprocess.run(
        ["/bin/sh", "-c", line], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("command", ["models", RUN])
def test_a_full_output_is_one_line_and_the_results_are_complete(folder, command, unbuffered):
    said = shell(folder, f"PYTHONUNBUFFERED={unbuffered} {PRISM} {command} > /dev/full")
    assert said.returncode == 2
    assert said.stderr.count("the output cannot be written (No space left on device)") == 1
    assert "Traceback" not in said.stderr
    assert command == "models" or list(folder.rglob("predictions.jsonl"))


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", "<&- >&- 2>&-", "| true"])
def test_a_closed_output_changes_nothing(folder, closed):
    said = shell(folder, f"{PRISM} {RUN} {closed}")
    assert said.returncode == 0
    assert "rror" not in said.stderr
    assert list(folder.rglob("predictions.jsonl"))
    assert (folder / "cache").exists()


def test_exhausted_limits_of_the_machine_are_one_line(folder):
    for limit in ("-n 12", "-v 100000"):
        said = shell(folder, f"ulimit {limit}; {PRISM} {RUN}")
        assert said.returncode == 2
        assert said.stderr.startswith("error: ")
        assert len(said.stderr.splitlines()) == 1, said.stderr


def test_ctrl_c_is_130_without_a_traceback_at_any_moment(folder):
    codes = set()
    for step in range(8):
        started = start_prism("models", cwd=folder)
        time.sleep(0.1 + step * 0.08)
        started.send_signal(signal.SIGINT)
        _, said = started.communicate(timeout=60)
        assert "Traceback" not in said
        codes.add(started.returncode)
    assert codes <= {0, 130}


def test_an_interrupt_that_a_library_turned_into_another_error_is_still_one(prism, monkeypatch):
    def interrupted():
        raise ImportError("numpy: half imported") from KeyboardInterrupt()

    monkeypatch.setattr(app, "main", interrupted)
    assert prism("models")[::2] == (130, "interrupted\n")


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ZeroDivisionError("division\nby zero"), "unexpected ZeroDivisionError: division by zero. This is a bug"),
        (OSError(36, "File name too long", "x" * 5000), "xxx: File name too long"),
        (FileNotFoundError(2, "No such file or directory", "/gone"), "/gone: No such file or directory"),
        (MemoryError(), "enough memory"),
        (RuntimeError("can't start new thread"), "`ulimit -a`"),
        (ValueError("\x1b[2J"), "\\x1b[2J"),
    ],
)
def test_an_error_that_no_command_expects_is_one_line(prism, monkeypatch, error, line):
    def fail():
        raise error

    monkeypatch.setattr(app, "main", fail)
    said = prism("models")
    assert (said.code, said.err.count("\n")) == (2, 1)
    assert line in said.err
    monkeypatch.setenv("PRISM_DEBUG", "1")
    with pytest.raises(type(error)):
        prism("models")


def test_only_an_interrupted_process_is_ended_by_force(monkeypatch):
    ended = []
    monkeypatch.setattr("os._exit", ended.append)
    process._leave()
    monkeypatch.setattr(process, "_interrupted", True)
    process._leave()
    assert ended == [130]
