"""Reasoning effort and thinking budgets: what is sent in each style, and that equal requests have equal keys."""

from __future__ import annotations

import pytest

from prism_engine.backends.factory import identify_model
from prism_engine.config import ApiModel, RunConfig, ScriptedModel
from prism_engine.config.models import parse_models
from prism_engine.config.overrides import with_reasoning
from prism_engine.errors import ConfigError


def fields(**settings):
    return ApiModel(model="m", **settings).request_fields


@pytest.mark.parametrize(
    ("settings", "sent"),
    [
        ({}, {}),
        ({"reasoning_effort": "low"}, {"reasoning_effort": "low"}),
        ({"reasoning_effort": "high", "reasoning_style": "openrouter"}, {"reasoning": {"effort": "high"}}),
        ({"thinking_budget": 2000, "reasoning_style": "openrouter"}, {"reasoning": {"max_tokens": 2000}}),
        (
            {"thinking_budget": 2000, "reasoning_style": "anthropic"},
            {"thinking": {"type": "enabled", "budget_tokens": 2000}},
        ),
        ({"thinking_budget": 0, "reasoning_style": "anthropic"}, {"thinking": {"type": "disabled"}}),
        ({"reasoning_effort": "low", "reasoning_style": "gemini"}, {"reasoning_effort": "low"}),
        (
            {"thinking_budget": 0, "reasoning_style": "gemini"},
            {"extra_body": {"google": {"thinking_config": {"thinking_budget": 0}}}},
        ),
        ({"thinking_budget": 9, "reasoning_style": "qwen"}, {"enable_thinking": True, "thinking_budget": 9}),
        ({"reasoning_effort": "none", "reasoning_style": "vllm"}, {"chat_template_kwargs": {"enable_thinking": False}}),
        (
            {"reasoning_effort": "high", "reasoning_style": "vllm", "extra_body": {"chat_template_kwargs": {"a": 1}}},
            {"reasoning_effort": "high", "chat_template_kwargs": {"a": 1, "enable_thinking": True}},
        ),
    ],
)
def test_each_style_has_its_own_request_fields(settings, sent):
    assert fields(**settings) == sent


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"thinking_budget": 9}, "thinking_budget needs reasoning_style openrouter"),
        ({"thinking_budget": -1, "reasoning_style": "qwen"}, "greater than or equal to 0"),
        ({"reasoning_effort": "lots"}, "must be 'none', 'minimal', 'low'"),
        ({"reasoning_effort": "low", "reasoning_style": "anthropic"}, "takes thinking_budget"),
        ({"reasoning_effort": "low", "thinking_budget": 1, "reasoning_style": "openrouter"}, "not both"),
        ({"reasoning_effort": "low", "extra_body": {"reasoning_effort": "high"}}, "extra_body sets 'reasoning_effort'"),
    ],
)
def test_what_an_endpoint_has_no_field_for_is_refused(settings, words):
    with pytest.raises(ConfigError, match=words):
        parse_models({"mine": {"backend": "api", "model": "m", **settings}}, "file")


@pytest.mark.parametrize(
    ("settings", "body"),
    [
        ({"reasoning_effort": "low"}, {"reasoning_effort": "low"}),
        (
            {"reasoning_effort": "none", "reasoning_style": "vllm"},
            {"chat_template_kwargs": {"enable_thinking": False}},
        ),
        ({"thinking_budget": 9, "reasoning_style": "openrouter"}, {"reasoning": {"max_tokens": 9}}),
        ({"reasoning_style": "gemini"}, {}),
    ],
)
def test_the_same_request_has_the_same_key_however_it_is_written(settings, body, tmp_path):
    new = identify_model("x", ApiModel(model="m", **settings), tmp_path)
    assert new == identify_model("x", ApiModel(model="m", extra_body=body), tmp_path)
    assert dict(identify_model("x", ApiModel(model="m"), tmp_path).facts) == {
        "via": "api",
        "model": "m",
        "at": "api.openai.com/v1",
    }


def test_only_styles_whose_limit_may_not_count_thinking_add_to_the_worst_case():
    for style, beyond in (("gemini", 500), ("qwen", 500), ("openrouter", 0), ("anthropic", 0), ("vllm", 0)):
        assert ApiModel(model="m", thinking_budget=500, reasoning_style=style).thinking_beyond_limit == beyond


def test_a_run_replaces_both_settings_of_the_entry():
    spec = ApiModel(model="m", thinking_budget=500, reasoning_style="gemini")
    run = RunConfig(benchmark="b", reasoner="x", mode="blind", reasoning_effort="low")
    changed = with_reasoning("reasoner", "x", spec, run)
    assert isinstance(changed, ApiModel)
    assert changed.request_fields == {"reasoning_effort": "low"}
    assert with_reasoning("reasoner", "x", spec, RunConfig(benchmark="b", reasoner="x", mode="blind")) is spec
    with pytest.raises(
        ConfigError, match=r"reasoning_effort low: reasoner 'x' cannot take it: it is not behind an API"
    ):
        with_reasoning("reasoner", "x", ScriptedModel(), run)
    budget = run.model_copy(update={"reasoning_effort": None, "thinking_budget": 7})
    with pytest.raises(ConfigError, match=r"thinking_budget 7: reasoner 'x' cannot take it: thinking_budget needs"):
        with_reasoning("reasoner", "x", ApiModel(model="m"), budget)


def test_a_run_that_answers_nothing_takes_no_effort():
    with pytest.raises(ConfigError, match="leave out --reasoning-effort"):
        RunConfig(benchmark="b", perceiver="p", mode="perception", reasoning_effort="low")
