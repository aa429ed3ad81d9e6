"""Starts vLLM's engine in this process, and explains failed starts to the user."""

from __future__ import annotations

import multiprocessing
import os
import re
import signal
import threading
from contextlib import contextmanager
from multiprocessing import resource_tracker
from typing import TYPE_CHECKING, Any

from prism_engine.backends.vllm.checkpoints import local_folder
from prism_engine.backends.vllm.plugin import LOG, PARENT, end_log, log_vllm_to
from prism_engine.errors import ConfigError, DeadError, DependencyError, NotRunError
from prism_engine.similar_names import did_you_mean

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterator
    from pathlib import Path

    from prism_engine.config import VllmModel

DEFAULT_MAX_NUM_SEQS = 128
"""Default number of requests that the engine processes concurrently; the registry entry may override it."""

_DEFAULTS: dict[str, Any] = {
    "max_num_seqs": DEFAULT_MAX_NUM_SEQS,
    "seed": 0,
    "disable_log_stats": True,
    "limit_mm_per_prompt": {"video": 0, "audio": 0},  # only pictures are sent: reserve no memory for the others
}
_CPU_KV_CACHE = 2 << 30  # bytes; vLLM's own default on a CPU is 90 % of the machine's memory
_ENVIRONMENT = {
    "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    "TOKENIZERS_PARALLELISM": "true",
    "TRANSFORMERS_VERBOSITY": "error",
    "VLLM_NO_USAGE_STATS": "1",
}
_FAILURES = (
    *(ArithmeticError, AssertionError, AttributeError, ImportError, LookupError, OSError),
    *(RuntimeError, SyntaxError, TypeError, ValueError),
)
_HINTS = {
    r"out of memory|free memory|kv cache|gpu_memory_utilization|maximum number of tokens|max_model_len": (
        "Lower `max_model_len` or `max_num_seqs`, or set `gpu_memory_utilization` (a share of the GPU's memory), under "
        "`engine:` of this model."
    ),
    r"not found|no such file|repository|does not appear to have|not a valid model identifier|no config": (
        "Check `model:` and `revision:` of this model, and that this machine can read them."
    ),
    r"not supported|architecture|trust_remote_code": "This version of vLLM cannot run this model as configured.",
    r"num2words|ImportError|ModuleNotFoundError": "This model needs a package that is not installed here.",
}
_TAIL = 5  # lines
_POLL = 0.2  # seconds between two checks while a start is being aborted
_START_LOCK = threading.Lock()  # a start changes the environment, and vLLM has global state per process


class EngineStart:
    """One start of an engine, in a thread that must live as long as the engine.

    Args:
        spec: the model.
        log: file for everything that vLLM would print.
    """

    def __init__(self, spec: VllmModel, log: Path) -> None:
        self._spec = spec
        self.log = log
        self._handler: logging.Handler | None = None
        self._abandoned = threading.Event()
        self._ended = threading.Event()
        self._older_children: frozenset[int | None] | None = None

    def run(self) -> Any:
        """Return a running `AsyncLLM`; blocks for half a minute or more.

        Raises:
            DependencyError: vLLM cannot be imported.
            ConfigError: an engine option is unknown to vLLM.
            DeadError: the engine did not start; says why, and what may help.
            NotRunError: `abandon` was called meanwhile.
        """
        resource_tracker.ensure_running()  # before the next line, whose effect it would undo
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # inherited, so that no child ever receives Ctrl-C
        try:
            with _START_LOCK, _environment(self.log):
                return self._launch()
        finally:
            self._ended.set()

    def abandon(self) -> None:
        """Make `run` end soon, without waiting for it. Idempotent."""
        if self._abandoned.is_set():
            return
        self._abandoned.set()
        if self._older_children is not None:  # else `run` will see the event before it starts a child
            threading.Thread(target=self._kill_children, name="prism-vllm-abandon", daemon=True).start()

    def _launch(self) -> Any:
        self._handler = log_vllm_to(self.log)
        llm, failures = _import_vllm()
        from vllm.usage.usage_lib import UsageContext  # noqa: PLC0415 - heavy

        arguments = engine_arguments(self._spec)
        self._older_children = frozenset(child.pid for child in multiprocessing.active_children())
        try:
            if not self._abandoned.is_set():
                # As in vLLM's offline interface: batch sizes tuned for throughput, not latency.
                return llm.from_engine_args(arguments, usage_context=UsageContext.LLM_CLASS)
        except failures as error:
            if not self._abandoned.is_set():
                raise DeadError(_diagnosis(self._spec.model, error, self.log)) from error
        raise NotRunError("the engine was not started: the run is stopping")

    def _kill_children(self) -> None:
        """Kill the engine's processes until `run` has ended, because another one may be about to start."""
        while True:
            for child in multiprocessing.active_children():
                if child.name.startswith("EngineCore") and child.pid not in (self._older_children or ()):
                    child.kill()
            if self._ended.wait(_POLL):
                return

    def end_log(self) -> None:
        """Close the log file, so that it may be removed."""
        if self._handler is not None:
            end_log(self._handler)


