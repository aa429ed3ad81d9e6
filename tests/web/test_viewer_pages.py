"""Which files the viewer's pages are made of."""

from __future__ import annotations

from importlib.resources import files

from prism_engine.report.viewer.html_file import FILE_SOURCE, SCRIPTS
from prism_engine.web.viewer_pages import PAGE_SCRIPTS, PAGES


def test_every_page_has_scripts_and_no_asset_is_left_over():
    assert set(PAGE_SCRIPTS) == set(PAGES)
    folder = {path.name for path in (files("prism_engine.report.viewer") / "web").iterdir()}
    scripts = {name for names in PAGE_SCRIPTS.values() for name in names}
    assert folder == {*SCRIPTS, *FILE_SOURCE, *scripts, "page.html", "page.css", "plain.html", "viewer.css"}
