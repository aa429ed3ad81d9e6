"""Child processes for tests: the chaos server and prism itself."""

from __future__ import annotations

import subprocess
import sys
import urllib.request
from contextlib import contextmanager

import orjson


@contextmanager
def chaos_server(*options):
    """Run the chaos server in its own process; yield its base URL."""
    command = [sys.executable, "-m", "prism_engine.chaos.server", *map(str, options)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def server_stats(base_url):
    """Return the chaos server's counters."""
    with urllib.request.urlopen(f"{base_url.removesuffix('/v1')}/stats") as reply:
        return orjson.loads(reply.read())


def start_prism(*arguments, **options):
    """Start `prism ...` as a process with text output."""
    command = [sys.executable, "-m", "prism_engine", *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)
