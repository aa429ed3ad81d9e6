import sys

import pytest

from prism_engine.control_characters import escaped, on_one_line

HOSTILE = [
    "\x1b",
    "\x00",
    "\r",
    "\x07",
    "\x7f",
    "\x9b",
    "\u061c",
    "\u200f",
    "\u2028",
    "\u2029",
    "\u202e",
    "\u2066",
    "\ud800",
]


@pytest.mark.parametrize("character", HOSTILE)
def test_each_control_character_is_escaped_or_a_space(character):
    assert escaped(f"a{character}b") == f"a\\u{ord(character):04x}b"
    assert on_one_line(f"a{character}b") == "a b"


def test_line_ends_and_tabs_stay_until_a_text_must_be_on_one_line():
    assert escaped("a\tb\nc") == "a\tb\nc"
    assert on_one_line(" a\tb\n\nc ") == "a b c"


def test_characters_without_a_width_stay_where_a_language_may_need_them():
    assert on_one_line("a\u200db") == "a\u200db"
    assert on_one_line("a\u200db\ufeff", invisible=False) == "a b"


def test_what_is_left_can_be_encoded_and_nothing_else_changes():
    everything = "".join(map(chr, range(sys.maxunicode + 1)))
    for text in (escaped(everything), on_one_line(everything)):
        assert len(text.encode()) > 1_000_000
    kept = "é ß 中文 العربية 👍🏽 a\u0301 =<&"
    assert escaped(kept) == on_one_line(kept) == kept
