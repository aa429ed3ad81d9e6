"""Tests of resuming after kill -9 and one or two Ctrl-C: no result is lost or doubled, and no call paid twice."""

from __future__ import annotations

import json
import random
import signal
import time

import pytest

from tests.shapes import write_shapes

from .processes import chaos_server, server_stats, start_prism

SAMPLES = 240
CONCURRENCY = 8
KILLS = 10


@pytest.fixture
def job(tmp_path):
    """A benchmark, a scripted perceiver, and an API reasoner on the chaos server."""
    write_shapes(tmp_path / "shapes.tsv", SAMPLES, 1)
    with chaos_server("--latency", 0.2) as url:
        entries = {
            "slow-scripted": {
                "backend": "scripted",
                "replies": ["one", "two", "three"],
                "delay": 0.02,
                "concurrency": 4,
            },
            "remote": {
                "backend": "api",
                "model": "chaos",
                "base_url": url,
                "api_key_env": None,
                "identity": "the fault server",
                "limits": {"concurrency": CONCURRENCY},
            },
        }
        (tmp_path / "models.yaml").write_text(
            "models:\n" + "".join(f"  {k}: {json.dumps(v)}\n" for k, v in entries.items())
        )

        def start(cache="cache", results="results"):
            return start_prism(
                "run",
                tmp_path / "shapes.tsv",
                *("-p", "slow-scripted", "-r", "remote", "--models-file", tmp_path / "models.yaml"),
                *("--cache-dir", tmp_path / cache, "--results-dir", tmp_path / results),
            )

        yield start, url, tmp_path


def finish(process):
    out, err = process.communicate(timeout=120)
    assert "Traceback" not in err, err
    return process.returncode, out, err


def result_files(folder):
    folder = folder / "generic" / "shapes" / "slow-scripted" / "remote"
    return {name: (folder / name).read_bytes() for name in ("predictions.jsonl", "scores.json", "predictions.parquet")}


@pytest.mark.slow
def test_ten_kills_at_random_points_lose_nothing_and_cost_no_more_than_what_was_in_flight(job):
    start, url, folder = job
    undisturbed = start("cache-undisturbed", "results-undisturbed")
    assert finish(undisturbed)[0] == 0
    needed = server_stats(url)["completed"]
    assert needed <= SAMPLES

    chance = random.Random(20240620)
    kills = 0
    while kills < KILLS:
        process = start()
        wait_for_calls(url, server_stats(url)["received"] + chance.randrange(1, 16))
        time.sleep(chance.uniform(0, 0.2))
        assert process.poll() is None, "the run ended before it could be killed ten times"
        process.kill()
        process.communicate()
        kills += 1
    before_last = server_stats(url)["received"] - needed
    code, out, _ = finish(start())
    received = server_stats(url)["received"] - needed

    assert code == 0
    assert 0 < before_last < received, "the kills did not fall into the middle of the run"
    # A call is in flight until its answer is durable: its request is open, or its answer waits for a group commit while
    # its slot is already taken by another request.
    assert received <= needed + KILLS * 2 * CONCURRENCY
    assert f"{SAMPLES} samples: {SAMPLES} done" in out
    assert result_files(folder / "results") == result_files(folder / "results-undisturbed")


def wait_for_calls(url, count):
    deadline = time.monotonic() + 60
    while server_stats(url)["received"] < count:
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_finishes_requests_in_flight_and_the_printed_command_resumes(job, number):
    start, url, _ = job
    process = start()
    wait_for_calls(url, 20)
    process.send_signal(number)
    code, out, err = finish(process)
    assert code == 130
    assert "interrupted; continue with: prism run" in err
    assert "not run" in out
    stats = server_stats(url)
    assert stats["completed"] == stats["received"], "a request in flight was dropped"
    code, out, _ = finish(start())
    assert code == 0
    assert f"{SAMPLES} done" in out
    assert server_stats(url)["received"] <= SAMPLES


@pytest.mark.slow
def test_a_second_ctrl_c_stops_at_once_and_keeps_what_was_finished(job):
    start, url, folder = job
    process = start()
    wait_for_calls(url, 20)
    process.send_signal(signal.SIGINT)
    time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    code, _, err = finish(process)
    assert code == 130
    assert "stopped at once" in err
    assert not list((folder / "results").rglob("predictions.jsonl"))
    assert finish(start())[0] == 0
    assert server_stats(url)["received"] <= SAMPLES + CONCURRENCY


@pytest.mark.slow
def test_a_reader_that_goes_away_does_not_end_the_run(job):
    start, _, folder = job
    process = start()
    process.stderr.close()
    process.stdout.close()
    assert process.wait(timeout=120) == 0
    (path,) = (folder / "results").rglob("predictions.jsonl")
    assert {json.loads(line)["status"] for line in path.read_text().splitlines()} == {"done"}
