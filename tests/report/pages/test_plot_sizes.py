"""Labels that fit a paper's column."""

from __future__ import annotations

import pytest

from prism_engine.report.pages.plot_sizes import SIZES, wrapped_label, wrapped_names


def test_a_screen_shows_names_as_they_are():
    assert wrapped_names(["a" * 200], None) == {"a" * 200: "a" * 200}


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("qwen2.5-vl-7b", "qwen2.5-vl-7b"),
        ("qwen2.5-vl-7b + gpt-4o-mini", "qwen2.5-vl-7b +\ngpt-4o-mini"),
        ("Qwen2.5-VL-72B-Instruct-AWQ-2048", "Qwen2.5-VL-…AWQ-2048"),
        ("one two three four five six seven eight nine ten", "one two three four\nfive six se…nine ten"),
    ],
)
def test_a_long_name_is_broken_between_words_and_loses_its_middle(name, label):
    assert wrapped_names([name, name], 20) == {name: label}


def test_two_names_never_have_the_same_label():
    names = [f"Qwen2.5-VL-{size}B-Instruct-AWQ-2048" for size in (3, 7, 72)]
    labels = wrapped_names(names, 20)
    assert list(labels) == names
    assert len(set(labels.values())) == 3
    assert all(len(line) <= 20 for label in labels.values() for line in label.split("\n"))


def test_fonts_of_a_paper_are_at_least_7_points_and_its_widths_those_of_two_column_styles():
    assert (SIZES["column"].width, SIZES["page"].width) == (3.25, 6.75)
    for size in (SIZES["column"], SIZES["page"]):
        assert min(size.text, size.small) >= 7
        assert size.is_paper
    assert not SIZES["screen"].is_paper


def test_an_axis_label_is_broken_only_where_it_must_be():
    assert wrapped_label("one two three", None) == "one two three"
    assert wrapped_label("one two three", 8) == "one two\nthree"
