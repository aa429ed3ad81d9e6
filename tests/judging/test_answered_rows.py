from prism_engine.judging.answered_rows import answered_of
from prism_engine.records import Option
from prism_engine.report.scores.predictions import scored_of

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
