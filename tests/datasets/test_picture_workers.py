"""Processes that read pictures."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import Any

import pytest

from prism_engine.datasets.images import ImageStore
from prism_engine.datasets.picture_cells import Reference
from prism_engine.datasets.picture_workers import Cell, CellSettings, PictureWorkers
from prism_engine.errors import StoreError

from .conftest import encode, payload


@pytest.fixture
def settings(tmp_path):
    return CellSettings(tmp_path / "Toy.tsv", "image", tmp_path / "images", 10**6, (tmp_path,))


def test_chunks_come_back_in_order_with_what_is_wrong_in_place(settings):
    chunks = [[Cell(payload(number), None), Cell("!" * 80, None)] for number in range(4)]
    chunks += [[Cell("7", None), Cell("", None), Cell("", (encode(), payload(9)))]]
    workers = PictureWorkers(settings, 2)
    try:
        waiting = [workers.submit(chunk, 1) for chunk in chunks]
        found: list[Any] = [wait() for wait in waiting]
        *first, last = found
    finally:
        workers.close()
    store = ImageStore(settings.store)
    for number, (pictures, problem) in enumerate(first):
        (picture,) = pictures
        assert store.image(picture.digest).path.read_bytes() == encode(shade=number)
        assert (picture.size, picture.facts.format) == (len(encode(shade=number)), "PNG")
        assert "broken base64" in problem
    reference, empty, both = last
    assert (reference, empty, len(both)) == ((Reference("7"),), (), 2)


def test_a_store_that_cannot_be_written_is_an_error_here_too(settings):
    settings.store.write_text("no folder")
    workers = PictureWorkers(settings, 1)
    try:
        with pytest.raises(StoreError, match="the picture cannot be written"):
            workers.submit([Cell(payload(), None)], 1)()
    finally:
        workers.close()


def test_a_killed_process_is_one_error_that_names_the_row(settings):
    workers = PictureWorkers(settings, 1)
    try:
        workers.submit([Cell(payload(), None)], 1)()
        workers._workers[0].process.kill()
        with pytest.raises(StoreError, match=r"Toy\.tsv, row 257 or one of the next: .* by signal 9; .*out of memory"):
            workers.submit([Cell(payload(), None)], 257)()
    finally:
        workers.close()


def test_closing_ends_the_processes_with_chunks_still_waiting(settings):
    workers = PictureWorkers(settings, 2)
    for number in range(4):
        workers.submit([Cell(payload(number), None)], 1)
    workers.close()
    workers.close()
    assert [worker.process.returncode for worker in workers._workers] == [0, 0]


def test_they_end_when_their_parent_is_killed_and_ignore_ctrl_c(settings, tmp_path):
    code = (
        "import time; from pathlib import Path; from prism_engine.datasets.picture_workers import *\n"
        f"workers = PictureWorkers(CellSettings(Path({str(tmp_path / 'Toy.tsv')!r}), 'image', "
        f"Path({str(settings.store)!r}), 10**6, ()), 1)\n"
        f"workers.submit([Cell({payload()!r}, None)], 1)()\n"
        "print(workers._workers[0].process.pid, flush=True); time.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        os.kill(child, signal.SIGINT)
        time.sleep(0.1)
        os.kill(child, 0)
        parent.kill()
    deadline = time.monotonic() + 60
    while _lives(child):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _lives(process):
    try:
        with open(f"/proc/{process}/stat") as file:  # noqa: PTH123 - no Path for a file of the kernel's
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
