"""What tests of judges share."""

from __future__ import annotations

import hashlib

import pytest

from prism_engine import api
from prism_engine.backends.scripted import Scripted
from prism_engine.config import ScriptedModel, load_registry
from prism_engine.records import Completion, Outcome
from tests.api.judged import MUMBLES, configured
from tests.shapes import write_shapes


@pytest.fixture
def finished(tmp_path):
    """A run of 24 samples, of which some cannot be read: its report."""
    write_shapes(tmp_path / "shapes.tsv", 24, 0)
    return api.run(configured(tmp_path), load_registry())


@pytest.fixture
def drawn(tmp_path, monkeypatch):
    """Run 24 samples with several draws that really differ: scripted models whose replies depend on the seed."""
    write_shapes(tmp_path / "shapes.tsv", 24, 0)
    replies = (*MUMBLES, "A", "The answer is correct")  # v3 reads a C in the last one, prism nothing

    def reply(call):
        turn = int(hashlib.sha256(repr((call.messages, call.sampling.seed)).encode()).hexdigest(), 16)
        return Completion(Outcome.OK, replies[turn % len(replies)] if call.stage == "reason" else f"seen {turn}")

    monkeypatch.setattr("prism_engine.api.shared.build_backend", lambda _name, spec, *_: Scripted(spec, reply=reply))

    def run(descriptions=2, answers=3, seed=0, **options):
        warm = {"temperature": 0.8, "seed": seed}
        options = {"perception": warm | {"n": descriptions}, "reasoning": warm | {"n": answers}} | options
        return api.run(configured(tmp_path, **options, models={"scripted": ScriptedModel()}), load_registry())

    return run


@pytest.fixture
def key(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    for name in ("OPENAI_API_BASE", "OPENAI_API_BASE_JUDGE", "OPENAI_API_KEY_JUDGE", "LOCAL_LLM"):
        monkeypatch.delenv(name, raising=False)
