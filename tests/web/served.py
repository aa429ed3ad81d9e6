"""A viewer that serves real HTTP in a thread, as the browser of a test asks it."""

from __future__ import annotations

import asyncio
import gzip
import threading
import time
from contextlib import contextmanager
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlencode

import orjson
from aiohttp import web

from prism_engine.web.viewer import Viewer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SECONDS = 60.0
"""How long runs may take to be read, on a loaded machine."""


class Answer(NamedTuple):
    """What a server answered."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode()

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return orjson.loads(gzip.decompress(self.body) if self.headers.get("content-encoding") == "gzip" else self.body)


class Client:
    """Asks a viewer; `cookie` is that of its gate once it has entered."""

    def __init__(self, port: int, token: str) -> None:
        self.port, self.token, self.cookie = port, token, ""

    @property
    def address(self) -> str:
        """Where it is, without a path."""
        return f"http://127.0.0.1:{self.port}"

    def ask(
        self, path: str, *, method: str = "GET", headers: dict[str, str] | None = None, body: Any = None, **query: Any
    ) -> Answer:
        """Send one request."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=SECONDS)
        own = {"Cookie": self.cookie} if self.cookie else {}
        address = f"{path}?{urlencode(query)}" if query else path
        connection.request(method, address, body, own | (headers or {}))
        response = connection.getresponse()
        found = Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, response.read())
        connection.close()
        return found

    def enter(self) -> Answer:
        """Take the cookie that the token gives."""
        entered = self.ask("/", token=self.token)
        self.cookie = entered.headers["set-cookie"].partition(";")[0]
        return entered

    def header(self, runs: str = "all") -> Any:
        """Return the header of runs once they are read."""
        end = time.monotonic() + SECONDS
        while (answer := self.ask("/api/header", runs=runs)).status == 202:
            assert time.monotonic() < end, "the runs are still being read"
        assert answer.status == 200, answer.text
        return answer.json

    def rows(self, wanted: dict[str, Any], offset: int = 0, n: int = 200, **query: Any) -> Any:
        """Return a page of the samples that match a filter."""
        query = {"runs": "all", "version": 1, "offset": offset, "n": n, **query}
        return self.ask("/api/rows", filter=orjson.dumps(wanted).decode(), **query)


@contextmanager
def viewer(*roots: Path) -> Iterator[Client]:
    """Serve runs; the client has not entered yet."""
    loop = asyncio.new_event_loop()
    own = Viewer(roots)
    runner = web.AppRunner(own.app(), access_log=None, shutdown_timeout=1.0, handler_cancellation=True)

    async def begin() -> int:
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        return int(runner.addresses[0][1])

    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    port = asyncio.run_coroutine_threadsafe(begin(), loop).result(SECONDS)
    try:
        yield Client(port, own.gate.token)
    finally:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(SECONDS)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
