"""The leaderboard."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from prism_engine.report.effects.two_factor import TwoFactor, Unestimable
from prism_engine.report.pages.board import System, board
from prism_engine.report.scores.aligned import align
from prism_engine.report.scores.finished import find_runs
from tests.finished import write_run

MANY = 200


def made(folder, abouts=None):
    runs = find_runs([folder])
    names = sorted({run.setting.benchmark for run in runs})
    return board({name: align([run for run in runs if run.setting.benchmark == name]) for name in names}, abouts or {})


def direct(folder, perceiver, share, benchmark="Bench", **more):
    scores = [float(place < round(share * MANY)) for place in np.random.default_rng(0).permutation(MANY)]
    write_run(folder, scores, mode="direct", perceiver=perceiver, benchmark=benchmark, **more)


def test_means_and_ranks_are_over_all_benchmarks(tmp_path):
    for name, shares in (("a", (0.9, 0.5)), ("b", (0.5, 0.56)), ("c", (0.1, 0.3))):
        for benchmark, share in zip(("One", "Two"), shares, strict=True):
            direct(tmp_path, name, share, benchmark)
    found = made(tmp_path)
    assert [(one.name, one.mean, one.mean_rank, one.rank_sure) for one in found.places] == [
        ("a (direct)", pytest.approx(70), 1.5, 1),
        ("b (direct)", pytest.approx(53), 1.5, 2),
        ("c (direct)", pytest.approx(20), 3.0, 3),
    ]
    for place in found.places:
        low, high = place.interval
        assert low < place.mean < high
    assert found.gaps[0][:2] == ("a (direct)", "b (direct)")
    assert all(gap.low < gap.difference < gap.high for gap in found.gaps)
    assert [gap[:2] for gap in found.gaps] == [(a, b) for a, b in combinations([one.name for one in found.places], 2)]


def test_indistinguishable_systems_share_a_rank(tmp_path):
    direct(tmp_path, "a", 0.52)
    direct(tmp_path, "b", 0.5)
    assert [place.rank_sure for place in made(tmp_path).places] == [1, 1]


def test_a_system_that_lacks_a_benchmark_is_shown_below_without_a_mean(tmp_path):
    direct(tmp_path, "a", 0.9)
    direct(tmp_path, "b", 0.1)
    direct(tmp_path, "b", 0.1, "Two")
    first, last = made(tmp_path).places
    assert (first.name, last.name, list(last.marks)) == ("b (direct)", "a (direct)", ["Bench"])
    assert (last.mean, last.interval, last.mean_rank, last.rank_sure) == (None, None, None, None)


def test_a_benchmark_s_own_metric_is_scaled_to_100_and_has_no_resampled_interval(tmp_path):
    direct(tmp_path, "a", 0.9, headline=1400, maximum=2800)
    direct(tmp_path, "b", 0.4, headline=0.4)
    found = made(tmp_path)
    assert [(place.mean, place.interval is None) for place in found.places] == [(50, True), (pytest.approx(40), False)]
    assert found.unsampled == ("Bench",)


def test_a_system_whose_number_could_not_be_computed_lacks_the_benchmark(tmp_path):
    direct(tmp_path, "a", 0.9, headline=float("nan"))  # written as null
    direct(tmp_path, "b", 0.4)
    assert [place.name for place in made(tmp_path).places] == ["b (direct)"]


def test_decoupled_systems_have_perception_and_reasoning_effects(tmp_path):
    draw = np.random.default_rng(1)
    for perceiver, seeing in (("eye", 0.3), ("lens", 0.1)):
        for reasoner, thinking in (("brain", 0.4), ("mind", 0.2)):
            scores = (draw.random(MANY) < seeing + thinking).astype(float)
            write_run(tmp_path, scores.tolist(), perceiver=perceiver, reasoner=reasoner)
    direct(tmp_path, "eye", 0.5)
    places = {place.name: place for place in made(tmp_path).places}
    best = places["eye + brain"]
    assert best.perception.value > 0 < best.reasoning.value
    assert places["lens + mind"].perception.value == pytest.approx(-best.perception.value)
    assert places["eye (direct)"].perception is None


def test_a_perceiver_with_another_instruction_is_another_one(tmp_path):
    write_run(tmp_path, [1, 0, 1, 1])
    write_run(tmp_path, [1, 0, 0, 0], instruction="detailed")
    found = made(tmp_path)
    assert isinstance(found.effects, TwoFactor)
    assert {effect.model for effect in found.effects.perception} == {"eye", "eye (detailed)"}
    assert {place.name for place in found.places} == {"eye + brain", "eye + brain (detailed)"}


def test_without_a_grid_the_reason_is_there(tmp_path):
    direct(tmp_path, "a", 0.9)
    assert made(tmp_path).effects == Unestimable("no run has both a perceiver and a reasoner")


def test_a_system_has_its_metadata(tmp_path):
    direct(tmp_path, "a", 0.9)
    system = System("direct", "a", None, None, "v3")
    assert made(tmp_path, {system: {"parameters": "7B"}}).places[0].about == {"parameters": "7B"}


def test_profiles_are_distinguished_by_name(tmp_path):
    direct(tmp_path, "a", 0.9)
    direct(tmp_path, "a", 0.8, profile="v1", suffix="-v1")
    assert [place.name for place in made(tmp_path).places] == ["a (direct, v3)", "a (direct, v1)"]
