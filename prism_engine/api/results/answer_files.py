"""The answer files of a run: every rotation, every draw, the first draw of each question, and the scores."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import orjson

from prism_engine.records import Usage
from prism_engine.report import (
    export_parquet,
    summarise,
    summarise_bias,
    summarise_draws,
    write_bias,
    write_draw_scores,
    write_lines,
    write_scores,
)
from prism_engine.report.scores.predictions import first_draws, rows_of, steps_of, unrotated
from prism_engine.stage import ANSWERS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from prism_engine.config import RunConfig
    from prism_engine.report import DrawScores, PositionBias, Scores
    from prism_engine.scoring import Scorer


class Folded(NamedTuple):
    """The scores of a run's answers."""

    scores: Scores
    """Of the first draw of each question, its options as they are."""
    draws: DrawScores | None
    """Of all draws; None if each question is asked once."""
    bias: PositionBias | None = None
    """Over all rotations; None if no options are rotated."""


class AnswerUsage(NamedTuple):
    """What the answers of a run used, whichever run made the calls."""

    tokens: float | None
    """Mean output tokens of an answer, as its price counts them; None if no reply reports any."""
    cost: float | None
    """US dollars of all answers; None if one is unknown."""


@dataclass(frozen=True)
class Answers:
    """The answer files of a run or of its re-scored or judged results: `every` is written first, the rest by `fold`."""

    folder: Path
    several: bool
    """Whether each question is drawn more than once."""
    name: str = ""
    """Suffix of the file names, such as `-v1`."""
    rotated: bool = False
    """Whether options are rotated."""

    @classmethod
    def of(cls, folder: Path) -> Self:
        """Return the answer files in a folder of a finished run or of its judged results."""
        files = cls(folder, several=True)
        return cls(folder, files.draws.is_file(), rotated=files.rotations.is_file())

    @classmethod
    def planned(cls, folder: Path, config: RunConfig) -> Self:
        """Return the answer files that a run writes."""
        return cls(folder, several=prod(config.draws) > 1, rotated=config.rotations != 1)

    @property
    def every(self) -> Path:
        """JSON lines, one per answer; the rotations and draws of a question are consecutive."""
        return self.rotations if self.rotated else self.draws if self.several else self.predictions

    @property
    def rotations(self) -> Path:
        """JSON lines, one per answer, if options are rotated."""
        return self.folder / f"rotations{self.name}.jsonl"

    @property
    def draws(self) -> Path:
        """JSON lines, one per answer to options as they are, if questions are drawn more than once."""
        return self.folder / f"draws{self.name}.jsonl"

    @property
    def predictions(self) -> Path:
        """JSON lines, one per question: its only or first answer."""
        return self.folder / f"predictions{self.name}.jsonl"

    def lines(self) -> Iterator[bytes]:
        """Yield the lines of `every`.

        Raises:
            OSError: it cannot be read.
        """
        with self.every.open("rb") as file:
            yield from file

    def fold(self, scorer: Scorer, *, failed_as_wrong: bool, parquet: bool = False) -> Folded:
        """Write the files derived from `every`: predictions, scores, and those of multiple draws and of rotations.

        Args:
            failed_as_wrong: see `summarise`.
            parquet: write the lines as Parquet as well.

        Raises:
            UserError: `every` is damaged, or a file cannot be written.
        """
        if self.rotated and self.several:
            _write_rows(self.draws, unrotated(self.every))
        if self.rotated or self.several:
            _write_rows(self.predictions, first_draws(self.every))
        for path in self._files if parquet else ():
            export_parquet(path, path.with_suffix(".parquet"))
        scores = summarise(self.predictions, profile=scorer.profile, kind=scorer.kind, failed_as_wrong=failed_as_wrong)
        write_scores(scores, self.folder, f"scores{self.name}")
        draws = bias = None
        if self.several:
            draws = summarise_draws(self.draws, profile=scorer.profile, failed_as_wrong=failed_as_wrong)
            write_draw_scores(draws, self.folder, f"draws{self.name}")
        if self.rotated:
            bias = summarise_bias(self.rotations, profile=scorer.profile, failed_as_wrong=failed_as_wrong)
            write_bias(bias, self.folder, f"rotations{self.name}")
        return Folded(scores, draws, bias)

    def usage(self) -> AnswerUsage:
        """Return what the answers used, read from `every`.

        Raises:
            UserError: `every` is damaged.
        """
        tokens: list[int] = []
        costs: list[float | None] = []
        for row in rows_of(self.every):
            for step in steps_of(row):
                if step["stage"] in ANSWERS:
                    costs.append(step["cost"])
                    usage = Usage(**(step["usage"] or {}))
                    if usage.completion_tokens is not None:
                        tokens.append(usage.output_tokens)
        known = [cost for cost in costs if cost is not None]
        return AnswerUsage(
            sum(tokens) / len(tokens) if tokens else None, sum(known) if len(known) == len(costs) else None
        )

    @property
    def _files(self) -> tuple[Path, ...]:
        rotations, draws = (self.rotations,) * self.rotated, (self.draws,) * self.several
        return (*rotations, *draws, self.predictions)


def _write_rows(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    write_lines(path, (orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in rows))


def once_per_description(lines: Iterable[bytes], config: RunConfig) -> Iterator[bytes]:
    """Yield the line of the first answer to each description, of the lines of all samples in order."""
    _, answers = config.draws
    lines = islice(lines, None, None, answers)
    return lines if config.rotations == 1 else (line for line in lines if orjson.loads(line)["rotation"] == 0)
