"""Fetch known benchmarks: from where they are published or a mirror, into the folder where VLMEvalKit keeps them."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

from prism_engine.config.benchmarks import known_benchmark, known_benchmarks
from prism_engine.config.yaml_files import nearest
from prism_engine.datasets import data_roots, list_benchmarks
from prism_engine.datasets.fetching.download import DownloadRequest, download
from prism_engine.datasets.fetching.part_file import file_digests
from prism_engine.errors import BackendError, ConfigError, UserError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from prism_engine.config.benchmarks import CatalogueEntry
    from prism_engine.datasets.fetching.download import DownloadCallback

_HUB = "https://huggingface.co/"


class Fetched(NamedTuple):
    """A benchmark's file that is in its place."""

    name: str
    path: Path
    sha256: str
    came: str
    """From where: a URL, the file that was moved, or nothing where it was here already."""
    checked: bool
    """Whether the catalogue's checksum was there to compare with."""


def fetch(
    name: str,
    *,
    mirror: str | None = None,
    folder: Path | None = None,
    force: bool = False,
    progress: DownloadCallback = lambda *_: None,
) -> Fetched:
    """Put a known benchmark's file into the folder for benchmarks, unless it is there already.

    Args:
        name: of the catalogue, or an alias.
        mirror: where its file lies too: a folder's URL, or one with `{name}`, `{file}` or `{path}`. Without it,
            `$PRISM_MIRROR`.
        folder: where it goes; without it `$LMUData`, where that is a folder, else `~/LMUData`.
        force: download it even if it is there.
        progress: told of every piece.

    Raises:
        ConfigError: nobody knows a benchmark of that name, or it is not published.
        UserError: no place has the right file, or the disk refuses; what was there before is still there.
    """
    known = known_benchmark(name)
    if known is None:
        names = [one.name for one in known_benchmarks()]
        raise ConfigError(f"no benchmark {name!r} is known{nearest(name, names)}; `prism datasets list` names all")
    if known.spec.url is None:
        raise ConfigError(f"{known.name} is published nowhere: make it with `prism datasets make scenes`")
    target = (folder or _folder()) / f"{known.name}.tsv"
    if not force and (here := _already(known, target)) is not None:
        return here
    return _downloaded(known, target, _urls(known, mirror or os.environ.get("PRISM_MIRROR")), progress)


def missing(names: Sequence[str]) -> tuple[str, ...]:
    """Those of these benchmarks that are known, and published, and not on this machine."""
    here = {listing.name for listing in list_benchmarks(data_roots(os.environ))}
    found = [known for name in names if (known := known_benchmark(name)) is not None and known.spec.url]
    return tuple(dict.fromkeys(known.name for known in found if not here & {known.name, *known.spec.aliases}))


def _folder() -> Path:
    roots = data_roots(os.environ)
    return next((root for root in roots if root.is_dir()), roots[-1])


def _already(known: CatalogueEntry, target: Path) -> Fetched | None:
    """The file that is in its place, or was under another name, as older versions of VLMEvalKit left it."""
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
        f"{target}. The same command goes on where a download was cut"
    )


def _urls(known: CatalogueEntry, mirror: str | None) -> tuple[str, ...]:
    url = str(known.spec.url)
    path = urlsplit(url).path.removeprefix("/")
    places = []
    if mirror:
        pattern = mirror if "{" in mirror else mirror.rstrip("/") + "/{file}"
        named = {"{name}": known.name, "{file}": f"{known.name}.tsv", "{path}": path}
        for key, value in named.items():
            pattern = pattern.replace(key, value)
        places.append(pattern)
    endpoint = os.environ.get("HF_ENDPOINT")
    if endpoint and url.startswith(_HUB):
        url = f"{endpoint.rstrip('/')}/{path}"
    return tuple(dict.fromkeys((*places, url)))


def _record(target: Path, sha256: str) -> None:
    """Keep the digest beside the file, as `sha256sum --check` reads it."""
    try:
        target.with_name(f"{target.name}.sha256").write_text(f"{sha256}  {target.name}\n", encoding="utf-8")
    except OSError as error:
        raise UserError(f"{target}: its SHA-256 cannot be written beside it: {error.strerror}") from error
