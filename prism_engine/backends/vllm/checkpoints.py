"""Identity of a checkpoint: a digest of the local files that affect its output, or its commit on the hub."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from concurrent.futures import ThreadPoolExecutor
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import orjson

from prism_engine.errors import ConfigError, StoreError

SIDECAR = "checkpoints.json"
"""File in the cache folder that stores digests, so that weights are read only once."""

_RELEVANT = (
    *("*.safetensors", "*.bin", "*.pt", "*.pth", "*.gguf", "*.safetensors.index.json", "*.bin.index.json"),
    *("config*.json", "generation_config.json", "adapter_config.json", "params.json", "*quant*_config.json"),
    *("tokenizer*", "vocab*", "merges*", "*.model", "*.tiktoken", "added_tokens.json", "special_tokens_map.json"),
    *("*preprocessor_config.json", "processor_config.json", "video_processor*.json", "chat_template*", "*.jinja"),
    "*.py",
)
_IRRELEVANT = ("optimizer*", "scheduler*", "training_args.bin", "rng_state*", "trainer_state*", "scaler.pt")
_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+|[\w.-]+")
_COMMIT = re.compile(r"[0-9a-f]{40}")
_READERS = 4  # files hashed at once


def checkpoint_facts(model: str, revision: str | None, *, cache_dir: Path) -> tuple[tuple[str, str], ...]:
    """Return the identity of the weights and of all other files that affect the model's output.

    A folder gives `("weights", "sha256:...")`, independent of its path; a hub id gives `("hub", "org/name@commit")`.

    Args:
        model: a checkpoint's folder, or a hub id.
        revision: branch, tag or commit on the hub; None means `main`. Not used for a folder.
        cache_dir: where digests of files are stored by path, size and modification time.

    Raises:
        ConfigError: `model` is neither a checkpoint's folder nor a hub id, a file cannot be read, or the hub does not
            report the commit.
        StoreError: the digests cannot be stored.
    """
    if folder := local_folder(model):
        return (("weights", f"sha256:{_folder_digest(folder.resolve(), cache_dir / SIDECAR)}"),)
    if not _HUB_ID.fullmatch(model):
        raise ConfigError(f"model {model!r}: no such folder, and not a hub id such as org/name")
    return (("hub", f"{model}@{_commit(model, revision or 'main')}"),)


def local_folder(model: str) -> Path | None:
    """Return the folder that `model` names, with a leading `~` expanded, or None if it names none."""
    try:
        folder = Path(model).expanduser()
        return folder if model and folder.is_dir() else None
    except (OSError, RuntimeError):  # too long for a path, or the home of an unknown user
        return None


def template_text(template: str | None) -> str | None:
    """Return a chat template's text, read from its file if a path is given (Jinja has braces, a path has none).

    Raises:
        ConfigError: the file cannot be read.
    """
    if template is None or "{" in template:
        return template
    try:
        return Path(template).expanduser().read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"chat_template {template!r}: neither Jinja text nor a readable file") from error


def _folder_digest(folder: Path, sidecar: Path) -> str:
    """Return one hash of the names and contents of the files, in order of their names."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and _affects_output(path.relative_to(folder)))
    if not any(path.suffix in {".safetensors", ".bin", ".pt", ".pth", ".gguf"} for path in files):
        raise ConfigError(f"model {str(folder)!r}: the folder contains no weights (*.safetensors, *.bin, *.pt)")
    known = _read(sidecar)
    stamps = {path: _stamp(path) for path in files}
    fresh = [path for path in files if stamps[path] not in known]
    with ThreadPoolExecutor(_READERS) as pool:
        known |= {stamps[path]: digest for path, digest in zip(fresh, pool.map(_file_digest, fresh), strict=True)}
    if fresh:
        _write(sidecar, known)
    whole = hashlib.sha256()
    for path in files:
        whole.update(orjson.dumps([path.relative_to(folder).as_posix(), known[stamps[path]]]) + b"\n")
    return whole.hexdigest()


def _affects_output(path: Path) -> bool:
    """Whether a file (path relative to the checkpoint) can affect completions."""
    if any(part.startswith((".", "checkpoint-", "global_step")) or part == "__pycache__" for part in path.parts):
        return False
    return any(fnmatch(path.name, pattern) for pattern in _RELEVANT) and not any(
        fnmatch(path.name, irrelevant) for irrelevant in _IRRELEVANT
    )


def _stamp(path: Path) -> str:
    # The hub's cache links to immutable blobs: resolve the links, so that each blob is read only once.
    real = path.resolve()
    status = real.stat()
    return f"{real}|{status.st_size}|{status.st_mtime_ns}"


def _file_digest(path: Path) -> str:
    try:
        with path.open("rb", buffering=0) as file:
            return hashlib.file_digest(file, hashlib.sha256).hexdigest()
    except OSError as error:
        raise ConfigError(f"{path}: cannot read this file of the model ({error.strerror})") from error


def _read(sidecar: Path) -> dict[str, str]:
    """Return the stored digests; a missing or damaged file only costs another hashing."""
    try:
        stored = orjson.loads(sidecar.read_bytes())
    except (OSError, orjson.JSONDecodeError):
        return {}
    return stored if isinstance(stored, dict) else {}


def _write(sidecar: Path, digests: dict[str, str]) -> None:
    try:
        sidecar.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=sidecar.parent, prefix=f".{SIDECAR}-", delete=False) as file:
            file.write(orjson.dumps(digests, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS))
        Path(file.name).replace(sidecar)
    except OSError as error:
        raise StoreError(f"{sidecar}: cannot write this file ({error.strerror})") from error


def _commit(model: str, revision: str) -> str:
    if _COMMIT.fullmatch(revision):
        return revision
    reference = _hub_cache() / f"models--{model.replace('/', '--')}" / "refs" / revision
    try:
        return reference.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return _query_commit(model, revision)


def _hub_cache() -> Path:
    home = Path(os.environ.get("HF_HOME") or Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "huggingface")
    return Path(os.environ.get("HF_HUB_CACHE") or home / "hub").expanduser()


def _query_commit(model: str, revision: str) -> str:
    try:
        from huggingface_hub import HfApi  # noqa: PLC0415 - only for models not downloaded yet
        from huggingface_hub.errors import HfHubHTTPError  # noqa: PLC0415 - see above
    except ImportError as error:
        raise ConfigError(
            f"model {model!r}: no such folder, and without the package huggingface_hub the hub cannot be queried. "
            "Install `prism-engine[vllm]` or `prism-engine[cpu]`, or set `revision:` to the commit (40 hex digits)."
        ) from error
    # A lost connection raises an error of the HTTP library in use, which is a base of huggingface_hub's own error.
    connection_errors: tuple[Any, ...] = HfHubHTTPError.__bases__
    try:
        commit = HfApi().model_info(model, revision=revision, timeout=20).sha
    except (*connection_errors, OSError, ValueError) as error:
        raise ConfigError(
            f"model {model!r}: no such folder, and the hub did not report the commit of {revision!r} "
            f"({str(error).splitlines()[0] if str(error) else type(error).__name__}). Check the name, or set "
            "`revision:` to the commit (40 hex digits)."
        ) from error
    if not commit:
        raise ConfigError(f"model {model!r}: the hub did not report the commit of {revision!r}")
    return commit
