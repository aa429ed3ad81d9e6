"""Costs of one run and of its experiment, for displays, reports and the manifest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prism_engine.budget.costs import Cost
from prism_engine.budget.money import exact, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from prism_engine.budget.balance import Totals
    from prism_engine.budget.controller import BudgetController
    from prism_engine.budget.costs import Work


class Spending:
    """Counts costs from its creation on.

    Args:
        controller: None if no model that has a price is called.
        unpriced: names of models without a known price; their cost is unknown, not zero.
        payer: the run of this process to count; None counts all of them.
    """

    def __init__(
        self, controller: BudgetController | None, unpriced: Sequence[str] = (), *, payer: str | None = None
    ) -> None:
        self.unpriced = tuple(unpriced)
        self._controller = controller
        self._payer = payer
        self._before = self._spent()
        self._totals: Totals | None = None

    @property
    def cap(self) -> int | None:
        """The experiment's cost cap in nano-dollars; None without a cap."""
        return self._controller.cap if self._controller is not None else None

    @property
    def run(self) -> int:
        """The most that this run can have spent, in nano-dollars, without requests in flight."""
        return self.run_cost.at_most

    @property
    def run_cost(self) -> Cost:
        """Bounds of what this run has spent: some requests may have been billed without reporting a usage."""
        costs = self.by_stage.values()
        return Cost(sum(cost.at_least for cost in costs), sum(cost.at_most for cost in costs))

    @property
    def by_stage(self) -> dict[str, Cost]:
        """The same by stage."""
        costs = {stage: cost - self._before.get(stage, Cost()) for stage, cost in self._spent().items()}
        return {stage: cost for stage, cost in costs.items() if cost.at_most}

    @property
    def experiment(self) -> int:
        """The most that all runs into this results folder can have spent or lost (nano-dollars), as `run`."""
        return self.experiment_cost.at_most

    @property
    def experiment_cost(self) -> Cost:
        """Bounds of what all runs into this results folder have spent."""
        if self._controller is None:
            return Cost()
        balance = self._controller.balance if self._totals is None else self._totals.balance
        return Cost(balance.reported, balance.used)

    @property
    def left(self) -> int | None:
        """What is left of the cap, in nano-dollars; None without a cap."""
        return None if self.cap is None else max(self.cap - self.experiment, 0)

    @property
    def passed(self) -> int:
        """By how much replies exceed the cap, in nano-dollars: they may report more than a request can cost."""
        return 0 if self.cap is None else max(self.experiment_cost.at_least - self.cap, 0)

    def watch(self, work: Callable[[], Work]) -> None:
        """Let the budget know what is left to do; `work` is called from another thread."""
        if self._controller is not None:
            self._controller.costs.watch(self._payer or "", work)

    def _spent(self) -> dict[str, Cost]:
        if self._controller is None:
            return {}
        return self._controller.costs.by_stage(self._controller.books, self._payer)

    async def conclude(self) -> None:
        """Fetch the experiment's totals, including everything that this run has settled.

        Raises:
            StoreError: the ledger cannot be read.
        """
        if self._controller is not None:
            self._totals = await self._controller.totals()

    def __str__(self) -> str:
        """Return the costs for people, such as `$0.41 of $1.00, $0.59 left`; empty if no model costs anything."""
        if self._controller is None:
            return "cost unknown" if self.unpriced else ""
        if self.cap is not None:
            left = f"{shown(self.passed)} above it" if self.passed else f"{shown(self.left or 0)} left"
            return f"{self.experiment_cost} of {shown(self.cap)}, {left}"
        return f"{self.run_cost}" + (" and unknown costs" if self.unpriced else "")

    def as_json(self) -> dict[str, Any]:
        """Return the costs for files: exact US dollars as text; null if not all of them are known.

        Amounts are the most that can have been billed; `..._at_least` is what replies reported.
        """
        known = not self.unpriced
        facts: dict[str, Any] = {
            "currency": "USD",
            "cap": None if self.cap is None else exact(self.cap),
            "left": None if self.left is None else exact(self.left),
            "this_run": exact(self.run) if known else None,
            "this_run_at_least": exact(self.run_cost.at_least) if known else None,
            "this_run_by_stage": {stage: exact(cost.at_most) for stage, cost in sorted(self.by_stage.items())},
            "without_a_known_price": list(self.unpriced),
        }
        if self._totals is not None:
            facts["experiment"] = exact(self.experiment)
            facts["experiment_at_least"] = exact(self.experiment_cost.at_least)
            facts["experiment_by_stage"] = {name: exact(cost) for name, cost in self._totals.by_stage.items()}
            facts["lost_to_killed_runs"] = exact(self._totals.balance.lost)
        return facts
