"""Replies labelled with their scores, in three files; those marked `held_out` were never tuned on.

`open_answers.jsonl` was written by the authors of the rules and `short_answers.jsonl` comes from a report; both have
one score per line. `fresh_answers.jsonl` was written in rounds, each measured before its first fix (see
`docs/scoring.md`); a line lists right answers for which the reply scores 1, and wrong ones for which it scores 0.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from prism_engine.records import AnswerKind, Sample
from prism_engine.scoring import scorer_of

if TYPE_CHECKING:
    from collections.abc import Iterator

_FOLDER = Path(__file__).parents[1]


class Labelled(NamedTuple):
    """One reply and the score that a person gives it."""

    kind: AnswerKind
    reply: str
    gold: str
    score: float
    held_out: bool = False
    unread: bool = False
    """Right, but scores 0 because the rules do not read it: most of these need the question."""

    def scored(self, profile: str) -> float:
        score = scorer_of(self.kind, profile).score(self.reply, Sample(0, "0", (), "q", answer=self.gold))
        assert score.value is not None
        return score.value

    def is_right(self, profile: str) -> bool:
        return abs(self.scored(profile) - self.score) < 1e-6


def labelled(name: str = "open_answers") -> list[Labelled]:
    lines = (_FOLDER / f"{name}.jsonl").read_text(encoding="utf-8").split("\n")
    rows = [json.loads(line) for line in lines if line]
    return [
        Labelled(AnswerKind(scored.pop("kind")), **scored) for row in rows for scored in map(dict, _one_per_answer(row))
    ]


def _one_per_answer(row: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if "right" not in row:
        yield row
        return
    golds = [(gold, 1.0) for gold in row.pop("right")] + [(gold, 0.0) for gold in row.pop("wrong")]
    for gold, score in golds:
        yield row | {"gold": gold, "score": score, "unread": row.get("unread", False) and score > 0}
