from __future__ import annotations

import pytest


@pytest.fixture(autouse=True, scope="session")
def _unsynchronised():
    """Leave the waiting for the disk out: tests crash processes, not the machine."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("prism_engine.budget.ledger.SYNCHRONOUS", "OFF")
        yield
