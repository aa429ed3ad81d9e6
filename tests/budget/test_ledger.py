from __future__ import annotations

import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, precondition, rule

from prism_engine.budget import ledger as ledgers
from prism_engine.budget.balance import CRASH_SHARE, Balance, Decision, decide
from prism_engine.budget.books import Account, ClaimHistory
from prism_engine.budget.ledger import Ledger, LedgerEntry
from prism_engine.errors import StoreError

ACCOUNT = Account("reason", "m")


def crash(ledger):
    """End a process as `kill -9` does: its locks and its open transaction are gone, nothing is closed properly."""
    ledger._connection.close()
    ledger._session.close()


def reserve(ledger, amount, cap, *, die=False):
    """Reserve as the controller does; `die` crashes between the decision and its commit."""
    with ledger.transaction():
        verdict = decide(ledger.books().balance, amount, cap)
        if verdict is Decision.GRANTED:
            ledger.add({ACCOUNT: LedgerEntry(requests=1, reserved=amount)})
        if die:
            ledger._connection.execute("ROLLBACK")
            ledger._connection.execute("BEGIN")
    return verdict


def settle(ledger, amount, cost):
    with ledger.transaction():
        change = (
            LedgerEntry(reserved=-amount, unknown=amount)
            if cost is None
            else LedgerEntry(reserved=-amount, settled=cost)
        )
        ledger.add({ACCOUNT: change})


def test_reserved_settled_and_unknown_amounts_are_kept_for_the_next_run(tmp_path):
    with closing(Ledger(tmp_path / "deep" / "ledger.sqlite")) as ledger:
        for amount in (100, 50, 30):
            reserve(ledger, amount, 10**6)
        assert ledger.books().balance == Balance(reserved=180)
        settle(ledger, 100, 40)
        settle(ledger, 50, None)
        assert ledger.books().balance == Balance(spent=90, reserved=30, unknown=50)
    with closing(Ledger(tmp_path / "deep" / "ledger.sqlite")) as ledger:
        assert ledger.books().balance == Balance(spent=120, unknown=80)
        assert ledger.books().by_stage == {"reason": 120}


def test_reservations_of_a_dead_process_are_lost_but_those_of_a_living_one_stay(tmp_path):
    path = tmp_path / "ledger.sqlite"
    dying, living = Ledger(path), Ledger(path)
    reserve(dying, 70, None)
    reserve(living, 5, None)
    crash(dying)
    living.mark_dead()
    assert living.books().balance == Balance(lost=70, reserved=5)
    living.close()
    with closing(Ledger(path)) as later:
        assert later.books().balance == Balance(spent=5, lost=70, unknown=5)
        assert later.books().by_stage == {"reason": 75}


def test_an_uncommitted_reservation_does_not_count(tmp_path):
    path = tmp_path / "ledger.sqlite"
    ledger = Ledger(path)
    reserve(ledger, 70, None, die=True)
    crash(ledger)
    with closing(Ledger(path)) as later:
        assert later.books().balance == Balance()


def test_two_processes_never_grant_the_same_amount(tmp_path):
    path = tmp_path / "ledger.sqlite"
    with closing(Ledger(path)) as one, closing(Ledger(path)) as other:
        assert reserve(one, 60, 100) is Decision.GRANTED
        assert reserve(other, 60, 100) is Decision.WAIT
        settle(one, 60, 60)
        assert reserve(other, 60, 100) is Decision.REFUSED


@pytest.mark.parametrize("content", [b"no database", None])
def test_a_file_that_is_not_a_ledger_is_left_alone(tmp_path, content):
    path = tmp_path / "ledger.sqlite"
    if content is None:
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("CREATE TABLE theirs (x)")
    else:
        path.write_bytes(content)
    before = path.read_bytes()
    with pytest.raises(StoreError, match=r"ledger\.sqlite"):
        Ledger(path)
    if content is not None:
        assert path.read_bytes() == before


def test_a_ledger_of_another_version_is_not_touched(tmp_path):
    path = tmp_path / "ledger.sqlite"
    Ledger(path).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(StoreError, match="another version"):
        Ledger(path)


class Sent(NamedTuple):
    """A request that was granted."""

    process: int
    amount: int


