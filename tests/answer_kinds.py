"""What the package does with each answer kind, apart from scoring replies, for fixed samples and rows.

`tests/golden/answer_kinds.json` was written by the code that still matched on `AnswerKind` in nine files.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from prism_engine.datasets.lettered import with_options
from prism_engine.datasets.row_checks import flaws
from prism_engine.datasets.rows import Row
from prism_engine.judging.answer_judge import AnswerJudge
from prism_engine.prompts import question_text
from prism_engine.records import ModelIdentity, Option, Sample
from prism_engine.scoring import PROFILE_NAMES, Scorer, scorer_of

if TYPE_CHECKING:
    from prism_engine.records import AnswerKind, Score

OPTIONS = (Option("A", "red"), Option("B", "a {blue} | dog"), Option("C", "None"))
EXTRA = {
    "caption": "A {square} and a dog.", "gpt4_ans": "It is %s.", "question_type": "free_form", "answer_type": "integer",
}  # fmt: skip
SAMPLES = {
    "options": Sample(0, "7", (), "Which {colour}\nis it?", "Look | up.", OPTIONS, "B", extra=EXTRA),
    "open": Sample(1, "1000007", (), "Hint: Count.\nQuestion: How many?", answer="3<AND>x <OR> y", extra=EXTRA),
    "yes_no": Sample(2, "x", (), "Is it red?", answer="Yes", category="OCR"),
    "chinese": Sample(3, "3", (), "这是什么?", options=OPTIONS[:2], answer="A"),
}
REPLY = "I would say\n{0} | %d"
REVIEWS = ("B", "Z", "hm", "", "Yes", "unknown.", "0.5", "8 7\nfine", "3", "[1, 2]", "red", "A. red")
ROWS = (
    {"question": "Which? See <image 2>."},
    {"question": "Which?", "answer": "B", "A": "red", "B": "blue"},
    {"question": "Which?\nOptions: A: red, B: blue", "answer": "B"},
    {"question": "Which?\nOptions: A: red, B: blue", "answer": "['B']", "category": "OCR", "index": "a_b_c_1_2_3"},
    {"question": "See <image 3>.", "answer": "no", "category": "c", "gpt4_ans": "x", "caption": "y", "index": "7"},
    {"question": "How many?", "answer": "3", "question_type": "multi_choice", "answer_type": "integer", "A": ""},
    {"question": "How many?", "answer": "B", "question_type": "free_form", "answer_type": "text", "g_index": "4"},
)


def facts_of(kind: AnswerKind) -> dict[str, Any]:
    """Return what the package does with one answer kind, as JSON values."""
    scorer = scorer_of(kind, "prism")
    return {
        "headline": scorer.headline,
        "ways": scorer.ways,
        "asked": {name: question_text(replace(sample, kind=kind)) for name, sample in SAMPLES.items()},
        "rows": [_checked(kind, row) for row in ROWS],
        "judged": {name: _judged(kind, sample) for name, sample in SAMPLES.items()} if has_judge(kind) else None,
    }


def has_judge(kind: AnswerKind) -> bool:
    """Whether a judge could still change the result of some reply of this kind."""
    return type(scorer_of(kind, "prism")).unsettled is not Scorer.unsettled


def _checked(kind: AnswerKind, cells: dict[str, str]) -> dict[str, Any]:
    row = with_options(Row(1, {"index": "i", **cells}), kind)
    return {"cells": row.cells, "flaws": [list(flaw) for flaw in flaws(row, 2, kind)]}


def _judged(kind: AnswerKind, sample: Sample) -> dict[str, Any]:
    """Return the judge's prompt, its sampling per attempt, and how reviews are read under each profile."""
    found: dict[str, Any] = {"reviews": {}}
    unused: Any = None  # nothing is sent
    for profile in PROFILE_NAMES:
        scorer = scorer_of(kind, profile)
        judge = AnswerJudge(scorer, unused, ModelIdentity("judge", (("w", "1"),)))
        calls = [judge.call(sample, REPLY, attempt) for attempt in range(scorer.judge_attempts)]
        assert all(call.messages == calls[0].messages for call in calls)
        prompt = {
            "messages": [f"{one.role}: {''.join(map(str, one.parts))}" for one in calls[0].messages],
            "sampling": [[c.sampling.max_tokens, c.sampling.temperature, c.sampling.seed] for c in calls],
        }
        assert found.get("prompt", prompt) == prompt  # the same under every profile
        found["prompt"] = prompt
        scores = [*(scorer.read_review(review, sample) for review in REVIEWS), scorer.unread(sample)]
        read = [_pair(score) for score in scores]
        if profile == PROFILE_NAMES[0] or read != found["reviews"][PROFILE_NAMES[0]]:
            found["reviews"][profile] = read
    return found


def _pair(score: Score | None) -> list[float | str | None] | None:
    return None if score is None else [score.value, score.answer]
