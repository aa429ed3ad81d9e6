"""Writes the report page as one HTML file that needs no server and no network."""

from __future__ import annotations

import base64
import gzip
import hashlib
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

import orjson

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from prism_engine.report.viewer.contract import ShownSample
    from prism_engine.report.viewer.report_data import ReportData

SCRIPTS: Final = (
    "elements.js",
    "texts.js",
    "filters.js",
    "plots.js",
    "overview.js",
    "filter_bar.js",
    "sample_list.js",
    "sample_view.js",
    "answer_view.js",
    "page.js",
)
"""The page's own JavaScript, in the order in which it is read; a source of data comes after it."""
FILE_SOURCE: Final = ("file_source.js", "start_file.js")
_CHUNK: Final = 1000
"""Samples that are compressed together."""
_POLICY: Final = (
    "default-src 'none'; img-src data:; style-src '{style}'; script-src '{script}'; base-uri 'none'; form-action 'none'"
)


def asset(name: str) -> str:
    """Return one of the page's own files."""
    return (files("prism_engine.report.viewer") / "web" / name).read_text(encoding="utf-8")


def script(names: Iterable[str]) -> str:
    """Return the page's JavaScript as one strict script whose names are its own."""
    return '(() => {\n"use strict";\n' + "\n".join(map(asset, names)) + "})();\n"


def page_pieces(data: ReportData, pictures: Mapping[str, bytes]) -> Iterator[bytes]:
    """Yield the page piece by piece.

    Everything that comes from files and models is in base64, so nothing in it can close an element; the script puts it
    on the page as text. Equal arguments give equal bytes.

    Args:
        data: of the report; its samples are read here.
        pictures: WebP files by digest.

    Raises:
        UserError: a file of a run is missing or damaged.
    """
    style, code = asset("page.css"), script((*SCRIPTS, *FILE_SOURCE))
    policy = _POLICY.format(style=_hash(style), script=_hash(code))
    before, after = asset("page.html").split("<!-- data -->\n")
    yield before.replace("{policy}", policy).replace("{style}", style).encode()
    for chunk in _chunks(data.samples()):
        yield _element("samples", _packed(chunk))
    yield _element("header", _packed(data.header))
    yield _element("templates", _packed(data.templates.all))
    places, texts = _joined(pictures)
    yield _element("picture-places", _packed(places))
    yield from (b'<script type="text/plain" data-is="pictures">', *texts, b"</script>\n")
    yield after.replace("{script}", code).encode()


def _hash(text: str) -> str:
    """Return what a content security policy calls this text."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _chunks(samples: Iterable[ShownSample]) -> Iterator[list[ShownSample]]:
    chunk: list[ShownSample] = []
    for sample in samples:
        chunk.append(sample)
        if len(chunk) == _CHUNK:
            yield chunk
            chunk = []
    if chunk:
        yield chunk


def _packed(value: Any) -> bytes:
    return base64.b64encode(gzip.compress(orjson.dumps(value), compresslevel=9, mtime=0))


def _element(name: str, content: bytes) -> bytes:
    return b'<script type="text/plain" data-is="%s">%s</script>\n' % (name.encode(), content)


def _joined(pictures: Mapping[str, bytes]) -> tuple[dict[str, tuple[int, int]], list[bytes]]:
    """Return where each picture is in the text of all, and the text in pieces."""
    places: dict[str, tuple[int, int]] = {}
    texts: list[bytes] = []
    start = 0
    for digest, data in pictures.items():
        text = base64.b64encode(data)
        places[digest] = (start, start + len(text))
        start += len(text)
        texts.append(text)
    return places, texts
