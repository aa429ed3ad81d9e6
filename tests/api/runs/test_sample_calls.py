"""From a sample of a run to its calls in the cache."""

from __future__ import annotations

import pytest

from prism_engine import api
from prism_engine.config import RunConfig, SamplingConfig, load_registry
from prism_engine.errors import UserError
from tests.shapes import write_shapes


@pytest.fixture
def config(tmp_path):
    write_shapes(tmp_path / "shapes.tsv", 6, 0)
    models = {name: {"backend": "scripted", "replies": [f"{name} says A"]} for name in ("vlm", "llm")}
    return RunConfig.model_validate(
        {
            "benchmark": str(tmp_path / "shapes.tsv"),
            "perceiver": "vlm",
            "reasoner": "llm",
            "cache_dir": tmp_path / "cache",
            "results_dir": tmp_path / "results",
            "models": models,
        }
    )


def calls_of(config, index):
    return api.sample_calls(api.find_run_state(config.results_dir, None), index, load_registry())


def test_a_sample_s_calls_come_in_order_with_what_served_them(config):
    api.run(config, load_registry())
    describing, answering = calls_of(config, "3")
    assert (describing.stage, describing.text, describing.max_tokens) == ("perceive", "vlm says A", 512)
    assert (answering.stage, answering.text) == ("reason", "llm says A")
    assert answering.stored is not None
    assert answering.stored.key == answering.key
    assert "vlm says A" in str(answering.stored.record)


def test_the_calls_of_all_draws_are_those_of_the_sample(config):
    api.run(config.model_copy(update={"reasoning": SamplingConfig(n=3, temperature=0.5)}), load_registry())
    found = calls_of(config, "3")
    assert [call.stage for call in found] == ["perceive", "reason", "reason", "reason"]
    assert all(call.text == "llm says A" for call in found[1:])


def test_the_hints_call_of_a_sample_comes_first(config):
    api.run(config.model_copy(update={"instruction": "query-specific_llm"}), load_registry())
    written, describing, answering = calls_of(config, "3")
    assert (written.stage, describing.stage, answering.stage) == ("write", "perceive", "reason")
    assert describing.stored is not None
    assert "llm says A" in str(describing.stored.record)


def test_rows_that_share_a_picture_share_the_call(config):
    api.run(config, load_registry())
    assert calls_of(config, "3")[0].key == calls_of(config, "4")[0].key
    assert calls_of(config, "2")[0].key != calls_of(config, "4")[0].key


def test_a_description_that_failed_is_shown_and_no_answer_is_made_up(config):
    flaky = {"vlm": {"backend": "scripted", "replies": ["x"], "failure_rate": 1.0}}
    failing = RunConfig.model_validate(config.model_dump() | {"models": config.model_dump()["models"] | flaky})
    api.run(failing, load_registry())
    (describing,) = calls_of(failing, "3")
    assert describing.text is None
    assert describing.stored is not None
    assert [row.completion.outcome.value for row in describing.stored.rows if row.completion] == ["error"]


def test_a_call_that_was_never_made_has_a_key_too(config, tmp_path):
    report = api.run(config, load_registry())
    for path in (tmp_path / "cache").glob("calls.sqlite*"):
        path.unlink()
    (describing,) = calls_of(config, "3")
    assert (describing.text, describing.stored) == (None, None)
    assert report.folder.is_dir()


def test_an_index_that_no_sample_has_is_named(config):
    api.run(config, load_registry())
    with pytest.raises(UserError, match="no sample of index '99' is among the 6"):
        calls_of(config, "99")
