"""Descriptions that need no call."""

from __future__ import annotations

from dataclasses import replace

from prism_engine.stages.context import FixedContext, gold_description, nothing


async def test_a_given_description_is_the_sample_s_own_and_takes_no_call(make_sample):
    gold = FixedContext(gold_description)
    sample = replace(make_sample(), gold_description=" a red square\n")
    assert (gold.calls(sample), await gold.describe(sample), gold.text(sample, ())) == ((), (), "a red square")
    assert gold.text(make_sample(), ()) is None


def test_nothing_is_no_description(make_sample):
    assert FixedContext(nothing).text(replace(make_sample(), gold_description="gold"), ()) is None
