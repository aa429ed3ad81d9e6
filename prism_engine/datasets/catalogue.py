"""Finding benchmark files by name in the folders where VLMEvalKit keeps them."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from prism_engine.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class Listing(NamedTuple):
    """A benchmark file that was found."""

    name: str
    path: Path
    size: int
    """Bytes."""


def data_roots(env: Mapping[str, str]) -> tuple[Path, ...]:
    """The folders that are searched, first ones first: `LMUData` of the environment, then `~/LMUData`."""
    default = Path.home() / "LMUData"
    named = env.get("LMUData")
    return tuple(dict.fromkeys((Path(named).expanduser(), default) if named else (default,)))


def find_benchmark(name_or_path: str, roots: Sequence[Path]) -> Path:
    """The file of a benchmark that is named, or given as the path of a TSV file.

    Raises:
        ConfigError: there is no such file; names the nearest ones and the folders searched.
    """
    path = Path(name_or_path).expanduser()
    if path.suffix.lower() == ".tsv" and path.is_file():
        return path
    bare = len(path.parts) == 1
    folders = tuple(roots) if bare else (path.parent,)
    name = path.stem if path.suffix.lower() == ".tsv" else path.name
    listed = {listing.name: listing.path for listing in list_benchmarks(folders)}
    if bare and name in listed:
        return listed[name]
    listed |= {listing.path.name: listing.path for listing in list_benchmarks((Path(),))}  # only to suggest
    near = difflib.get_close_matches(name.lower(), [known.lower() for known in listed], n=3)
    nearest = ", ".join(known for known in listed if known.lower() in near)
    searched = ", ".join(f"{folder}{'' if folder.is_dir() else ' (no such folder)'}" for folder in folders)
    raise ConfigError(
        f"no benchmark {name_or_path!r}"
        + (f"; did you mean {nearest}?" if nearest else ".")
        + f" Searched: {searched or 'nowhere'}. Give the path of a TSV file, or put <name>.tsv into such a folder"
    )


def list_benchmarks(roots: Sequence[Path]) -> tuple[Listing, ...]:
    """The TSV files in these folders by name; of files with one name, the one in the first folder.

    Folders that do not exist hold nothing.
    """
    found: dict[str, Listing] = {}
    for root in roots:
        for path in root.glob("*.tsv"):
            if path.is_file():
                found.setdefault(path.stem, Listing(path.stem, path, path.stat().st_size))
    return tuple(found[name] for name in sorted(found))
