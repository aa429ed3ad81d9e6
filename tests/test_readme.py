"""What the README says can be typed and run."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from prism_engine.backends.scripted import Scripted
from prism_engine.config import ScriptedModel, load_registry
from prism_engine.records import ModelIdentity
from tests.api.objects.test_modules import png
from tests.cli.conftest import prism  # noqa: F401 - a fixture
from tests.shapes import write_shapes

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "README.md").read_text(encoding="utf-8")
GROUPS = ("datasets", "cache", "convert")
FENCED = PAGE.split("```")[1::2]
COMMANDS = [
    line.partition("#")[0].strip() for block in FENCED for line in block.splitlines() if line.startswith("prism ")
] + re.findall(r"(?<!`)`(prism [^`]+)`", "".join(PAGE.split("```")[::2]))


def test_commands_are_found():
    assert len(COMMANDS) > 50


@pytest.mark.parametrize("command", list(dict.fromkeys(COMMANDS)))
def test_every_command_and_option_exists(prism, command):  # noqa: F811
    _, name, *arguments = shlex.split(command)
    if name.startswith("--"):  # Typer's own, such as --install-completion
        return
    path = [name, arguments[0]] if name in GROUPS else [name]
    said = prism(*path, "--help")
    assert said.code == 0, said.err
    options = [word.partition("=")[0] for word in arguments if re.match(r"--?[a-z]", word)]
    assert [option for option in options if not re.search(rf"(?<![\w-]){option}(?![\w-])", said.out)] == []


def test_its_models_are_in_the_registry():
    registry = load_registry()
    named = re.findall(r"prism (?:run|plan|ask)[^\n`]*? -p ([^\s`]+)", PAGE)
    names = {part for name in named for part in name.split("~")} - {"my-captioner"}
    assert [name for name in sorted(names) if name not in registry] == []


def test_its_python_works(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PRISM_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(
        "prism_engine.api.build.workbench.build_backend",
        lambda name, *_: Scripted(ScriptedModel(replies=(f"{name} speaks",))),
    )
    monkeypatch.setattr(
        "prism_engine.api.build.resolve.identify_model", lambda name, *_: ModelIdentity(name, (("weights", name),))
    )
    write_shapes(tmp_path / "MyBench.tsv", 12, 0)
    (tmp_path / "photo.jpg").write_bytes(png())
    (code,) = [block.removeprefix("python\n") for block in FENCED if block.startswith("python\n")]
    exec(compile(code, "README.md", "exec"), {"__name__": "__main__"})
    assert sum(bool(line.strip()) for line in code.splitlines()) == 10
    status, answer = capsys.readouterr().out.splitlines()
    assert status.startswith("complete ")
    assert answer == "gpt-4o-mini speaks"
    assert (tmp_path / "comparison" / "flips.csv").is_file()
