from __future__ import annotations

import asyncio
import itertools
import logging
import random
import sqlite3
import subprocess
import sys
import textwrap

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from prism_engine.backends.limits.expectation import Tokens
from prism_engine.backends.limits.limiter import SLACK, Limiter
from prism_engine.backends.limits.request_rate import per_minute
from prism_engine.backends.limits.shared_quota import CHUNKS, HEARTBEAT, LEASE_LIFETIME, SharedQuota
from prism_engine.config import Limits
from tests.backends.traffic import largest_sum, made_up, send_for, weighed
from tests.virtual_time import now, run_virtually

SECRET = "https://somewhere/v1 model sk-planted-0123456789"


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


def quota(path, clock, limits=None, secret=SECRET):
    return SharedQuota(path / "limits.sqlite", secret, limits or {"requests": 60}, window=60.0, clock=clock)


def count(taker, amounts=None):
    """Take until nothing is left; return the number of successes and the wait that was returned then."""
    for number in itertools.count():
        got = taker.take(amounts or {"requests": 1})
        if isinstance(got, float):
            return number, got
    raise AssertionError


def test_two_processes_together_get_what_one_would_get(tmp_path):
    clock = Clock()
    one, two = quota(tmp_path, clock), quota(tmp_path, clock)
    for _ in range(20):
        assert not isinstance(one.take({"requests": 1}), float)
    assert count(two)[0] == 40
    assert count(one)[0] == 0
    clock.now += 60 + LEASE_LIFETIME + 0.1
    assert count(two)[0] == 60
    one.close()
    two.close()


def test_other_keys_and_other_models_have_their_own(tmp_path):
    clock = Clock()
    one, two = quota(tmp_path, clock), quota(tmp_path, clock, secret=SECRET + "x")
    assert count(one)[0] == count(two)[0] == 60
    one.close()
    two.close()


def test_the_leases_of_a_dead_process_expire(tmp_path):
    clock = Clock()
    dead, alive = quota(tmp_path, clock), quota(tmp_path, clock)
    dead.take({"requests": 40})
    assert (count(alive)[0], alive.others) == (20, 1)
    clock.now += 60 + LEASE_LIFETIME + 0.1
    assert (count(alive)[0], alive.others) == (60, 0)
    alive.close()
    dead.close()


def test_what_was_not_used_is_returned_at_the_end(tmp_path):
    clock = Clock()
    one, two = quota(tmp_path, clock, {"requests": 6000}), quota(tmp_path, clock, {"requests": 6000})
    one.take({"requests": 1})
    one.close()
    one.close()
    assert count(two)[0] == 5999
    assert two.others == 0
    two.close()


def test_corrections_count_from_the_next_lease_on(tmp_path):
    clock = Clock()
    one = quota(tmp_path, clock, {"tokens": 6000})
    first = one.take({"tokens": 3000})
    assert not isinstance(first, float)
    first.settle(Tokens(500, 500))
    first.settle(Tokens(9000, 9000))  # only the first settlement counts
    assert not isinstance(one.take({"tokens": 5000}), float)
    assert isinstance(one.take({"tokens": 1}), float)
    one.close()


def test_a_minute_takes_about_a_write_per_second_however_many_requests(tmp_path, monkeypatch):
    clock, writes, write = Clock(), [], SharedQuota._write

    def counted(self, now, amounts):
        writes.append(now)
        return write(self, now, amounts)

    monkeypatch.setattr(SharedQuota, "_write", counted)
    one = quota(tmp_path, clock, {"requests": 6000})
    for _ in range(6000):
        assert not isinstance(one.take({"requests": 1}), float)
        clock.now += 0.01
    assert len(writes) <= CHUNKS + 60 / HEARTBEAT + 2
    one.close()


def test_neither_key_nor_address_is_in_the_file(tmp_path):
    one = quota(tmp_path, Clock())
    one.take({"requests": 1})
    one.close()
    raw = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"planted" not in raw
    assert b"somewhere" not in raw
    assert "planted" not in str(vars(one))


