"""Engines that take turns, on real vLLM: in a sweep each is up once, and none beside another."""

from __future__ import annotations

import json
import multiprocessing

import pytest

from prism_engine import api
from prism_engine.api.shared import Lent
from prism_engine.backends.factory import build_backend
from prism_engine.config import RunConfig, ScriptedModel, VllmModel, load_registry
from tests.shapes import write_shapes

from .conftest import SMALL

SAMPLES = 16


class Watched(Lent):
    """A real backend, and how many engines there are beside it when it is called first."""

    def __init__(self, name, backend, happened):
        super().__init__(backend)
        self._name = name
        self._happened = happened
        self._called = False

    async def generate(self, call):
        if not self._called:
            self._called = True
            self._happened.append((self._name, "called", len(multiprocessing.active_children())))
        return await super().generate(call)

    async def aclose(self):
        await self.owned.aclose()
        self._happened.append((self._name, "closed", len(multiprocessing.active_children())))


@pytest.mark.vllm
@pytest.mark.xdist_group("vllm")
@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")
def test_each_engine_is_up_once_and_gone_before_the_next_one_starts(tmp_path, monkeypatch):
    happened = []

    def build(name, *rest):
        backend = build_backend(name, *rest)
        return Watched(name, backend, happened) if name in ("one", "other") else backend

    monkeypatch.setattr("prism_engine.api.shared.build_backend", build)
    write_shapes(tmp_path / "shapes.tsv", SAMPLES, 0)
    models = {
        name: VllmModel(model="embedded:captioner", engine=SMALL | {"max_model_len": size, "max_num_seqs": 8})
        for name, size in (("one", 1024), ("other", 1000))
    }
    configs = [
        RunConfig.model_validate(
            {
                "benchmark": str(tmp_path / "shapes.tsv"),
                "perceiver": perceiver,
                "reasoner": reasoner,
                "perception": {"max_tokens": 48},
                "cache_dir": tmp_path / "cache",
                "results_dir": tmp_path / "results",
                "models": {**models, "brain": ScriptedModel(replies=("A",)), "mind": ScriptedModel(replies=("B",))},
            }
        )
        for perceiver in ("other", "one~other")
        for reasoner in ("brain", "mind")
    ]
    before = len(multiprocessing.active_children())  # the suite's own engine may be up
    planned = api.plan_many(configs, load_registry())
    reports = api.run_many(configs, load_registry())
    assert [report.progress.done for report in reports] == [SAMPLES] * 4
    assert [report.progress.cached for report in reports] == [0] * 4
    assert happened == [
        ("other", "called", before), ("other", "closed", before), ("one", "called", before), ("one", "closed", before)
    ]  # fmt: skip
    meters = [report.progress.describing for report in reports if report.progress.describing is not None]
    assert sum(meter.calls for meter in meters) == sum(one.plan.describing.to_call for one in planned)
    alone, joined = (
        [json.loads(line)["description"] for line in (report.folder / "predictions.jsonl").read_text().splitlines()]
        for report in (reports[0], reports[2])
    )
    assert all(both.endswith(f"Description 2:\n{one}") for both, one in zip(joined, alone, strict=True))
