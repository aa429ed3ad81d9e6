"""Builds a model's budget from its registry entry and the cost cap."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from prism_engine.budget import ModelBudget, cap_of
from prism_engine.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable
    from decimal import Decimal
    from pathlib import Path

    from prism_engine.api.build.resolve import ResolvedModel
    from prism_engine.budget import BudgetController

LEDGER_NAME = "ledger.sqlite"


class ModelPayment(NamedTuple):
    """How a model's requests are paid for."""

    budget: ModelBudget | None
    """None if the requests are free or their price is unknown."""
    unpriced: bool = False
    """Whether the requests may be charged for at an unknown price."""


def payment_for(
    model: ResolvedModel,
    results_dir: Path,
    max_cost: Decimal | None,
    open_controller: Callable[[Path, int | None], BudgetController],
) -> ModelPayment:
    """Return how a model's requests are paid for.

    Raises:
        ConfigError: there is a cost cap and the price is unknown.
        StoreError: the ledger cannot be opened.
    """
    spec, price = model.spec, model.price
    if not spec.is_paid:
        return ModelPayment(None)
    if price is None and max_cost is not None:
        raise ConfigError(
            f"--max-cost needs the price of {model.name!r}, and genai-prices has none for {spec.model!r} at "
            f"{spec.base_url}: add `price: {{input: 0.15, output: 0.60}}` (US dollars per million tokens; 0 for an "
            "endpoint of your own) to its entry under `models:` in the run file or a --models-file"
        )
    if price is None:
        return ModelPayment(None, unpriced=True)
    if price.is_free:
        return ModelPayment(None)
    controller = open_controller(results_dir / LEDGER_NAME, None if max_cost is None else cap_of(max_cost))
    return ModelPayment(ModelBudget(controller, price, spec))
