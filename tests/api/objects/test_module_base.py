"""Helpers shared by `Perception` and `Reasoning`: text is required, results have one or raise."""

from __future__ import annotations

import pytest

from prism_engine.api.objects.modules import described_or_raise, require
from prism_engine.errors import NotRunError, StoreError, UserError
from prism_engine.records import Sample, SampleResult, SampleStatus

SAMPLE = Sample(0, "0", (), "?")


def test_only_a_text_that_is_not_blank_is_accepted():
    require("text", "missing")
    for wrong in (None, 3, "", "\n"):
        with pytest.raises(UserError, match="missing"):
            require(wrong, "missing")


def test_what_stopped_a_sample_is_raised_itself():
    stopped = SampleResult(SAMPLE, SampleStatus.NOT_RUN, failure="description: disk", trouble=StoreError("disk full"))
    with pytest.raises(StoreError, match="disk full"):
        described_or_raise(stopped, [])


def test_a_call_that_was_never_sent_is_reported_as_such():
    with pytest.raises(NotRunError, match="not in the cache"):
        described_or_raise(SampleResult(SAMPLE, SampleStatus.NOT_RUN, failure="description: not in the cache"), [])
