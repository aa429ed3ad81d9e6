"""A row is read back as written, and serves the right output limits."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from prism_engine.cache.call_rows import StoredRow, checksum, choose, decode, encode, intact, revive, serves
from prism_engine.records import Completion, Outcome, Usage

from .examples import a_call, a_completion

counts = st.none() | st.integers(0, 2**70)
completions = st.builds(
    Completion,
    outcome=st.sampled_from(Outcome),
    text=st.text(),
    reasoning=st.text(),
    usage=st.builds(Usage, counts, counts, counts, counts),
    seconds=st.floats(0, 1e6),
    attempts=st.integers(1, 9),
    detail=st.text(),
)

SERVED = [
    # outcome, completion tokens, made under, requested limit, served
    (Outcome.OK, 100, 512, 99, False),
    (Outcome.OK, 100, 512, 100, True),
    (Outcome.OK, 100, 512, 512, True),
    (Outcome.OK, 100, 512, 2048, True),
    (Outcome.OK, None, 512, 511, False),
    (Outcome.OK, None, 512, 512, True),
    (Outcome.OK, None, 512, 2048, True),
    (Outcome.OK, 0, 512, 511, False),
    (Outcome.OK, 0, 512, 512, True),
    (Outcome.OK, 600, 512, 512, True),  # the server counted hidden tokens
    (Outcome.TRUNCATED, 512, 512, 512, True),
    (Outcome.TRUNCATED, 512, 512, 511, False),
    (Outcome.TRUNCATED, 512, 512, 513, False),
    (Outcome.REFUSED, 5, 512, 512, False),
    (Outcome.EMPTY, 1, 512, 512, False),
    (Outcome.ERROR, None, 512, 512, False),
]


@pytest.mark.parametrize(("outcome", "tokens", "made", "asked", "expected"), SERVED)
def test_a_row_serves_the_limits_that_it_proves(outcome, tokens, made, asked, expected):
    assert serves(a_completion(tokens=tokens, outcome=outcome), made, asked) is expected


@pytest.mark.parametrize(
    ("tokens", "hidden", "asked", "expected"),
    [(100, 50, 149, False), (100, 50, 150, True), (100, 500, 512, True), (100, 0, 100, True), (100, -9, 100, True)],
)
def test_reasoning_that_may_be_counted_separately_is_added(tokens, hidden, asked, expected):
    usage = Usage(300, tokens, reasoning_tokens=hidden)
    assert serves(replace(a_completion(), usage=usage), 512, asked) is expected


@settings(deadline=None)
@given(completions)
def test_a_completion_comes_back_as_it_was(completion):
    row = encode(a_call(), completion)
    assert decode(row.outcome, row.value) == completion


def test_a_reply_with_half_a_surrogate_pair_is_kept():
    row = encode(a_call(), a_completion("\ud83d half"))
    assert intact(row.key, row.max_tokens, row.outcome, row.value, expected=row.checksum)
    assert decode(row.outcome, row.value).text == "\ud83d half"


def test_fields_of_a_later_version_are_ignored():
    row = encode(a_call(), a_completion())
    later = row.value[:-1] + b',"invented_later":1}'
    assert decode("ok", later) == a_completion()


def test_the_checksum_covers_the_served_value_and_all_that_decides_serving():
    sums = {
        checksum(key, limit, outcome, value)
        for key in ("aa", "ab")
        for limit in (1, 2)
        for outcome in ("ok", "truncated")
        for value in (b"x", b"y")
    }
    assert len(sums) == 16


def test_a_value_of_another_type_is_not_intact():
    row = encode(a_call(), a_completion())
    assert not intact(row.key, row.max_tokens, row.outcome, row.value.decode(), expected=row.checksum)
    assert not intact(row.key, row.max_tokens, row.outcome, None, expected=row.checksum)


def test_a_row_of_the_same_limit_is_chosen_first_then_the_oldest():
    rows = [(64, a_completion("first")), (32, a_completion("second")), (128, a_completion("third"))]
    chosen = [choose(rows, limit) for limit in (64, 128, 32, 100)]
    assert [row and row.text for row in chosen] == ["first", "third", "second", "first"]
    assert choose(rows, 3) is None
    assert choose([], 64) is None


def test_a_model_name_of_broken_characters_does_not_stop_the_writer():
    call = a_call()
    row = encode(replace(call, model=replace(call.model, name="\udcff")), a_completion())
    assert row.model == "\\udcff"


def test_fields_that_only_a_later_version_knows_are_ignored():
    value = b'{"text": "a", "mood": "calm", "usage": {"completion_tokens": 3, "dreamt_tokens": 9}}'
    assert decode("ok", value) == Completion(Outcome.OK, "a", usage=Usage(None, 3))


def test_a_row_from_elsewhere_is_the_row_that_was_written():
    row = encode(a_call(), a_completion())
    found = StoredRow(row.key, row.max_tokens, row.outcome, row.value, row.checksum, row.created_at)
    assert revive(found, record=row.record, stage=row.stage, model=row.model) == row
    for record in (b"{}", None, "text"):
        with pytest.raises(ValueError, match="request"):
            revive(found, record=record, stage=row.stage, model=row.model)
    with pytest.raises(ValueError, match="checksum"):
        revive(found._replace(max_tokens=513), record=row.record, stage=row.stage, model=row.model)
