"""HTTP exchanges with a chat-completions endpoint: connection pool, API key, and error translation."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, NamedTuple

import aiohttp

from prism_engine.errors import BackendError, DeadError, TimedOutError, TransientError, UnreachableError
from prism_engine.http import may_use_proxy, shown_url

if TYPE_CHECKING:
    from collections.abc import Mapping

CONNECT_TIMEOUT = 30.0
"""Seconds without a connection after which an address counts as unreachable."""
SHORTEST_SECRET = 12
"""Characters. A shorter key is a placeholder such as EMPTY; redacting it would damage ordinary text."""


class Answer(NamedTuple):
    """A complete HTTP response. The API key is redacted from the body in case the server echoes it."""

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
        api_key: sent as bearer token, or None.
        width: maximum number of connections.
    """

    def __init__(self, api_key: str | None, width: int) -> None:
        self._key = api_key
        self._width = width
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
        data = None if body is None else io.BytesIO(body)  # aiohttp warns about large `bytes` bodies
        timeout = aiohttp.ClientTimeout(total=seconds, sock_connect=CONNECT_TIMEOUT)
        try:
            async with self._session.request(method, url, data=data, timeout=timeout, allow_redirects=False) as answer:
                return Answer(answer.status, answer.headers, self._redacted(await answer.read()))
        except (aiohttp.ClientError, OSError, ValueError) as error:
            failure = self._translated(error, url, seconds)
        raise failure  # outside the handler: aiohttp's errors contain the request's headers, and so the key

    async def aclose(self) -> None:
        """Close the connections. Idempotent."""
        if self._session is not None:
            await self._session.close()

    def _open_session(self, url: str) -> aiohttp.ClientSession:
        headers = {"Content-Type": "application/json"}
        if self._key is not None:
            headers["Authorization"] = f"Bearer {self._key}"
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=self._width),
            headers=headers,
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=may_use_proxy(url),
        )

    def _translated(self, error: Exception, url: str, seconds: float) -> BackendError:
        reason = self._redacted(f"{type(error).__name__}: {error}".encode()).decode()
        match error:
            case aiohttp.ClientConnectorCertificateError() | ValueError():
                return DeadError(f"cannot connect to {shown_url(url)}: {reason}")
            case aiohttp.ClientConnectorError() | aiohttp.ConnectionTimeoutError():
                return UnreachableError(reason)
            case TimeoutError():
                return TimedOutError(f"no complete response within {seconds:g} s")
        return TransientError(f"the connection broke: {reason}")

    def _redacted(self, raw: bytes) -> bytes:
        if self._key is None or len(self._key) < SHORTEST_SECRET:
            return raw
        return raw.replace(self._key.encode(), b"***")
