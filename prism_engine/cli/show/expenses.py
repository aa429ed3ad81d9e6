"""Costs and forecasts on the terminal, and what a cost cap does to a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prism_engine.budget import Cost, cap_of, shown
from prism_engine.cli.show.console import print_table, same_command, stdout
from prism_engine.stage import STAGE_OF, STAGES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from prism_engine.api import Forecast, RunReport
    from prism_engine.budget import Range, RequestBound, Spending
    from prism_engine.config import RunConfig
    from prism_engine.engine.progress import Progress

NOTICEABLE = 0.2
"""Share of the time from which it is explained that the cap held requests back."""


def print_forecast(config: RunConfig, forecast: Forecast) -> None:
    """Print how many tokens the remaining calls will use, and what they will cost."""
    # A stage that is free and about which nothing was learnt has nothing to show.
    stages = {key: stage for key, stage in forecast.stages.items() if stage.learnt or key not in forecast.free}
    rows = []
    for key, expense in stages.items():
        label = STAGE_OF[key].label
        rows.append((f"{label}: prompt tokens", *_counts(expense.prompt_tokens)))
        rows.append((f"{label}: completion tokens", *_counts(expense.completion_tokens)))
        if key not in forecast.free:
            rows.append((f"{label}: cost", *_dollars(expense.cost)))
    if len(stages) > 1 and not forecast.free.issuperset(stages):
        rows.append(("Cost", *_dollars(forecast.cost)))
    if not rows:
        return
    print_table(("Forecast", "Low", "Likely", "High"), rows)
    if guessed := [STAGE_OF[key].label for key, expense in stages.items() if not expense.learnt]:
        stdout.print(
            f"{' and '.join(guessed)}: too few earlier calls to learn from, so this is the possible range; a pilot "
            "(`prism run` with the same options and -n 50) narrows it",
            soft_wrap=True,
        )
    if forecast.unpriced:
        names = ", ".join(forecast.unpriced)
        stdout.print(
            f"no price is known for {names}: give one as `price:` in the registry", soft_wrap=True, markup=False
        )
    if config.max_cost is not None and forecast.cost is not None:
        _print_cap(cap_of(config.max_cost), forecast, forecast.cost)


def _print_cap(cap: int, forecast: Forecast, cost: Range) -> None:
    """Print what a cap (nano-dollars) does to a run of this cost."""
    if cost.high > cap:
        often = "would" if cost.low > cap else "may"
        stdout.print(f"this {often} exceed --max-cost {shown(cap)}: the run then stops; raise --max-cost to continue")
    for key, bound in forecast.bounds.items():
        if effect := _effect_of_cap(cap, bound, round(cost.high)):
            stdout.print(f"{STAGE_OF[key].label}: {effect}", soft_wrap=True, markup=False)


def _effect_of_cap(cap: int, bound: RequestBound, needed: int) -> str:
    """Return what a cap does to a stage; empty if it holds no request back."""
    if bound.worst > cap:
        return f"--max-cost {shown(cap)} is below the price of one request: {bound}, so none is sent; {bound.advice}"
    if (at_once := bound.at_once(cap, needed)) >= bound.concurrency:
        return ""
    requests = "one request" if at_once == 1 else f"{at_once:,} requests"
    return (
        f"--max-cost {shown(cap)} lets about {requests} be in flight at first, where the model's limit is "
        f"{bound.concurrency:,}: {bound}. For more, {bound.advice}"
    )


def _counts(known: Range) -> list[str]:
    return [f"{round(each):,}" for each in known]


def _dollars(known: Range | None) -> list[str]:
    return ["unknown"] * 3 if known is None else [shown(round(each)) for each in known]


def print_held_back(progress: Progress) -> None:
    """Print why the cap held requests back, if it did for a noticeable part of the time."""
    if sum(share for name, share in progress.bounds.shares.items() if name.endswith("budget")) >= NOTICEABLE:
        stdout.print(
            "The cap held requests back: each reserves the most that it can cost until its reply reports the cost. A "
            "larger --max-cost, a smaller output limit, or `image_tokens` of a model that gets pictures lets more be "
            "in flight; `prism plan` with the same options has the numbers.",
            soft_wrap=True,
        )


def print_money(spending: Spending | None) -> None:
    """Print what the run and the experiment cost; nothing if nothing costs anything."""
    if spending is None or not str(spending):
        return
    costs = spending.by_stage
    stages = ", ".join(f"{stage.label} {costs[stage.key]}" for stage in STAGES if stage.key in costs)
    parts = [f"{spending.run_cost} by this run" + (f" ({stages})" if len(costs) > 1 else "")]
    if spending.cap is not None:
        parts.append(f"{spending.experiment_cost} of {shown(spending.cap)} by all runs into this results folder")
    elif spending.experiment > spending.run:
        parts.append(f"{spending.experiment_cost} by all runs into this results folder")
    if spending.passed:
        parts.append(f"{shown(spending.passed)} above the cap, because a reply reported more than a request can cost")
    if spending.experiment_cost.at_least < spending.experiment:
        parts.append("the difference is the worst case of requests whose replies were lost or reported no usage")
    if spending.unpriced:
        names = ", ".join(spending.unpriced)
        parts = [*(parts if spending.run else []), f"unknown for {names}: no price is known (`price:` in the registry)"]
    stdout.print(f"Cost: {'; '.join(parts)}", soft_wrap=True, markup=False)


def out_of_money(progress: Progress) -> str:
    """Return how a run ended whose budget is used up, and how to continue it."""
    spending = progress.spending
    done = f"{progress.done:,} of {progress.total:,} samples done"
    if spending is None or spending.cap is None:  # its sibling runs paid
        return f"the budget shared with its sibling runs is used up; {done}; raise --max-cost and run the same command"
    if not spending.experiment:
        return (
            f"the budget of {shown(spending.cap)} is smaller than what the first request may cost, so nothing was "
            f"sent; {done}; raise --max-cost (`prism plan` says to what) and run the same command: {same_command()}"
        )
    above = f" ({shown(spending.passed)} above it: see the cost)" if spending.passed else ""
    return (
        f"the budget of {shown(spending.cap)} is used up: {shown(spending.experiment)} spent{above}, {done}; "
        f"raise --max-cost and run the same command: {same_command()}"
    )


def print_sum(reports: Sequence[RunReport]) -> None:
    """Print what a sweep's runs cost together."""
    spending = [report.progress.spending for report in reports if report.progress.spending is not None]
    costs = [one.run_cost for one in spending]
    if (cost := Cost(sum(one.at_least for one in costs), sum(one.at_most for one in costs))).at_most:
        unknown = " plus an unknown part" if any(one.unpriced for one in spending) else ""
        experiment = max(one.experiment_cost for one in spending)
        stdout.print(
            f"Cost: {cost}{unknown} by these runs; {experiment} by all runs into this results folder", soft_wrap=True
        )
