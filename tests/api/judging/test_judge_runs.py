"""Judging finished runs with a judge behind a real HTTP server: calls made, files written, reasons to stop."""

from __future__ import annotations

import hashlib
import sqlite3
from collections import Counter
from decimal import Decimal
from itertools import product

import orjson
import pytest

from prism_engine import api
from prism_engine.api.judging import judge_runs as judging
from prism_engine.api.judging.judge_models import resolve_judge
from prism_engine.api.judging.judged_files import open_case
from prism_engine.api.results.run_status import RunStatus
from prism_engine.chaos.behaviour import Behaviour, Fault
from prism_engine.chaos.bill import Prices
from prism_engine.config import ApiModel, Limits, ScriptedModel, load_registry
from prism_engine.config.judging import JudgeConfig
from prism_engine.errors import ConfigError, DeadError
from tests.api.judged import calls, judge, open_rows, rows, says
from tests.conftest import SERVED_NAME
from tests.provider import paid_model, provider


def test_only_open_answers_are_asked_about_and_each_once(finished):
    own = (finished.folder / "predictions.jsonl").read_bytes()
    still_open = open_rows(finished)
    assert 5 < len(still_open) < 24
    with provider(says("A")) as server:
        report = judge(finished, server)
        assert (
            server.stats.completed == len({row["question"] + str(row["options"]) for row in still_open}) + 1
        )  # a ping
        again = judge(finished, server)
        assert server.stats.completed == len({row["question"] + str(row["options"]) for row in still_open}) + 1
    assert report.status is again.status is RunStatus.COMPLETE
    assert report.resolved == {"matched": 24 - len(still_open), "judged": len(still_open)}
    assert report.folder == finished.folder / "judged-judge"
    assert report.scores.overall.unanswered == 0
    assert all(row["extracted"] == "A" for row in rows(report.folder) if row["judge"]["resolved"] == "judged")
    assert (finished.folder / "predictions.jsonl").read_bytes() == own
    manifest = orjson.loads((report.folder / "manifest.json").read_bytes())
    assert manifest["judge"]["resolved"]["judged"] == len(still_open)
    assert manifest["judge"]["model"] == "chaos"
    assert (report.folder / "predictions.parquet").is_file()


def test_a_judged_run_needs_neither_judge_nor_key_again(finished):
    with provider(says("A")) as server:
        first = judge(finished, server)
        spec = ApiModel.model_validate(paid_model(server, price=None))
    again = judge(finished, models={"judge": spec.model_copy(update={"api_key_env": "NO_SUCH_KEY"})})
    assert again.scores == first.scores
    assert again.progress.meters["judge"].calls == 0


def test_judged_results_are_scored_again_with_their_reviews_and_without_a_judge(finished):
    with provider(says("A")) as server:
        report = judge(finished, server)
    again = api.rescore(report.folder / "predictions.jsonl", ["prism"])
    assert again.scores["prism-2"].overall == report.scores.overall


def test_a_plan_calls_nothing(finished):
    with provider(says("A")) as server:
        models = {"judge": ApiModel.model_validate(paid_model(server, price=None))}
        config = JudgeConfig(judge="judge", models=models, cache_dir=finished.config.cache_dir)
        (before,) = api.plan_judging([finished.folder], config, load_registry())
        assert (before.open, before.cached, server.stats.received) == (len(open_rows(finished)), 0, 0)
        judge(finished, server)
        (after,) = api.plan_judging([finished.folder], config, load_registry())
        assert after.cached == after.open == before.open
        assert (before.expense.prompt_tokens.low > 0, after.expense.prompt_tokens.high) == (True, 0)


def test_a_review_missing_from_the_cache_is_not_a_silent_gap(finished):
    with provider(says("who knows")) as server:
        spec = ApiModel.model_validate(paid_model(server, price=None))
        judge(finished, models={"judge": spec})
    with sqlite3.connect(finished.config.cache_dir / "calls.sqlite") as calls_:
        text = calls_.execute("SELECT sql FROM sqlite_master").fetchall()
        assert text
        calls_.execute("DELETE FROM completions WHERE id = (SELECT max(id) FROM completions)")
    report = judge(finished, models={"judge": spec.model_copy(update={"api_key_env": "NO_SUCH_KEY"})})
    assert report.status is RunStatus.DIED
    assert report.scores is None


def test_a_judge_that_is_not_there_is_an_error_and_nothing_is_written(finished):
    with provider() as server:
        spec = ApiModel.model_validate(paid_model(server, price=None, attempts=1))
    with pytest.raises(DeadError, match="the judge 'judge' does not answer"):
        judge(finished, models={"judge": spec})
    assert not (finished.folder / "judged-judge").exists()


