"""Costs of calls: prices, the ledger of what was spent, and the cost cap that is never exceeded."""

from prism_engine.budget.balance import Totals
from prism_engine.budget.controller import PAYER, BudgetController
from prism_engine.budget.costs import Cost, Work
from prism_engine.budget.forecast import Expense, PerCall, PromptVolume, Range, Seen, expect, expected_sum
from prism_engine.budget.model_budget import ModelBudget
from prism_engine.budget.money import cap_of, exact, shown
from prism_engine.budget.prices import Price, lasting_price_of, price_of
from prism_engine.budget.request_bound import RequestBound
from prism_engine.budget.spending import Spending
from prism_engine.budget.worst_case import text_bytes

__all__ = [
    "PAYER",
    "BudgetController",
    "Cost",
    "Expense",
    "ModelBudget",
    "PerCall",
    "Price",
    "PromptVolume",
    "Range",
    "RequestBound",
    "Seen",
    "Spending",
    "Totals",
    "Work",
    "cap_of",
    "exact",
    "expect",
    "expected_sum",
    "lasting_price_of",
    "price_of",
    "shown",
    "text_bytes",
]
