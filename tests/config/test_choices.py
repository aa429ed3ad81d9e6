"""The models that each mode needs."""

from __future__ import annotations

import pytest

from prism_engine.config import Mode


@pytest.mark.parametrize("mode", list(Mode))
def test_a_mode_needs_the_model_that_answers_and_no_other(mode):
    assert mode.needs_reasoner == (mode.answers and mode is not Mode.DIRECT)
    assert mode.needs_perceiver == (mode.describes or mode is Mode.DIRECT)
    assert mode.answers == (mode not in (Mode.PERCEPTION, Mode.PROMPTS))
