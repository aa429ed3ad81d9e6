"""Runs a client against a server of its own, and measures it: wall time, CPU, memory, and what the server counted."""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .scenarios import Scenario

ROOT = Path(__file__).resolve().parents[2]
POLL = 0.01
"""Seconds between two looks at a client."""
PATIENCE = 10.0
"""Seconds that processes left behind by a client have to end."""
PR_SET_CHILD_SUBREAPER = 36
"""From Linux's prctl.h."""
LONGEST = 900.0
"""Seconds after which a client is killed."""


@dataclass
class Usage:
    """What one or more processes of a client used. `peak_mib` is of the largest process."""

    wall: float = 0.0
    cpu: float = 0.0
    peak_mib: float = 0.0
    code: int = 0

    def __add__(self, other: Usage) -> Usage:
        peak = max(self.peak_mib, other.peak_mib)
        return Usage(self.wall + other.wall, self.cpu + other.cpu, peak, other.code)


class Server:
    """A chaos server in a process of its own.

    Attributes:
        url: its base URL.
        counts: its counts; set once it is stopped.
    """

    def __init__(self, process: subprocess.Popen[str], url: str) -> None:
        self._process = process
        self.url = url
        self.counts: dict[str, Any] = {"computed": {}, "other": 0, "refused": 0}

    def sent(self) -> int:
        """Return the number of completions sent so far."""
        with urllib.request.urlopen(f"{self.url.removesuffix('/v1')}/stats") as reply:  # noqa: S310 - our own server
            return int(json.load(reply)["completed"])

    def stop(self) -> None:
        self._process.terminate()
        text, _ = self._process.communicate()
        self.counts = json.loads(text.splitlines()[-1])


@contextlib.contextmanager
def served(scenario: Scenario) -> Iterator[Server]:
    """Serve with the scenario's behaviour; the counts are there after the block."""
    options = ["--latency", scenario.latency]
    options += ["--rpm", scenario.rpm] if scenario.rpm is not None else []
    options += ["--tpm", scenario.tpm] if scenario.tpm is not None else []
    command = [sys.executable, Path(__file__).with_name("server.py"), *options]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    process = subprocess.Popen([str(word) for word in command], env=environment, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    server = Server(process, process.stdout.readline().strip())
    try:
        yield server
    finally:
        server.stop()


def run(command: list[str], environment: dict[str, str], log: Path, kill_if: Callable[[], bool] | None = None) -> Usage:
    """Run a client to its end, or until `kill_if` holds: then `kill -9` strikes it and its children.

    A client that runs for `LONGEST` seconds is killed, too. CPU and memory include all its descendants: those that it
    leaves behind become children of this process.
    """
    with _adopting():
        return _run(command, environment, log, kill_if or (lambda: False))


def _run(command: list[str], environment: dict[str, str], log: Path, kill_if: Callable[[], bool]) -> Usage:
    others = _children()
    begun = time.monotonic()
    with log.open("ab") as output:
        process = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
        )
        while True:
            ended, status, used = os.wait4(process.pid, os.WNOHANG)
            if ended:
                break
            if time.monotonic() - begun > LONGEST or kill_if():
                os.killpg(process.pid, signal.SIGKILL)
            time.sleep(POLL)
        process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.monotonic() - begun
    total = Usage(wall, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024, process.returncode)
    return _orphans(others) + total


@contextlib.contextmanager
def _adopting() -> Iterator[None]:
    """Make orphans of descendants children of this process, and not of init."""
    prctl = ctypes.CDLL(None).prctl
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    try:
        yield
    finally:
        prctl(PR_SET_CHILD_SUBREAPER, 0)


def _orphans(others: set[int]) -> Usage:
    """Wait for the processes that a client left behind, at first patiently; return what they used."""
    total = Usage()
    deadline = time.monotonic() + PATIENCE
    while left := _children() - others:
        for pid in left:
            if time.monotonic() > deadline:
                os.kill(pid, signal.SIGKILL)
            ended, _, used = os.wait4(pid, os.WNOHANG)
            if ended:
                total += Usage(0.0, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)
        time.sleep(POLL)
    return total


def _children() -> set[int]:
    return set(map(int, Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()))
