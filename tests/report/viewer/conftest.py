"""Opens the report page of runs in the suite's browser."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from prism_engine.report.effects.analysis import aligned_benchmarks
from prism_engine.report.effects.failures import judge
from prism_engine.report.scores.finished import find_runs
from prism_engine.report.viewer.html_file import page_pieces
from prism_engine.report.viewer.report_data import ReportData
from prism_engine.report.viewer.thumbnails import thumbnails
from tests.browser import until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

READY = "document.documentElement.dataset.ready"


@pytest.fixture
def opened(browser: Browser, tmp_path: Path) -> Iterator[Callable[..., Page]]:
    """Return a function that writes the report of runs and opens it, at an address with a fragment.

    At the end no page may have said anything on its console, or asked for anything but its own file.
    """
    said: list[str] = []
    asked: set[str] = set()
    contexts = []

    def open_report(results: Path, fragment: str = "", **settings: Any) -> Page:
        path = tmp_path / "report.html"
        benchmarks = aligned_benchmarks(find_runs([results]))
        data = ReportData(benchmarks, [one for aligned in benchmarks.values() for one in judge(aligned)])
        copies = thumbnails(data.pictures(), [tmp_path / "images"], most=1000)
        path.write_bytes(b"".join(page_pieces(data, copies.pictures)))
        contexts.append(browser.new_context(viewport={"width": 1440, "height": 900}, **settings))
        page = contexts[-1].new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: asked.add(request.url.partition("#")[0].partition(",")[0]))
        page.goto(path.as_uri() + fragment)
        until(page, READY, "1")
        return page

    yield open_report
    for context in contexts:
        context.close()
    assert said == []
    assert asked <= {(tmp_path / "report.html").as_uri(), "data:image/webp;base64"}
