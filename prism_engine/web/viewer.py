"""The viewer: runs side by side, also while they are running, page by page for a browser on this machine."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import orjson
from aiohttp import web
from pydantic import ValidationError

from prism_engine.api.analysis.viewed_tables import FIGURES
from prism_engine.control.client import send
from prism_engine.control.messages import request_of
from prism_engine.errors import PrismError
from prism_engine.report.viewer.row_index import RowFilter
from prism_engine.report.viewer.thumbnails import thumbnails
from prism_engine.web.known_runs import KnownRuns
from prism_engine.web.live_events import EVENTS, LiveEvents
from prism_engine.web.prepared_views import View, Views
from prism_engine.web.token_gate import STREAMS, TokenGate
from prism_engine.web.viewer_pages import PAGES, TABLES, page, static_files

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from prism_engine.report.viewer.row_index import RowIndex
    from prism_engine.web.known_runs import KnownRun

_CONTROL_SECONDS: Final = 10.0
"""How long a run may take to reply."""
MOST_ROWS: Final = 500
"""Rows of one answer."""
_WAIT_SECONDS: Final = 5.0
"""How long a request waits for runs to be read before it says that this is going on."""
_SIDES: Final = {"small": 192, "large": 960}
"""Pixels of a picture's longer side."""
_DECODING: Final = 2
"""Pictures that are made smaller at the same time."""


class Viewer:
    """The viewer's application.

    Args:
        roots: folders with runs below them.
        cache_dir: the cache with pictures and prompts; None takes that of each run.
    """

    def __init__(self, roots: Sequence[Path], cache_dir: Path | None = None) -> None:
        self.gate = TokenGate()
        self._known = KnownRuns(roots)
        self._cache_dir = cache_dir
        self._files = static_files()
        self._decoding = asyncio.Semaphore(_DECODING)
        self._views: Views
        self._events: LiveEvents

    def app(self) -> web.Application:
        """Return the application."""
        app = self.gate.app()
        app[STREAMS] = (EVENTS,)
        app.cleanup_ctx.append(self._prepare)
        app.on_shutdown.append(self._end_streams)
        app.router.add_get("/", self._page)
        app.router.add_get("/favicon.ico", _no_icon)
        app.router.add_get("/static/{name}", self._static)
        app.router.add_get(f"/{{name:{'|'.join(PAGES)}}}", self._page)
        for name, handler in {
            "runs": self._runs,
            "header": self._header,
            "rows": self._rows,
            "place": self._place,
            "sample": self._sample,
            "prompt": self._prompt,
            "figure": self._figure,
            **dict.fromkeys(TABLES, self._tables),
        }.items():
            app.router.add_get(f"/api/{name}", handler)
        app.router.add_get(EVENTS, self._stream)
        app.router.add_post("/api/control", self._control)
        app.router.add_get("/api/picture/{digest:[0-9a-f]{64}}", self._picture)
        return app

    async def _prepare(self, _: web.Application) -> AsyncIterator[None]:
        with tempfile.TemporaryDirectory(prefix="prism-view-", ignore_cleanup_errors=True) as folder:
            self._views = Views(Path(folder), self._cache_dir)
            self._events = LiveEvents(self._known, self._views)
            yield
            await self._views.close()

    async def _end_streams(self, _: web.Application) -> None:
        self._events.end()

    async def _stream(self, request: web.Request) -> web.StreamResponse:
        return await self._events.stream(request)

    async def _page(self, request: web.Request) -> web.Response:
        name = request.match_info.get("name", "runs")
        return web.Response(text=page(name, self.gate.page_token), content_type="text/html")

    async def _static(self, request: web.Request) -> web.Response:
        if (known := self._files.get(request.match_info["name"])) is None:
            raise web.HTTPNotFound
        text, kind = known
        return web.Response(text=text, content_type=kind, headers={"Cache-Control": "no-cache"})

    async def _runs(self, _: web.Request) -> web.Response:
        return _json(await asyncio.to_thread(lambda: [self._known.facts(run) for run in self._known.all().values()]))

    async def _header(self, request: web.Request) -> web.Response:
        """Answer with the header and its version; 202 while the runs are read, 422 if they cannot be."""
        view = await self._view(request)
        if not await view.ready(_WAIT_SECONDS):
            return _not_ready(view)
        index = _index_of(view)
        return web.Response(
            body=b'{"version":%d,"waiting":%s,"ids":%s,"header":%s}'
            % (
                view.version,
                orjson.dumps(len(view.found["waiting"])),
                orjson.dumps(_ids(view)),
                index.header,
            ),
            content_type="application/json",
        )

    async def _rows(self, request: web.Request) -> web.Response:
        index, wanted = await self._index(request), _filter(request)
        offset, n = _number(request, "offset", 10**12), _number(request, "n", MOST_ROWS)
        found = index.page(wanted, offset, n)
        body = b'{"total":%d,"rows":[%s]}' % (found.total, b",".join(found.rows))
        return web.Response(body=body, content_type="application/json")

    async def _place(self, request: web.Request) -> web.Response:
        index = await self._index(request)
        return _json(index.place(_filter(request), request.query.get("index", "")))

    async def _sample(self, request: web.Request) -> web.Response:
        index = await self._index(request)
        packed = index.sample(_number(request, "benchmark", 10**6), request.query.get("index", ""))
        if packed is None:
            return _json(None)
        return web.Response(body=packed, content_type="application/json", headers={"Content-Encoding": "gzip"})

    async def _prompt(self, request: web.Request) -> web.Response:
        index = await self._index(request)
        return _json(index.prompt(_number(request, "number", 10**9)))

    async def _picture(self, request: web.Request) -> web.Response:
        """Answer with a small copy of a picture, which is named by its digest and read from the runs' caches only."""
        view, digest = await self._view(request), request.match_info["digest"]
        side = _SIDES.get(request.query.get("size", "small"))
        if side is None:
            raise web.HTTPBadRequest(text="size: small or large\n")
        folders = [Path(each) for each in view.found["pictures"]] if view.version else []
        async with self._decoding:
            made = await asyncio.to_thread(thumbnails, [digest], folders, most=1, side=side)
        if digest not in made.pictures:
            return web.Response(status=204)
        kept = {"Cache-Control": "private, max-age=86400, immutable"}
        return web.Response(body=made.pictures[digest], content_type="image/webp", headers=kept)

    async def _tables(self, request: web.Request) -> web.Response:
        """Answer with the leaderboard or the analysis; 202 and 422 as for the header."""
        view = await self._views.view(request.path.rpartition("/")[2], await self._chosen(request))
        if not await view.ready(_WAIT_SECONDS):
            return _not_ready(view)
        return _json({"version": view.version, **view.found})

    async def _figure(self, request: web.Request) -> web.Response:
        """Answer with a figure of the analysis, named by its number."""
        view = await self._views.view("analysis", await self._chosen(request))
        number = _number(request, "number", 10**4)
        names = view.found["figures"] if view.version else []
        if number >= len(names):
            raise web.HTTPNotFound(text="the analysis has no such figure\n")
        content = await asyncio.to_thread((view.folder / FIGURES / names[number]).read_bytes)
        # Its style is inline; nothing else of the page's policy changes, and a picture runs no script anyway.
        policy = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
        return web.Response(body=content, content_type="image/svg+xml", headers={"Content-Security-Policy": policy})

    async def _control(self, request: web.Request) -> web.Response:
        """Send a command to a running run, as `prism ctl` does; 422 with the reason if it is refused."""
        (run, *others) = await self._chosen(request)
        if others:
            raise web.HTTPBadRequest(text="runs: one run\n")
        try:
            command, values = _command(await request.read())
            reply = await asyncio.to_thread(send, run.folder, command, values, timeout=_CONTROL_SECONDS)
        except PrismError as error:
            return web.Response(status=422, text=str(error))
        return _json({"message": reply["message"]})

    async def _chosen(self, request: web.Request) -> list[KnownRun]:
        runs = await asyncio.to_thread(self._known.chosen, request.query.get("runs", ""))
        if not runs:
            raise web.HTTPNotFound(text="no such run here; the list of runs has those that there are\n")
        return runs

    async def _view(self, request: web.Request) -> View:
        return await self._views.view("rows", await self._chosen(request))

    async def _index(self, request: web.Request) -> RowIndex:
        """Return the index that a request is about; 409 if the runs have grown since its page read the header."""
        view = await self._view(request)
        if str(view.version) != request.query.get("version"):
            raise web.HTTPConflict(text="the runs have grown; read the header again\n")
        return _index_of(view)


