"""HTTP exchanges with a chat-completions endpoint: connection pool, API key, and error translation."""

from __future__ import annotations

import io
import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp

from prism_engine.backends.chat.redaction import Redactor
from prism_engine.errors import BackendError, DeadError, TimedOutError, TransientError, UnreachableError
from prism_engine.http import UNTRUSTED, may_use_proxy, shown_url, trusted_certificates

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prism_engine.backends.chat.credentials import Credentials

CONNECT_TIMEOUT = 30.0
"""Seconds without a connection after which an address counts as unreachable."""


_SMALL = 2**16
"""Bytes of a body up to which it is sent as it is; aiohttp sends a larger one in pieces only if it is a file."""
_PROXY_SCHEMES = ("http", "https")
_LOGIN = re.compile(r"//\S*[^/\s]@")
"""User and password in an address."""


class Answer(NamedTuple):
    """A complete HTTP response. Secrets are redacted from headers and body in case the server echoes them."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def ok(self) -> bool:
        """Whether the status is 2xx."""
        return self.status // 100 == 2


class Transport:
    """A pool of connections to one endpoint, opened with the first request.

    Args:
        credentials: what requests are sent with, and what is redacted from responses.
    """

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials
        self._redactor = Redactor(credentials.secrets)
        self._session: aiohttp.ClientSession | None = None

    async def exchange(self, method: str, url: str, *, body: bytes | None = None, seconds: float) -> Answer:
        """Send one request and read the response, with any status; redirects are not followed.

        Args:
            seconds: timeout of the whole exchange.

        Raises:
            UnreachableError: no server responds at the address.
            TransientError: the response did not arrive in time, or not completely.
            DeadError: the URL is not usable, or the server's certificate is not trusted.
        """
        if self._session is None:
            self._session = self._open_session(url)
        data = io.BytesIO(body) if body is not None and len(body) > _SMALL else body
        try:
            request = self._session.request(method, url, data=data, timeout=_timeout(seconds), allow_redirects=False)
            async with request as answer:
                body = self._redactor.body(await answer.read())
                return Answer(answer.status, self._redactor.headers(answer.headers), body)
        except (aiohttp.ClientError, OSError, ValueError) as error:
            failure = self._translated(error, url, seconds)
        raise failure  # outside the handler: aiohttp's errors contain the request's headers, and so the key

    async def aclose(self) -> None:
        """Close the connections. Idempotent."""
        if self._session is not None:
            await self._session.close()

    def _open_session(self, url: str) -> aiohttp.ClientSession:
        headers = {"Content-Type": "application/json"}
        if self._credentials.key is not None and not any(map(_is_authorization, self._credentials.headers)):
            headers["Authorization"] = f"Bearer {self._credentials.key}"
        return aiohttp.ClientSession(
            # The limiter bounds the requests in flight, and may be given another bound while the session is open.
            connector=aiohttp.TCPConnector(limit=0, ssl=trusted_certificates(url) or True),
            headers=headers | dict(self._credentials.headers),
            cookie_jar=aiohttp.DummyCookieJar(),
            proxy=_proxy_of(url),
        )

    def _translated(self, error: Exception, url: str, seconds: float) -> BackendError:
        # aiohttp's errors quote the proxy's address, which may have a password.
        reason = self._redactor.text(_LOGIN.sub("//", f"{type(error).__name__}: {error}"))
        match error:
            case aiohttp.ClientConnectorCertificateError():
                return DeadError(f"cannot connect to {shown_url(url)}: {UNTRUSTED} ({reason})")
            case ValueError():
                return DeadError(f"cannot connect to {shown_url(url)}: {reason}")
            case aiohttp.ClientConnectorError() | aiohttp.ConnectionTimeoutError():
                return UnreachableError(reason)
            case TimeoutError():
                return TimedOutError(f"no complete response within {seconds:g} s")
        return TransientError(f"the connection broke: {reason}")


@lru_cache(maxsize=8)  # all requests of an entry have the same one
def _timeout(seconds: float) -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=seconds, sock_connect=CONNECT_TIMEOUT)


def _proxy_of(url: str) -> str | None:
    """Return the proxy that variables such as `HTTPS_PROXY` name for an address.

    Looked up once per session, not by aiohttp's `trust_env`: that reads the variables and `~/.netrc` for every request,
    each in a thread, and refuses to send the API key to a host that `~/.netrc` has a password for.

    Raises:
        DeadError: the variable's value is not the address of a proxy.
    """
    address = urlsplit(url)
    named = None
    if may_use_proxy(url) and not proxy_bypass(address.hostname or ""):
        named = getproxies().get(address.scheme)
    if not named:
        return None
    variable = f"{address.scheme.upper()}_PROXY"
    try:
        proxy = urlsplit(named if "://" in named else f"http://{named}")  # as curl reads it
        usable = bool(proxy.hostname) and proxy.port != 0
    except ValueError:
        usable = False
    if not usable:  # the value is not shown: it may have a password
        raise DeadError(f"{variable}: not the address of a proxy; write http://HOST:PORT")
    if proxy.scheme not in _PROXY_SCHEMES:
        raise DeadError(f"{variable}: prism uses HTTP proxies only; write http://HOST:PORT")
    return f"{proxy.scheme}://{proxy.netloc}"


def _is_authorization(header: str) -> bool:
    return header.lower() == "authorization"
