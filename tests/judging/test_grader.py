import pytest

from prism_engine.backends.scripted import Scripted
from prism_engine.cache import Store
from prism_engine.config import ScriptedModel
from prism_engine.engine.progress import Progress
from prism_engine.engine.scheduler import Stop
from prism_engine.errors import DeadError, RejectedError
from prism_engine.judging.grader import Grader, grade_all
from prism_engine.judging.rubric import Rubric, RubricRow
from prism_engine.records import Completion, ModelIdentity, Outcome, Sampling
from prism_engine.stages.cached import CachedModel

RUBRIC = Rubric("Is it exact?", ("a", "b", "c", "d", "e"))
DRAWN = Sampling(1024, 1.0, 0.9)


def row(name="1"):
    return RubricRow(name, None, f"Say {name}.", "A cat.", RUBRIC)


class Judge:
    def __init__(self, store, texts):
        self.seeds = []
        self._texts = iter(texts)
        self.model = CachedModel(Scripted(ScriptedModel(concurrency=1), reply=self._reply), store)

    def _reply(self, call):
        self.seeds.append(call.sampling.seed)
        text = next(self._texts)
        if isinstance(text, Exception):
            raise text
        return Completion(Outcome.OK, text)

    def grader(self, samples=1, sampling=DRAWN):
        return Grader(self.model, ModelIdentity("judge", (("w", "1"),)), sampling, samples)


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "calls.sqlite") as opened:
        yield opened


async def test_samples_have_seeds_of_their_own_and_a_mean_a_mode_and_a_spread(store):
    judge = Judge(store, ["x [RESULT] 4", "[RESULT] 2", "[RESULT] 4"])
    graded = await judge.grader(3).grade(row())
    assert judge.seeds == [1, 2, 3]
    assert (graded.grades, graded.mode, graded.spread) == ([4, 2, 4], 4, 2)
    assert graded.mean == pytest.approx(10 / 3)
    assert graded.as_json()["feedback"] == ["x", "", ""]


async def test_an_unreadable_grade_is_drawn_twice_more_and_then_missing(store):
    judge = Judge(store, ["hm", "[RESULT] 7", "well", "[RESULT] 5"])
    graded = await judge.grader(2).grade(row())
    assert judge.seeds == [1, 1001, 2001, 2]
    assert (graded.samples[0], graded.mean, graded.asked) == (None, 5, 4)
    assert len(graded.failures) == 3


async def test_no_sample_no_grade(store):
    graded = await Judge(store, [RejectedError("too long")] * 3).grader().grade(row())
    assert (graded.mean, graded.mode, graded.spread, graded.responded) == (None, None, None, False)
    assert graded.as_json()["score"] is None


async def test_greedy_decoding_is_not_asked_twice_for_the_same(store):
    judge = Judge(store, ["hm"])
    graded = await judge.grader(1, Sampling(1024)).grade(row())
    assert (judge.seeds, graded.mean) == ([None], None)


async def test_more_samples_take_the_earlier_ones_from_the_cache(store):
    await Judge(store, ["[RESULT] 1"]).grader(1).grade(row())
    judge = Judge(store, ["[RESULT] 3"])
    graded = await judge.grader(2).grade(row())
    assert (graded.grades, judge.seeds) == ([1, 3], [2])


async def test_rows_come_back_in_their_order(store):
    judge = Judge(store, ["[RESULT] 1", "[RESULT] 2", "hm", "hm", "hm"])
    progress, stop = Progress(3, {"judge": judge.model.meter}), Stop()
    rows = [row("1"), row("2"), row("3")]
    graded = await grade_all(rows, judge.grader(), width=1, progress=progress, stop=stop)
    assert [(one.row.id, one.mean) for one in graded] == [("1", 1), ("2", 2), ("3", None)]
    assert (progress.done, progress.failed, stop.requested) == (2, 1, False)


@pytest.mark.parametrize("error", [DeadError("gone"), RejectedError("no")])
async def test_a_judge_that_is_dead_or_never_answers_stops_the_grading(store, error):
    judge = Judge(store, [error] * 6)
    stop = Stop()
    await grade_all([row("1"), row("2")], judge.grader(), width=1, progress=Progress(2, {}), stop=stop)
    assert isinstance(stop.reason, DeadError)


async def test_rows_whose_calls_failed_are_graded_again_after_all_others(store):
    judge = Judge(store, [RejectedError("busy")] * 3 + ["[RESULT] 2", "[RESULT] 4"])
    progress, stop = Progress(2, {"judge": judge.model.meter}), Stop()
    graded = await grade_all([row("1"), row("2")], judge.grader(), width=1, progress=progress, stop=stop)
    assert [one.mean for one in graded] == [4, 2]
    assert (progress.done, progress.failed, stop.requested) == (2, 0, False)


async def test_more_failed_rows_than_are_allowed_stop_the_grading(store):
    judge = Judge(store, ["[RESULT] 2", "hm", "hm", "hm", "[RESULT] 4"])
    progress, stop = Progress(3, {"judge": judge.model.meter}), Stop()
    rows = [row("1"), row("2"), row("3")]
    graded = await grade_all(rows, judge.grader(), width=1, progress=progress, stop=stop, max_failures=0)
    assert [one.mean for one in graded] == [2, None]
    assert str(stop.reason) == "1 of 3 rows failed; `--fail-on-error` (fail_on_error) allows 0"
