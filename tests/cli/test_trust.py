"""Checkpoints that bring Python code: asked about once, before anything is called."""

from __future__ import annotations

import io
import sys

import pytest

from prism_engine.cli.trust import confirm_code, confirm_received
from prism_engine.errors import ConfigError, UntrustedCodeError
from prism_engine.nano import CAPTIONER
from tests.cli.conftest import write_models

RUN = ("run", "shapes.tsv", "-p", "coded", "-r", "scripted", "--models-file", "m.yaml")


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def coded(tmp_path):
    write_models(
        tmp_path / "m.yaml", coded={"backend": "vllm", "model": str(CAPTIONER), "engine": {"trust_remote_code": True}}
    )


@pytest.fixture
def terminal(monkeypatch):
    def answering(text):
        monkeypatch.setattr(sys, "stdin", Terminal(text))
        monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)

    return answering


@pytest.mark.usefixtures("coded")
def test_without_a_terminal_it_is_one_error_before_the_first_call(prism, tmp_path):
    said = prism(*RUN)
    assert said.code == 2
    for part in ("'coded'", str(CAPTIONER), "--trust", "PRISM_TRUST_REMOTE_CODE=1"):
        assert part in said.err
    assert not list((tmp_path / "results").rglob("predictions.jsonl"))


@pytest.mark.usefixtures("coded")
def test_a_no_on_a_terminal_is_the_same_error(prism, terminal):
    terminal("n\n")
    said = prism(*RUN)
    assert (said.code, said.err.count("now and from now on?")) == (2, 1)


@pytest.mark.usefixtures("coded")
def test_a_plan_loads_nothing_and_does_not_ask(prism):
    assert prism("plan", *RUN[1:]).code == 0


def test_a_yes_is_remembered(prism, terminal, tmp_path):
    terminal("y\n")
    assert confirm_code(UntrustedCodeError("x", checkpoint="org/model", revision="abc"))
    (remembered,) = (tmp_path / "user-data").rglob("trusted-code.json")
    assert "org/model" in remembered.read_text()


def test_consent_to_a_received_run_is_asked_for_on_a_terminal_only(prism, terminal, tmp_path):
    with pytest.raises(ConfigError, match="sends a key"):
        confirm_received(tmp_path, ["sends a key"])
    terminal("y\n")
    confirm_received(tmp_path, ["sends a key"])
    terminal("\n")
    with pytest.raises(ConfigError, match="not continued"):
        confirm_received(tmp_path, ["sends a key"])
