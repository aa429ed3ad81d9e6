"""Downloads one file: resumes partial downloads, verifies the checksum, publishes atomically."""

from __future__ import annotations

import asyncio
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import aiohttp

from prism_engine.datasets.fetching.part_file import PartFile
from prism_engine.errors import RejectedError, TransientError, UnreachableError, UserError
from prism_engine.http import UNTRUSTED, may_use_proxy, retry_after, shown_url, trusted_certificates

if TYPE_CHECKING:
    from pathlib import Path

    from prism_engine.datasets.fetching.part_file import Digests

READ_TIMEOUT = 60.0
"""Seconds without a byte before a connection counts as broken."""
ATTEMPTS = 6
"""Maximum consecutive attempts without progress."""
UNREACHABLE_ATTEMPTS = 2
"""Maximum consecutive attempts at an unreachable address."""
CONNECT_TIMEOUT = 15.0
"""Seconds before an address counts as unreachable."""
LONGEST_WAIT = 30.0
"""Maximum seconds between two attempts, unless the server asks for more."""

_CHUNK = 1 << 20
_RANGE = re.compile(r"bytes (?:(\d+)-(\d+)|\*)/(\d+)")
_TRY_AGAIN = frozenset({408, 409, 423, 425, 429, 500, 502, 503, 504})

DownloadCallback = Callable[[int, int | None], None]
"""Receives the bytes downloaded so far and the total (None if the server does not say)."""


@dataclass(frozen=True, slots=True)
class DownloadRequest:
    """A file to download."""

    url: str
    target: Path
    md5: str | None = None
    """Expected checksum; None if unknown."""


async def download(
    request: DownloadRequest, progress: DownloadCallback = lambda *_: None, *, wait: float = 1.0
) -> Digests:
    """Download a file. An existing file is replaced only when the new one is complete and verified.

    An interrupted download resumes where it stopped if the server still has the same version of the file.

    Args:
        progress: called after every chunk.
        wait: seconds before the second attempt; doubles with each attempt.

    Raises:
        RejectedError: the server refuses the request, or the file has the wrong checksum.
        TransientError: the server does not respond or keeps dropping the connection; the partial file is kept.
        UserError: the disk cannot be written, or another process is downloading the same file.
    """
    with PartFile(request.target) as part:
        resumed = part.size > 0
        await _fetched(request, part, progress, wait)
        digests = await asyncio.to_thread(part.digests)
        if request.md5 not in (None, digests.md5) and resumed:
            # The beginning may be from an older version of the file.
            part.begin(request.url, None)
            await _fetched(request, part, progress, wait)
            digests = await asyncio.to_thread(part.digests)
        if request.md5 not in (None, digests.md5):
            part.discard()
            raise RejectedError(
                f"{shown_url(request.url)}: the file has MD5 {digests.md5} instead of {request.md5}; discarded it"
            )
        part.publish()
    return digests


async def _fetched(request: DownloadRequest, part: PartFile, progress: DownloadCallback, wait: float) -> None:
    """Retry until the part file is complete."""
    timeout = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT, sock_read=READ_TIMEOUT)
    furthest, failures = part.size, 0
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(ssl=trusted_certificates(request.url) or True),
        timeout=timeout,
        auto_decompress=False,
        trust_env=may_use_proxy(request.url),
    ) as session:
        while True:
            try:
                return await _attempt(session, request, part, progress)
            except TransientError as error:
                failures = 1 if part.size > furthest else failures + 1
                furthest = max(furthest, part.size)
                if failures >= (UNREACHABLE_ATTEMPTS if isinstance(error, UnreachableError) else ATTEMPTS):
                    raise
                await asyncio.sleep(max(min(wait * 2 ** (failures - 1), LONGEST_WAIT), error.retry_after or 0.0))


async def _attempt(
    session: aiohttp.ClientSession, request: DownloadRequest, part: PartFile, progress: DownloadCallback
) -> None:
    try:
        async with session.get(request.url, headers=_headers(request, part)) as response:
            total = _accepted(request, part, response)
            _check_space(request.target, part.size, total)
            progress(part.size, total)
            if total is None or part.size < total:
                async for chunk in response.content.iter_chunked(_CHUNK):
                    part.write(chunk)
                    progress(part.size, total)
    except aiohttp.ClientConnectorCertificateError as error:
        raise RejectedError(f"{shown_url(request.url)}: {UNTRUSTED} ({error})") from error
    except aiohttp.InvalidURL as error:
        raise RejectedError(f"{shown_url(request.url)}: {error}") from error
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
        raise UnreachableError(f"{shown_url(request.url)}: {error}") from error
    except (aiohttp.ClientError, TimeoutError, ConnectionError) as error:
        raise TransientError(f"{shown_url(request.url)}: {type(error).__name__}: {error}") from error
    if total is not None and part.size != total:
        raise TransientError(f"{shown_url(request.url)}: received {part.size:,} of {total:,} bytes")


def _headers(request: DownloadRequest, part: PartFile) -> dict[str, str]:
    """Headers that request only the missing bytes, provided the server's file is unchanged."""
    headers = {"Accept-Encoding": "identity"}
    validator = part.validator(request.url)
    if part.size and (validator or request.md5):  # the checksum catches mismatched pieces at the end
        headers["Range"] = f"bytes={part.size}-"
        if validator:
            headers["If-Range"] = validator
    return headers


def _accepted(request: DownloadRequest, part: PartFile, response: aiohttp.ClientResponse) -> int | None:
    """Check a response's head and prepare the part file for its body; return the whole file's size, if known."""
    url = shown_url(request.url)
    if urlsplit(request.url).scheme == "https" and any(
        hop.url.scheme != "https" for hop in (*response.history, response)
    ):
        raise RejectedError(f"{url}: redirects to an address without TLS, {shown_url(str(response.url))}")
    span = _RANGE.match(response.headers.get("Content-Range", ""))
    if response.status == 206 and span and span[1] == str(part.size):
        return int(span[3])
    if response.status == 416 and span and span[3] == str(part.size):
        return part.size  # already complete
    if response.status in (206, 416):
        part.begin(request.url, None)
        raise TransientError(f"{url}: the server sent a different range than requested; starting over")
    if response.status in _TRY_AGAIN:
        raise TransientError(f"{url}: HTTP {response.status}", retry_after=retry_after(response.headers))
    if response.status != 200:
        raise RejectedError(f"{url}: HTTP {response.status} {response.reason or ''}".rstrip())
    if response.content_type == "text/html":
        raise RejectedError(f"{url}: returned a web page instead of the file")
    part.begin(request.url, _validator(response))
    return response.content_length


def _validator(response: aiohttp.ClientResponse) -> str | None:
    """The strong ETag or the date that identifies this version of the file."""
    tag = response.headers.get("ETag")
    return tag if tag and not tag.startswith("W/") else response.headers.get("Last-Modified")


def _check_space(target: Path, downloaded: int, total: int | None) -> None:
    free = shutil.disk_usage(target.parent).free
    if total is not None and total - downloaded > free:
        raise UserError(
            f"{target.parent}: {total - downloaded:,} more bytes needed, but the disk has only {free:,} free"
        )
