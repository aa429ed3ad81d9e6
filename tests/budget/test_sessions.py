from __future__ import annotations

import subprocess
import sys

from prism_engine.budget.sessions import LedgerSession, is_alive

HOLD = """
import sys
from pathlib import Path
from prism_engine.budget.sessions import LedgerSession
session = LedgerSession(Path(sys.argv[1]))
print(session.token, flush=True)
sys.stdin.read()
"""


def test_a_session_lives_until_it_is_closed_and_leaves_nothing_behind(tmp_path):
    ledger = tmp_path / "ledger.sqlite"
    with LedgerSession(ledger) as session:
        assert is_alive(ledger, session.token)
        assert not is_alive(ledger, "0" * 32)
    assert not is_alive(ledger, session.token)
    assert list(tmp_path.iterdir()) == []


def test_a_killed_process_is_detected_and_its_lock_is_removed(tmp_path):
    ledger = tmp_path / "ledger.sqlite"
    command = [sys.executable, "-c", HOLD, str(ledger)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        token = process.stdout.readline().strip()
        assert is_alive(ledger, token)
        process.kill()
        process.wait()
    assert not is_alive(ledger, token)
    assert list(tmp_path.iterdir()) == []
