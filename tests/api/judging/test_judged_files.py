from __future__ import annotations

import pytest

from prism_engine.config import ScriptedModel
from prism_engine.errors import UserError
from tests.api.judged import judge


@pytest.mark.parametrize("content", [None, "{", '{"config": 1}'])
def test_a_folder_without_a_finished_run_is_reported(finished, content):
    manifest = finished.folder / "manifest.json"
    manifest.unlink() if content is None else manifest.write_text(content)
    with pytest.raises(UserError, match="run"):
        judge(finished, models={"judge": ScriptedModel()})


def test_a_folder_is_named_after_the_judge_whatever_its_name(finished):
    report = judge(finished, judge="org/a judge", models={"org/a judge": ScriptedModel(replies=("A",))})
    assert report.folder == finished.folder / "judged-org_a_judge-d22d91e0"
