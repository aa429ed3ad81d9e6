"""What each answer kind declares, and that no other module knows one kind from another."""

from __future__ import annotations

import re
from pathlib import Path

import orjson
import pytest

from prism_engine.records import AnswerKind, Option, Sample
from prism_engine.scoring import SCORERS, Scorer, scorer_of
from prism_engine.scoring.judged import JudgedScorer
from tests.answer_kinds import facts_of, has_judge

ROOT = Path(__file__).parents[1]
GOLDEN = orjson.loads((ROOT / "tests" / "golden" / "answer_kinds.json").read_bytes())
JUDGED = [kind for kind in AnswerKind if has_judge(kind)]


@pytest.mark.parametrize("kind", [AnswerKind(name) for name in GOLDEN])
def test_each_kind_asks_checks_and_judges_word_for_word_as_recorded(kind):
    facts = orjson.loads(orjson.dumps(facts_of(kind)))
    for name, recorded in GOLDEN[kind.value].items():
        assert facts[name] == recorded, name


@pytest.mark.parametrize("kind", list(AnswerKind))
def test_each_kind_declares_its_facts_in_a_file_of_its_own(kind):
    scorer = SCORERS[kind]
    assert scorer.kind is kind
    assert scorer.__module__.startswith("prism_engine.scoring.kinds.")
    assert scorer.request is None or scorer.request.endswith(".")
    assert scorer.lettered in ("all", "some", None)
    assert all(name == name.lower() != "question" for name in scorer.needed_columns)
    assert scorer.ways is None or scorer.ways > 1
    assert (scorer.judge_attempts > 0, scorer.judge_tokens > 0) == (True, True)
    assert not (scorer.needs_answer and not scorer.gives_scores)


@pytest.mark.parametrize("kind", JUDGED)
def test_a_judges_prompt_holds_the_question_and_the_reply_whatever_they_hold(kind):
    options, extra = (Option("A", "cat"), Option("B", "{dog}")), {"gpt4_ans": "{x}", "caption": "%s"}
    sample = Sample(0, "0", (), "What {is} it?", options=options, answer="A", extra=extra)
    messages = scorer_of(kind, "prism").judge_messages(sample, "I'd say {0} or %d")
    assert all(not message.images for message in messages)
    prompt = "\n".join(str(part) for message in messages for part in message.parts)
    assert "What {is} it?" in prompt
    assert "I'd say {0} or %d" in prompt


@pytest.mark.parametrize("kind", sorted(set(AnswerKind) - set(JUDGED)))
def test_a_kind_that_leaves_nothing_to_a_judge_has_no_prompt_for_one(kind):
    assert SCORERS[kind].judge_messages is Scorer.judge_messages
    with pytest.raises(NotImplementedError, match=kind.value):
        scorer_of(kind, "prism").judge_messages(Sample(0, "0", (), "q"), "a")


def test_a_kind_that_only_a_judge_can_score_must_have_a_prompt():
    class Silent(JudgedScorer):
        def score(self, reply, sample): ...

    with pytest.raises(TypeError, match="judge_messages"):
        Silent("prism")  # type: ignore[abstract]


def test_only_the_scorers_know_one_kind_from_another():
    files = [
        path for path in (ROOT / "prism_engine").rglob("*.py") if path.parts[-2:] != ("prism_engine", "records.py")
    ]
    named = [path for path in files if re.search(r"AnswerKind\.[A-Z_]+\b", path.read_text(encoding="utf-8"))]
    inside = ROOT / "prism_engine" / "scoring"
    assert named
    assert [path for path in named if inside not in path.parents] == []
