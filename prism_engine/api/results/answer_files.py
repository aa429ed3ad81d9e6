"""The answer files of a run: every draw, the first draw of each question, and the scores."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple, Self

import orjson

from prism_engine.report import (
    export_parquet,
    summarise,
    summarise_draws,
    write_draw_scores,
    write_lines,
    write_scores,
)
from prism_engine.report.scores.predictions import first_draws

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from prism_engine.config import RunConfig
    from prism_engine.engine.journal import Journal
    from prism_engine.report import DrawScores, Scores
    from prism_engine.scoring import Scorer


class Folded(NamedTuple):
    """The scores of a run's answers."""

    scores: Scores
    """Of the first draw of each question."""
    draws: DrawScores | None
    """Of all draws; None if each question is asked once."""


@dataclass(frozen=True)
class Answers:
    """The answer files of a run or of its re-scored or judged results: `every` is written first, the rest by `fold`."""

    folder: Path
    several: bool
    """Whether each question is asked more than once."""
    name: str = ""
    """Suffix of the file names, such as `-v1`."""

    @classmethod
    def of(cls, folder: Path) -> Self:
        """Return the answer files in a folder of a finished run or of its judged results."""
        return cls(folder, cls(folder, several=True).every.is_file())

    @property
    def every(self) -> Path:
        """JSON lines, one per answer; the draws of a question are consecutive."""
        return self.folder / f"draws{self.name}.jsonl" if self.several else self.predictions

    @property
    def predictions(self) -> Path:
        """JSON lines, one per question: its only or first answer."""
        return self.folder / f"predictions{self.name}.jsonl"

    def fold(self, scorer: Scorer, *, failed_as_wrong: bool, parquet: bool = False) -> Folded:
        """Write the files derived from `every`: predictions, scores and, with multiple draws, the draw scores.

        Args:
            failed_as_wrong: see `summarise`.
            parquet: write the lines as Parquet as well.

        Raises:
            UserError: `every` is damaged, or a file cannot be written.
        """
        if self.several:
            rows = first_draws(self.every)
            write_lines(self.predictions, (orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in rows))
        for path in {self.every, self.predictions} if parquet else ():
            export_parquet(path, path.with_suffix(".parquet"))
        scores = summarise(self.predictions, profile=scorer.profile, kind=scorer.kind, failed_as_wrong=failed_as_wrong)
        write_scores(scores, self.folder, f"scores{self.name}")
        if not self.several:
            return Folded(scores, None)
        draws = summarise_draws(self.every, profile=scorer.profile, failed_as_wrong=failed_as_wrong)
        write_draw_scores(draws, self.folder, f"draws{self.name}")
        return Folded(scores, draws)


def once_per_description(journal: Journal, config: RunConfig) -> Iterator[bytes]:
    """Yield the journal's line of the first answer to each description."""
    _, answers = config.draws
    return islice(journal.lines(), None, None, answers)
