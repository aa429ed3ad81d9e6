"""`prism run`: what it prints, writes, and exits with."""

from __future__ import annotations

import json
import re
from importlib import import_module

import pytest

from tests.processes import chaos_server, server_stats
from tests.shapes import write_shapes

from .conftest import SCRIPTED, write_models


def test_a_run_prints_its_scores_and_leaves_prism_s_layout(prism, tmp_path):
    said = prism("run", *SCRIPTED)
    assert said.code == 0
    assert "Overall" in said.out
    assert "24 samples: 24 done" in said.out
    perceiver = tmp_path / "results" / "generic" / "shapes" / "scripted"
    assert {path.name for path in perceiver.iterdir()} == {"descriptions.jsonl", "descriptions.parquet", "scripted"}
    assert {path.name for path in (perceiver / "scripted").iterdir()} == {
        "predictions.jsonl",
        "predictions.parquet",
        "scores.json",
        "scores.csv",
        "scores.md",
        "manifest.json",
        "status.json",
    }
    manifest = json.loads((perceiver / "scripted" / "manifest.json").read_text())
    assert manifest["status"] == "complete"
    assert manifest["samples"] == {"done": 24, "cached": 0, "failed": 0, "not_run": 0}


def test_a_second_run_calls_nothing_and_writes_the_same_bytes(prism, tmp_path):
    names = ("predictions.jsonl", "predictions.parquet", "scores.json", "scores.csv", "scores.md")
    folder = tmp_path / "results" / "generic" / "shapes" / "scripted" / "scripted"
    prism("run", *SCRIPTED)
    first = {name: (folder / name).read_bytes() for name in names}
    said = prism("run", *SCRIPTED)
    assert "Descriptions: 0 called" in said.err
    assert "Answers: 0 called" in said.err
    assert {name: (folder / name).read_bytes() for name in names} == first


def test_the_modes_split_one_run_in_two(prism, tmp_path):
    described = prism("run", "shapes.tsv", "-p", "scripted", "--mode", "perception")
    assert described.code == 0
    assert "Overall" not in described.out
    answered = prism("run", *SCRIPTED, "--mode", "reasoning")
    assert answered.code == 0
    assert "Descriptions: 0 called" in answered.err


def test_answering_without_descriptions_says_so_and_is_not_a_score(prism, tmp_path):
    said = prism("run", *SCRIPTED, "--mode", "reasoning")
    assert said.code == 1
    assert "24 not run" in said.out
    rows = (tmp_path / "results/generic/shapes/scripted/scripted/predictions.jsonl").read_text().splitlines()
    assert {json.loads(row)["status"] for row in rows} == {"not_run"}
    assert "not in the cache" in json.loads(rows[0])["failure"]
    scores = json.loads((tmp_path / "results/generic/shapes/scripted/scripted/scores.json").read_text())
    assert scores["overall"]["accuracy"] is None


def test_failed_samples_are_counted_apart_and_make_exit_code_1(prism, tmp_path):
    models = write_models(tmp_path / "m.yaml", flaky={"backend": "scripted", "replies": ["A"], "failure_rate": 0.5})
    said = prism("run", "shapes.tsv", "-p", "scripted", "-r", "flaky", "--models-file", models)
    assert said.code == 1
    assert "failed" in said.out
    scores = json.loads((tmp_path / "results/generic/shapes/scripted/flaky/scores.json").read_text())["overall"]
    assert 0 < scores["failed"] < 24
    assert scores["scored"] + scores["failed"] == 24


def test_open_questions_are_answered_and_not_scored_as_wrong(prism, tmp_path):
    lines = (tmp_path / "shapes.tsv").read_text().splitlines()
    table = [line.split("\t")[:3] for line in lines]
    (tmp_path / "open.tsv").write_text("\n".join("\t".join(row) for row in table) + "\n")
    said = prism("run", "open.tsv", "-p", "scripted", "-r", "scripted")
    assert said.code == 0
    assert "24 samples are not scored" in said.out
    scores = json.loads((tmp_path / "results/generic/open/scripted/scripted/scores.json").read_text())
    assert (scores["overall"]["accuracy"], scores["overall"]["unscored"]) == (None, 24)


