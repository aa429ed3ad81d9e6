"""`prism` in this process, in a folder of its own, over a small benchmark."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from typing import NamedTuple

import pytest

from prism_engine.cli import main, process
from tests.shapes import write_shapes

SCRIPTED = ("shapes.tsv", "--perceiver", "scripted", "--reasoner", "scripted")


class Said(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture
def prism(tmp_path, monkeypatch, capsys):
    """Call `prism ...`; returns exit code, stdout and stderr. 24 samples lie in shapes.tsv."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PRISM_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "user-data"))
    for name in [name for name in os.environ if name.endswith("_API_KEY") or name == "LMUData"]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PRISM_DEBUG", "")  # `--debug` sets it: not for the tests that follow
    write_shapes(tmp_path / "shapes.tsv", 24, 0)

    def call(*arguments):
        monkeypatch.setattr(sys, "argv", ["prism", *map(str, arguments)])
        try:
            main()
        except SystemExit as end:
            assert not isinstance(end.code, str)  # noqa: PT017 - told apart for the type checker
            code = end.code or 0
        else:
            code = 0
        finally:
            process._interrupted = False
            if threading.current_thread() is threading.main_thread():
                signal.signal(signal.SIGINT, signal.default_int_handler)  # this process does not end here
        said = capsys.readouterr()
        return Said(code, said.out, said.err)

    return call


def write_models(path, **entries):
    lines = [f"  {name.replace('_', '-')}: {json.dumps(entry)}\n" for name, entry in entries.items()]
    path.write_text("models:\n" + "".join(lines))
    return path
