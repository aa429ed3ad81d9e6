"""The file of votes: its writer, its reader and which votes count."""

from __future__ import annotations

import os
import threading

import orjson
import pytest
from pydantic import ValidationError

from prism_engine.errors import NewerFileError, UserError
from prism_engine.report.scores.votes import Side, VoteFile, find_votes, latest, read_votes
from tests.votes import vote


def test_what_is_written_is_read_back_in_order_with_its_time(tmp_path):
    file = VoteFile(tmp_path / "votes.jsonl")
    sent = [vote(outcome=outcome, pictures=("p",)) for outcome in ("left", "right", "tie", "both bad")]
    for each in sent:
        file.add(each)
    found = list(read_votes(tmp_path / "votes.jsonl"))
    assert [each.model_copy(update={"time": ""}) for each in found] == sent
    assert all(each.time.endswith("+00:00") for each in found)
    assert [each.share for each in found] == [1, 0, 0.5, 0.5]


def test_votes_of_several_writers_never_mix(tmp_path):
    path = tmp_path / "votes.jsonl"

    def write(voter):
        file = VoteFile(path)
        for number in range(50):
            file.add(vote(voter=voter, sample=str(number)))

    threads = [threading.Thread(target=write, args=(f"voter {number} " * 30,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(list(read_votes(path))) == 200


def test_a_last_line_without_its_end_is_kept_apart_from_the_next_vote(tmp_path):
    path = tmp_path / "votes.jsonl"
    VoteFile(path).add(vote())
    path.write_bytes(path.read_bytes().rstrip(b"\n"))
    VoteFile(path).add(vote("b", "c"))
    assert [each.left.system for each in read_votes(path)] == ["a", "b"]


def test_a_vote_that_cannot_be_written_leaves_the_file_as_it_was(tmp_path, monkeypatch):
    path = tmp_path / "votes.jsonl"
    file = VoteFile(path)
    file.add(vote())
    before = path.read_bytes()
    write = os.write
    monkeypatch.setattr(os, "write", lambda number, data: write(number, data[:20]))
    with pytest.raises(UserError, match=r"votes.jsonl: the vote cannot be written \(the disk is full\)"):
        file.add(vote("b", "c"))
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (b"nonsense", "line 2: not a vote"),
        (b"[]", "not a JSON object"),
        ({"outcome": "maybe"}, "outcome: Input should be 'left', 'right', 'tie' or 'both bad'"),
        ({"voter": ""}, "voter: String should have at least 1 character"),
        ({"sample": 7}, "sample: Input should be a valid string"),
        ({"pictures": ["p"] * 2000}, "pictures: Tuple should have at most 1000 items"),
        ({"left": {"run": "r", "system": "b"}}, "both sides are 'b'"),
        ({"left": {"run": "r", "system": "a", "characters": 1e30}}, "left.characters"),
        ({"left": {"run": "r", "system": "a", "bold": -1}}, "left.bold"),
        ({"schema": "x"}, "schema 'x' is not a version"),
        ({"voter": "v" * 70_000}, "longer than 65,536 bytes"),
    ],
)
def test_damage_is_reported_with_file_and_line_before_anyone_votes(tmp_path, change, problem):
    path = tmp_path / "votes.jsonl"
    VoteFile(path).add(vote())
    bad = change if isinstance(change, bytes) else orjson.dumps(orjson.loads(path.read_bytes()) | change)
    path.write_bytes(path.read_bytes() + bad + b"\n")
    with pytest.raises(UserError) as error:
        VoteFile(path)
    assert f"{path}, line 2: not a vote (" in str(error.value)
    assert problem in str(error.value)
    assert len(str(error.value)) < 500


def test_fields_that_a_newer_version_adds_are_ignored_and_a_newer_schema_is_named(tmp_path):
    path = tmp_path / "votes.jsonl"
    VoteFile(path).add(vote())
    content = orjson.loads(path.read_bytes())
    path.write_bytes(orjson.dumps(content | {"mood": "good"}))
    assert len(list(read_votes(path))) == 1
    path.write_bytes(orjson.dumps(content | {"schema": 2}))
    with pytest.raises(NewerFileError, match="line 1: schema 2 of a newer version"):
        list(read_votes(path))


def test_files_are_found_below_folders_and_their_absence_is_named(tmp_path):
    for name in ("one/votes.jsonl", "two/deep/votes.jsonl", "mine.jsonl"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        VoteFile(tmp_path / name).add(vote())
    assert sum(map(len, find_votes([tmp_path, tmp_path / "mine.jsonl"]).values())) == 3
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match=r"empty: there is no votes.jsonl in it"):
        find_votes([tmp_path / "empty"])
    (tmp_path / "empty" / "votes.jsonl").touch()
    with pytest.raises(UserError, match="no vote in it yet"):
        find_votes([tmp_path / "empty"])
    with pytest.raises(UserError, match=r"nowhere.jsonl: cannot be read \(No such file"):
        find_votes([tmp_path / "nowhere.jsonl"])


def test_the_last_vote_of_a_voter_on_a_pair_counts_whatever_the_sides(tmp_path):
    votes = [vote(), vote("b", "a", "left"), vote(voter="bob"), vote(sample="2"), vote(what="descriptions")]
    assert latest({tmp_path: votes}) == votes[1:]


def test_a_side_counts_what_its_text_looks_like():
    side = Side.showing("run", "a", "# Title\n\n- one **bold**\n- two __strong__\n1. three\n# \nno # header * item")
    assert (side.headers, side.items, side.bold) == (1, 3, 2)
    assert side.characters == 71


def test_two_sides_of_one_system_are_no_vote():
    with pytest.raises(ValidationError, match="both sides are 'a'"):
        vote("a", "a")
