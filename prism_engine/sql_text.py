"""SQL statements as text, to tell the tables that prism made from anything else in a database file."""

from __future__ import annotations

import re


def plain(statement: str) -> str:
    """Return an SQL statement without its comments and spaces, which differ between versions of prism."""
    return re.sub(r"--[^\n]*|\s+", "", statement)
