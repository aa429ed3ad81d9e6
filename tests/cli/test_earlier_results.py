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
        r"^([A-Z][a-z ]+?) +[\d,]+ +[\d,]+ +([\d,]+) +\d+ +\d+ +\S+ +\S+$", prism("status", run).out, re.MULTILINE
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


def test_runs_of_two_versions_of_the_rules_are_compared_only_after_rescoring(prism, earlier):
    one, other = earlier / SPECIFIC, earlier / SPECIFIC.replace("think-a", "think-b")
    manifest = orjson.loads((other / "manifest.json").read_bytes())
    assert manifest["scoring"]["profile"] == "prism"  # as before there were versions
    manifest["scoring"]["profile"] = "prism-2"
    (other / "manifest.json").write_bytes(orjson.dumps(manifest))
    own = {run: (run / "predictions.jsonl").read_bytes() for run in (one, other)}
    for command in (("compare", one, other), ("analyze", earlier, "--plots", "none"), ("board", earlier)):
        said = prism(*command)
        assert said.code == 2
        assert "is scored by prism-1" in " ".join(said.err.split())
        assert "--rescore prism-2" in " ".join(said.err.split())
        assert prism(*command, "--rescore", "prism").code == 0
    assert (one / "scores-prism-2.json").is_file()
    assert not (other / "scores-prism-2.json").exists()  # it is scored by these rules already
    assert {run: (run / "predictions.jsonl").read_bytes() for run in own} == own
    assert prism("compare", one, other, "--rescore", "v9").code == 2


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


def test_rows_of_schema_1_are_scored_and_judged_and_stay_what_they_are(prism, earlier, tmp_path):
    (tmp_path / "m.yaml").write_text("models: {letters: {backend: scripted, replies: [A, B, C, D]}}")
    run = earlier / SPECIFIC
    lines = (run / "predictions.jsonl").read_bytes().splitlines()
    unread = orjson.loads(lines[0]) | {"reply": "hard to say", "extracted": None, "score": None}
    (run / "predictions.jsonl").write_bytes(b"\n".join([orjson.dumps(unread), *lines[1:], b""]))
    assert prism("score", run, "--profile", "v3").code == 0
    said = prism("judge", run, "--judge", "letters", "--models-file", "m.yaml")
    assert (said.code, "1 judged" in said.out) == (0, True), said.err
    before = rows_of(run / "predictions.jsonl")
    for path in (run / "predictions-v3.jsonl", run / "judged-letters/predictions.jsonl"):
        assert [set(row) - {"judge"} for row in rows_of(path)] == [set(row) for row in before]


def rows_of(path):
    return [orjson.loads(line) for line in path.read_bytes().splitlines()]


def test_a_rerun_from_the_cache_writes_the_rows_of_an_earlier_version_in_the_format_of_today(prism, tmp_path):
    prism(*RUN)
    folder = tmp_path / "results/generic/shapes/scripted/scripted"
    schema_1(folder)
    written = {path: path.read_bytes() for path in (folder / "predictions.jsonl", folder.parent / "descriptions.jsonl")}
    for path in written:
        earlier = [
            {name: value for name, value in row.items() if name not in ("schema", "steps")} for row in rows_of(path)
        ]
        path.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in earlier))
    assert prism(*RUN, "--retry-failed").code == 0
    assert prism("resume", "scripted/scripted").code == 0
    assert {path: path.read_bytes() for path in written} == written


@pytest.mark.parametrize("newer", [{"schema": 3}, {"schema": 3, "steps": "elsewhere", "score": {"value": 1.0}}])
def test_a_row_of_a_newer_version_is_one_error_that_names_the_file_the_line_and_its_version(prism, tmp_path, newer):
    (tmp_path / "m.yaml").write_text("models: {letters: {backend: scripted, replies: [A, B, C, D]}}")
    prism(*RUN)
    prism("run", "shapes.tsv", "-p", "scripted", "-r", "scripted", "--mode", "blind")
    folder = tmp_path / "results/generic/shapes/scripted/scripted"
    path = folder / "predictions.jsonl"
    lines = path.read_bytes().splitlines()
    lines[4] = orjson.dumps(orjson.loads(lines[4]) | newer)
    path.write_bytes(b"\n".join([*lines, b""]))
    for command in (
        ("analyze", folder),
        ("board", folder),
        ("compare", folder, tmp_path / "results/blind/shapes/scripted"),
        ("score", folder),
        ("judge", folder, "--judge", "letters", "--models-file", "m.yaml"),
        ("export", "original", folder, tmp_path / "out"),
        (*RUN, "--retry-failed"),
    ):
        said = prism(*command)
        assert said.code == 2, (command, said.out, said.err)
        assert (
            f"{path.name}, line 5: schema 3 of a newer version of prism; this one reads schemas 1 to 2"
            in said.err.replace("\n", "")
        ), (command, said.err)


@pytest.mark.parametrize("name", ["predictions.jsonl", "../descriptions.jsonl"])
def test_rows_of_a_newer_version_are_not_replaced(prism, tmp_path, name):
    prism(*RUN)
    path = tmp_path / "results/generic/shapes/scripted/scripted" / name
    before = path.read_bytes().replace(b'"schema":2', b'"schema":3')
    path.write_bytes(before)
    said = prism(*RUN)
    assert (said.code, "line 1: schema 3 of a newer version" in said.err.replace("\n", "")) == (2, True)
    assert path.read_bytes() == before


@pytest.mark.parametrize("content", [b"[]", b"{", b'{"schema": "two"}', b'{"schema": 0}'])
def test_a_file_that_is_no_status_is_skipped(prism, tmp_path, content):
    prism(*RUN)
    (tmp_path / "results/other").mkdir()
    (tmp_path / "results/other/status.json").write_bytes(content)
    assert prism("runs").out.count("complete") == 1
