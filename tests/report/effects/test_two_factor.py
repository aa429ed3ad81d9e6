"""Planted effects are recovered, and unestimable grids report the reason."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.attribution import (
    PERCEPTION,
    REASONING,
    Pictures,
    estimate,
    estimate_inside,
    simulated_grid,
    simulated_questions,
)
from prism_engine.report.effects.two_factor import TwoFactor, Unestimable, sure_ranks, two_factor

PICTURES = Pictures(many=100)
CLUSTERS = {"b": PICTURES.clusters, "c": PICTURES.clusters}


def grid(seed=0):
    return simulated_grid(np.random.default_rng(seed), PICTURES)


def found(runs) -> TwoFactor:
    result = two_factor(runs, CLUSTERS)
    assert isinstance(result, TwoFactor)
    return result


def test_intervals_hold_planted_effects_and_rankings_come_out():
    draw = np.random.default_rng(7)
    grids = [estimate(simulated_grid(draw, PICTURES), PICTURES) for _ in range(150)]
    for model in PERCEPTION | REASONING:  # 95 % of 150, within three standard errors
        assert 0.89 <= np.mean([one.covered[model] for one in grids]) <= 1.0, model
    assert 0.93 <= np.mean([list(one.covered.values()) for one in grids]) <= 0.97
    assert np.mean([one.ranked for one in grids]) > 0.95


def test_effects_for_the_same_question_are_found_whatever_the_difficulties():
    draw = np.random.default_rng(8)
    inside = [estimate_inside(simulated_questions(draw, PICTURES), PICTURES) for _ in range(100)]
    assert 0.92 <= np.mean(inside) <= 0.98


def test_effects_of_a_kind_sum_to_zero_and_come_best_first():
    result = found(grid())
    for effects in (result.perception, result.reasoning):
        assert sum(effect.value for effect in effects) == pytest.approx(0, abs=1e-9)
        assert sum(effect.same_question[0] for effect in effects if effect.same_question) == pytest.approx(0, abs=1e-9)
        assert [effect.rank for effect in effects] == list(range(1, len(effects) + 1))
        assert [effect.accuracy for effect in effects] == sorted((one.accuracy for one in effects), reverse=True)
    assert [effect.model for effect in result.perception] == list(PERCEPTION)
    assert (result.samples, result.of_samples, result.clusters, result.runs) == (200, 200, 100, 12)
    assert not result.penalised
    assert result.misfit < 0.1


def test_the_order_of_runs_and_models_changes_nothing():
    runs = grid()
    one, other = found(runs), found(runs[::-1])
    assert [effect.model for effect in one.perception] == [effect.model for effect in other.perception]
    assert [effect.low for effect in one.reasoning] == pytest.approx([effect.low for effect in other.reasoning])


def test_questions_without_a_score_in_some_run_do_not_count():
    runs = grid()
    runs[3].scores[:50] = np.nan
    result = found(runs)
    assert (result.samples, result.of_samples, result.clusters) == (150, 200, 75)


def test_a_grid_with_holes_is_enough_where_chains_of_runs_connect_all_models():
    corner = [run for run in grid() if run.perceiver == "sharp" or run.reasoner == "clever"]
    assert len(found(corner).perception) == 4


def test_one_reasoner_is_enough_for_perception_alone():
    result = found([run for run in grid() if run.reasoner == "able"])
    assert len(result.perception) == 4
    assert result.reasoning == ()


def test_several_benchmarks_have_a_level_of_their_own():
    easy = [run._replace(benchmark="c", scores=np.maximum(run.scores, np.arange(200) % 2)) for run in grid(1)]
    assert [effect.model for effect in found(grid() + easy).perception] == list(PERCEPTION)


def test_a_model_that_is_never_right_gets_a_finite_penalised_effect_and_the_last_rank():
    runs = [run._replace(scores=run.scores * (run.perceiver != "good")) for run in grid()]
    result = found(runs)
    assert result.penalised
    assert result.perception[0].same_question is None
    last = result.perception[-1]
    assert last.model == "good"
    assert last.rank_sure == 4
    assert -20 < last.low < last.high < -1


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [
        (lambda runs: runs[:1], "two perceivers or two reasoners"),
        (lambda runs: [*runs, runs[0]], "two runs are sharp with clever on b"),
        (lambda runs: [runs[0], runs[4]], "no chain of runs connects good with sharp"),
        (lambda runs: [runs[0], runs[3]._replace(benchmark="c")], "no chain of runs connects"),
        (lambda runs: [run._replace(scores=run.scores * np.nan) for run in runs], "no question has a score in every"),
        (lambda runs: [run._replace(scores=run.scores * 0) for run in runs], "all answers are wrong"),
        (lambda runs: [run._replace(scores=run.scores * 0 + 1) for run in runs], "all answers are right"),
    ],
)
def test_what_cannot_be_estimated_has_its_reason(spoil, reason):
    result = two_factor(spoil(grid()), CLUSTERS)
    assert isinstance(result, Unestimable)
    assert reason in result.reason


def test_questions_about_one_picture_say_nothing():
    runs = [run._replace(scores=run.scores[:2]) for run in grid()]
    result = two_factor(runs, {"b": PICTURES.clusters[:2]})
    assert result == Unestimable("all questions are about one picture")


def test_models_whose_intervals_overlap_share_a_rank():
    assert sure_ranks([(0.5, 0.9), (0.4, 0.6), (0.1, 0.45), (0.0, 0.2)]) == [1, 1, 2, 3]
