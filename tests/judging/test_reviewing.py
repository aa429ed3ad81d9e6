import json
from collections import Counter

import pytest

from prism_engine.backends.scripted import Scripted
from prism_engine.cache import Store
from prism_engine.config import ScriptedModel
from prism_engine.engine.progress import Progress
from prism_engine.engine.scheduler import Stop
from prism_engine.errors import BudgetError, DeadError, RejectedError
from prism_engine.judging.answer_judge import AnswerJudge
from prism_engine.judging.reviewing import OpenAnswers, Resolved, judge_all, judged_rows
from prism_engine.records import AnswerKind, Completion, ModelIdentity, Outcome
from prism_engine.scoring import scorer_of
from prism_engine.stages.cached import CachedModel

OPTIONS = [{"letter": "A", "text": "cat"}, {"letter": "B", "text": "dog"}]
REPLIES = {
    "1": ("A", "done"),
    "1000001": ("hm", "done"),
    "2": ("hm", "done"),
    "1000002": ("B", "done"),
    "3": ("hm", "done"),
    "1000003": ("hm", "done"),
    "4": (None, "failed"),
}
FIRST = (0, 0, 0)
"""The draw of rows that do not name one."""


@pytest.fixture
def predictions(tmp_path):
    path = tmp_path / "predictions.jsonl"
    rows = [
        {"index": index, "position": position, "question": f"Which {index}?", "options": OPTIONS, "target": "A"}
        | {"reply": reply, "status": status, "score": None, "extracted": "stale", "judge": "an earlier one"}
        for position, (index, (reply, status)) in enumerate(REPLIES.items())
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


class Session:
    def __init__(self, predictions, store, reply):
        self.pending = OpenAnswers.of(predictions, scorer_of(AnswerKind.CIRCULAR, "prism"))
        self.model = CachedModel(Scripted(ScriptedModel(concurrency=4), reply=reply), store)
        self.progress = Progress(len(self.pending.unsettled), {"judge": self.model.meter})
        self.stop = Stop()
        self.predictions = predictions

    async def run(self, **options):
        judge = AnswerJudge(self.pending.scorer, self.model, ModelIdentity("judge", (("w", "1"),)))
        return await judge_all(self.pending, judge, width=3, progress=self.progress, stop=self.stop, **options)

    def rows(self, verdicts):
        counts = Counter()
        rows = list(judged_rows(self.predictions, self.pending, verdicts, "m", counts))
        return {row["index"]: row for row in rows}, counts


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "calls.sqlite") as opened:
        yield opened


def says(text):
    return lambda call: Completion(Outcome.OK, text)


def test_whole_groups_with_an_open_answer_are_kept(predictions):
    pending = OpenAnswers.of(predictions, scorer_of(AnswerKind.CIRCULAR, "prism"))
    assert pending.unsettled == {(FIRST, "1000001"), (FIRST, "3"), (FIRST, "1000003")}
    assert {group: [row.sample.index for row in rows] for group, rows in pending.groups.items()} == {
        (FIRST, "1"): ["1", "1000001"],
        (FIRST, "3"): ["3", "1000003"],
    }
    assert [row.sample.index for row in pending.open_answers()] == ["1000001", "3", "1000003"]


async def test_every_row_says_how_it_was_resolved(predictions, store):
    session = Session(predictions, store, says("B"))
    rows, counts = session.rows(await session.run())
    assert {index: row["judge"]["resolved"] for index, row in rows.items()} == {
        "1": "matched",
        "1000001": "judged",
        "2": "matched",
        "1000002": "matched",
        "3": "judged",
        "1000003": "spared",
        "4": "absent",
    }
    assert counts == {"matched": 3, "judged": 2, "spared": 1, "absent": 1}
    assert (rows["1"]["extracted"], rows["1"]["score"]) == ("A", 1.0)
    assert rows["3"] | {"judge": None} == rows["3"] | {"extracted": "B", "score": 0.0, "judge": None}
    assert rows["3"]["judge"]["review"] == "B"
    assert rows["1000003"]["score"] == 0.0
    assert session.model.meter.calls == 2


