"""Results folders that earlier versions of prism wrote still read, and newer ones are refused by name."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import orjson
import pytest

EARLIER = Path(__file__).parents[1] / "earlier"
SPECIFIC = "query-specific_writer/Scenes120/seer-a/think-a"
DIRECT = "direct/Scenes120/seer-a"
RUN = ("run", "shapes.tsv", "-p", "scripted", "-r", "scripted")


@pytest.fixture
def earlier(tmp_path):
    """A results folder of schema 1: three of its runs have predictions, of six samples only."""
    shutil.copytree(EARLIER / "schema-1", tmp_path / "results")
    return tmp_path / "results"


def stages(prism, run):
    """Return the calls that `prism status` shows, by the stage's name."""
    rows = re.findall(
        r"^([A-Z][a-z ]+?) +[\d,]+ +([\d,]+) +\d+ +\d+ +\S+ +\S+$", prism("status", run).out, re.MULTILINE
    )
    return {name: int(calls) for name, calls in rows}


@pytest.mark.usefixtures("earlier")
def test_runs_and_their_status_are_shown_by_the_names_of_today(prism):
    assert [name in prism("runs").out for name in (SPECIFIC, DIRECT, "prompts/Scenes120/writer")] == [True] * 3
    assert stages(prism, SPECIFIC) == {"Hints": 88, "Descriptions": 120, "Answers": 0}
    assert stages(prism, DIRECT) == {"Direct answers": 120}
    assert list(stages(prism, "prompts/")) == ["Hints"]
    told = json.loads(prism("status", SPECIFIC, "--json").out)
    assert {key: meter["shared"] for key, meter in told["stages"].items()} == {
        "write": 32,
        "perceive": 0,
        "reason": 120,
    }
    assert not {"write", "describe", "answer"} & told.keys()


def test_runs_are_compared_analysed_and_ranked(prism, earlier):
    one, other = earlier / SPECIFIC, earlier / SPECIFIC.replace("think-a", "think-b")
    assert "think-b" in prism("compare", one, other).out
    for command in (("compare", one, other), ("analyze", earlier), ("board", earlier), ("score", one)):
        said = prism(*command)
        assert said.code == 0, said.err


def schema_1(folder):
    """Rewrite a run's status and manifest as schema 1 had them."""
    path = folder / "status.json"
    status = orjson.loads(path.read_bytes())
    assert status.pop("schema") == 2
    named = {"write": "write", "perceive": "describe", "reason": "answer", "direct": "answer"}
    status["progress"] |= {named[key]: meter for key, meter in status["progress"].pop("stages").items()}
    path.write_bytes(orjson.dumps(status | {"state": "interrupted"}))
    path = folder / "manifest.json"
    manifest = orjson.loads(path.read_bytes())
    assert manifest.pop("schema") == 2
    named = {"write": "writing", "perceive": "perception", "reason": "reasoning", "direct": "direct"}
    manifest["stages"] = {named[key]: counts for key, counts in manifest["stages"].items()}
    path.write_bytes(orjson.dumps(manifest))


def test_a_run_that_an_earlier_version_began_is_resumed_and_its_record_kept(prism, tmp_path):
    prism(*RUN)
    folder = tmp_path / "results/generic/shapes/scripted/scripted"
    before = (folder / "predictions.jsonl").read_bytes()
    schema_1(folder)
    assert prism("resume", "scripted/scripted").code == 0
    assert (folder / "predictions.jsonl").read_bytes() == before
    manifest = orjson.loads((folder / "manifest.json").read_bytes())
    assert (manifest["schema"], manifest["stages"]["reason"]["calls"]) == (2, 0)
    (first,) = manifest["earlier_runs"]
    assert first["stages"].keys() == {"perceive", "reason"}
    assert first["stages"]["reason"]["calls"] > 0


@pytest.mark.parametrize("name", ["status.json", "manifest.json"])
def test_what_a_newer_version_wrote_is_one_error_that_names_the_file_and_its_version(prism, tmp_path, name):
    prism(*RUN)
    folder = tmp_path / "results/generic/shapes/scripted/scripted"
    (folder / name).write_bytes(orjson.dumps(orjson.loads((folder / name).read_bytes()) | {"schema": 3}))
    if name == "status.json":
        commands = [("runs",), ("status",), ("resume", "scripted/scripted")]
    else:
        commands = [RUN, ("analyze", folder), ("board", folder), ("score", folder)]
    for command in commands:
        said = prism(*command)
        assert said.code == 2, (command, said.out)
        assert f"{name}: schema 3 of a newer version of prism; this one reads schemas 1 to 2" in said.err.replace(
            "\n", ""
        ), command
    assert orjson.loads((folder / name).read_bytes())["schema"] == 3


@pytest.mark.parametrize("content", [b"[]", b"{", b'{"schema": "two"}', b'{"schema": 0}'])
def test_a_file_that_is_no_status_is_skipped(prism, tmp_path, content):
    prism(*RUN)
    (tmp_path / "results/other").mkdir()
    (tmp_path / "results/other/status.json").write_bytes(content)
    assert prism("runs").out.count("complete") == 1