def engine_arguments(spec: VllmModel) -> Any:
    """Return vLLM's `AsyncEngineArgs` for a model.

    Raises:
        ConfigError: an engine option is unknown to vLLM.
    """
    from vllm import AsyncEngineArgs  # noqa: PLC0415 - heavy
    from vllm.config.logging import LoggingConfig  # noqa: PLC0415 - heavy
    from vllm.platforms import current_platform  # noqa: PLC0415 - heavy

    known = AsyncEngineArgs.__dataclass_fields__
    for option in spec.engine:
        if option not in known:
            raise ConfigError(f"model {spec.model}: vLLM has no engine option {option!r}{did_you_mean(option, known)}")
    ours: dict[str, Any] = {
        "model": str(local_folder(spec.model) or spec.model),
        "revision": spec.revision,
        "logging_config": LoggingConfig(configure_logging=False),
    }
    if current_platform.is_cpu() and not os.environ.get("VLLM_CPU_KVCACHE_SPACE"):
        ours["kv_cache_memory_bytes"] = spec.engine.get("kv_cache_memory_bytes", _CPU_KV_CACHE)
    return AsyncEngineArgs(**_DEFAULTS | spec.engine | ours)


@contextmanager
def _environment(log: Path) -> Iterator[None]:
    """Set the environment variables that vLLM reads and passes to its children, while an engine starts."""
    ours = {name: value for name, value in _ENVIRONMENT.items() if name not in os.environ}
    ours |= {PARENT: str(os.getpid()), LOG: str(log)}
    ours["VLLM_WORKER_MULTIPROC_METHOD"] = "spawn"  # forking a process with threads may hang, and skips our plugin
    before = {name: os.environ.get(name) for name in ours}
    os.environ.update(ours)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _import_vllm() -> tuple[Any, tuple[type[Exception], ...]]:
    """Return the engine's class, and the exceptions that it may raise on a failed start."""
    try:
        from vllm.exceptions import VLLMError  # noqa: PLC0415 - heavy
        from vllm.v1.engine.async_llm import AsyncLLM  # noqa: PLC0415 - heavy
    except (ImportError, RuntimeError, OSError) as error:  # the last two: broken torch or CUDA libraries
        raise DependencyError(_not_importable(error)) from error
    return AsyncLLM, (*_FAILURES, VLLMError)


def _not_importable(error: Exception) -> str:
    mismatched = re.findall(r"torchvision|torchaudio|torchcodec", str(error))
    if mismatched:  # built for CUDA while torch is not, or for another version of torch
        return (
            f"vLLM cannot be imported: the installed {mismatched[0]} does not match the installed torch ({error}). "
            "Remove it with `pip uninstall torchvision torchaudio torchcodec`: text models and many vision-language "
            "models work without them."
        )
    return (
        f"This model needs vLLM, which cannot be imported ({error}). Install it with "
        "`pip install 'prism-engine[vllm]'` on a machine with a GPU, or with `pip install 'prism-engine[cpu]'` on one "
        "without."
    )


def _diagnosis(model: str, error: Exception, log: Path) -> str:
    """Explain why an engine did not start: vLLM's own error in this process only points to its child's output."""
    cause = str(error).strip() or type(error).__name__
    printed = log.read_text(encoding="utf-8", errors="replace") if log.is_file() else ""
    if "root cause" in cause and (raised := re.findall(r"^([\w.]+(?:Error|Exception): .+)$", printed, re.MULTILINE)):
        cause = raised[0]
    hint = next((f" {hint}" for pattern, hint in _HINTS.items() if re.search(pattern, cause, re.IGNORECASE)), "")
    tail = "".join(f"\n    {line}" for line in printed.splitlines()[-_TAIL:])
    return f"vLLM could not start {model}: {cause.rstrip('.')}.{hint}\nThe end of its log, {log}:{tail}"
