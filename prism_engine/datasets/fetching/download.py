"""One file from the web: resumed where it was cut, checked, and in its place whole or not at all."""

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
from prism_engine.http import may_use_proxy, retry_after, shown_url

if TYPE_CHECKING:
    from pathlib import Path

    from prism_engine.datasets.fetching.part_file import Digests

SILENCE = 60.0
"""Seconds without a byte until a connection counts as broken."""
ATTEMPTS = 6
"""Tries in a row that may bring nothing new."""
UNREACHED = 2
"""Tries in a row at an address where nobody answers."""
CONNECT_TIMEOUT = 15.0
"""Seconds until an address that does not answer counts as unreachable."""
LONGEST_WAIT = 30.0
"""Seconds between two tries, where the server asks for no more."""

_PIECE = 1 << 20
_RANGE = re.compile(r"bytes (?:(\d+)-(\d+)|\*)/(\d+)")
_TRY_AGAIN = frozenset({408, 409, 423, 425, 429, 500, 502, 503, 504})

DownloadCallback = Callable[[int, int | None], None]
"""Told how many bytes are here, and of how many (None where the server does not say)."""


@dataclass(frozen=True, slots=True)
class DownloadRequest:
    """A file to download."""

    url: str
    target: Path
    md5: str | None = None
    """What it must come to; None where nobody knows."""


async def download(
    wanted: DownloadRequest, progress: DownloadCallback = lambda *_: None, *, wait: float = 1.0
) -> Digests:
    """Download a file. What is there under its name is replaced once the new file is whole and right, not before.

    A download that was cut goes on where it stopped, if the server still has the same version of the file.

    Args:
        progress: called after every piece.
        wait: seconds before the second try; each further wait is twice as long.

    Raises:
        RejectedError: the server refuses, or what it sends has another checksum.
        TransientError: it does not answer, or cuts the connection again and again; what has come is kept.
        UserError: the disk refuses, or another process is downloading the same file.
    """
    with PartFile(wanted.target) as part:
        resumed = part.size > 0
        await _fetched(wanted, part, progress, wait)
        found = await asyncio.to_thread(part.digests)
        if wanted.md5 not in (None, found.md5) and resumed:
            # The beginning may be from an older version of the file.
            part.begin(wanted.url, None)
            await _fetched(wanted, part, progress, wait)
            found = await asyncio.to_thread(part.digests)
        if wanted.md5 not in (None, found.md5):
            part.discard()
            raise RejectedError(
                f"{shown_url(wanted.url)}: the file has MD5 {found.md5}, and {wanted.md5} is right; it is thrown away"
            )
        part.publish()
    return found


async def _fetched(wanted: DownloadRequest, part: PartFile, progress: DownloadCallback, wait: float) -> None:
    """Try until the part is whole."""
    patience = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT, sock_read=SILENCE)
    furthest, failures = part.size, 0
    async with aiohttp.ClientSession(
        timeout=patience, auto_decompress=False, trust_env=may_use_proxy(wanted.url)
    ) as session:
        while True:
            try:
                return await _attempt(session, wanted, part, progress)
            except TransientError as error:
                failures = 1 if part.size > furthest else failures + 1
                furthest = max(furthest, part.size)
                if failures >= (UNREACHED if isinstance(error, UnreachableError) else ATTEMPTS):
                    raise
                await asyncio.sleep(max(min(wait * 2 ** (failures - 1), LONGEST_WAIT), error.retry_after or 0.0))


async def _attempt(
    session: aiohttp.ClientSession, wanted: DownloadRequest, part: PartFile, progress: DownloadCallback
) -> None:
    try:
        async with session.get(wanted.url, headers=_headers(wanted, part)) as answer:
            total = _accepted(wanted, part, answer)
            _make_room(wanted.target, part.size, total)
            progress(part.size, total)
            if total is None or part.size < total:
                async for piece in answer.content.iter_chunked(_PIECE):
                    part.write(piece)
                    progress(part.size, total)
    except (aiohttp.ClientConnectorCertificateError, aiohttp.InvalidURL) as error:
        raise RejectedError(f"{shown_url(wanted.url)}: {error}") from error
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
        raise UnreachableError(f"{shown_url(wanted.url)}: {error}") from error
    except (aiohttp.ClientError, TimeoutError, ConnectionError) as error:
        raise TransientError(f"{shown_url(wanted.url)}: {type(error).__name__}: {error}") from error
    if total is not None and part.size != total:
        raise TransientError(f"{shown_url(wanted.url)}: {part.size:,} of {total:,} bytes came")


def _headers(wanted: DownloadRequest, part: PartFile) -> dict[str, str]:
    """Ask for what is missing, provided that the file is still the same one."""
    headers = {"Accept-Encoding": "identity"}
    validator = part.proof(wanted.url)
    if part.size and (validator or wanted.md5):  # a checksum tells in the end whether the pieces belong together
        headers["Range"] = f"bytes={part.size}-"
        if validator:
            headers["If-Range"] = validator
    return headers


def _accepted(wanted: DownloadRequest, part: PartFile, answer: aiohttp.ClientResponse) -> int | None:
    """Look at an answer's head, and make the part ready for its body; return the size of the whole file, if known."""
    url = shown_url(wanted.url)
    if urlsplit(wanted.url).scheme == "https" and any(hop.url.scheme != "https" for hop in (*answer.history, answer)):
        raise RejectedError(f"{url}: leads on to an address without TLS, {shown_url(str(answer.url))}")
    span = _RANGE.match(answer.headers.get("Content-Range", ""))
    if answer.status == 206 and span and span[1] == str(part.size):
        return int(span[3])
    if answer.status == 416 and span and span[3] == str(part.size):
        return part.size  # everything had come already
    if answer.status in (206, 416):
        part.begin(wanted.url, None)
        raise TransientError(f"{url}: the server goes on elsewhere than asked; from the start again")
    if answer.status in _TRY_AGAIN:
        raise TransientError(f"{url}: HTTP {answer.status}", retry_after=retry_after(answer.headers))
    if answer.status != 200:
        raise RejectedError(f"{url}: HTTP {answer.status} {answer.reason or ''}".rstrip())
    if answer.content_type == "text/html":
        raise RejectedError(f"{url}: answers with a web page instead of the file")
    part.begin(wanted.url, _validator(answer))
    return answer.content_length


def _validator(answer: aiohttp.ClientResponse) -> str | None:
    """What tells this version of the file from others, byte by byte."""
    tag = answer.headers.get("ETag")
    return tag if tag and not tag.startswith("W/") else answer.headers.get("Last-Modified")


def _make_room(target: Path, here: int, total: int | None) -> None:
    free = shutil.disk_usage(target.parent).free
    if total is not None and total - here > free:
        raise UserError(f"{target.parent}: {total - here:,} bytes are to come, and the disk has room for {free:,}")
