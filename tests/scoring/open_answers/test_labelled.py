"""The labelled replies to open questions."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prism_engine.records import AnswerKind, Sample
from prism_engine.scoring import scorer_of
from tests.scoring.open_answers.labelled import labelled

KINDS = (AnswerKind.RELAXED, AnswerKind.VQA, AnswerKind.ANLS, AnswerKind.EXACT, AnswerKind.MMMU, AnswerKind.YES_NO)
PIECES = (
    *(
        "The answer is ",
        "answer: ",
        "\\boxed{",
        "<answer>",
        '{"answer": ',
        "not ",
        "but ",
        ", it is ",
        "12",
        "1,",
        "1/",
    ),
    *(
        "\\frac{",
        "^",
        "10^",
        "yes ",
        "no, ",
        "if ",
        "would be ",
        "or ",
        "(",
        "**",
        '"',
        "$",
        "\n",
        ". ",
        " - ",
        "<think>",
    ),
    *("'", "so ", "given a ", "is ", "based on ", ", ", "wait, ", "\u00bd", "[", "`", "minus "),
)


@pytest.mark.parametrize("name", ["open_answers", "short_answers", "fresh_answers"])
def test_every_reply_that_the_rules_were_made_for_scores_as_labelled(name):
    rows = [row for row in labelled(name) if not row.held_out]
    assert [row for row in rows if not row.unread and not row.is_right("prism-2")] == []
    assert [row for row in rows if row.unread and row.scored("prism-2") > row.score] == []
    assert sum(row.unread for row in rows) <= 0.02 * len(rows)


@pytest.mark.parametrize(("name", "least", "right"), [("open_answers", 0.2, 0.95), ("fresh_answers", 0.1, 0.93)])
def test_replies_that_the_rules_never_saw_mostly_score_as_labelled_and_hardly_ever_too_high(name, least, right):
    rows = [row for row in labelled(name) if row.held_out]
    assert len(rows) >= least * len(labelled(name))
    assert sum(row.is_right("prism-2") for row in rows) >= right * len(rows)
    assert sum(row.scored("prism-2") > row.score + 1e-6 for row in rows) <= 0.01 * len(rows)


def test_the_published_comparisons_of_whole_replies_stay_as_they_were():
    rows = [row for row in labelled("short_answers") if row.kind in KINDS[:4]]
    assert {row.scored(profile) for row in rows for profile in ("prism-1", "v1", "v2", "v3")} == {0.0}


@given(
    st.one_of(st.text(max_size=200), st.lists(st.sampled_from(PIECES), max_size=40).map("".join)),
    st.one_of(st.text(max_size=30), st.sampled_from(["12", "['12', '13']", "\\frac{1}{2}", "yes", "['", "1e999"])),
    st.sampled_from(KINDS),
)
@settings(max_examples=300, deadline=None)
def test_any_reply_and_gold_are_scored(reply, gold, kind):
    score = scorer_of(kind, "prism-2").score(reply, Sample(0, "0", (), "q", answer=gold))
    assert score.value is None or 0.0 <= score.value <= 1.0


@pytest.mark.timeout(120)
@pytest.mark.parametrize("piece", PIECES)
def test_a_megabyte_of_any_text_is_scored_in_time(piece):
    reply = piece * (1_000_000 // len(piece))
    for kind in (AnswerKind.RELAXED, AnswerKind.MMMU, AnswerKind.YES_NO):
        value = scorer_of(kind, "prism-2").score(reply, Sample(0, "0", (), "q", answer="Yes")).value
        assert value in (0.0, 1.0)
