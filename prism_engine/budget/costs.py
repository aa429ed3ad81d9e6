"""Costs of this process by run and stage, as ranges: some requests are billed without reporting a usage."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from prism_engine.budget.money import shown

if TYPE_CHECKING:
    from collections.abc import Callable

    from prism_engine.budget.books import Account, Books

FEW = 8
"""Finished samples that a run's costs per sample are estimated from, at least."""
MARGIN = 1.5
"""Factor of that estimate: the samples left may be more expensive than the finished ones."""


class Cost(NamedTuple):
    """An amount of which only bounds are known, in nano-dollars."""

    at_least: int = 0
    """By the usage that replies reported."""
    at_most: int = 0
    """With the worst cases of requests without a reported usage."""

    def __sub__(self, other: Cost) -> Cost:
        return Cost(self.at_least - other.at_least, self.at_most - other.at_most)

    def __str__(self) -> str:
        """Return dollars for people."""
        least, most = shown(self.at_least), shown(self.at_most)
        return most if least == most else f"at least {least} by replies, at most {most}"


@dataclass(frozen=True, slots=True)
class Work:
    """The state of a run: samples that needed calls and are finished, and those left."""

    paid: int
    left: int


class Costs:
    """What this process's requests have cost."""

    def __init__(self) -> None:
        self._settled: Counter[tuple[str, str]] = Counter()
        self._unknown: Counter[tuple[str, tuple[str, str]]] = Counter()
        self._largest: dict[tuple[str, str], int] = {}
        self._work: dict[str, Callable[[], Work]] = {}

    def settle(self, payer: str, account: Account, worst: int, cost: int | None) -> None:
        """Add a request's cost; None adds its computed worst case as unknown."""
        if cost is None:
            self._unknown[payer, account.name] += worst
        else:
            self._settled[payer, account.stage] += cost

    def by_stage(self, books: Books, payer: str | None = None) -> dict[str, Cost]:
        """Return the costs by stage, of one run or (None) of all."""
        costs: dict[str, Cost] = {}
        # Copies, because another thread may be adding to them.
        for (who, stage), amount in self._settled.copy().items():
            if payer in (None, who):
                old = costs.get(stage, Cost())
                costs[stage] = Cost(old.at_least + amount, old.at_most + amount)
        for (who, name), worst in self._unknown.copy().items():
            if payer in (None, who):
                old = costs.get(name[0], Cost())
                costs[name[0]] = Cost(old.at_least, old.at_most + books.raised(name, worst))
        return costs

    def watch(self, payer: str, work: Callable[[], Work]) -> None:
        """Include a run's remaining work in `needed`; `work` is called from another thread."""
        self._work[payer] = work

    def record_request(self, account: Account, worst: int) -> None:
        """Record a request's computed worst case, as a first idea of what later ones may cost."""
        self._largest[account.name] = max(self._largest.get(account.name, 0), worst)

    def needed(self, books: Books) -> int | None:
        """Return an upper estimate of what the remaining work will cost; None if no work is known.

        Until a few samples are finished, each one left counts with the worst case of a call to each model.
        """
        if not self._work:
            return None
        most = sum(books.raised(name, worst) for name, worst in self._largest.items())
        total = 0
        for payer, work in list(self._work.items()):
            now = work()
            each: float = most
            if now.paid >= FEW:
                spent = sum(cost.at_most for cost in self.by_stage(books, payer or None).values())
                each = MARGIN * spent / now.paid
            total += round(each * now.left)
        return total
