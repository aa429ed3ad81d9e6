"""Runs for a comparison are scored by one version of prism's rules."""

from __future__ import annotations

import orjson
import pytest

from prism_engine.api.analysis.rescored import comparable_runs, two_comparable_runs
from prism_engine.errors import ConfigError, UserError
from tests.finished import write_run

REPLIES = ("The answer is A. A common mistake is to choose B.", "B\n\nIf it were larger, the answer would be A.")


def answered(folder):
    """Give the rows of a run replies to score."""
    path = folder / "predictions.jsonl"
    rows = [orjson.loads(line) for line in path.read_bytes().splitlines()]
    texts = [row | {"reply": REPLIES[number % 2]} for number, row in enumerate(rows)]
    path.write_bytes(b"".join(orjson.dumps(row) + b"\n" for row in texts))
    return folder


def test_versions_are_not_mixed_and_the_message_says_what_to_do(tmp_path):
    write_run(tmp_path, [1, 0], profile="prism")
    write_run(tmp_path, [1, 0], profile="prism-2", perceiver="lens")
    with pytest.raises(UserError, match=r"scored by prism-1 and .* by prism-2.*--rescore prism-2"):
        comparable_runs([tmp_path])


def test_prism_s_rules_and_vlmevalkit_s_may_stand_side_by_side(tmp_path):
    write_run(tmp_path, [1, 0], profile="prism-2")
    write_run(tmp_path, [1, 0], profile="v3", perceiver="lens")
    assert [run.setting.profile for run in comparable_runs([tmp_path])] == ["prism-2", "v3"]


def test_all_are_rescored_by_the_rules_that_are_named(tmp_path):
    one = answered(write_run(tmp_path, [0, 0], profile="prism"))
    other = answered(write_run(tmp_path, [1, 0], profile="prism-2", perceiver="lens"))
    runs = comparable_runs([tmp_path], "prism")
    assert {run.setting.profile for run in runs} == {"prism-2"}
    assert [run.table["score"].to_list() for run in runs] == [[1.0, 0.0], [1.0, 0.0]]
    assert [run.setting.profile for run in two_comparable_runs([one, other], "prism-1")] == ["prism-1"] * 2


def test_an_unknown_profile_is_refused(tmp_path):
    write_run(tmp_path, [1, 0])
    with pytest.raises(ConfigError, match="v9"):
        comparable_runs([tmp_path], "v9")
