"""Keeps results apart that would have one folder: of a registry entry before and after a change, or of like names."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from prism_engine.report.scores.manifest import MANIFEST

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prism_engine.records import ModelIdentity

JUDGE = "judge"
GIVEN = "descriptions"
"""The role of a table of existing descriptions."""


class Origin(NamedTuple):
    """What a part of some results comes from: a model, or a table of descriptions."""

    name: str | None
    """The registry name; None if it is a path, which may be written in many ways."""
    facts: Mapping[str, str]
    """What identifies it whatever its name is; empty if that is not known."""

    @classmethod
    def of(cls, identity: ModelIdentity) -> Origin:
        """Return the origin that a model is."""
        return cls(_as_name(identity.name), dict(identity.facts))

    def may_be(self, other: Origin) -> bool:
        """Whether nothing that is known of both differs."""
        return (None in (self.name, other.name) or self.name == other.name) and (
            not (self.facts and other.facts) or dict(self.facts) == dict(other.facts)
        )


def folder_of_models(folder: Path, origins: Mapping[str, Origin]) -> Path:
    """Return the folder, or one with a digest in its name if the results in it are of something else.

    That may be another model of the same name, or one whose name and settings make the same folder: `m` with 2048
    tokens and `m-2048`, or `M` and `m` on a file system that ignores case.

    Args:
        folder: of results; of a perceiver, whose reasoners' results are below, too.
        origins: by role.
    """
    recorded = _recorded_origins(folder)
    if all(role not in recorded or origin.may_be(recorded[role]) for role, origin in origins.items()):
        return folder
    content = {role: [origin.name, dict(origin.facts)] for role, origin in origins.items()}
    digest = hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()
    return folder.with_name(f"{folder.name}-{digest[:8]}")


def _recorded_origins(folder: Path) -> dict[str, Origin]:
    """Return the origins by role that a manifest in the folder records, or one in a folder just below it.

    Runs of which no sample is done have nothing to lose, such as those before the entry was put right.
    """
    for path in (folder / MANIFEST, *sorted(folder.glob(f"*/{MANIFEST}"))):
        manifest = read_json_object(path)
        models, samples = manifest.get("models"), manifest.get("samples")
        if isinstance(models, dict) and isinstance(samples, dict) and samples.get("done"):
            every = {**models, JUDGE: manifest.get(JUDGE)}
            origins = {role: _recorded(model) for role, model in every.items() if isinstance(model, dict)}
            if isinstance(given := manifest.get(GIVEN), dict):
                origins[GIVEN] = Origin(None, {"sha256": str(given.get("sha256"))})
            return origins
    return {}


def _recorded(model: dict[str, Any]) -> Origin:
    facts = model.get("identity_facts")
    return Origin(_as_name(model.get("name")), facts if isinstance(facts, dict) else {})


def _as_name(name: object) -> str | None:
    return name if isinstance(name, str) and not (Path(name).is_absolute() or name.startswith((".", "~"))) else None


def read_json_object(path: Path) -> dict[str, Any]:
    """Return a JSON object that prism wrote; an empty one if it is missing or unreadable."""
    try:
        content = orjson.loads(path.read_bytes())
    except (OSError, orjson.JSONDecodeError):
        return {}
    return content if isinstance(content, dict) else {}
