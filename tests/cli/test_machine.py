"""`prism models`, `prism doctor`, and help that teaches."""

from __future__ import annotations

import subprocess
import sys

import pytest


def test_models_lists_what_ships_and_what_users_add(prism, tmp_path):
    (tmp_path / "m.yaml").write_text("models: {mine: {backend: vllm, model: org/mine}}\n")
    said = prism("models", "--models-file", "m.yaml")
    assert said.code == 0
    assert "org/mine" in said.out
    assert "gpt-4o-mini" in said.out


@pytest.mark.slow
def test_doctor_reports_every_part_and_never_a_key(prism, monkeypatch, tmp_path):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-planted-secret")
    said = prism("doctor", "--offline")
    for part in ("python", "torch", "GPU", "vllm", "cache", "api.openai.com", "api.deepseek.com"):
        assert part in said.out
    assert "DEEPSEEK_API_KEY" in said.out
    assert "planted-secret" not in said.out + said.err


@pytest.mark.parametrize(
    "command",
    [
        "",
        "run",
        "plan",
        "demo",
        "doctor",
        "models",
        "datasets",
        "datasets check",
        "datasets fetch",
        "datasets info",
        "cache",
        "cache explain",
    ],
)
def test_every_command_explains_itself(prism, command):
    said = prism(*command.split(), "--help")
    assert said.code == 0
    assert "Usage:" in said.out


def test_help_is_quick_because_nothing_heavy_is_imported():
    code = """
import sys
from prism_engine.cli.app import app
heavy = {"vllm", "torch", "transformers", "polars", "aiohttp"} & set(sys.modules)
sys.exit(str(heavy) if heavy else 0)
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
