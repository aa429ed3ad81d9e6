"""Replies labelled with their scores: 842 that the rules were made for and 212 held out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NamedTuple

from prism_engine.records import AnswerKind, Sample
from prism_engine.scoring import scorer_of

_FOLDER = Path(__file__).parents[1]


class Labelled(NamedTuple):
    """One reply and the score that a person gives it."""

    kind: AnswerKind
    reply: str
    gold: str
    score: float
    held_out: bool = False

    def scored(self, profile: str) -> float:
        score = scorer_of(self.kind, profile).score(self.reply, Sample(0, "0", (), "q", answer=self.gold))
        assert score.value is not None
        return score.value

    def is_right(self, profile: str) -> bool:
        return abs(self.scored(profile) - self.score) < 1e-6


def labelled(name: str = "open_answers") -> list[Labelled]:
    lines = (_FOLDER / f"{name}.jsonl").read_text(encoding="utf-8").split("\n")
    rows = [json.loads(line) for line in lines if line]
    return [Labelled(AnswerKind(row.pop("kind")), **row) for row in rows]
