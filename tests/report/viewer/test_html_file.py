"""The report page as one file."""

from __future__ import annotations

import re

from prism_engine.report.viewer import html_file
from prism_engine.report.viewer.html_file import FILE_SOURCE, SCRIPTS, asset, page_pieces, script
from tests.report.viewer.shown_runs import data_of, three_arms


def test_samples_are_compressed_some_at_a_time_and_keep_their_order(tmp_path, monkeypatch):
    three_arms(tmp_path)
    monkeypatch.setattr(html_file, "_CHUNK", 3)
    data, samples = data_of(tmp_path)
    data.samples = lambda: iter(samples)  # type: ignore[method-assign]  # a report's samples are read once
    page = b"".join(page_pieces(data, {"a": b"1234", "b": b"5"})).decode()
    kinds = re.findall(r'data-is="([a-z-]+)"', page.partition("<script>")[0])
    assert kinds == ["samples", "samples", "header", "templates", "picture-places", "pictures"]


def test_every_script_of_the_page_is_in_it_and_is_strict():
    code = script((*SCRIPTS, *FILE_SOURCE))
    assert code.startswith('(() => {\n"use strict";\n')
    assert all(asset(name) in code for name in (*SCRIPTS, *FILE_SOURCE))


def test_no_script_puts_text_on_the_page_other_than_as_text():
    code = script((*SCRIPTS, *FILE_SOURCE))
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|setAttribute\(\"on", code
    )
