from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from prism_engine import api
from prism_engine.chaos.behaviour import Behaviour
from prism_engine.config import ApiModel, load_registry
from prism_engine.control.client import send
from prism_engine.control.sockets import SOCKET_NAME
from prism_engine.errors import ConfigError, DeadError
from tests.api.judged import calls, configured, says
from tests.live_run import wait_until
from tests.provider import paid_model, provider
from tests.shapes import write_shapes


def test_a_run_may_name_its_judge(tmp_path, finished):
    with provider(says("A")) as server:
        models = {"judge": ApiModel.model_validate(paid_model(server, price=None))}
        config = configured(tmp_path, judge="judge", models=models)
        (report,), (verdict,) = api.run_and_judge([config], load_registry())
        assert server.stats.completed == calls(verdict) + 2  # before the run, and before judging
    assert calls(report) == 0
    assert verdict.scores is not None
    assert report.judged == verdict.scores != report.scores
    assert api.SweepRow.of(report).profile == "prism-2, judged by judge"
    assert verdict.scores.overall.unanswered == 0


def test_a_sweep_s_row_of_a_judged_run_is_of_all_its_judged_draws(several):
    with provider(says("A")) as server:
        models = {"judge": ApiModel.model_validate(paid_model(server, price=None))}
        (report,), (verdict,) = api.run_and_judge([several(judge="judge", models=models)], load_registry())
    assert report.judged_draws == verdict.draws != report.draws
    assert verdict.draws is not None
    assert verdict.scores is not None
    row = api.SweepRow.of(report)
    assert row.accuracy == verdict.draws.mean.value != verdict.scores.overall.accuracy
    assert (row.scored, row.profile) == (24 * 6, "prism-2, judged by judge")


def test_a_run_whose_judge_does_not_answer_is_not_started(tmp_path):
    write_shapes(tmp_path / "shapes.tsv", 4, 0)
    with provider() as server:
        spec = ApiModel.model_validate(paid_model(server, price=None, attempts=1))
    config = configured(tmp_path, judge="judge", models={"judge": spec})
    with pytest.raises(DeadError, match="does not answer"):
        api.run_and_judge([config], load_registry())
    assert not (tmp_path / "results").exists()
    missing = spec.model_copy(update={"api_key_env": "NO_SUCH_KEY"})
    config = configured(tmp_path, judge="judge", models={"judge": missing})
    with pytest.raises(ConfigError, match="no API key"):
        api.run_and_judge([config], load_registry())


def test_judging_keeps_the_cap_that_the_run_was_given_while_it_went_on(tmp_path):
    write_shapes(tmp_path / "shapes.tsv", 24, 0)
    with provider(Behaviour(latency=0.1, reply=lambda _body: "hmm")) as server, ThreadPoolExecutor() as threads:
        paid = ApiModel.model_validate(paid_model(server, limits={"concurrency": 1}))
        config = configured(tmp_path, judge="judge", models={"mumbler": paid, "judge": paid}, max_cost="5")
        judged = threads.submit(api.run_and_judge, [config], load_registry())
        wait_until(lambda: any(config.results_dir.rglob(SOCKET_NAME)))
        (socket,) = config.results_dir.rglob(SOCKET_NAME)
        send(socket.parent, "set", {"max_cost": "2"})
        (report,), (verdict,) = judged.result()
    caps = [each.progress.spending.cap for each in (report, verdict) if each.progress.spending is not None]
    assert caps == [2 * 10**9] * 2
