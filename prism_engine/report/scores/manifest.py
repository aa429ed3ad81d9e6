"""Reads a run's manifest, whichever version of prism wrote it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import orjson

from prism_engine.errors import NewerFileError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

MANIFEST: Final = "manifest.json"
SCHEMA: Final = 2
"""Version of the file's format; a file without one has version 1."""
_STAGES_OF_1: Final = {"writing": "write", "perception": "perceive", "reasoning": "reason", "direct": "direct"}


def read_manifest(path: Path) -> dict[str, Any]:
    """Return a manifest in the current format.

    Raises:
        OSError: it cannot be read.
        ValueError: it is not a JSON object.
        NewerFileError: a newer version of prism wrote it, in a format that this one does not know.
    """
    content = orjson.loads(path.read_bytes())
    if not isinstance(content, dict):
        raise ValueError("not a JSON object")  # noqa: TRY004 - as for any other malformed content
    return upgraded(path, content)


def check_schema(path: Path, content: Mapping[str, Any], known: int, line: int | None = None) -> int:
    """Return the version of the format of a file, or of one of its lines (from 1).

    Raises:
        ValueError: its `schema` is not a version.
        NewerFileError: it is newer than `known`.
    """
    schema = content.get("schema", 1)
    if not isinstance(schema, int) or schema < 1:
        raise ValueError(f"schema {schema!r} is not a version")
    if schema > known:
        raise NewerFileError(path, schema, known, line)
    return schema


def upgraded(path: Path, manifest: dict[str, Any]) -> dict[str, Any]:
    """Return a manifest's content in the current format.

    Version 2 names stages by their keys, and no longer by the sections of a run file (`writing`, `perception`, ...).

    Args:
        path: where it was read, for messages.

    Raises:
        ValueError, NewerFileError: as `check_schema`.
    """
    if check_schema(path, manifest, SCHEMA) > 1:
        return manifest
    earlier = manifest.get("earlier_runs")
    runs = {"earlier_runs": [_with_keys(run) for run in earlier]} if isinstance(earlier, list) else {}
    return {"schema": SCHEMA, **_with_keys(manifest), **runs}


def _with_keys(run: Any) -> Any:
    if not isinstance(run, dict) or not isinstance(stages := run.get("stages"), dict):
        return run
    return {**run, "stages": {_STAGES_OF_1.get(name, name): counts for name, counts in stages.items()}}
