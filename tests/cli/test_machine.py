"""`prism models` and `prism doctor`."""

from __future__ import annotations

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
    assert "key found; not contacted" in said.out
    assert "needs no key; not contacted (Mixtral-8x22B-chat" in said.out
    assert "planted-secret" not in said.out + said.err
