"""What a spreadsheet would compute and what a page would run is text."""

from __future__ import annotations

import pytest

from prism_engine.report.neutral import csv_cell, latex_cell, markdown_cell


@pytest.mark.parametrize(
    "text", ["=1+1", "+cmd|x", "-cmd|x", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "\uff1d1", "-1+1", "=-"]
)
def test_a_formula_gets_an_apostrophe(text):
    assert csv_cell(text) == f"'{text}"


@pytest.mark.parametrize("value", ["-1", "+2.5", "-.5e-3", "-", "-12%", "a=b", "", "x", -1, 2.5, None, True])
def test_numbers_and_plain_texts_stay(value):
    assert csv_cell(value) is value


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("<script>alert(1)</script>", "&lt;script>alert(1)&lt;/script>"),
        ("<!-- x", "&lt;!-- x"),
        ("![x](http://h)", "!\\[x\\](http://h)"),
        ("a|b`c`", "a\\|b\\`c\\`"),
        ("&lt;b", "&amp;lt;b"),
        ("<0.001, a < b & c", "<0.001, a < b & c"),
        ("a\nb\x1b[2J\u202ec", "a b \\[2J c"),
        ("back\\slash", "back\\\\slash"),
    ],
)
def test_a_page_shows_texts_as_they_are(text, cell):
    assert markdown_cell(text) == cell


@pytest.mark.parametrize(
    ("text", "cell"),
    [
        ("\\input{/etc/passwd}", "\\textbackslash{}input\\{/etc/passwd\\}"),
        ("50 % of a_b & $c^2$ ~ #1", "50 \\% of a\\_b \\& \\$c\\textasciicircum{}2\\$ \\textasciitilde{} \\#1"),
        ("[2cm] *", "{[}2cm{]} {*}"),
        ('<a> | "q" `', "\\textless{}a\\textgreater{} \\textbar{} \\symbol{34}q\\symbol{34} \\textasciigrave{}"),
        ("a\nb\x1b\u202ec", "a b c"),
        ("-1.25", "$-1.25$"),
        ("+3,000", "$+3,000$"),
        ("-", "-"),
        ("qwen-7b", "qwen-7b"),
    ],
)
def test_a_paper_shows_texts_as_they_are(text, cell):
    assert latex_cell(text) == cell
