"""Every option that sets a configuration key sets it, and only keys that exist."""

from __future__ import annotations

import ast
import inspect
import re
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, get_type_hints

import pytest
from typer.models import ArgumentInfo, OptionInfo

from prism_engine import api
from prism_engine.cli import gen_prompts, options, run
from prism_engine.cli.config_options import Sets, config_options, option
from prism_engine.cli.gen_prompts import gen_prompts as gen_prompts_command
from prism_engine.cli.grade import grade
from prism_engine.cli.judge import judge
from prism_engine.config import Arm, Merge, Pictures, RunConfig
from prism_engine.config.judging import GradingConfig, JudgeConfig, Template
from prism_engine.config.run_config import default_cache_dir
from prism_engine.records import AnswerKind

if TYPE_CHECKING:
    from pydantic import BaseModel

ROOT = Path(__file__).parents[2]


class Command(NamedTuple):
    function: object
    model: type[BaseModel]
    required: tuple[str, ...]
    """Arguments without which the command is refused."""


COMMANDS = {
    "run": Command(run.run, RunConfig, ("shapes.tsv", "-p", "scripted", "-r", "scripted")),
    "plan": Command(run.plan, RunConfig, ("shapes.tsv", "-p", "scripted", "-r", "scripted")),
    "gen-prompts": Command(gen_prompts_command, RunConfig, ("--data", "shapes.tsv", "--model", "scripted")),
    "judge": Command(judge, JudgeConfig, ("some-run", "--judge", "scripted")),
    "grade": Command(grade, GradingConfig, ("rows.jsonl", "--judge", "scripted")),
}

# What to give each parameter on the command line, and what the configuration has then: neither its default, nor what
# the other options of the line imply.
VALUES = {
    "benchmark": ("other.tsv", "other.tsv"),
    "perceiver": ("eyes", "eyes"),
    "reasoner": ("brain", "brain"),
    "mode": ("blind", Arm.BLIND),
    "samples": ("7", 7),
    "instruction": ("cot", "cot"),
    "pictures": ("together", Pictures.TOGETHER),
    "merge": ("plain", Merge.PLAIN),
    "descriptions": ("captions.jsonl", Path("captions.jsonl")),
    "missing": ("skip", "skip"),
    "perception_tokens": ("11", 11),
    "perception_temperature": ("0.3", 0.3),
    "descriptions_per_image": ("2", 2),
    "reasoning_tokens": ("13", 13),
    "reasoning_temperature": ("0.4", 0.4),
    "reasoning_effort": ("low", "low"),
    "thinking_budget": ("15", 15),
    "answers_per_question": ("3", 3),
    "answer_kind": ("yes_no", AnswerKind.YES_NO),
    "profile": ("v2", "v2"),
    "rotate": ("2", 2),
    "failed_as_wrong": (None, "wrong"),
    "judge": ("reviewer", "reviewer"),
    "rpm": ("61", 61),
    "tpm": ("62", 62),
    "concurrency": ("63", 63),
    "max_cost": ("1.10", Decimal("1.1")),
    "deadline": ("8h", "8h"),
    "fail_on_error": ("0.25", 0.25),
    "retry_failed": (None, True),
    "tag": ("paper=v2", {"paper": "v2"}),
    "engines_at_once": ("2", 2),
    "cache_dir": ("some/cache", Path("some/cache")),
    "results_dir": ("some/results", Path("some/results")),
    "data": ("other.tsv", "other.tsv"),
    "model": ("writer", "query-specific_writer"),
    "writing_tokens": ("17", 17),
    "judge_model": ("reviewer", "reviewer"),
    "max_tokens": ("19", 19),
    "rows": ("other.jsonl", Path("other.jsonl")),
    "rubrics": ("rubrics.yaml", Path("rubrics.yaml")),
    "rubric": ("exact", "exact"),
    "template": ("readme", Template.README),
    "blind": (None, True),
    "reference_free": (None, True),
    "temperature": ("0.5", 0.5),
    "against": ("people.csv", (Path("people.csv"),)),
}
# Options that are refused on their own.
WITH = {
    "descriptions_per_image": ("--perception-temperature", "0.7"),
    "answers_per_question": ("--reasoning-temperature", "0.7"),
}


def settings(command):
    """Yield parameter name, its `Sets`, and Typer's option or argument."""
    for name, hint in get_type_hints(COMMANDS[command].function, include_extras=True).items():
        marks = getattr(hint, "__metadata__", ())
        for mark in marks:
            if isinstance(mark, Sets):
                (info,) = (one for one in marks if isinstance(one, OptionInfo | ArgumentInfo))
                yield name, mark, info


