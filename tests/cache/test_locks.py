"""Claims hold across processes and die with their owner."""

from __future__ import annotations

import errno
import fcntl

import pytest

from prism_engine.cache.locks import Claims
from prism_engine.errors import StoreError

from .examples import child

KEY, OTHER = "0f" * 32, "f0" * 32
HOLDER = """
import sys
from pathlib import Path
from prism_engine.cache.locks import Claims
claims = Claims(Path(sys.argv[1]))
print(claims.try_claim(sys.argv[2]), flush=True)
for line in sys.stdin:
    claims.release(sys.argv[2])
    print("released", flush=True)
"""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "store.locks"


@pytest.fixture
def claims(path):
    claims = Claims(path)
    yield claims
    claims.close()


def test_a_claim_keeps_other_processes_out_until_it_is_released(path, claims):
    with child(HOLDER, path, KEY) as holder:
        assert holder.stdout.readline() == "True\n"
        assert not claims.try_claim(KEY)
        assert claims.try_claim(OTHER)
        holder.stdin.write("release\n")
        holder.stdin.flush()
        assert holder.stdout.readline() == "released\n"
        assert claims.try_claim(KEY)
        holder.stdin.close()


def test_a_claim_is_freed_when_its_owner_is_killed(path, claims):
    with child(HOLDER, path, KEY) as holder:
        assert holder.stdout.readline() == "True\n"
        assert not claims.try_claim(KEY)
        holder.kill()
        holder.wait()
        assert claims.try_claim(KEY)


def test_other_processes_are_kept_out_by_this_one(path, claims):
    assert claims.try_claim(KEY)
    with child(HOLDER, path, KEY) as holder:
        assert holder.stdout.readline() == "False\n"
        holder.stdin.close()
    claims.close()
    with child(HOLDER, path, KEY) as holder:
        assert holder.stdout.readline() == "True\n"
        holder.stdin.close()


def test_releasing_what_is_not_held_is_harmless(claims):
    claims.release(KEY)
    assert claims.try_claim(KEY)


def test_every_key_has_a_byte_that_the_kernel_accepts(claims):
    assert claims.try_claim("f" * 64)
    assert claims.try_claim("0" * 64)


def test_closed_claims_refuse_to_work(claims):
    claims.close()
    claims.close()
    with pytest.raises(StoreError, match="closed"):
        claims.try_claim(KEY)
    with pytest.raises(StoreError, match="closed"):
        claims.release(KEY)


def test_a_lock_file_that_cannot_be_opened_is_a_store_error(tmp_path):
    with pytest.raises(StoreError, match=r"missing.store\.locks"):
        Claims(tmp_path / "missing" / "store.locks")


def test_a_file_system_without_locks_is_a_store_error(claims, monkeypatch):
    def lockf(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "lockf", lockf)
    with pytest.raises(StoreError, match=r"store\.locks.*No locks available"):
        claims.try_claim(KEY)


def test_all_claims_can_be_taken_only_while_no_process_holds_one(path, claims):
    with child(HOLDER, path, OTHER) as holder:
        assert holder.stdout.readline() == "True\n"
        assert not claims.try_claim_all()
        holder.stdin.close()
    assert claims.try_claim_all()
    for key in (KEY, OTHER):
        with child(HOLDER, path, key) as holder:
            assert holder.stdout.readline() == "False\n"
            holder.stdin.close()
