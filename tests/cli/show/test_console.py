"""The consoles, in a process of their own: what happens when their reader goes away."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from prism_engine.cli.show import console

CODE = """
import sys
from prism_engine.cli.show.console import stderr, stdout
sys.stdin.readline()
for console in (stdout, stderr, stdout):
    console.print("x" * int(sys.argv[1]))
sys.exit(3)
"""


@pytest.mark.parametrize("length", [1, 9_000, 100_000])
@pytest.mark.parametrize("unbuffered", [False, True])
def test_a_reader_that_goes_away_does_not_change_the_exit_code(length, unbuffered):
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    process = subprocess.Popen(
        [sys.executable, *(["-u"] if unbuffered else []), "-c", CODE, str(length)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    process.stderr.close()
    process.stdin.write(b"\n")
    process.stdin.close()
    assert process.wait(timeout=60) == 3


@pytest.mark.parametrize("text", ["\x1b[2J", "\x1b]0;title\x07", "\x9b2J", "\u202eabc", "a\rb", "\x08", "\u2066x"])
def test_texts_do_not_control_the_terminal(capsys, text):
    console.print_table(("Name",), [(text,)])
    console.stdout.print(f"said: {text}", markup=False)
    console.stderr.print(f"[bold]{console.printable(text)}")
    shown = "".join(capsys.readouterr())
    assert not set(shown) & set("\x1b\x07\x9b\u202e\r\x08\u2066")
