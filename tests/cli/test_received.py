"""Received results folders: nothing that they name is started, contacted, read or paid for without consent."""

from __future__ import annotations

import orjson
import pytest

from prism_engine.api.results.provenance import STAMP
from tests.receiver import receiver

RUN = ("run", "shapes.tsv", "-p", "scripted", "-r", "scripted")
FOLDER = "results/generic/shapes/scripted/scripted"


@pytest.fixture
def elsewhere():
    """A server that no one but a received file names: its URL, and the requests to it, which it refuses."""
    with receiver(400) as server:
        yield server


@pytest.fixture
def received(prism, tmp_path):
    """Change the configuration in a finished run's status file, as anyone can who sends it."""
    prism(*RUN)

    def change(**changes):
        path = tmp_path / FOLDER / "status.json"
        content = orjson.loads(path.read_bytes())
        content["config"] |= changes
        path.write_bytes(orjson.dumps(content | {"state": "interrupted"}))
        return path

    return change


def api(elsewhere, **fields):
    return {
        "backend": "api",
        "model": "m",
        "base_url": f"{elsewhere[0]}/v1",
        "api_key_env": "MY_SECRET",
        "outage_patience": 0,
        "attempts": 1,
        **fields,
    }


def test_a_received_run_states_where_it_would_send_which_key_and_sends_nothing(prism, received, elsewhere, monkeypatch):
    monkeypatch.setenv("MY_SECRET", "the-value-of-the-secret")
    received(reasoner="gpt-4o", models={"gpt-4o": api(elsewhere)})
    said = prism("resume", "scripted/scripted")
    assert said.code == 2
    assert f"sends requests to {elsewhere[0]}/v1 with the key in MY_SECRET" in said.err
    assert "has no cost cap" in said.err
    assert "--trust continues it" in said.err
    assert "the-value-of-the-secret" not in said.err
    assert not elsewhere[1]


def test_with_trust_it_continues_and_is_the_users_own_from_then_on(prism, received, elsewhere, monkeypatch, tmp_path):
    monkeypatch.setenv("MY_SECRET", "the-value-of-the-secret")
    received(reasoner="theirs", models={"theirs": api(elsewhere)})
    assert prism("resume", "scripted/scripted", "--trust").code in (1, 4)
    assert elsewhere[1]
    assert prism("resume", "scripted/theirs").code in (1, 4)


@pytest.mark.parametrize(
    ("model", "effect"),
    [
        ({"backend": "vllm", "model": "evil/vlm", "engine": {"trust_remote_code": True}}, "RUNS PYTHON CODE"),
        ({"backend": "vllm", "model": "evil/vlm", "engine": {"trust-remote-code": 1}}, "RUNS PYTHON CODE"),
        ({"backend": "vllm", "model": "evil/vlm", "engine": {"worker_cls": "os.system"}}, "worker_cls=os.system"),
        (
            {"backend": "api", "model": "m", "server": {"model": "evil/llm", "options": {"middleware": "evil.start"}}},
            "starts a vLLM server of evil/llm with middleware=evil.start",
        ),
        (
            {"backend": "api", "model": "m", "base_url": "http://\u0430pi.openai.com/v1"},
            "http://\\u0430pi.openai.com/v1",
        ),
        (
            {"backend": "api", "model": "m", "price": {"input": 0, "output": 0}},
            "at the received price input=0, cached_input=None, output=0",
        ),
        ({"backend": "api", "model": "m", "image_tokens": 1}, "theirs: with image_tokens=1"),
        (
            {"backend": "api", "model": "m", "headers": {"X-A": "${AWS_SECRET_ACCESS_KEY}"}},
            "sends the headers X-A=${AWS_SECRET_ACCESS_KEY}, which reads AWS_SECRET_ACCESS_KEY from your environment",
        ),
        ({"backend": "api", "model": "m", "extra_body": {"tools": "\x1b[2J"}}, "adds tools=\\x1b[2J"),
    ],
)
@pytest.mark.parametrize("role", ["reasoner", "judge"])
def test_what_a_received_entry_would_do_is_stated_before_it_is_done(prism, received, model, effect, role):
    received(**{role: "theirs"}, models={"theirs": model})
    said = prism("resume", "scripted/scripted")
    assert (said.code, effect in said.err) == (2, True), said.err
    assert "\x1b" not in said.err


