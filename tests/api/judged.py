"""A finished run with partly unreadable replies, and a judge behind a real HTTP server to read them."""

from __future__ import annotations

from typing import Any

import orjson

from prism_engine.api.judging import judge_runs as judging
from prism_engine.chaos.behaviour import Behaviour
from prism_engine.config import ApiModel, RunConfig, ScriptedModel, load_registry
from prism_engine.config.judging import JudgeConfig
from tests.provider import paid_model

MUMBLES = ("I like the second one, hard to say", "B", "hmm")


def configured(folder, **options):
    return RunConfig(
        benchmark=str(folder / "shapes.tsv"),
        perceiver="scripted",
        reasoner="mumbler",
        cache_dir=folder / "cache",
        results_dir=folder / "results",
        models={"mumbler": ScriptedModel(replies=MUMBLES)} | options.pop("models", {}),
        **options,
    )


def judge(finished, server=None, **options):
    config = finished.config
    models = options.pop("models", None) or {"judge": ApiModel.model_validate(paid_model(server, price=None))}
    fields = {"judge": "judge", "cache_dir": config.cache_dir, "results_dir": config.results_dir} | options
    return judging.judge_runs([finished.folder], JudgeConfig(models=models, **fields), load_registry())[0]


def rows(folder, name="predictions.jsonl") -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in (folder / name).read_bytes().splitlines()]


def calls(report):
    return sum(meter.calls for meter in report.progress.meters.values())


def says(text):
    return Behaviour(reply=lambda body: text)


def open_rows(finished, name="predictions.jsonl"):
    return [row for row in rows(finished.folder, name) if row["extracted"] is None]
