"""The types of keyword options have the fields of the configurations, and no others."""

from __future__ import annotations

import pytest

from prism_engine.config import RunConfig
from prism_engine.config.judging import GradingConfig, GradingOptions, JudgeConfig, JudgeOptions
from prism_engine.config.run_config import RunOptions, SweepOptions


@pytest.mark.parametrize(
    ("typed", "config", "given"),
    [
        (RunOptions, RunConfig, set()),
        (SweepOptions, RunConfig, set()),
        (JudgeOptions, JudgeConfig, {"judge"}),
        (GradingOptions, GradingConfig, {"judge", "rows"}),
    ],
)
def test_the_types_list_the_fields(typed, config, given):
    assert set(typed.__annotations__) == set(config.model_fields) - given
