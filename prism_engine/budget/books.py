"""The ledger's books at one moment, and what replies have taught about worst cases that were too low."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from prism_engine.budget.balance import Balance

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MOST = 2**62 - 1
"""Amounts saturate here (nano-dollars; over four billion dollars), so that two of them fit into 64 bits."""
PLAIN = 1000
"""The factor of a model whose replies have never cost more than their computed worst case, per mille."""
MARGIN = 1250
"""Worst cases are raised to this many thousandths of the largest excess seen: prompts and replies vary."""
TRIAL_PART = 2
"""A model's first request counts as this part of the cap (a half) if the process is killed before anything is known
about its cost. So with any number of kills at most two of them are sent."""
LARGEST_FACTOR = 10**9
"""Per mille. Claims beyond it use up any cap by themselves, and say nothing about other requests."""


class Account(NamedTuple):
    """Key of an account: the stage of the calls, and the model's name in the registry."""

    stage: str
    model: str
    settings: str = ""
    """Digest of what shapes the cost of a request. Not part of the account itself: with other settings, how a model's
    replies relate to their worst cases is unknown again."""

    @property
    def name(self) -> tuple[str, str]:
        """The account's key in the ledger."""
        return self.stage, self.model


@dataclass(slots=True)
class ClaimHistory:
    """What replies have taught about the requests of an account."""

    replies: int = 0
    """Replies that reported a usage."""
    factor: int = PLAIN
    """Multiplies their computed worst cases, per mille."""

    def __iadd__(self, other: ClaimHistory) -> ClaimHistory:  # noqa: PYI034 - a dataclass, not meant to be derived from
        self.replies += other.replies
        self.factor = max(self.factor, other.factor)
        return self


def factor_after(worst: int, cost: int) -> int:
    """Return the factor that a reply of this cost teaches, per mille."""
    return PLAIN if cost <= worst else min(-(-cost * MARGIN // max(worst, 1)), LARGEST_FACTOR)


@dataclass(slots=True)
class AccountTotals:
    """Sums over all sessions. Worst cases are as computed; `Books` raises them by the account's factor."""

    reserved: int = 0
    lost: int = 0
    settled: int = 0
    unknown: int = 0
    trials: int = 0
    """What lost requests count if nothing is known about the model, in addition to `lost`: see `TRIAL_PART`."""


@dataclass
class Books:
    """All accounts, and all lessons. Worst cases count at what is known now, also those of earlier requests.

    So a request that was lost before its model was found to cost forty times its worst case counts forty times.
    """

    totals: dict[tuple[str, str], AccountTotals] = field(default_factory=dict)
    lessons: Mapping[Account, ClaimHistory] = field(default_factory=dict)

    def raised(self, account: tuple[str, str], worst: int) -> int:
        """Return computed worst cases of an account at its factor."""
        factors = (lesson.factor for known, lesson in self.lessons.items() if known.name == account)
        return min(-(-worst * max(factors, default=PLAIN) // PLAIN), MOST)

    def reserve(self, account: Account, worst: int) -> None:
        """Add a computed worst case."""
        self.totals.setdefault(account.name, AccountTotals()).reserved += worst

    def replies(self, account: Account) -> int:
        """Return the number of replies with usage to requests with these settings."""
        lesson = self.lessons.get(account)
        return 0 if lesson is None else lesson.replies

    def is_new(self, account: Account) -> bool:
        """Whether there has been no reply at all for this stage and model, whatever the settings."""
        return self._is_new(account.name)

    def is_open(self, account: Account) -> bool:
        """Whether a living process has a request of this stage and model in flight."""
        totals = self.totals.get(account.name)
        return totals is not None and totals.reserved > 0

    @property
    def lost_trials(self) -> list[str]:
        """Models whose first request was lost, and about which nothing is known since."""
        return sorted({name[1] for name, each in self.totals.items() if each.trials and self._is_new(name)})

    @property
    def balance(self) -> Balance:
        """The state of the whole ledger."""
        unknown = self._sum((name, each.unknown) for name, each in self.totals.items())
        return Balance(
            spent=min(sum(each.settled for each in self.totals.values()) + unknown, MOST),
            lost=min(sum(self._lost(name, each) for name, each in self.totals.items()), MOST),
            reserved=self._sum((name, each.reserved) for name, each in self.totals.items()),
            unknown=unknown,
        )

    @property
    def by_stage(self) -> dict[str, int]:
        """The most that the experiment can have cost so far, by stage (nano-dollars)."""
        costs: dict[str, int] = {}
        for name, each in sorted(self.totals.items()):
            stage, open_ = name[0], self.raised(name, each.unknown + each.reserved)
            costs[stage] = min(costs.get(stage, 0) + each.settled + open_ + self._lost(name, each), MOST)
        return costs

    def _is_new(self, name: tuple[str, str]) -> bool:
        return not any(known.name == name for known in self.lessons)

    def _lost(self, name: tuple[str, str], totals: AccountTotals) -> int:
        return self.raised(name, totals.lost) + (totals.trials if self._is_new(name) else 0)

    def _sum(self, amounts: Iterable[tuple[tuple[str, str], int]]) -> int:
        return min(sum(self.raised(name, amount) for name, amount in amounts), MOST)