class Spending(RuleBasedStateMachine):
    """Processes that reserve, settle, crash anywhere and restart, against a provider that bills the worst case."""

    requests = Bundle("requests")

    def __init__(self):
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "ledger.sqlite"
        self.ledgers: dict[int, Ledger] = {}
        self.started = 0
        self.billed = 0
        self.open: dict[Sent, int] = {}
        self.largest = 0
        self.kills = 0

    @initialize(cap=st.integers(0, 5000))
    def begin(self, cap):
        self.cap = cap
        self.start()

    @rule()
    @precondition(lambda self: len(self.ledgers) < 3)
    def start(self):
        self.started += 1
        self.ledgers[self.started] = Ledger(self.path)

    @precondition(lambda self: self.ledgers)
    @rule(target=requests, amount=st.integers(0, 300), which=st.integers(0, 2), die=st.booleans())
    def send(self, amount, which, die):
        number = sorted(self.ledgers)[which % len(self.ledgers)]
        ledger = self.ledgers[number]
        verdict = reserve(ledger, amount, self.cap, die=die)
        if die:  # nothing was sent: the reservation is committed first
            self.kills += 1
            crash(self.ledgers.pop(number))
            return Sent(0, 0)
        if verdict is not Decision.GRANTED:
            return Sent(0, 0)
        self.largest = max(self.largest, amount)
        self.billed += amount  # until the reply says otherwise, the provider may have billed all of it
        sent = Sent(number, amount)
        self.open[sent] = self.open.get(sent, 0) + 1
        return sent

    @rule(sent=consumes(requests), share=st.floats(0, 1), known=st.booleans())
    def reply(self, sent, share, known):
        if sent.process not in self.ledgers or not self.open.get(sent):
            return
        self.open[sent] -= 1
        cost = int(sent.amount * share)
        settle(self.ledgers[sent.process], sent.amount, cost if known else None)
        if known:
            self.billed -= sent.amount - cost

    @precondition(lambda self: self.ledgers)
    @rule(which=st.integers(0, 2))
    def kill(self, which):
        self.kills += 1
        crash(self.ledgers.pop(sorted(self.ledgers)[which % len(self.ledgers)]))

    @precondition(lambda self: self.ledgers)
    @rule(which=st.integers(0, 2))
    def end(self, which):
        self.ledgers.pop(sorted(self.ledgers)[which % len(self.ledgers)]).close()

    @precondition(lambda self: self.ledgers)
    @rule(which=st.integers(0, 2))
    def mark_dead(self, which):
        self.ledgers[sorted(self.ledgers)[which % len(self.ledgers)]].mark_dead()

    @invariant()
    def the_bill_is_within_the_cap_and_the_ledger_never_shows_less(self):
        for ledger in self.ledgers.values():
            balance = ledger.books().balance
            assert self.billed <= balance.used + balance.reserved <= self.cap
            assert balance.lost <= self.cap // CRASH_SHARE + 1 + self.kills * self.largest
            break

    def teardown(self):
        for ledger in self.ledgers.values():
            ledger.close()
        self.folder.cleanup()


Spending.TestCase.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
TestSpending = Spending.TestCase


def test_a_ledger_of_an_earlier_version_is_read_and_gets_the_tables_that_it_lacks(tmp_path):
    path = tmp_path / "ledger.sqlite"
    with closing(Ledger(path)) as ledger:
        reserve(ledger, 100, None)
        settle(ledger, 100, 40)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DROP TABLE lessons")
        connection.execute("DROP TABLE caps")
    with closing(Ledger(path, 10**6)) as ledger:
        assert ledger.books().balance == Balance(spent=40)
        with ledger.transaction():
            ledger.learn({ACCOUNT: ClaimHistory(1, 2000)})
        assert ledger.books().raised(ACCOUNT.name, 10) == 20


@pytest.mark.parametrize("harm", [lambda path: path.unlink(), lambda path: path.write_bytes(b"")])
def test_a_ledger_that_vanishes_in_use_is_noticed_and_never_taken_for_a_new_one(tmp_path, harm, monkeypatch):
    monkeypatch.setattr(ledgers, "BUSY_SECONDS", 0.2)
    path = tmp_path / "ledger.sqlite"
    ledger = Ledger(path)
    reserve(ledger, 100, None)
    harm(path)
    with pytest.raises(StoreError, match="while it was in use; no paid request is sent"):
        reserve(ledger, 100, None)
    with pytest.raises(StoreError, match=r"what was spent is unknown|database is locked"):
        Ledger(path)
    with pytest.raises(StoreError, match="while it was in use"):
        ledger.close()
    for file in tmp_path.iterdir():
        file.unlink()
    Ledger(path).close()


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TRIGGER t AFTER UPDATE ON accounts BEGIN UPDATE accounts SET settled = 0; END",
        "CREATE VIEW v AS SELECT 1",
        "CREATE VIRTUAL TABLE v USING fts5(a)",
        "ALTER TABLE accounts ADD COLUMN more AS (zeroblob(500000000))",
        "ALTER TABLE sessions ADD COLUMN more DEFAULT 5",
        "ALTER TABLE caps ADD COLUMN more CHECK (cap < 5)",
        "CREATE TABLE more (a)",
        "CREATE INDEX more ON accounts (hex(stage))",
    ],
)
def test_a_ledger_with_foreign_parts_is_refused(tmp_path, statement):
    path = tmp_path / "ledger.sqlite"
    Ledger(path).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(statement)
    with pytest.raises(StoreError, match="was not made by prism"):
        Ledger(path)


def test_statistics_of_sqlite_are_no_foreign_parts_of_a_ledger(tmp_path):
    path = tmp_path / "ledger.sqlite"
    Ledger(path).close()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("ANALYZE")
    Ledger(path).close()
