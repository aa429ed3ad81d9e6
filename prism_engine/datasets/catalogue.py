"""Finds benchmark files by name in VLMEvalKit's data folders."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from prism_engine.config.benchmarks import known_benchmark, known_benchmarks
from prism_engine.config.file_types import BENCHMARK_FILES, MAPPING_FILES, UNLISTED_FILES, is_file, one_of
from prism_engine.datasets.tsv import LOCAL
from prism_engine.errors import ConfigError
from prism_engine.similar_names import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from prism_engine.config.benchmarks import CatalogueEntry


class Listing(NamedTuple):
    """A benchmark file on this machine."""

    name: str
    path: Path
    size: int
    """Bytes."""


def data_roots(env: Mapping[str, str]) -> tuple[Path, ...]:
    """Return the folders to search, in order: `$LMUData`, then `~/LMUData`."""
    default = Path.home() / "LMUData"
    named = env.get("LMUData")
    return tuple(dict.fromkeys((Path(named).expanduser(), default) if named else (default,)))


def find_benchmark(name_or_path: str, roots: Sequence[Path]) -> Path:
    """Return a benchmark's file, given its name (an alias, in any case) or a path.

    Raises:
        ConfigError: there is no such file; says how to fetch a known benchmark, else suggests similar names, and lists
            the folders searched.
    """
    path = Path(name_or_path).expanduser()
    if path.suffix.lower() in (*BENCHMARK_FILES, *UNLISTED_FILES, *MAPPING_FILES) and is_file(path):
        return path
    bare = len(path.parts) == 1
    folders = tuple(roots) if bare else (path.parent,)
    searched = (Path(), *folders) if bare and path.suffix else folders  # the current folder has files, not names
    name = path.stem if path.suffix.lower() in BENCHMARK_FILES else path.name
    listed = {listing.name: listing.path for listing in list_benchmarks(folders)}
    known = known_benchmark(name) if bare else None
    for alias in (name, *((known.name, *known.spec.aliases) if known else ())):
        if bare and alias in listed:
            return listed[alias]
    mappings = [folder / f"{path.name}{suffix}" for folder in folders for suffix in MAPPING_FILES] if bare else []
    if mapping := next((mapping for mapping in mappings if is_file(mapping)), None):
        return mapping
    if known is not None:
        raise ConfigError(_how_to_get(known, searched))
    if Path(name_or_path).expanduser().is_dir():
        raise ConfigError(
            f"{name_or_path!r} is a folder, not a benchmark's file: give the path of a "
            f"{one_of(BENCHMARK_FILES.values())} file or of a mapping (YAML) in it"
        )
    if path.is_file():
        readable = one_of((*BENCHMARK_FILES.values(), *UNLISTED_FILES.values()))
        raise ConfigError(
            f"{name_or_path}: prism reads no {path.suffix or 'such'} file as a benchmark; save it as a {readable} file"
        )
    listed |= {listing.path.name: listing.path for listing in list_benchmarks((Path(),))}  # suggestions only
    names = (*listed, *(entry.name for entry in known_benchmarks() if bare))
    raise ConfigError(
        f"no benchmark {name_or_path!r}{did_you_mean(name, set(names)) or '.'} Searched: {_searched(searched)}. Give "
        f"the path of a {one_of(BENCHMARK_FILES.values())} file or of a mapping (YAML), put <name>.tsv into one of "
        "these folders, or use a name from `prism datasets list`"
    )


def list_benchmarks(roots: Sequence[Path]) -> tuple[Listing, ...]:
    """Return the benchmark files in these folders, sorted by name; the first folder wins if a name occurs twice.

    Missing folders are skipped. If a benchmark's original file is gone, the copy whose pictures VLMEvalKit extracted
    (`<name>_local.tsv`) is used instead.
    """
    found: dict[str, Listing] = {}
    for root in roots:
        paths = [path for suffix in BENCHMARK_FILES for path in sorted(root.glob(f"*{suffix}")) if path.is_file()]
        paths.sort(key=lambda path: path.stem.endswith(LOCAL))
        for path in paths:
            name = path.stem.removesuffix(LOCAL) if path.suffix == ".tsv" else path.stem
            found.setdefault(name, Listing(name, path, path.stat().st_size))
    return tuple(found[name] for name in sorted(found))


def _how_to_get(known: CatalogueEntry, folders: Sequence[Path]) -> str:
    name = known.name
    if known.spec.url is None:
        return (
            f"{name} is not on this machine (searched: {_searched(folders)}): make it with `prism datasets make "
            "scenes`, then give the file's path"
        )
    rows = f"{known.spec.rows:,} rows; " if known.spec.rows else ""
    return (
        f"{name} ({rows}{known.spec.measures}) is not on this machine yet: get it with `prism datasets fetch {name}`, "
        f"or add --fetch to `prism run`. Searched: {_searched(folders)}"
    )


def _searched(folders: Sequence[Path]) -> str:
    whole = dict.fromkeys(folder.absolute() for folder in folders)
    return ", ".join(f"{folder}{'' if folder.is_dir() else ' (no such folder)'}" for folder in whole) or "nowhere"
