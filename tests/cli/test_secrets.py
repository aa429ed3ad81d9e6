"""A planted key is in nothing that a run leaves or says, however it ends."""

from __future__ import annotations

import json
import logging
import traceback

import orjson
import pytest
from aiohttp import web

from prism_engine.chaos.behaviour import Behaviour
from prism_engine.errors import ConfigError
from tests.provider import paid_model, provider
from tests.shapes import write_described_shapes

KEY = "sk-planted-0123456789abcdef"


def careless(status):
    """Answer with the key in every field, as careless servers do; 0 answers as asked."""

    def reply(body):
        text = f"your key {KEY} is in every field"
        message = {"content": text, "reasoning_content": text, "refusal": None}
        error = {"message": text, "code": text, "type": text}
        whole = {"error": error, "model": text, "choices": [{"message": message, "finish_reason": text}]}
        return web.Response(body=orjson.dumps(whole), status=status, headers={"x-request-id": KEY})

    return Behaviour(key=KEY, reply=reply if status else None)


@pytest.fixture
def planted(prism, tmp_path, monkeypatch):
    """Call `prism ...` with the key in the environment; returns everything that was said."""
    write_described_shapes(tmp_path / "shapes.tsv", 12)
    monkeypatch.setenv("MY_KEY", KEY)
    said = []

    def call(server, *arguments, **entry):
        spec = paid_model(server, **({"api_key_env": "MY_KEY", "attempts": 1} | entry))
        (tmp_path / "models.yaml").write_text(f"models:\n  paid: {json.dumps(spec)}\n")
        options = ("shapes.tsv", "-r", "paid", "--mode", "oracle", "--models-file", "models.yaml")
        result = prism(*(arguments or ("run",)), *(options if arguments[:1] in ((), ("plan",)) else ()))
        said.append(f"{result.out}\n{result.err}")
        return result.code

    return call, said


def leaks(folder, said, caplog):
    """Where the key is: files under the folder, or what was printed or logged."""
    secret = KEY.encode()
    found = [str(path) for path in folder.rglob("*") if path.is_file() and secret in path.read_bytes()]
    return found + [text for text in (*said, caplog.text) if KEY in text]


@pytest.mark.parametrize("status", [0, 200, 400, 401, 402, 404, 500])
def test_no_answer_of_a_server_brings_the_key_onto_the_disk_or_the_screen(planted, tmp_path, caplog, status):
    call, said = planted
    with caplog.at_level(logging.DEBUG), provider(careless(status)) as server:
        code = call(server, limits={"concurrency": 4})
        assert (code == 0) == (status in (0, 200))
        call(server, "status", "--json")
        call(server, "runs")
        call(server, "plan")
        call(server, "cache", "stats")
        call(server, "cache", "export", "out.jsonl")
        assert server.stats.received
    assert (tmp_path / "cache" / "calls.sqlite").is_file()
    assert list((tmp_path / "results").rglob("manifest.json"))
    assert leaks(tmp_path, said, caplog) == []


def test_a_key_that_is_revoked_or_a_server_that_is_gone_leaves_none_either(planted, tmp_path, caplog):
    call, said = planted
    with caplog.at_level(logging.DEBUG):
        with provider(Behaviour(key=KEY, revoke_after=4)) as server:
            assert call(server, limits={"concurrency": 1}) == 4
        assert call(server) == 4  # nobody is there any more
    assert leaks(tmp_path, said, caplog) == []


def test_a_traceback_does_not_show_it(planted, tmp_path, caplog, monkeypatch, capsys):
    monkeypatch.setenv("PRISM_DEBUG", "1")
    monkeypatch.setenv("MY_KEY", f"{KEY}\nand what was pasted with it")
    call, said = planted
    with provider() as server, pytest.raises(ConfigError, match="MY_KEY contains characters") as caught:
        call(server)
    said.append("".join(traceback.format_exception(caught.value)))
    said.extend(capsys.readouterr())
    assert "Traceback" in said[0]
    assert leaks(tmp_path, said, caplog) == []


def test_the_search_would_find_it(planted, tmp_path, caplog):
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "x.sqlite").write_bytes(b"\0" + KEY.encode() + b"\0")
    assert leaks(tmp_path, [f"it is {KEY}"], caplog) == [str(tmp_path / "cache" / "x.sqlite"), f"it is {KEY}"]
