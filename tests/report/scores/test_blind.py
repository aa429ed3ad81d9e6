"""Questions that can be answered without the picture."""

from __future__ import annotations

import pytest

from prism_engine.errors import UserError
from prism_engine.report.scores.blind import ROTATIONS, known_without_seeing
from prism_engine.report.scores.finished import find_runs
from tests.finished import write_run


def blind_runs(folder, *scores):
    for number, row in enumerate(scores):
        write_run(folder, row, mode="blind", reasoner=f"brain-{number}")
    return find_runs([folder])


@pytest.mark.parametrize(("needed", "known"), [(1, {"0", "1", "2"}), (2, {"0", "1"}), (None, {"0", "1"}), (3, {"0"})])
def test_questions_that_enough_runs_solve_are_known(tmp_path, needed, known):
    runs = blind_runs(tmp_path, [1, 1, 1, 0, None], [1, 1, 0, 0, None], [1, 0, 0, None, None])
    found = known_without_seeing(runs, needed)
    assert found.known == known
    assert found.asked == {"0", "1", "2", "3"}
    assert (found.needed, found.runs) == (needed or 2, 3)


def test_more_than_half_is_the_default(tmp_path):
    assert known_without_seeing(blind_runs(tmp_path, [1, 1], [0, 1])).known == {"1"}


def test_rotated_options_of_one_question_are_grouped(tmp_path):
    runs = blind_runs(tmp_path, [1, 1, 1, 0])
    path = runs[0].folder / "predictions.jsonl"
    text = path.read_text()
    for old, new in ((1, ROTATIONS), (2, 5), (3, ROTATIONS + 5)):
        text = text.replace(f'"index":"{old}"', f'"index":"{new}"')
    path.write_text(text)
    turned = find_runs([tmp_path])
    assert known_without_seeing(turned, circular=True).known == {"0", str(ROTATIONS)}
    assert known_without_seeing(turned).known == {"0", str(ROTATIONS), "5"}


def test_other_runs_and_impossible_numbers_are_errors(tmp_path):
    runs = blind_runs(tmp_path / "blind", [1], [1])
    with pytest.raises(UserError, match=r"--solved-by 3: with 2 blind runs"):
        known_without_seeing(runs, 3)
    write_run(tmp_path / "all", [1])
    with pytest.raises(UserError, match=r"its mode is 'all'"):
        known_without_seeing(find_runs([tmp_path / "all"]))
