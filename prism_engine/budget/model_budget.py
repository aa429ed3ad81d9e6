"""One model's budget: reserves the worst case of each request and settles it by the reply's usage."""

from __future__ import annotations

import hashlib
import logging
from typing import TYPE_CHECKING

import orjson

from prism_engine.budget.books import MOST, Account
from prism_engine.budget.controller import PAYER
from prism_engine.budget.money import shown
from prism_engine.budget.request_bound import RequestBound
from prism_engine.budget.worst_case import prompt_bound

if TYPE_CHECKING:
    from prism_engine.budget.controller import BudgetController
    from prism_engine.budget.prices import Price
    from prism_engine.config.model_entry import PaidEntry
    from prism_engine.records import Call, Usage

LARGEST_REQUEST = 10**15
"""Nano-dollars (a million dollars). No worst case is larger, so that sums of them fit into 64 bits."""

_log = logging.getLogger(__name__)


class Reservation:
    """The amount reserved for one request; settle or free it exactly once."""

    def __init__(self, budget: ModelBudget, account: Account, worst: int) -> None:
        self._budget = budget
        self._account = account
        self._worst = worst
        self._payer = PAYER.get()

    def settle(self, usage: Usage | None) -> None:
        """Charge the usage that the reply reports, however much that is; the worst case if there is none.

        Args:
            usage: None if there was no complete reply.
        """
        cost = None if usage is None else self._budget.price.cost(usage)
        claimed = cost or (0 if usage is None else self._budget.price.claimed(usage))
        if claimed > self._worst:  # believed even if the rest of the usage is missing
            cost = min(claimed, MOST)
            self._budget.report_excess(self._worst, cost)
        silent = usage is not None and cost is None
        self._budget.controller.settle(self._account, self._worst, cost, payer=self._payer, silent=silent)

    def free(self) -> None:
        """Release it: the request was not sent, or was refused at no cost."""
        self._budget.controller.release(self._account, self._worst)


class ModelBudget:
    """Reserves and settles the cost of one model's requests.

    Attributes:
        controller: keeps the cap and the ledger.
        price: what the model's tokens cost.
    """

    def __init__(self, controller: BudgetController, price: Price, spec: PaidEntry) -> None:
        self.controller = controller
        self.price = price
        self._spec = spec
        self._last = Account("", ""), 1, 0
        fields = spec.request_fields
        self._extra_bytes = len(orjson.dumps(fields, option=orjson.OPT_NON_STR_KEYS)) if fields else 0
        self._endpoint = repr((spec.model, spec.base_url, fields, price))
        self._settings: dict[tuple[object, int], str] = {}
        self._largest_excess = 1

    async def reserve(self, call: Call) -> Reservation:
        """Reserve the worst case of one request; see `BudgetController.reserve`."""
        worst = self.worst(call)
        account = Account(call.stage, call.model.name, self._settings_of(call))
        self._last = account, worst, len(call.images)
        await self.controller.reserve(account, worst)
        return Reservation(self, account, worst)

    def worst(self, call: Call) -> int:
        """Return the most, in nano-dollars, that one request for this call costs if its output limit is kept.

        What replies have taught about the model (`BudgetController.books`) comes on top when it is reserved.
        """
        prompt = prompt_bound(call, image_tokens=self._spec.image_tokens, extra_bytes=self._extra_bytes)
        output = call.sampling.max_tokens + self._spec.thinking_beyond_limit
        return min(max(self.price.worst(prompt, output), 1), LARGEST_REQUEST)

    @property
    def why_waiting(self) -> str:
        """Why a request may have to wait, and how to change that."""
        account, worst, images = self._last
        books = self.controller.books
        if not books.replies(account):
            return f"the first request to {account.model!r} is sent alone, until its reply reports what it costs"
        worst = books.raised(account.name, worst)
        bound = RequestBound.of(account.model, self.price, worst, images, self._spec.image_tokens, 0)
        return f"{bound}: {bound.advice}"

    def report_excess(self, worst: int, cost: int) -> None:
        """Log a reply that cost more than its worst case: the first one, and each that doubles the excess."""
        excess = -(-cost // worst)
        if excess >= 2 * self._largest_excess or self._largest_excess == 1:
            self._largest_excess = max(excess, 2)
            _log.warning(
                "a reply reports a cost of %s, %.3g times the most that its request can cost by its length and output "
                "limit; it counts as reported, and later requests reserve that much more (hidden reasoning, or "
                "image_tokens in the registry is too low)",
                shown(cost),
                cost / worst,
            )

    def _settings_of(self, call: Call) -> str:
        key = (call.model.facts, call.sampling.max_tokens)
        if key not in self._settings:
            text = repr((self._endpoint, *key))
            self._settings[key] = hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]
        return self._settings[key]
