"""`prism chaos`: a process that prints its URL first, and its bill when it is interrupted."""

from __future__ import annotations

import json
import re
import signal
import urllib.error
import urllib.request
from contextlib import contextmanager

import pytest

from prism_engine.chaos.behaviour import Fault
from tests.processes import start_prism


def get(url, body=None):
    data = None if body is None else json.dumps(body).encode()
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, data, timeout=60) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read())


@contextmanager
def running(*options):
    """Run `prism chaos`; yields the process and its base URL."""
    process = start_prism("chaos", "--port", 0, *options)
    with process:
        try:
            yield process, process.stdout.readline().strip()
        finally:
            if process.poll() is None:
                process.kill()


def end(process):
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert "Traceback" not in err, err
    rows = [re.split(r"\s{2,}", line.strip()) for line in out.splitlines() if line.strip()]
    return process.returncode, dict(row for row in rows if len(row) == 2), err


def test_it_prints_its_url_serves_and_ends_with_its_exact_bill():
    prices = ("--price-in", "0.15", "--price-out", "0.6")
    options = ("--tpm", 200, *prices, "--full-length", "--faults", "torn", "--rate", 1)
    request = {"messages": [{"role": "user", "content": "Hello?"}], "max_tokens": 50}
    with running(*options) as (process, url):
        for _ in range(3):
            with pytest.raises(json.JSONDecodeError):
                get(f"{url}/chat/completions", request)
        status, refused = get(f"{url}/chat/completions", request | {"max_tokens": 300})
        assert (status, "too large" in refused["error"]["message"]) == (429, True)
        assert get(f"{url.removesuffix('/v1')}/bill")[1]["nano_dollars"] == 3 * (9 * 150 + 50 * 600)
        code, said, err = end(process)
    assert code == 0
    assert said["requests received"] == "4"
    assert said["completions sent"] == "0"
    assert said["refused for a limit (429)"] == "1"
    assert said["torn"] == "3"
    assert said["of which paid again for the same request"] == "2"
    assert said["bill"] == "$0.00009405"
    assert f"base_url: {url}" in err


def test_its_end_as_json_is_one_object_without_the_url():
    process = start_prism("chaos", "--port", 0, "--price-out", "0.6", "--json")
    with process:
        url = process.stderr.readline().strip()
        get(f"{url}/chat/completions", {"messages": [{"role": "user", "content": "Hello?"}], "max_tokens": 50})
        process.send_signal(signal.SIGINT)
        out, _ = process.communicate(timeout=60)
    told = json.loads(out)
    assert (told["stats"]["received"], told["stats"]["completed"], told["bill"]["calls"]) == (1, 1, 1)
    assert told["bill"]["dollars"] == f"{told['bill']['completion_tokens'] * 6e-7:.15f}"
    assert not {"hits", "requests"} & {*told["stats"], *told["bill"]}


@pytest.mark.slow
def test_a_run_through_passing_faults_is_complete_and_the_models_file_it_prints_is_good(prism, tmp_path):
    with running("--faults", "500,reset,torn,usage-missing,429", "--rate", 0.15, "--seed", 3) as (
        process,
        url,
    ):
        lines = iter(process.stderr.readline, "")
        for line in lines:
            if line.startswith("models:"):
                break
        entry = [line, *(next(lines) for _ in range(7))]
        (tmp_path / "chaos.yaml").write_text("".join(entry))
        said = prism("run", "shapes.tsv", "-p", "scripted", "-r", "chaos", "--models-file", "chaos.yaml")
        assert said.code == 0, said.err
        assert "24 done" in said.out
        assert get(f"{url.removesuffix('/v1')}/stats")[1]["faults"] > 0
        assert end(process)[0] == 0


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (("--faults", "503,earthquake"), "'earthquake' is not a fault; known: all, transient, 500"),
        (("--retry-after", "never"), "'never' is not one of none, seconds, date, ms, mixed"),
        (("--price-in", "cheap"), "must be numbers (got 'cheap' and "),
        (("--price-out", "-1"), "-1 is not a price"),
        (("--halve-after", "5"), "no limit to halve"),
        (("--rate", "2"), "--rate"),
    ],
)
def test_mistakes_are_named(prism, options, complaint):
    said = prism("chaos", *options)
    assert said.code == 2
    assert complaint in said.err


def test_its_help_teaches_and_knows_every_fault(prism):
    said = prism("chaos", "--help")
    assert "--models-file chaos.yaml" in said.out
    words = set(re.findall(r"[\w-]+", said.out))
    assert {fault.value for fault in Fault} <= words
