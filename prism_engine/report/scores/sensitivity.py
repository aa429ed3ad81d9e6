"""The scorer-sensitivity panel: how much scores depend on the scorer, and on which rows."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any, Final

import orjson

from prism_engine.report.atomic import replacing
from prism_engine.report.scores.predictions import DRAW_FIELDS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from typing import BinaryIO

    from prism_engine.records import Score

_TAIL: Final = 300
"""Characters of the reply's end shown in a row of the panel."""


@dataclass(frozen=True, slots=True)
class ScorerDifference:
    """Two scorers on the same rows; `first_total - second_total = more - less`."""

    first: str
    second: str
    first_total: float
    second_total: float
    rows: int
    """Rows that they read or score differently."""
    more: float
    """Sum of the first scorer's excess over the second, over rows where it scores higher."""
    less: float
    """Sum of the second scorer's excess over the first, over rows where the first scores lower."""


class Sensitivity:
    """Collects rows scored by multiple scorers; writes rows on which they differ as JSON lines and keeps totals."""

    def __init__(self, names: Sequence[str], file: BinaryIO) -> None:
        self.names = tuple(names)
        self.rows = 0
        """Rows compared."""
        self.differing = 0
        """Rows that not all scorers read and score the same."""
        self.examples: list[dict[str, Any]] = []
        """The first 10 differing rows."""
        self._file = file
        self._totals = dict.fromkeys(self.names, 0.0)
        self._pairs = {pair: [0, 0.0, 0.0] for pair in combinations(self.names, 2)}

    def add(self, row: Mapping[str, Any], scores: Mapping[str, Score]) -> None:
        """Add a row of predictions with each scorer's score; a missing score counts as 0."""
        self.rows += 1
        values = {name: scores[name].value or 0.0 for name in self.names}
        for name, value in values.items():
            self._totals[name] += value
        if len({(scores[name].value, scores[name].answer) for name in self.names}) < 2:
            return
        self.differing += 1
        for (first, second), pair in self._pairs.items():
            pair[0] += scores[first] != scores[second]
            pair[1] += max(values[first] - values[second], 0.0)
            pair[2] += max(values[second] - values[first], 0.0)
        line = {
            "index": row["index"],
            **{name: row[name] for name in DRAW_FIELDS if name in row},
            "target": row["target"],
            "read": {name: scores[name].answer for name in self.names},
            "score": {name: scores[name].value for name in self.names},
            "reply_end": row["reply"][-_TAIL:],
        }
        self._file.write(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE))
        if len(self.examples) < 10:
            self.examples.append(line)

    def differences(self) -> tuple[ScorerDifference, ...]:
        """Return the totals of every pair of scorers."""
        return tuple(
            ScorerDifference(first, second, self._totals[first], self._totals[second], int(rows), more, less)
            for (first, second), (rows, more, less) in self._pairs.items()
        )

    def write(self, path: Path) -> None:
        """Write the totals as JSON, atomically.

        Raises:
            UserError: the file cannot be written.
        """
        totals = {"rows": self.rows, "differing": self.differing, "pairs": self.differences()}
        with replacing(path) as draft:
            draft.write_bytes(orjson.dumps(totals, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
