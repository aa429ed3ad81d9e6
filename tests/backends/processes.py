"""Processes on this machine, read from Linux's /proc."""

from __future__ import annotations

import multiprocessing
import time
from pathlib import Path


def engine_processes() -> list[int]:
    """Return the ids of this process's vLLM engines and their workers, without Python's own resource tracker."""
    children = [child.pid for child in multiprocessing.active_children() if child.pid]
    return [pid for child in children for pid in (child, *descendants(child))]


def descendants(pid: int) -> list[int]:
    """Return the ids of all descendants of a process."""
    children: list[int] = []
    for thread in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            children += map(int, thread.read_text().split())
        except (FileNotFoundError, ProcessLookupError):
            continue  # the thread ended meanwhile
    return [each for child in children for each in (child, *descendants(child))]


def wait_until_gone(pids: list[int]) -> list[int]:
    """Return the processes that still run after 20 seconds; zombies do not count."""
    deadline = time.monotonic() + 20
    while (alive := [pid for pid in pids if _runs(pid)]) and time.monotonic() < deadline:
        time.sleep(0.1)
    return alive


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False
