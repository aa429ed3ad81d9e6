"""Builds model identities and backends from registry entries."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson

from prism_engine.backends.restarting import Restarting
from prism_engine.backends.vllm.checkpoints import checkpoint_facts, template_text
from prism_engine.config import ApiModel, ScriptedModel, VllmModel
from prism_engine.errors import ConfigError
from prism_engine.records import ModelIdentity

if TYPE_CHECKING:
    from prism_engine.backends.base import Backend
    from prism_engine.backends.chat.paying import SupportsReserve
    from prism_engine.config import ModelSpec

OPERATIONAL_OPTIONS = frozenset(
    {
        "allowed_local_media_path",
        "block_size",
        "compilation_config",
        "cpu_offload_gb",
        "data_parallel_size",
        "disable_log_stats",
        "distributed_executor_backend",
        "download_dir",
        "enable_chunked_prefill",
        "enable_prefix_caching",
        "enforce_eager",
        "gpu_memory_utilization",
        "limit_mm_per_prompt",
        "max_num_batched_tokens",
        "max_num_seqs",
        "mm_processor_cache_gb",
        "pipeline_parallel_size",
        "renderer_num_workers",
        "swap_space",
        "tensor_parallel_size",
    }
)
"""vLLM options that affect the speed of a completion, not its text. All others are part of the model's identity.

`max_model_len` is not one of them: a completion that the context window cut would differ in a longer window.
"""


def identify_model(name: str, spec: ModelSpec, cache_dir: Path) -> ModelIdentity:
    """Return the model's identity. Needs neither the engine nor an API key nor, for local weights, a network.

    Raises:
        ConfigError: a checkpoint is neither a folder nor a hub id whose commit can be determined.
    """
    match spec:
        case VllmModel():
            facts = {"via": "vllm", **dict(checkpoint_facts(spec.model, spec.revision, cache_dir=cache_dir))}
            facts |= _shaping(spec.engine)
            if (template := template_text(spec.chat_template)) is not None:
                facts["chat_template"] = _digest(template)
        case ApiModel(server=None):
            facts = {"via": "api", "model": spec.model, "at": spec.identity or spec.base_url.partition("://")[2]}
            facts |= _request_facts(spec)
        case ApiModel(server=server):
            assert server is not None
            facts = {"via": "server", **dict(checkpoint_facts(server.model, server.revision, cache_dir=cache_dir))}
            facts |= _shaping(server.options) | _request_facts(spec)
        case ScriptedModel():
            facts = {
                "via": "script",
                "replies": _digest(_json(spec.replies)),
                "failure_rate": str(spec.failure_rate),
            }
    return ModelIdentity(name, tuple(sorted(facts.items())))


def pinned(spec: ModelSpec, identity: ModelIdentity) -> ModelSpec:
    """Return the entry with the hub commit of the identity as its revision, so that no other commit is loaded later."""
    _, _, commit = dict(identity.facts).get("hub", "").partition("@")
    if not commit:
        return spec
    if isinstance(spec, ApiModel) and spec.server is not None:
        return spec.model_copy(update={"server": spec.server.model_copy(update={"revision": commit})})
    return spec.model_copy(update={"revision": commit})


def build_backend(name: str, spec: ModelSpec, cache_dir: Path, budget: SupportsReserve | None = None) -> Backend:
    """Return the backend of a registry entry; whatever only calls need is started and imported later.

    Args:
        budget: pays for the requests of an API.

    Raises:
        ConfigError: the API key is neither in the environment nor in `.env`.
    """
    match spec:
        case VllmModel():
            from prism_engine.backends.vllm.engine import VllmEngine  # noqa: PLC0415 - import only the backend in use

            return Restarting(lambda: VllmEngine(spec))
        case ApiModel():
            if spec.server is not None:
                from prism_engine.backends.vllm.managed_server import ServedApi  # noqa: PLC0415 - see above

                log = cache_dir / "logs" / f"{name.replace('/', '_')}.log"
                server = spec.server
                return Restarting(lambda: ServedApi(spec, server, log))
            from prism_engine.backends.chat.api import ChatApi  # noqa: PLC0415 - see above
            from prism_engine.backends.chat.api_key import resolve_api_key  # noqa: PLC0415 - see above

            key = resolve_api_key(spec, os.environ)
            return ChatApi(spec, key, budget=budget, quotas=cache_dir / "limits.sqlite")
        case ScriptedModel():
            from prism_engine.backends.scripted import Scripted  # noqa: PLC0415 - see above

            return Scripted(spec)


def _shaping(options: dict[str, Any]) -> dict[str, str]:
    named = {key.replace("-", "_"): value for key, value in options.items()}
    return {f"option.{key}": _option(key, value) for key, value in named.items() if key not in OPERATIONAL_OPTIONS}


def _option(key: str, value: object) -> str:
    """Return an option's contribution to the identity; for a file, its content and not its path."""
    if key == "chat_template" and isinstance(value, str):
        return _digest(template_text(value) or "")
    if not isinstance(value, str):
        return _json(value)
    try:
        return f"sha256:{hashlib.sha256(Path(value).expanduser().read_bytes()).hexdigest()}"
    except (OSError, RuntimeError, ValueError):  # an ordinary value, not a file
        return _json(value)


def _request_facts(spec: ApiModel) -> dict[str, str]:
    facts = {f"body.{key}": _json(value) for key, value in spec.extra_body.items()}
    if not spec.send_sampling:
        facts["sampling"] = "the provider's"
    return facts


def _json(value: object) -> str:
    try:
        return orjson.dumps(value, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS).decode()
    except orjson.JSONEncodeError as error:
        raise ConfigError(f"{value!r} is not allowed in a model's registry entry: {error}") from error


def _digest(text: str) -> str:
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
