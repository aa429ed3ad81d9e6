"""Mapping files, which turn records of a Hugging Face dataset or of local files into benchmark rows."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - pydantic reads it
from typing import Literal, Self

from pydantic import TypeAdapter, field_validator, model_validator

from prism_engine.config.file_types import RECORD_FILES, one_of
from prism_engine.config.frozen import Frozen
from prism_engine.config.yaml_files import read_yaml, validated
from prism_engine.errors import ConfigError
from prism_engine.records import AnswerKind  # noqa: TC001 - pydantic reads it

Field = str | tuple[str, ...] | dict[str, str]


class Mapping(Frozen):
    """A mapping file: the source of the records, and the field for each column."""

    dataset: str | tuple[str, ...]
    """A dataset on the hub (`org/name`), a folder written by `save_to_disk`, or JSONL and Parquet files
    (`[a.jsonl, b.parquet]`, `data/*.parquet`). Relative paths are resolved from the mapping's folder."""
    columns: dict[str, Field]
    """The benchmark's columns, each with the field that fills it; `meta.source` means a nested field. `question` is
    required; `image` may list more than one field, and a benchmark of text needs none. `options` is a field that
    contains all of them (a list or a dictionary, also as text, as in MMMU), a list of fields, or letters with a field
    each (`{A: first, B: second}`). Any other column is kept for the scorer."""
    subset: str | None = None
    """The dataset's configuration on the hub, if it has more than one."""
    split: str | None = None
    """The split of a dataset, for example `test`; not for files."""
    revision: str | None = None
    """The version of a dataset on the hub: a tag or a commit. None uses the latest one."""
    name: str | None = None
    """The benchmark's name in results; None uses the name of the mapping file."""
    kind: AnswerKind | None = None
    """The answer kind, which selects the scorer; None derives it from the name or the rows."""
    answer_is: Literal["written", "position", "number", "text", "yes_no"] = "written"
    """The form of the correct answer in the records: `written` (as it is: a letter or a text), `position` (an option's
    number from 0), `number` (an option's number from 1), `text` (an option's text), or `yes_no` (true or false)."""
    empty: tuple[str, ...] = ()
    """Words that stand for an empty value in any field: `[nan, "?"]`."""
    images: Path | None = None
    """The folder of the picture files that records refer to by name; None uses the folder of the data or of the
    mapping."""

    @field_validator("empty", mode="before")
    @classmethod
    def _read_words(cls, words: object) -> object:
        """Take YAML's own empty value, and numbers such as -1, for the words that they are."""
        listed = words if isinstance(words, list | tuple) else [words]
        return tuple("null" if word is None else word if isinstance(word, str) else f"{word}" for word in listed)

    @model_validator(mode="after")
    def _check_columns(self) -> Self:
        if "question" not in self.columns:
            raise ConfigError("columns: 'question' is missing: add it with the field that fills it")
        nested = [name for name, field in self.columns.items() if name != "options" and isinstance(field, dict)]
        if nested:
            raise ConfigError(f"columns: {nested[0]}: only `options` may have letters with a field each")
        lists = [n for n, field in self.columns.items() if n not in ("options", "image") and isinstance(field, tuple)]
        if lists:
            raise ConfigError(f"columns: {lists[0]}: only `options` and `image` may list more than one field")
        if self.answer_is in ("position", "number", "text") and "options" not in self.columns:
            raise ConfigError(f"answer_is: {self.answer_is!r} needs `options` under `columns:`")
        return self

    @property
    def places(self) -> tuple[str, ...]:
        """The entries of `dataset`, as a tuple."""
        return (self.dataset,) if isinstance(self.dataset, str) else self.dataset

    @property
    def is_files(self) -> bool:
        """Whether `dataset` consists of files of records only, which are read without the `datasets` package."""
        return all(place.lower().endswith(tuple(RECORD_FILES)) for place in self.places)


def load_mapping(path: Path) -> Mapping:
    """Read a mapping file.

    Raises:
        ConfigError: the file cannot be read or is invalid; the message lists all mistakes.
    """
    try:
        mapping = validated(TypeAdapter(Mapping), read_yaml(path), str(path))
    except ConfigError as error:
        raise error if str(error).startswith(str(path)) else ConfigError(f"{path}: {error}") from error
    if not mapping.is_files and len(mapping.places) > 1:
        raise ConfigError(f"{path}: dataset: a list may contain only {one_of(RECORD_FILES.values())} files")
    return mapping
