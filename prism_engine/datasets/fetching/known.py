"""Fetches known benchmarks from their publisher or a mirror into VLMEvalKit's data folder."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from prism_engine.config.benchmarks import known_benchmark, known_benchmarks
from prism_engine.datasets import data_roots, list_benchmarks
from prism_engine.datasets.fetching.download import DownloadRequest, download
from prism_engine.datasets.fetching.part_file import file_digests
from prism_engine.errors import BackendError, ConfigError, UserError
from prism_engine.similar_names import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from prism_engine.config.benchmarks import CatalogueEntry
    from prism_engine.datasets.fetching.download import DownloadCallback

_HUB = "https://huggingface.co/"


class Fetched(NamedTuple):
    """A benchmark file in its final place."""

    name: str
    path: Path
    sha256: str
    came: str
    """Where it came from: a URL, or the path of a renamed file; empty if it was already there."""
    checked: bool
    """Whether the catalogue has a checksum, which was then verified."""


def fetch(
    name: str,
    *,
    mirror: str | None = None,
    folder: Path | None = None,
    force: bool = False,
    progress: DownloadCallback = lambda *_: None,
) -> Fetched:
    """Put a known benchmark's file into the data folder, unless it is already there.

    Args:
        name: a name or alias from the catalogue.
        mirror: another place to fetch from: a folder's URL, or a URL with `{name}`, `{file}` or `{path}`; by default
            `$PRISM_MIRROR`.
        folder: destination; by default `$LMUData` if it is a folder, else `~/LMUData`.
        force: download it even if it is there.
        progress: called after every chunk.

    Raises:
        ConfigError: no benchmark of that name is known, or it is not published.
        UserError: no source has the correct file, or the disk cannot be written; an existing file is left in place.
    """
    known = known_benchmark(name)
    if known is None:
        names = [entry.name for entry in known_benchmarks()]
        raise ConfigError(
            f"unknown benchmark {name!r}{did_you_mean(name, names) or ';'} `prism datasets list` lists them all"
        )
    if known.spec.url is None:
        raise ConfigError(f"{known.name} is not published: make it with `prism datasets make scenes`")
    target = (folder or _folder()) / f"{known.name}.tsv"
    if not force and (present := _already(known, target)) is not None:
        return present
    return _downloaded(known, target, _urls(known, mirror or os.environ.get("PRISM_MIRROR")), progress)


def missing(names: Sequence[str]) -> tuple[str, ...]:
    """Return those of these benchmarks that are known and published but not on this machine."""
    present = {listing.name for listing in list_benchmarks(data_roots(os.environ))}
    published = [known for name in names if (known := known_benchmark(name)) is not None and known.spec.url]
    return tuple(dict.fromkeys(known.name for known in published if not present & {known.name, *known.spec.aliases}))


def _folder() -> Path:
    roots = data_roots(os.environ)
    return next((root for root in roots if root.is_dir()), roots[-1])


def _already(known: CatalogueEntry, target: Path) -> Fetched | None:
    """The file if it is already there, perhaps under another name used by older versions of VLMEvalKit."""
    others = (str(known.spec.url).rsplit("/", 1)[-1], *(f"{alias}.tsv" for alias in known.spec.aliases))
    for path in (target, *(target.with_name(other) for other in others if "/" not in other)):
        if not path.is_file():
            continue
        md5, sha256 = file_digests(path)
        if known.spec.md5 == md5 or (known.spec.md5 is None and path == target):
            if path != target:
                path.replace(target)
            return Fetched(known.name, target, sha256, "" if path == target else str(path), known.spec.md5 is not None)
    return None


def _downloaded(known: CatalogueEntry, target: Path, urls: Sequence[str], progress: DownloadCallback) -> Fetched:
    refused = []
    for url in urls:
        try:
            digests = asyncio.run(download(DownloadRequest(url, target, known.spec.md5), progress))
        except BackendError as error:
            refused.append(str(error))
            continue
        _record(target, digests.sha256)
        return Fetched(known.name, target, digests.sha256, url, known.spec.md5 is not None)
    raise UserError(
        f"{known.name} cannot be fetched:\n  "
        + "\n  ".join(refused)
        + "\nGive a mirror (--mirror URL or PRISM_MIRROR=URL), or put the file there yourself, as "
        f"{target}. Rerun the same command to resume an interrupted download"
    )


def _urls(known: CatalogueEntry, mirror: str | None) -> tuple[str, ...]:
    url = str(known.spec.url)
    path = urlsplit(url).path.removeprefix("/")
    mirrors = []
    if mirror:
        pattern = mirror if "{" in mirror else mirror.rstrip("/") + "/{file}"
        named = {"{name}": known.name, "{file}": f"{known.name}.tsv", "{path}": path}
        for key, value in named.items():
            pattern = pattern.replace(key, value)
        mirrors.append(pattern)
    endpoint = os.environ.get("HF_ENDPOINT")
    if endpoint and url.startswith(_HUB):
        url = f"{endpoint.rstrip('/')}/{path}"
    return tuple(dict.fromkeys((*mirrors, url)))


def _record(target: Path, sha256: str) -> None:
    """Write the digest next to the file, in the format of `sha256sum --check`."""
    try:
        target.with_name(f"{target.name}.sha256").write_text(f"{sha256}  {target.name}\n", encoding="utf-8")
    except OSError as error:
        raise UserError(f"{target}: cannot write its SHA-256 next to it: {error.strerror}") from error
