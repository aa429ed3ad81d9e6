"""Ratings compared with Hunter's MM algorithm, with statsmodels' regression, and where there is little to rate."""

from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm

from prism_engine.errors import UserError
from prism_engine.report.effects.bradley_terry import CENTRE, SCALE, STYLES, rate
from tests.votes import vote


def simulated(strengths, *, count=3000, pictures=200, length=0.0, seed=4):
    draw = np.random.default_rng(seed)
    names = list(strengths)
    votes = []
    for number in range(count):
        left, right = draw.choice(len(names), 2, replace=False)
        texts = draw.integers(1, 500, size=2)
        headers = draw.integers(0, 4, size=2)
        edge = strengths[names[left]] - strengths[names[right]] + length * (texts[0] - texts[1]) / texts.sum()
        outcome = "left" if draw.random() < 1 / (1 + np.exp(-edge)) else "right"
        outcome = draw.choice(["tie", "both bad"]) if draw.random() < 0.15 else outcome
        one, other = ({"characters": int(texts[side]), "headers": int(headers[side])} for side in (0, 1))
        picture = str(number % pictures)
        votes.append(
            vote(names[left], names[right], str(outcome), pictures=(picture,), sample=picture, styles=(one, other))
        )
    return votes


def by_mm(votes):
    """Maximise the same likelihood by minorisation (D. R. Hunter, Ann. Stat. 32 (2004) 384-406)."""
    names = sorted({side.system for each in votes for side in (each.left, each.right)})
    won = dict.fromkeys(names, 0.0)
    met = {}
    for each in votes:
        won[each.left.system] += each.share
        won[each.right.system] += 1 - each.share
        pair = tuple(sorted((each.left.system, each.right.system)))
        met[pair] = met.get(pair, 0) + 1
    worth = dict.fromkeys(names, 1.0)
    for _ in range(5000):
        weights = dict.fromkeys(names, 0.0)
        for (one, other), count in met.items():
            for name in (one, other):
                weights[name] += count / (worth[one] + worth[other])
        worth = {name: won[name] / weights[name] for name in names}
        scale = np.exp(np.mean(np.log(list(worth.values()))))
        worth = {name: value / scale for name, value in worth.items()}
    return {name: float(np.log(value)) for name, value in worth.items()}


def interval(standing):
    """Return an interval that must be there."""
    return standing.interval


def strengths_of(found):
    return {standing.system: (standing.rating - CENTRE) / SCALE for standing in found.standings}


WORTH = {"a": 1.2, "b": 0.4, "c": 0.0, "d": -0.3, "e": -1.3}


def test_strengths_are_those_of_another_algorithm():
    votes = simulated(WORTH)
    found = rate(votes)
    theirs = by_mm(votes)
    for system, value in strengths_of(found).items():
        assert value == pytest.approx(theirs[system], abs=1e-7)
    assert [standing.system for standing in found.standings] == list("abcde")
    assert not found.penalised


@pytest.mark.parametrize("style", [False, True])
def test_intervals_and_style_effects_are_those_of_statsmodels_with_clustered_errors(style):
    votes = simulated(WORTH, length=1.5)
    found = rate(votes, style=style)
    names = sorted(WORTH)
    rows, scores, clusters = [], [], []
    for each in votes:
        row = [(each.left.system == name) - (each.right.system == name) - 0.0 for name in names[1:]]
        pairs = [(getattr(each.left, name), getattr(each.right, name)) for name in STYLES[:2]]
        row += [(one - other) / (one + other) if one + other else 0.0 for one, other in pairs] if style else []
        rows.append(row)
        scores.append(each.share)
        clusters.append(int(each.sample))
    design = np.array(rows)
    if style:
        design[:, 4:] /= np.sqrt((design[:, 4:] ** 2).mean(axis=0))
    model = sm.GLM(np.array(scores), design, family=sm.families.Binomial())
    theirs = model.fit(cov_type="cluster", cov_kwds={"groups": np.array(clusters)}, tol=1e-12)
    covariance = theirs.cov_params()[:4, :4]
    reach = 1.9719565  # t, 199 degrees of freedom
    for standing in found.standings:
        weights = np.array([(standing.system == name) - 1 / 5 for name in names[1:]])
        value = weights @ theirs.params[:4]
        se = np.sqrt(weights @ covariance @ weights)
        assert (standing.rating - CENTRE) / SCALE == pytest.approx(value, abs=1e-6)
        assert (interval(standing)[1] - interval(standing)[0]) / 2 / SCALE == pytest.approx(reach * se, rel=1e-5)
    if style:
        assert [effect.style for effect in found.styles] == ["characters", "headers"]
        assert [effect.value for effect in found.styles] == pytest.approx(theirs.params[4:], abs=1e-6)
        assert (found.styles[0].low or 0) > 0
    else:
        assert not found.styles


def test_style_control_takes_back_what_length_has_bought():
    draw = np.random.default_rng(8)
    votes = []
    for number in range(2000):
        lengths = {"long": int(draw.integers(100, 600)), "short": int(draw.integers(1, 500))}
        edge = 2 * (lengths["long"] - lengths["short"]) / sum(lengths.values())
        outcome = "left" if draw.random() < 1 / (1 + np.exp(-edge)) else "right"
        characters = (lengths["long"], lengths["short"])
        votes.append(vote("long", "short", outcome, sample=str(number), characters=characters))
    plain, controlled = rate(votes), rate(votes, style=True)
    assert interval(plain.standings[0])[0] > CENTRE
    low, high = interval(next(each for each in controlled.standings if each.system == "long"))
    assert low < CENTRE < high


