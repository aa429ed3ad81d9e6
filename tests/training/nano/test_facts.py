"""Tests of the facts recorded about a finished training."""

from __future__ import annotations

import torch

from prism_engine.training.nano import facts
from prism_engine.training.nano.facts import Settings, cpu_name, gather
from tests.training.courses import LineCourse


def test_facts_are_measured(tmp_path):
    course = LineCourse()
    course.save(tmp_path, "bfloat16")
    found = gather(course, Settings(seed=3), torch.device("cpu"), folder=tmp_path, seconds=61.0, questions=32)
    assert (found.model, found.weights, found.bytes, found.seconds) == ("nano-line", 12, len("bfloat16"), 61.0)
    assert course.examined == [32]
    assert found.versions["torch"] == torch.__version__
    assert {"transformers", "python", "prism-engine"} <= set(found.versions)


def test_the_processor_has_a_name(monkeypatch, tmp_path):
    listed = tmp_path / "cpuinfo"
    listed.write_text("processor\t: 0\nmodel name\t: Fast CPU @ 3 GHz\nmodel name\t: Fast CPU @ 3 GHz\n")
    monkeypatch.setattr(facts, "_CPUINFO", listed)
    assert cpu_name() == "Fast CPU @ 3 GHz"
    monkeypatch.setattr(facts, "_CPUINFO", tmp_path / "none")
    assert cpu_name()
