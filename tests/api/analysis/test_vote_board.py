"""A leaderboard from files of votes."""

from __future__ import annotations

import pytest

from prism_engine.api.analysis.vote_board import rate_votes
from prism_engine.errors import UserError
from prism_engine.report.scores.votes import VoteFile
from tests.votes import vote


@pytest.fixture
def voted(tmp_path):
    """A folder with a file of votes on answers to two benchmarks and on descriptions."""
    (tmp_path / "results").mkdir()
    file = VoteFile(tmp_path / "results" / "votes.jsonl")
    for place, outcome in enumerate(("left", "right", "left", "tie", "left")):
        file.add(vote("a", "b", outcome, sample=str(place)))
        file.add(vote("a", "b", "right", sample=str(place), benchmark="Other"))
        file.add(vote("eye", "lens", outcome, sample=str(place), what="descriptions"))
    return tmp_path / "results"


def test_answers_and_descriptions_are_rated_apart(voted):
    found = rate_votes([voted])
    assert {what: [each.system for each in one.standings] for what, one in found.ratings.items()} == {
        "answers": ["b", "a"],
        "descriptions": ["eye", "lens"],
    }
    assert found.files == ()


def test_only_the_benchmarks_named_count(voted):
    found = rate_votes([voted], benchmarks=["Bench"])
    assert [each.system for each in found.ratings["answers"].standings] == ["a", "b"]
    with pytest.raises(UserError, match="--benchmark Third: no vote is on it; the votes are on Bench, Other"):
        rate_votes([voted], benchmarks=["Third"])


def test_a_vote_that_was_cast_again_counts_once(voted):
    VoteFile(voted / "votes.jsonl").add(vote("b", "a", "left", sample="0"))
    found = rate_votes([voted])
    assert (found.replaced, found.ratings["answers"].votes) == (1, 10)


def test_all_tables_are_written_and_equal_votes_give_equal_bytes(voted, tmp_path):
    files = rate_votes([voted], out=tmp_path / "out").files
    assert {file.name for file in files} >= {"votes-answers-ratings.tex", "votes-descriptions-matrix.csv"}
    before = [file.read_bytes() for file in files]
    again = rate_votes([voted], out=tmp_path / "out").files
    assert [file.read_bytes() for file in again] == before


def test_a_folder_that_cannot_be_made_is_named(voted):
    with pytest.raises(UserError, match=r"out: cannot be created \(Not a directory\)"):
        rate_votes([voted], out=voted / "votes.jsonl" / "out")
