"""The consoles, in a process of their own: what happens when their reader goes away."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest

from prism_engine.cli.show import console
from prism_engine.cli.show.console import print_json
from prism_engine.control_characters import escaped

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
    console.stderr.print(f"[bold]{escaped(text)}")
    shown = "".join(capsys.readouterr())
    assert not set(shown) & set("\x1b\x07\x9b\u202e\r\x08\u2066")


@dataclass
class Priced:
    cost: Decimal
    folder: Path
    share: float


@pytest.mark.parametrize(
    ("value", "read"),
    [
        (
            Priced(Decimal("0.000000001"), Path("results/a"), 0.5),
            {"schema": 1, "cost": "0.000000001", "folder": "results/a", "share": 0.5},
        ),
        ({"nan": float("nan"), 3: (1, None)}, {"schema": 1, "nan": None, "3": [1, None]}),
        ("half \ud83d", "half \ud83d"),
        (10**30, 10**30),
        ("[bold]x[/] :smile:", "[bold]x[/] :smile:"),
    ],
)
def test_whatever_is_printed_as_json_reads_back(capsys, value, read):
    print_json(value)
    assert json.loads(capsys.readouterr().out, parse_constant=pytest.fail) == read
