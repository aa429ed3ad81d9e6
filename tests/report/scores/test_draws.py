"""Estimates from repeated draws per question."""

from __future__ import annotations

import random

import orjson
import pytest

from prism_engine.errors import UserError
from prism_engine.report.scores.draws import draw_rows, summarise_draws, vote, write_draw_scores


def row(position, extracted, score, *, image=None, status="done"):
    return {
        "index": str(position),
        "position": position,
        "images": [image or f"picture {position}"],
        "extracted": extracted,
        "score": score,
        "status": status,
        "description_draw": None,
        "answer_draw": 0,
    }


def written(folder, rows):
    path = folder / "draws.jsonl"
    path.write_bytes(b"".join(orjson.dumps(each, option=orjson.OPT_APPEND_NEWLINE) for each in rows))
    return path


def summarised(folder, rows):
    return summarise_draws(written(folder, rows), profile="v3")


def test_mean_best_and_majority_are_distinguished(tmp_path):
    said = ("AAB", "ABB", "BBB", "CBA")  # A is right
    rows = [row(at, letter, float(letter == "A")) for at, letters in enumerate(said) for letter in letters]
    scores = summarised(tmp_path, rows)
    assert (scores.questions, scores.draws, scores.scored) == (4, 12, 12)
    assert (scores.mean.value, scores.best.value, scores.majority.value) == (4 / 12, 3 / 4, 1 / 4)
    for one in (scores.mean, scores.best, scores.majority):
        assert 0 <= one.low < one.value < one.high <= 1


def test_draws_without_an_answer_have_no_vote_and_the_first_answer_wins_ties():
    assert vote([row(0, None, 0.0), row(0, "Z", 0.0), row(0, "Z", 0.0), row(0, "A", 1.0)]) == 1.0
    assert vote([row(0, "B", 0.0), row(0, "A", 1.0)]) == 0.0
    assert vote([row(0, None, 0.0), row(0, "Z", 0.0)]) == 0.0


def test_failed_draws_are_counted_separately_and_never_wrong(tmp_path):
    rows = [row(0, "A", 1.0), row(0, None, None, status="failed"), row(1, None, None, status="not_run")]
    scores = summarised(tmp_path, rows)
    assert (scores.questions, scores.scored, scores.failed, scores.not_run) == (2, 1, 1, 1)
    assert (scores.mean.value, scores.mean.low) == (1.0, None)  # one picture has no interval


def test_where_nothing_was_scored_there_is_no_estimate(tmp_path):
    scores = summarise_draws(written(tmp_path, [row(0, None, None, status="failed")]), profile="v3")
    assert (scores.mean.value, scores.best.value, scores.majority.value) == (None, None, None)
    assert draw_rows(scores)[0] == ("mean", "-", "- - -")


def test_questions_about_one_picture_widen_the_interval_as_if_they_were_one(tmp_path):
    def width(rows):
        mean = summarised(tmp_path, rows).mean
        return mean.high - mean.low

    alike = [row(at, "A", float(at % 2)) for at in range(40) for _ in range(8)]
    apart = [row(8 * at + draw, "A", float((at + draw) % 2)) for at in range(40) for draw in range(8)]
    single = [row(at, "A", float(at % 2)) for at in range(40)]
    assert width(alike) == pytest.approx(width(single), rel=0.02)
    assert width(apart) < width(alike) / 2


def test_the_interval_of_the_mean_has_about_its_nominal_coverage(tmp_path):
    chance = random.Random(3)
    held = 0
    for _ in range(200):
        rows = []
        for question in range(60):
            easy = chance.betavariate(2, 2)  # 0.5 on average; the draws of a question share it
            rows += [row(question, "A", float(chance.random() < easy)) for _ in range(5)]
        mean = summarised(tmp_path, rows).mean
        held += mean.low <= 0.5 <= mean.high
    assert 0.9 <= held / 200 <= 0.99


def test_files_are_written_and_equal_scores_give_equal_bytes(tmp_path):
    scores = summarise_draws(written(tmp_path, [row(at, "A", float(at % 2)) for at in range(4)]), profile="v3")
    write_draw_scores(scores, tmp_path)
    assert orjson.loads((tmp_path / "draws.json").read_bytes())["mean"]["value"] == 0.5
    first = (tmp_path / "draws.md").read_bytes()
    assert b"| majority vote | 50.0 |" in first
    write_draw_scores(scores, tmp_path)
    assert (tmp_path / "draws.md").read_bytes() == first


@pytest.mark.parametrize("content", [b"[]\n", b"{}\n", b"{"])
def test_a_damaged_file_is_named_with_its_line(tmp_path, content):
    path = tmp_path / "draws.jsonl"
    path.write_bytes(content)
    with pytest.raises(UserError, match=r"draws\.jsonl"):
        summarise_draws(path, profile="v3")
