"""`prism grade` on the terminal."""

import json

import pytest

MODELS = """
models:
  grader: {backend: scripted, replies: ["Fine. [RESULT] 4", "Bad. [RESULT] 1", "So so. [RESULT] (3)"]}
  silent: {backend: scripted, replies: ["who knows"]}
  refuser: {backend: scripted, replies: ["Fine. [RESULT] 4"], failure_rate: 0.7}
"""
RUBRICS = "rubrics: {exact: {criterion: Exact, levels: [a, b, c, d, e]}}"


@pytest.fixture
def grade(prism, tmp_path):
    (tmp_path / "m.yaml").write_text(MODELS)
    (tmp_path / "rubrics.yaml").write_text(RUBRICS)
    rows = [{"id": place, "instruction": f"Say {place}.", "response": "x" * place} for place in range(12)]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    (tmp_path / "people.csv").write_text("id,score\n" + "".join(f"{place},{1 + place % 5}\n" for place in range(12)))

    def call(*arguments):
        rubric = ("--rubrics", "rubrics.yaml", "--rubric", "exact")
        return prism("grade", "rows.jsonl", "--models-file", "m.yaml", *rubric, *arguments)

    return call


def test_it_says_the_mean_and_the_agreement(grade):
    said = grade("--judge", "grader", "--samples", "2", "--against", "people.csv")
    assert said.code == 0
    assert "12 rows, 12 graded, mean" in said.out
    assert "Kendall tau-b" in said.out
    assert "people.csv" in said.out


def test_rows_without_a_grade_give_code_1(grade):
    said = grade("--judge", "silent")
    assert said.code == 1
    assert "12 rows, 0 graded\n" in said.out
    assert "12 rows have no grade: none could be read" in said.err
    assert "calls" not in said.err


def test_rows_whose_calls_failed_are_counted_apart_and_can_be_repeated(grade):
    said = grade("--judge", "refuser")
    assert said.code == 1
    assert "rows have no grade: the calls to the judge failed" in said.err
    assert "to repeat them: prism" in said.err
    assert "could be read" not in said.err


def test_a_mistake_in_the_rows_gives_code_2(grade, tmp_path):
    (tmp_path / "rows.jsonl").write_text("{")
    said = grade("--judge", "grader")
    assert (said.code, "row 1: is not valid JSON" in said.err) == (2, True)
