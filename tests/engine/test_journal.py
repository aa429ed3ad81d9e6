"""One line per sample, read back in order, whatever the order in which they finished."""

from __future__ import annotations

import errno

import orjson
import pytest

from prism_engine.engine.journal import Journal, result_row
from prism_engine.errors import ConfigError, StoreError
from prism_engine.records import Completion, Option, Outcome, Sample, SampleResult, SampleStatus, Score, StepRecord


def sample(position):
    return Sample(position, f"id-{position}", (), "?", options=(Option("A", "None"),), answer="A")


def done(position):
    reply = Completion(Outcome.OK, "A\u2028", seconds=1.5)
    steps = StepRecord("perceive", "p", reply, picture=0), StepRecord("reason", "r", reply)
    return SampleResult(sample(position), SampleStatus.DONE, "seen", steps, Score(1.0, "A"))


@pytest.fixture
def journal(tmp_path):
    journal = Journal(tmp_path / "results" / "journal.jsonl", 4)
    yield journal
    journal.close()


def test_lines_come_back_in_the_benchmark_s_order(journal):
    for position in (2, 0, 3, 1):
        journal.append(done(position))
    assert [orjson.loads(line)["position"] for line in journal.lines()] == [0, 1, 2, 3]


def test_samples_that_were_never_begun_get_a_line_of_their_own(journal):
    journal.append(done(1))
    journal.close_out(lambda positions: map(sample, positions), 3)
    assert [(row["index"], row["status"]) for row in map(orjson.loads, journal.lines())] == [
        ("id-0", "not_run"),
        ("id-1", "done"),
        ("id-2", "not_run"),
    ]


def test_a_flushed_line_is_seen_by_others_at_once(journal):
    journal.append(done(0))
    journal.flush()
    assert orjson.loads(journal.path.read_bytes())["reply"] == "A\u2028"


def test_a_sample_that_finishes_twice_is_a_mistake_of_ours(journal):
    journal.append(done(0))
    with pytest.raises(AssertionError, match="finished twice"):
        journal.append(done(0))


def test_a_row_holds_nothing_that_a_rerun_would_change():
    assert "seconds" not in orjson.dumps(result_row(done(0))).decode()


def test_two_runs_cannot_write_the_same_results_at_once(journal):
    with pytest.raises(ConfigError, match="another run is writing"):
        Journal(journal.path, 4)


def test_a_new_journal_forgets_what_a_killed_run_left(tmp_path):
    path = tmp_path / "journal.jsonl"
    path.write_text('{"torn')
    journal = Journal(path, 1)
    journal.append(done(0))
    assert len(list(journal.lines())) == 1
    journal.close()


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError, match="file"):
        Journal(tmp_path / "file" / "journal.jsonl", 1)


@pytest.mark.parametrize(
    ("number", "fix"),
    [(errno.ENOSPC, "free some space"), (errno.EACCES, "fix the permissions"), (errno.ENOENT, "another --results-dir")],
)
def test_a_journal_that_cannot_be_written_is_an_error_with_what_helps(tmp_path, number, fix, monkeypatch):
    def refuse(*_arguments, **_options):
        raise OSError(number, "no")

    monkeypatch.setattr("pathlib.Path.open", refuse)
    with pytest.raises(StoreError, match=fix):
        Journal(tmp_path / "journal.jsonl", 1)
