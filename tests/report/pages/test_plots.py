"""Readable plots."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from PIL import Image

from prism_engine.errors import UserError
from prism_engine.report.pages.plot_sizes import SIZES
from prism_engine.report.pages.plots import COLOURS, MARKERS, Point, draw_points, draw_shares

SERIES = {
    "first <&> $series": {"a": Point(0.5, 0.4, 0.6), "b": Point(0.2, 0.1, 0.35)},
    "second": {"b": Point(1.0, 0.9, 1.0)},
}


def luminance(colour):
    red, green, blue = (int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_a_png_has_its_width_and_the_same_points_give_the_same_bytes(tmp_path):
    for name in ("a.png", "b.png"):
        draw_points(tmp_path / name, "Title", SERIES, label="accuracy", reference=0.25)
    with Image.open(tmp_path / "a.png") as image:
        assert (image.format, image.width) == ("PNG", 1200)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


def test_an_svg_holds_its_words_as_text(tmp_path):
    for name in ("a.svg", "b.svg"):
        draw_points(tmp_path / name, "Title", SERIES, label="log odds", percent=False)
    text = (tmp_path / "a.svg").read_text()
    assert text == (tmp_path / "b.svg").read_text()
    for word in ("Title", "second", "log odds", "first &lt;&amp;&gt; $series"):
        assert f">{word}<" in text


def test_shares_are_drawn_in_the_order_given_and_absent_parts_have_no_place_in_the_legend(tmp_path):
    looks = {"right": ("#0072B2", ""), "never": ("#000000", ""), "wrong": ("#D55E00", "//")}
    draw_shares(tmp_path / "s.svg", "What", {"run": {"wrong": 0.03, "right": 0.97}}, looks)
    words = re.findall(r">([^<>\s][^<>]*)</text>", (tmp_path / "s.svg").read_text())
    assert [word for word in words if word in ("right", "wrong", "never")] == ["right", "wrong"]
    assert "97" in words
    assert "3" not in words  # too narrow for its number


def test_neighbouring_series_differ_in_shape_and_in_lightness():
    assert len(set(MARKERS)) == len(MARKERS) == len(COLOURS)
    for one, other in pairwise(COLOURS):
        assert abs(luminance(one) - luminance(other)) > 0.04


def test_a_file_that_cannot_be_written_is_named(tmp_path):
    with pytest.raises(UserError, match="nowhere"):
        draw_points(tmp_path / "nowhere" / "a.png", "Title", SERIES, label="x")


NAMES = [f"{letter}-a-rather-long-name + reasoner" for letter in "abc"]
LONG = {
    f"{series}-vision-language-model": {name: Point(0.5, 0.4, 0.6) for name in NAMES} for series in ("first", "second")
}


@pytest.mark.parametrize(("size", "points"), [("column", 234), ("page", 486)])
def test_a_plot_for_a_paper_has_its_width_no_title_and_no_font_below_7_points(tmp_path, size, points):
    draw_points(tmp_path / "p.svg", "Title", LONG, label="accuracy in %", size=SIZES[size])
    shares = {name: {"right": 0.6, "wrong": 0.4} for name in NAMES}
    looks = {"right": ("#0072B2", ""), "wrong": ("#D55E00", "//")}
    draw_shares(tmp_path / "s.svg", "Title", shares, looks, size=SIZES[size])
    for name in ("p.svg", "s.svg"):
        text = (tmp_path / name).read_text()
        assert f'width="{points}pt"' in text
        assert "Title" not in text
        fonts = [float(found) for found in re.findall(r"font-size: ([\d.]+)px", text)]
        assert fonts
        assert min(fonts) >= 7


def test_everything_on_a_plot_for_a_paper_is_inside_it(tmp_path):
    for size in ("column", "page"):
        draw_points(tmp_path / f"{size}.png", "Title", LONG, label="accuracy in %, 95 %" * 5, size=SIZES[size])
        with Image.open(tmp_path / f"{size}.png") as image:
            grey = image.convert("L")
        for edge in ((0, 0, 1, grey.height), (grey.width - 1, 0, grey.width, grey.height)):
            assert grey.crop(edge).getextrema() == (255, 255)


def test_equal_plots_are_equal_pdf_files_without_a_date_and_with_truetype_fonts(tmp_path):
    for name in ("a.pdf", "b.pdf"):
        draw_points(tmp_path / name, "Title", LONG, label="accuracy", size=SIZES["column"])
    content = (tmp_path / "a.pdf").read_bytes()
    assert content == (tmp_path / "b.pdf").read_bytes()
    assert content.startswith(b"%PDF-")
    assert b"CreationDate" not in content
    assert b"/CIDFontType2" in content
    assert b"/Type3" not in content


def test_a_name_that_looks_like_a_formula_is_a_name(tmp_path):
    series = {"$\\frac$": {"a$\\x$b": Point(0.5, 0.4, 0.6)}, "other": {"c": Point(0.5, 0.4, 0.6)}}
    draw_points(tmp_path / "a.svg", "$\\alpha", series, label="x")
    assert ">a$\\x$b<" in (tmp_path / "a.svg").read_text()