def test_the_interval_is_about_as_wide_as_that_of_a_bootstrap_over_pictures():
    # Three votes on each picture that all say the same: a third of the information that independent votes have.
    draw = np.random.default_rng(2)
    outcomes = np.where(draw.random(150) < 0.6, "left", "right")
    votes = [vote("a", "b", str(each), pictures=(str(place),)) for place, each in enumerate(outcomes) for _ in range(3)]
    standing = rate(votes).standings[0]
    shares = (outcomes == "left")[draw.integers(0, 150, size=(4000, 150))].mean(axis=1)
    half = np.log(shares / (1 - shares)) / 2
    low, high = np.percentile(half, (2.5, 97.5))
    assert (interval(standing)[1] - interval(standing)[0]) / SCALE == pytest.approx(high - low, rel=0.1)
    assert rate(votes).pictures == 150


def test_systems_that_cannot_be_told_apart_share_a_rank():
    votes = [vote("a", "b", outcome, sample=str(place)) for place, outcome in enumerate(["left", "right"] * 10)]
    votes += [vote("a", "c", "left" if place % 10 else "right", sample=str(place)) for place in range(60)]
    votes += [vote("b", "c", "left" if place % 10 else "right", sample=str(place)) for place in range(60)]
    assert [(each.system, each.rank) for each in rate(votes).standings] == [("a", 1), ("b", 1), ("c", 3)]


def test_the_better_rank_of_left_or_right_plays_no_part():
    votes = simulated(WORTH, count=300)
    turned = {"left": "right", "right": "left"}
    mirrored = [
        each.model_copy(
            update={"left": each.right, "right": each.left, "outcome": turned.get(each.outcome, each.outcome)}
        )
        for each in votes
    ]
    assert strengths_of(rate(mirrored)) == pytest.approx(strengths_of(rate(votes)), abs=1e-9)
    assert rate(mirrored).left_wins == rate(votes).decided - rate(votes).left_wins


def is_finite(found):
    numbers = [number for each in found.standings for number in (each.rating, *(each.interval or ()))]
    numbers += [number for each in found.styles for number in (each.value, each.low or 0, each.high or 0)]
    return bool(np.isfinite(numbers).all())


@pytest.mark.parametrize("style", [False, True])
def test_a_system_that_wins_every_vote_has_a_finite_rating_and_this_is_said(style):
    votes = [vote("a", other, "left", sample=str(place)) for place in range(20) for other in "bc"]
    votes += [vote("b", "c", "left" if place % 3 else "right", sample=str(place)) for place in range(20)]
    found = rate(votes, style=style)
    assert found.penalised == (1,)
    assert is_finite(found)
    assert (found.standings[0].system, found.standings[0].rank) == ("a", 1)


@pytest.mark.parametrize("count", [1, 2, 3, 10])
def test_after_few_votes_that_all_agree_the_winner_is_ahead_by_firth_s_estimate(count):
    votes = [vote("a", "b", "right", sample=str(place)) for place in range(count)]
    first, second = rate(votes).standings
    assert (first.system, second.system) == ("b", "a")
    assert (first.rating - second.rating) / SCALE == pytest.approx(np.log((count + 0.5) / 0.5), abs=1e-5)


def test_systems_that_were_never_compared_are_rated_in_groups_of_their_own():
    votes = [vote("a", "b", outcome, sample=str(place)) for place, outcome in enumerate(["left", "right", "left"] * 4)]
    votes += [vote("c", "d", outcome, sample=str(place)) for place, outcome in enumerate(["left", "right", "tie"] * 4)]
    found = rate(votes)
    assert [(each.system, each.group) for each in found.standings] == [("a", 1), ("b", 1), ("c", 2), ("d", 2)]
    assert is_finite(found)


@pytest.mark.parametrize("style", [False, True])
@pytest.mark.parametrize(
    "votes",
    [
        [vote("a", "b")],
        [vote("a", "b"), vote("b", "c")],
        [vote("a", "b", outcome, pictures=("same",)) for outcome in ("left", "right", "left")],
        [vote("a", "b", "both bad", sample=str(place)) for place in range(5)],
        [vote("a", "b", outcome, sample=str(place)) for place in range(5) for outcome in ("left", "right")],
    ],
)
def test_little_to_rate_gives_no_infinity_and_no_interval_of_no_width(votes, style):
    found = rate(votes, style=style)
    assert is_finite(found)
    for standing in found.standings:
        assert standing.interval is None or standing.interval[1] - standing.interval[0] > 10


def test_wins_and_ties_are_counted_per_pair():
    votes = [vote("a", "b"), vote("b", "a"), vote("a", "b", "tie"), vote("a", "b"), vote("a", "c", "both bad")]
    assert [tuple(each) for each in rate(votes).records] == [("a", "b", 2, 1, 1), ("a", "c", 0, 0, 1)]
    assert rate(votes).records[0].share == 2.5 / 4


def test_too_many_systems_are_refused_before_they_take_memory():
    with pytest.raises(UserError, match="201 systems; at most 200"):
        rate([vote("a", f"b{number}") for number in range(200)])
