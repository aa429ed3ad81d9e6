"""Position bias and robust accuracy from rotations."""

from __future__ import annotations

import random

import orjson
import pytest

from prism_engine.errors import UserError
from prism_engine.report.scores.position_bias import bias_counts, bias_tables, summarise_bias, write_bias

LETTERS = "ABCD"


def question(number, choose, *, options=4, rotations=None, right=0, picture=None, **fields):
    """Return a question's rows; `choose` returns the letter that rotation r gets, or None for no answer."""
    rows = []
    for shift in range(rotations or options):
        target = LETTERS[(right - shift) % options]
        said = choose(shift, target)
        rows.append(
            {
                "index": str(number),
                "position": number,
                "images": [picture or f"picture {number}"],
                "options": [{"letter": LETTERS[at], "text": f"text {(at + shift) % options}"} for at in range(options)],
                "target": target,
                "extracted": said,
                "score": float(said == target),
                "status": "done",
                "rotation": shift,
                "order_kept": None,
                **fields,
            }
        )
    return rows


def always_right(_shift, target):
    return target


def always_a(_shift, _target):
    return "A"


def written(folder, *questions):
    path = folder / "rotations.jsonl"
    path.write_bytes(
        b"".join(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for rows in questions for row in rows)
    )
    return path


def summarised(folder, *questions, **options):
    return summarise_bias(written(folder, *questions), profile="v3", **options)


def by_letter(bias, name):
    return {one.letter: getattr(one, name) for one in bias.positions}


def test_a_model_that_always_says_a_is_right_once_per_question_and_never_robust(tmp_path):
    bias = summarised(tmp_path, *(question(number, always_a, right=number % 4) for number in range(40)))
    assert (bias.robust.value, bias.mean.value, bias.mixed.value, bias.flipped.value) == (0.0, 0.25, 1.0, 1.0)
    assert bias.original.value == 0.25
    assert [one.value for one in bias.rotations] == [0.25] * 4
    assert by_letter(bias, "chosen") == {"A": 1.0, "B": 0.0, "C": 0.0, "D": 0.0}
    assert by_letter(bias, "expected") == dict.fromkeys(LETTERS, 0.25)
    assert {letter: one.value for letter, one in by_letter(bias, "accuracy").items()} == {
        "A": 1,
        "B": 0,
        "C": 0,
        "D": 0,
    }
    assert by_letter(bias, "bias")["A"].value == 0.75
    assert by_letter(bias, "bias")["A"].low > 0
    assert by_letter(bias, "bias")["B"].high < 0


def test_a_model_that_chooses_by_content_has_no_bias_whatever_it_chooses(tmp_path):
    wrong = (question(number, lambda shift, _: LETTERS[(1 - shift) % 4]) for number in range(10, 20))
    bias = summarised(tmp_path, *(question(number, always_right) for number in range(10)), *wrong)
    assert (bias.robust.value, bias.mean.value, bias.mixed.value, bias.flipped.value) == (0.5, 0.5, 0.0, 0.0)
    assert by_letter(bias, "chosen") == by_letter(bias, "expected") == dict.fromkeys(LETTERS, 0.25)
    assert all(one.value == 0 and one.low < 0 < one.high for one in by_letter(bias, "bias").values())


def test_with_fewer_rotations_than_options_the_expected_shares_follow_the_chosen_options(tmp_path):
    bias = summarised(tmp_path, *(question(number, always_right, rotations=2) for number in range(5)))
    assert by_letter(bias, "chosen") == by_letter(bias, "expected") == {"A": 0.5, "B": 0.0, "C": 0.0, "D": 0.5}
    assert {letter: one.value for letter, one in by_letter(bias, "bias").items()} == dict.fromkeys(LETTERS, 0.0)


def test_a_position_counts_the_questions_that_have_it(tmp_path):
    bias = summarised(tmp_path, question(0, always_a, options=2), question(1, always_a), question(2, always_a))
    assert by_letter(bias, "n") == {"A": 3, "B": 3, "C": 2, "D": 2}
    assert by_letter(bias, "expected")["A"] == pytest.approx((1 / 2 + 1 / 4 + 1 / 4) / 3)
    assert by_letter(bias, "expected")["D"] == 1 / 4


def test_questions_that_keep_their_order_are_counted_by_reason_and_not_scored(tmp_path):
    kept = (question(number, always_right, rotations=1, order_kept="no options") for number in (5, 6))
    bias = summarised(tmp_path, question(0, always_right), question(1, always_right), *kept)
    assert (bias.questions, bias.rotated, bias.order_kept, bias.answers) == (4, 2, {"no options": 2}, 8)
    assert list(bias_counts(bias)) == ["2 of 4 questions are rotated; 2: no options"]