def test_fewer_samples_and_other_limits_get_folders_of_their_own(prism, tmp_path):
    prism("run", *SCRIPTED, "--samples", "4", "--reasoning-tokens", "2048")
    folder = tmp_path / "results/generic/shapes-first4/scripted/scripted-2048"
    assert len((folder / "predictions.jsonl").read_text().splitlines()) == 4


def test_another_file_of_the_same_name_does_not_overwrite_results(prism, tmp_path):
    prism("run", *SCRIPTED)
    (tmp_path / "other").mkdir()
    write_shapes(tmp_path / "other" / "shapes.tsv", 8, 5)
    said = prism("run", "other/shapes.tsv", *SCRIPTED[1:])
    assert said.code == 0
    rows = (tmp_path / "results/generic/shapes/scripted/scripted/predictions.jsonl").read_text().splitlines()
    assert len(rows) == 24
    assert len(list((tmp_path / "results/generic").iterdir())) == 2
    assert prism("run", "other/shapes.tsv", *SCRIPTED[1:]).code == 0
    assert len(list((tmp_path / "results/generic").iterdir())) == 2


def test_a_run_that_dies_early_leaves_more_complete_results_alone(prism, tmp_path):
    entry = {"backend": "api", "model": "chaos", "identity": "chaos", "api_key_env": None, "attempts": 1}
    with chaos_server() as url:
        models = write_models(tmp_path / "m.yaml", remote={**entry, "base_url": url})
        prism("run", "shapes.tsv", "-p", "scripted", "-r", "remote", "--models-file", models)
    folder = tmp_path / "results/generic/shapes/scripted/remote"
    before = (folder / "scores.json").read_bytes()
    write_models(models, remote={**entry, "base_url": "http://127.0.0.1:9/v1"})
    models = ("--models-file", models, "--cache-dir", "another")
    said = prism("run", "shapes.tsv", "-p", "scripted", "-r", "remote", *models)
    assert said.code == 4
    assert "left as they were" in said.out
    assert (folder / "scores.json").read_bytes() == before


def test_the_manifest_remembers_what_earlier_runs_cost(prism, tmp_path):
    prism("run", *SCRIPTED)
    prism("run", *SCRIPTED)
    manifest = json.loads((tmp_path / "results/generic/shapes/scripted/scripted/manifest.json").read_text())
    assert manifest["stages"]["perceive"]["calls"] == 0
    assert manifest["earlier_runs"][0]["stages"]["perceive"]["calls"] > 0
    assert manifest["instruction"].startswith("Describe")


def test_a_run_file_is_overridden_by_options(prism, tmp_path):
    (tmp_path / "run.yaml").write_text(
        "benchmark: shapes.tsv\nperceiver: scripted\nreasoner: mine\nsamples: 5\n"
        "models: {mine: {backend: scripted, replies: [A]}}\n"
    )
    assert prism("run", "--config", "run.yaml", "--samples", "3").code == 0
    assert (tmp_path / "results/generic/shapes-first3/scripted/mine").is_dir()


def test_an_api_reasoner_answers_over_http_within_its_limits(prism, tmp_path, monkeypatch):
    monkeypatch.setenv("MY_API_KEY", "sk-planted-secret")
    with chaos_server("--key", "sk-planted-secret", "--latency", 0.01) as url:
        models = write_models(
            tmp_path / "m.yaml",
            remote={
                "backend": "api",
                "model": "chaos",
                "base_url": url,
                "api_key_env": "MY_API_KEY",
                "limits": {"concurrency": 4},
            },
        )
        said = prism("run", "shapes.tsv", "-p", "scripted", "-r", "remote", "--models-file", models)
        stats = server_stats(url)
    assert said.code == 0
    assert 0 < stats["completed"] == stats["received"] <= 24
    assert stats["most_in_flight"] <= 4
    assert "Limited by: " in said.out
    (path,) = (tmp_path / "results").rglob("manifest.json")
    manifest = json.loads(path.read_text())
    assert sum(manifest["bounded_by"].values()) == pytest.approx(1, abs=0.001)
    assert 0 < manifest["stages"]["reason"]["busy_share"] <= 1
    written = [path.read_bytes() for path in tmp_path.rglob("*") if path.is_file() and path != models]
    assert not any(b"planted-secret" in content for content in written)
    assert "planted-secret" not in said.out + said.err


