"""`prism models`, `prism datasets`, `prism doctor`, and help that teaches."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from tests.shapes import write_described_shapes, write_shapes


def test_models_lists_what_ships_and_what_users_add(prism, tmp_path):
    (tmp_path / "m.yaml").write_text("models: {mine: {backend: vllm, model: org/mine}}\n")
    said = prism("models", "--models-file", "m.yaml")
    assert said.code == 0
    assert "org/mine" in said.out
    assert "gpt-4o-mini" in said.out


def test_datasets_lists_the_files_of_lmudata(prism, tmp_path, monkeypatch):
    assert "no benchmark files" in prism("datasets", "list").out
    monkeypatch.setenv("LMUData", str(tmp_path / "data"))
    (tmp_path / "data").mkdir()
    write_shapes(tmp_path / "data" / "MyBench.tsv", 4, 0)
    assert "MyBench" in prism("datasets", "list").out
    assert prism("run", "MyBench", "-p", "scripted", "-r", "scripted").code == 0


def test_datasets_check_says_what_is_in_a_file(prism, tmp_path):
    said = prism("datasets", "check", "shapes.tsv")
    assert said.code == 0
    assert "24" in said.out
    assert "colour" in said.out
    write_described_shapes(tmp_path / "gold.tsv", 24)
    for table, described in (("shapes.tsv", "0"), ("gold.tsv", "24")):
        lines = prism("datasets", "check", table).out.splitlines()
        assert [line.split()[-1] for line in lines if "gold description" in line] == [described]


def test_datasets_check_warns_of_answers_that_cannot_be_scored(prism, tmp_path):
    header, rows = (tmp_path / "shapes.tsv").read_text().split("\n", 1)
    lower = re.sub(r'\t"([ABCD])"\t', lambda found: found.group().lower(), rows)
    (tmp_path / "lower.tsv").write_text(f"{header}\n{lower}")
    said = prism("datasets", "check", "lower.tsv")
    assert "the options are A, B, C, D" in said.out
    assert "no option's letter" in said.out
    assert "no option's letter" not in prism("datasets", "check", "shapes.tsv").out


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
    ["", "run", "plan", "demo", "doctor", "models", "datasets", "datasets check", "cache", "cache explain"],
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
