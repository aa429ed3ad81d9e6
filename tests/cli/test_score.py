"""`prism score` on the terminal."""

from __future__ import annotations

import json

SCRIPTED = ("shapes.tsv", "--perceiver", "scripted", "--reasoner", "scripted")


def test_a_run_is_scored_again_without_a_call(prism, tmp_path):
    prism("run", *SCRIPTED)
    folder = tmp_path / "results" / "generic" / "shapes" / "scripted" / "scripted"
    own = (folder / "scores.json").read_bytes()
    said = prism("score", "generic/shapes", "--profile", "v1", "--profile", "v3")
    assert said.code == 0
    assert "choice, v1" in said.out
    assert "choice, v3" in said.out
    assert "replies are read differently by the rules" in said.out
    assert (folder / "scores.json").read_bytes() == own
    for name in ("v1", "v3"):
        assert json.loads((folder / f"scores-{name}.json").read_text())["overall"]["n"] == 24


def test_the_same_rules_give_the_run_s_own_scores(prism, tmp_path):
    prism("run", *SCRIPTED)
    said = prism("score", tmp_path / "results/generic/shapes/scripted/scripted")
    assert "0 of 24 replies are read differently by the rules" in said.out
    folder = tmp_path / "results" / "generic" / "shapes" / "scripted" / "scripted"
    assert (folder / "scores-prism-2.json").read_bytes() == (folder / "scores.json").read_bytes()


def test_a_run_that_is_not_there_and_a_profile_that_is_not_are_usage_errors(prism):
    prism("run", *SCRIPTED)
    assert prism("score", "nowhere").code == 2
    said = prism("score", "generic", "--profile", "v9")
    assert said.code == 2
    assert "profile 'v9'" in said.err
    assert prism("score", "generic", "--answer-kind", "odd").code == 2


def test_a_run_says_its_answer_kind_in_its_scores_and_its_manifest(prism, tmp_path):
    said = prism("run", *SCRIPTED, "--answer-kind", "circular", "--profile", "v3")
    assert said.code == 0
    assert "circular accuracy" in said.out
    folder = tmp_path / "results" / "generic" / "shapes" / "scripted" / "scripted-circular-v3"
    assert json.loads((folder / "manifest.json").read_text())["scoring"] == {"answer_kind": "circular", "profile": "v3"}
    scores = json.loads((folder / "scores.json").read_text())
    assert (scores["kind"], scores["headline"]) == ("circular", "circular accuracy")
    assert "circular accuracy" in (folder / "scores.md").read_text()


def test_every_draw_of_a_run_is_scored_under_each_of_the_rules(prism, tmp_path):
    warm = ("--perception-temperature", 0.7, "--descriptions-per-image", 2)
    own = prism("run", *SCRIPTED, *warm)
    said = prism("score", "generic/shapes", "--profile", "prism", "--profile", "v1")
    assert said.code == 0
    assert "0 of 48 replies are read differently by the rules" in said.out
    assert "Of all 2 draws of 24 questions" in said.out
    (mean,) = (line.split() for line in own.out.splitlines() if line.startswith("mean"))
    again = [line.split() for line in said.out.splitlines() if line.startswith("mean, ")]
    assert [line[:2] for line in again] == [["mean,", "prism-2"], ["mean,", "v1"]]
    assert all(line[2:] == mean[1:] for line in again)
    assert "draws-*" in said.out
    assert len(list(tmp_path.glob("results/**/draws-v1.*"))) == 3
