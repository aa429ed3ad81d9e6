import pytest

from prism_engine.backends.scripted import Scripted
from prism_engine.cache import Store
from prism_engine.config import ScriptedModel
from prism_engine.errors import DeadError, RejectedError
from prism_engine.judging.answer_judge import AnswerJudge
from prism_engine.judging.answered_rows import Answered
from prism_engine.records import AnswerKind, Completion, ModelIdentity, Option, Outcome, Sample, SampleStatus
from prism_engine.scoring import scorer_of
from prism_engine.scoring.scorer import Scored
from prism_engine.stages.cached import CachedModel

IDENTITY = ModelIdentity("judge", (("w", "1"),))
OPTIONS = (Option("A", "cat"), Option("B", "dog"))


def row(index, reply, *, answer="A"):
    sample = Sample(int(index), index, (), f"Which {index}?", options=OPTIONS, answer=answer)
    score = scorer_of(AnswerKind.CIRCULAR, "prism").score(reply, sample)
    scored = Scored(index, SampleStatus.DONE, score.value, score.answer, answer, 2)
    return Answered(sample, reply, scored)


class Bench:
    """A judge that returns one text after another, and records its calls."""

    def __init__(self, store, texts):
        self.calls = []
        self._texts = iter(texts)
        self.model = CachedModel(Scripted(ScriptedModel(), reply=self._reply), store)

    def _reply(self, call):
        self.calls.append(call)
        text = next(self._texts)
        if isinstance(text, Exception):
            raise text
        return Completion(Outcome.OK if text else Outcome.EMPTY, text)

    async def judge_group(self, *group, kind="circular"):
        return await AnswerJudge(scorer_of(AnswerKind(kind), "prism"), self.model, IDENTITY).judge_group(group)


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "calls.sqlite") as opened:
        yield opened


async def test_only_what_rules_left_open_is_asked_about(store):
    bench = Bench(store, ["A"])
    verdicts = await bench.judge_group(row("1", "A"), row("1000001", "hm"))
    assert {index: verdict.score.value for index, verdict in verdicts.items()} == {"1000001": 1.0}
    assert [call.stage for call in bench.calls] == ["judge"]


async def test_a_group_that_is_already_wrong_asks_no_judge(store):
    bench = Bench(store, [])
    assert await bench.judge_group(row("1", "hm"), row("1000001", "B")) == {}


async def test_the_first_wrong_rotation_ends_its_group(store):
    bench = Bench(store, ["B"])
    verdicts = await bench.judge_group(row("1", "hm"), row("1000001", "hm"), row("2000001", "hm"))
    assert list(verdicts) == ["1"]


async def test_an_unreadable_review_is_retried_at_higher_temperature_and_then_unscored(store):
    bench = Bench(store, ["hm", "", "who knows"])
    verdicts = await bench.judge_group(row("1", "hm"), row("1000001", "hm"))
    assert [(call.sampling.temperature, call.sampling.seed) for call in bench.calls] == [
        (0.0, None),
        (0.5, 1),
        (1.0, 2),
    ]
    assert list(verdicts) == ["1"]
    verdict = verdicts["1"]
    assert (verdict.score.value, verdict.review, verdict.asked, verdict.responded) == (None, None, 3, True)
    assert len(verdict.failures) == 3


async def test_a_failed_call_uses_up_an_attempt_and_is_reported(store):
    bench = Bench(store, [RejectedError("too long"), "A"])
    verdict = (await bench.judge_group(row("1", "hm")))["1"]
    assert (verdict.score.value, verdict.asked, verdict.failures) == (1.0, 2, ("too long",))


async def test_a_judge_that_only_fails_did_not_respond(store):
    bench = Bench(store, [RejectedError("no")] * 3)
    verdict = (await bench.judge_group(row("1", "hm")))["1"]
    assert (verdict.responded, verdict.score.value) == (False, None)


async def test_a_dead_judge_gives_no_verdict(store):
    bench = Bench(store, [DeadError("gone")])
    with pytest.raises(DeadError):
        await bench.judge_group(row("1", "hm"))


async def test_reviews_come_from_the_cache_the_second_time(store):
    first = Bench(store, ["hm", "A"])
    await first.judge_group(row("1", "hm"))
    second = Bench(store, [])
    verdict = (await second.judge_group(row("1", "hm")))["1"]
    assert verdict.score.value == 1.0
    assert (second.model.meter.hits, second.model.meter.calls) == (2, 0)
