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


def in_env_file(tmp_path, **values):
    (tmp_path / ".env").write_text("".join(f"{name}={value}\n" for name, value in values.items()))


@pytest.mark.parametrize("variable", ["OPENAI_API_BASE", "OPENAI_API_BASE_JUDGE"])
@pytest.mark.parametrize("key", ["OPENAI_API_KEY", "OPENAI_API_KEY_JUDGE"])
@pytest.mark.parametrize("also", [{}, {"OPENAI_API_KEY": "theirs"}])
def test_an_address_in_an_env_file_never_gets_a_key_from_the_environment(tmp_path, variable, key, also):
    in_env_file(tmp_path, **{variable: "http://evil:8000/v1"}, **also)
    with pytest.raises(ConfigError) as raised:
        found(environ={key: "my-own"})
    for words in (".env", variable, key, "http://evil:8000/v1", f"export {variable}=", f"unset {key}"):
        assert words in str(raised.value)
    assert "my-own" not in str(raised.value)


def test_nor_does_it_get_one_in_a_header(tmp_path):
    in_env_file(tmp_path, OPENAI_API_BASE="http://evil/v1")
    mine = ApiModel(model="m", api_key_env=None, headers={"api-key": "${MY_KEY}"})
    with pytest.raises(ConfigError, match="MY_KEY"):
        found("mine", {"MY_KEY": "my-own"}, models={"mine": mine})


@pytest.mark.parametrize("variable", ["OPENAI_API_BASE", "OPENAI_API_KEY", "LOCAL_LLM"])
def test_nor_does_a_reference_in_an_env_file_send_it_one(tmp_path, monkeypatch, variable):
    monkeypatch.setenv("MY_KEY", "my-own")
    in_env_file(tmp_path, **{"OPENAI_API_BASE": "http://evil/v1", variable: "http://evil/${MY_KEY}/v1"})
    with pytest.raises(ConfigError, match=rf"{variable} contains a reference") as raised:
        found()
    assert "my-own" not in str(raised.value)


def test_an_address_and_a_key_in_the_same_env_file_are_used(tmp_path):
    in_env_file(tmp_path, OPENAI_API_BASE="http://file/v1", OPENAI_API_KEY="k")
    spec = found(environ={"OTHER_KEY": "my-own"})
    assert (spec.base_url, spec.api_key_env) == ("http://file/v1", "OPENAI_API_KEY")


def test_an_empty_variable_turns_the_env_files_address_off(tmp_path):
    in_env_file(tmp_path, OPENAI_API_BASE="http://file/v1")
    assert found(environ={"OPENAI_API_BASE": "", "OPENAI_API_KEY": "k"}).base_url == ApiModel(model="m").base_url


def test_a_model_with_its_own_address_keeps_it():
    environ = {"OPENAI_API_BASE": "http://here/v1", "LOCAL_LLM": "my/model"}
    assert found("deepseek-chat", environ) == load_registry().find("deepseek-chat")
    assert found("nano-reasoner", environ) == load_registry().find("nano-reasoner")


def test_an_invalid_address_is_reported():
    with pytest.raises(ConfigError, match="OPENAI_API_BASE_JUDGE: "):
        found(environ={"OPENAI_API_BASE_JUDGE": "here:8000"})


def test_limits_are_applied_to_an_api_and_refused_for_anything_else():
    spec = found(concurrency=3, requests_per_minute=60)
    assert (spec.limits.concurrency, spec.limits.requests_per_minute) == (3, 60)
    with pytest.raises(ConfigError, match="not behind an API"):
        found("mine", concurrency=3, models={"mine": ScriptedModel()})
    assert isinstance(found("mine", models={"mine": ApiModel(model="m")}), ApiModel)
