"""Which checkpoints may run their own code."""

from __future__ import annotations

import pytest

from prism_engine.api.build.code_trust import brings_code, remember, require_trust
from prism_engine.config import ApiModel, ScriptedModel, ServerSpec, VllmModel
from prism_engine.config.models import load_registry
from prism_engine.config.user_data import TRUST_ALL
from prism_engine.errors import UntrustedCodeError

CODE = {"trust_remote_code": True}
ENGINE = VllmModel(model="org/model", engine=CODE)
SERVER = ApiModel(model="m", server=ServerSpec(model="org/model", options={"trust-remote-code": "yes"}))


@pytest.fixture(autouse=True)
def no_trust(monkeypatch, tmp_path):
    monkeypatch.delenv(TRUST_ALL, raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))


@pytest.mark.parametrize("spec", [ENGINE, SERVER])
def test_a_checkpoint_that_brings_code_is_asked_about_once_per_version(spec):
    with pytest.raises(UntrustedCodeError, match="org/model"):
        require_trust("named", spec)
    remember("org/model", None)
    require_trust("named", spec)
    with pytest.raises(UntrustedCodeError, match="version 0123"):
        require_trust("named", spec.pinned_to("0123"))


def test_what_a_yes_was_not_given_for_is_still_asked_about():
    remember("org/model", None)
    remember("org/other", "main")
    with pytest.raises(UntrustedCodeError):
        require_trust("named", VllmModel(model="org/other", engine=CODE))


def test_a_batch_job_agrees_by_its_environment(monkeypatch):
    monkeypatch.setenv(TRUST_ALL, "1")
    require_trust("named", ENGINE)
    monkeypatch.setenv(TRUST_ALL, "0")
    with pytest.raises(UntrustedCodeError):
        require_trust("named", ENGINE)


@pytest.mark.parametrize("spec", [VllmModel(model="org/model"), ApiModel(model="m"), ScriptedModel()])
def test_models_without_code_are_not_asked_about(spec):
    require_trust("named", spec)


@pytest.mark.parametrize(("value", "runs"), [(True, True), ("false", True), (1, True), (False, False), (None, False)])
def test_only_a_plain_no_counts_as_no(value, runs):
    assert brings_code({"trust_remote_code": value}) is runs


def test_the_shipped_entries_with_code_are_asked_about():
    asked = []
    for name, spec in load_registry():
        try:
            require_trust(name, spec)
        except UntrustedCodeError:
            asked.append(name)
    assert asked == ["MiniCPM-V-2", "phi-3.5-vision"]


def test_a_damaged_record_asks_again(tmp_path):
    remember("org/model", None)
    (path,) = tmp_path.rglob("trusted-code.json")
    path.write_text("{")
    with pytest.raises(UntrustedCodeError):
        require_trust("named", ENGINE)
