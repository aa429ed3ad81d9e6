"""Counts of rows: unanswered ones, guesses, replies that cannot tell."""

from __future__ import annotations

import json

import pytest

from prism_engine.records import AnswerKind
from prism_engine.report import summarise
from prism_engine.report.scores.alike import count_alike
from prism_engine.scoring import guess_is_right

OPTIONS = [{"letter": letter, "text": letter * 3} for letter in "ABCD"]


def row(score, extracted=None, *, reply="so", index="7", options=OPTIONS, target="A", **fields):
    return {
        "index": index, "status": "done", "score": score, "extracted": extracted, "reply": reply, "options": options,
        "target": target, **fields,
    }  # fmt: skip


def write(folder, rows):
    path = folder / "predictions.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in rows), encoding="utf-8")
    return path


def test_unanswered_samples_are_wrong_and_guessed_accuracy_is_reported_too(tmp_path):
    rows = [row(0.0, index=str(place)) for place in range(400)] + [
        row(0.0, "Z", index=f"z{place}") for place in range(400)
    ]
    rows += [row(1.0, "A")] * 100 + [row(0.0, "B")] * 100
    overall = summarise(write(tmp_path, rows), profile="prism").overall
    assert (overall.accuracy, overall.unanswered, overall.refused) == (0.1, 800, 400)
    assert overall.accuracy_at_chance == pytest.approx((100 + 800 / 4) / 1000)
    drawn = sum(guess_is_right(line["index"], 4) for line in rows[:800])
    assert overall.accuracy_guessed == (100 + drawn) / 1000
    assert 150 < drawn < 250


def test_yes_or_no_is_guessed_among_two_and_open_questions_are_not_guessed(tmp_path):
    rows = [row(0.0, options=[], target="Yes")] * 10
    path = write(tmp_path, rows)
    assert summarise(path, profile="prism", kind=AnswerKind.YES_NO).overall.accuracy_at_chance == 0.5
    assert summarise(path, profile="prism", kind=AnswerKind.YES_NO).overall.chance == 0.5
    open_ended = summarise(path, profile="prism", kind=AnswerKind.MMMU).overall
    assert (open_ended.accuracy_at_chance, open_ended.accuracy_guessed, open_ended.chance) == (0.0, 0.0, None)


def test_replies_that_cannot_tell_are_counted_whatever_they_answer(tmp_path):
    rows = [
        row(1.0, "A", reply="The description does not mention it, but A."),
        row(0.0, "Z", reply="I CANNOT DETERMINE it"),
        row(1.0, "A", reply="A"),
        row(None, None, reply=None) | {"status": "failed"},
    ]
    assert summarise(write(tmp_path, rows), profile="prism").overall.cannot_tell == 2


def test_scores_between_nothing_and_one_are_added_up(tmp_path):
    overall = summarise(write(tmp_path, [row(0.25, "x"), row(0.5, "y"), row(0.0, "w")]), profile="prism").overall
    assert (overall.correct, overall.accuracy, overall.unanswered) == (0.75, 0.25, 0)
    assert overall.accuracy_low is not None
    assert overall.accuracy_high is not None
    assert overall.accuracy_low < 0.25 < overall.accuracy_high


def test_cells_grow_with_distinct_combinations_and_not_with_rows_or_batches(tmp_path, monkeypatch):
    rows = [row(float(place % 2), "A", index=str(place), category=f"c{place % 3}") for place in range(60)]
    path = write(tmp_path, rows)
    whole = count_alike(path, None)
    monkeypatch.setattr("prism_engine.report.scores.alike._BATCH", 7)
    assert count_alike(path, None) == whole
    assert len(whole) == 3
    assert sum(cell["rows"] for cell in whole) == 60
    assert sum(cell["correct"] for cell in whole) == 30