@pytest.mark.parametrize(
    ("changes", "effect"),
    [
        ({"instruction": "@/home/me/.ssh/id_rsa"}, "reads /home/me/.ssh/id_rsa as its instruction"),
        ({"descriptions": "/home/me/private.csv"}, "reads /home/me/private.csv as its descriptions"),
        ({"benchmark": "/home/me/payroll.tsv"}, "reads /home/me/payroll.tsv as its benchmark"),
        ({"cache_dir": "/home/me/.config"}, "calls to the cache /home/me/.config"),
        ({"max_cost": "100000"}, "has a cost cap of $100000"),
        ({"instruction": "query-specific_theirs"}, "canned replies"),
        ({"perceiver": "scripted~theirs"}, "canned replies"),
    ],
)
def test_received_paths_caps_and_writers_are_stated(prism, received, changes, effect):
    received(**changes, models={"theirs": {"backend": "scripted"}})
    said = prism("resume", "scripted/scripted")
    assert (said.code, effect in said.err) == (2, True), said.err


@pytest.mark.parametrize("field", ["cwd", "command", STAMP])
def test_a_change_of_anything_that_is_executed_makes_a_run_a_received_one(prism, received, tmp_path, field):
    path = received()
    content = orjson.loads(path.read_bytes())
    path.write_bytes(orjson.dumps(content | {field: {"cwd": "/tmp", "command": "run ", STAMP: "00"}[field]}))
    assert prism("resume", "scripted/scripted").code == 2


def test_results_never_leave_the_received_folder(prism, received, tmp_path):
    received(results_dir=str(tmp_path / "victim"))
    assert prism("resume", "scripted/scripted", "--trust").code == 0
    assert not (tmp_path / "victim").exists()


def test_a_judge_is_the_users_own_and_never_the_one_in_the_received_folder(
    prism, received, elsewhere, monkeypatch, tmp_path
):
    monkeypatch.setenv("MY_SECRET", "the-value-of-the-secret")
    received(models={"scripted": api(elsewhere), "theirs": api(elsewhere)})
    rows = tmp_path / FOLDER / "predictions.jsonl"
    first, *rest = rows.read_bytes().splitlines()
    unread = orjson.loads(first) | {"reply": "hard to say", "extracted": None, "score": None}
    rows.write_bytes(b"\n".join([orjson.dumps(unread), *rest, b""]))
    said = prism("judge", "scripted/scripted", "--judge", "scripted")
    assert (said.code, "its own model 'scripted' is not used, but yours" in said.err) == (0, True), said.err
    said = prism("judge", "scripted/scripted", "--judge", "theirs")
    assert (said.code, "only it defines the judge 'theirs'" in said.err) == (2, True)
    assert not elsewhere[1]


def test_another_machines_run_is_a_received_one_and_a_run_without_a_home_works(prism, tmp_path, monkeypatch):
    prism(*RUN)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "another-user"))
    assert prism("resume", "scripted/scripted").code == 2
    (tmp_path / "a-file").touch()
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "a-file"))
    assert prism(*RUN).code == 0
    said = prism("resume", "scripted/scripted")
    assert (said.code, "did not write this run" in said.err) == (2, True)


def test_the_secret_is_readable_by_its_owner_alone_and_is_in_no_result(prism, tmp_path):
    prism(*RUN)
    (secret,) = (tmp_path / "user-data").rglob("stamp-secret")
    assert secret.stat().st_mode & 0o777 == 0o600
    for path in (tmp_path / "results").rglob("*"):
        assert path.is_dir() or secret.read_bytes() not in path.read_bytes()
