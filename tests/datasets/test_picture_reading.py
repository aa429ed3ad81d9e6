"""Reading pictures ahead: the same samples and errors inline, in threads and in processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest

from prism_engine.datasets import check_benchmark, open_benchmark
from prism_engine.datasets import picture_reading as reading
from prism_engine.datasets.picture_workers import PictureWorkers
from prism_engine.errors import DatasetError, StoreError

from .conftest import encode, payload
from .test_ingest import toy

WAYS = ("inline", "threads", "processes")


@pytest.fixture(params=WAYS)
def way(request, monkeypatch):
    """Read in one of three ways, in small chunks, whatever the size of the benchmark."""
    monkeypatch.setattr(reading, "usable_cores", lambda: 2)
    monkeypatch.setattr(reading, "_ROWS", 3)
    monkeypatch.setattr(reading, "_MEASURED", 0.0 if request.param == "processes" else float("inf"))
    monkeypatch.setattr(reading, "_WORTH_PROCESSES", 0.0)
    monkeypatch.setattr(reading, "_LARGE", 0 if request.param == "threads" else 1 << 40)
    started = []

    def start(*given):
        started.append(given)
        return PictureWorkers(*given)

    monkeypatch.setattr(reading, "PictureWorkers", start)
    yield request.param
    assert bool(started) == (request.param == "processes")


def test_all_rows_come_in_order_with_their_pictures(tables, cache, way):
    rows = [toy(str(number), str(number - 1) if number % 3 == 2 else payload(number)) for number in range(20)]
    with open_benchmark(tables.write(*rows), cache) as benchmark:
        samples = list(benchmark)
    assert [sample.index for sample in samples] == [str(number) for number in range(20)]
    for number, sample in enumerate(samples):
        shade = number - (number % 3 == 2)
        assert sample.images[0].path.read_bytes() == encode(shade=shade)
        assert sample.images[0].facts is not None


@pytest.mark.parametrize("first", [7, 8])
def test_the_first_wrong_row_is_the_one_reported(tables, cache, way, first):
    rows = [toy(str(number), payload(number)) for number in range(20)]
    rows[first] = toy(str(first), "!" * 80)
    rows[15 - first] = toy("1", payload(99))  # the same index as row 2
    place = r"row 8 \(index 7\), column 'image': is broken" if first == 7 else r"row 8 \(index 1\), column 'index'"
    with pytest.raises(DatasetError, match=place):
        open_benchmark(tables.write(*rows), cache)
    assert list((cache / "benchmarks").iterdir()) == []


def test_a_row_that_cannot_be_read_is_reported_after_those_before_it(tables, cache, way):
    lines = [f"{number}\t?\t{payload(number)}\n" for number in range(10)]
    path = tables.raw("index\tquestion\timage\n" + "".join(lines[:7]) + "7\t?\n")
    with pytest.raises(DatasetError, match="row 8"):
        open_benchmark(path, cache)
    path = tables.raw("index\tquestion\timage\n" + "".join(lines[:5]) + f"5\t?\t{'!' * 80}\n" + lines[6] + "7\t?\n")
    with pytest.raises(DatasetError, match=r"row 6 \(index 5\)"):
        open_benchmark(path, cache)


def test_a_check_finds_every_broken_picture(tables, cache, way):
    rows = [toy(str(number), payload(number) if number % 4 else "!" * 80, answer="x") for number in range(12)]
    found = check_benchmark(tables.write(*rows), cache)
    assert (found.rows, found.counts["error", "broken picture"]) == (12, 3)
    assert ["row 1 " in text for text in found.kept["error"]].count(True) == 1


def test_picture_files_are_found_and_named_in_errors(tables, cache, way):
    for number in range(7):
        (tables.folder / f"{number}.png").write_bytes(encode(shade=number))
    rows = [{"index": str(number), "question": "?", "image_path": f"{number}.png"} for number in range(8)]
    with pytest.raises(DatasetError, match=r"row 8 \(index 7\), column 'image_path': names no file; tried .*7\.png"):
        open_benchmark(tables.write(*rows), cache)
    with open_benchmark(tables.write(*rows[:7]), cache) as benchmark:
        assert [sample.images[0].path.read_bytes() for sample in benchmark] == [encode(shade=n) for n in range(7)]


def test_a_killed_process_leaves_no_index_and_the_next_opening_goes_on(tables, cache, monkeypatch):
    monkeypatch.setattr(reading, "usable_cores", lambda: 2)
    monkeypatch.setattr(reading, "_ROWS", 1)
    monkeypatch.setattr(reading, "_MEASURED", 0.0)
    monkeypatch.setattr(reading, "_WORTH_PROCESSES", 0.0)

    def killed(*given):
        workers = PictureWorkers(*given)
        workers._workers[1].process.kill()
        workers._workers[1].process.wait()
        return workers

    path = tables.write(*(toy(str(number), payload(number)) for number in range(20)))
    monkeypatch.setattr(reading, "PictureWorkers", killed)
    with pytest.raises(StoreError, match="by signal 9"):
        open_benchmark(path, cache)
    assert list((cache / "benchmarks").iterdir()) == []
    monkeypatch.setattr(reading, "PictureWorkers", PictureWorkers)
    with open_benchmark(path, cache) as benchmark:
        assert len(benchmark) == 20


def test_where_no_process_can_be_started_threads_go_on(tables, cache, monkeypatch):
    def refused(*_):
        raise BlockingIOError

    monkeypatch.setattr(reading, "usable_cores", lambda: 2)
    monkeypatch.setattr(reading, "_ROWS", 1)
    monkeypatch.setattr(reading, "_LARGE", 0)
    monkeypatch.setattr(reading, "_MEASURED", 0.0)
    monkeypatch.setattr(reading, "_WORTH_PROCESSES", 0.0)
    monkeypatch.setattr(reading, "PictureWorkers", refused)
    path = tables.write(*(toy(str(number), payload(number)) for number in range(9)))
    with open_benchmark(path, cache) as benchmark:
        assert [sample.images[0].path.read_bytes() for sample in benchmark] == [encode(shade=n) for n in range(9)]


def test_ctrl_c_leaves_no_process_behind(tables, cache):
    path = tables.write(*(toy(str(number), payload(number)) for number in range(4)))
    code = (
        "import time; from pathlib import Path\n"
        "from prism_engine.datasets import open_benchmark, picture_reading as reading\n"
        "reading.usable_cores = lambda: 2; reading._ROWS = 1; reading._MEASURED = reading._WORTH_PROCESSES = 0.0\n"
        "def wait(progress):\n"
        "    print('reading', flush=True); time.sleep(600)\n"
        f"open_benchmark(Path({str(path)!r}), Path({str(cache)!r}), wait)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True
    ) as parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"reading\n"
        os.killpg(parent.pid, signal.SIGINT)
        assert parent.wait(120) != 0
    deadline = time.monotonic() + 30
    while _group_lives(parent.pid):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert list((cache / "benchmarks").iterdir()) == []


def _group_lives(group):
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True
