"""Decodes text files: byte order marks, UTF-16 without one, lone surrogates; names the likely encoding of others."""

from __future__ import annotations

import codecs
from typing import Final, NamedTuple

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_FORMATS: Final = (
    (b"\x1f\x8b", "a gzip archive: unpack it first (gunzip)"),
    (b"PK\x03\x04", "a zip archive or an Excel workbook: unpack it, or save it as `CSV UTF-8`"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook (.xls): save it as `CSV UTF-8`"),
    (b"PAR1", "a Parquet file: give it the ending .parquet"),
    (b"ARROW1", "an Arrow file: convert it to Parquet"),
    (b"SQLite format 3", "an SQLite database: export its table as CSV"),
    (b"MATLAB 5.0", "a MATLAB file: write it as CSV (`writetable`)"),
    (b"\x89HDF", "an HDF5 file: write it as CSV"),
    (b"\x93NUMPY", "a NumPy array: write it as CSV"),
    (b"RDX", "an R data file: write it as CSV (`write.csv`)"),
    (b"\x89PNG", "a picture"),
    (b"%PDF", "a PDF document"),
    (b"BZh", "a bzip2 archive: unpack it first"),
    (b"\xfd7zXZ", "an xz archive: unpack it first"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive: unpack it first"),
    (b"\x80\x04\x95", "a Python pickle, which prism never loads: write it as CSV"),
    (b"\x80\x05\x95", "a Python pickle, which prism never loads: write it as CSV"),
)
HEAD: Final = 64
"""Bytes at the start of a file by which its encoding is recognised."""


class Encoding(NamedTuple):
    """How a text file is encoded."""

    name: str
    """A Unicode codec: `utf-8`, `utf-16-le`, ..."""
    mark: int
    """Bytes of its byte order mark; 0 without one."""


def encoding_of(head: bytes) -> Encoding:
    """Return a file's Unicode encoding from its first `HEAD` bytes: by its byte order mark, or by UTF-16's zeros.

    Anything else counts as UTF-8; decoding it shows whether it is.
    """
    for mark, name in _MARKS:
        if head.startswith(mark):
            return Encoding(name, len(mark))
    zeros = [not byte for byte in head[:4]]
    if zeros == [False, True, False, True]:
        return Encoding("utf-16-le", 0)
    if zeros == [True, False, True, False]:
        return Encoding("utf-16-be", 0)
    return Encoding("utf-8", 0)


def binary_format(head: bytes) -> str | None:
    """Return what a file is that is no text, with what to do; None if its first bytes do not say."""
    return next((about for start, about in _FORMATS if head.startswith(start)), None)


def decoded(data: bytes, encoding: str = "utf-8") -> str:
    """Decode text; a lone surrogate, which some programs write, becomes U+FFFD.

    Raises:
        UnicodeDecodeError: the bytes are not in this encoding.
    """
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        try:
            return without_surrogates(data.decode(encoding, "surrogatepass"))
        except UnicodeDecodeError:
            raise error from None


def without_surrogates(text: str) -> str:
    """Return a text with surrogate pairs joined and lone surrogates replaced by U+FFFD, so that it can be encoded."""
    if text.isascii():
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def is_text(text: str) -> bool:
    """Whether a text can be written as UTF-8; a path whose bytes are not UTF-8 cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def not_unicode(error: UnicodeDecodeError) -> str:
    """Say what is wrong with bytes that do not decode, their likely encoding, and how to convert the file."""
    data = error.object
    if error.encoding != "utf-8":
        return f"is not valid {error.encoding.upper()} ({error.reason}); save the file in UTF-8"
    guess, writer = _likely(data[max(0, error.start - 2000) : error.start + 2000])
    return (
        f"byte {data[error.start]:#04x} is not UTF-8; save the file in UTF-8. It may be in {guess}{writer}: "
        f"`iconv -f {guess} -t UTF-8 FILE` converts that"
    )


def _likely(data: bytes) -> tuple[str, str]:
    """Guess an older encoding, for a message only: by whether its bytes above 127 come in pairs."""
    runs = [len(run) for run in bytes(byte if byte > 127 else 32 for byte in data).split()]
    if runs and all(length % 2 == 0 for length in runs):
        try:
            data.decode("gb18030")
        except UnicodeDecodeError:
            pass
        else:
            return "GB18030", ", as Chinese Windows writes"
    return "WINDOWS-1252", ", as Excel's plain CSV and R on Windows are"
