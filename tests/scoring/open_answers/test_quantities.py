"""Reading one quantity from a short text."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prism_engine.scoring.open_answers.quantities import quantity_of


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12", 12),
        ("1,200", 1200),
        ("1 200", 1200),
        ("-3", -3),
        ("\u22123", -3),
        ("minus 3", -3),
        ("$-3$", -3),
        ("$1,200", 1200),
        ("\u20ac 5", 5),
        ("-$5", -5),
        ("1/2", 0.5),
        ("\\frac{1}{2}", 0.5),
        ("\\dfrac12", 0.5),
        ("-\\frac{3}{2}", -1.5),
        ("3\u00bd", 3.5),
        ("3 1/2", 3.5),
        ("\\sqrt{2}", math.sqrt(2)),
        ("2\\sqrt{3}", 2 * math.sqrt(3)),
        ("2\\pi", 2 * math.pi),
        ("\\frac{\\sqrt{3}}{2}", math.sqrt(3) / 2),
        ("3 \\times 10^{8}", 3e8),
        ("3x10^-2", 3e-2),
        ("6e3", 6000),
        ("2^{10}", 1024),
        ("x = 24", 24),
        ("about 12", 12),
        ("seven", 7),
        ("forty-two", 42),
        ("2.5 million", 2.5e6),
        ("3M", 3e6),
    ],
)
def test_numbers_are_read_as_they_are_written(text, value):
    read = quantity_of(text)
    assert read is not None
    assert read.value == pytest.approx(value)


@pytest.mark.parametrize(
    ("text", "value", "percent", "unit"),
    [
        ("12 cm", 12, False, "cm"),
        ("12cm", 12, False, "cm"),
        ("12 \\text{ m/s}", 12, False, "m/s"),
        ("50 %", 50, True, ""),
        ("50\\%", 50, True, ""),
        ("5 percent", 5, True, ""),
        ("90\u00b0", 90, False, "\u00b0"),
        ("12 m^2", 12, False, "m^2"),
        ("12 (approximately)", 12, False, ""),
        ("12 (twelve)", 12, False, ""),
    ],
)
def test_units_and_percent_signs_are_told_apart_from_the_number(text, value, percent, unit):
    assert quantity_of(text) == (value, percent, unit)


@pytest.mark.parametrize(
    "text",
    [
        *("", "red", "12 or 13", "12-15", "12 of 15", "1.2.3", "12, 13", "3 to 4", "1e999999", "10^{99999}", "9" * 100),
        *("1/0", "0^{-1}", "\\frac{1}{0}", "\\frac{1}", "2**2**9999", "nan", "inf", "1_000", "(555) 123-4567"),
        *("12 is wrong", "__import__('os')", "\\sqrt{" * 50, "10^{300} \\times 10^{300}", "12 (13)"),
    ],
)
def test_what_is_no_single_bounded_number_is_no_quantity(text):
    assert quantity_of(text) is None


@given(st.text(alphabet="0123456789.,/^{}\\fracsqrtpi*x eE+-%$()", max_size=130))
@settings(max_examples=300, deadline=None)
def test_any_text_is_a_finite_quantity_or_none(text):
    read = quantity_of(text)
    assert read is None or math.isfinite(read.value)
