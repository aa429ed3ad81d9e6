"""Output limits and multiple perceivers in names, unless the whole name is registered."""

from __future__ import annotations

import pytest

from prism_engine.config import Registry, RunConfig, SamplingConfig, ScriptedModel
from prism_engine.config.choices import perceivers_of
from prism_engine.config.run_config import with_own_limit
from prism_engine.errors import ConfigError

REGISTRY = Registry(dict.fromkeys(("llama3-70b-chat", "odd-7", "odd", "a~b", "a"), ScriptedModel()))


def limited(name, **reasoning):
    config = RunConfig(benchmark="B", perceiver="a", reasoner=name, reasoning=SamplingConfig(**reasoning))
    run = with_own_limit(config, REGISTRY)
    return run.reasoner, run.reasoning.max_tokens


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("llama3-70b-chat", ("llama3-70b-chat", 512)),
        ("llama3-70b-chat-2048", ("llama3-70b-chat", 2048)),
        ("odd-7", ("odd-7", 512)),
        ("odd-7-64", ("odd-7", 64)),
        ("odd-64", ("odd", 64)),
        ("odd-0", ("odd-0", 512)),
        ("org/unknown-2048", ("org/unknown-2048", 512)),
        ("unknown-2048", ("unknown-2048", 512)),
    ],
)
def test_a_number_after_a_registered_name_is_the_output_limit(name, expected):
    assert limited(name) == expected


def test_two_limits_that_differ_are_refused_and_equal_ones_are_not():
    assert limited("odd-64", max_tokens=64) == ("odd", 64)
    with pytest.raises(ConfigError, match=r"'odd-64' says 64 tokens, but --reasoning-tokens .* says 65"):
        limited("odd-64", max_tokens=65)


def test_the_rest_of_the_sampling_stays():
    config = RunConfig(
        benchmark="B", perceiver="a", reasoner="odd-64", reasoning=SamplingConfig(temperature=0.6, seed=1)
    )
    assert with_own_limit(config, REGISTRY).reasoning == SamplingConfig(temperature=0.6, seed=1, max_tokens=64)


def test_a_registered_name_means_one_model_even_with_a_separator():
    assert perceivers_of("a~b", REGISTRY) == ("a~b",)
    assert perceivers_of("a~odd", REGISTRY) == ("a", "odd")
