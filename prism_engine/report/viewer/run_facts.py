"""What the report page states about a run: its cost, its own metrics, its versions and digests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from prism_engine.report.scores.predictions import steps_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from prism_engine.report.scores.finished import FinishedRun
    from prism_engine.report.viewer.contract import MetricFacts, RunCost

_MOST: Final = 10**9
"""A larger number cannot be true, and is left out."""
_SAMPLING: Final = ("max_tokens", "temperature", "top_p", "seed", "n")
_SECTIONS: Final = ("perception", "reasoning", "writing")


def cost_of(rows: Iterable[dict[str, Any]], manifest: Mapping[str, Any]) -> RunCost:
    """Return what the calls behind a run's rows used and cost, each call once."""
    calls = unpriced = nanos = 0
    tokens = {"prompt_tokens": 0, "completion_tokens": 0}
    for step in _calls(rows):
        calls += 1
        usage = step.get("usage") or {}
        for name in tokens:
            count = usage.get(name)
            tokens[name] += count if isinstance(count, int) and 0 <= count <= _MOST else 0
        cost = number_of(step.get("cost"))
        if cost is not None and cost >= 0:
            nanos += round(cost * 1e9)
        else:
            unpriced += 1
    return {
        "calls": calls,
        "prompt_tokens": tokens["prompt_tokens"],
        "completion_tokens": tokens["completion_tokens"],
        "dollars": nanos / 1e9 if unpriced < calls else None,
        "unpriced": unpriced,
        "paid": _paid(manifest),
    }


def _calls(rows: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield each call once; one without a key is shared by no other row."""
    known: set[str] = set()
    for row in rows:
        for step in steps_of(row):
            key = step.get("key")
            if key is None or key not in known:
                yield step
            if key is not None:
                known.add(key)


def _paid(manifest: Mapping[str, Any]) -> str | None:
    """Return the dollars that a run and its earlier attempts paid, to the nano-dollar."""
    earlier = manifest.get("earlier_runs")
    runs = [manifest, *(earlier if isinstance(earlier, list) else ())]
    amounts = [
        amount
        for run in runs
        if isinstance(run, dict) and isinstance(money := run.get("money"), dict)
        for amount in [_nano(money.get("this_run"))]
        if amount is not None
    ]
    return f"{sum(amounts) / 1e9:.9f}" if amounts else None


def _nano(amount: object) -> int | None:
    try:
        return round(float(amount) * 1e9) if isinstance(amount, str) else None
    except (OverflowError, ValueError):
        return None


def number_of(value: object) -> float | None:
    """Return a number of a file that someone else may have written; None for anything else, or a huge one."""
    if not isinstance(value, (int, float)) or not abs(value) <= _MOST:
        return None
    return float(value)


def metrics_of(scores: Mapping[str, Any]) -> list[MetricFacts]:
    """Return a benchmark's own metrics over all rows, as `scores.json` has them."""
    found = scores.get("metrics")
    overall = [
        (metric, value)
        for metric in (found if isinstance(found, list) else ())
        if isinstance(metric, dict) and not metric.get("group") and not metric.get("split")
        if (value := number_of(metric.get("value"))) is not None
    ]
    return [
        {
            "name": str(metric.get("name")),
            "value": value,
            "maximum": number_of(metric.get("maximum")) or 1.0,
            "unit": metric["unit"] if isinstance(metric.get("unit"), str) else None,
            "low": number_of(metric.get("low")),
            "high": number_of(metric.get("high")),
        }
        for metric, value in overall
    ]


def facts_of(run: FinishedRun) -> list[tuple[str, str]]:
    """Return a run's versions, digests and settings, by label."""
    manifest = run.manifest
    facts: list[tuple[str, Any]] = [
        ("scored by", run.setting.profile),
        ("finished", manifest.get("finished_at")),
        ("prism-engine", manifest.get("prism_engine")),
        *_items(manifest.get("versions")),
        ("benchmark SHA-256", _items(manifest.get("benchmark"), "sha256")),
    ]
    config = manifest.get("config")
    facts += [(section, _sampling(config, section)) for section in _SECTIONS]
    for role, model in _items(manifest.get("models")):
        facts.append((role, model.get("name") if isinstance(model, dict) else None))
        identity = model.get("identity_facts") if isinstance(model, dict) else None
        facts += [(f"{role} {name}", value) for name, value in _items(identity)]
    return [(label, str(value)) for label, value in facts if value not in (None, [], "")]


def _items(values: object, name: str | None = None) -> Any:
    """Return the items of a mapping, or one of its values; nothing if it is no mapping."""
    if not isinstance(values, dict):
        return [] if name is None else None
    return list(values.items()) if name is None else values.get(name)


def _sampling(config: object, section: str) -> str | None:
    values = _items(config, section)
    stated = [(name, value) for name in _SAMPLING if (value := _items(values, name)) is not None]
    return ", ".join(f"{name} {value}" for name, value in stated) or None
