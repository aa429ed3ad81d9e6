"""The table of commands, and that each one is imported when it is called."""

from __future__ import annotations

import inspect

import pytest
import typer
from typer import rich_utils
from typer.core import TyperCommand

from prism_engine.cli import app as tree
from prism_engine.original.arguments import OriginalNames


@pytest.mark.parametrize("name", tree.COMMANDS)
def test_the_table_says_what_the_command_says_of_itself(name):
    lazy = tree.COMMANDS[name]
    target = tree._attribute(lazy.target)
    own = target.info.help if isinstance(target, typer.Typer) else inspect.getdoc(target)
    assert own is not None
    assert lazy.help == own.splitlines()[0]


@pytest.mark.parametrize("name", tree.COMMANDS)
def test_every_command_has_help_of_its_own(prism, name):
    said = prism(name, "--help")
    assert (said.code, f"Usage: prism {name} " in said.out) == (0, True)
    assert said.out.count("--install-completion") == 0
    assert tree.imported(name).name == name


@pytest.mark.parametrize(
    "command",
    [
        *(f"datasets {name}" for name in ("list", "info", "check", "fetch", "make", "subset")),
        *(f"cache {name}" for name in ("stats", "show", "explain", "verify", "gc", "export", "import", "merge")),
        *("convert xtuner", "import original", "export original"),
    ],
)
def test_every_command_of_a_group_has_help(prism, command):
    said = prism(*command.split(), "--help")
    assert (said.code, f"Usage: prism {command} " in said.out) == (0, True)


@pytest.mark.parametrize("command", [*tree.COMMANDS, "datasets make", "datasets subset", "cache gc", "import original"])
def test_no_name_of_an_option_is_cut_at_80_columns(prism, monkeypatch, command):
    monkeypatch.setattr(rich_utils, "MAX_WIDTH", 80)
    lines = prism(*command.split(), "--help").out.splitlines()
    assert max(map(len, lines)) == 80
    assert not [line for line in lines if "…" in line]


def test_an_alias_that_help_leaves_out_still_sets_its_option(prism):
    shown = prism("run", "--help").out
    assert "--instruction,--prompt-version" not in shown
    given = ("plan", "shapes.tsv", "-p", "scripted", "-r", "scripted")
    both = prism(*given, "--instruction", "cot", "--prompt-version", "human1").out
    assert "cot" in both
    assert "human1" in both
    assert prism(*given, "--prompt-version", "cot").out == prism(*given, "--instruction", "cot").out


def test_paragraphs_of_help_are_broken_by_the_terminal_alone(prism):
    said = prism("run", "--help").out
    assert "continues where it stopped, and another reasoner or output limit reuses the descriptions." in said


def test_commands_are_listed_by_panel_from_the_table(prism):
    said = prism("--help")
    assert said.code == 0
    for lazy in tree.COMMANDS.values():
        assert f" {lazy.panel} " in said.out
    listed = [line.split()[1] for line in said.out.splitlines() if line.startswith("│ ") and line[2] not in " -"]
    assert listed == list(tree.COMMANDS)


def test_run_and_plan_read_the_original_s_arguments_and_no_other_command_does():
    kinds = {name: type(tree.imported(name)) for name in tree.COMMANDS}
    assert {name for name, kind in kinds.items() if kind is OriginalNames} == {"run", "plan"}
    assert kinds["models"] is TyperCommand


def test_an_unknown_command_suggests_the_nearest(prism):
    said = prism("modles")
    assert (said.code, "Did you mean 'models'" in said.err) == (2, True)


def test_an_unknown_command_of_a_group_is_named(prism):
    said = prism("datasets", "lst")
    assert (said.code, "Did you mean 'list'" in said.err) == (2, True)


def test_a_group_without_a_command_shows_its_help(prism):
    said = prism("cache")
    assert (said.code, "verify" in said.out + said.err) == (2, True)


def test_the_version_is_printed(prism):
    assert prism("--version").out.startswith("prism-engine ")