def test_an_api_model_can_be_the_perceiver(prism, tmp_path):
    with chaos_server() as url:
        entry = {"backend": "api", "model": "chaos", "base_url": url, "api_key_env": None}
        models = write_models(tmp_path / "m.yaml", remote=entry)
        said = prism("run", "shapes.tsv", "-p", "remote", "-r", "scripted", "--models-file", models)
    assert said.code == 0


def test_a_key_that_only_cached_calls_would_need_is_not_asked_for(prism, tmp_path, monkeypatch):
    with chaos_server() as url:
        entry = {"backend": "api", "model": "chaos", "base_url": url, "api_key_env": "MY_API_KEY"}
        models = write_models(tmp_path / "m.yaml", remote=entry)
        arguments = ("run", "shapes.tsv", "-p", "scripted", "-r", "remote", "--models-file", models)
        missing = prism(*arguments)
        assert missing.code == 2
        assert "MY_API_KEY" in missing.err
        (tmp_path / ".env").write_text("MY_API_KEY=anything\n")
        assert prism(*arguments).code == 0
        (tmp_path / ".env").unlink()
    assert prism(*arguments).code == 0


@pytest.mark.parametrize(
    ("server", "message"),
    [(("--key", "right"), "key"), (None, "nothing answers|no connection|refused|down")],
    ids=["wrong key", "server down"],
)
def test_a_reasoner_that_cannot_answer_stops_the_run_with_code_4_and_loses_nothing(
    prism, tmp_path, monkeypatch, server, message
):
    monkeypatch.setenv("MY_API_KEY", "wrong")
    with chaos_server(*(server or ())) as url:
        pass
    entry = {"backend": "api", "model": "chaos", "base_url": url, "api_key_env": "MY_API_KEY", "attempts": 2}
    if server:
        with chaos_server(*server) as url:
            models = write_models(tmp_path / "m.yaml", remote={**entry, "base_url": url})
            said = prism("run", "shapes.tsv", "-p", "scripted", "-r", "remote", "--models-file", models)
    else:
        models = write_models(tmp_path / "m.yaml", remote=entry)
        said = prism("run", "shapes.tsv", "-p", "scripted", "-r", "remote", "--models-file", models)
    assert said.code == 4
    assert re.search(message, said.err)
    assert "continue with: prism run" in said.err
    assert "Descriptions" in prism("cache", "stats").out


def test_failures_may_be_tolerated_or_stop_the_run(prism, tmp_path):
    (tmp_path / "models.yaml").write_text(
        "models:\n  shaky: {backend: scripted, replies: [A], failure_rate: 0.3, concurrency: 1}\n"
    )
    command = ("run", "shapes.tsv", "-p", "scripted", "-r", "shaky", "--models-file", "models.yaml")
    assert prism(*command).code == 1
    tolerant = prism(*command, "--fail-on-error", "0.9")
    assert (tolerant.code, "without an answer again" in tolerant.err) == (0, False)
    strict = prism(*command, "--fail-on-error", "0", "--results-dir", "strict")
    assert strict.code == 1
    assert "`--fail-on-error` (fail_on_error) allows 0" in strict.err
    assert "continue with: prism run" in strict.err


def test_at_its_deadline_a_run_stops_and_says_how_to_go_on(prism, monkeypatch):
    module = import_module("prism_engine.api.runs.stopping")
    monkeypatch.setattr(module, "deadline_at", lambda _text, now: now)
    said = prism("run", *SCRIPTED, "--deadline", "8h")
    assert said.code == 3
    assert "the deadline was reached" in said.err
    assert "continue with: prism run" in said.err


@pytest.mark.parametrize("deadline", ["soon", "2020-01-01"])
def test_a_deadline_that_is_none_is_an_error_before_anything_is_called(prism, deadline):
    said = prism("run", *SCRIPTED, "--deadline", deadline)
    assert said.code == 2
    assert "deadline" in said.err


def test_where_pictures_repeat_an_interval_clustered_by_picture_stands_beside_the_other(prism, tmp_path):
    said = prism("run", "shapes.tsv", "-p", "scripted", "-r", "scripted")
    assert "Clustered by picture" in said.out
    scores = json.loads((tmp_path / "results/generic/shapes/scripted/scripted/scores.json").read_bytes())
    overall = scores["overall"]
    assert overall["pictures"] == 20  # every fifth of the 24 rows asks about the picture of the one before
    assert 0 < overall["clustered_low"] < overall["accuracy"] < overall["clustered_high"] < 1
