"""What `Perception` and `Reasoning` share is public to neither: texts are required, results have one or raise."""

from __future__ import annotations

import pytest

from prism_engine.api.objects.modules import require, succeeded
from prism_engine.errors import NotRunError, StoreError, UserError
from prism_engine.records import Sample, SampleResult, SampleStatus

SAMPLE = Sample(0, "0", (), "?")


def test_a_text_is_required_and_not_something_else():
    require("text", "missing")
    for wrong in (None, 3, "", "\n"):
        with pytest.raises(UserError, match="missing"):
            require(wrong, "missing")


def test_what_stopped_a_sample_is_raised_itself():
    stopped = SampleResult(SAMPLE, SampleStatus.NOT_RUN, failure="description: disk", trouble=StoreError("disk full"))
    with pytest.raises(StoreError, match="disk full"):
        succeeded(stopped, [])


def test_a_call_that_was_never_sent_is_told_as_that():
    with pytest.raises(NotRunError, match="not in the cache"):
        succeeded(SampleResult(SAMPLE, SampleStatus.NOT_RUN, failure="description: not in the cache"), [])
