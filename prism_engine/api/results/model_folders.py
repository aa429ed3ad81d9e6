"""Keeps the results of two models apart that have one name, such as a registry entry before and after a change."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import orjson

from prism_engine.report.scores.manifest import MANIFEST

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    Origins = Mapping[str, Mapping[str, str]]

JUDGE = "judge"


def folder_of_models(folder: Path, origins: Origins) -> Path:
    """Return the folder, or one with a digest in its name if the results in it are of other models of the same names.

    Args:
        folder: of results; of a perceiver, whose reasoners' results are below, too.
        origins: the identity facts of each role's model; where none are stated, or none are recorded, nothing differs.
    """
    recorded = _recorded_origins(folder)
    if all(not facts or recorded.get(role, facts) == facts for role, facts in origins.items()):
        return folder
    digest = hashlib.sha256(orjson.dumps(origins, option=orjson.OPT_SORT_KEYS)).hexdigest()
    return folder.with_name(f"{folder.name}-{digest[:8]}")


def _recorded_origins(folder: Path) -> dict[str, Any]:
    """Return the facts by role that a manifest in the folder records, or one in a folder just below it.

    Runs of which no sample is done have nothing to lose, such as those before the entry was put right.
    """
    for path in (folder / MANIFEST, *sorted(folder.glob(f"*/{MANIFEST}"))):
        manifest = read_json_object(path)
        models, samples = manifest.get("models"), manifest.get("samples")
        if isinstance(models, dict) and isinstance(samples, dict) and samples.get("done"):
            every = {**models, JUDGE: manifest.get("judge")}
            facts = {role: model.get("identity_facts") for role, model in every.items() if isinstance(model, dict)}
            return {role: known for role, known in facts.items() if known}
    return {}


def read_json_object(path: Path) -> dict[str, Any]:
    """Return a JSON object that prism wrote; an empty one if it is missing or unreadable."""
    try:
        content = orjson.loads(path.read_bytes())
    except (OSError, orjson.JSONDecodeError):
        return {}
    return content if isinstance(content, dict) else {}
