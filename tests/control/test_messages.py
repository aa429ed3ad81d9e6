"""Requests to a running run: what is read, and how settings are checked."""

from __future__ import annotations

from decimal import Decimal

import pytest

from prism_engine.config.bounds import MOST
from prism_engine.control.messages import ControlRequest, request_for, request_of, settings_of, values_of
from prism_engine.errors import ConfigError


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (b"", "not one line of JSON"),
        (b"\xff\xfe\n", "not one line of JSON"),
        (b'{"command": "pause"\n', "not one line of JSON"),
        (b"[" * 4000 + b"\n", "not one line of JSON"),
        (b"null\n", "request:"),
        (b"[]\n", "request:"),
        (b"{}\n", "key 'command' is missing"),
        (b'{"command": "stop"}\n', "command: must be 'pause', 'resume', 'drain', 'status' or 'set'"),
        (b'{"command": ["pause"]}\n', "command:"),
        (b'{"command": "pause", "then": "exec"}\n', "unknown key 'then'"),
        (b'{"command": "pause", "values": {"rpm": "1"}}\n', "pause takes no values"),
        (b'{"command": "set"}\n', "set needs at least one of rpm, tpm"),
        (b'{"command": "set", "values": {"rpm": 1}}\n', "values.rpm: must be a valid string"),
        (b'{"command": "set", "values": {"' + b"r" * 301 + b'": "1"}}\n', "at most 300"),
        (b'{"command": "set", "values": {"rpm": "' + b"1" * 101 + b'"}}\n', "at most 100"),
    ],
)
def test_anything_that_is_no_request_is_refused_with_the_reason(line, problem):
    with pytest.raises(ConfigError) as refused:
        request_of(line)
    assert problem in str(refused.value)


def test_a_request_is_read_back_as_it_was_sent():
    request = request_for("set", {"reasoner.rpm": "100", "deadline": "none"})
    assert request_of(request.line()) == request
    assert request_of(b'{"command": "pause"}\n') == ControlRequest(command="pause")


def test_settings_are_read_as_the_options_of_a_run_are():
    settings = settings_of({"gpt-4.1.rpm": "100", "tpm": " 5 ", "max_cost": "2.50", "requests_per_minute": "7"})
    assert [tuple(one) for one in settings] == [
        ("gpt-4.1.rpm", "gpt-4.1", "requests_per_minute", 100),
        ("tpm", "", "tokens_per_minute", 5),
        ("max_cost", "", "max_cost", Decimal("2.50")),
        ("requests_per_minute", "", "requests_per_minute", 7),
    ]
    assert settings_of({"deadline": "None"})[0].value is None
    assert settings_of({"concurrency": str(MOST)})[0].value == MOST


@pytest.mark.parametrize(
    "key", ["results_dir", "cache_dir", "models", "fail_on_error", "reasoner", "x.y.z", ".", "rpm."]
)
def test_nothing_else_of_a_configuration_can_be_set(key):
    with pytest.raises(ConfigError, match="cannot be set"):
        settings_of({key: "1"})


@pytest.mark.parametrize("words", [["rpm"], ["rpm="], ["=3"], ["rpm=3", "rpm=4"]])
def test_words_must_be_pairs_of_different_names(words):
    with pytest.raises(ConfigError, match=r"must be NAME=VALUE|given twice"):
        values_of(words)
    assert values_of(["a=b=c"]) == {"a": "b=c"}


def test_a_misspelt_command_is_recognised():
    with pytest.raises(ConfigError, match="did you mean 'pause'"):
        request_for("puase")
