"""One model's budget: reserves the worst case of each request and settles it by the reply's usage."""

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
    from prism_engine.config.models import PaidEntry
    from prism_engine.records import Call, Usage

MAX_PLAUSIBLE_RATIO = 16
"""A reply that claims to cost more than this many times its worst case is ignored, and the worst case counts."""

_log = logging.getLogger(__name__)


class Reservation:
    """The amount reserved for one request; settle or free it exactly once."""

    def __init__(self, budget: ModelBudget, account: Account, reserved: int) -> None:
        self._budget = budget
        self._account = account
        self._reserved = reserved
        self._factor = budget.factor
        self._payer = PAYER.get()

    def settle(self, usage: Usage | None) -> None:
        """Charge the usage that the reply reports; charge the whole reservation if it reports nothing believable."""
        cost = None if usage is None else self._budget.price.cost(usage)
        if cost is not None and cost > self._reserved:
            cost = self._budget.record_overrun(self._reserved, cost, self._factor)
        self._budget.controller.settle(self._account, self._reserved, cost, payer=self._payer)

    def free(self) -> None:
        """Release it: the request was not sent, or was refused at no cost."""
        self._budget.controller.settle(self._account, self._reserved, 0, payer=self._payer)


class ModelBudget:
    """Reserves and settles the cost of one model's requests.

    Attributes:
        controller: keeps the cap and the ledger.
        price: what the model's tokens cost.
        factor: multiplies the computed worst case; more than 1 once a request has cost more than its worst case.
    """

    def __init__(self, controller: BudgetController, price: Price, spec: PaidEntry) -> None:
        self.controller = controller
        self.price = price
        self._image_tokens = spec.image_tokens
        self._extra_bytes = len(orjson.dumps(spec.extra_body, option=orjson.OPT_NON_STR_KEYS)) if spec.extra_body else 0
        self.factor = 1

    async def reserve(self, call: Call) -> Reservation:
        """Reserve the worst case of one request; see `BudgetController.reserve`."""
        amount = self.worst(call)
        account = Account(call.stage, call.model.name)
        await self.controller.reserve(account, amount)
        return Reservation(self, account, amount)

    def worst(self, call: Call) -> int:
        """Return the most, in nano-dollars, that one request for this call can cost."""
        prompt = prompt_bound(call, image_tokens=self._image_tokens, extra_bytes=self._extra_bytes)
        return self.factor * self.price.worst(prompt, call.sampling.max_tokens)

    def record_overrun(self, reserved: int, cost: int, factor: int) -> int | None:
        """Record that a request cost more than its worst case, and reserve more from now on.

        Returns:
            The cost to charge, or None if it is not believable.
        """
        if cost > MAX_PLAUSIBLE_RATIO * reserved:
            _log.warning("a reply claims an impossible cost; its worst case is charged instead")
            return None
        self.factor = max(self.factor, -(-cost * factor // reserved))
        _log.warning("a request cost more than its worst case: image_tokens in the registry may be too low")
        return cost
