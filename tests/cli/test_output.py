"""How runs are reported: JSON, log lines, notifications, tags."""

from __future__ import annotations

import json
import shlex
import sys

import pytest
import yaml

from prism_engine.cli import app
from prism_engine.cli.app import COMMANDS
from tests.receiver import receiver

from .conftest import SCRIPTED

SECRET = "T0KEN"
TABLES = {
    "run": SCRIPTED,
    "plan": SCRIPTED,
    "runs": (),
    "status": (),
    "models": (),
    "score": ("generic/shapes",),
    "compare": ("generic/shapes", "blind/shapes"),
    "board": ("results",),
    "analyze": ("results", "--plots", "none"),
    "power": ("generic/shapes", "blind/shapes"),
    "judge": ("generic/shapes", "--judge", "scripted", "--plan"),
    "datasets list": (),
    "datasets info": ("shapes.tsv",),
    "datasets check": ("shapes.tsv",),
    "cache stats": (),
    "cache verify": (),
    "cache gc": ("--older-than", "1d", "--dry-run"),
}


@pytest.fixture
def two_runs(prism):
    said = prism("run", *SCRIPTED, "--mode", "all", "--mode", "blind", "--tag", "paper=v2", "--tag", "seed=3")
    assert said.code == 0
    return prism


@pytest.mark.parametrize("command", TABLES)
def test_every_command_that_prints_a_table_prints_one_json_object_instead(two_runs, command):
    said = two_runs(*command.split(), *TABLES[command], "--json")
    assert said.code == 0, said.err
    told = json.loads(said.out, parse_constant=pytest.fail)
    assert told["schema"] == 1
    assert len(told) > 1


@pytest.mark.parametrize("name", [name for name, lazy in COMMANDS.items() if "original" not in lazy.target])
def test_a_command_that_prints_tables_has_the_option(name):
    others = {"gen-prompts", "demo", "convert", "view"}  # files, logs and pages are their results
    command = app.imported(name)
    groups = getattr(command, "commands", {name: command})
    tabular = {"datasets": {"list", "info", "check"}, "cache": {"stats", "verify", "gc"}}.get(name, {name})
    for one in tabular - others:
        assert "--json" in [flag for param in groups[one].params for flag in param.opts], one


def test_the_json_of_a_run_has_what_scripts_need(prism):
    told = json.loads(prism("run", *SCRIPTED, "--json", "--tag", "paper=v2").out)
    (run,) = told["runs"]
    assert (told["status"], told["exit_code"], told["cost"], told["error"]) == ("complete", 0, "0.000000000", None)
    assert told["title"].startswith("prism: shapes, scripted + scripted: complete, ")
    assert (run["samples"], run["done"], run["tags"], run["mode"]) == (24, 24, {"paper": "v2"}, "all")
    assert run["accuracy"] == told["accuracy"]
    assert run["folder"] == told["folder"] == "results/generic/shapes/scripted/scripted"


def test_a_sweep_that_fails_in_part_says_so_in_its_json(prism, tmp_path):
    (tmp_path / "m.yaml").write_text("models:\n  shaky: {backend: scripted, replies: [A], failure_rate: 1.0}\n")
    said = prism(
        "run", "shapes.tsv", "-p", "scripted", "-r", "scripted", "-r", "shaky", "--models-file", "m.yaml", "--json"
    )
    told = json.loads(said.out)
    assert (said.code, told["exit_code"], told["status"], told["accuracy"]) == (1, 1, "incomplete", None)
    assert [run["failed"] for run in told["runs"]] == [0, 24]


# Tags


def test_tags_are_in_manifest_tables_and_filters_and_change_neither_calls_nor_folders(two_runs, tmp_path):
    manifest = json.loads((tmp_path / "results/generic/shapes/scripted/scripted/manifest.json").read_text())
    assert manifest["config"]["tags"] == {"paper": "v2", "seed": "3"}
    (sweep,) = (tmp_path / "results").glob("sweep-*.csv")
    assert sweep.read_text().count('"paper=v2, seed=3"') == 2
    assert "| paper=v2, seed=3 |" in sweep.with_suffix(".md").read_text()
    again = two_runs("run", *SCRIPTED, "--tag", "paper=v3")
    assert "24 done (24 from the cache)" in again.out
    rows = two_runs("runs").out.splitlines()
    assert rows[0].split()[-1] == "Tags"
    assert {row.split()[-1] for row in rows[1:]} == {"paper=v3", "seed=3"}
    assert [len(two_runs("runs", "--tag", tag).out.splitlines()) for tag in ("paper", "paper=v3", "seed=3")] == [
        3,
        2,
        2,
    ]
    assert "no run in results has the tags paper=v9" in two_runs("runs", "--tag", "paper=v9").out


def test_the_board_has_a_column_per_tag(two_runs):
    (system,) = json.loads(two_runs("board", "results", "--json").out)["systems"]
    assert (system["tag_paper"], system["tag_seed"]) == ("v2", "3")
    assert two_runs("board", "results").out.split("\n")[0].split()[1:3] == ["paper", "seed"]


def test_a_resumed_run_keeps_its_tags(two_runs, tmp_path):
    assert two_runs("resume", "generic/shapes").code == 0
    status = json.loads((tmp_path / "results/generic/shapes/scripted/scripted/status.json").read_text())
    assert status["config"]["tags"] == {"paper": "v2", "seed": "3"}


