"""A real HTTP server with one file, which misbehaves on request."""

from __future__ import annotations

import asyncio
import re
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator


@dataclass
class FileServer:
    """What the server sends, how, and the requests it received."""

    body: bytes
    etag: str | None = '"v1"'
    ranges: bool = True
    """Whether it supports ranges."""
    length: bool = True
    """Whether it sends the content length."""
    cuts: list[int] = field(default_factory=list)
    """Bytes of a body after which the connection breaks, one number for each of the next requests."""
    statuses: list[int] = field(default_factory=list)
    """Responses to the next requests instead of the file."""
    html: bool = False
    redirect: str | None = None
    asked: list[tuple[str, str | None, str | None]] = field(default_factory=list)
    """Path, Range and If-Range of each request."""
    url: str = ""

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Serve the file."""
        span, condition = request.headers.get("Range"), request.headers.get("If-Range")
        self.asked.append((request.path, span, condition))
        if self.statuses:
            return web.Response(status=self.statuses.pop(0), headers={"Retry-After": "0"})
        if self.redirect:
            raise web.HTTPFound(self.redirect)
        if self.html:
            return web.Response(text="<html>not found</html>", content_type="text/html")
        start, status, total = 0, 200, len(self.body)
        headers = {"ETag": self.etag} if self.etag else {}
        if self.ranges and span and condition in (None, self.etag):
            start, status = int(re.fullmatch(r"bytes=(\d+)-", span)[1]), 206  # type: ignore[index]
            if start >= total:
                return web.Response(status=416, headers={"Content-Range": f"bytes */{total}"})
            headers["Content-Range"] = f"bytes {start}-{total - 1}/{total}"
        return await self._stream(request, web.StreamResponse(status=status, headers=headers), self.body[start:])

    async def _stream(self, request: web.Request, response: web.StreamResponse, body: bytes) -> web.StreamResponse:
        if self.length:
            response.content_length = len(body)
        await response.prepare(request)
        cut = self.cuts.pop(0) if self.cuts else None
        await response.write(body if cut is None else body[:cut])
        if cut is not None:
            await asyncio.sleep(0.05)  # let the written bytes arrive before the reset
            assert request.transport is not None
            request.transport.close()
        return response


@contextmanager
def serving(server: FileServer, tls: ssl.SSLContext | None = None) -> Iterator[FileServer]:
    """Serve in a thread with its own event loop until the block ends."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def start() -> web.AppRunner:
        app = web.Application()
        app.router.add_get("/{path:.*}", server.answer)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
        await site.start()
        server.url = f"{'https' if tls else 'http'}://127.0.0.1:{runner.addresses[0][1]}"
        return runner

    runner = asyncio.run_coroutine_threadsafe(start(), loop).result()
    try:
        yield server
    finally:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
