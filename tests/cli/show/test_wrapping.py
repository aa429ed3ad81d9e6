"""Tables and text in a narrow terminal: words stay whole, numbers too, and everything is there."""

from __future__ import annotations

import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from prism_engine.cli.show import console
from prism_engine.cli.show.wrapping import breaks, parts_of, wrapped

SCORES = (
    ("choice, prism", "Samples", "Accuracy", "95 % interval", "Scored", "Unanswered", "Clustered by picture"),
    [
        ("Overall", "60", "25.0%", "15.8% to 37.2%", "60", "3", "15.3% to 38.1%"),
        ("by l2-category", "", "", "", "", "", ""),
        ("  fine-grained perception", "20", "36.8%", "19.1% to 59.0%", "20", "0", "18.2% to 60.5%"),
    ],
)
TEXTS = st.text(st.sampled_from("ab-/~ é漢[]"), max_size=40)


def printed(monkeypatch, width, header, rows, words=1):
    file = io.StringIO()
    terminal = console._Lasting(file=file, force_terminal=True, width=width, highlight=False, color_system=None)
    monkeypatch.setattr(console, "stdout", terminal)
    console.print_table(header, rows, words=words)
    return re.sub(r"\x1b\[[0-9;]*m", "", file.getvalue())


@pytest.mark.parametrize("width", [40, 60, 80, 120])
def test_no_word_and_no_number_of_a_table_is_broken(monkeypatch, width):
    shown = printed(monkeypatch, width, *SCORES)
    assert all(len(line) <= width for line in shown.splitlines())
    for cell in [*SCORES[0], *(cell for row in SCORES[1] for cell in row)]:
        for word in cell.split():
            assert word in shown
    for number in ("15.8% to 37.2%", "18.2% to 60.5%"):
        assert number in shown


def test_a_table_that_is_too_wide_continues_below_with_its_names(monkeypatch):
    shown = printed(monkeypatch, 40, *SCORES)
    assert shown.count("Overall") >= 2


def test_a_long_name_is_broken_behind_a_separator(monkeypatch):
    run = "query-specific_reasoner-a/MyPhotos/scripted~chaos-vlm/reasoner-b"
    shown = printed(monkeypatch, 60, ("Run", "State", "Samples"), [(run, "complete", "60/60")], words=2)
    lines = [line.split("  ")[0].rstrip() for line in shown.splitlines()[1:]]
    assert "".join(lines) == run
    assert all(line[-1] in "/-_~" for line in lines[:-1])


@given(st.lists(TEXTS, min_size=1, max_size=5), st.integers(1, 60))
def test_wrapping_keeps_every_character_but_spaces(cells, width):
    for cell in cells:
        lines = wrapped(cell, width)
        assert lines.replace("\n", "").replace(" ", "") == cell.replace(" ", "")
        if width >= 2 and not cell.startswith(" "):
            assert all(cell_len(line) <= width for line in lines.split("\n"))


@given(
    st.lists(st.lists(TEXTS, min_size=3, max_size=3), min_size=1, max_size=6), st.integers(1, 3), st.integers(1, 120)
)
def test_every_column_is_in_some_part(columns, words, width):
    parts = parts_of(columns, words, width)
    assert {each for part in parts for each in part.columns} == set(range(len(columns)))
    assert all(len(part.columns) == len(part.widths) for part in parts)


@given(TEXTS, st.integers(1, 40))
def test_a_line_is_broken_between_words_only(text, width):
    offsets = breaks(text, width)
    assert all(text[offset - 1] == " " for offset in offsets)
    lines = [text[begin:end] for begin, end in zip([0, *offsets], [*offsets, len(text)], strict=True)]
    assert all(cell_len(line.strip()) <= width or len(line.split()) == 1 for line in lines)


@pytest.mark.parametrize("terminal", [True, False])
def test_prose_is_broken_between_words_on_a_terminal_and_commands_never(terminal):
    file = io.StringIO()
    out = console._Lasting(file=file, force_terminal=terminal, width=30, highlight=False, color_system=None)
    command = "prism resume 'a run' --results-dir results/of-today"
    out.print(
        f"[bold]note:[/] in Prism's paper each reasoner writes for itself; {console.unbroken(command)}", soft_wrap=True
    )
    shown = file.getvalue()
    assert command in shown
    lines = shown.splitlines()
    assert len(lines) == (3 if terminal else 1)
    assert terminal is (lines[0] == "note: in Prism's paper each")