async def _no_icon(_: web.Request) -> web.Response:
    return web.Response(status=204)


def _command(body: bytes) -> tuple[str, dict[str, str]]:
    """Return the command and its values that a body asks for."""
    asked = request_of(body)
    return asked.command, asked.values


def _not_ready(view: View) -> web.Response:
    """Return 422 with the reason if runs could not be read, else 202: it is going on."""
    return web.Response(status=202) if view.error is None else web.Response(status=422, text=view.error)


def _index_of(view: View) -> RowIndex:
    assert view.index is not None, "a view of rows that is ready has an index"
    return view.index


def _ids(view: View) -> list[str]:
    """Return the server's ids of the runs, in the order of the report."""
    known = {str(run.folder): run.id for run in view.runs}
    return [known[folder] for folder in view.found["folders"]]


def _filter(request: web.Request) -> RowFilter:
    try:
        return RowFilter.model_validate_json(request.query.get("filter", ""))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "filter"
        raise web.HTTPBadRequest(text=f"{where}: {first['msg']}\n") from error


def _number(request: web.Request, name: str, most: int) -> int:
    text = request.query.get(name, "")
    if not (text.isascii() and text.isdigit() and len(text) < 15 and int(text) <= most):
        raise web.HTTPBadRequest(text=f"{name}: a number from 0 to {most}\n")
    return int(text)


def _json(value: Any) -> web.Response:
    return web.Response(body=orjson.dumps(value), content_type="application/json")
