"""The viewer's pages and scripts: those of the report, with a source of data that asks the server."""

from __future__ import annotations

from typing import Final

from prism_engine.report.viewer.html_file import SCRIPTS, asset, script

TABLES: Final = ("board", "analysis")
PAGES: Final = ("runs", "view", *TABLES)
_SOURCE: Final = ("requests.js", "live.js")
_BASE: Final = ("elements.js", "texts.js", "plots.js")
PAGE_SCRIPTS: Final = {
    "view": (*SCRIPTS, *_SOURCE, "http_source.js", "start_view.js"),
    "runs": (*_BASE, *_SOURCE, "start_runs.js"),
    **dict.fromkeys(TABLES, (*_BASE, *_SOURCE, "start_tables.js")),
}
_SERVED: Final = {
    '<meta http-equiv="Content-Security-Policy" content="{policy}">': '<meta name="prism-token" content="{token}">',
    "<style>{style}</style>": '<link rel="stylesheet" href="/static/page.css">',
    '<nav id="benchmarks"': '<nav id="pages" aria-label="Pages"></nav>\n  <nav id="benchmarks"',
    '<div id="overview">': '<div id="live"></div>\n  <div id="overview">',
    "<!-- data -->": "",
    "<script>{script}</script>": '<script src="/static/{name}.js"></script>',
}
_TYPES: Final = {"js": "text/javascript", "css": "text/css"}


def static_files() -> dict[str, tuple[str, str]]:
    """Return the content and type of each file that pages load, by name."""
    files = {f"{page}.js": script(PAGE_SCRIPTS[page]) for page in PAGES}
    files["page.css"] = asset("page.css") + asset("viewer.css")
    return {name: (text, _TYPES[name.rpartition(".")[2]]) for name, text in files.items()}


def page(name: str, page_token: str) -> str:
    """Return a page as HTML.

    Args:
        name: one of `PAGES`.
        page_token: what its requests that change something send.
    """
    text = _served(asset("page.html")) if name == "view" else asset("plain.html")
    return text.replace("{name}", name).replace("{token}", page_token)


def _served(text: str) -> str:
    """Return the report's page with its parts as files of the server, whose headers have the policy."""
    for part, served in _SERVED.items():
        before, found, after = text.partition(part)
        assert found, f"page.html has no {part}"
        text = before + served + after
    return text
