"""The data of a report."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from prism_engine.errors import UserError
from prism_engine.report.viewer.outcomes import flags_of
from tests.finished import rotated, write_run
from tests.report.viewer.shown_runs import data_of, step, three_arms


def test_all_runs_of_a_question_are_side_by_side_with_the_verdict_on_the_decoupled_one(tmp_path):
    three_arms(tmp_path)
    data, samples = data_of(tmp_path)
    assert [run["who"] for run in data.header["runs"]] == ["eye (direct)", "eye + brain", "brain (oracle)"]
    assert [run["letter"] for run in data.header["runs"]] == ["A", "B", "C"]
    assert [[answer["outcome"] for answer in sample["answers"].values()] for sample in samples] == [
        ["right", "right", "right"],
        ["wrong", "wrong", "right"],
        ["right", "wrong", "right"],
        ["right", "wrong", "wrong"],
    ]
    verdicts = ["solved", "perception: not seen", "perception: not said", "reasoning"]
    assert [sample["answers"]["1"]["verdict"] for sample in samples] == verdicts
    (failures,) = data.header["benchmarks"][0]["failures"]
    assert [(each["verdict"], each["count"]) for each in failures["verdicts"]] == [(verdict, 1) for verdict in verdicts]


def test_flips_are_counted_between_any_two_runs_in_both_directions(tmp_path):
    three_arms(tmp_path)
    (benchmark,) = data_of(tmp_path)[0].header["benchmarks"]
    assert benchmark["flips"] == [[0, 2, 1], [0, 0, 0], [1, 2, 0]]
    assert benchmark["both"] == [[4] * 3] * 3


def test_accuracies_are_those_of_the_analysis_overall_and_by_category(tmp_path):
    three_arms(tmp_path)
    groups = data_of(tmp_path)[0].header["benchmarks"][0]["groups"]
    assert [(group["level"], group["name"], group["n"]) for group in groups] == [
        ("overall", None, 4),
        ("category", "counting", 2),
        ("category", "seeing", 2),
    ]
    assert groups[0]["shares"]["0"]["value"] == 0.75
    assert groups[0]["shares"]["0"]["low"] < 0.75 < groups[0]["shares"]["0"]["high"]


def test_a_run_without_an_answer_to_a_question_is_left_out_of_it(tmp_path):
    write_run(tmp_path, [1, 0])
    write_run(tmp_path, [1], mode="blind")
    _, samples = data_of(tmp_path)
    assert [sorted(sample["answers"]) for sample in samples] == [["0", "1"], ["1"]]


def test_failed_unanswered_refused_and_cut_answers_can_be_found(tmp_path):
    rows: list[dict[str, Any]] = [
        {"status": "failed", "score": None, "extracted": None, "failure": "HTTP 500"},
        {"reply": "Hm.", "score": 0.0, "extracted": None},
        {"reply": "I cannot tell.", "score": 0.0, "extracted": "Z"},
        {"reply": "A", "reply_outcome": "truncated", "score": 1.0, "extracted": "A"},
        {"reply": "?", "score": None, "extracted": None},
        {"status": "not_run", "score": None, "extracted": None},
    ]
    write_run(tmp_path, [None] * 6, rows=[{"status": "done", **row} for row in rows])
    data, samples = data_of(tmp_path)
    answers = [sample["answers"]["0"] for sample in samples]
    assert [(answer["outcome"], answer.get("flags", [])) for answer in answers] == [
        ("failed", []),
        ("wrong", ["unanswered"]),
        ("wrong", ["refused", "unanswered"]),
        ("right", ["truncated"]),
        ("unscored", []),
        ("not_run", []),
    ]
    assert answers[0]["replies"][0]["failure"] == "HTTP 500"
    assert data.header["runs"][0]["counts"] == {
        "failed": 1, "not_run": 1, "refused": 1, "right": 1, "truncated": 1, "unanswered": 2, "unscored": 1, "wrong": 2,
    }  # fmt: skip


def test_draws_of_a_question_are_the_replies_of_one_answer_and_descriptions_are_kept_once(tmp_path):
    folder = write_run(tmp_path, [1, 0])
    rows = [orjson.loads(line) for line in (folder / "predictions.jsonl").read_bytes().splitlines()]
    lines = []
    for row in rows:
        for draw in range(3):
            drawn = {"description_draw": draw, "answer_draw": None, "description": "red" if draw < 2 else "blue"}
            lines.append(orjson.dumps(row | drawn | {"reply": f"draw {draw}"}))
    (folder / "draws.jsonl").write_bytes(b"\n".join(lines))
    _, samples = data_of(tmp_path)
    assert samples[0]["descriptions"] == ["red", "blue"]
    replies = samples[0]["answers"]["0"]["replies"]
    assert [(reply["name"], reply["text"], reply["description"]) for reply in replies] == [
        ("description 1", "draw 0", 0),
        ("description 2", "draw 1", 0),
        ("description 3", "draw 2", 1),
    ]


def test_rotations_show_the_options_and_the_target_as_they_were_asked(tmp_path):
    folder = write_run(tmp_path, [1])
    row = orjson.loads((folder / "predictions.jsonl").read_bytes())
    moved = [{"letter": letter, "text": text} for letter, text in zip("ABCD", "DABC", strict=True)]
    turned = row | {"rotation": 1, "options": moved, "target": "B", "order_kept": None}
    (folder / "rotations.jsonl").write_bytes(orjson.dumps(row | {"rotation": 0}) + b"\n" + orjson.dumps(turned))
    (sample,) = data_of(tmp_path)[1]
    first, second = sample["answers"]["0"]["replies"]
    assert (first["name"], "options" in first) == ("options as they are", False)
    assert (second["name"], second["target"], second["options"][1]) == ("options moved by 1", "B", ("B", "A"))


def test_the_rows_of_a_circular_question_are_one_sample(tmp_path):
    write_run(tmp_path, [1, 1, 0, 1, 1, 1, 1, 1], kind="circular", rows=rotated(2))
    _, samples = data_of(tmp_path)
    answers = [sample["answers"]["0"] for sample in samples]
    assert [(answer["outcome"], answer["extracted"]) for answer in answers] == [
        ("wrong", "A A B A"),
        ("right", "A A A A"),
    ]
    assert [reply["name"] for reply in answers[0]["replies"]][:2] == ["first", "row 1000000"]


def test_the_row_that_stands_for_a_circular_question_comes_first_wherever_it_is_in_the_file(tmp_path):
    turned = [*rotated(1)[1:], *rotated(1)[:1]]
    write_run(tmp_path, [0, 1, 1, 1], kind="circular", rows=turned)
    (sample,) = data_of(tmp_path)[1]
    assert (sample["index"], sample["target"], sample["answers"]["0"]["outcome"]) == ("0", "A", "wrong")
    names = [reply["name"] for reply in sample["answers"]["0"]["replies"]]
    assert names == ["first", "row 1000000", "row 2000000", "row 3000000"]


def test_options_that_a_run_asked_in_another_order_are_stated_with_its_reply(tmp_path):
    other = [{"letter": letter, "text": text} for letter, text in zip("ABCD", "BADC", strict=True)]
    write_run(tmp_path, [1])
    write_run(tmp_path, [1], perceiver="lens", rows=[{"options": other}])
    (sample,) = data_of(tmp_path)[1]
    assert "options" not in sample["answers"]["0"]["replies"][0]
    assert sample["answers"]["1"]["replies"][0]["options"][0] == ("A", "B")


def test_reviews_are_those_of_the_judged_results_inside_the_run(tmp_path):
    folder = write_run(tmp_path, [0, 1])
    rows = [orjson.loads(line) for line in (folder / "predictions.jsonl").read_bytes().splitlines()]
    judge = {"model": "gpt", "resolved": "judged", "review": "C, since it is round"}
    rows[0] |= {"judge": judge, "score": 1.0, "extracted": "C"}
    (folder / "judged-gpt").mkdir()
    (folder / "judged-gpt" / "predictions.jsonl").write_bytes(b"\n".join(map(orjson.dumps, rows)))
    first, second = (sample["answers"]["0"]["replies"][0] for sample in data_of(tmp_path)[1])
    assert first["review"] == {
        "judge": "gpt",
        "resolved": "judged",
        "review": "C, since it is round",
        "extracted": "C",
        "score": 1.0,
    }
    assert "review" not in second


def test_calls_are_counted_once_and_rows_without_steps_have_none(tmp_path):
    steps = [step("perceive", "a"), step("reason", "b", cost=None), step("judge", "c", usage={"prompt_tokens": -5})]
    write_run(tmp_path, [1, 1], rows=[{"steps": steps}, {"steps": [*steps[:1], step("reason", "d")]}])
    write_run(tmp_path, [1, 1], mode="blind")
    data, samples = data_of(tmp_path)
    blind, run = data.header["runs"]
    assert run["cost"] == {
        "calls": 4, "prompt_tokens": 30, "completion_tokens": 15, "dollars": 3e-6, "unpriced": 1, "paid": None,
    }  # fmt: skip
    assert (blind["cost"]["calls"], blind["cost"]["dollars"]) == (0, None)
    assert "steps" not in samples[0]["answers"]["0"]["replies"][0]
    shown = samples[0]["answers"]["1"]["replies"][0]["steps"]
    assert [(each["stage"], each.get("key")) for each in shown] == [
        ("perceive", "a" * 16),
        ("reason", "b" * 16),
        ("judge", "c" * 16),
    ]


@pytest.mark.parametrize(
    "field",
    [
        {"steps": ["no step"]},
        {"steps": [{"stage": "reason", "key": 5}]},
        {"images": 5},
        {"description_outcomes": 5},
        {"answer_draw": "1"},
    ],
)
def test_a_malformed_row_is_named_with_its_file_and_index(tmp_path, field):
    folder = write_run(tmp_path, [1], rows=[field])
    with pytest.raises(UserError, match=r"predictions\.jsonl"):
        data_of(folder)


def test_places_do_not_depend_on_where_the_results_are(tmp_path):
    for name in "ab":
        three_arms(tmp_path / name)
    one, other = (data_of(tmp_path / name)[0].header for name in "ab")
    assert one == other
    assert [run["place"] for run in one["runs"]] == [
        "direct/Bench/eye",
        "generic/Bench/eye/brain",
        "oracle/Bench/brain",
    ]


def test_a_reply_without_a_score_is_not_unanswered():
    row = {"status": "done", "extracted": None, "reply": "Two dots.", "reply_outcome": "ok"}
    assert flags_of({**row, "score": None}) == []
    assert flags_of({**row, "score": 0.0}) == ["unanswered"]
