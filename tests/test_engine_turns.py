"""Tests of engine swapping in a sweep, on real vLLM: each engine is up once, and never two at a time."""

from __future__ import annotations

import json
import multiprocessing
import subprocess
import sys
from pathlib import Path
from unittest import mock

import pytest

from prism_engine import api
from prism_engine.api.build.workbench import BorrowedBackend
from prism_engine.backends.factory import build_backend
from prism_engine.config import RunConfig, ScriptedModel, VllmModel, load_registry
from tests.shapes import write_shapes

from .conftest import SMALL

SAMPLES = 16


class Watched(BorrowedBackend):
    """A real backend that records the number of engine processes at its first call and after it is closed."""

    def __init__(self, name, backend, happened):
        super().__init__(backend)
        self._name = name
        self._happened = happened
        self._called = False

    async def generate(self, call):
        if not self._called:
            self._called = True
            self._happened.append([self._name, "called", len(multiprocessing.active_children())])
        return await super().generate(call)

    async def aclose(self):
        await self.owned.aclose()
        self._happened.append([self._name, "closed", len(multiprocessing.active_children())])


def sweep(folder):
    """Run one perceiver, and two joined ones, each with two reasoners; write the engines' events to `found.json`."""
    happened = []

    def build(name, *rest):
        backend = build_backend(name, *rest)
        return Watched(name, backend, happened) if name in ("one", "other") else backend

    write_shapes(folder / "shapes.tsv", SAMPLES, 0)
    engines = {
        name: VllmModel(model="embedded:captioner", engine=SMALL | {"max_model_len": size, "max_num_seqs": 8})
        for name, size in (("one", 1024), ("other", 1000))
    }
    configs = [
        RunConfig.model_validate(
            {
                "benchmark": str(folder / "shapes.tsv"),
                "perceiver": perceiver,
                "reasoner": reasoner,
                "perception": {"max_tokens": 48},
                "cache_dir": folder / "cache",
                "results_dir": folder / "results",
                "models": {**engines, "brain": ScriptedModel(replies=("A",)), "mind": ScriptedModel(replies=("B",))},
            }
        )
        for perceiver in ("other", "one~other")
        for reasoner in ("brain", "mind")
    ]
    planned = api.plan_many(configs, load_registry())
    with mock.patch("prism_engine.api.build.workbench.build_backend", build):
        reports = api.run_many(configs, load_registry())
    meters = [report.progress.meters["perceive"] for report in reports]
    found = {
        "trouble": [str(report.trouble) for report in reports if report.trouble is not None],
        "happened": happened,
        "done": [(report.progress.done, report.progress.cached) for report in reports],
        "calls": (sum(meter.calls for meter in meters), sum(one.plan.stages["perceive"].to_call for one in planned)),
        "folders": [str(report.folder) for report in reports],
    }
    (folder / "found.json").write_text(json.dumps(found))


@pytest.mark.vllm
@pytest.mark.xdist_group("vllm")
def test_each_engine_is_up_once_and_gone_before_the_next_one_starts(tmp_path):
    code = f"import pathlib, tests.test_engine_turns as t; t.sweep(pathlib.Path({str(tmp_path)!r}))"
    root = Path(__file__).parents[1]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads((tmp_path / "found.json").read_text())
    assert found["trouble"] == []
    assert found["happened"] == [
        ["other", "called", 0],
        ["other", "closed", 0],
        ["one", "called", 0],
        ["one", "closed", 0],
    ]
    assert found["done"] == [[SAMPLES, 0]] * 4
    calls, planned = found["calls"]
    assert calls == planned > SAMPLES
    alone, joined = (
        [json.loads(line)["description"] for line in (Path(folder) / "predictions.jsonl").read_text().splitlines()]
        for folder in (found["folders"][0], found["folders"][2])
    )
    assert all(both.endswith(f"Description 2:\n{one}") for both, one in zip(joined, alone, strict=True))
