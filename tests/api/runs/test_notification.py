"""Notifications: what is a URL or a command, what arrives, and that neither failures nor secrets come out."""

from __future__ import annotations

import json
import shlex
import sys
import threading

import pytest

from prism_engine.api.runs import notification
from prism_engine.api.runs.notification import Notification
from prism_engine.errors import ConfigError
from tests.receiver import receiver

SUMMARY = {"title": "prism: done", "status": "complete", "accuracy": 0.5, "cost": None, "folder": "results/a"}
SECRET = "T0KEN"
WRITE = (
    "import json, os, sys; json.dump([sys.argv[2:], json.load(sys.stdin), dict(os.environ)], open(sys.argv[1], 'w'))"
)


def python(code, *arguments):
    return shlex.join([sys.executable, "-c", code, *map(str, arguments)])


def test_a_url_gets_the_summary_as_json():
    with receiver() as (url, got):
        assert Notification.of(f"{url}/services/{SECRET}").send(SUMMARY) is None
    ((path, headers, body),) = got
    assert (path, headers["content-type"], body) == (f"/services/{SECRET}", "application/json", SUMMARY)


@pytest.mark.parametrize("status", [302, 404, 500])
def test_a_refusal_is_one_line_with_the_host_alone_and_redirects_are_not_followed(status):
    with receiver(status) as (url, got):
        problem = Notification.of(f"{url}/{SECRET}").send(SUMMARY)
    assert problem == f"the notification to 127.0.0.1 failed: HTTP {status}"
    assert len(got) == 1


def test_a_server_that_is_not_there_or_does_not_answer_is_one_line(monkeypatch):
    problem = Notification.of(f"http://127.0.0.1:9/{SECRET}").send(SUMMARY)
    assert problem == "the notification to 127.0.0.1 failed: ClientConnectorError"
    monkeypatch.setattr(notification, "POST_SECONDS", 0.2)
    answer = threading.Event()
    with receiver(delay=answer) as (url, _):
        assert Notification.of(f"{url}/{SECRET}").send(SUMMARY) == "the notification to 127.0.0.1 failed: TimeoutError"
        answer.set()


def test_a_command_gets_the_summary_on_stdin_and_in_its_environment_without_a_shell(tmp_path, capfd):
    out = tmp_path / "out.json"
    assert Notification.of(python(WRITE, out, "$HOME;", "`id`")).send(SUMMARY) is None
    arguments, body, environment = json.loads(out.read_text())
    assert (arguments, body) == (["$HOME;", "`id`"], SUMMARY)
    names = ("TITLE", "STATUS", "ACCURACY", "COST", "FOLDER")
    assert [environment[f"PRISM_{name}"] for name in names] == ["prism: done", "complete", "0.5", "", "results/a"]
    assert capfd.readouterr() == ("", "")


def test_a_command_that_fails_or_hangs_is_one_line(monkeypatch, capfd):
    name = Notification.of(python("")).name
    problem = Notification.of(python(f"print('{SECRET}'); raise SystemExit(3)")).send(SUMMARY)
    assert problem == f"the notification to {name} failed: exit code 3"
    monkeypatch.setattr(notification, "COMMAND_SECONDS", 0.2)
    hangs = Notification.of(python("import time; time.sleep(60)")).send(SUMMARY)
    assert hangs == f"the notification to {name} failed: it took more than 0.2 s"
    assert capfd.readouterr() == ("", "")


def test_a_command_that_reads_nothing_succeeds():
    large = {**SUMMARY, "runs": ["x" * 1000] * 1000}
    assert Notification.of(python("pass")).send(large) is None


@pytest.mark.parametrize(
    "text",
    [
        "https://",
        f"https:///{SECRET}",
        f"https://host:{SECRET}/x",
        f"http://[{SECRET}",
        f"hooks.slack.com/services/{SECRET}",
        f"slack://{SECRET}",
        f"mail -s '{SECRET}",
        " ",
    ],
)
def test_what_is_neither_is_refused_without_repeating_it(text):
    with pytest.raises(ConfigError, match="--notify") as error:
        Notification.of(text)
    assert SECRET not in str(error.value)
    assert error.value.__cause__ is None


def test_its_representation_has_no_secret():
    assert repr(Notification.of(f"https://user:{SECRET}@hooks.example/{SECRET}")) == "<Notification to hooks.example>"
    assert SECRET not in repr(Notification.of(python("pass", SECRET)))


def test_a_relative_command_is_found_from_where_it_was_typed(tmp_path, monkeypatch):
    script = tmp_path / "tell.sh"
    script.write_text("#!/bin/sh\ncat > told.json\n")
    script.chmod(0o755)
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    wanted = Notification.of("./tell.sh")
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert wanted.send(SUMMARY) is None
    assert json.loads((tmp_path / "elsewhere/told.json").read_text()) == SUMMARY
