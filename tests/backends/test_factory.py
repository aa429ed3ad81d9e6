"""Which settings are part of a model's identity, and which are not."""

from __future__ import annotations

import pytest

from prism_engine.backends.factory import build_backend, identify_model, pinned
from prism_engine.backends.restarting import Restarting
from prism_engine.backends.scripted import Scripted
from prism_engine.backends.vllm.managed_server import ServedApi
from prism_engine.config import ApiModel, Limits, ScriptedModel, ServerSpec, VllmModel
from prism_engine.errors import ConfigError


@pytest.fixture
def checkpoint(tmp_path):
    folder = tmp_path / "checkpoint"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    (folder / "model.safetensors").write_bytes(b"weights")
    return str(folder)


def facts(spec, tmp_path):
    return identify_model("name", spec, tmp_path / "cache").facts


def test_the_name_in_the_registry_is_no_part_of_the_identity(tmp_path):
    first, second = (identify_model(name, ApiModel(model="m"), tmp_path) for name in ("a", "b"))
    assert first == second


@pytest.mark.parametrize(
    "operational",
    [
        {"timeout": 1.0},
        {"attempts": 1},
        {"limits": Limits(concurrency=1)},
        {"api_key_env": "OTHER"},
        {"base_url": "http://api.openai.com/v1/chat/completions"},
    ],
)
def test_operational_settings_of_an_api_do_not_identify_it(tmp_path, operational):
    assert facts(ApiModel(model="m"), tmp_path) == facts(ApiModel(model="m", **operational), tmp_path)


@pytest.mark.parametrize(
    "shaping",
    [
        {"model": "n"},
        {"base_url": "https://elsewhere/v1"},
        {"extra_body": {"reasoning_effort": "low"}},
        {"send_sampling": False},
        {"identity": "mine"},
    ],
)
def test_what_shapes_an_api_s_answer_identifies_it(tmp_path, shaping):
    assert facts(ApiModel(model="m"), tmp_path) != facts(ApiModel(**{"model": "m", **shaping}), tmp_path)


def test_an_api_with_an_identity_of_its_own_may_move(tmp_path):
    first, second = (
        facts(ApiModel(model="m", base_url=f"http://127.0.0.1:{port}/v1", identity="mine"), tmp_path)
        for port in (8000, 8001)
    )
    assert first == second


def test_a_checkpoint_is_identified_by_its_files_not_by_their_path_or_its_speed(tmp_path, checkpoint):
    plain = facts(VllmModel(model=checkpoint), tmp_path)
    moved = tmp_path / "elsewhere"
    (tmp_path / "checkpoint").rename(moved)
    assert (
        facts(VllmModel(model=str(moved), engine={"max_num_seqs": 4, "gpu-memory-utilization": 0.5}), tmp_path) == plain
    )


@pytest.mark.parametrize(
    "shaping",
    [
        {"engine": {"dtype": "float16"}},
        {"engine": {"max_model_len": 64}},
        {"engine": {"load_format": "dummy"}},
        {"engine": {"hf_overrides": {1: 2}}},
        {"chat_template": "{{ x }}"},
    ],
)
def test_engine_options_that_shape_a_completion_identify_the_model(tmp_path, checkpoint, shaping):
    assert facts(VllmModel(model=checkpoint), tmp_path) != facts(VllmModel(model=checkpoint, **shaping), tmp_path)


def test_a_template_in_a_file_is_identified_by_its_text(tmp_path, checkpoint):
    (tmp_path / "chat.jinja").write_text("{{ messages }}")
    by_file = facts(VllmModel(model=checkpoint, chat_template=str(tmp_path / "chat.jinja")), tmp_path)
    assert by_file == facts(VllmModel(model=checkpoint, chat_template="{{ messages }}"), tmp_path)
    with pytest.raises(ConfigError, match=r"nowhere\.jinja"):
        facts(VllmModel(model=checkpoint, chat_template="nowhere.jinja"), tmp_path)


def test_the_hub_commit_that_identifies_a_model_is_the_one_that_is_loaded(tmp_path):
    commit = "0123456789" * 4
    for spec in (
        VllmModel(model="org/name", revision=commit),
        ApiModel(model="m", server=ServerSpec(model="org/name", revision=commit)),
    ):
        identity = identify_model("name", spec, tmp_path)
        assert dict(identity.facts)["hub"] == f"org/name@{commit}"
        assert pinned(spec, identity) == spec
    identity = identify_model("name", VllmModel(model="org/name", revision=commit), tmp_path)
    moving = pinned(VllmModel(model="org/name"), identity)
    assert isinstance(moving, VllmModel)
    assert moving.revision == commit


def test_a_served_checkpoint_is_identified_by_its_files_and_never_by_a_port(tmp_path, checkpoint):
    served = facts(ApiModel(model="m", server=ServerSpec(model=checkpoint)), tmp_path)
    assert "weights" in dict(served)
    assert not any("127.0.0.1" in value for _, value in served)


def test_an_option_that_names_a_file_is_identified_by_what_the_file_says(tmp_path, checkpoint):
    template = tmp_path / "chat.jinja"

    def served(option):
        spec = ApiModel(model="m", server=ServerSpec(model=checkpoint, options={option: str(template)}))
        return dict(facts(spec, tmp_path))

    template.write_text("{{ one }}")
    before = served("chat-template"), served("some_config")
    template.write_text("{{ two }}")
    after = served("chat_template"), served("some_config")
    assert before[0].keys() == after[0].keys()
    assert before[0] != after[0]
    assert before[1] != after[1]


def test_each_kind_of_entry_gets_its_backend_and_nothing_is_started(tmp_path, checkpoint, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert isinstance(build_backend("s", ScriptedModel(), tmp_path), Scripted)
    served = ApiModel(model="m", api_key_env=None, server=ServerSpec(model=checkpoint), limits=Limits(concurrency=9))
    backend = build_backend("org/served", served, tmp_path)
    assert isinstance(backend, Restarting)
    assert isinstance(backend._backend, ServedApi)
    assert backend.capacity == 9
    monkeypatch.delenv("NO_SUCH_KEY", raising=False)
    with pytest.raises(ConfigError, match="NO_SUCH_KEY"):
        build_backend("a", ApiModel(model="m", api_key_env="NO_SUCH_KEY"), tmp_path)


async def test_a_served_model_that_was_never_called_closes_without_having_started(tmp_path, checkpoint):
    spec = ApiModel(model="m", api_key_env=None, server=ServerSpec(model=checkpoint))
    backend = build_backend("served", spec, tmp_path)
    backend.drain()
    await backend.aclose()
    assert not (tmp_path / "logs").exists()
