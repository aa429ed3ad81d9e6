"""Runs in progress: their events, rows that grow, and pages that follow, with real runs against the chaos server."""

from __future__ import annotations

import json
import re
import time
from http.client import HTTPConnection
from typing import TYPE_CHECKING, Any, Self

import pytest

from tests.browser import until
from tests.processes import chaos_server, start_prism
from tests.shapes import write_shapes
from tests.web.served import SECONDS, Answer, Client, viewer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from subprocess import Popen

SAMPLES = 60


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Popen[str]]]:
    """Return a function that starts a run of 60 samples at a rate; its results are below `results`."""
    write_shapes(tmp_path / "shapes.tsv", SAMPLES, 1)
    started: list[Popen[str]] = []
    with chaos_server("--latency", 0.05) as url:
        entry = {"backend": "api", "model": "chaos", "base_url": url, "api_key_env": None, "identity": "chaos"}
        scripted = {"backend": "scripted", "replies": ["A red square."]}
        models = {"seer": scripted, "other": scripted, "chaos": entry}
        text = "models:\n" + "".join(f"  {name}: {json.dumps(each)}\n" for name, each in models.items())
        (tmp_path / "models.yaml").write_text(text)

        def run(perceiver: str = "seer", rpm: int = 60) -> Popen[str]:
            started.append(
                start_prism(
                    *("run", tmp_path / "shapes.tsv", "-p", perceiver, "-r", "chaos", "--rpm", rpm),
                    *("--models-file", tmp_path / "models.yaml", "--results-dir", tmp_path / "results"),
                    *("--cache-dir", tmp_path / "cache"),
                )
            )
            return started[-1]

        yield run
        for process in started:
            process.kill()
            process.communicate()


class Events:
    """The events of a viewer, as a browser reads them."""

    def __init__(self, client: Client, runs: str = "all") -> None:
        self._connection = HTTPConnection("127.0.0.1", client.port, timeout=SECONDS)
        self._connection.request("GET", f"/api/events?runs={runs}&rows=1", headers={"Cookie": client.cookie})
        self.response = self._connection.getresponse()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def until(self, wanted: Callable[[str, Any], bool]) -> Any:
        """Return the value of the first event that is wanted."""
        end = time.monotonic() + SECONDS
        kind, seen = "", ""
        while time.monotonic() < end:
            line = self.response.readline().decode().strip()
            seen = line or seen
            if line.startswith("event: "):
                kind = line.removeprefix("event: ")
            elif line.startswith("data: ") and wanted(kind, value := json.loads(line.removeprefix("data: "))):
                return value
        raise AssertionError(f"no such event came; the last one was {seen}")


def wait_for(exists: Callable[[], bool]) -> None:
    """Wait until something is there."""
    end = time.monotonic() + SECONDS
    while not exists():
        assert time.monotonic() < end, "it never came"
        time.sleep(0.1)


def test_events_follow_a_run_from_its_first_sample_to_its_end(start, tmp_path):
    (tmp_path / "results").mkdir()
    process = start(rpm=600)
    with viewer(tmp_path / "results") as client:
        client.enter()
        with Events(client) as events:
            assert events.response.headers["Content-Type"] == "text/event-stream"
            run = events.until(lambda kind, value: kind == "run" and value["state"] == "running")
            assert run["samples"]["total"] == SAMPLES
            run = events.until(lambda kind, value: kind == "run" and bool(value["last"]))
            assert set(run["last"][0]) == {"index", "outcome"}
            run = events.until(lambda kind, value: kind == "run" and value["state"] == "complete" and not value["last"])
            assert run["samples"]["done"] == SAMPLES
            while client.header()["header"]["benchmarks"][0]["samples"] < SAMPLES:
                events.until(lambda kind, _: kind == "rows")
    _, problem = process.communicate(timeout=SECONDS)
    assert process.returncode == 0, problem


def test_a_run_in_progress_is_read_and_never_changed(start, tmp_path):
    process = start()
    folder = tmp_path / "results" / "generic" / "shapes" / "seer" / "chaos"
    wait_for(lambda: (folder / "journal.jsonl").is_file() and (folder / "journal.jsonl").stat().st_size > 0)
    before = {path.name for path in folder.iterdir()}
    with viewer(tmp_path / "results") as client:
        client.enter()
        assert client.header()["header"]["runs"][0]["place"] == "chaos"
    process.kill()
    process.communicate()
    assert {path.name for path in folder.iterdir()} == before
    with viewer(tmp_path / "results") as client:
        client.enter()
        (run,) = client.ask("/api/runs").json
        assert (run["state"], run["rows"]) == ("killed", True)
        assert client.header()["header"]["runs"][0]["status"] == "killed"