def test_a_question_without_an_answer_to_some_rotation_is_not_counted_as_robust_or_not(tmp_path):
    rows = question(0, always_right)
    rows[2] |= {"status": "failed", "score": None, "extracted": None}
    rows[3] |= {"status": "not_run", "score": None, "extracted": None}
    bias = summarised(tmp_path, rows, question(1, always_right))
    assert (bias.complete, bias.failed, bias.not_run, bias.robust.value) == (1, 1, 1, 1.0)
    assert [one.value for one in bias.rotations] == [1.0] * 4
    assert any("1 of 8 answers failed, 1 were not run" in sentence for sentence in bias_counts(bias))
    strict = summarised(tmp_path, rows, question(1, always_right), failed_as_wrong=True)
    assert strict.rotations[2].value == 0.5
    assert "failed counted as wrong" in strict.profile


def test_refusals_and_unread_replies_choose_no_position(tmp_path):
    said = iter(["A", None, "Z", "A"])
    bias = summarised(tmp_path, question(0, lambda *_: next(said)), question(1, lambda *_: None))
    assert bias.answered == 1
    assert by_letter(bias, "chosen")["A"] == 1.0
    assert bias.flipped.value == 1.0
    assert bias.complete == 2


def test_rows_without_a_target_still_show_which_positions_are_chosen(tmp_path):
    rows = [row | {"target": None, "score": None} for row in question(0, always_a)]
    bias = summarised(tmp_path, rows, [row | {"position": 1, "images": ["other"]} for row in rows])
    assert (bias.robust.value, bias.complete) == (None, 0)
    assert by_letter(bias, "bias")["A"].value == 0.75
    assert by_letter(bias, "accuracy")["A"].value is None


def test_draws_of_one_question_are_compared_draw_by_draw(tmp_path):
    steady = [row | {"description_draw": None, "answer_draw": 0} for row in question(0, always_right)]
    biased = [row | {"description_draw": None, "answer_draw": 1} for row in question(0, always_a)]
    rows = [row for pair in zip(steady, biased, strict=True) for row in pair]
    bias = summarised(tmp_path, rows)
    assert (bias.rotated, bias.complete, bias.robust.value, bias.flipped.value) == (1, 2, 0.5, 0.5)
    assert bias.robust.low is None  # one picture


def test_questions_about_one_picture_count_as_one(tmp_path):
    def width(per):
        rows = (
            question(number, always_right if number // per % 2 else always_a, picture=f"p{number // per}")
            for number in range(40 * per)
        )
        robust = summarised(tmp_path, *rows).robust
        return robust.high - robust.low

    assert width(4) == pytest.approx(width(1), rel=0.03)


def test_the_interval_of_the_bias_has_about_its_nominal_coverage(tmp_path):
    chance = random.Random(5)

    def choose(shift, target):
        return "A" if chance.random() < 0.2 else target

    truth = 0.2 * 0.75  # A is chosen in 0.2 of the answers whatever is there
    held = 0
    for _ in range(60):
        one = summarised(tmp_path, *(question(number, choose) for number in range(60))).positions[0].bias
        held += one.low <= truth <= one.high
    assert held >= 52


def test_the_files_hold_both_tables(tmp_path):
    bias = summarised(tmp_path, *(question(number, always_a) for number in range(5)))
    write_bias(bias, tmp_path)
    assert orjson.loads((tmp_path / "rotations.json").read_bytes())["positions"][0]["letter"] == "A"
    text = (tmp_path / "rotations.md").read_text()
    assert "| right in every rotation (robust) | 0.0 |" in text
    assert "| A | 100.0 |" in text
    (header, rows), (places, lines) = bias_tables(bias)
    assert {len(row) for row in rows} == {len(header)}
    assert {len(line) for line in lines} == {len(places)}


def test_a_damaged_file_is_named(tmp_path):
    path = written(tmp_path, question(0, always_right))
    path.write_bytes(path.read_bytes().replace(b'"rotation":1', b'"rotation":"one"'))
    with pytest.raises(UserError, match=r"rotations\.jsonl"):
        summarise_bias(path, profile="v3")


def test_nothing_rotated_gives_no_numbers(tmp_path):
    bias = summarised(tmp_path, question(0, always_right, rotations=1, order_kept="no options"))
    assert (bias.robust.value, bias.positions, bias.rotations) == (None, (), ())
