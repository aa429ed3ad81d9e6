from __future__ import annotations

from prism_engine.budget.books import PLAIN, Account, Books, ClaimHistory
from prism_engine.budget.costs import FEW, MARGIN, Cost, Costs, Work

ACCOUNT = Account("reason", "m")


def test_what_is_left_to_pay_is_estimated_from_worst_cases_and_later_from_finished_samples():
    costs, books, work = Costs(), Books(), Work(0, 100)
    assert costs.needed(books) is None
    costs.watch("run", lambda: work)
    costs.record_request(ACCOUNT, 40)
    costs.record_request(Account("perceive", "v"), 60)
    assert costs.needed(books) == 100 * 100
    for _ in range(FEW):
        costs.settle("run", ACCOUNT, 40, 2)
    work = Work(FEW, 50)
    assert costs.needed(books) == 50 * 2 * MARGIN


def test_each_run_counts_its_own_work():
    costs, books = Costs(), Books()
    costs.record_request(ACCOUNT, 10)
    costs.settle("one", ACCOUNT, 10, 4 * FEW)
    costs.settle("other", ACCOUNT, 10, 8 * FEW)
    costs.watch("one", lambda: Work(FEW, 10))
    costs.watch("other", lambda: Work(FEW, 0))
    assert costs.needed(books) == 10 * 4 * MARGIN


def test_unknown_costs_grow_with_what_is_learnt():
    costs = Costs()
    costs.settle("run", ACCOUNT, 10, None)
    assert costs.by_stage(Books()) == {"reason": Cost(0, 10)}
    assert costs.by_stage(Books({}, {ACCOUNT: ClaimHistory(1, 3 * PLAIN)}), "run") == {"reason": Cost(0, 30)}
    assert costs.by_stage(Books(), "another") == {}
