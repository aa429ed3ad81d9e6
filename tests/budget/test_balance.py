from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from prism_engine.budget.balance import CRASH_SHARE, Balance, Decision, decide, max_reserved

CAP = 1_000_000


def test_a_request_that_fits_is_granted_and_without_a_cap_any_request():
    assert decide(Balance(), 10, CAP) is Decision.GRANTED
    assert decide(Balance(spent=CAP), 10, None) is Decision.GRANTED


def test_a_request_that_can_never_fit_is_refused_even_while_others_are_in_flight():
    assert decide(Balance(spent=CAP - 9, reserved=5), 10, CAP) is Decision.REFUSED
    assert decide(Balance(lost=CAP - 9), 10, CAP) is Decision.REFUSED


def test_a_request_that_may_fit_once_others_have_settled_waits():
    assert decide(Balance(spent=CAP - 20, reserved=15), 10, CAP) is Decision.WAIT
    assert decide(Balance(spent=CAP - 20), 10, CAP) is Decision.GRANTED


def test_a_request_larger_than_the_reservation_limit_is_sent_alone():
    large = CAP // 2
    assert decide(Balance(), large, CAP) is Decision.GRANTED
    assert decide(Balance(reserved=1), large, CAP) is Decision.WAIT


def test_a_cap_of_zero_grants_only_free_requests():
    assert decide(Balance(), 0, 0) is Decision.GRANTED
    assert decide(Balance(), 1, 0) is Decision.REFUSED


@given(
    st.integers(0, CAP),
    st.integers(0, CAP),
    st.integers(0, CAP),
    st.integers(0, 2 * CAP),
)
def test_grants_never_exceed_the_cap(spent, lost, reserved, amount):
    balance = Balance(spent, lost, reserved)
    if decide(balance, amount, CAP) is Decision.GRANTED:
        assert spent + lost + reserved + amount <= CAP or reserved == 0
        assert spent + lost + amount <= CAP


def test_no_number_of_crashes_uses_the_allowance_up_and_twenty_leave_room_to_work():
    lost = 0
    for _ in range(20):
        lost += max_reserved(Balance(lost=lost), CAP)
    assert lost < CAP // CRASH_SHARE
    assert max_reserved(Balance(lost=lost), CAP) > 0
    assert max_reserved(Balance(lost=CAP), CAP) == 0


def test_money_that_the_work_does_not_need_may_be_reserved_as_well():
    near = max_reserved(Balance(spent=CAP // 2), CAP, needed=CAP)
    assert near == max_reserved(Balance(), CAP)
    assert max_reserved(Balance(), CAP, needed=CAP // 20) == (CAP - CAP // 20) // 2
    lost, needed = 0, CAP // 20
    for _ in range(20):
        lost += max_reserved(Balance(lost=lost), CAP, needed)
    assert lost < CAP - needed
