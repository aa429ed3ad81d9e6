"""Guards a server on this machine: who may ask, under which name, how much and for how long.

Other users of the machine, and any page in the user's browser, can connect to a port of 127.0.0.1. So a server asks
for its token, serves only under names of this machine, and lets its pages load nothing but themselves.
"""

from __future__ import annotations

import asyncio
import hmac
import html
import secrets
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

TOKEN_HEADER: Final = "X-Prism-Token"  # noqa: S105 - a name
LARGEST_BODY: Final = 64 * 1024
"""Bytes of a request's body."""
SECONDS: Final = 30.0
"""How long a request may take, except a stream of events."""
_NAMES: Final = ("127.0.0.1", "localhost", "::1")
"""Names under which a page is served, at any port: one may have been forwarded by ssh."""
_HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
_ENTERED: Final = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta http-equiv="refresh" content="0;url={path}"><title>prism</title>
<p><a href="{path}">Continue</a></p></html>
"""


class TokenGate:
    """Lets in who has the token.

    The token is in the address that the server prints. The first request with it gets a cookie instead and the page
    goes on without it, so that it is not in addresses that people share. Whoever changes something must send the token
    of its page in a header and come from the same origin, which no page of another site can.
    """

    def __init__(self) -> None:
        self.token = secrets.token_urlsafe(24)
        self.page_token = secrets.token_urlsafe(24)
        """What the server's own pages send in `TOKEN_HEADER` to change something."""
        self._session = secrets.token_urlsafe(24)
        self._cookie = f"prism-{secrets.token_hex(4)}"  # a cookie is shared by all ports of a host

    def app(self) -> web.Application:
        """Return an application behind this gate, without routes."""
        app = web.Application(client_max_size=LARGEST_BODY, middlewares=[self._check])
        app.on_response_prepare.append(_add_headers)
        return app

    @web.middleware
    async def _check(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if not _is_own_name(request.headers.get("Host", "")):
            raise web.HTTPForbidden(text="prism is served under 127.0.0.1 and localhost only\n")
        if request.content_length is not None and request.content_length > LARGEST_BODY:
            raise web.HTTPRequestEntityTooLarge(LARGEST_BODY, request.content_length)
        if (given := request.query.get("token")) is not None and request.method == "GET":
            return self._enter(request, given)
        if not _equal(request.cookies.get(self._cookie, ""), self._session):
            raise web.HTTPForbidden(text="open the address that prism printed: it has the token\n")
        if request.method not in ("GET", "HEAD"):
            self._check_change(request)
        try:
            async with asyncio.timeout(None if request.path in request.app.get(STREAMS, ()) else SECONDS):
                return await handler(request)
        except TimeoutError:
            raise web.HTTPServiceUnavailable(text="this took too long; try again\n") from None

    def _enter(self, request: web.Request, given: str) -> web.Response:
        if not _equal(given, self.token):
            raise web.HTTPForbidden(text="this token is not, or no longer, the server's; it prints a new one\n")
        if request.match_info.http_exception is not None:  # such as `//other.example/`, which would lead there
            raise request.match_info.http_exception
        rest = [(name, value) for name, value in request.query.items() if name != "token"]
        path = html.escape(str(request.rel_url.with_query(rest)))
        # A page and no redirect: a browser that was sent here by another site would follow that without the cookie.
        page = web.Response(text=_ENTERED.format(path=path), content_type="text/html")
        page.set_cookie(self._cookie, self._session, httponly=True, samesite="Strict", path="/")
        return page

    def _check_change(self, request: web.Request) -> None:
        origin = urlsplit(request.headers.get("Origin", ""))
        if origin.netloc != request.headers.get("Host"):
            raise web.HTTPForbidden(text="only prism's own pages may change something\n")
        if not _equal(request.headers.get(TOKEN_HEADER, ""), self.page_token):
            raise web.HTTPForbidden(text="the page's token is missing; reload the page\n")


STREAMS: Final = web.AppKey("streams", tuple)
"""Paths of an application whose responses have no end."""


def _is_own_name(host: str) -> bool:
    try:
        return urlsplit(f"//{host}").hostname in _NAMES
    except ValueError:
        return False


def _equal(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode(errors="surrogatepass"), wanted.encode())


async def _add_headers(_: web.Request, response: web.StreamResponse) -> None:
    for name, value in _HEADERS.items():
        response.headers.setdefault(name, value)
