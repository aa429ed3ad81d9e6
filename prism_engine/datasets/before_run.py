"""What to say about a benchmark before a run's first call: errors that would make it pointless, and notes."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

from prism_engine.datasets.answer_letters import letters_of
from prism_engine.datasets.readiness import WAY_OUT, no_pictures, whole_flaws
from prism_engine.datasets.row_checks import not_read, unscorable
from prism_engine.errors import DatasetError
from prism_engine.scoring import SCORERS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prism_engine.datasets.benchmark import Benchmark
    from prism_engine.records import AnswerKind

_SEARCHED: Final = 100_000
"""Maximum number of rows without a readable answer that are searched for several right options."""


def require_pictures(benchmark: Benchmark) -> None:
    """Check that a benchmark has pictures to describe.

    Raises:
        DatasetError: no row has one; says what runs without.
    """
    if not benchmark.facts.pictures:
        raise DatasetError(no_pictures(benchmark.facts.columns), path=benchmark.path)


def require_scorable(benchmark: Benchmark, count: int, given: AnswerKind | None) -> None:
    """Check that answers to the first `count` samples can be scored, unless nothing is meant to be.

    Args:
        given: the answer kind that the user chose; None for the benchmark's own.

    Raises:
        DatasetError: a misspelt column, options that cannot be read, or answers that are none of the options; names the
            column or the row.
    """
    kind = given or benchmark.stated_kind
    for flaw in whole_flaws(benchmark.shape(count), kind):
        if flaw.level == "error":
            first = next(_unscorable(benchmark, count), None) if flaw.column == "answer" else None
            reason = flaw.reason if first is None else f"{flaw.reason}. {first}"
            raise DatasetError(reason, path=benchmark.path, column=flaw.column)
    if kind is not None and SCORERS[kind].lettered is None:
        return
    for row, index, column, letters in islice(benchmark.left_out(count), 1):
        raise DatasetError(not_read(letters), path=benchmark.path, row=row, index=index, column=column)
    several = [
        (row, index, answer)
        for row, index, answer, options in islice(benchmark.unscorable(count), _SEARCHED)
        if letters_of(answer, options)
    ]
    if several:
        row, index, answer = several[0]
        more = f" (and {len(several) - 1:,} more such rows)" if len(several) > 1 else ""
        raise DatasetError(
            f"is {answer[:40]!r}{more}: several right options, but prism scores one letter; leave one letter, leave "
            f"the row out, or {WAY_OUT}",
            path=benchmark.path, row=row, index=index, column="answer",
        )  # fmt: skip


def run_notes(benchmark: Benchmark, count: int, given: AnswerKind | None) -> Iterator[str]:
    """Yield what a user should know about a benchmark before a run of its first `count` samples.

    Args:
        given: as in `require_scorable`.
    """
    if dropped := benchmark.dropped:
        rows = "1 row has" if dropped == 1 else f"{dropped:,} rows have"
        total = len(benchmark) + dropped
        yield f"{benchmark.name}: {rows} no picture and {'is' if dropped == 1 else 'are'} left out, of {total:,}"
    kind = given or benchmark.stated_kind
    shape = benchmark.shape(count)
    found = list(whole_flaws(shape, kind))
    if any(flaw.level == "error" for flaw in found):
        return  # `require_scorable` raises it
    for flaw in found:
        if flaw.level == "warning" and flaw.what != "no pictures":
            yield f"{benchmark.name}: " + (f"column {flaw.column!r}: " if flaw.column else "") + flaw.reason
    if kind is None and not SCORERS[benchmark.kind].gives_scores and shape.answered:
        yield (
            f"{benchmark.name}: nothing says how its answers are scored, so they are not; choose a way, such as "
            "`--answer-kind exact`, to score them"
        )
    if leaked := benchmark.leaked(count):
        rows = "1 row has an option" if leaked == 1 else f"{leaked:,} rows have options"
        yield (
            f"{benchmark.name}: {rows} such as 'nan', which other programs write for an empty cell; the model is shown "
            "them: empty the cells, or use a mapping with `empty: [nan]`"
        )
    lost = shape.choosable - shape.scorable
    if lost and (kind is None or SCORERS[kind].lettered is not None):
        yield (
            f"{benchmark.name}: {lost:,} of {shape.choosable:,} answers are none of their row's options, so these rows "
            f"are not scored. {next(_unscorable(benchmark, count))}; `prism datasets check` lists them"
        )


def _unscorable(benchmark: Benchmark, count: int) -> Iterator[str]:
    for row, index, answer, options in benchmark.unscorable(count):
        yield f"Row {row} (index {index}): {unscorable(answer, options)}"
