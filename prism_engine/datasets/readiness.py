"""Judges, from counts over a benchmark's rows, whether a run of it can be scored at all, before anything is called."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from prism_engine.datasets.column_guesses import LISTS, PICTURES, likely, misspelt
from prism_engine.datasets.option_columns import look_like_options
from prism_engine.datasets.written_options import read_written
from prism_engine.scoring import SCORERS
from prism_engine.scoring.flaws import Flaw

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from prism_engine.records import AnswerKind

_LETTER: Final = re.compile(r"\s*[(\[]?[A-Za-z][)\].:]?\s*")
_OPTIONAL: Final = ("hint", "category", "l2_category", "split", "gold_description")
WAY_OUT: Final = "`--answer-kind open` runs without scores"


def is_one_letter(answer: str) -> bool:
    """Whether an answer looks like the letter of an option."""
    return _LETTER.fullmatch(answer) is not None


@dataclass(frozen=True, slots=True)
class Shape:
    """What a benchmark's rows have, counted."""

    name: str
    columns: tuple[str, ...]
    samples: int
    pictured: bool
    """Whether any row has a picture."""
    answered: int
    with_options: int
    choosable: int
    """Rows with an answer and options."""
    scorable: int
    """Rows whose answer is the letter of one of their options."""
    letters: int
    """Rows without options whose answer is a single letter."""
    unread: int = 0
    """Rows without options whose `options` or `choices` cannot be read."""
    first: Mapping[str, str] = field(default_factory=dict)
    """Other cells of the first sample, for examples."""


def whole_flaws(shape: Shape, kind: AnswerKind | None) -> Iterator[Flaw]:
    """Yield what is wrong with a benchmark as a whole; after an error, nothing could be scored.

    Args:
        kind: how answers are scored, as the user, the file or the benchmark's name says; None if none of them does.
    """
    scorer = None if kind is None else SCORERS[kind]
    if (
        not shape.answered
        and "answer" not in shape.columns
        and (scorer is None or (scorer.needs_answer and scorer.gives_scores))
    ):
        yield from _no_answers(shape.columns)
    if scorer is None or scorer.lettered is not None:
        yield from _of_options(shape, required=scorer is not None and scorer.lettered == "all")
    for wanted in _OPTIONAL:
        if wanted not in shape.columns and (near := misspelt(wanted, shape.columns)) is not None:
            yield Flaw("warning", "misspelt column", near, f"is not used; did you mean {wanted!r}?")
    if not shape.pictured:
        yield Flaw("warning", "no pictures", None, no_pictures(shape.columns))


def _of_options(shape: Shape, *, required: bool) -> Iterator[Flaw]:
    """Yield what is wrong with options and with the answers that name them.

    Args:
        required: whether every row should have options.
    """
    if not shape.with_options and shape.answered and (required or shape.letters == shape.answered):
        yield _no_options(shape)
    elif not shape.with_options and shape.unread:
        yield _unread_lists(shape)
    elif shape.choosable and not shape.scorable and shape.choosable == shape.answered:
        reason = (
            "no answer is the letter or the text of one of its row's options, so no row can be scored (`prism datasets "
            f"check` lists them); {WAY_OUT}"
        )
        yield Flaw("error", "no answer among its options", "answer", reason)
    elif shape.unread:
        rows = "1 row" if shape.unread == 1 else f"{shape.unread:,} rows"
        reason = f"is no list of options in {rows}, such as ['red', 'blue']; the model gets none there"
        yield Flaw("warning", "options that are not read", _lists(shape.columns), reason)
    elif not shape.with_options and shape.answered and (named := look_like_options(shape.columns)):
        reason = (
            "there are columns that look like options, but their names do not say so and no answer is one of them, so "
            "the model gets none; if they are options, call them A, B, ..."
        )
        yield Flaw("warning", "columns that look like options", named[0], reason)


def _no_answers(columns: tuple[str, ...]) -> Iterator[Flaw]:
    if (near := misspelt("answer", columns)) is not None:
        reason = (
            f"there is no column 'answer', so nothing can be scored; did you mean {near!r}? Rename it, or {WAY_OUT}"
        )
        yield Flaw("error", "misspelt column", near, reason)
    elif (near := likely("answer", columns)) is not None:
        reason = f"there is no column 'answer', so nothing is scored; if {near!r} holds the answers, call it 'answer'"
        yield Flaw("warning", "no answers", near, reason)


def is_unread(options: str | None, choices: str | None) -> bool:
    """Whether a row's `options` or `choices` holds something that is no list of options."""
    return any(cell and cell.strip() and read_written(cell) != {} for cell in (options, choices))


def _lists(columns: tuple[str, ...]) -> str | None:
    return next((name for name in LISTS if name in columns), None)


def _unread_lists(shape: Shape) -> Flaw:
    column = _lists(shape.columns)
    cell = shape.first.get(column or "", "")
    example = f" (the first row has {cell[:60]!r})" if cell else ""
    reason = (
        f"is no list of options{example}, so the model would get none; write it as ['red', 'blue'], or use columns A, "
        f"B, ...; {WAY_OUT}"
    )
    return Flaw("error", "options that are not read", column, reason)


def _no_options(shape: Shape) -> Flaw:
    named = look_like_options(shape.columns)
    near = next((found for wanted in ("options", "choices") if (found := misspelt(wanted, shape.columns))), None)
    column = named[0] if named else near or likely("options", shape.columns)
    if column is None:
        others = [name for name in shape.columns if name not in ("index", "question", "answer", *PICTURES)]
        where = f"none of its other columns looks like options ({', '.join(others[:16]) or 'there are none'})"
    else:
        cell = shape.first.get(column, "")
        example = f", where the first row has {cell[:60]!r}" if cell else ""
        where = f"they are probably in column {column!r}{example}"
    reason = (
        f"the answers are letters, but no options can be read, so the model would get none: {where}. Put them into "
        "columns A, B, ..., or as a list such as ['red', 'blue'] into a column `options`; if the questions need none, "
        f"`--answer-kind exact` compares the letters, and {WAY_OUT}"
    )
    return Flaw("error", "options that are not read", column, reason)


def no_pictures(columns: tuple[str, ...]) -> str:
    """Say that a benchmark has no pictures, what runs without, and which column may be meant."""
    near = None if set(columns) & set(PICTURES) else likely("image", columns)
    guess = f"; if {near!r} holds the pictures' files, call it `image_path`" if near else ""
    return f"no row has a picture; only --mode blind, oracle, and --descriptions run without{guess}"
