"""Costs of one run and of its experiment, for displays, reports and the manifest."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from prism_engine.budget.money import exact, shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prism_engine.budget.balance import Totals
    from prism_engine.budget.controller import BudgetController


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
        """What this run has spent, in nano-dollars, without requests in flight."""
        return sum(self.by_stage.values())

    @property
    def by_stage(self) -> dict[str, int]:
        """The same by stage."""
        return dict(self._spent() - self._before)

    @property
    def experiment(self) -> int:
        """What all runs into this results folder have spent or lost, in nano-dollars, without requests in flight."""
        if self._totals is not None:
            return self._totals.balance.used
        return self._controller.balance.used if self._controller is not None else 0

    @property
    def left(self) -> int | None:
        """What is left of the cap, in nano-dollars; None without a cap."""
        return None if self.cap is None else max(self.cap - self.experiment, 0)

    def _spent(self) -> Counter[str]:
        if self._controller is None:
            return Counter()
        if self._payer is None:
            return Counter(self._controller.spent)
        by_payer = self._controller.spent_for.copy()  # the controller's thread may add to it
        return Counter({stage: cost for (payer, stage), cost in by_payer.items() if payer == self._payer})

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
            return f"{shown(self.experiment)} of {shown(self.cap)}, {shown(self.left or 0)} left"
        return shown(self.run) + (" and unknown costs" if self.unpriced else "")

    def as_json(self) -> dict[str, Any]:
        """Return the costs for files: exact US dollars as text; null if not all of them are known."""
        known = not self.unpriced
        facts: dict[str, Any] = {
            "currency": "USD",
            "cap": None if self.cap is None else exact(self.cap),
            "left": None if self.left is None else exact(self.left),
            "this_run": exact(self.run) if known else None,
            "this_run_by_stage": {stage: exact(cost) for stage, cost in sorted(self.by_stage.items())},
            "without_a_known_price": list(self.unpriced),
        }
        if self._totals is not None:
            facts["experiment"] = exact(self.experiment)
            facts["experiment_by_stage"] = {name: exact(cost) for name, cost in self._totals.by_stage.items()}
            facts["lost_to_killed_runs"] = exact(self._totals.balance.lost)
        return facts
