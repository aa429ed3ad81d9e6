"""The tables of a leaderboard by votes, and what is said below them."""

from __future__ import annotations

from prism_engine.report.effects.bradley_terry import rate
from prism_engine.report.pages.vote_sheets import (
    fits_a_terminal,
    pair_sheet,
    rating_sheet,
    style_sheet,
    vote_remarks,
    win_matrix,
)
from tests.votes import vote

OUTCOMES = ("left", "left", "right", "tie")


def votes_of(*pairs, outcomes=OUTCOMES, voters=("ann", "bob")):
    return [
        vote(one, other, outcome, sample=str(place), voter=voter)
        for one, other in pairs
        for place, outcome in enumerate(outcomes)
        for voter in voters
    ]


def said(votes):
    return " | ".join(vote_remarks(rate(votes)))


def test_ratings_have_their_rank_interval_and_share_of_votes_won():
    sheet = rating_sheet(rate(votes_of(("a", "b"), ("b", "c"), ("a", "c"))))
    assert [column.name for column in sheet.columns] == ["system", "rank", "rating", "low", "high", "votes", "won"]
    assert [row[0] for row in sheet.rows] == ["a", "b", "c"]
    assert (sheet.rows[0][-2:], sheet.rows[1][-1]) == ((16, 0.625), 0.5)
    for _, _, rating, low, high, *_ in sheet.rows:
        assert sorted(map(str, (low, rating, high)), key=float) == [str(low), str(rating), str(high)]


def test_pairs_and_the_matrix_count_ties_as_half_wins():
    ratings = rate(votes_of(("a", "b"), ("b", "c")))
    assert pair_sheet(ratings).rows == (("a", "b", 4, 2, 2, 0.625), ("b", "c", 4, 2, 2, 0.625))
    matrix = win_matrix(ratings)
    assert matrix.rows == (
        ("1. a", None, 0.625, None),
        ("2. b", 0.375, None, 0.625),
        ("3. c", None, 0.375, None),
    )
    assert fits_a_terminal(ratings)
    assert not fits_a_terminal(rate(votes_of(("a", "b"))))


def test_styles_are_named_for_people():
    votes = [
        vote("a", "b", outcome, sample=str(place), characters=(100 + place * 7 % 50, 90))
        for place, outcome in enumerate(OUTCOMES * 5)
    ]
    sheet = style_sheet(rate(votes, style=True))
    assert [row[0] for row in sheet.rows] == ["length"]
    assert style_sheet(rate(votes)).rows == ()


def test_what_limits_the_ratings_is_said():
    assert "8 votes of 2 voters on 4 pictures" in said(votes_of(("a", "b")))
    assert "all votes are ann's" in said(votes_of(("a", "b"), voters=("ann",)))
    assert "no interval and no sure rank" in said([vote("a", "b")])
    assert "2 groups were never compared" in said(votes_of(("a", "b"), ("c", "d")))
    assert "some systems have won, or lost, all" in said(votes_of(("a", "b"), outcomes=("left",) * 4))
    assert "some systems of group 2 have" in said(
        [*votes_of(("a", "b"), ("b", "c")), *votes_of(("d", "e"), outcomes=("left",) * 4)]
    )
    assert "the left side has won 67% of 24 decided votes" in said(votes_of(("a", "b"), outcomes=OUTCOMES * 4))
    plain = said(votes_of(("a", "b")))
    assert all(words not in plain for words in ("all votes are", "no interval", "groups", "Firth", "left side"))


def test_the_group_is_shown_only_if_there_are_several():
    sheet = rating_sheet(rate(votes_of(("a", "b"), ("c", "d"))))
    assert [row[:2] for row in sheet.rows] == [("a", 1), ("b", 1), ("c", 2), ("d", 2)]
