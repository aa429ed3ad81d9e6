"""Tests that docs/architecture.md matches the code."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

from scripts.file_list import PAGE, with_list

ROOT = Path(__file__).parents[1]


def test_the_list_of_files_is_that_of_the_modules_and_their_captions():
    page = PAGE.read_text(encoding="utf-8")
    assert with_list(page) == page, "run `make docs`"


def test_every_module_and_folder_that_the_page_names_exists():
    prose = PAGE.read_text(encoding="utf-8").partition("## Files")[0]
    modules = sorted((ROOT / "prism_engine").rglob("*.py"))
    paths = [f"/{path.relative_to(ROOT / 'prism_engine').as_posix()}" for path in modules]
    paths += [f"{path.rpartition('/')[0]}/" for path in paths]
    named = re.findall(r"`((?:[a-z_]+/)*(?:[a-z_]+\.py|[a-z_]+/))(?=[`:])", prose)
    assert len(named) > 80
    assert [name for name in named if not any(path.endswith(f"/{name}") for path in paths)] == []


def test_no_two_files_and_no_two_classes_share_a_name():
    modules = sorted((ROOT / "prism_engine").rglob("*.py"))
    files = Counter(path.name for path in modules if path.name not in ("__init__.py", "__main__.py"))
    classes = Counter(
        node.name
        for path in modules
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.ClassDef)
    )
    assert [name for name, count in (files + classes).items() if count > 1] == []


def test_composing_and_planning_a_run_imports_neither_vllm_nor_torch():
    code = """
import sys
import prism_engine.api
heavy = {"vllm", "torch", "transformers"} & set(sys.modules)
sys.exit(str(heavy) if heavy else 0)
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
