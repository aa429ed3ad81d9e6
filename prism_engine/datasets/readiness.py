"""Judges, from counts over a benchmark's rows, whether a run of it can be scored at all, before anything is called."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from prism_engine.datasets.answer_letters import position_of, resolved
from prism_engine.datasets.column_guesses import LISTS, PICTURES, likely, misspelt, surely_answers
from prism_engine.datasets.option_columns import look_like_options, meant_options
from prism_engine.datasets.written_options import read_written
from prism_engine.scoring import SCORERS
from prism_engine.scoring.flaws import Flaw

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from prism_engine.records import AnswerKind

_LETTER: Final = re.compile(r"\s*[(\[]?[A-Za-z][)\].:]?\s*")
_ANSWERS: Final = re.compile(
    r"answer|correct|label|target|truth|gold|solution|key|^gt|ans$|reference|response|antwort|respuesta|r.ponse|答案"
)
_TELLING: Final = 2
"""Rows from which one letter in all of them is no sign of answers: it may be the name of a group."""
_OPTIONAL: Final = ("hint", "category", "l2_category", "split", "gold_description")
EXAMPLES: Final = 20
"""Samples that are looked at for a column that holds the answers."""
WAY_OUT: Final = "`--answer-kind open` runs without scores"


def is_one_letter(answer: str) -> bool:
    """Whether an answer looks like the letter of an option."""
    return _LETTER.fullmatch(answer) is not None


class Example(NamedTuple):
    """What a row says."""

    answer: str
    options: Mapping[str, str]
    others: Mapping[str, str]
    """Its cells that are no column of a benchmark."""


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
    unasked: int = 0
    """Rows without a question."""
    examples: tuple[Example, ...] = ()
    """The first samples."""

    @property
    def first(self) -> Mapping[str, str]:
        """Other cells of the first sample."""
        return self.examples[0].others if self.examples else {}


def whole_flaws(shape: Shape, kind: AnswerKind | None) -> Iterator[Flaw]:
    """Yield what is wrong with a benchmark as a whole; after an error, nothing could be scored.

    Args:
        kind: how answers are scored, as the user, the file or the benchmark's name says; None if none of them does.
    """
    scorer = None if kind is None else SCORERS[kind]
    if (
        shape.samples
        and not shape.answered
        and "answer" not in shape.columns
        and (scorer is None or (scorer.needs_answer and scorer.gives_scores))
    ):
        yield from _no_answers(shape)
    if scorer is None or scorer.lettered is not None:
        yield from _of_options(shape, required=scorer is not None and scorer.lettered == "all")
    if shape.unasked:
        yield _no_questions(shape)
    for name in () if scorer is None else scorer.needed_columns:
        if shape.samples and name not in shape.columns:
            reason = f"there is no such column, but {kind} needs it to score; add it, or choose another --answer-kind"
            yield Flaw("warning", "column that the scorer needs", name, reason)
    for wanted in _OPTIONAL:
        if wanted not in shape.columns and (near := misspelt(wanted, shape.columns)) is not None:
            yield Flaw("warning", "misspelt column", near, f"is not used; did you mean {wanted!r}?")
    if shape.samples and not shape.pictured:
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
    elif not shape.with_options and shape.answered and (column := _unnamed(shape)) is not None:
        yield _unnamed_options(shape, column)
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


def _unnamed(shape: Shape) -> str | None:
    """The column that holds options under a misspelt name, or a list of them, the first row's answer included."""
    if meant := meant_options(shape.columns):
        return next(iter(meant))
    for example in shape.examples[:1]:
        for name, cell in example.others.items():
            options = (read_written(cell) if cell.lstrip()[:1] in ("[", "{") else None) or {}
            accepted = _ANSWERS.search(name) and name != likely("options", [name])  # several right answers
            if len(options) > 1 and not accepted and resolved(example.answer, options) in options:
                return name
    return None


def _unnamed_options(shape: Shape, column: str) -> Flaw:
    meant = meant_options(shape.columns).get(column)
    near = misspelt("options", [column]) or misspelt("choices", [column]) or likely("options", [column])
    if meant is None and near is None:
        reason = f"a list that contains the answer{_example(shape, column)}; if these are options, call it `options`"
        return Flaw("warning", "columns that look like options", column, f"holds {reason}: the model gets none")
    reason = f"holds options{_example(shape, column)}, but its name does not say so, so the model would get none"
    fix = f"call it {'`options`' if meant is None else repr(meant)}; {WAY_OUT}"
    return Flaw("error", "options that are not read", column, f"{reason}; {fix}")


def _example(shape: Shape, column: str) -> str:
    cell = shape.first.get(column, "")
    return f" (the first row has {cell[:60]!r})" if cell else ""


def _no_answers(shape: Shape) -> Iterator[Flaw]:
    columns, missing = shape.columns, "there is no column 'answer', so nothing"
    near, found = misspelt("answer", columns), _letters_in(shape.examples)
    named = likely("answer", columns) or found
    if near is None and found is not None and _ANSWERS.search(found):
        near = found
    if near is None and named is not None and surely_answers(named):
        near = named
    if near is not None:
        reason = f"{missing} can be scored; did you mean {near!r}? Rename it, or {WAY_OUT}"
        yield Flaw("error", "misspelt column", near, reason)
    elif named is not None:
        reason = f"{missing} is scored; if {named!r} holds the answers, call it 'answer'"
        yield Flaw("warning", "no answers", named, reason)
    elif shape.with_options:
        yield Flaw("warning", "row without an answer", None, f"{missing} is scored")


def _letters_in(examples: Sequence[Example]) -> str | None:
    """The column whose cells are all letters or texts of their rows' options; None if there is none."""
    for name in dict.fromkeys(name for example in examples for name in example.others):
        cells = [
            (cell, example.options)
            for example in examples
            if (cell := example.others.get(name, "").strip()) and example.options
        ]
        read = [resolved(cell, options) for cell, options in cells]
        letters = all(letter in options for letter, (_, options) in zip(read, cells, strict=True))
        places = _ANSWERS.search(name) and all(position_of(cell, options) is not None for cell, options in cells)
        constant = len(read) >= _TELLING and len(set(read)) == 1
        if read and not constant and (letters or places):
            return name
    return None


def _no_questions(shape: Shape) -> Flaw:
    if shape.unasked == shape.samples:
        return Flaw("error", "no questions", "question", "is empty in every row, so there is nothing to ask")
    rows = "1 row" if shape.unasked == 1 else f"{shape.unasked:,} rows"
    return Flaw("warning", "no questions", "question", f"is empty in {rows}; the model is asked nothing there")


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
    named = list(meant_options(shape.columns)) or look_like_options(shape.columns)
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
    guess = (
        f"; if {near!r} holds the pictures, call it `image`, or `image_path` if it names their files" if near else ""
    )
    return f"no row has a picture; only --mode blind, oracle, and --descriptions run without{guess}"
