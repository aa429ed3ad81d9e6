"""The scorer contract, kept by every answer kind under every profile."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prism_engine.records import Option, Sample, SampleStatus
from prism_engine.scoring import PROFILE_NAMES, SCORERS, Scored, scorer_of

texts = st.one_of(
    st.none(), st.text(max_size=20), st.sampled_from(["A", "Yes", "no", "[1, 2]", "3.5", "random,popular"])
)
options = st.sampled_from([(), (Option("A", "cat"), Option("B", "dog")), (Option("A", ""), Option("Z", "3.5"))])
samples = st.builds(
    Sample,
    position=st.just(0),
    index=st.one_of(st.text(max_size=8), st.sampled_from(["1000001", "VD_ocr_1_0_0_0"])),
    images=st.just(()),
    question=st.text(max_size=20),
    options=options,
    answer=texts,
    category=texts,
    l2_category=texts,
    split=texts,
    extra=st.dictionaries(st.sampled_from(["image_path", "g_index"]), st.text(max_size=5)),
)
ended = st.sampled_from(SampleStatus)


def row_of(sample, status, score):
    done = status is SampleStatus.DONE
    return Scored(
        index=sample.index, status=status,
        score=score.value if done else None, extracted=score.answer if done else None,
        target=sample.answer, options=len(sample.options), category=sample.category, l2_category=sample.l2_category,
        split=sample.split, extra=sample.extra,
    )  # fmt: skip


def total(units):
    """Return the sum over parts of the ratio of the units' values and weights."""
    sums = {}
    for unit in units:
        value, weight = sums.get(unit.part, (0.0, 0.0))
        sums[unit.part] = value + unit.value, weight + unit.weight
    return sum(value / weight for value, weight in sums.values())


@pytest.mark.parametrize("profile", PROFILE_NAMES)
@pytest.mark.parametrize("kind", SCORERS)
@given(rows=st.lists(st.tuples(samples, st.text(max_size=60), ended), max_size=8))
@settings(max_examples=25, deadline=None)
def test_any_rows_are_scored_and_folded_without_an_exception(kind, profile, rows):
    scorer = scorer_of(kind, profile)
    assert (scorer.kind, scorer.profile) == (kind, profile)
    scored = []
    for sample, reply, status in rows:
        score = scorer.score(reply, sample)
        assert score.value is None or 0.0 <= score.value <= 1.0
        assert score == scorer.score(reply, sample)
        scored.append(row_of(sample, status, score))
    for metric in scorer.metrics(iter(scored)):
        assert metric.value is None or 0.0 <= metric.value <= max(metric.maximum, len(scored)) + 1e-9
    units = list(scorer.units(iter(scored)))
    for metric in scorer.metrics(iter(scored)) if scorer.ours else ():
        parts = [unit for unit in units if unit.metric == metric.name]
        if parts and (metric.level, metric.split) == ("overall", None) and metric.value is not None:
            assert total(parts) == pytest.approx(metric.value), metric
    done = {row.index for row in scored if row.status is SampleStatus.DONE}
    assert set(scorer.unsettled(iter(scored))) <= done


@pytest.mark.parametrize("kind", SCORERS)
def test_the_headline_is_one_of_the_metrics_over_all_rows(kind):
    scorer = scorer_of(kind, "prism")
    names = [metric.name for metric in scorer.metrics([]) if metric.level == "overall"]
    assert scorer.headline is None or scorer.headline in names
