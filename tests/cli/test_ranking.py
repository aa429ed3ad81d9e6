"""`prism board` by votes, and its formats."""

from __future__ import annotations

import csv
import json

import pytest

from prism_engine.report.scores.votes import VoteFile
from tests.finished import write_run
from tests.votes import vote


@pytest.fixture
def voted(prism, tmp_path):
    """`prism`, in a folder with votes between three systems, one of which has a hostile name."""
    file = VoteFile(tmp_path / "votes.jsonl")
    for place in range(12):
        outcome = ("left", "left", "right", "tie")[place % 4]
        for one, other in (("a", "b_1 & \x1b[31m"), ("a", "c"), ("b_1 & \x1b[31m", "c")):
            file.add(vote(one, other, outcome, sample=str(place), characters=(20 + place, 10 + place * 5 % 7)))
    return prism


def test_votes_give_ratings_a_matrix_and_what_limits_them(voted):
    said = voted("board", "votes.jsonl", "--votes", "--style", "--out", "out")
    assert said.code == 0, said.err
    for words in ("Rank (UB)", "at equal length and Markdown", "Win matrix", "length", "all votes are ann's", ".tex"):
        assert words in said.out
    assert "\x1b" not in said.out


def test_the_ratings_are_printed_as_json_with_all_tables(voted):
    told = json.loads(voted("board", ".", "--votes", "--json").out)
    board = told["boards"]["answers"]
    assert (board["votes"], board["voters"], told["replaced"]) == (36, ["ann"], 0)
    assert [row["system"] for row in board["ratings"]] == ["a", "b_1 & \x1b[31m", "c"]
    assert {"pairs", "matrix", "remarks"} <= board.keys()


def test_what_has_no_meaning_with_votes_is_refused(voted):
    said = voted("board", "votes.jsonl", "--votes", "--size", "<4B", "--baselines")
    assert (said.code, "--size, --baselines: not with --votes" in said.err) == (2, True)
    said = voted("board", "votes.jsonl", "--style")
    assert (said.code, "--style: only with --votes" in said.err) == (2, True)


def test_a_damaged_line_is_named(voted, tmp_path):
    with (tmp_path / "votes.jsonl").open("a") as file:
        file.write('{"voter": "\x1b[31m"}\n')
    said = voted("board", "votes.jsonl", "--votes")
    assert (said.code, "votes.jsonl, line 37: not a vote" in said.err) == (2, True)


@pytest.mark.parametrize("votes", [True, False])
def test_each_format_is_one_table_and_nothing_else(voted, tmp_path, votes):
    for name, right in (("a", 3), ("b_1 & \x1b[31m", 2), ("c", 1)):
        scores = [float(place < right) for place in range(4)]
        write_run(tmp_path / "results", scores, mode="direct", perceiver=name)
    names = ["a", "b_1 & \\u001b[31m", "c"] if votes else ["a (direct)", "b_1 & \\u001b[31m (direct)", "c (direct)"]
    command = ("board", "votes.jsonl", "--votes") if votes else ("board", "results")
    rows = list(csv.DictReader(voted(*command, "--format", "csv").out.splitlines()))
    assert [row["system"] for row in rows] == names
    assert float(rows[0]["rating" if votes else "mean"]) > float(rows[2]["rating" if votes else "mean"])
    lines = voted(*command, "--format", "markdown").out.splitlines()
    assert (len(lines), all(line.startswith("| ") for line in lines)) == (5, True)
    lines = voted(*command, "--format", "latex").out.splitlines()
    assert [lines[0][:15], lines[1], lines[-2], lines[-1]] == [
        "\\begin{tabular}",
        "\\toprule",
        "\\bottomrule",
        "\\end{tabular}",
    ]
    assert "b\\_1 \\& {[}31m" in lines[5]
    assert voted(*command, "--format", "json").out == voted(*command, "--json").out


def test_published_results_are_marked_and_their_texts_control_nothing(prism, tmp_path):
    write_run(tmp_path / "results", [1, 0, 1], mode="direct", benchmark="MMStar")
    system = {"META": {"Method": ["\x1b[2JGPT & co", "u"]}, "MMStar": {"Overall": 70}}
    (tmp_path / "OpenVLM.json").write_text(json.dumps({"time": "\x1b[2J", "results": {"a": system}}))
    said = prism("board", "results", "--with", "OpenVLM.json")
    assert (said.code, "\x1b" in said.out) == (0, False)
    assert all(words in said.out for words in ("GPT & co", "published", "no interval, so no rank", "eye (direct)"))
    assert "GPT \\& co & published" in prism("board", "results", "--with", "OpenVLM.json", "--format", "latex").out
    assert prism("board", "results", "--with", "results/nothing.json").code == 2
