"""`prism runs`, `prism status` and `prism resume`."""

from __future__ import annotations

import json

import orjson
import pytest

RUN = ("run", "shapes.tsv", "-p", "scripted", "-r", "scripted")


def test_without_runs_it_says_how_to_make_one(prism):
    said = prism("runs")
    assert (said.code, "no runs in results" in said.out) == (0, True)
    assert prism("status").code == prism("resume", "x").code == 2


def test_a_run_is_listed_and_described(prism):
    prism(*RUN)
    name = "generic/shapes/scripted/scripted"
    listed = prism("runs").out
    assert name in listed
    assert "24/24" in listed
    assert "complete" in prism("status").out
    numbers = json.loads(prism("status", "scripted/scripted", "--json").out)
    assert (numbers["state"], numbers["samples"]["done"], numbers["answer"]["calls"]) == ("complete", 24, 24)


@pytest.mark.parametrize("elsewhere", [False, True])
def test_a_run_goes_on_where_it_was_begun(prism, tmp_path, monkeypatch, elsewhere):
    prism(*RUN)
    path = tmp_path / "results/generic/shapes/scripted/scripted/status.json"
    content = orjson.loads(path.read_bytes())
    path.write_bytes(orjson.dumps(content | {"state": "interrupted"}))
    assert "prism resume generic/shapes/scripted/scripted" in prism("status").out
    if elsewhere:
        (tmp_path / "elsewhere").mkdir()
        monkeypatch.chdir(tmp_path / "elsewhere")
    said = prism("resume", "scripted/scripted", "--results-dir", tmp_path / "results")
    assert (said.code, "24 done" in said.out) == (0, True)
    assert (f"in {tmp_path}" in said.err) == elsewhere
    assert orjson.loads(path.read_bytes())["state"] == "complete"


def test_a_run_that_goes_on_is_not_begun_twice(prism, tmp_path):
    prism(*RUN)
    path = tmp_path / "results/generic/shapes/scripted/scripted/status.json"
    path.write_bytes(orjson.dumps(orjson.loads(path.read_bytes()) | {"state": "running"}))
    said = prism("resume", "scripted/scripted")
    assert (said.code, "going on now" in said.err) == (2, True)