def test_a_judge_that_dies_midway_stops_it_and_the_same_command_resumes(finished, key):
    with provider(Behaviour(reply=lambda body: "A", key="k", revoke_after=4)) as server:
        models = {"judge": ApiModel.model_validate(paid_model(server, price=None, api_key_env="OPENAI_API_KEY"))}
        report = judge(finished, models=models, concurrency=1)
        assert (report.status, report.scores) == (RunStatus.DIED, None)
        assert isinstance(report.trouble, DeadError)
        done = server.stats.completed
    assert [path.name for path in report.folder.iterdir()] == ["status.json"]
    judging_state = api.find_run_state(finished.config.results_dir, "judged-judge")
    assert (judging_state.command, judging_state.state) == ("judge", "died")
    assert judging_state.progress["stages"]["judge"]["calls"] == done - 1
    assert api.find_run_state(finished.config.results_dir, finished.folder.name).folder == finished.folder
    with pytest.raises(ConfigError, match="`prism judge`, not a run"):
        judging_state.run_config()
    with provider(says("A")) as server:
        spec = ApiModel.model_validate(paid_model(server, price=None))
        report = judge(finished, models={"judge": spec}, concurrency=1)
        kept = done - 1
        assert report.status is RunStatus.COMPLETE
        assert report.progress.meters["judge"].hits >= kept > 0
    assert api.find_run_state(finished.config.results_dir, "judged-judge").state == "complete"


def test_calls_that_fail_and_reviews_that_say_nothing_leave_answers_unscored(finished):
    with provider(says("who knows")) as server:
        report = judge(finished, server)
    still_open = len(open_rows(finished))
    assert report.status is RunStatus.INCOMPLETE
    assert report.resolved["unscored"] == still_open
    assert report.scores.overall.unscored == still_open
    assert all(row["score"] is None for row in rows(report.folder) if row["judge"]["resolved"] == "unscored")


def test_a_judge_that_refuses_every_prompt_is_dead(finished):
    faults = (None, *[Fault.BAD_REQUEST] * 200)
    with provider(Behaviour(reply=lambda body: "A", faults=faults)) as server:
        report = judge(finished, server)
    assert report.status is RunStatus.DIED
    assert "answered nothing at all" in str(report.trouble)


def test_reviews_are_paid_under_the_cap_of_the_results_folder(finished):
    with provider(says("A")) as server:
        models = {"judge": ApiModel.model_validate(paid_model(server, price=("100", "100")))}
        report = judge(finished, models=models, max_cost=Decimal("0.30"))
        assert report.status is RunStatus.BUDGET
        assert report.progress.spending.experiment <= 300_000_000
        report = judge(finished, models=models, max_cost=Decimal(100))
        assert report.status is RunStatus.COMPLETE
        assert report.progress.spending.by_stage["judge"].at_least > 0


def test_another_profile_reads_answers_and_reviews_again(finished):
    with provider(says("A")) as server:
        report = judge(finished, server, profile="v1")
    assert report.folder.name == "judged-judge-v1"
    assert report.scores.profile == "v1"


def as_the_only_draw(row):
    steps = [step | {"round": 0} if step["stage"] != "judge" else step for step in row["steps"]]
    return {name: value for name, value in row.items() if not name.endswith("_draw")} | {"steps": steps}


def test_each_draw_is_judged_as_the_run_that_asks_only_that_once(drawn):
    picks = Behaviour(reply=lambda body: "ABCD"[hashlib.sha256(str(body["messages"]).encode()).digest()[0] % 4])
    with provider(picks) as server:
        judged = judge(drawn(), server)
        every = rows(judged.folder, "draws.jsonl")
        alone = {seeds: judge(drawn(1, 1, seeds=seeds), server) for seeds in product(range(2), range(3))}
    assert {calls(report) for report in alone.values()} == {0}
    assert len({report.scores for report in alone.values()}) > 1  # the draws differ
    scores = []
    for seeds, report in alone.items():
        own = [as_the_only_draw(row) for row in every if (row["description_draw"], row["answer_draw"]) == seeds]
        assert own == rows(report.folder)
        scores.append([row["score"] for row in own])
    assert rows(judged.folder) == rows(alone[0, 0].folder)
    assert judged.scores == alone[0, 0].scores
    assert judged.resolved == sum((report.resolved for report in alone.values()), Counter())
    assert judged.draws.mean.value == pytest.approx(sum(map(sum, scores)) / (24 * 6))
    assert judged.draws.best.value == sum(map(max, zip(*scores, strict=True))) / 24
    summary = orjson.loads((judged.folder / "draws.json").read_bytes())
    assert (summary["mean"]["value"], summary["draws"]) == (judged.draws.mean.value, 24 * 6)
    assert (judged.folder / "draws.parquet").is_file()


