from __future__ import annotations

import pytest

from prism_engine.api.judging.judge_models import preflight
from prism_engine.config import ApiModel, load_registry
from prism_engine.config.judging import JudgeConfig
from prism_engine.errors import DeadError
from tests.api.judged import says
from tests.provider import paid_model, provider


def test_a_model_on_this_machine_is_not_started_for_a_test_request(tmp_path, monkeypatch):
    def build(name, *_):
        raise AssertionError(f"{name} was built")

    monkeypatch.setattr("prism_engine.api.build.workbench.build_backend", build)
    preflight(JudgeConfig(judge="nano-reasoner", cache_dir=tmp_path), load_registry())
    preflight(JudgeConfig(judge="scripted", cache_dir=tmp_path), load_registry())


def test_a_judge_behind_an_api_gets_a_test_request(tmp_path):
    with provider(says("hm")) as server:
        models = {"judge": ApiModel.model_validate(paid_model(server, price=None, attempts=1))}
        config = JudgeConfig(judge="judge", cache_dir=tmp_path, models=models)
        preflight(config, load_registry())
        preflight(config, load_registry())
        assert server.stats.received == 2  # never from the cache
    with pytest.raises(DeadError, match="does not answer"):
        preflight(config, load_registry())
