"""Plans and forecasts as plain values, for `--json`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prism_engine.budget.money import exact

if TYPE_CHECKING:
    from prism_engine.api import Forecast, PlannedRun
    from prism_engine.budget import Range


def plan_facts(planned: PlannedRun) -> dict[str, object]:
    """Return the calls that one run would make; calls that runs share count for the first of them."""
    plan = planned.plan
    return {
        "name": planned.name,
        "samples": plan.samples,
        "undescribed": plan.undescribed,
        "stages": {
            key: {"cached": stage.cached, "to_call": stage.to_call, "after_others": stage.unknown}
            for key, stage in plan.stages.items()
        },
    }


def forecast_facts(forecast: Forecast) -> dict[str, object]:
    """Return the usage and cost of the calls to make, each as a range; costs are US dollars as text."""
    return {
        "stages": {
            key: {
                "prompt_tokens": _range(stage.prompt_tokens),
                "completion_tokens": _range(stage.completion_tokens),
                "cost": dollars_range(stage.cost),
                "learnt": stage.learnt,
                "free": key in forecast.free,
            }
            for key, stage in forecast.stages.items()
        },
        "cost": dollars_range(forecast.cost),
        "without_a_known_price": forecast.unpriced,
    }


def dollars_range(cost: Range | None) -> dict[str, str] | None:
    """Return a range of nano-dollars as US dollars; None stays unknown."""
    return None if cost is None else {name: exact(round(each)) for name, each in cost._asdict().items()}


def _range(known: Range) -> dict[str, int]:
    return {name: round(each) for name, each in known._asdict().items()}