def test_tags_of_a_run_file_may_be_numbers(prism, tmp_path):
    run = {"benchmark": "shapes.tsv", "mode": "blind", "reasoner": "scripted", "tags": {"seed": 3, "lr": 0.5}}
    (tmp_path / "run.yaml").write_text(yaml.safe_dump(run))
    assert json.loads(prism("run", "-c", "run.yaml", "--json").out)["runs"][0]["tags"] == {"seed": "3", "lr": "0.5"}


@pytest.mark.parametrize(
    ("tags", "says"),
    [
        (("paper",), "--tag paper: must be KEY=VALUE"),
        (("=v2",), "must be KEY=VALUE"),
        (("a=1", "a=2"), "the key 'a' is given twice"),
        (("a b=1",), "--tag (tags"),
        (("a=\x1b[31m",), "--tag (tags"),
        (("a=" + "x" * 201,), "--tag (tags"),
    ],
)
def test_a_wrong_tag_is_an_error_before_anything_is_called(prism, tmp_path, tags, says):
    said = prism("run", *SCRIPTED, *(word for tag in tags for word in ("--tag", tag)))
    assert (said.code, says in said.err) == (2, True), said.err
    assert "\x1b" not in said.err
    assert not (tmp_path / "results").exists()


# Logs


@pytest.fixture
def often(monkeypatch):
    monkeypatch.setattr("prism_engine.cli.show.live.LOG_SECONDS", 0.01)


SLOW = "models:\n  slow: {backend: scripted, replies: [A], delay: 0.02, concurrency: 2}\n"


@pytest.mark.parametrize("by", ["option", "environment"])
def test_a_log_is_plain_lines_or_json(prism, tmp_path, often, monkeypatch, by):
    (tmp_path / "m.yaml").write_text(SLOW)
    command = ("run", "shapes.tsv", "--mode", "blind", "-r", "slow", "--models-file", "m.yaml")
    plain = prism(*command).err.splitlines()
    assert any(" samples (" in line and len(line) < 200 for line in plain[:-1])
    assert not any(line.startswith("{") for line in plain)
    if by == "environment":
        monkeypatch.setenv("PRISM_LOG", "json")
    lines = prism(*command, *(["--log", "json"] if by == "option" else []), "--cache-dir", "other").err.splitlines()
    progress = [json.loads(line) for line in lines if line.startswith("{")]
    assert progress
    assert progress[-1]["samples"]["total"] == 24


# Notifications


def test_the_end_of_a_run_is_posted_and_its_url_is_nowhere(prism, tmp_path):
    with receiver() as (url, got):
        said = prism("run", *SCRIPTED, "--notify", f"{url}/{SECRET}")
    ((path, _, summary),) = got
    assert (said.code, path) == (0, f"/{SECRET}")
    assert (summary["status"], summary["exit_code"], summary["runs"][0]["done"]) == ("complete", 0, 24)
    assert SECRET not in said.out + said.err
    written = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert written
    assert not [file for file in written if SECRET.encode() in file.read_bytes()]


def test_the_command_to_continue_with_does_not_repeat_the_secret(prism, tmp_path, monkeypatch):
    (tmp_path / "m.yaml").write_text("models:\n  shaky: {backend: scripted, replies: [A], failure_rate: 1.0}\n")
    with receiver() as (url, got):
        options = ("--models-file", "m.yaml", "--notify", f"{url}/{SECRET}")
        command = ("run", "shapes.tsv", "--mode", "blind", "-r", "shaky", *options)
        monkeypatch.setattr(sys, "argv", ["prism", *command])
        said = prism(*command)
    assert (said.code, got[0].body["exit_code"]) == (1, 1)
    assert "again: prism run shapes.tsv --mode blind -r shaky --models-file m.yaml\n" in said.err
    assert SECRET not in said.out + said.err


def test_a_notification_that_fails_changes_nothing_but_one_line(prism):
    said = prism("run", *SCRIPTED, "--notify", f"http://127.0.0.1:9/{SECRET}")
    assert said.code == 0
    assert said.err.splitlines()[-1] == "note: the notification to 127.0.0.1 failed: ClientConnectorError"


def test_an_error_before_the_first_call_is_reported_too(prism):
    with receiver() as (url, got):
        said = prism("run", "absent.tsv", "-p", "scripted", "-r", "scripted", "--notify", url)
    ((_, _, summary),) = got
    assert (said.code, summary["status"], summary["exit_code"], summary["runs"]) == (2, "error", 2, [])
    assert "absent.tsv" in summary["error"]


def test_a_wrong_notification_is_an_error_before_anything_is_called(prism, tmp_path):
    said = prism("run", *SCRIPTED, "--notify", f"hooks.example/{SECRET}")
    assert (said.code, "--notify" in said.err, SECRET in said.err) == (2, True, False)
    assert not (tmp_path / "results").exists()


def test_a_resumed_run_notifies_only_if_asked_again(prism, tmp_path):
    log = tmp_path / "log.txt"
    command = shlex.join([sys.executable, "-c", f"open({str(log)!r}, 'a').write('x')"])
    assert prism("run", *SCRIPTED, "--notify", command).code == 0
    assert prism("resume", "generic/shapes").code == 0
    assert log.read_text() == "x"
    assert prism("resume", "generic/shapes", "--notify", command).code == 0
    assert log.read_text() == "xx"


def test_no_configuration_has_a_notification():
    from prism_engine.config import RunConfig  # noqa: PLC0415

    assert not [name for name in RunConfig.model_fields if "notif" in name]
