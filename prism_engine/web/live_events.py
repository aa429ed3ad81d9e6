"""Server-sent events: how far runs are, and when their rows have changed."""

from __future__ import annotations

import asyncio
import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

import orjson
from aiohttp import web

from prism_engine.api.analysis.viewed_runs import JOURNAL
from prism_engine.report.viewer.outcomes import outcome_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from prism_engine.web.known_runs import KnownRun, KnownRuns
    from prism_engine.web.prepared_views import Views

EVENTS: Final = "/api/events"
MOST_STREAMS: Final = 32
"""Streams at the same time; a page that is out of sight has none."""
_SECONDS: Final = 1.0
"""Time between two looks at the runs."""
_SILENT: Final = 15
"""Looks after which a stream that has nothing to say sends an empty line, so that both sides notice a lost one."""
_TAIL_BYTES: Final = 64 * 1024
_TAIL: Final = 8
"""Samples of the end of a journal that are sent."""


class LiveEvents:
    """The streams of events of one server.

    An event `run` has what the list says about a run, and the samples that finished last; one is sent for each run at
    the start and whenever that changes. An event `rows` has the version of the rows that are ready. Files are only
    read.
    """

    def __init__(self, known: KnownRuns, views: Views) -> None:
        self._known = known
        self._views = views
        self._ending = asyncio.Event()
        self._open = 0

    def end(self) -> None:
        """End all streams, so that the server can end."""
        self._ending.set()

    async def stream(self, request: web.Request) -> web.StreamResponse:
        """Send events about the runs that the query names until the page is gone or the server ends.

        The view of their rows is renewed as they grow if the query has `rows`.
        """
        ids, with_rows = request.query.get("runs", "all"), "rows" in request.query
        if await asyncio.to_thread(self._known.chosen, ids) is None:
            raise web.HTTPNotFound(text="no such run here; the list of runs has those that there are\n")
        if self._open >= MOST_STREAMS:
            raise web.HTTPServiceUnavailable(text=f"{MOST_STREAMS} pages are open already; close one\n")
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        self._open += 1
        try:
            with suppress(ConnectionResetError):
                await self._send(response, ids, with_rows=with_rows)
        finally:
            self._open -= 1
        return response

    async def _send(self, response: web.StreamResponse, ids: str, *, with_rows: bool) -> None:
        sent: dict[str, Any] = {}
        silent = 0
        while not self._ending.is_set():
            runs = await asyncio.to_thread(self._known.chosen, ids) or []
            facts = await asyncio.to_thread(lambda each: [self._facts(run) for run in each], runs)
            news = [("run", fact) for fact in facts if sent.get(fact["id"]) != fact]
            sent = {fact["id"]: fact for fact in facts} | {"version": sent.get("version")}
            if with_rows and runs:
                view = await self._views.view("rows", runs)
                await view.renew()
                if view.version and view.version != sent["version"]:
                    news.append(("rows", {"version": view.version}))
                    sent["version"] = view.version
            silent = 0 if news else silent + 1
            if news or silent % _SILENT == 0:
                await response.write(b"".join(_event(*one) for one in news) or b":\n\n")
            with suppress(TimeoutError):
                await asyncio.wait_for(self._ending.wait(), _SECONDS)

    def _facts(self, run: KnownRun) -> dict[str, Any]:
        return {**self._known.facts(run), "last": list(_last_samples(run.folder / JOURNAL))}


def _event(kind: str, value: Any) -> bytes:
    return b"event: %s\ndata: %s\n\n" % (kind.encode(), orjson.dumps(value))


def _last_samples(journal: Path) -> Iterator[dict[str, str]]:
    """Yield the samples that finished last, the latest first; none if there is no journal."""
    for line in reversed(_tail(journal)):
        with suppress(ValueError, TypeError, KeyError, AttributeError):
            row = orjson.loads(line)
            yield {"index": str(row["index"])[:200], "outcome": outcome_of(str(row["status"]), row["score"])}


def _tail(journal: Path) -> Sequence[bytes]:
    """Return the last complete lines of a file."""
    try:
        with journal.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - _TAIL_BYTES))
            lines = file.read(_TAIL_BYTES).split(b"\n")
    except OSError:
        return ()
    whole = lines[:-1] if size <= _TAIL_BYTES else lines[1:-1]  # the first one may have begun before
    return whole[-_TAIL:]