def test_identical_draws_are_planned_asked_and_paid_once(drawn):
    finished = drawn()
    still_open = open_rows(finished, "draws.jsonl")
    reviews = {(row["question"], str(row["options"]), row["reply"]) for row in still_open}
    assert len(open_rows(finished)) < len(reviews) < len(still_open)
    prices = Prices(Decimal("0.15"), Decimal("0.6"))
    with provider(Behaviour(reply=lambda body: "A", prices=prices)) as server:
        models = {"judge": ApiModel.model_validate(paid_model(server))}
        config = JudgeConfig(judge="judge", models=models, cache_dir=finished.config.cache_dir)
        (before,) = api.plan_judging([finished.folder], config, load_registry())
        assert (before.open, before.cached, before.to_ask) == (len(still_open), 0, len(reviews))
        assert before.expense.completion_tokens.low == len(reviews)
        report = judge(finished, models=models)
        assert report.resolved["judged"] == len(still_open)
        assert calls(report) == len(reviews)
        assert (server.bill.calls, server.bill.paid_again) == (len(reviews) + 1, 0)  # a ping
        assert report.progress.spending.run == server.bill.nano_dollars
        (after,) = api.plan_judging([finished.folder], config, load_registry())
        assert (after.open, after.cached, after.to_ask) == (len(still_open), len(still_open), 0)


def test_a_cap_that_ends_judging_among_the_draws_loses_nothing(drawn):
    finished = drawn()
    with provider(Behaviour(reply=lambda body: "A", prices=Prices(Decimal(100), Decimal(100)))) as server:
        models = {"judge": ApiModel.model_validate(paid_model(server, price=("100", "100")))}
        report = judge(finished, models=models, max_cost=Decimal("0.80"))
        assert (report.status, report.draws) == (RunStatus.BUDGET, None)
        assert calls(report) > 0
        assert server.bill.nano_dollars <= 800_000_000
        assert [path.name for path in report.folder.iterdir()] == ["status.json"]
        report = judge(finished, models=models, max_cost=Decimal(100))
        assert report.status is RunStatus.COMPLETE
        assert server.bill.paid_again == 1  # the ping


def test_draws_that_failed_are_absent_and_wrong_where_the_run_says_so(drawn):
    report = drawn(models={"mumbler": ScriptedModel(failure_rate=0.3)}, failed="wrong")
    judged = judge(report, models={"judge": ScriptedModel(replies=("A",))})
    assert judged.resolved["absent"] == judged.draws.failed == report.draws.failed > 0
    assert judged.draws.scored == 24 * 6
    assert judged.draws.profile.endswith("counted as wrong")


def test_judged_draws_are_scored_again_with_their_reviews_and_without_a_judge(drawn):
    with provider(says("A")) as server:
        report = judge(drawn(), server)
    again = api.rescore(report.folder / "predictions.jsonl", ["prism"])
    assert again.draws["prism-2"] == report.draws
    assert again.scores["prism-2"] == report.scores


@pytest.mark.vllm
@pytest.mark.xdist_group("vllm")
@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")  # of torch and vLLM
async def test_a_real_server_judges_and_is_not_asked_twice(finished, vllm_server):
    url = await vllm_server.start()
    spec = ApiModel(model=SERVED_NAME, base_url=url, api_key_env=None, identity="suite", limits=Limits(concurrency=8))
    folders = {"cache_dir": finished.config.cache_dir, "results_dir": finished.config.results_dir}
    config = JudgeConfig(judge="judge", models={"judge": spec}, **folders)

    async def judged():
        judge = resolve_judge(config, load_registry())
        case = open_case(finished.folder, config, judge.identity)
        return (await judging._judge_cases([case], config, judge, None, None))[0]

    first = await judged()
    asked = [row["judge"]["asked"] for row in rows(first.folder) if "asked" in row["judge"]]
    meter = first.progress.meters["judge"]
    assert len(asked) == len(open_rows(finished))
    assert meter.calls + meter.shared == sum(asked)
    # nano-reasoner was not trained on such prompts: an empty or unreadable reply is not a verdict.
    assert first.status in (RunStatus.COMPLETE, RunStatus.INCOMPLETE)
    assert first.resolved["judged"] + first.resolved["unscored"] == len(open_rows(finished))
    second = await judged()
    assert calls(second) <= meter.failed  # an empty review is not cached, so it is asked for again
    assert second.progress.meters["judge"].hits >= meter.calls - meter.failed
