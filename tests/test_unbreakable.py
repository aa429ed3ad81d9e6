"""Tests of full disks, revoked keys, outages and concurrent processes: nothing is lost or paid twice."""

from __future__ import annotations

import itertools
import json
import re
import resource
import time
from pathlib import Path

import pytest
from aiohttp import web

from prism_engine.chaos.behaviour import Behaviour
from tests.provider import paid_model, provider
from tests.shapes import write_described_shapes

from .processes import start_prism

SAMPLES = 300
CONCURRENCY = 64
KEY = "sk-planted-0123456789abcdef"
LONG = "The answer is A. " + "Because of what can be seen. " * 60


class Job:
    """Runs `prism run` over one benchmark in separate processes, against a provider."""

    def __init__(self, folder, server, samples):
        self.folder = folder
        write_described_shapes(folder / "shapes.tsv", samples)
        entry = paid_model(server, price=None, limits={"concurrency": CONCURRENCY})
        (folder / "models.yaml").write_text("models:\n  paid: " + json.dumps(entry) + "\n")

    def start(self, *options, results="results", cache="cache", **how):
        return start_prism(
            "run",
            self.folder / "shapes.tsv",
            *("-r", "paid", "--mode", "oracle", "--models-file", self.folder / "models.yaml"),
            *("--cache-dir", self.folder / cache, "--results-dir", self.folder / results, *options),
            **how,
        )

    def run(self, *options, **how):
        return ended(self.start(*options, **how))

    def rows(self, results="results"):
        (path,) = (self.folder / results).rglob("predictions.jsonl")
        return [json.loads(line) for line in path.read_text().splitlines()]


def ended(process):
    out, err = process.communicate(timeout=240)
    assert "Traceback" not in err, err
    return process.returncode, out, err


def no_file_beyond(size):
    """Return a function that imitates a full disk: no file can grow beyond `size` bytes."""
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


@pytest.mark.slow
def test_two_processes_that_need_the_same_2000_calls_make_2000(tmp_path):
    with provider(Behaviour(latency=0.05)) as server:
        job = Job(tmp_path, server, 2000)
        job.run("-n", "1", results="first")  # the benchmark is read once
        both = [job.start(results=name) for name in ("one", "other")]
        for process in both:
            code, out, _ = ended(process)
            assert code == 0
            assert "2,000 samples: 2,000 done" in out
        assert server.stats.received == server.stats.completed == 2000
        assert set(server.stats.hits.values()) == {1}
    assert job.rows("one") == job.rows("other")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("what", "most", "said"),
    [
        ("cache", 600_000, r"cache/calls\.sqlite: .*once fixed, continue with: prism run"),
        ("journal", 100_000, r"journal\.jsonl: cannot be written .* rerun the same command to resume"),
    ],
)
def test_a_full_disk_stops_the_run_with_a_clear_message_and_loses_nothing(tmp_path, what, most, said):
    with provider(Behaviour(reply=lambda body: LONG)) as server:
        job = Job(tmp_path, server, SAMPLES)
        assert job.run("-n", "1", results="first")[0] == 0  # the benchmark is read
        if what == "journal":
            assert job.run(results="before")[0] == 0
        paid = server.stats.completed
        code, _, err = job.run(preexec_fn=no_file_beyond(most))
        assert code == 2
        assert re.search(said, err, re.DOTALL), err
        stopped = server.stats.completed - paid
        code, out, _ = job.run()
        assert code == 0
        assert f"{SAMPLES} samples: {SAMPLES} done" in out
        again = server.stats.completed - paid - (SAMPLES - 1 if what == "cache" else 0)
        assert again <= 2 * CONCURRENCY  # the lane's width: requests in flight, and replies waiting for the writer
        assert stopped == 0 if what == "journal" else 0 < stopped < SAMPLES - 1
    assert {row["status"] for row in job.rows()} == {"done"}


@pytest.mark.slow
def test_a_key_that_is_revoked_in_the_middle_stops_the_run_and_another_one_goes_on(tmp_path):
    entry = {"api_key_env": "MY_KEY", "limits": {"concurrency": 8}}
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "PYTHONPATH": str(Path.cwd())}
    with provider(Behaviour(latency=0.02, key=KEY, revoke_after=100)) as server:
        job = Job(tmp_path, server, SAMPLES)
        models = tmp_path / "models.yaml"
        models.write_text("models:\n  paid: " + json.dumps(paid_model(server, price=None, **entry)) + "\n")
        code, out, err = job.run(env=environment | {"MY_KEY": KEY})
        assert code == 4
        assert "key refused by" in err
        assert "check MY_KEY" in err
        assert "100 done" in out
        assert server.stats.completed == 100
        assert server.stats.unauthorized <= 8
    with provider(Behaviour(key=KEY)) as server:
        models.write_text("models:\n  paid: " + json.dumps(paid_model(server, price=None, **entry)) + "\n")
        assert job.run(env=environment | {"MY_KEY": KEY})[0] == 0
        assert server.stats.received == SAMPLES - 100


@pytest.mark.slow
def test_a_run_waits_for_the_end_of_an_outage_which_uses_up_no_attempts(tmp_path):
    numbers, failures = itertools.count(1), []

    def reply(body):
        """Fail from the 101st request on, until two probes (requests after a silence) have arrived."""
        silences = sum(later - earlier > 0.7 for earlier, later in itertools.pairwise(failures))
        if next(numbers) <= 100 or silences >= 2:
            return "A"
        failures.append(time.monotonic())
        return web.json_response({"error": {"message": "broken"}}, status=500)

    with provider(Behaviour(latency=0.02, reply=reply)) as server:
        job = Job(tmp_path, server, SAMPLES)
        entry = paid_model(server, price=None, attempts=3, limits={"concurrency": 8})
        (tmp_path / "models.yaml").write_text(f"models:\n  paid: {json.dumps(entry)}\n")
        code, out, err = job.run("--fail-on-error", "0")
        assert (code, f"{SAMPLES} samples: {SAMPLES} done" in out) == (0, True)
        assert re.search(r"is down: \d+ consecutive requests failed \(HTTP 500: broken\)", err)
        assert "is responding again after" in err
        # Beyond the samples' own requests there are at most a few that stand in for a call that failed before.
        assert SAMPLES <= server.stats.received - len(failures) <= SAMPLES + 3
