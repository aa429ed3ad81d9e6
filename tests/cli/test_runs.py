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
    assert "Limited by: " in prism("status").out
    numbers = json.loads(prism("status", "scripted/scripted", "--json").out)
    assert (numbers["state"], numbers["samples"]["done"], numbers["stages"]["reason"]["calls"]) == ("complete", 24, 24)


def test_a_run_that_goes_on_says_how_much_of_its_limits_and_its_money_is_in_use(prism, tmp_path):
    prism(*RUN)
    path = tmp_path / "results/generic/shapes/scripted/scripted/status.json"
    content = orjson.loads(path.read_bytes())
    progress = content["progress"]
    progress["stages"]["reason"]["limits"] = {"requests_per_minute": {"used": 450, "limit": 500}}
    progress |= {"money": {"cap": "5.000000000", "left": "1.230000000"}, "eta_seconds": 60}
    progress["bounded_by"] = {"requests_per_minute": 0.8, "perceiver": 0.18, "prism": 0.02}
    path.write_bytes(orjson.dumps(content | {"state": "running", "pid": 1}))
    said = prism("status").out
    assert "Answers: requests/min 450 of 500 in use" in said
    assert "Limited by: requests/min (80% of the time), perceiver (18% of the time)\n" in said
    assert "$1.23 of $5.00 left" in said
    assert "about 1 min 00 s left" in said


def test_a_status_of_an_earlier_version_is_told_as_far_as_it_goes(prism, tmp_path):
    prism(*RUN)
    path = tmp_path / "results/generic/shapes/scripted/scripted/status.json"
    content = orjson.loads(path.read_bytes())
    del (
        content["progress"]["bounded_by"],
        content["progress"]["stages"]["reason"]["limits"],
        content["progress"]["money"],
    )
    path.write_bytes(orjson.dumps(content | {"state": "running", "pid": 1}))
    assert prism("status").code == 0


def test_every_stage_of_a_run_is_shown_the_writing_of_hints_too(prism):
    prism(*RUN, "--instruction", "query-specific_scripted")
    assert [line.split()[0] for line in prism("status").out.splitlines()[3:6]] == ["Hints", "Descriptions", "Answers"]
    prism("gen-prompts", "-d", "shapes.tsv", "-m", "scripted", "-n", "5")
    stages = [
        line.split()[0]
        for line in prism("status", "prompts/").out.splitlines()
        if line.startswith(("Hints", "Descriptions"))
    ]
    assert stages == ["Hints"]


def test_how_to_continue_names_the_results_folder_quoted_for_a_shell(prism, tmp_path):
    prism(*RUN, "--results-dir", "my runs")
    path = tmp_path / "my runs/generic/shapes/scripted/scripted/status.json"
    path.write_bytes(orjson.dumps(orjson.loads(path.read_bytes()) | {"state": "interrupted"}))
    command = "prism resume generic/shapes/scripted/scripted --results-dir 'my runs'"
    assert f"continue with: {command}\n" in prism("status", "--results-dir", "my runs").out


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


def test_a_run_is_resumed_with_another_cap_and_other_retries(prism, tmp_path):
    prism(*RUN)
    assert prism("resume", "scripted/scripted", "--max-cost", "1.5", "--retry-failed").code == 0
    config = orjson.loads((tmp_path / "results/generic/shapes/scripted/scripted/status.json").read_bytes())["config"]
    assert (config["max_cost"], config["retry_failed"]) == ("1.5", True)


def test_a_run_whose_deadline_has_passed_is_resumed_without_it_or_with_another(prism, tmp_path):
    prism(*RUN)
    path = tmp_path / "results/generic/shapes/scripted/scripted/status.json"

    def stopped():
        content = orjson.loads(path.read_bytes())
        content["config"]["deadline"] = "2020-01-01 07:00"
        path.write_bytes(orjson.dumps(content | {"state": "deadline"}))

    stopped()
    said = prism("resume", "scripted/scripted")
    assert (said.code, "--deadline sets another one" in said.err) == (0, True)
    stopped()
    said = prism("resume", "scripted/scripted", "--deadline", "8h")
    assert (said.code, "--deadline" in said.err) == (0, False)
    assert orjson.loads(path.read_bytes())["config"]["deadline"] == "8h"


def test_a_run_that_goes_on_is_not_begun_twice(prism, tmp_path):
    prism(*RUN)
    path = tmp_path / "results/generic/shapes/scripted/scripted/status.json"
    path.write_bytes(orjson.dumps(orjson.loads(path.read_bytes()) | {"state": "running"}))
    said = prism("resume", "scripted/scripted")
    assert (said.code, "is running now" in said.err) == (2, True)
