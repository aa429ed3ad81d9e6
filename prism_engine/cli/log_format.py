"""The formats of progress in a log."""

from __future__ import annotations

from enum import StrEnum


class LogFormat(StrEnum):
    """How progress is logged where there is no live view."""

    PLAIN = "plain"
    """A short line of text for people."""
    JSON = "json"
    """All numbers as one JSON object per line, as in `status.json` below `progress`."""
