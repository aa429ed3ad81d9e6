"""`prism run` against endpoints that refuse or answer as named providers do: exit codes, requests, and messages."""

from __future__ import annotations

import itertools
import json

import orjson
import pytest

from prism_engine.chaos.behaviour import Behaviour
from prism_engine.chaos.providers import PROVIDERS
from prism_engine.chaos.replies import error
from tests.provider import paid_model, provider

FIRST = 8
"""Concurrency: what is in flight when the first refusal arrives."""
BASE_URL = "often ends in /v1"


def run(prism, tmp_path, reply, *options, pictures=False, **fields):
    """Run 24 samples; returns exit code, all words, and the number of requests."""
    with provider(Behaviour(reply=reply)) as server:
        entry = paid_model(server, **{"limits": {"concurrency": FIRST}} | fields)
        (tmp_path / "models.yaml").write_text(f"models: {{m: {json.dumps(entry)}}}\n")
        roles = ("-p", "m", "--mode", "direct") if pictures else ("-p", "scripted", "-r", "m")
        said = prism("run", "shapes.tsv", *roles, "--models-file", "models.yaml", *options)
        return said.code, said.out + said.err, server.stats.received


def answers(tmp_path):
    (path,) = (tmp_path / "results").rglob("predictions.jsonl")
    return [orjson.loads(line) for line in path.read_bytes().splitlines()]


def manifest(tmp_path):
    (path,) = (tmp_path / "results").rglob("manifest.json")
    return orjson.loads(path.read_bytes())


def sometimes(name, *, every=5):
    """Return a behaviour that treats a fifth of the prompts as `name` says and answers the others."""
    numbers: dict[str, int] = {}

    def reply(body):
        number = numbers.setdefault(json.dumps(body["messages"]), len(numbers))
        return PROVIDERS[name](body) if number % every == every - 1 else "The answer is A."

    return reply


@pytest.mark.parametrize(
    ("situation", "words"),
    [
        ("gemini-bad-key", ["API key refused", "API key not valid"]),
        ("gemini-region", ["country or region", "User location is not supported"]),
        ("gemini-per-day", ["run the same command again when it is renewed", "exceeded your current quota"]),
        ("anthropic-no-credit", ["no quota or credit left", "credit balance is too low"]),
        ("anthropic-usage-limit", ["run the same command again then (2099-01-01", "regain access"]),
        ("organization-disabled", ["closed or suspended"]),
        ("openai-country", ["country or region"]),
        ("openai-no-quota", ["no quota or credit left"]),
        ("groq-decommissioned", ["no longer offers the model", "decommissioned"]),
        ("litellm-unknown-model", ["does not know", "Invalid model name"]),
        ("one-api-no-channel", ["does not know", "No available channel"]),
        ("openrouter-401-in-200", ["API key refused", "User not found"]),
        ("openrouter-free-per-day", ["asks to wait for 6 hours: run the same command again then"]),
        ("openrouter-no-endpoint", ["does not know", "No endpoints found"]),
        ("mistral-extra-input", ["'temperature'", "`send_sampling: false`", "Extra inputs are not permitted"]),
        ("openai-gpt-5", ["'temperature'", "`send_sampling: false`"]),
        ("lm-studio-without-v1", [BASE_URL, "Unexpected endpoint"]),
        ("web-page", [BASE_URL, "web page", "Open WebUI"]),
        ("event-stream", [BASE_URL, "event stream"]),
        ("json-lines", [BASE_URL, "event stream"]),
        ("login-redirect", [BASE_URL, "redirects (HTTP 301) to https://login.example/sso:"]),
        ("vllm-no-template", ["chat template", "chat_template:", "--chat-template"]),
        ("context-too-short", ["has answered no call", "exceed the model's context", "maximum context length is 64"]),
        ("zhipu-bad-key-in-200", ["API key refused", "Authorization Token"]),
        ("aws-expired-token", ["API key refused", "has expired"]),
        ("key-not-found", ["API key refused", "API key not found"]),
        ("siliconflow-no-balance", ["no quota or credit left", "balance is insufficient"]),
        ("litellm-over-budget", ["no quota or credit left", "exceeded budget"]),
        ("volcengine-paused", ["no quota or credit left", "set inference limit"]),
        ("zhipu-five-hours", ["run the same command again then (2099-01-01"]),
        ("google-not-enabled", ["access refused by", "it is disabled"]),
        ("google-retired", ["no longer offers the model", "gemini-1.0-pro"]),
        ("lm-studio-no-model", ["does not know or no longer offers the model", "No models loaded"]),
        ("bedrock-end-of-life", ["no longer offers the model", "end of its life"]),
        ("firewall-page", ["a web page refuses access", "firewall, proxy or VPN", BASE_URL, "Just a moment"]),
        ("network-login", ["the network asks for a login"]),
        ("text-completion", [BASE_URL, "text completion, not a chat completion"]),
        ("daily-header", ["asks to wait for 8 hours: run the same command again then"]),
    ],
)
def test_trouble_of_every_call_ends_the_run_after_a_few_requests_and_names_the_fix(prism, tmp_path, situation, words):
    code, said, requests = run(prism, tmp_path, PROVIDERS[situation])
    assert code == 4
    assert requests <= 5 + FIRST
    assert "stopped:" in said
    assert all(word in said for word in words), said


def test_a_model_without_eyes_ends_the_run(prism, tmp_path):
    code, said, requests = run(prism, tmp_path, PROVIDERS["no-pictures"], pictures=True)
    assert (code, requests <= 5 + FIRST) == (4, True)
    assert "the model may not accept pictures" in said
    assert "m is not a multimodal model" in said


