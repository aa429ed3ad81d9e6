"""Distinguishes this user's runs from received ones: only this user's secret can stamp a status file.

A status file states everything that `prism resume` executes: models with their servers and endpoints, key names, paths.
So the stamp covers the command, its working directory and its configuration. It does not cover where the results are,
so a folder that is moved or copied on the user's machines stays recognised. Background:
docs/design/2026-11-29-received-folders.md.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING, Any, Final

import orjson

from prism_engine.config.user_data import user_secret

if TYPE_CHECKING:
    from collections.abc import Mapping

STAMP: Final = "stamp"
"""The stamp's key in a status file."""
_PURPOSE: Final = b"prism-engine status 1\n"
_HARMLESS: Final = frozenset({"deadline"})  # keys of the configuration that may be edited by hand


def stamp_of(status: Mapping[str, Any], *, create: bool = True) -> str | None:
    """Return the stamp of a status file's content; None if this user has no secret.

    Args:
        create: make a secret if there is none.
    """
    secret = user_secret(create=create)
    if secret is None:
        return None
    config = {key: value for key, value in status["config"].items() if key not in _HARMLESS}
    stamped = [status.get("command"), status["cwd"], config]
    return hmac.new(secret, _PURPOSE + orjson.dumps(stamped, option=orjson.OPT_SORT_KEYS), hashlib.sha256).hexdigest()


def is_own(status: Mapping[str, Any]) -> bool:
    """Whether this user's secret stamped the content of a status file."""
    given, own = status.get(STAMP), stamp_of(status, create=False)
    return isinstance(given, str) and own is not None and hmac.compare_digest(given.encode(), own.encode())
