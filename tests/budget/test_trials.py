from __future__ import annotations

from prism_engine.budget.books import Account, AccountTotals, Books, ClaimHistory
from prism_engine.budget.trials import EXCESS, GROWTH, KNOWN, Trials

ACCOUNT = Account("reason", "m", "settings")


def granted(trials, books, most=100, fitting=10**6):
    """Grant what may be sent, and return its number."""
    for number in range(most):
        if trials.hold(ACCOUNT, books, fitting):
            return number
        trials.record_granted(ACCOUNT)
    return most


def test_one_request_is_sent_first_and_then_a_few_per_known_reply():
    trials = Trials()
    assert granted(trials, Books()) == 1
    trials.record_end(ACCOUNT, silent=False)
    assert granted(trials, Books({}, {ACCOUNT: ClaimHistory(1)})) == GROWTH
    assert granted(trials, Books({}, {ACCOUNT: ClaimHistory(3)})) == 2 * GROWTH


def test_a_first_request_of_another_process_is_waited_for():
    books = Books({ACCOUNT.name: AccountTotals(reserved=5)})
    assert Trials().hold(ACCOUNT, books, 10**6)
    books.lessons = {
        ACCOUNT._replace(settings="other"): ClaimHistory(1)
    }  # other settings: not the first one of the model
    assert not Trials().hold(ACCOUNT, books, 10**6)


def test_replies_without_a_usage_count_for_less():
    trials = Trials()
    for _ in range(8):
        assert granted(trials, Books(), 1) == 1
        trials.record_end(ACCOUNT, silent=True)
    assert granted(trials, Books()) == 4


def test_few_replies_are_not_enough_to_risk_what_is_left_of_the_cap():
    few, many = Books({}, {ACCOUNT: ClaimHistory(KNOWN - 1)}), Books({}, {ACCOUNT: ClaimHistory(KNOWN)})
    assert granted(Trials(), few, fitting=5 * EXCESS) == 5
    assert granted(Trials(), few, fitting=0) == 1
    assert granted(Trials(), many, fitting=0) == 100
