import pytest

from prism_engine.judging.answered_rows import answered_of, group_of
from prism_engine.records import AnswerKind, Option, SampleStatus
from prism_engine.report.scores.predictions import scored_of
from prism_engine.scoring.scorer import Scored

ROW = {
    "index": "1000002",
    "position": 5,
    "question": "Which?",
    "options": [{"letter": "A", "text": "cat"}],
    "target": "A",
    "extra": {"task": "x"},
    "images": ["ab"],
    "reply": "hm",
    "status": "done",
    "score": 0.0,
    "extracted": None,
}


def test_a_row_is_a_sample_without_pictures_and_what_scorers_fold():
    answered = answered_of(ROW)
    assert (answered.sample.options, answered.sample.extra, answered.reply) == (
        (Option("A", "cat"),),
        {"task": "x"},
        "hm",
    )
    assert answered.scored == scored_of(ROW)
    assert (answered.scored.options, answered.scored.images) == (1, ("ab",))


@pytest.mark.parametrize(
    ("index", "extra", "group"),
    [("1000002", {}, "2"), ("2", {}, "2"), ("3000002", {"g_index": "7"}, "7"), ("x_1", {}, "x_1")],
)
def test_rotations_of_a_question_belong_together(index, extra, group):
    row = Scored(index, SampleStatus.DONE, None, None, extra=extra)
    assert group_of(AnswerKind.CIRCULAR, row) == group
    assert group_of(AnswerKind.CHOICE, row) == index
