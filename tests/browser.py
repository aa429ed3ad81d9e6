"""The distribution's Chromium, headless, driven by Playwright: no browser is downloaded.

`scripts/install.py --dev` installs both where it may. With CI=true a missing browser is a failure; elsewhere the tests
that need it are skipped and say how to install it.
"""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import sync_playwright

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
SECONDS = 30.0
"""How long a page may take to reach a state, on a loaded machine."""


def chromium() -> str | None:
    """Return the path of the machine's Chromium; None if it has none."""
    return next((path for name in NAMES if (path := shutil.which(name)) is not None), None)


def require_chromium() -> str:
    """Return the path of the machine's Chromium; skip the test if it has none, or fail it with CI=true."""
    path = chromium()
    if path is None:
        how = "no Chromium found: `apt-get install chromium`, or run scripts/install.py --dev as root"
        if os.environ.get("CI", "").lower() in ("1", "true"):
            pytest.fail(how)
        pytest.skip(how)
    return path


@contextmanager
def launched(path: str) -> Iterator[Browser]:
    """Start a browser."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        yield browser
        browser.close()


def until(page: Page, expression: str, wanted: object) -> Any:
    """Wait until an expression has a value; the page's policy allows no `wait_for_function`."""
    waited = 0.0
    while (value := page.evaluate(expression)) != wanted:
        assert waited < SECONDS, f"{expression} is still {value!r}, not {wanted!r}"
        page.wait_for_timeout(20)
        waited += 0.02
    return value
