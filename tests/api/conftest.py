"""Fixtures for tests of judges."""

from __future__ import annotations

from functools import partial

import pytest

from prism_engine import api
from prism_engine.backends.factory import build_backend
from prism_engine.backends.scripted import Scripted
from prism_engine.cache import call_key
from prism_engine.config import load_registry
from prism_engine.errors import RejectedError
from prism_engine.records import Completion, Outcome
from tests.api.judged import MUMBLES, configured
from tests.shapes import write_shapes


@pytest.fixture
def finished(tmp_path):
    """The report of a run of 24 samples, some with unreadable replies."""
    write_shapes(tmp_path / "shapes.tsv", 24, 0)
    return api.run(configured(tmp_path), load_registry())


@pytest.fixture
def several(tmp_path, monkeypatch):
    """Configure a run with multiple draws that really differ: the scripted replies depend on the seed."""
    write_shapes(tmp_path / "shapes.tsv", 24, 0)
    replies = (*MUMBLES, "A", "The answer is correct")  # v3 reads a C in the last one, prism nothing

    def reply(spec, call):
        turn = int(call_key(call), 16)
        if turn < spec.failure_rate * 2**256:
            raise RejectedError("the script lets this call fail")
        return Completion(Outcome.OK, replies[turn % len(replies)] if call.stage == "reason" else f"seen {turn}")

    def build(name, spec, *rest):
        if name == "judge":
            return build_backend(name, spec, *rest)
        return Scripted(spec, reply=partial(reply, spec))

    monkeypatch.setattr("prism_engine.api.build.workbench.build_backend", build)

    def config(descriptions=2, answers=3, *, seeds=(0, 0), **options):
        stages = zip(("perception", "reasoning"), (descriptions, answers), seeds, strict=True)
        warm = {stage: {"temperature": 0.8, "n": n, "seed": seed} for stage, n, seed in stages}
        return configured(tmp_path, **warm, **options)

    return config


@pytest.fixture
def drawn(several):
    """Execute such a run and return its report."""
    return lambda *draws, **options: api.run(several(*draws, **options), load_registry())


@pytest.fixture
def key(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    for name in ("OPENAI_API_BASE", "OPENAI_API_BASE_JUDGE", "OPENAI_API_KEY_JUDGE", "LOCAL_LLM"):
        monkeypatch.delenv(name, raising=False)