@pytest.mark.xdist_group("browser")
def test_two_runs_side_by_side_grow_on_their_page_while_they_run(start, tmp_path, opened):
    start()
    start("other", rpm=90)
    results = tmp_path / "results"
    wait_for(lambda: len(list(results.rglob("journal.jsonl"))) == 2)
    page = opened(results, "/")
    until(page, "document.querySelectorAll('.live').length", 2)
    page.get_by_role("button", name="Choose all 2").click()
    page.get_by_role("link", name="Side by side (2)").click()
    until(page, "document.documentElement.dataset.ready", "1")
    counted = "Number(document.querySelector('#count').textContent.split(' of ')[1].split(' ')[0])"
    first = page.evaluate(counted)
    page.get_by_role("searchbox").fill("")
    wait_for(lambda: page.wait_for_timeout(50) is None and page.evaluate(counted) > first)
    assert page.locator(".accuracy tbody tr").count() == 2


def test_a_hostile_journal_and_status_show_nothing_but_text(tmp_path):
    folder = tmp_path / "x"
    folder.mkdir()
    (folder / "status.json").write_text(
        json.dumps(
            {
                "schema": 2,
                "state": "running",
                "pid": 1,
                "cwd": "/",
                "updated_at": "2099-01-01T00:00:00+00:00",
                "progress": {"samples": {"total": "x", "done": True}, "stages": [], "money": {"this_run": {}}},
                "config": {"benchmark": ["x"], "tags": "x", "cache_dir": "/etc", "perceiver": {}},
            }
        )
    )
    (folder / "journal.jsonl").write_bytes(b'\xff\n{"index": {}}\n[]\n{"index": 1, "status": [], "score": "x"}\nhalf')
    with viewer(tmp_path) as client:
        client.enter()
        (run,) = client.ask("/api/runs").json
        assert (run["samples"], run["stages"], run["paid"], run["perceiver"], run["benchmark"]) == (
            {},
            {},
            None,
            None,
            None,
        )
        with Events(client) as events:
            assert events.until(lambda kind, _: kind == "run")["last"] == []
        while (answer := client.ask("/api/header", runs="all")).status == 202:
            pass
        assert answer.status == 422


def test_streams_have_a_limit_and_end_with_the_server(tmp_path):
    (tmp_path / "results").mkdir()
    with viewer(tmp_path / "results") as client:
        client.enter()
        streams = [Events(client) for _ in range(32)]
        assert {stream.response.status for stream in streams} == {200}
        assert client.ask("/api/events", runs="all").status == 503
    assert [stream.response.read().strip(b":\n") for stream in streams] == [b""] * 32
    for stream in streams:
        stream.__exit__()


def test_a_run_is_paused_resumed_and_changed_only_with_the_pages_token(start, tmp_path):
    process = start()
    folder = tmp_path / "results" / "generic" / "shapes" / "seer" / "chaos"
    wait_for((folder / "control.sock").is_socket)
    with viewer(tmp_path / "results") as client:
        client.enter()
        found = re.search('name="prism-token" content="([^"]+)"', client.ask("/").text)
        assert found is not None
        own = {"Origin": client.address, "X-Prism-Token": found[1]}
        (run,) = client.ask("/api/runs").json

        def control(content: Any, **query: Any) -> Answer:
            query = {"runs": run["id"], **query}
            return client.ask("/api/control", method="POST", headers=own, body=json.dumps(content), **query)

        for lacking in own:
            answer = client.ask(
                "/api/control",
                method="POST",
                body='{"command": "drain"}',
                runs=run["id"],
                headers={name: value for name, value in own.items() if name != lacking},
            )
            assert answer.status == 403
        assert client.ask("/api/control", runs=run["id"]).status == 405, "a link changes nothing"
        wait_for(lambda: client.ask("/api/runs").json[0]["samples"].get("done", 0) > 0)
        answer = control({"command": "pause"})
        assert (answer.status, answer.json["message"].startswith("paused")) == (200, True)
        with Events(client) as events:
            events.until(lambda kind, value: kind == "run" and value["paused"])
        for content, says in (
            ({"command": "set", "values": {"rpm": "0"}}, "rpm"),
            ({"command": "set", "values": {"model": "x"}}, "cannot be set"),
            ({"command": "rm", "values": {}}, "command"),
            ({"command": "pause", "then": "x"}, "then"),
            ([], ""),
        ):
            answer = control(content)
            assert (answer.status, says in answer.text) == (422, True), answer.text
        assert control({"command": "pause"}, runs="nothing").status == 404
        assert "already paused" in control({"command": "pause"}).text
        assert control({"command": "set", "values": {"rpm": "6000"}}).status == 200
        assert control({"command": "resume"}).status == 200
        process.communicate(timeout=SECONDS)
        assert process.returncode == 0
        answer = control({"command": "pause"})
        assert answer.status == 422, "it has ended"


@pytest.mark.xdist_group("browser")
def test_the_buttons_of_a_running_run_control_it(start, tmp_path, opened):
    start()
    results = tmp_path / "results"
    wait_for(lambda: any(path.is_socket() for path in results.rglob("control.sock")))
    page = opened(results, "/")
    page.get_by_role("button", name="Pause").click()
    page.get_by_text("no new calls; those in flight finish and are stored").wait_for()
    page.get_by_label("New value").fill("90")
    page.get_by_role("button", name="Set").click()
    page.get_by_text("90").first.wait_for()
    page.locator("h1").click()
    page.get_by_role("button", name="Resume").click()
    page.get_by_text("resumed").wait_for()
