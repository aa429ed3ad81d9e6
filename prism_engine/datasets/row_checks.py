"""Checks of a single row, depending on how its benchmark scores answers."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from prism_engine.datasets.rows import OPTION
from prism_engine.records import AnswerKind

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prism_engine.datasets.rows import Row

Severity = Literal["error", "warning"]


class Flaw(NamedTuple):
    """A problem with a row. An error invalidates its score; a warning is for the user to judge."""

    level: Severity
    what: str
    """Short name of the kind of flaw; flaws are counted by it."""
    column: str | None
    reason: str


LONGEST_LIST = 20_000
"""Maximum characters of an answer that is parsed as a list."""

_LETTERED = (AnswerKind.CHOICE, AnswerKind.CIRCULAR)
_YES_NO = (AnswerKind.YES_NO, AnswerKind.MME, AnswerKind.POPE, AnswerKind.HALLUSION)
_LISTED = (AnswerKind.OCRBENCH, AnswerKind.CAPTION)
_NEEDED: Final[dict[AnswerKind, tuple[str, ...]]] = {
    AnswerKind.MME: ("category",),
    AnswerKind.POPE: ("category",),
    AnswerKind.HALLUSION: ("category",),
    AnswerKind.OCRBENCH: ("category",),
    AnswerKind.MMVET: ("category",),
    AnswerKind.LLAVABENCH: ("category", "gpt4_ans", "caption"),
    AnswerKind.MATHVISTA: ("question_type", "answer_type"),
}
_LEAKED = frozenset({"nan", "NaN", "<NA>", "NaT"})
_NA_WORDS = frozenset({"None", "NA", "N/A", "n/a", "null", "NULL", "#N/A"})
_TEXTS = ("question", "hint", "answer", "category", "l2_category", "split")
_TAG = re.compile(r"<image ([1-9])>")
_INTEGER = re.compile(r"[+-]?[0-9]+")


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
    if kind in _LETTERED or options:
        yield from _of_options(options, answer)
    elif kind is not None and kind is not AnswerKind.LLAVABENCH:
        yield from _of_text(answer, kind)
    if kind is not None:
        for name in _NEEDED.get(kind, ()):
            if not cells.get(name):
                yield Flaw("error", "empty cell that the scorer needs", name, f"is empty, but {kind} needs it")
        yield from _of_kind(row, pictures, kind)
    yield from _na_words(cells, options)


def _of_options(options: dict[str, str], answer: str) -> Iterator[Flaw]:
    if not options:
        yield Flaw("error", "question without options", None, "multiple choice, but there are no options")
        return
    letters = ", ".join(sorted(options))
    if not answer:
        yield Flaw("warning", "row without an answer", "answer", "is empty, so the row is not scored")
    elif answer not in options:
        yield Flaw("error", "answer not among the options", "answer", f"is {answer[:40]!r}; the options are {letters}")
    if len(set(options.values())) < len(options):
        yield Flaw("warning", "duplicate options", None, "two options have the same text")
    if len(options) == 1 or max(options) != chr(ord("A") + len(options) - 1):
        yield Flaw(
            "warning", "gap in the options", None, f"the options are {letters}; has a text such as NA been lost?"
        )


def _of_text(answer: str, kind: AnswerKind) -> Iterator[Flaw]:
    if kind is AnswerKind.OPEN:
        return
    if not answer:
        yield Flaw("warning", "row without an answer", "answer", "is empty, so the row is not scored")
    elif kind in _YES_NO and answer.strip().lower() not in ("yes", "no"):
        yield Flaw("error", "answer neither yes nor no", "answer", f"is {answer[:40]!r}")
    elif kind in _LISTED and not _is_list(answer):
        yield Flaw("error", "answer that is not a list", "answer", f"is {answer[:40]!r}, not like ['one', 'other']")


def _of_kind(row: Row, pictures: int | None, kind: AnswerKind) -> Iterator[Flaw]:
    cells = row.cells
    if kind is AnswerKind.HALLUSION and row.index.count("_") < 5:
        yield Flaw("error", "malformed index", "index", "does not end in set, figure and question (..._3_4_5)")
    if kind is AnswerKind.CIRCULAR and not cells.get("g_index") and not _INTEGER.fullmatch(row.index):
        yield Flaw("error", "index without a group", "index", "is not an integer, which identifies rotations")
    if kind is AnswerKind.MATHVISTA and cells.get("question_type") == "multi_choice" and not cells.get("choices"):
        yield Flaw("error", "empty cell that the scorer needs", "choices", "is empty in a multiple-choice question")
    asked = " ".join(text for name, text in cells.items() if name == "question" or OPTION.fullmatch(name))
    named = max(map(int, _TAG.findall(asked)), default=0)
    if kind is AnswerKind.MMMU and pictures is not None and named > pictures:
        yield Flaw("error", "missing picture", "question", f"names <image {named}>, but the row has {pictures}")


def _na_words(cells: dict[str, str], options: dict[str, str]) -> Iterator[Flaw]:
    for name in (*_TEXTS, *options):
        text = cells.get(name, "").strip()
        if text in _LEAKED or (text in _NA_WORDS and name in _TEXTS):
            yield Flaw("warning", "leaked NA word", name, f"is {text!r}: was this an empty cell?")
        elif text in _NA_WORDS:
            reason = f"is {text!r}; kept here, but other programs may read it as a missing value"
            yield Flaw("warning", "option that is an NA word", name, reason)


def _is_list(text: str) -> bool:
    if len(text) > LONGEST_LIST or not text.startswith("["):
        return False
    try:
        return isinstance(ast.literal_eval(text), list)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return False
