"""Checks of a single row: those of every benchmark, and those that its answer kind declares."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prism_engine.datasets.answer_letters import letters_of, numbered, position_of
from prism_engine.datasets.column_guesses import LISTS
from prism_engine.datasets.option_columns import left_out
from prism_engine.datasets.rows import OPTION
from prism_engine.datasets.written_options import read_written
from prism_engine.scoring import SCORERS
from prism_engine.scoring.flaws import Flaw

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from prism_engine.datasets.rows import Row
    from prism_engine.records import AnswerKind
    from prism_engine.scoring import Scorer

LEAKED = frozenset({"nan", "NaN", "<NA>", "NaT", "\\N"})
"""What pandas and databases write for an empty cell, and no one as an option."""
_NA_WORDS = frozenset({"None", "NA", "N/A", "n/a", "null", "NULL", "#N/A"})
NOT_AN_OPTION = "answer not among the options"
UNANSWERED = Flaw("warning", "row without an answer", "answer", "is empty, so the row is not scored")
_TEXTS = ("question", "hint", "answer", "category", "l2_category", "split")


def flaws(row: Row, pictures: int | None, kind: AnswerKind | None) -> Iterator[Flaw]:
    """Yield the flaws of a row that has a picture.

    Args:
        row: with its options in columns.
        pictures: number of its pictures; None if it refers to another row for some.
        kind: how answers are scored; None if the benchmark's name does not say: then it is inferred from the row.
    """
    cells = row.cells
    if not cells.get("question", "").strip():
        yield Flaw("error", "empty question", "question", "is empty")
    options = {name: text for name, text in cells.items() if text and OPTION.fullmatch(name)}
    answer = cells.get("answer", "")
    scorer = None if kind is None else SCORERS[kind]
    if options or (scorer is not None and scorer.lettered == "all"):
        yield from _of_options(options, answer)
        for name in left_out(cells):
            yield Flaw("error", "option that is not read", name, not_read(options))
    elif scorer is not None and scorer.needs_answer:
        yield from _of_text(answer, scorer)
    if scorer is not None:
        for name in scorer.needed_columns:
            if not cells.get(name):
                yield Flaw("error", "empty cell that the scorer needs", name, f"is empty, but {scorer.kind} needs it")
        yield from scorer.row_flaws(cells, pictures)
    if not options and (scorer is None or scorer.lettered is not None):
        yield from _unread_lists(cells)
    yield from _na_words(cells, options)


def not_read(options: Iterable[str]) -> str:
    """Say that a column looks like an option that is not among those read.

    Args:
        options: the letters of those read.
    """
    return (
        f"looks like an option, but is not read with {', '.join(sorted(options))}, so the model would not see it; name "
        "all options alike (A, B, ... or option_a, option_b, ...), or call the column something else"
    )


def _unread_lists(cells: Mapping[str, str]) -> Iterator[Flaw]:
    for name in LISTS:
        if (cell := cells.get(name, "").strip()) and read_written(cell) != {}:
            reason = f"is {cell[:40]!r}, which is no list of options such as ['red', 'blue']; the model gets none"
            yield Flaw("error", "options that cannot be read", name, reason)


def _of_options(options: dict[str, str], answer: str) -> Iterator[Flaw]:
    if not options:
        yield Flaw("error", "question without options", None, "multiple choice, but there are no options")
        return
    letters = ", ".join(sorted(options))
    if not answer:
        yield UNANSWERED
    elif (reason := unscorable(answer, options)) is not None:
        what = "several right options" if letters_of(answer, options) else NOT_AN_OPTION
        yield Flaw("error", what, "answer", reason)
    if len(set(options.values())) < len(options):
        yield Flaw("warning", "duplicate options", None, "two options have the same text")
    if len(options) == 1 or max(options) != chr(ord("A") + len(options) - 1):
        yield Flaw(
            "warning", "gap in the options", None, f"the options are {letters}; has a text such as NA been lost?"
        )


def unscorable(answer: str, options: Mapping[str, str]) -> str | None:
    """Say why no reply can be compared with an answer; None if it is an option's letter."""
    if answer.strip() in options:
        return None
    shown, letters = repr(answer[:40]), ", ".join(sorted(options))
    if several := letters_of(answer, options):
        return f"is {shown}: {len(several)} right options, but prism scores one; keep one, or leave the row out"
    position = position_of(answer, options)
    if position is not None and 0 < position < len(options):
        zero, one = numbered(position, 0, options), numbered(position, 1, options)
        return (
            f"is {shown}: option {zero} if the first is 0, {one} if it is 1, and the other rows do not say which; "
            "write letters, or use a mapping with `answer_is: position` (from 0) or `number` (from 1)"
        )
    same = [name for name, text in sorted(options.items()) if text.strip() == answer.strip()]
    if len(same) > 1:
        return f"is {shown}, the text of {' and '.join(same)}; write the letter"
    return f"is {shown}; the options are {letters}"


def _of_text(answer: str | None, scorer: type[Scorer]) -> Iterator[Flaw]:
    if not answer:
        yield UNANSWERED
    elif (flaw := scorer.answer_flaw(answer)) is not None:
        yield flaw


def _na_words(cells: dict[str, str], options: dict[str, str]) -> Iterator[Flaw]:
    for name in (*_TEXTS, *options):
        text = cells.get(name, "").strip()
        if text in LEAKED or (text in _NA_WORDS and name in _TEXTS):
            yield Flaw("warning", "leaked NA word", name, f"is {text!r}: was this an empty cell?")
        elif text in _NA_WORDS:
            reason = f"is {text!r}; kept here, but other programs may read it as a missing value"
            yield Flaw("warning", "option that is an NA word", name, reason)
