"""Half of a surrogate pair, as some servers send it in JSON: no command fails at it, and no reply is lost."""

from __future__ import annotations

import json

import orjson
import pytest
from aiohttp import web

from prism_engine.chaos.behaviour import Behaviour
from prism_engine.chaos.providers import completion
from tests.provider import paid_model, provider

FOLDER = "results/query-specific_m/shapes/m/m"
RUN = ("shapes.tsv", "-p", "m", "-r", "m", "--instruction", "query-specific_m", "--models-file", "models.yaml")


def reply(_):
    """A completion with surrogates wherever a server writes text."""
    body = completion("The answer is A. @", reasoning_content="@ hm") | {"model": "m@", "id": "@"}
    return web.Response(body=orjson.dumps(body).replace(b"@", rb"\ud83d"), content_type="application/json")


@pytest.fixture
def answered(prism, tmp_path):
    with provider(Behaviour(reply=reply)) as server:
        (tmp_path / "models.yaml").write_text(f"models: {{m: {json.dumps(paid_model(server))}}}\n")
        yield prism


def test_every_command_reads_replies_with_them(answered, tmp_path):
    assert answered("plan", *RUN).code == 0
    ran = answered("run", *RUN)
    assert ran.code == 0, ran
    rows = [orjson.loads(line) for line in (tmp_path / FOLDER / "predictions.jsonl").read_bytes().splitlines()]
    assert {row["reply"] for row in rows} == {"The answer is A. \ufffd"}
    for command in (
        ("plan", *RUN),
        ("run", *RUN),
        ("score", FOLDER),
        ("compare", FOLDER, FOLDER, "--out", "tables"),
        ("analyze", FOLDER),
        ("board", "results"),
        ("judge", FOLDER, "--judge", "m", "--models-file", "models.yaml"),
        ("cache", "stats"),
        ("cache", "verify"),
        ("cache", "export", "calls.sqlite"),
        ("runs", "--json"),
    ):
        said = answered(*command)
        assert said.code == 0, (command, said)


def test_a_refusal_with_them_is_a_typed_failure(prism, tmp_path):
    def refusal(_):
        body = b'{"error": {"message": "bad \\ud800 \\u001b[2J", "code": "\\udfff"}}'
        return web.Response(body=body, status=400, content_type="application/json")

    with provider(Behaviour(reply=refusal)) as server:
        (tmp_path / "models.yaml").write_text(f"models: {{m: {json.dumps(paid_model(server))}}}\n")
        said = prism("run", "shapes.tsv", "-n", "3", "-r", "m", "--mode", "blind", "--models-file", "models.yaml")
    assert said.code == 1, said
    assert "3 x answer: error: HTTP 400: bad" in said.out + said.err
    assert "\x1b" not in said.out + said.err


@pytest.mark.parametrize("entry", [r'"m\ud800": {backend: scripted}', r'm: {backend: api, model: "\ud800"}'])
def test_a_model_named_with_one_is_one_line(prism, tmp_path, entry):
    (tmp_path / "models.yaml").write_text(f"models: {{{entry}}}\n")
    for command in ("plan", "run"):
        said = prism(command, "shapes.tsv", "-r", "m", "--mode", "blind", "--models-file", "models.yaml")
        assert said.code == 2
        assert "models.yaml, line 1, column" in said.err
        assert said.err.count("\n") == 1
