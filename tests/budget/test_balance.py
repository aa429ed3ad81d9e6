from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from prism_engine.budget.balance import CRASH_SHARE, Balance, Decision, judge, most_under_way

CAP = 1_000_000


def test_what_fits_is_granted_and_without_a_cap_everything_is():
    assert judge(Balance(), 10, CAP) is Decision.GRANTED
    assert judge(Balance(spent=CAP), 10, None) is Decision.GRANTED


def test_what_can_never_fit_is_refused_even_while_others_are_under_way():
    assert judge(Balance(spent=CAP - 9, under_way=5), 10, CAP) is Decision.REFUSED
    assert judge(Balance(lost=CAP - 9), 10, CAP) is Decision.REFUSED


def test_what_may_fit_once_others_have_settled_waits():
    assert judge(Balance(spent=CAP - 20, under_way=15), 10, CAP) is Decision.WAIT
    assert judge(Balance(spent=CAP - 20), 10, CAP) is Decision.GRANTED


def test_a_request_larger_than_what_may_be_at_risk_goes_alone():
    large = CAP // 2
    assert judge(Balance(), large, CAP) is Decision.GRANTED
    assert judge(Balance(under_way=1), large, CAP) is Decision.WAIT


def test_a_cap_of_nothing_grants_only_what_is_free():
    assert judge(Balance(), 0, 0) is Decision.GRANTED
    assert judge(Balance(), 1, 0) is Decision.REFUSED


@given(
    st.integers(0, CAP),
    st.integers(0, CAP),
    st.integers(0, CAP),
    st.integers(0, 2 * CAP),
)
def test_what_is_granted_never_passes_the_cap(spent, lost, under_way, amount):
    funds = Balance(spent, lost, under_way)
    if judge(funds, amount, CAP) is Decision.GRANTED:
        assert spent + lost + under_way + amount <= CAP or under_way == 0
        assert spent + lost + amount <= CAP


def test_no_number_of_crashes_uses_the_allowance_up_and_twenty_leave_room_to_work():
    lost = 0
    for _ in range(20):
        lost += most_under_way(Balance(lost=lost), CAP)
    assert lost < CAP // CRASH_SHARE
    assert most_under_way(Balance(lost=lost), CAP) > 0
    assert most_under_way(Balance(lost=CAP), CAP) == 0
