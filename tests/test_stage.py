"""The table of stages."""

from __future__ import annotations

from typing import get_args

from prism_engine.config import RunConfig
from prism_engine.stage import ANSWERS, STAGE_OF, STAGES, StageKey, label_of, place_of


def test_every_key_has_one_row():
    assert tuple(stage.key for stage in STAGES) == get_args(StageKey)
    assert {key: stage.key for key, stage in STAGE_OF.items()} == {key: key for key in get_args(StageKey)}
    assert set(ANSWERS) < STAGE_OF.keys()


def test_no_two_stages_have_the_same_label():
    assert len({stage.label for stage in STAGES}) == len(STAGES)


def test_sections_are_those_of_a_run_file():
    sections = {stage.section for stage in STAGES} - {None}
    assert sections <= RunConfig.model_fields.keys()


def test_a_stage_of_a_newer_version_is_shown_by_its_key_and_last():
    assert (label_of("perceive"), label_of("verify")) == ("Descriptions", "verify")
    assert sorted(["verify", "judge", "write"], key=place_of) == ["write", "judge", "verify"]
