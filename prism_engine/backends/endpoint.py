"""Identity and backend of an `api` registry entry: someone else's endpoint, or a vLLM server of this run."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from prism_engine.backends.identity_facts import as_json
from prism_engine.backends.restarting import Restarting
from prism_engine.backends.vllm.checkpoints import checkpoint_facts
from prism_engine.backends.vllm.entry import option_facts
from prism_engine.config.request_headers import header_facts

if TYPE_CHECKING:
    from pathlib import Path

    from prism_engine.backends.base import Backend
    from prism_engine.backends.chat.paying import SupportsReserve
    from prism_engine.config import ApiModel


def identity_facts(spec: ApiModel, cache_dir: Path) -> dict[str, str]:
    """Return the model at its address, or the served checkpoint, with the request fields that shape answers.

    See `factory.BackendModule`.
    """
    if (server := spec.server) is None:
        facts = {"via": "api", "model": spec.model, "at": spec.identity or spec.base_url.partition("://")[2]}
    else:
        facts = {"via": "server", **dict(checkpoint_facts(server.model, server.revision, cache_dir=cache_dir))}
        facts |= option_facts(server.options)
    return facts | _request_facts(spec) | header_facts(spec.headers)


def build(name: str, spec: ApiModel, cache_dir: Path, budget: SupportsReserve | None) -> Backend:
    """Return a client of the endpoint, or of a server that its first call starts; see `factory.BackendModule`."""
    if (server := spec.server) is not None:
        from prism_engine.backends.vllm.managed_server import ServedApi  # noqa: PLC0415 - only the one in use

        log = cache_dir / "logs" / f"{name.replace('/', '_')}.log"
        return Restarting(lambda: ServedApi(spec, server, log))
    from prism_engine.backends.chat.api import ChatApi  # noqa: PLC0415 - see above
    from prism_engine.backends.chat.credentials import resolve_credentials  # noqa: PLC0415 - see above

    return ChatApi(spec, resolve_credentials(spec, os.environ), budget=budget, quotas=cache_dir / "limits.sqlite")


def _request_facts(spec: ApiModel) -> dict[str, str]:
    facts = {f"body.{key}": as_json(value) for key, value in spec.request_fields.items()}
    if not spec.send_sampling:
        facts["sampling"] = "the provider's"
    return facts