async def test_rotations_of_different_draws_are_different_questions(predictions, store):
    lines = [json.loads(line) for line in predictions.read_text().splitlines()]
    # The second draw of each row has the reply of the next row's first draw, so the open answers shift by one row.
    draws = [
        row | {"reply": reply["reply"], "status": reply["status"], "description_draw": None, "answer_draw": draw}
        for row, after in zip(lines, lines[1:] + lines[:1], strict=True)
        for draw, reply in enumerate((row, after))
    ]
    predictions.write_text("".join(json.dumps(row) + "\n" for row in draws))
    session = Session(predictions, store, says("A"))
    second = (0, 1, 0)
    first = {(FIRST, "1000001"), (FIRST, "3"), (FIRST, "1000003")}
    assert session.pending.unsettled == first | {(second, "1"), (second, "1000001")}
    verdicts = await session.run()
    assert verdicts.keys() == session.pending.unsettled
    counts = Counter()
    rows = list(judged_rows(predictions, session.pending, verdicts, "m", counts))
    by_draw = {(row["answer_draw"], row["index"]): row["judge"]["resolved"] for row in rows}
    assert len(by_draw) == len(rows) == 14
    assert (by_draw[0, "1"], by_draw[1, "1"]) == ("matched", "judged")
    assert counts == {"judged": 5, "matched": 7, "absent": 2}


async def test_an_answer_without_a_readable_review_is_unscored(predictions, store):
    session = Session(predictions, store, says("who knows"))
    rows, counts = session.rows(await session.run())
    assert not session.stop.requested
    assert counts[Resolved.UNSCORED] == 2
    assert (rows["3"]["score"], rows["3"]["extracted"], rows["3"]["judge"]["asked"]) == (None, None, 3)
    assert session.progress.failed == 2


async def test_a_judge_that_answers_nothing_at_all_is_dead(predictions, store):
    def fail(_call):
        raise RejectedError("no such prompt")

    session = Session(predictions, store, fail)
    await session.run()
    assert isinstance(session.stop.reason, DeadError)
    assert "no such prompt" in str(session.stop.reason)


@pytest.mark.parametrize("error", [DeadError("gone"), BudgetError("used up")])
async def test_an_error_that_affects_all_stops_the_session(predictions, store, error):
    def fail(_call):
        raise error

    session = Session(predictions, store, fail)
    await session.run()
    assert session.stop.reason is error
    assert session.model.meter.calls == 0


async def test_a_stop_is_a_drain(predictions, store):
    session = Session(predictions, store, says("B"))
    session.stop.listen(session.model.drain)
    session.stop.request()
    assert await session.run() == {}
    assert session.model.meter.calls == 0


async def test_without_open_answers_no_judge_is_asked(predictions, store):
    predictions.write_text(predictions.read_text().split("\n", 1)[0] + "\n")
    session = Session(predictions, store, says("B"))
    _, counts = session.rows(await session.run())
    assert counts == {"matched": 1}
    assert session.model.meter.calls == 0
    assert not session.stop.requested


async def test_answers_whose_calls_failed_are_judged_again_after_all_others(predictions, store):
    refused = set()

    def reply(call):
        text = call.messages[0].parts[-1]
        if "Which 3?" in text and len(refused) < 3:  # as often as it is asked in one round
            refused.add(call.sampling.seed)
            raise RejectedError("busy")
        return Completion(Outcome.OK, "A")

    session = Session(predictions, store, reply)
    verdicts = await session.run()
    assert len(refused) == 3
    assert all(verdict.responded for verdict in verdicts.values())
    assert (session.progress.failed, session.progress.done) == (0, len(verdicts))
    assert not session.stop.requested


async def test_more_unjudged_answers_than_are_allowed_stop_the_judging(predictions, store):
    session = Session(predictions, store, says("hm"))
    await session.run(max_failures=0)
    assert "answers failed; `--fail-on-error` (fail_on_error) allows 0" in str(session.stop.reason)
