"""Identity and backend of a `vllm` registry entry, and the identity of vLLM options in general."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from prism_engine.backends.identity_facts import as_json, digest
from prism_engine.backends.restarting import Restarting
from prism_engine.backends.vllm.checkpoints import checkpoint_facts, template_text

if TYPE_CHECKING:
    from prism_engine.backends.base import Backend
    from prism_engine.config import VllmModel

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


def identity_facts(spec: VllmModel, cache_dir: Path) -> dict[str, str]:
    """Return the checkpoint, and the options that affect its completions; see `factory.BackendModule`."""
    facts = {"via": "vllm", **dict(checkpoint_facts(spec.model, spec.revision, cache_dir=cache_dir))}
    facts |= option_facts(spec.engine)
    if (template := template_text(spec.chat_template)) is not None:
        facts["chat_template"] = digest(template)
    return facts


def build(_name: str, spec: VllmModel, _cache_dir: Path, _budget: object) -> Backend:
    """Return an engine in this process, which its first call starts; see `factory.BackendModule`."""
    from prism_engine.backends.vllm.engine import VllmEngine  # noqa: PLC0415 - not needed to identify the model

    return Restarting(lambda: VllmEngine(spec))


def option_facts(options: dict[str, Any]) -> dict[str, str]:
    """Return the vLLM options that affect completions, as identity facts."""
    named = {key.replace("-", "_"): value for key, value in options.items()}
    return {f"option.{key}": _option(key, value) for key, value in named.items() if key not in OPERATIONAL_OPTIONS}


def _option(key: str, value: object) -> str:
    """Return an option's contribution to the identity; for a file, its content and not its path."""
    if key == "chat_template" and isinstance(value, str):
        return digest(template_text(value) or "")
    if not isinstance(value, str):
        return as_json(value)
    try:
        return f"sha256:{hashlib.sha256(Path(value).expanduser().read_bytes()).hexdigest()}"
    except (OSError, RuntimeError, ValueError):  # an ordinary value, not a file
        return as_json(value)
