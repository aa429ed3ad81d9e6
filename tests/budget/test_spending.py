from __future__ import annotations

from contextlib import closing

from prism_engine.budget.books import Account
from prism_engine.budget.controller import BudgetController
from prism_engine.budget.costs import Cost
from prism_engine.budget.spending import Spending

NANO = 10**9


async def spend(controller, stage, cost):
    await controller.reserve(Account(stage, "m"), cost)
    controller.settle(Account(stage, "m"), cost, cost)
    await controller.totals()


async def test_a_run_counts_from_its_beginning_and_the_experiment_from_the_first_run(tmp_path):
    with closing(BudgetController(tmp_path / "ledger.sqlite", 10 * NANO)) as controller:
        await spend(controller, "perceive", NANO)
        spending = Spending(controller)
        await spend(controller, "reason", 2 * NANO)
        assert (spending.run, spending.experiment) == (2 * NANO, 3 * NANO)
        assert spending.by_stage == {"reason": Cost(2 * NANO, 2 * NANO)}
        assert str(spending) == "$3.00 of $10.00, $7.00 left"
        assert spending.as_json()["left"] == "7.000000000"
        await spending.conclude()
        assert spending.as_json() == {
            "currency": "USD",
            "cap": "10.000000000",
            "left": "7.000000000",
            "this_run": "2.000000000",
            "this_run_at_least": "2.000000000",
            "this_run_by_stage": {"reason": "2.000000000"},
            "without_a_known_price": [],
            "experiment": "3.000000000",
            "experiment_at_least": "3.000000000",
            "experiment_by_stage": {"perceive": "1.000000000", "reason": "2.000000000"},
            "lost_to_killed_runs": "0.000000000",
        }


async def test_an_unknown_cost_is_never_shown_as_zero(tmp_path):
    assert str(Spending(None, ["m"])) == "cost unknown"
    assert Spending(None, ["m"]).as_json()["this_run"] is None
    with closing(BudgetController(tmp_path / "ledger.sqlite")) as controller:
        spending = Spending(controller, ["other"])
        await spend(controller, "reason", NANO)
        assert str(spending) == "$1.00 and unknown costs"
        assert spending.as_json()["this_run"] is None


def test_a_run_with_only_free_models_shows_no_cost():
    assert str(Spending(None)) == ""
    assert Spending(None).as_json()["this_run"] == "0.000000000"


async def test_of_several_runs_each_counts_only_its_own_requests(tmp_path):
    with closing(BudgetController(tmp_path / "ledger.sqlite", 10 * NANO)) as controller:
        one, other = Spending(controller, payer="one"), Spending(controller, payer="other")
        controller.settle(Account("reason", "m"), NANO, NANO, payer="one")
        controller.settle(Account("reason", "m"), NANO, None, payer="other")
        controller.settle(Account("perceive", "m"), NANO, NANO // 2, payer="other")
        assert (one.run, other.run, Spending(controller).run) == (NANO, NANO + NANO // 2, 0)
        assert other.by_stage == {"reason": Cost(0, NANO), "perceive": Cost(NANO // 2, NANO // 2)}
        assert other.run_cost == Cost(NANO // 2, NANO + NANO // 2)
        assert str(other.run_cost) == "at least $0.50 by replies, at most $1.50"


async def test_what_replies_did_not_report_is_shown_as_a_range(tmp_path):
    with closing(BudgetController(tmp_path / "ledger.sqlite", 10 * NANO)) as controller:
        spending = Spending(controller)
        await controller.reserve(Account("reason", "m"), NANO)
        controller.settle(Account("reason", "m"), NANO, None)
        await spend(controller, "reason", 2 * NANO)
        assert str(spending) == "at least $2.00 by replies, at most $3.00 of $10.00, $7.00 left"
        facts = spending.as_json()
        assert (facts["this_run_at_least"], facts["this_run"]) == ("2.000000000", "3.000000000")


async def test_a_cap_that_a_reply_exceeds_is_shown_with_the_excess(tmp_path):
    with closing(BudgetController(tmp_path / "ledger.sqlite", NANO)) as controller:
        spending = Spending(controller)
        await controller.reserve(Account("reason", "m"), NANO)
        controller.settle(Account("reason", "m"), NANO, 5 * NANO)
        await spending.conclude()
        assert spending.passed == 4 * NANO
        assert str(spending) == "$5.00 of $1.00, $4.00 above it"
