"""What the tools wrote in a recorded run, read back."""

from __future__ import annotations

from pathlib import Path

from benchmarks.peer_tools import answers

RECORDED = Path(__file__).parent / "recorded"


def recorded(name):
    return (RECORDED / name).read_text()


def test_prisms_replies_are_read():
    assert answers.prism(recorded("prism.jsonl"), "reply") == {
        0: "The answer is A. [task 0]",
        1: "The answer is B. [task 1]",
    }


def test_prisms_failed_samples_have_no_answer():
    assert answers.prism('{"index": "4", "reply": null}\n', "reply") == {}


def test_inspects_failed_and_empty_samples_have_no_answer():
    assert answers.lines(recorded("inspect.jsonl")) == {0: "The answer is A. [task 0]"}


def test_curators_rows_are_read():
    assert answers.lines(recorded("curator.jsonl")) == {
        0: "The answer is A. [task 0]",
        1: "The answer is B. [task 1]",
    }


def test_a_failure_that_lmms_eval_kept_as_an_answer_is_lost():
    found = answers.lmms(recorded("lmms.jsonl"))
    assert found[0] == "The answer is A. [task 0]"
    assert found[1].startswith("[LMMS_EVAL_REQUEST_FAILED")
    assert answers.right(found, 2, marked=True) == 1


def test_descriptions_of_run_batch_are_read_without_its_errors():
    assert list(answers.batch(recorded("batch.jsonl"))) == [0, 1]


def test_another_tasks_answer_is_no_answer():
    assert answers.right({0: "The answer is A. [task 1]", 1: "The answer is B. [task 1]"}, 3, marked=True) == 1


def test_unmarked_texts_only_have_to_be_there():
    assert answers.right({0: "A red cube.", 1: ""}, 2, marked=False) == 1
