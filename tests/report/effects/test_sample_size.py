"""Sample sizes for paired comparisons, checked by simulating them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from prism_engine.report.effects.sample_size import Goal, Variation, by_benchmark, typical, variations
from prism_engine.report.scores.aligned import align
from prism_engine.report.scores.finished import find_runs
from prism_engine.report.scores.inference import paired
from tests.finished import write_run

GOAL = Goal(0.8, 0.05)


def variation(discordance, effect=1.0, questions=100, pictures=100):
    return Variation("Bench", "a", "b", questions, pictures, discordance, effect, measured=True)


def outcomes(draw, difference, discordance, pictures, per_picture, shared):
    """Return pairs of answers that differ as planned; two about one picture are alike with probability `shared`."""
    better, worse = (discordance + difference) / 2, (discordance - difference) / 2
    own = draw.random((pictures, per_picture))
    picked = np.where(draw.random((pictures, per_picture)) < np.sqrt(shared), draw.random((pictures, 1)), own).ravel()
    second = (picked < better) | (picked > 1 - (1 - discordance) / 2)
    first = ((picked >= better) & (picked < better + worse)) | (picked > 1 - (1 - discordance) / 2)
    return first.astype(float), second.astype(float), np.repeat(np.arange(pictures), per_picture)


@pytest.mark.parametrize("difference", [0.05, 0.1])
@pytest.mark.parametrize("discordance", [0.15, 0.3])
def test_the_stated_number_of_independent_questions_has_the_stated_power(difference, discordance):
    draw = np.random.default_rng(8)
    n = variation(discordance).needed(difference, GOAL)
    runs = [paired(*outcomes(draw, difference, discordance, n, 1, 0.0)).p < 0.05 for _ in range(400)]
    assert 0.75 <= np.mean(runs) <= 0.86


@pytest.mark.parametrize("per_picture", [2, 5])
def test_the_stated_number_holds_where_pictures_repeat(per_picture):
    draw = np.random.default_rng(9)
    difference, discordance, shared = 0.06, 0.25, 0.4
    effect = 1 + (per_picture - 1) * shared
    planned = variation(discordance, effect, questions=per_picture, pictures=1)
    pictures = -(-planned.needed(difference, GOAL) // per_picture)
    runs = [
        paired(*outcomes(draw, difference, discordance, pictures, per_picture, shared)).p < 0.05 for _ in range(400)
    ]
    assert 0.75 <= np.mean(runs) <= 0.85


def test_the_number_needed_is_connor_s_plus_that_of_the_exact_test():
    assert variation(0.2).needed(0.1, GOAL) == 155 + 10  # by hand: (1.96 √0.2 + 0.8416 √0.19)² / 0.01 = 154.6
    assert variation(0.2, 2.0, pictures=50).needed(0.1, GOAL) == 310


def test_more_is_needed_for_smaller_differences_more_power_and_smaller_alpha():
    one = variation(0.2)
    assert one.needed(0.02, GOAL) > one.needed(0.05, GOAL) > one.needed(0.1, GOAL)
    assert one.needed(0.05, Goal(0.9, 0.05)) > one.needed(0.05, GOAL) < one.needed(0.05, Goal(0.8, 0.01))


def test_systems_that_differ_by_more_than_their_discordance_differ_on_that_many_questions():
    assert variation(0.01).needed(0.1, GOAL) == variation(0.1).needed(0.1, GOAL)
    assert variation(0.0).needed(1.0, GOAL) > 1


def test_the_detectable_difference_needs_exactly_the_questions_there_are():
    one = variation(0.2, questions=1000)
    found = one.detectable(GOAL)
    assert found is not None
    assert one.needed(found, GOAL) <= 1000 < one.needed(found - 1e-4, GOAL)
    assert one.detectable(GOAL, 4000) < found
    assert variation(0.2, questions=2).detectable(GOAL) is None


def test_pairs_of_runs_show_their_discordance_and_design_effect(tmp_path):
    draw = np.random.default_rng(1)
    clustered = np.repeat(draw.random(100) < 0.4, 4)
    for name, scores in (("a", np.zeros(400)), ("b", clustered), ("c", draw.random(400) < 0.4)):
        write_run(tmp_path, scores.astype(float).tolist(), mode="direct", perceiver=name, per_picture=4)
    found = {(each.first, each.second): each for each in variations(align(find_runs([tmp_path])))}
    alike, apart = found["a (direct)", "b (direct)"], found["a (direct)", "c (direct)"]
    assert (alike.questions, alike.pictures, alike.measured) == (400, 100, True)
    assert alike.discordance == clustered.mean()
    assert alike.design_effect == pytest.approx(4, rel=0.02)
    assert apart.design_effect == pytest.approx(1, abs=0.4)
    assert len(found) == 3
    middle = typical(list(found.values()))
    assert min(each.discordance for each in found.values()) <= middle.discordance
    assert by_benchmark(found.values())["Bench"][0].design_effect > 2


def test_the_runs_own_difference_is_no_variation():
    plan = replace(variation(0.5), difference=0.4)
    assert plan.needed(0.05, GOAL) == variation(0.34).needed(0.05, GOAL)


def test_one_run_assumes_a_second_system_that_is_as_good(tmp_path):
    write_run(tmp_path, [1.0, 0.0] * 50, mode="direct")
    (found,) = variations(align(find_runs([tmp_path])))
    assert (found.second, found.measured, found.discordance) == (None, False, 0.25)
    (given,) = variations(align(find_runs([tmp_path])), 0.1)
    assert given.discordance == 0.1


def test_runs_under_different_rules_are_no_pair(tmp_path):
    write_run(tmp_path, [1.0, 0.0] * 50, mode="direct")
    write_run(tmp_path, [1.0, 0.0] * 50, mode="direct", profile="v1", suffix="-v1")
    assert [each.second for each in variations(align(find_runs([tmp_path])))] == [None, None]
