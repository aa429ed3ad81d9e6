"""The benchmark catalogue: answer kind, download address and contents of each known benchmark."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Annotated, NamedTuple

from pydantic import Field, TypeAdapter

from prism_engine.config.bounds import PositiveInt  # noqa: TC001 - pydantic reads annotations
from prism_engine.config.frozen import Frozen
from prism_engine.config.yaml_files import read_yaml, validated
from prism_engine.records import AnswerKind  # noqa: TC001 - pydantic reads it


class BenchmarkSpec(Frozen):
    """A catalogue entry: what is known about a benchmark before its file is downloaded."""

    kind: AnswerKind
    """The form of the answers, which selects the scorer; for example `choice` or `vqa`."""
    measures: str
    """What the benchmark measures, in a few words."""
    aliases: tuple[str, ...] = ()
    """Other names that select this benchmark; case is ignored."""
    url: Annotated[str, Field(pattern=r"^https://")] | None = None
    """The https:// address of its file; None if it is not published."""
    md5: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")] | None = None
    """MD5 checksum of the file at `url` (32 hex digits); None if unknown."""
    rows: PositiveInt | None = None
    """Number of rows with a picture; None if unknown."""
    rows_verified: bool = False
    """Whether `rows` was counted in the file; otherwise it is a published number that was not checked."""
    answers: bool = True
    """Whether the file contains the correct answers; False for test splits meant for submission."""
    images: str | None = None
    """The subfolder of `images/` with the pictures that the file refers to; None means the benchmark's own name."""
    question: str | None = None
    """The question for every row of a file that has no questions."""
    licence: str | None = None
    """The licence of the data; None if unknown."""
    homepage: str | None = None
    """The address of the benchmark's web page."""


class KindRule(Frozen):
    """A rule that derives the answer kind of an unlisted benchmark from its name."""

    pattern: str
    """A regular expression that is searched for in the lower-cased name."""
    kind: AnswerKind
    """The answer kind of matching benchmarks."""


class _File(Frozen):
    kinds: tuple[KindRule, ...]
    benchmarks: dict[str, BenchmarkSpec]


class CatalogueEntry(NamedTuple):
    """A benchmark in the catalogue."""

    name: str
    spec: BenchmarkSpec


def answer_kind(name: str) -> AnswerKind | None:
    """Return the answer kind of the benchmark with that name; None if neither the catalogue nor a rule knows it."""
    if known := known_benchmark(name):
        return known.spec.kind
    return next((rule.kind for rule in _catalogue().kinds if re.search(rule.pattern, name.lower())), None)


def known_benchmark(name: str) -> CatalogueEntry | None:
    """Return the benchmark with that name or alias, ignoring case; None if it is not in the catalogue."""
    return _by_name().get(name.lower())


def known_benchmarks() -> tuple[CatalogueEntry, ...]:
    """Return the whole catalogue, in file order."""
    return tuple(CatalogueEntry(name, spec) for name, spec in _catalogue().benchmarks.items())


@cache
def _by_name() -> dict[str, CatalogueEntry]:
    entries = known_benchmarks()
    aliases = {alias.lower(): entry for entry in entries for alias in entry.spec.aliases}
    return aliases | {entry.name.lower(): entry for entry in entries}


@cache
def _catalogue() -> _File:
    path = shipped_catalogue()
    return validated(TypeAdapter(_File), read_yaml(path), str(path))


def shipped_catalogue() -> Path:
    """Return the path of the catalogue file: next to this module when installed, in `configs/` in a checkout."""
    installed = Path(__file__).with_name("benchmarks.yaml")
    return installed if installed.is_file() else Path(__file__).parents[2] / "configs" / "benchmarks.yaml"
