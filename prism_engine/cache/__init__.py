"""An on-disk cache of finished calls, looked up by what identifies them."""

from prism_engine.cache.clearing import Clearing, Retention, clear, compact
from prism_engine.cache.earlier import EarlierCall, earlier_calls
from prism_engine.cache.inspection import Entry, Statistics, StoredCompletion, Tally, prompts, show, stats
from prism_engine.cache.key import ABSENT, Identity, KeyDifference, call_key, call_record, explain, identify
from prism_engine.cache.store import Flight, Store
from prism_engine.cache.transfer import Transfer, export_rows, import_rows
from prism_engine.cache.verifying import Verification, verify

__all__ = [
    "ABSENT",
    "Clearing",
    "EarlierCall",
    "Entry",
    "Flight",
    "Identity",
    "KeyDifference",
    "Retention",
    "Statistics",
    "Store",
    "StoredCompletion",
    "Tally",
    "Transfer",
    "Verification",
    "call_key",
    "call_record",
    "clear",
    "compact",
    "earlier_calls",
    "explain",
    "export_rows",
    "identify",
    "import_rows",
    "prompts",
    "show",
    "stats",
    "verify",
]
