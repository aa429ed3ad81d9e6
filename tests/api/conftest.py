"""What tests of judges share."""

from __future__ import annotations

import pytest

from prism_engine import api
from prism_engine.config import load_registry
from tests.api.judged import configured
from tests.shapes import write_shapes


@pytest.fixture
def finished(tmp_path):
    """A run of 24 samples, of which some cannot be read: its report."""
    write_shapes(tmp_path / "shapes.tsv", 24, 0)
    return api.run(configured(tmp_path), load_registry())


@pytest.fixture
def key(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "k")
    for name in ("OPENAI_API_BASE", "OPENAI_API_BASE_JUDGE", "OPENAI_API_KEY_JUDGE", "LOCAL_LLM"):
        monkeypatch.delenv(name, raising=False)
