from pathlib import Path

import pytest
from pydantic import ValidationError

from prism_engine.config.judging import GradingConfig, Template


def test_grades_are_drawn_as_prometheus_vision_draws_them():
    config = GradingConfig(judge="m", rows=Path("rows.jsonl"))
    assert (config.temperature, config.top_p, config.samples, config.template) == (1.0, 0.9, 1, Template.DATA)


def test_there_is_at_least_one_sample():
    with pytest.raises(ValidationError):
        GradingConfig(judge="m", rows=Path("rows.jsonl"), samples=0)
