"""Remembers which checkpoints may run their own Python code (vLLM's `trust_remote_code`); asks about all others."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

import orjson

from prism_engine.config import ApiModel, VllmModel
from prism_engine.config.user_data import TRUST_ALL, user_data_dir
from prism_engine.errors import UntrustedCodeError
from prism_engine.report import replacing

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import Any

    from prism_engine.config import ModelSpec

TRUST_CODE: Final = "trust_remote_code"
"""The option of vLLM that runs Python code from a checkpoint."""


def brings_code(options: Mapping[str, Any]) -> bool:
    """Whether vLLM options let a checkpoint run its own code."""
    return any(key.replace("-", "_") == TRUST_CODE and value not in (None, False) for key, value in options.items())


def require_trust(name: str, spec: ModelSpec) -> None:
    """Check that the user agreed to run the code of a model's checkpoint, if it brings code.

    A yes counts for one version of the checkpoint: its commit on the hub, as far as it is known.

    Raises:
        UntrustedCodeError: the user has not been asked.
    """
    if isinstance(spec, VllmModel):
        checkpoint, revision, options = spec.model, spec.revision, spec.engine
    elif isinstance(spec, ApiModel) and spec.server is not None:
        checkpoint, revision, options = spec.server.model, spec.server.revision, spec.server.options
    else:
        return
    if not brings_code(options) or os.environ.get(TRUST_ALL) == "1" or [checkpoint, revision] in _trusted():
        return
    version = "" if revision is None else f" (version {revision[:12]})"
    raise UntrustedCodeError(
        f"model {name!r}: vLLM would run Python code that comes with the checkpoint {checkpoint}{version}, because the "
        f"entry says {TRUST_CODE}. Look at the code, then agree with --trust, or with {TRUST_ALL}=1 in the environment "
        "of a batch job; on a terminal prism asks once",
        checkpoint=checkpoint,
        revision=revision,
    )


def remember(checkpoint: str, revision: str | None) -> None:
    """Remember that this version of a checkpoint may run its code.

    Raises:
        UserError: it cannot be written.
    """
    path = _path()
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with replacing(path) as draft:
        draft.write_bytes(orjson.dumps([*_trusted(), [checkpoint, revision]], option=orjson.OPT_INDENT_2))


def _trusted() -> list[list[str | None]]:
    try:
        content = orjson.loads(_path().read_bytes())
    except (OSError, orjson.JSONDecodeError):
        return []
    return content if isinstance(content, list) else []


def _path() -> Path:
    return user_data_dir() / "trusted-code.json"