def test_a_file_that_cannot_be_used_is_reported_once_and_limits_nothing(tmp_path, caplog):
    (tmp_path / "limits.sqlite").write_text("this is no database, " * 100)
    one = quota(tmp_path, Clock())
    with caplog.at_level(logging.WARNING):
        for _ in range(100):
            assert not isinstance(one.take({"requests": 1}), float)
    one.close()
    assert len(caplog.records) == 1


def test_a_file_that_another_process_is_writing_is_waited_for(tmp_path):
    one = quota(tmp_path, Clock())
    one.take({"requests": 1})
    with sqlite3.connect(tmp_path / "limits.sqlite", isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        assert isinstance(one.take({"requests": 5}), float)
        other.execute("ROLLBACK")
    other.close()
    assert not isinstance(one.take({"requests": 5}), float)
    one.close()


@settings(max_examples=40, deadline=None)
@example(5, [(0, 0.0, 32, 0.03125), (0, 0.0, 5, 1.0)])
@given(
    st.integers(5, 500),
    st.lists(st.tuples(st.integers(0, 2), st.floats(0, 8), st.integers(1, 60), st.floats(0, 1.2)), max_size=80),
)
def test_no_minute_ever_exceeds_the_limit_whoever_takes_and_when(tmp_path_factory, limit, steps):
    clock, path = Clock(), tmp_path_factory.mktemp("quota")
    takers = [quota(path, clock, {"tokens": limit}) for _ in range(3)]
    used = []
    for who, idle, amount, share in steps:
        clock.now += idle
        leased = takers[who].take({"tokens": amount})
        if isinstance(leased, float):
            assert leased > 0
            continue
        # A request for more than the limit is granted what the limit allows; it must not use more than that.
        spent = min(int(amount * min(share, 1.0)), leased.taken["tokens"])
        leased.settle(Tokens(0, spent))
        used.append((clock.now, spent))
    assert largest_sum(used, 60) <= limit
    for taker in takers:
        taker.close()


@pytest.mark.parametrize("processes", [1, 3])
def test_limiters_that_share_a_quota_keep_it_together_and_use_it(tmp_path, processes):
    limits = Limits(requests_per_minute=600, tokens_per_minute=60_000)

    async def play():
        rates = per_minute(limits)
        shared = [
            SharedQuota(tmp_path / "limits.sqlite", SECRET, rates, window=60 * SLACK, clock=now)
            for _ in range(processes)
        ]
        sent = await asyncio.gather(
            *(
                send_for(Limiter(limits, shared=one), 180, made_up(random.Random(n), "even", 1.0), workers=32)
                for n, one in enumerate(shared)
            )
        )
        for one in shared:
            one.close()
        return sent

    parts = run_virtually(play())
    together = sorted(itertools.chain(*(weighed(part) for part in parts)))
    assert largest_sum([(at, 1) for at, _ in together], 60) <= 600
    assert largest_sum(together, 60) <= 60_000
    assert sum(tokens for _, tokens in together) >= (0.97 if processes == 1 else 0.93) * 3 * 60_000
    assert min(len(part) for part in parts) >= 0.5 * len(together) / processes


def test_real_processes_share_it(tmp_path):
    code = """
        import sys
        from pathlib import Path
        from prism_engine.backends.limits.shared_quota import SharedQuota
        one = SharedQuota(Path(sys.argv[1]), "secret", {"requests": 300}, window=600.0)
        taken, refused = 0, 0
        while refused < 30:
            got = one.take({"requests": 1})
            refused = refused + 1 if isinstance(got, float) and got > 0.05 else 0
            taken += not isinstance(got, float)
        print(taken)
    """
    command = [sys.executable, "-c", textwrap.dedent(code), str(tmp_path / "limits.sqlite")]
    started = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(3)]
    assert sum(int(process.communicate()[0]) for process in started) == 300
