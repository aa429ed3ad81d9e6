"""Finished calls on disk, found by what identifies them."""

from prism_engine.cache.inspection import (
    Entry,
    Statistics,
    StoredCompletion,
    Tally,
    Verification,
    show,
    stats,
    verify,
)
from prism_engine.cache.key import ABSENT, Difference, call_key, call_record, explain
from prism_engine.cache.store import Store

__all__ = [
    "ABSENT",
    "Difference",
    "Entry",
    "Statistics",
    "Store",
    "StoredCompletion",
    "Tally",
    "Verification",
    "call_key",
    "call_record",
    "explain",
    "show",
    "stats",
    "verify",
]
