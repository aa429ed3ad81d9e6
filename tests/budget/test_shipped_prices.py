"""Each API model in the shipped registry has a known price, so that `--max-cost` works with it."""

from __future__ import annotations

import pytest

from prism_engine.budget import price_of
from prism_engine.config.models import load_registry

PAID = {name: spec for name, spec in load_registry() if spec.is_paid}


@pytest.mark.parametrize("name", PAID)
def test_its_price_is_known(name):
    assert price_of(PAID[name]) is not None
