from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from prism_engine.budget.funds import CRASH_SHARE, Funds, Verdict, judge, most_under_way

CAP = 1_000_000


def test_what_fits_is_granted_and_without_a_cap_everything_is():
    assert judge(Funds(), 10, CAP) is Verdict.GRANTED
    assert judge(Funds(spent=CAP), 10, None) is Verdict.GRANTED


def test_what_can_never_fit_is_refused_even_while_others_are_under_way():
    assert judge(Funds(spent=CAP - 9, under_way=5), 10, CAP) is Verdict.REFUSED
    assert judge(Funds(lost=CAP - 9), 10, CAP) is Verdict.REFUSED


def test_what_may_fit_once_others_have_settled_waits():
    assert judge(Funds(spent=CAP - 20, under_way=15), 10, CAP) is Verdict.WAIT
    assert judge(Funds(spent=CAP - 20), 10, CAP) is Verdict.GRANTED


def test_a_request_larger_than_what_may_be_at_risk_goes_alone():
    large = CAP // 2
    assert judge(Funds(), large, CAP) is Verdict.GRANTED
    assert judge(Funds(under_way=1), large, CAP) is Verdict.WAIT


def test_a_cap_of_nothing_grants_only_what_is_free():
    assert judge(Funds(), 0, 0) is Verdict.GRANTED
    assert judge(Funds(), 1, 0) is Verdict.REFUSED


@given(
    st.integers(0, CAP),
    st.integers(0, CAP),
    st.integers(0, CAP),
    st.integers(0, 2 * CAP),
)
def test_what_is_granted_never_passes_the_cap(spent, lost, under_way, amount):
    funds = Funds(spent, lost, under_way)
    if judge(funds, amount, CAP) is Verdict.GRANTED:
        assert spent + lost + under_way + amount <= CAP or under_way == 0
        assert spent + lost + amount <= CAP


def test_no_number_of_crashes_uses_the_allowance_up_and_twenty_leave_room_to_work():
    lost = 0
    for _ in range(20):
        lost += most_under_way(Funds(lost=lost), CAP)
    assert lost < CAP // CRASH_SHARE
    assert most_under_way(Funds(lost=lost), CAP) > 0
    assert most_under_way(Funds(lost=CAP), CAP) == 0
