from __future__ import annotations

import pytest


@pytest.fixture(autouse=True, scope="session")
def _unsynchronised():
    """Skip waiting for the disk: tests crash processes, not the machine."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("prism_engine.budget.ledger.SYNCHRONOUS", "OFF")
        yield
