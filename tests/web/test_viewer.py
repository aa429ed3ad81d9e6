"""The viewer over HTTP: its pages of rows are those of the report, and nothing else is within reach."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
import pytest

from tests.finished import write_run
from tests.report.viewer.shown_runs import data_of, picture, three_arms
from tests.web.served import Client, viewer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three arms of one benchmark, whose first sample has a picture, and a run of another one."""
    folder = tmp_path_factory.mktemp("three") / "results"
    digest = picture(folder.parent / "cache" / "images", "red", (1200, 800))
    three_arms(folder, images=[digest])
    write_run(folder, [1] * 450, benchmark="Other")
    for manifest in folder.rglob("manifest.json"):
        content = orjson.loads(manifest.read_bytes())
        content["config"]["cache_dir"] = str(folder.parent / "cache")
        manifest.write_bytes(orjson.dumps(content))
    return folder


@pytest.fixture(scope="module")
def server(results: Path) -> Iterator[Client]:
    """A viewer of all runs, whose rows are read."""
    with viewer(results) as started:
        started.enter()
        assert started.header()["version"] == 1
        yield started


def test_the_header_is_the_reports(server, results):
    data, _ = data_of(results)
    served = server.header()["header"]
    assert served["benchmarks"] == orjson.loads(orjson.dumps(data.header["benchmarks"]))
    assert [run["who"] for run in served["runs"]] == [run["who"] for run in data.header["runs"]]


def test_every_page_of_rows_and_every_sample_is_the_reports(server, results):
    _, samples = data_of(results)
    for benchmark in (0, 1):
        own = [sample for sample in samples if sample["benchmark"] == benchmark]
        rows: list[Any] = []
        while len(rows) < len(own):
            page = server.rows({"benchmark": benchmark}, len(rows), 100).json
            assert page["total"] == len(own)
            rows += page["rows"]
        assert [(row["index"], row["question"]) for row in rows] == [(each["index"], each["question"]) for each in own]
        for sample in own[:5]:
            query = {"runs": "all", "version": 1, "benchmark": benchmark, "index": sample["index"]}
            served = server.ask("/api/sample", **query).json
            assert served == orjson.loads(orjson.dumps(sample))


def test_a_sample_knows_its_place_among_those_that_match(server):
    def place(index: str, **wanted: Any) -> Any:
        text = orjson.dumps({"benchmark": 1, **wanted}).decode()
        return server.ask("/api/place", runs="all", version=1, filter=text, index=index).json

    assert (place("0"), place("449"), place("nothing")) == (0, 449, -1)
    assert (place("441", text="what? 44"), place("3", text="what? 44")) == (2, -1)


def test_a_page_beyond_the_end_is_empty(server):
    assert server.rows({"benchmark": 1}, 10**11).json == {"total": 450, "rows": []}


BAD = [
    ({"benchmark": "0"}, {}, "benchmark"),
    ({}, {}, "benchmark"),
    ({"benchmark": 0, "where": "1=1"}, {}, "where"),
    ({"benchmark": 0, "runs": {"0": "won"}}, {}, "runs.0"),
    ({"benchmark": 0, "runs": {"../..": "right"}}, {}, "runs"),
    ({"benchmark": 0, "text": "x" * 2001}, {}, "text"),
    ({"benchmark": 0, "flip": [0]}, {}, "flip"),
    ({"benchmark": 0}, {"n": 501}, "n: a number from 0 to 500"),
    ({"benchmark": 0}, {"n": "²"}, "n: a number"),
    ({"benchmark": 0}, {"offset": -1}, "offset"),
    ({"benchmark": 0}, {"offset": "9" * 5000}, "offset"),
]


@pytest.mark.parametrize(("wanted", "query", "says"), BAD)
def test_a_malformed_request_is_refused_and_named(server, wanted, query, says):
    answer = server.rows(wanted, **query)
    assert (answer.status, says in answer.text) == (400, True), answer.text


def test_a_run_is_named_by_the_servers_own_ids_only(server, results):
    ids = [run["id"] for run in server.ask("/api/runs").json]
    assert len(ids) == 4
    for name in ("", "..", str(results), f"{ids[0]}.nothing", "%2e%2e", ids[0].upper() + "."):
        assert server.ask("/api/header", runs=name).status == 404
    two = server.header(".".join(ids[:2]))
    assert sorted(two["ids"]) == sorted(ids[:2])
    assert two["version"] != 1, "so rows of other runs are never taken for these"


def test_rows_of_another_version_are_refused_so_that_a_page_reads_the_header_again(server):
    for version in (0, 2, "", "x"):
        assert server.rows({"benchmark": 0}, version=version).status == 409


def test_a_picture_is_served_by_its_digest_in_two_sizes_and_no_other_file_is(server, results):
    digest = picture(results.parent / "cache" / "images", "red", (1200, 800))
    small, large = (server.ask(f"/api/picture/{digest}", runs="all", size=size) for size in ("small", "large"))
    assert small.headers["content-type"] == "image/webp"
    assert small.body[8:12] == b"WEBP"
    assert len(large.body) > len(small.body)
    assert server.ask(f"/api/picture/{digest}", runs="all", size="10000").status == 400
    assert server.ask("/api/picture/" + "0" * 64, runs="all").status == 204
    for name in ("..%2f..%2fetc%2fpasswd", digest.upper(), digest + "0", "/etc/passwd"):
        assert server.ask(f"/api/picture/{name}", runs="all").status == 404


def test_a_file_that_is_not_what_its_digest_says_is_not_served(server, results):
    place = results.parent / "cache" / "images" / "ab" / ("cd" * 31)
    place.parent.mkdir(exist_ok=True)
    place.write_text("secret")
    assert server.ask("/api/picture/ab" + "cd" * 31, runs="all").status == 204


@pytest.mark.parametrize("path", ["/static/../viewer.py", "/static/page.html", "/static/"])
def test_only_the_pages_own_files_are_static(server, path):
    assert server.ask(path).status == 404


def test_runs_that_cannot_be_read_say_why(tmp_path):
    folder = write_run(tmp_path, [1])
    (folder / "manifest.json").write_text("[]")
    with viewer(tmp_path) as own:
        own.enter()
        answers = {own.ask("/api/header", runs="all").status for _ in range(2)}
        while (answer := own.ask("/api/header", runs="all")).status == 202:
            pass
        assert answers <= {202, 422}
        assert (answer.status, "manifest.json: is not a JSON object" in answer.text) == (422, True)