def test_rejections_that_differ_only_in_numbers_are_the_same(prism, tmp_path):
    numbers = itertools.count()

    def reply(body):
        return error(400, "strange", f"Cannot serve this now (request id: 8f3a{next(numbers)}c)")

    code, _, requests = run(prism, tmp_path, reply)
    assert (code, requests <= 5 + FIRST) == (4, True)


@pytest.mark.parametrize(
    "situation",
    [
        *("byte-order-mark", "nan", "lone-surrogate", "cut-character", "harmony", "harmony-bare"),
        "one-content-object",
    ],
)
def test_a_valid_reply_is_kept_whatever_is_odd_about_it(prism, tmp_path, situation):
    code, said, requests = run(prism, tmp_path, PROVIDERS[situation])
    assert (code, requests) == (0, 24), said
    assert {row["extracted"] for row in answers(tmp_path)} == {"A"}
    assert all(row["reply"].startswith("The answer is A.") for row in answers(tmp_path))


def test_the_other_name_of_the_output_limit_is_learned_once_and_recorded(prism, tmp_path):
    code, said, requests = run(prism, tmp_path, PROVIDERS["openai-o3"])
    assert code == 0, said
    assert requests <= 24 + FIRST
    assert manifest(tmp_path)["stages"]["reason"]["learned"] == {"max_tokens_field": "max_completion_tokens"}
    again, _, more = run(prism, tmp_path, PROVIDERS["openai-o3"], max_tokens_field="max_completion_tokens")
    assert (again, more) == (0, 0)  # the key is the same: the model sees the same


@pytest.mark.parametrize(
    ("situation", "words"),
    [
        ("only-reasoning", ["its reasoning_content holds 36 characters", "`read_reasoning: true`"]),
        ("gemini-safety", ["refused", "SAFETY"]),
        ("gemini-recitation", ["refused", "RECITATION"]),
        ("null-message", ["refused", "PROHIBITED_CONTENT"]),
        ("deepseek-risk", ["refused", "Content Exists Risk"]),
        ("anthropic-blocked", ["refused", "content filtering policy"]),
        ("alibaba-inspection", ["refused", "inappropriate content"]),
    ],
)
def test_a_reply_without_an_answer_is_asked_for_once_and_says_why(prism, tmp_path, situation, words):
    code, said, requests = run(prism, tmp_path, PROVIDERS[situation])
    assert (code, requests) == (1, 24)
    assert all(word in said for word in words), said


def test_an_answer_in_the_reasoning_is_read_on_request(prism, tmp_path):
    code, _, requests = run(prism, tmp_path, PROVIDERS["only-reasoning"], read_reasoning=True)
    assert (code, requests) == (0, 24)
    assert {row["extracted"] for row in answers(tmp_path)} == {"A"}


@pytest.mark.parametrize(
    ("situation", "words", "rounds"),
    [
        ("no-choices", "refused", 1),
        ("choices-null", "refused", 1),
        ("gemini-blocked", "PROHIBITED_CONTENT", 1),
        ("baidu-filter-in-200", "refused: the message contains sensitive content", 1),
        ("xai-guidelines", "refused: HTTP 403: Content violates", 1),
        ("volcengine-picture", "refused: HTTP 400: Cannot process", 1),
        ("mistral-guardrail", "refused: HTTP 403: Triggered", 1),
        ("litellm-policy", "refused: HTTP 400: litellm", 1),
        ("too-large-429", "too large", 3),
        ("too-large-413", "too large", 3),
        ("firewall-403", "HTTP 403", 3),
        ("bad-picture", "unsupported image", 3),
    ],
)
def test_a_few_bad_calls_fail_alone_and_hold_nothing_up(prism, tmp_path, situation, words, rounds):
    code, said, requests = run(prism, tmp_path, sometimes(situation))
    assert code == 1
    assert "20 done, 4 failed" in said
    assert words in said
    assert requests == 20 + 4 * rounds
    assert "asked to wait" not in said


def test_an_endpoint_that_fails_the_first_request_of_each_call_answers_all_of_them(prism, tmp_path):
    seen = set()

    def reply(body):
        question = json.dumps(body["messages"])
        if question in seen:
            return "The answer is A."
        seen.add(question)
        return PROVIDERS["broken"](body)

    code, said, requests = run(prism, tmp_path, reply)
    assert code == 0, said
    assert requests <= 2 * 24 + 4  # and a few probes


def test_a_page_of_another_server_is_no_outage(prism, tmp_path):
    _, said, _ = run(prism, tmp_path, PROVIDERS["web-page"])
    assert "is down" not in said


def test_an_earlier_answer_shows_that_the_last_bad_calls_are_not_the_endpoint(prism, tmp_path):
    reply = sometimes("context-too-short", every=4)
    assert run(prism, tmp_path, reply, identity="same")[0] == 1
    code, said, requests = run(prism, tmp_path, reply, identity="same")  # only the six bad ones are asked again
    assert (code, requests) == (1, 3 * 6), said
    assert "6 failed" in said


def test_the_last_calls_fail_if_they_always_fail_and_are_no_outage(prism, tmp_path):
    numbers: dict[str, int] = {}

    def reply(body):
        if body["max_tokens"] < 100:
            return "The answer is A."  # the probe: an earlier question with a short limit
        bad = numbers.setdefault(json.dumps(body["messages"]), len(numbers)) >= 19
        return PROVIDERS["always-500"](body) if bad else "The answer is A."

    code, said, requests = run(prism, tmp_path, reply, attempts=2)
    assert code == 1
    assert "19 done, 5 failed" in said
    assert "HTTP 500: Internal server error" in said
    assert requests <= 19 + 3 * 5 * 2 + 8
