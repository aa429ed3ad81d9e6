"""Streams the lines of a text file, whatever its Unicode encoding and line ends."""

from __future__ import annotations

import codecs
import os
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from prism_engine.config.text_encoding import (
    HEAD,
    binary_format,
    decoded,
    encoding_of,
    not_unicode,
    without_surrogates,
)
from prism_engine.errors import DatasetError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from hashlib import _Hash
    from pathlib import Path

_CHUNK = 1 << 16
_LINES = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line that cannot be read."""

    reason: str
    last: bool = False
    """Whether nothing after it can be read either."""


class TextLines:
    """The lines of a text file in order, each with its line end; one of them is in memory at a time.

    A line ends with a line feed, a carriage return, or both. A byte order mark is left out.

    Args:
        limit: maximum length of a line, in bytes; a longer one is a `BadLine`.
        what: what the file should be, for the message about a line that is too long.
        digest: updated with the bytes read.

    Raises:
        DatasetError: the file cannot be opened, or is none of text.
    """

    def __init__(self, path: Path, limit: int, what: str, digest: _Hash | None = None) -> None:
        self._path = path
        self._limit = limit
        self._what = what
        self._digest = digest
        self.bytes_read = 0
        """Bytes of the file read so far."""
        try:
            self._file = path.open("rb")
        except OSError as error:
            raise DatasetError(f"cannot be opened: {error.strerror}", path=path) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file. Idempotent."""
        self._file.close()

    def status(self) -> os.stat_result:
        """Size and times of the open file, even if its path now points to another."""
        return os.fstat(self._file.fileno())

    def __iter__(self) -> Iterator[str | BadLine]:
        """Yield the lines.

        Raises:
            DatasetError: the file cannot be read, or is not a text file at all.
        """
        try:
            head = self._file.peek(HEAD)[:HEAD]
            if (about := binary_format(head)) is not None:
                raise DatasetError(f"is {about}", path=self._path)
            encoding = encoding_of(head)
            self._count(self._file.read(encoding.mark))
            yield from self._utf_8() if encoding.name == "utf-8" else self._wide(encoding.name)
        except OSError as error:
            raise DatasetError(f"cannot be read: {error.strerror}", path=self._path) from error

    def _count(self, data: bytes) -> None:
        self.bytes_read += len(data)
        if self._digest is not None:
            self._digest.update(data)

    def _utf_8(self) -> Iterator[str | BadLine]:
        while line := self._file.readline(self._limit + 1):
            self._count(line)
            if len(line) > self._limit:
                yield self._too_long()
                return
            try:
                text = decoded(line)
            except UnicodeDecodeError as error:
                yield BadLine(not_unicode(error))
                continue
            if "\r" in text and not (text.endswith("\r\n") and text.find("\r") == len(text) - 2):
                yield from _LINES.findall(text)
            else:
                yield text

    def _wide(self, encoding: str) -> Iterator[str | BadLine]:
        """Yield the lines of UTF-16 or UTF-32."""
        decoder = codecs.getincrementaldecoder(encoding)("surrogatepass")
        rest: list[str] = []
        final = False
        while not final:
            data = self._file.read(_CHUNK)
            self._count(data)
            final = not data
            try:
                rest.append(decoder.decode(data, final))
            except UnicodeDecodeError as error:
                yield BadLine(not_unicode(error), last=True)
                return
            if final or "\n" in rest[-1] or "\r" in rest[-1]:
                lines = _LINES.findall("".join(rest))
                # The last one may go on in the next chunk, even after a carriage return.
                rest = [] if final or not lines else [lines.pop()]
                yield from map(without_surrogates, lines)
            if sum(map(len, rest)) > self._limit:
                yield self._too_long()
                return

    def _too_long(self) -> BadLine:
        return BadLine(f"a line is longer than {self._limit >> 20} MiB; is this a {self._what} file?", last=True)
