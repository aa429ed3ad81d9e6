"""Tests that docs/architecture.md matches the code."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def caption(path):
    lines = (ast.get_docstring(ast.parse(path.read_text())) or "(no caption)").splitlines()
    return f"- `{path.relative_to(ROOT).as_posix()}`: {lines[0]}"


def test_every_file_has_its_caption_in_the_architecture_page_and_no_other_does():
    captions = [caption(path) for path in sorted((ROOT / "prism_engine").rglob("*.py"))]
    page = (ROOT / "docs" / "architecture.md").read_text()
    assert [line for line in page.splitlines() if line.startswith("- `prism_engine/")] == captions


def test_composing_and_planning_a_run_imports_neither_vllm_nor_torch():
    code = """
import sys
import prism_engine.api
heavy = {"vllm", "torch", "transformers"} & set(sys.modules)
sys.exit(str(heavy) if heavy else 0)
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
