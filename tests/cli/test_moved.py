"""`prism resume` where results, cache, benchmark or the whole project have moved since the run."""

from __future__ import annotations

import shutil

import orjson
import pytest

RUN = ("run", "shapes.tsv", "-p", "scripted", "-r", "scripted")
PLACE = "generic/shapes/scripted/scripted"


def snapshot(folder):
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("given", ["name", "folder"])
def test_results_that_have_moved_are_continued_where_they_are(prism, tmp_path, given):
    prism(*RUN, "--max-cost", "5")
    shutil.move(tmp_path / "results", tmp_path / "archive")
    run = (PLACE, "--results-dir", "archive") if given == "name" else (f"archive/{PLACE}",)
    said = prism("resume", *run)
    assert said.code == 0, said.err
    assert not (tmp_path / "results").exists()
    status = orjson.loads((tmp_path / "archive" / PLACE / "status.json").read_bytes())
    assert status["config"]["results_dir"] == "archive"
    assert status["progress"]["stages"]["reason"]["calls"] == 0
    assert prism("resume", *run).code == 0


def test_a_copy_is_continued_and_the_original_stays_as_it_is(prism, tmp_path):
    prism(*RUN)
    shutil.copytree(tmp_path / "results", tmp_path / "copy")
    before = snapshot(tmp_path / "results")
    assert prism("resume", f"copy/{PLACE}").code == 0
    assert snapshot(tmp_path / "results") == before


@pytest.mark.parametrize("absolute", [False, True])
def test_a_project_that_has_moved_as_a_whole_is_continued_there(prism, tmp_path, monkeypatch, absolute):
    old, new = tmp_path / "old", tmp_path / "new"
    old.mkdir()
    (tmp_path / "shapes.tsv").rename(old / "shapes.tsv")
    monkeypatch.chdir(old)
    prefix = f"{old}/" if absolute else ""
    options = ("--cache-dir", f"{prefix}calls", "--results-dir", f"{prefix}results")
    assert prism("run", f"{prefix}shapes.tsv", *RUN[2:], *options).code == 0
    old.rename(new)
    monkeypatch.chdir(new)
    said = prism("resume", PLACE)
    assert said.code == 0, said.err
    assert f"{old}, where the run was started, is gone" in said.err
    assert not old.exists()
    assert (
        orjson.loads((new / "results" / PLACE / "status.json").read_bytes())["progress"]["stages"]["reason"]["calls"]
        == 0
    )


def test_a_missing_benchmark_is_one_line_with_the_option(prism, tmp_path):
    prism(*RUN)
    (tmp_path / "shapes.tsv").rename(tmp_path / "moved.tsv")
    said = prism("resume", PLACE)
    assert (said.code, "shapes.tsv" in said.err, "--benchmark FILE" in said.err) == (2, True, True), said.err
    (tmp_path / "data").mkdir()
    (tmp_path / "moved.tsv").rename(tmp_path / "data/shapes.tsv")
    assert prism("resume", PLACE, "--benchmark", "data/shapes.tsv").code == 0


def test_a_missing_cache_is_said_before_its_calls_are_made_again(prism, tmp_path):
    prism(*RUN)
    (tmp_path / "cache").rename(tmp_path / "calls")
    said = prism("resume", PLACE)
    assert (said.code, "--cache-dir" in said.err, "finished calls" in said.err) == (2, True, True), said.err
    assert not (tmp_path / "cache").exists()
    assert prism("resume", PLACE, "--cache-dir", "calls").code == 0


def test_a_run_folder_outside_of_its_results_folder_is_one_line(prism, tmp_path):
    prism(*RUN)
    (tmp_path / "results" / PLACE).rename(tmp_path / "alone")
    said = prism("resume", "alone")
    assert (said.code, f"was '{PLACE}' in its results folder" in said.err) == (2, True), said.err


def test_a_status_of_an_earlier_version_says_nothing_of_its_place_and_is_found_by_its_mode(prism, tmp_path):
    prism(*RUN)
    path = tmp_path / "results" / PLACE / "status.json"
    content = orjson.loads(path.read_bytes())
    del content["place"]
    path.write_bytes(orjson.dumps(content))
    shutil.move(tmp_path / "results", tmp_path / "archive")
    assert prism("resume", f"archive/{PLACE}").code == 0
    assert not (tmp_path / "results").exists()
