"""A store, and calls to make."""

from __future__ import annotations

from pathlib import Path

import pytest

from prism_engine.cache import Store
from prism_engine.records import Call, Image, Message, ModelIdentity, Option, Sample, Sampling

IDENTITY = ModelIdentity("fake", (("weights", "sha256:0"),))


@pytest.fixture
def store(tmp_path):
    with Store(tmp_path / "calls.sqlite") as store:
        yield store


@pytest.fixture
def make_call():
    def make(text="hello", **sampling):
        return Call("reason", IDENTITY, (Message("user", (text,)),), Sampling(**sampling))

    return make


@pytest.fixture
def make_sample():
    def make(*digests, question="Which?"):
        images = tuple(Image(digest * 64, Path(f"{digest}.png")) for digest in digests or ("a",))
        return Sample(0, "7", images, question, options=(Option("A", "x"), Option("B", "y")), answer="A")

    return make
