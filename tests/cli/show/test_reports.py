"""What a report says of samples that nothing scored."""

from __future__ import annotations

from types import SimpleNamespace

from prism_engine.cli.show.reports import _needs_judge
from prism_engine.records import AnswerKind
from prism_engine.scoring import SCORERS


def scores(kind):
    return SimpleNamespace(kind=kind, profile="prism, odd")


def test_a_judge_is_named_for_the_kinds_whose_scorer_takes_one():
    judged = {kind for kind in SCORERS if _needs_judge(scores(kind.value))}
    assert judged >= {AnswerKind.MATHVISTA, AnswerKind.MMVET, AnswerKind.LLAVABENCH}
    assert judged.isdisjoint({AnswerKind.CHOICE, AnswerKind.MMMU, AnswerKind.YES_NO, AnswerKind.VQA, AnswerKind.OPEN})
    assert not _needs_judge(scores(None))
