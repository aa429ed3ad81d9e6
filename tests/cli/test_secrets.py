"""A planted key is in nothing that a run leaves or says, however it ends."""

from __future__ import annotations

import base64
import json
import logging
import traceback
from urllib.parse import quote

import orjson
import pytest
from aiohttp import web

from prism_engine.chaos.behaviour import Behaviour
from prism_engine.errors import ConfigError
from tests.api.objects.test_modules import png
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


def echoing(key, status):
    """Answer with a key in every encoding that servers and gateways quote requests in, in a nested error as well."""
    escaped = "".join(f"\\u{ord(character):04x}" for character in key)
    forms = [
        *(
            key,
            escaped,
            escaped.replace("\\", "\\\\"),
            quote(key, safe=""),
            "".join(f"%{ord(each):02X}" for each in key),
        ),
        *(
            "".join(f"&#{ord(each)};" for each in key),
            key.encode().hex(),
            base64.b64encode(f"Bearer {key}".encode()).decode(),
        ),
    ]
    text = "The answer is A. " + " ; ".join(forms if len(key) >= 12 else forms[:6])
    message = f'{{"content": "{text}", "reasoning_content": "{text}", "refusal": null}}'
    error = f'{{"message": "{text}", "code": "{text}", "metadata": {{"raw": "{{\\"message\\": \\"{escaped}\\"}}"}}}}'
    choices = f'[{{"message": {message}, "finish_reason": "stop"}}]' if status == 200 else "[]"
    raw = f'{{"error": {error}, "model": "{escaped}", "choices": {choices}}}'.encode()
    json.loads(raw)
    return Behaviour(reply=lambda body: web.Response(body=raw, status=status, headers={"x-echo": key}))


@pytest.mark.parametrize("status", [200, 302, 400, 403, 500])
@pytest.mark.parametrize("key", [KEY, "hunter2-9x", "p4ss"])
def test_no_encoding_of_a_key_reaches_the_disk_or_the_screen(planted, tmp_path, caplog, monkeypatch, key, status):
    call, said = planted
    monkeypatch.setenv("MY_KEY", key)
    entry = {
        "api_key_env": None,
        "headers": {"x-gateway-key": "${MY_KEY}"},
        "limits": {"concurrency": 4},
        "outage_patience": 1,
    }
    with caplog.at_level(logging.DEBUG), provider(echoing(key, status)) as server:
        call(server, **entry)
        assert server.stats.received
    data = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()) + caplog.text.encode()
    data += "".join(said).encode()
    encodings = [key, key.encode().hex(), quote(key, safe=""), "".join(f"\\u{ord(each):04x}" for each in key)]
    encodings += ["".join(f"%{ord(each):02X}" for each in key), "".join(f"&#{ord(each)};" for each in key)]
    encodings += [base64.b64encode(b"Bearer " + key.encode()).decode()[12:24]] if len(key) >= 12 else []
    assert [text for text in encodings if text.encode() in data] == []
    assert b"***" in data or status == 302


ENTRIES = [
    *(
        'api_key_env: "{}"',
        'headers: {{api-key: "{}"}}',
        'headers: {{api-key: "${{{}}}"}}',
        "api_key: {}",
        "limits: {}",
    ),
    *(
        'base_url: "http://user:a/{}@h"',
        'base_url: "http://h/v1?key={}"',
        'base_url: "http://h/{}/v1"',
        'base_url: "http://h/v1#{}"',
        "extra_body: {{api_key: {}}}",
        "model: {}: x",
    ),
]
COMMANDS = [
    ("run", "shapes.tsv", "--mode", "oracle", "-r", "k1"),
    ("plan", "shapes.tsv", "--mode", "oracle", "-r", "k1"),
    ("doctor", "--offline"),
    ("ask", "shapes.png", "What is it?", "-p", "k1", "-r", "k1"),
]


@pytest.mark.parametrize("flag", [(), ("--debug",)])
@pytest.mark.parametrize(
    ("command", "entry"),
    [*((("models",), entry) for entry in ENTRIES), *((command, ENTRIES[0]) for command in COMMANDS)],
)
def test_a_key_in_the_place_of_a_name_is_refused_without_being_repeated(prism, tmp_path, command, flag, entry, capsys):
    key = "sk-proj-SECRETSECRET1234567890"
    path = tmp_path / "k1.yaml"
    path.write_text(f"models:\n  k1:\n    backend: api\n    {entry.format(key)}\n")
    write_described_shapes(tmp_path / "shapes.tsv", 2)
    (tmp_path / "shapes.png").write_bytes(png())
    try:
        result = prism(*flag, *command, "--models-file", "k1.yaml")
    except ConfigError as error:
        shown = "".join(traceback.format_exception(error)) + "".join(capsys.readouterr())
    else:
        assert result.code == 2
        shown = result.out + result.err
    assert "k1.yaml" in shown
    assert "SECRET" not in shown
    path.unlink()
    assert leaks(tmp_path, [shown], caplog=type("log", (), {"text": ""})) == []
