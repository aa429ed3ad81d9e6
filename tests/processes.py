"""Child processes that tests talk to: the fault server, and prism itself."""

from __future__ import annotations

import subprocess
import sys
import urllib.request
from contextlib import contextmanager

import orjson


@contextmanager
def chaos_server(*options):
    """Run the fault server in a process of its own; yields its base URL."""
    command = [sys.executable, "-m", "prism_engine.chaos.server", *map(str, options)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield process.stdout.readline().strip()
        finally:
            process.terminate()


def server_stats(base_url):
    """What the fault server has counted up to now."""
    with urllib.request.urlopen(f"{base_url.removesuffix('/v1')}/stats") as reply:
        return orjson.loads(reply.read())


def start_prism(*arguments, **options):
    """Start `prism ...`; its output is text."""
    command = [sys.executable, "-m", "prism_engine", *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options)
