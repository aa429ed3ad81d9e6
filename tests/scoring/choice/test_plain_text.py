"""One spelling for markup, LaTeX, marks and numbers."""
# ruff: noqa: RUF001 - characters that look alike are tested

from __future__ import annotations

import pytest

from prism_engine.scoring.choice.plain_text import answer_part, plain_text


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("1,200cm", "1200 cm"),
        ("$12.50\\,\\text{cm}$", " 12.5 cm "),
        ("−3", "-3"),
        ("$-3$", " -3 "),
        ("½", "1/2"),
        ("\\dfrac{1}{2}", "1/2"),
        ("\\frac12", "1/2"),
        ("sqrt(3)", "√3"),
        ("2 \\pi", "2π"),
        ("50 percent", "50%"),
        ("**B**", "B"),
        ("✔️", "✓"),
        ("- [x] B", "- ✓ B"),
        ("- [ ] B", "- ✗ B"),
        ("so \\boxed{\\text{B}}.", "so answer: B\n."),
        ("<answer>B</answer>", "\nanswer: B\n"),
        ("（Ｂ）", "(B)"),
    ],
)
def test_texts_have_one_spelling(text, plain):
    assert plain_text(text) == plain


def test_number_words_and_decimal_commas_only_where_options_are_numbers():
    assert plain_text("three or 12,5") == "three or 12,5"
    assert plain_text("three or 12,5", digits=True, points=True) == "3 or 12.5"
    assert plain_text("the right one", digits=True) == "the right one"


def test_thinking_is_dropped_unless_there_is_nothing_else():
    assert answer_part("<think>A</think> B") == " B"
    assert answer_part("<think>A</think>\n") == "<think>A"


def test_the_middle_of_a_very_long_reply_is_dropped():
    text = answer_part("a" * 50_000 + "b" * 50_000)
    assert len(text) < 40_000
    assert (text[0], text[-1]) == ("a", "b")