CASES = [(command, name) for command in COMMANDS for name, _, _ in settings(command)]


@pytest.mark.parametrize("option", ["--samples", "--perception-tokens", "--reasoning-tokens", "--rpm", "--tpm"])
def test_a_number_that_is_too_small_is_an_error_that_names_its_option(prism, option):
    said = prism("plan", "shapes.tsv", "-p", "scripted", "-r", "scripted", option, "0")
    assert (said.code, f"'{option}'" in said.err) == (2, True)


@pytest.mark.parametrize(
    ("option", "says"),
    [
        ("--samples", "must be a whole number (got 'x')"),
        ("--fail-on-error", "must be a number (got 'x')"),
        ("--log", "'x' is not one of 'plain', 'json'"),
    ],
)
def test_a_value_of_the_wrong_type_is_an_error_in_plain_words(prism, option, says):
    said = prism("run", "shapes.tsv", option, "x")
    err = " ".join(said.err.replace("│", " ").split())
    assert (said.code, says in err) == (2, True), said.err
    assert not re.search("Value error|Input should|parse", err)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--deadline", "25s"), "error: --deadline: must be"),
        (
            ("--answers-per-question", "3"),
            "error: --answers-per-question (reasoning): n: 3 draws would all be the same",
        ),
        (("--descriptions-per-image", "2"), "error: --descriptions-per-image (perception): n: 2 draws"),
        (("--rpm", "5"), "error: --rpm (requests_per_minute): reasoner 'scripted' is not behind an API"),
        (
            ("--concurrency", "5", "--tpm", "9"),
            "error: --tpm (tokens_per_minute), --concurrency: reasoner",
        ),
        (("--mode", "direct", "--rpm", "5"), "error: --rpm (requests_per_minute): reasoner 'scripted'"),
    ],
)
def test_a_wrong_value_is_named_by_the_option_that_was_typed_and_the_role_that_is_meant(prism, arguments, says):
    said = prism("plan", "shapes.tsv", "-p", "scripted", "-r", "scripted", *arguments)
    assert (said.code, says in said.err) == (2, True), said.err


def test_a_wrong_value_of_a_run_file_is_named_by_its_key(prism, tmp_path):
    (tmp_path / "run.yaml").write_text(
        "benchmark: shapes.tsv\nperceiver: scripted\nreasoner: scripted\ndeadline: 25s\n"
    )
    said = prism("plan", "--config", "run.yaml", "--samples", "5")
    assert (said.code, said.err.startswith("error: run.yaml: deadline: must be")) == (2, True), said.err
    said = prism("plan", "--config", "run.yaml", "--deadline", "30s")
    assert (said.code, said.err.startswith("error: --deadline: must be")) == (2, True), said.err


class CaughtError(BaseException):
    """Stops a command once its configuration is made; no `Exception`, which would be reported as a bug."""


@pytest.fixture
def caught(prism, monkeypatch):
    """Call a command up to its configuration, and return that."""
    made = []

    def stop(configs, *_, **__):
        made.extend(configs if isinstance(configs, tuple) else [configs])
        raise CaughtError

    monkeypatch.setattr(run, "run_all", stop)
    monkeypatch.setattr(gen_prompts, "run_all", stop)
    monkeypatch.setattr(api, "plan_many", stop)
    monkeypatch.setattr(api, "grade", stop)
    monkeypatch.setattr(api, "find_run_state", lambda *_: _finished())
    monkeypatch.setattr(api, "judge_runs", lambda _, config, *__, **___: stop(config))

    def call(command, *arguments):
        made.clear()
        with pytest.raises(CaughtError):
            prism(command, *arguments)
        (config,) = made
        return config

    return call


def _finished():
    config = RunConfig(benchmark="x", mode=Arm.BLIND, reasoner="scripted").model_dump(mode="json")
    return api.RunState(Path("run"), "complete", datetime.now(UTC), {}, config, Path())


def flag_of(name, info):
    return (info.param_decls or (f"--{name.replace('_', '-')}",))[0]


def read(config, key):
    for part in key.split("."):
        config = getattr(config, part)
    return config


@pytest.mark.parametrize(("command", "name"), CASES)
def test_an_option_sets_its_key(caught, command, name):
    (mark, info) = next((mark, info) for one, mark, info in settings(command) if one == name)
    required = COMMANDS[command].required
    word, expected = VALUES[name]
    default = caught(command, *required)
    assert read(default, mark.key) != expected
    if isinstance(info, ArgumentInfo):
        arguments = (word, *required[1:])
    else:
        flag = flag_of(name, info)
        rest = without(required, info.param_decls or ())
        arguments = (*rest, flag, *((word,) if word is not None else ()), *WITH.get(name, ()))
    assert read(caught(command, *arguments), mark.key) == expected


