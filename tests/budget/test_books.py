from __future__ import annotations

from prism_engine.budget.books import (
    LARGEST_FACTOR,
    MOST,
    PLAIN,
    Account,
    AccountTotals,
    Books,
    ClaimHistory,
    factor_after,
)

ACCOUNT = Account("reason", "m", "settings")


def test_worst_cases_count_at_what_is_known_now_and_reported_costs_as_reported():
    totals = {ACCOUNT.name: AccountTotals(reserved=10, lost=20, settled=100, unknown=30)}
    assert Books(totals).balance.used == 150
    learnt = Books(totals, {ACCOUNT: ClaimHistory(1, 40 * PLAIN)})
    assert (learnt.balance.reserved, learnt.balance.lost, learnt.balance.unknown) == (400, 800, 1200)
    assert learnt.balance.reported == 100
    assert learnt.by_stage == {"reason": 100 + 400 + 800 + 1200}


def test_the_largest_factor_of_an_account_counts_whatever_the_settings():
    other = ACCOUNT._replace(settings="other")
    books = Books({}, {ACCOUNT: ClaimHistory(3, 2 * PLAIN), other: ClaimHistory(1, 5 * PLAIN)})
    assert books.raised(ACCOUNT.name, 7) == 35
    assert books.raised(("judge", "m"), 7) == 7
    assert (books.replies(ACCOUNT), books.replies(ACCOUNT._replace(settings="new"))) == (3, 0)


def test_sums_saturate_within_64_bits():
    totals = {("reason", str(number)): AccountTotals(settled=MOST, unknown=MOST) for number in range(3)}
    balance = Books(totals, {ACCOUNT: ClaimHistory(1, LARGEST_FACTOR)}).balance
    assert balance.spent == MOST
    assert balance.used < 2**63


def test_a_factor_is_learnt_only_from_replies_above_their_worst_case():
    assert factor_after(100, 100) == PLAIN
    assert factor_after(100, 200) > 2 * PLAIN
    assert factor_after(1, 10**30) == LARGEST_FACTOR


def test_a_first_request_lost_to_a_kill_counts_in_full_until_the_model_has_replied():
    totals = {ACCOUNT.name: AccountTotals(lost=10, trials=500)}
    unknown = Books(totals)
    assert (unknown.balance.lost, unknown.lost_trials) == (510, ["m"])
    known = Books(totals, {ACCOUNT: ClaimHistory(0)})
    assert (known.balance.lost, known.lost_trials) == (10, [])
