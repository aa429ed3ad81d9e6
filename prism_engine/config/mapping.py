"""A mapping file: how the records of a Hugging Face dataset, or of files of one's own, become a benchmark's rows."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - pydantic reads it
from typing import Literal, Self

from pydantic import TypeAdapter, model_validator

from prism_engine.config.models import Frozen
from prism_engine.config.yaml_files import read_yaml, validated
from prism_engine.errors import ConfigError
from prism_engine.records import AnswerKind  # noqa: TC001 - pydantic reads it

FILES = (".jsonl", ".parquet")
"""What is read without the `datasets` package."""

Field = str | tuple[str, ...] | dict[str, str]


class Mapping(Frozen):
    """Where the records are, and which field of theirs is which column."""

    dataset: str | tuple[str, ...]
    """A name on the hub (`org/name`), a folder that `save_to_disk` wrote, or JSONL and Parquet files
    (`data/*.parquet`); relative paths mean: from the mapping's folder."""
    columns: dict[str, Field]
    """A benchmark's column: the field that fills it (`meta.source` for one inside another). `question` must be there,
    and `image`, of which there may be several fields. `options` is a field with a list, several fields, or
    letters with a field each. Columns of other names are kept for the scorer."""
    subset: str | None = None
    """The dataset's configuration, where it has several."""
    split: str | None = None
    """Which split of a dataset (`test`); files have none."""
    revision: str | None = None
    """Which version of a dataset on the hub: a tag or a commit."""
    name: str | None = None
    """What the benchmark is called in results; None for the mapping file's own name."""
    kind: AnswerKind | None = None
    """What a right answer is; None where the name or the rows say so."""
    answer_is: Literal["written", "position", "text", "yes_no"] = "written"
    """How records give the right answer: as it shall stand (a letter, a text), as an option's number from 0, as an
    option's text, or as true and false."""
    images: Path | None = None
    """The folder of picture files, where records only name them; None for the folder of the data or the mapping."""

    @model_validator(mode="after")
    def _asks_something(self) -> Self:
        missing = [name for name in ("question", "image") if name not in self.columns]
        if missing:
            raise ConfigError(f"columns: {missing[0]!r} is missing: say which field fills it")
        nested = [name for name, field in self.columns.items() if name != "options" and isinstance(field, dict)]
        if nested:
            raise ConfigError(f"columns: {nested[0]}: only options may have letters with a field each")
        several = [n for n, field in self.columns.items() if n not in ("options", "image") and isinstance(field, tuple)]
        if several:
            raise ConfigError(f"columns: {several[0]}: only options and image may have several fields")
        if self.answer_is in ("position", "text") and "options" not in self.columns:
            raise ConfigError(f"answer_is: {self.answer_is!r} needs options under `columns:`")
        return self

    @property
    def places(self) -> tuple[str, ...]:
        """What `dataset` names, one by one."""
        return (self.dataset,) if isinstance(self.dataset, str) else self.dataset

    @property
    def is_files(self) -> bool:
        """Whether JSONL and Parquet files are named, and nothing else."""
        return all(place.lower().endswith(FILES) for place in self.places)


def load_mapping(path: Path) -> Mapping:
    """Read a mapping file.

    Raises:
        ConfigError: it cannot be read or has mistakes; all of them at once.
    """
    try:
        mapping = validated(TypeAdapter(Mapping), read_yaml(path), str(path))
    except ConfigError as error:
        raise error if str(error).startswith(str(path)) else ConfigError(f"{path}: {error}") from error
    if not mapping.is_files and len(mapping.places) > 1:
        raise ConfigError(f"{path}: dataset: several places must all be JSONL or Parquet files")
    return mapping
