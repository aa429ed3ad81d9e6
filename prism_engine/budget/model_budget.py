"""One model's way to money: the worst case of each of its requests is set aside, and settled by what the reply says."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import orjson

from prism_engine.budget.controller import PAYER
from prism_engine.budget.ledger import Account
from prism_engine.budget.worst_case import prompt_bound

if TYPE_CHECKING:
    from prism_engine.budget.controller import BudgetController
    from prism_engine.budget.prices import Price
    from prism_engine.config import ApiModel
    from prism_engine.records import Call, Usage

UNBELIEVABLE = 16
"""Times the worst case; a reply that claims to have cost more says nothing, and the worst case counts."""

_log = logging.getLogger(__name__)


class Reservation:
    """What is set aside for one request; end it exactly once."""

    def __init__(self, budget: ModelBudget, account: Account, reserved: int) -> None:
        self._budget = budget
        self._account = account
        self._reserved = reserved
        self._factor = budget.factor
        self._payer = PAYER.get()

    def settle(self, usage: Usage | None) -> None:
        """Pay for what the reply says that it used; all that is set aside where it says nothing believable."""
        cost = None if usage is None else self._budget.price.cost(usage)
        if cost is not None and cost > self._reserved:
            cost = self._budget.exceeded(self._reserved, cost, self._factor)
        self._budget.controller.settle(self._account, self._reserved, cost, payer=self._payer)

    def free(self) -> None:
        """The request was not sent, or refused at no cost."""
        self._budget.controller.settle(self._account, self._reserved, 0, payer=self._payer)


class ModelBudget:
    """Pays for the requests of one model.

    Attributes:
        price: what its tokens cost.
        till: the cap and the books.
        factor: times the computed worst case that is set aside; more than 1 after a request that had cost more.
    """

    def __init__(self, controller: BudgetController, price: Price, spec: ApiModel) -> None:
        self.controller = controller
        self.price = price
        self._image_tokens = spec.image_tokens
        self._extra_bytes = len(orjson.dumps(spec.extra_body, option=orjson.OPT_NON_STR_KEYS)) if spec.extra_body else 0
        self.factor = 1

    async def reserve(self, call: Call) -> Reservation:
        """Set the worst case of one request aside; see `BudgetController.reserve`."""
        amount = self.worst(call)
        account = Account(call.stage, call.model.name)
        await self.controller.reserve(account, amount)
        return Reservation(self, account, amount)

    def worst(self, call: Call) -> int:
        """Return the most, in nano-dollars, that one request for this call can cost."""
        prompt = prompt_bound(call, image_tokens=self._image_tokens, extra_bytes=self._extra_bytes)
        return self.factor * self.price.worst(prompt, call.sampling.max_tokens)

    def exceeded(self, reserved: int, cost: int, factor: int) -> int | None:
        """Take note that a request cost more than its worst case, and set more aside from now on.

        Returns:
            What counts: the cost, or None where it is not to be believed.
        """
        if cost > UNBELIEVABLE * reserved:
            _log.warning("a reply claims a cost that cannot be; its worst case is counted instead")
            return None
        self.factor = max(self.factor, -(-cost * factor // reserved))
        _log.warning("a request cost more than its worst case: does image_tokens of the registry say too little?")
        return cost
