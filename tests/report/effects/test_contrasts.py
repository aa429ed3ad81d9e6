"""The pairs of runs that are compared, and how."""

from __future__ import annotations

import pytest

from prism_engine.report.effects.contrasts import accuracies, contrast, contrasts
from prism_engine.report.scores.aligned import align
from prism_engine.report.scores.finished import find_runs
from prism_engine.report.scores.inference import holm
from tests.finished import write_run

RIGHT = [1, 1, 1, 1, 1, 1, 0, 0]
WRONG = [0, 0, 0, 0, 0, 0, 1, None]


def aligned(folder):
    return align(find_runs([folder]))


@pytest.fixture
def everything(tmp_path):
    for perceiver in ("eye", "lens"):
        for reasoner in ("brain", "mind"):
            write_run(tmp_path, RIGHT if perceiver == "eye" else WRONG, perceiver=perceiver, reasoner=reasoner)
    write_run(tmp_path, RIGHT, instruction="detailed")
    write_run(tmp_path, WRONG, mode="direct")
    write_run(tmp_path, WRONG, mode="blind")
    write_run(tmp_path, RIGHT, mode="oracle")
    return aligned(tmp_path)


def test_every_two_runs_that_differ_in_one_thing_are_compared(everything):
    found = [(one.kind, one.fixed, one.first, one.second) for one in contrasts(everything) if one.level == "overall"]
    assert sorted(found) == sorted(
        [
            ("perceivers", "brain, generic", "eye", "lens"),
            ("perceivers", "mind, generic", "eye", "lens"),
            ("reasoners", "eye, generic", "brain", "mind"),
            ("reasoners", "lens, generic", "brain", "mind"),
            ("instructions", "eye, brain", "detailed", "generic"),
            ("direct against decoupled", "eye", "direct", "brain, detailed"),
            ("direct against decoupled", "eye", "direct", "brain, generic"),
            ("direct against decoupled", "eye", "direct", "mind, generic"),
            ("blind", "brain", "blind", "eye, detailed"),
            ("blind", "brain", "blind", "eye, generic"),
            ("blind", "brain", "blind", "lens, generic"),
            ("oracle", "brain", "oracle", "eye, detailed"),
            ("oracle", "brain", "oracle", "eye, generic"),
            ("oracle", "brain", "oracle", "lens, generic"),
        ]
    )


def test_a_comparison_counts_the_samples_that_both_have(everything):
    one = next(one for one in contrasts(everything) if one.kind == "perceivers")
    assert (one.paired.difference.n, one.first_share, one.second_share) == (7, 6 / 7, 1 / 7)
    assert (one.paired.improved, one.paired.worsened) == (1, 6)


def test_p_values_are_adjusted_within_their_kind_and_level(everything):
    found = contrasts(everything)
    for kind in ("blind", "perceivers"):
        for level in ("overall", "category"):
            family = [one for one in found if (one.kind, one.level) == (kind, level)]
            assert [one.p_holm for one in family] == holm([one.paired.p for one in family])
            assert len(family) > 1


def test_runs_under_other_matching_rules_are_not_compared(tmp_path):
    write_run(tmp_path, RIGHT)
    write_run(tmp_path, RIGHT, perceiver="lens", profile="v1", suffix="-v1")
    write_run(tmp_path, RIGHT, mode="direct", profile="v1", suffix="-v1")
    assert contrasts(aligned(tmp_path)) == []


def test_a_direct_run_belongs_to_its_perceiver_whatever_its_output_limit(tmp_path):
    write_run(tmp_path, RIGHT)
    write_run(tmp_path, RIGHT, mode="direct", suffix="-2048")
    assert {one.kind for one in contrasts(aligned(tmp_path))} == {"direct against decoupled"}


def test_two_runs_that_were_named_are_compared_whatever_they_are(tmp_path):
    write_run(tmp_path, RIGHT)
    write_run(tmp_path, WRONG, mode="blind", reasoner="other")
    found = contrast(aligned(tmp_path), ("a", "b"))
    assert [(one.first, one.second, one.level, one.name) for one in found] == [
        ("a", "b", "overall", None),
        ("a", "b", "category", "counting"),
        ("a", "b", "category", "seeing"),
    ]


def test_accuracies_leave_out_what_has_no_score(tmp_path):
    write_run(tmp_path, [1, None, 0, None])
    found = [(one.name, one.share.value, one.share.n) for one in accuracies(aligned(tmp_path))]
    assert found == [(None, 0.5, 2), ("seeing", 0.5, 2)]
