"""One HTTP exchange with a chat-completions endpoint: the connection pool, the key, and what can go wrong."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, NamedTuple

import aiohttp

from prism_engine.errors import BackendError, DeadError, TransientError, UnreachableError
from prism_engine.http import may_use_proxy, shown_url

if TYPE_CHECKING:
    from collections.abc import Mapping

CONNECT_TIMEOUT = 30.0
"""Seconds until an address that does not answer counts as unreachable."""
SHORTEST_SECRET = 12
"""Characters; a shorter key is a placeholder such as EMPTY, and taking it out would spoil honest text."""


class Answer(NamedTuple):
    """An HTTP answer, read to its end; the API key, should the server repeat it, is blotted out of the body."""

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
        width: connections at most.
    """

    def __init__(self, api_key: str | None, width: int) -> None:
        self._key = api_key
        self._width = width
        self._session: aiohttp.ClientSession | None = None

    async def exchange(self, method: str, url: str, *, body: bytes | None = None, seconds: float) -> Answer:
        """Send one request and read the answer, whatever its status; redirects are not followed.

        Args:
            seconds: what the whole exchange may take.

        Raises:
            UnreachableError: nobody answers at the address.
            TransientError: the answer did not come in time, or not whole.
            DeadError: the URL cannot be used, or the server's certificate is not to be trusted.
        """
        if self._session is None:
            self._session = self._open_session(url)
        data = None if body is None else io.BytesIO(body)  # aiohttp warns of large bytes
        patience = aiohttp.ClientTimeout(total=seconds, sock_connect=CONNECT_TIMEOUT)
        try:
            async with self._session.request(method, url, data=data, timeout=patience, allow_redirects=False) as answer:
                return Answer(answer.status, answer.headers, self._blotted(await answer.read()))
        except (aiohttp.ClientError, OSError, ValueError) as error:
            failure = self._translated(error, url, seconds)
        raise failure  # outside of the handler: aiohttp's errors carry the request's headers, and so the key

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
        reason = self._blotted(f"{type(error).__name__}: {error}".encode()).decode()
        match error:
            case aiohttp.ClientConnectorCertificateError() | ValueError():
                return DeadError(f"cannot talk to {shown_url(url)}: {reason}")
            case aiohttp.ClientConnectorError() | aiohttp.ConnectionTimeoutError():
                return UnreachableError(reason)
            case TimeoutError():
                return TransientError(f"no complete answer within {seconds:g} s")
        return TransientError(f"the connection broke: {reason}")

    def _blotted(self, raw: bytes) -> bytes:
        if self._key is None or len(self._key) < SHORTEST_SECRET:
            return raw
        return raw.replace(self._key.encode(), b"***")
