"""A judge that replays the recorded reviews of a golden table and counts how often it is asked."""

from __future__ import annotations

import re
from collections import Counter

from prism_engine.backends.scripted import Scripted
from prism_engine.config import ScriptedModel
from prism_engine.judging.answer_judge import AnswerJudge
from prism_engine.judging.answered_rows import Answered
from prism_engine.records import Completion, ModelIdentity, Outcome, SampleStatus
from prism_engine.scoring.scorer import Scored
from prism_engine.stages.cached import CachedModel
from tests.scoring.golden_open import replies, reviews, table

IDENTITY = ModelIdentity("judge", (("w", "1"),))
_INDEX = re.compile(r"\[#(\d+)\]")


class Replay:
    """The n-th call about a row gets its n-th reply; None, or a call past the end, fails."""

    def __init__(self, folder, name, store):
        self.asked = Counter()
        self._reviews = reviews(folder, name)
        self.backend = Scripted(ScriptedModel(concurrency=8), reply=self._reply)
        self.model = CachedModel(self.backend, store)

    def _reply(self, call):
        index = _INDEX.findall("".join(part for message in call.messages for part in message.parts))[-1]
        text = dict(enumerate(self._reviews.get(index, []))).get(self.asked[index])
        self.asked[index] += 1
        if text is None:
            return Completion(Outcome.ERROR, detail="the call failed")
        return Completion(Outcome.OK if text.strip() else Outcome.EMPTY, text)

    def judge(self, scorer):
        return AnswerJudge(scorer, self.model, IDENTITY)


def answered(folder, name, scorer):
    """The rows of a golden table that have a prediction, scored by rules, in groups that are judged together."""
    recorded = replies(folder, name)
    groups = {}
    for sample in table(folder, name):
        if sample.index not in recorded:
            continue
        score = scorer.score(recorded[sample.index], sample)
        scored = Scored(
            sample.index,
            SampleStatus.DONE,
            score.value,
            score.answer,
            sample.answer,
            len(sample.options),
            sample.category,
            sample.l2_category,
            sample.split,
            extra=sample.extra,
            reply=recorded[sample.index],
        )
        groups.setdefault(scorer.group_of(scored), []).append(Answered(sample, recorded[sample.index], scored))
    return list(groups.values())
