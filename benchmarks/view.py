"""`prism view` with 100,000 rows x 3 arms: time of each kind of page on the server, and its memory.

Asks a real server over HTTP: pages from the start to the end of the list, without a filter and with each kind of
filter, a sample's place, and a sample in full. Each request is timed at the client, so the figures have HTTP in them;
CPU is that of the server's process and threads over the same requests. Bounds: the median of each kind below 50 ms,
and less than 10 % more memory after all requests than before.

    python -m benchmarks.view [--rows 100000] [--rounds 20]

Exits with 1 if a median is above its bound, or memory grows.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from http.client import HTTPConnection
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlencode, urlsplit

import orjson
import psutil

from benchmarks.report import spread, write_runs

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

MOST_SECONDS, MOST_GROWTH = 0.05, 1.1
FILTERS: dict[str, dict[str, Any]] = {
    "no filter": {},
    "category": {"category": "counting"},
    "outcomes": {"runs": {"0": "wrong", "1": "right"}},
    "flip": {"flip": [0, 2, True]},
    "text that nothing has": {"text": "zanzibar "},
    "text that half of the samples have": {"text": "was"},
    "verdict and text": {"verdict": [1, "reasoning"], "text": "was"},
}


class Server:
    """A viewer in a process of its own."""

    def __init__(self, results: Path) -> None:
        command = [sys.executable, "-m", "prism_engine", "view", str(results), "--port", "0"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        address = urlsplit(self.process.stdout.readline().strip())
        self._connection = HTTPConnection("127.0.0.1", address.port, timeout=600)
        self._cookie = ""
        self._connection.request("GET", f"/?{urlencode({'token': parse_qs(address.query)['token'][0]})}")
        response = self._connection.getresponse()
        response.read()
        self._cookie = (response.getheader("set-cookie") or "").partition(";")[0]
        self.measured = psutil.Process(self.process.pid)

    def ask(self, what: str, **query: Any) -> tuple[int, bytes]:
        """Return the status and body of an answer."""
        address = f"/api/{what}?{urlencode({'runs': 'all', 'version': 1, **query})}"
        self._connection.request("GET", address, headers={"Cookie": self._cookie})
        response = self._connection.getresponse()
        return response.status, response.read()

    @property
    def megabytes(self) -> float:
        """Resident memory of the server."""
        return float(self.measured.memory_info().rss) / 1e6

    @property
    def cpu(self) -> float:
        """Seconds of CPU that the server has used."""
        times = self.measured.cpu_times()
        return float(times.user + times.system)


def pages(rows: int, rounds: int) -> Iterator[tuple[str, list[tuple[str, dict[str, Any]]]]]:
    """Yield each kind of request with its requests; each round's filter is new, so that nothing is remembered."""
    for words, wanted in FILTERS.items():
        requests = []
        for number in range(rounds):
            new = {str(1000 + number): "missing"}  # true of every sample: there is no such run
            own = {"benchmark": 0, **wanted, "runs": {**wanted.get("runs", {}), **new}}
            requests.append(
                ("rows", {"filter": orjson.dumps(own).decode(), "offset": number * rows // rounds, "n": 200})
            )
        yield words, requests
    text = orjson.dumps({"benchmark": 0}).decode()
    yield "place", [("place", {"filter": text, "index": number * rows // rounds}) for number in range(rounds)]
    yield "sample", [("sample", {"benchmark": 0, "index": number * rows // rounds}) for number in range(rounds)]


def timed(server: Server, requests: Sequence[tuple[str, dict[str, Any]]]) -> tuple[list[float], float, int]:
    """Return the seconds of each request, the server's CPU seconds per request, and the largest answer's bytes."""
    seconds, largest, before = [], 0, server.cpu
    for what, query in requests:
        start = time.perf_counter()
        status, body = server.ask(what, **query)
        seconds.append(time.perf_counter() - start)
        if status != 200:
            sys.exit(f"{what}: {status} {body!r}")
        largest = max(largest, len(body))
    return seconds, (server.cpu - before) / len(requests), largest


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=20)
    options = parser.parse_args()
    missed = []
    with tempfile.TemporaryDirectory() as folder:
        write_runs(Path(folder) / "results", options.rows, [])
        server = Server(Path(folder) / "results")
        try:
            start = time.perf_counter()
            while server.ask("header")[0] == 202:
                pass
            print(f"{options.rows:,} samples x 3 arms: ready after {time.perf_counter() - start:.1f} s")
            for _, requests in pages(options.rows, 2):  # what is allocated once
                timed(server, requests)
            before = server.megabytes
            for words, requests in pages(options.rows, options.rounds):
                seconds, cpu, largest = timed(server, requests)
                print(
                    f"  {words}: {spread(seconds, 'ms', 1000)}, CPU {1000 * cpu:.1f} ms, at most {largest / 1e3:.0f} kB"
                )
                missed += [words] * (statistics.median(seconds) > MOST_SECONDS)
            print(f"  memory: {before:.0f} MB before, {server.megabytes:.0f} MB after")
            missed += ["memory"] * (server.megabytes > MOST_GROWTH * before)
        finally:
            server.process.terminate()
            server.process.wait()
    if missed:
        sys.exit(f"missed: {', '.join(missed)}")


if __name__ == "__main__":
    main()
