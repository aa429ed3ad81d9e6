"""Rotations of a question's options as one sample of comparisons."""

from __future__ import annotations

import numpy as np
import pytest

from prism_engine.report.effects.contrasts import accuracies, contrast
from prism_engine.report.pages.sheets import flips
from prism_engine.report.scores.aligned import align
from prism_engine.report.scores.finished import read_run
from prism_engine.report.scores.inference import clustered_share, mcnemar
from prism_engine.report.scores.rotated import with_whole_questions
from tests.finished import rotated, write_run

QUESTIONS = 30


def circular(folder, name, right, **more):
    """Write a run that gets these questions right, the others only in their first rotation."""
    scores = [float(good or turn == 0) for good in right for turn in range(4)]
    rows = [row | {"extracted": "A"} for row in rotated(len(right))]
    return read_run(write_run(folder, scores, mode="direct", perceiver=name, kind="circular", rows=rows, **more))


def test_a_question_is_one_sample_that_is_right_under_all_rotations(tmp_path):
    right = np.arange(QUESTIONS) % 3 == 0
    aligned = align([circular(tmp_path, "a", right)])
    assert aligned.samples["index"].to_list() == [str(question) for question in range(QUESTIONS)]
    assert aligned.scores[0].tolist() == right.astype(float).tolist()
    assert len(set(aligned.clusters)) == QUESTIONS
    overall = accuracies(aligned)[0].share
    expected = clustered_share(right.astype(float), np.arange(QUESTIONS))
    assert (overall.n, overall.low, overall.high) == (QUESTIONS, expected.low, expected.high)


def test_two_runs_are_compared_by_question(tmp_path):
    first, second = np.arange(QUESTIONS) % 3 == 0, np.arange(QUESTIONS) % 3 != 1
    aligned = align([circular(tmp_path, "a", first), circular(tmp_path, "b", second)])
    overall = contrast(aligned, ("a", "b"))[0].paired
    assert (overall.difference.n, overall.improved, overall.worsened, overall.test) == (30, 10, 0, "McNemar")
    assert overall.p == pytest.approx(mcnemar(10, 0))
    changed = flips(aligned).rows
    assert len(changed) == 10
    assert changed[0][6:8] == ("A A A A", "A A A A")


def test_a_missing_rotation_leaves_a_question_without_a_score_unless_another_one_is_wrong(tmp_path):
    rows = [row | {"extracted": "A"} for row in rotated(2)]
    scores = [1.0, 1.0, 1.0, None, 1.0, 0.0, 1.0, None]
    run = read_run(write_run(tmp_path, scores, mode="direct", kind="circular", rows=rows, profile="prism"))
    (found,) = align([run]).scores
    assert np.isnan(found[0])
    assert found[1] == 0.0


def test_runs_of_unknown_or_other_kinds_keep_their_rows(tmp_path):
    for name, kind in (("a", None), ("b", "multiple_choice"), ("c", "made up")):
        run = read_run(write_run(tmp_path, [1.0] * 8, mode="direct", perceiver=name, kind=kind, rows=rotated(2)))
        assert len(align([run]).samples) == 8


def test_folders_that_name_their_kind_only_in_scores_json_are_folded_too(tmp_path):
    folder = write_run(tmp_path, [1.0] * 8, mode="direct", rows=rotated(2))
    (folder / "scores.json").write_text('{"kind": "circular"}', encoding="utf-8")
    assert len(align([read_run(folder)]).samples) == 2


def test_a_question_read_under_another_profile_counts_its_scores_under_that_profile(tmp_path):
    folder = write_run(tmp_path, [1] * 4, kind="circular", rows=rotated(1))
    own = (folder / "predictions.jsonl").read_text()
    (folder / "predictions-prism-2.jsonl").write_text(own.replace('"score":1', '"score":0', 1))
    assert with_whole_questions(read_run(folder)).table["score"].to_list() == [1.0]
    assert with_whole_questions(read_run(folder, "prism-2")).table["score"].to_list() == [0.0]
