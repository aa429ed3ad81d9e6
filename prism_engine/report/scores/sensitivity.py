"""The scorer-sensitivity panel: how far the score depends on the rules, and the rows on which the rules differ."""

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
"""Characters of a reply's end that a row of the panel shows."""


@dataclass(frozen=True, slots=True)
class ScorerDifference:
    """Two scorers over the same rows; `first_total - second_total = more - less`."""

    first: str
    second: str
    first_total: float
    second_total: float
    rows: int
    """On which they read or score differently."""
    more: float
    """What the first one gives beyond the second, over the rows where it gives more."""
    less: float
    """What it gives less, over the rows where it gives less."""


class Sensitivity:
    """Takes rows scored under several names, writes those on which they differ as JSON lines, and keeps the totals."""

    def __init__(self, names: Sequence[str], file: BinaryIO) -> None:
        self.names = tuple(names)
        self.rows = 0
        """Rows compared."""
        self.differing = 0
        """Rows on which not all scorers read and score alike."""
        self.examples: list[dict[str, Any]] = []
        """The first few of them."""
        self._file = file
        self._totals = dict.fromkeys(self.names, 0.0)
        self._pairs = {pair: [0, 0.0, 0.0] for pair in combinations(self.names, 2)}

    def add(self, row: Mapping[str, Any], scores: Mapping[str, Score]) -> None:
        """Take one row of predictions with its score under every name; what could not be judged is worth nothing."""
        self.rows += 1
        worth = {name: scores[name].value or 0.0 for name in self.names}
        for name, value in worth.items():
            self._totals[name] += value
        if len({(scores[name].value, scores[name].answer) for name in self.names}) < 2:
            return
        self.differing += 1
        for (first, second), pair in self._pairs.items():
            pair[0] += scores[first] != scores[second]
            pair[1] += max(worth[first] - worth[second], 0.0)
            pair[2] += max(worth[second] - worth[first], 0.0)
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
        """Write the totals as JSON, in one step.

        Raises:
            UserError: the file cannot be written.
        """
        totals = {"rows": self.rows, "differing": self.differing, "pairs": self.differences()}
        with replacing(path) as draft:
            draft.write_bytes(orjson.dumps(totals, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
