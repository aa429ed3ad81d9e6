from __future__ import annotations

from contextlib import closing

from prism_engine.budget.ledger import Account
from prism_engine.budget.spending import Spending
from prism_engine.budget.till import Till

NANO = 10**9


async def spend(till, stage, cost):
    await till.reserve(Account(stage, "m"), cost)
    till.settle(Account(stage, "m"), cost, cost)
    await till.totals()


async def test_a_run_counts_from_its_beginning_and_the_experiment_from_the_first_run(tmp_path):
    with closing(Till(tmp_path / "ledger.sqlite", 10 * NANO)) as till:
        await spend(till, "perceive", NANO)
        spending = Spending(till)
        await spend(till, "reason", 2 * NANO)
        assert (spending.run, spending.experiment) == (2 * NANO, 3 * NANO)
        assert spending.by_stage == {"reason": 2 * NANO}
        assert str(spending) == "$3.00 of $10.00, $7.00 left"
        assert spending.as_json()["left"] == "7.000000000"
        await spending.conclude()
        assert spending.as_json() == {
            "currency": "USD",
            "cap": "10.000000000",
            "left": "7.000000000",
            "this_run": "2.000000000",
            "this_run_by_stage": {"reason": "2.000000000"},
            "without_a_known_price": [],
            "experiment": "3.000000000",
            "experiment_by_stage": {"perceive": "1.000000000", "reason": "2.000000000"},
            "lost_to_killed_runs": "0.000000000",
        }


async def test_what_is_unknown_is_never_shown_as_nothing(tmp_path):
    assert str(Spending(None, ["m"])) == "cost unknown"
    assert Spending(None, ["m"]).as_json()["this_run"] is None
    with closing(Till(tmp_path / "ledger.sqlite")) as till:
        spending = Spending(till, ["other"])
        await spend(till, "reason", NANO)
        assert str(spending) == "$1.00 and what is unknown"
        assert spending.as_json()["this_run"] is None


def test_a_run_whose_models_are_free_says_nothing_of_money():
    assert str(Spending(None)) == ""
    assert Spending(None).as_json()["this_run"] == "0.000000000"


async def test_of_several_runs_each_counts_what_was_sent_for_it(tmp_path):
    with closing(Till(tmp_path / "ledger.sqlite", 10 * NANO)) as till:
        one, other = Spending(till, payer="one"), Spending(till, payer="other")
        till.settle(Account("reason", "m"), NANO, NANO, payer="one")
        till.settle(Account("reason", "m"), NANO, None, payer="other")
        till.settle(Account("perceive", "m"), NANO, NANO // 2, payer="other")
        assert (one.run, other.run, Spending(till).run) == (NANO, NANO + NANO // 2, 0)
        assert other.by_stage == {"reason": NANO, "perceive": NANO // 2}
        assert till.spent == {"reason": 2 * NANO, "perceive": NANO // 2}
