"""Checks this machine's readiness for a run: one finding per part, each with a fix."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from prism_engine.api.build.parts import STORE_NAME
from prism_engine.api.runs.loops import run_blocking
from prism_engine.backends.chat.api import probe
from prism_engine.backends.chat.credentials import resolve_credentials
from prism_engine.cache import Store, stats
from prism_engine.config import ApiModel
from prism_engine.errors import BackendError, ConfigError, StoreError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from prism_engine.backends.chat.credentials import Credentials
    from prism_engine.config import Registry

State = Literal["ok", "note", "bad"]

_IMPORT_SECONDS = 180
_GPU_PROBE = """
import torch
if torch.cuda.is_available():
    for number in range(torch.cuda.device_count()):
        card = torch.cuda.get_device_properties(number)
        print(f"{card.name}, {card.total_memory / 2**30:.0f} GiB")
else:
    print("none; vLLM runs on the CPU here")
"""


@dataclass(frozen=True)
class Check:
    """One finding."""

    name: str
    state: State
    """ok; note: matters only if a run needs it; bad: a run would fail."""
    detail: str


def diagnose(registry: Registry, cache_dir: Path, *, network: bool = True) -> Iterator[Check]:
    """Yield findings as they are made. Heavy packages are imported in a child process.

    Args:
        network: ask the endpoints whose key is set (or that need none) for their models.
    """
    yield Check("python", "ok", f"{platform.python_version()} at {sys.executable}")
    yield _module("torch", "import torch; print(torch.__version__)", "bad")
    yield _module("GPU", _GPU_PROBE, "note")
    yield _companion("torchvision", "LLaVA, Qwen-VL and InternVL models do not load")
    yield _companion("torchaudio", "some speech models do not load")
    yield _companion("torchcodec", "video models do not load")
    yield _module("transformers", "import transformers; print(transformers.__version__)", "bad")
    yield _module("vllm", "import vllm, vllm.v1.engine.async_llm; print(vllm.__version__)", "bad")
    yield _cache(cache_dir)
    yield from _endpoints(registry, network=network)


def _module(name: str, script: str, when_missing: State) -> Check:
    done = _python(script)
    if done.returncode == 0:
        return Check(name, "ok", "; ".join(done.stdout.split("\n")[-4:]).strip("; "))
    reason = (done.stderr.strip().splitlines() or ["it exited with no error message"])[-1]
    return Check(name, when_missing, f"{reason}. Install with: pip install 'prism-engine[vllm]' (NVIDIA) or [cpu]")


def _companion(name: str, without: str) -> Check:
    """Check an optional package that breaks vLLM when its build does not match torch's."""
    if _python(f"import importlib.util as u, sys; sys.exit(u.find_spec({name!r}) is None)").returncode:
        return Check(name, "note", f"not installed; without it {without}")
    done = _python(f"import {name}; print({name}.__version__)")
    if done.returncode == 0:
        return Check(name, "ok", done.stdout.strip())
    reason = "installed, but does not match this torch build, so vLLM cannot be imported"
    return Check(name, "bad", f"{reason}. Remove it with: pip uninstall {name}")


def _python(script: str) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(  # noqa: S603 - our own interpreter on our own text
            [sys.executable, "-c", script], capture_output=True, text=True, timeout=_IMPORT_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess([], 1, "", f"no answer within {_IMPORT_SECONDS} s")


def _cache(cache_dir: Path) -> Check:
    path = cache_dir / STORE_NAME
    try:
        with Store(path, read_only=True) as store:
            rows = stats(store).rows
    except StoreError as error:
        return Check("cache", "bad", str(error))
    writable = os.access(next(folder for folder in (cache_dir, *cache_dir.parents) if folder.is_dir()), os.W_OK)
    if not writable:
        return Check("cache", "bad", f"{cache_dir}: not writable; pass --cache-dir or set PRISM_CACHE")
    return Check("cache", "ok", f"{path}: {rows:,} completions")


def _endpoints(registry: Registry, *, network: bool) -> Iterator[Check]:
    """Check each endpoint once per URL and key, with the registered models that use it."""
    groups: dict[tuple[str, str | None, str], list[tuple[str, ApiModel]]] = {}
    for name, spec in registry:
        if isinstance(spec, ApiModel) and spec.server is None:
            groups.setdefault((spec.base_url, spec.api_key_env, repr(spec.headers)), []).append((name, spec))
    for (url, _, _), members in sorted(groups.items(), key=lambda group: group[0][0]):
        names = ", ".join(name for name, _ in members)
        spec = members[0][1]
        try:
            credentials = resolve_credentials(spec, os.environ)
        except ConfigError as error:
            yield Check(url, "note", f"{error}, to use {names}")
            continue
        if not network:
            found = "needs no key" if spec.key_variable is None else "key found"
            yield Check(url, "ok", f"{found}; not contacted ({names})")
            continue
        yield _endpoint(url, spec, credentials, [(name, member.model) for name, member in members])


def _endpoint(url: str, spec: ApiModel, credentials: Credentials, registered: list[tuple[str, str]]) -> Check:
    try:
        served = set(run_blocking(probe(spec, credentials)))
    except BackendError as error:
        return Check(url, "note", str(error))
    absent = [name for name, model in registered if model not in served]
    if absent:
        return Check(url, "note", f"responds, but does not list the models of: {', '.join(absent)}")
    return Check(url, "ok", f"responds, and serves {', '.join(name for name, _ in registered)}")
