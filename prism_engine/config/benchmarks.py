"""Benchmarks by name: what a right answer is in those that prism knows, where their files lie and what is in them."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Annotated, NamedTuple

from pydantic import Field, PositiveInt, TypeAdapter

from prism_engine.config.models import Frozen
from prism_engine.config.yaml_files import read_yaml, validated
from prism_engine.records import AnswerKind  # noqa: TC001 - pydantic reads it


class BenchmarkSpec(Frozen):
    """What is known of a benchmark before its file is here."""

    kind: AnswerKind
    measures: str
    """What it is good for, in a few words."""
    aliases: tuple[str, ...] = ()
    url: Annotated[str, Field(pattern=r"^https://")] | None = None
    """Where its file lies; None for one that nobody publishes."""
    md5: Annotated[str, Field(pattern=r"^[0-9a-f]{32}$")] | None = None
    """Of the file at `url`; None where it is not known."""
    rows: PositiveInt | None = None
    """Rows with a picture."""
    rows_verified: bool = False
    """Whether somebody counted them; else the number is hearsay."""
    answers: bool = True
    """Whether the file carries the right answers."""
    images: str | None = None
    """The folder below `images/` with the pictures that its file names; None for the benchmark's own name."""
    question: str | None = None
    """What is asked in every row of a file without questions."""
    licence: str | None = None
    homepage: str | None = None


class KindRule(Frozen):
    """What a name says that is not listed."""

    pattern: str
    """A regular expression, searched for in the lower-cased name."""
    kind: AnswerKind


class _File(Frozen):
    kinds: tuple[KindRule, ...]
    benchmarks: dict[str, BenchmarkSpec]


class CatalogueEntry(NamedTuple):
    """A benchmark of the catalogue."""

    name: str
    spec: BenchmarkSpec


def answer_kind(name: str) -> AnswerKind | None:
    """Return what a right answer is in the benchmark of that name; None where the name says nothing."""
    if known := known_benchmark(name):
        return known.spec.kind
    return next((rule.kind for rule in _catalogue().kinds if re.search(rule.pattern, name.lower())), None)


def known_benchmark(name: str) -> CatalogueEntry | None:
    """Return the benchmark of that name or alias, whatever its capitals; None where the catalogue has none."""
    return _by_name().get(name.lower())


def known_benchmarks() -> tuple[CatalogueEntry, ...]:
    """Return the whole catalogue, in its order."""
    return tuple(CatalogueEntry(name, spec) for name, spec in _catalogue().benchmarks.items())


@cache
def _by_name() -> dict[str, CatalogueEntry]:
    found = known_benchmarks()
    aliases = {alias.lower(): known for known in found for alias in known.spec.aliases}
    return aliases | {known.name.lower(): known for known in found}


@cache
def _catalogue() -> _File:
    path = shipped_catalogue()
    return validated(TypeAdapter(_File), read_yaml(path), str(path))


def shipped_catalogue() -> Path:
    """Return the catalogue's file: beside this module when installed, `configs/` in a checkout."""
    installed = Path(__file__).with_name("benchmarks.yaml")
    return installed if installed.is_file() else Path(__file__).parents[2] / "configs" / "benchmarks.yaml"
