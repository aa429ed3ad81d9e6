import pytest

from prism_engine.config import ApiModel, ScriptedModel, load_registry
from prism_engine.config.judging import JudgeConfig, find_judge
from prism_engine.errors import ConfigError


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def found(name="gpt-4o-mini", environ=None, **options):
    return find_judge(JudgeConfig(judge=name, **options), load_registry(), environ or {})


def test_a_judge_is_a_registered_model_or_one_of_vlmevalkits_names():
    assert found().model == "gpt-4o-mini-2024-07-18"
    assert found("chatgpt-0125").model == "gpt-3.5-turbo-0125"
    assert found("gpt-4-turbo").model == "gpt-4-1106-preview"
    assert found("scripted") == load_registry().find("scripted")
    with pytest.raises(ConfigError, match="unknown model 'nobody'"):
        found("nobody")


@pytest.mark.parametrize("base", ["http://here:8000/v1", "http://here:8000/v1/chat/completions"])
def test_the_references_variables_set_the_judges_address(base):
    spec = found(environ={"OPENAI_API_BASE": base, "OPENAI_API_KEY": "k", "LOCAL_LLM": "my/model"})
    assert (spec.base_url, spec.model, spec.api_key_env) == ("http://here:8000/v1", "my/model", "OPENAI_API_KEY")


def test_the_judges_own_variables_win():
    environ = {
        "OPENAI_API_BASE": "http://other/v1",
        "OPENAI_API_BASE_JUDGE": "http://here/v1",
        "OPENAI_API_KEY_JUDGE": "k",
    }
    spec = found(environ=environ)
    assert (spec.base_url, spec.api_key_env) == ("http://here/v1", "OPENAI_API_KEY_JUDGE")


def test_a_local_model_without_a_key_needs_none():
    assert found(environ={"OPENAI_API_BASE": "http://here/v1", "LOCAL_LLM": "my/model"}).api_key_env is None


def test_they_are_read_from_the_env_file_too_but_the_environment_wins(tmp_path):
    (tmp_path / ".env").write_text("OPENAI_API_BASE=http://file/v1\nLOCAL_LLM=from-file\n")
    spec = found(environ={"OPENAI_API_BASE": "http://environment/v1"})
    assert (spec.base_url, spec.model) == ("http://environment/v1", "from-file")


def test_a_model_with_its_own_address_keeps_it():
    environ = {"OPENAI_API_BASE": "http://here/v1", "LOCAL_LLM": "my/model"}
    assert found("deepseek-chat", environ) == load_registry().find("deepseek-chat")
    assert found("nano-reasoner", environ) == load_registry().find("nano-reasoner")


def test_an_invalid_address_is_reported():
    with pytest.raises(ConfigError, match="OPENAI_API_BASE"):
        found(environ={"OPENAI_API_BASE": "here:8000"})


def test_limits_are_applied_to_an_api_and_refused_for_anything_else():
    spec = found(concurrency=3, requests_per_minute=60)
    assert (spec.limits.concurrency, spec.limits.requests_per_minute) == (3, 60)
    with pytest.raises(ConfigError, match="not behind an API"):
        found("mine", concurrency=3, models={"mine": ScriptedModel()})
    assert isinstance(found("mine", models={"mine": ApiModel(model="m")}), ApiModel)
