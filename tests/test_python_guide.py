"""Tests of docs/python.md: its code runs, and its list of names is complete."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import prism_engine as prism
from prism_engine.backends.scripted import Scripted
from prism_engine.config import ScriptedModel
from prism_engine.records import ModelIdentity
from tests.api.objects.test_modules import png
from tests.shapes import write_shapes

PAGE = (Path(__file__).parents[1] / "docs" / "python.md").read_text(encoding="utf-8")
JUDGE = "gpt-4o-mini"
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with a benchmark and a picture, in which every model answers with its name."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PRISM_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(
        "prism_engine.api.build.workbench.build_backend",
        lambda name, *_: Scripted(ScriptedModel(replies=("A" if name == JUDGE else f"{name} speaks",))),
    )
    monkeypatch.setattr(
        "prism_engine.api.build.resolve.identify_model", lambda name, *_: ModelIdentity(name, (("weights", name),))
    )
    write_shapes(tmp_path / "MyBench.tsv", 12, 0)
    (tmp_path / "photo.jpg").write_bytes(png())
    return tmp_path


@pytest.mark.parametrize("code", BLOCKS, ids=lambda code: code.splitlines()[-1].strip()[:30])
def test_its_code_runs(folder, capsys, code):
    exec(compile(code, "docs/python.md", "exec"), {"__name__": "__main__"})
    assert capsys.readouterr().out


def test_its_list_of_names_is_that_of_the_package():
    table = PAGE.partition("## Names")[2]
    names = [
        name
        for line in table.splitlines()
        if line.startswith("| `")
        for name in re.findall(r"`(\w+)`", line.split(" | ")[0])
    ]
    assert sorted(names) == prism.__all__
