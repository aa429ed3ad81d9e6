"""ANLS: similarity of a short answer to the nearest right one by edit distance (DocVQA, InfoVQA)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from prism_engine.records import AnswerKind, Score
from prism_engine.scoring.open_answers.comparing import score_short
from prism_engine.scoring.scorer import WORD_OR_PHRASE, Scorer, right_answers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prism_engine.records import Sample

THRESHOLD: Final = 0.5
"""A lower similarity scores 0."""


class Anls(Scorer):
    """Scorer of short answers by edit distance."""

    kind = AnswerKind.ANLS
    request = WORD_OR_PHRASE

    def score(self, reply: str, sample: Sample) -> Score:  # noqa: D102 - see `Scorer`
        if sample.answer is None:
            return Score(None)
        if self.version >= 2:
            return Score(*score_short(reply, right_answers(sample.answer), anls))
        return Score(anls(reply, right_answers(sample.answer), compatible=not self.ours), reply.strip() or None)


def anls(reply: str, golds: Sequence[str], *, compatible: bool = False) -> float:
    """Return the similarity to the nearest gold, 1 - edits / length of the longer text; 0 below `THRESHOLD`.

    Case and runs of whitespace do not count.

    Args:
        golds: at least one.
        compatible: divide by the longer text's length before whitespace was trimmed, as VLMEvalKit does.
    """
    best = 1.0 - min(_distance(reply, gold, compatible=compatible) for gold in golds)
    return best if best >= THRESHOLD else 0.0


def _distance(reply: str, gold: str, *, compatible: bool) -> float:
    from rapidfuzz.distance import Levenshtein  # noqa: PLC0415 - other scorers start without it

    answer, right = _plain(reply), _plain(gold)
    # VLMEvalKit measures the upper-cased texts, some of which are longer than the original.
    longest = max(len(reply.upper()), len(gold.upper())) if compatible else max(len(answer), len(right))
    return Levenshtein.distance(answer, right) / longest if longest else 0.0


def _plain(text: str) -> str:
    return " ".join(text.lower().split())
