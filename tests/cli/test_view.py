"""`prism view` as a process: its address, its end, and what it refuses in one line."""

from __future__ import annotations

import signal
import socket
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.finished import write_run
from tests.processes import start_prism


def test_it_prints_its_address_serves_it_and_ends_with_ctrl_c_leaving_no_file(tmp_path):
    write_run(tmp_path / "results", [1])
    (tmp_path / "tmp").mkdir()
    before = sorted(path.relative_to(tmp_path) for path in (tmp_path / "results").rglob("*"))
    environment = {"TMPDIR": str(tmp_path / "tmp"), "PATH": "/usr/bin:/bin", "PYTHONPATH": str(Path.cwd())}
    process = start_prism("view", "--results-dir", tmp_path / "results", "--port", 0, env=environment)
    assert process.stdout is not None
    address = process.stdout.readline().strip()
    with urllib.request.urlopen(address) as answer:
        assert answer.status == 200
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(address.partition("?")[0])
    taken = start_prism("view", tmp_path / "results", "--port", urlsplit(address).port)
    out, problem = taken.communicate(timeout=60)
    assert (taken.returncode, out) == (2, "")
    assert problem.startswith(f"error: --port {urlsplit(address).port}: in use on 127.0.0.1; name another, or 0")
    assert problem.count("\n") == 1
    process.send_signal(signal.SIGINT)
    _, problem = process.communicate(timeout=60)
    assert (process.returncode, problem) == (0, "")
    assert list((tmp_path / "tmp").iterdir()) == []
    assert sorted(path.relative_to(tmp_path) for path in (tmp_path / "results").rglob("*")) == before


def test_a_folder_that_is_not_there_is_named(tmp_path):
    process = start_prism("view", tmp_path / "nothing")
    _, problem = process.communicate(timeout=60)
    assert process.returncode == 2
    assert f"{tmp_path}/nothing: no such folder; `prism runs` lists runs" in problem.replace("\n", "")


def test_a_run_is_opened_side_by_side_and_a_results_folder_as_a_list(tmp_path):
    folder = write_run(tmp_path / "results", [1])
    for arguments, path in (((folder,), "/view"), (("--results-dir", tmp_path / "results"), "/")):
        process = start_prism("view", *arguments, "--port", 0)
        assert process.stdout is not None
        assert urlsplit(process.stdout.readline().strip()).path == path
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=60)
        assert process.returncode == 0


def test_a_port_of_another_program_is_in_use(tmp_path):
    write_run(tmp_path, [1])
    with socket.create_server(("127.0.0.1", 0)) as other:
        process = start_prism("view", tmp_path, "--port", other.getsockname()[1])
        _, problem = process.communicate(timeout=60)
    assert (process.returncode, "in use" in problem) == (2, True)
