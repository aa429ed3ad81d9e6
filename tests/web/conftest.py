"""Opens pages of a viewer in the suite's browser."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.browser import until
from tests.web.served import viewer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

READY = "document.documentElement.dataset.ready"


@pytest.fixture
def opened(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Return a function that serves runs and opens one of the viewer's pages.

    At the end no page may have said anything on its console, or asked another server for anything.
    """
    said: list[str] = []
    asked: set[str] = set()
    open_ones: list[Any] = []

    def open_page(results: Path, path: str = "/view?runs=all", **settings: Any) -> Page:
        serving = viewer(results)
        client = serving.__enter__()
        context = browser.new_context(viewport={"width": 1440, "height": 900}, **settings)
        open_ones.extend((lambda: serving.__exit__(None, None, None), context.close))
        page = context.new_page()
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: asked.add(request.url.removeprefix(client.address)[:1]))
        page.goto(f"{client.address}/?token={client.token}")
        page.wait_for_url(f"{client.address}/")
        page.goto(client.address + path)
        until(page, READY, "1")
        return page

    yield open_page
    for close in reversed(open_ones):
        close()
    assert said == []
    assert asked <= {"/"}