def without(arguments, flags):
    """Leave an option and its value out, where it is given already."""
    left = list(arguments)
    for flag in flags:
        if flag in left:
            del left[left.index(flag) : left.index(flag) + 2]
    return left


@pytest.mark.parametrize("command", COMMANDS)
def test_every_key_is_one_of_the_configuration(command):
    for name, mark, _ in settings(command):
        fields = COMMANDS[command].model.model_fields
        *parents, last = mark.key.split(".")
        for parent in parents:
            fields = getattr(fields[parent].annotation, "model_fields", {})
        assert last in fields, f"--{name}: {mark.key}"


@pytest.mark.parametrize("command", COMMANDS)
def test_no_key_is_set_twice(command):
    keys = [mark.key for _, mark, _ in settings(command)]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize("command", COMMANDS)
def test_options_that_are_not_given_leave_the_configuration_s_defaults(caught, command):
    required: dict[str, dict[str, object]] = {
        "run": {"benchmark": "shapes.tsv", "perceiver": "scripted", "reasoner": "scripted"},
        "gen-prompts": {"benchmark": "shapes.tsv", "instruction": "query-specific_scripted", "mode": "prompts"},
        "judge": {"judge": "scripted"},
        "grade": {"rows": Path("rows.jsonl"), "judge": "scripted"},
    }
    found = caught(command, *COMMANDS[command].required)
    assert found == COMMANDS[command].model.model_validate(required["run" if command == "plan" else command])
    assert found.cache_dir == default_cache_dir()
    assert found.results_dir == options.RESULTS_DIR


@pytest.mark.parametrize("command", ["judge", "grade"])
def test_a_wrong_value_is_one_message_and_exit_code_2(prism, command):
    said = prism(command, *COMMANDS[command].required, "--rpm", "0")
    assert (said.code, "'--rpm'" in said.err) == (2, True)


def test_a_parameter_that_is_not_handed_on_is_a_bug_and_never_ignored():
    def command(*, rpm: options.RpmOption = None): ...

    command.__annotations__ = {"rpm": options.RpmOption}
    assert config_options(command, {"rpm": 5}) == {"requests_per_minute": 5}
    with pytest.raises(KeyError, match="rpm"):
        config_options(command, {"rmp": 5})


def test_help_has_text_example_and_default():
    info = option("Text.", "--rpm", example="--rpm 500", default="none")
    assert info.help == "Text. Example: --rpm 500  \\[default: none]"


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_is_in_a_panel(command):
    hints = get_type_hints(COMMANDS[command].function, include_extras=True)
    for name, hint in hints.items():
        for mark in getattr(hint, "__metadata__", ()):
            if isinstance(mark, OptionInfo) and not mark.hidden:
                assert mark.rich_help_panel, name


def test_no_alias_of_an_option_stands_twice():
    names = []
    for path in [*(ROOT / "prism_engine" / "cli").rglob("*.py"), ROOT / "prism_engine" / "original" / "commands.py"]:
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.Assign) and "Annotated[" in ast.unparse(node.value):
                names += [ast.unparse(target) for target in node.targets]
    assert len(names) > 30
    assert sorted(names) == sorted(set(names))


def test_commands_without_a_configuration_get_a_folder_always(prism, monkeypatch, tmp_path):
    seen = []

    def standings(folder):
        seen.append(folder)
        return []

    monkeypatch.setattr(api, "run_states", standings)
    prism("runs")
    prism("runs", "--results-dir", "elsewhere")
    assert seen == [Path("results"), Path("elsewhere")]
    assert f"{tmp_path}/cache/calls.sqlite" in prism("cache", "gc", "--model", "x").out
    assert "elsewhere/calls.sqlite" in prism("cache", "gc", "--model", "x", "--cache-dir", "elsewhere").out


def test_the_parameters_of_run_are_shown_in_the_order_of_their_panels():
    panels = [
        info.rich_help_panel
        for hint in get_type_hints(run.run, include_extras=True).values()
        for info in getattr(hint, "__metadata__", ())
        if isinstance(info, OptionInfo)
    ]
    order = [options.WHAT, options.DESCRIPTIONS, options.ANSWERS, options.SCORING]
    order += [options.LIMITS, options.STOPPING, options.FILES, options.OUTPUT]
    assert list(dict.fromkeys(panels)) == order
    assert inspect.signature(run.run).parameters.keys() == inspect.signature(run.plan).parameters.keys()
