"""Reads Hugging Face datasets: records from their Arrow files, pictures as stored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prism_engine.errors import DatasetError, DependencyError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from prism_engine.config.mapping import Mapping as MappingSpec

_BATCH = 16


class HubDataset:
    """One memory-mapped split of a dataset, loaded from the hub (or its cache) or from a folder.

    Raises:
        DependencyError: the package `datasets` is not installed.
        DatasetError: there is no such dataset or split, or it cannot be loaded.
    """

    def __init__(self, mapping: Path, spec: MappingSpec) -> None:
        self._mapping = mapping
        self._data = _loaded(mapping, spec)
        self._rows = 0

    @property
    def bytes_total(self) -> int:
        """Size in Arrow format."""
        return int(self._data.data.nbytes)

    @property
    def bytes_read(self) -> int:
        """Estimate, from the share of records yielded so far."""
        return self.bytes_total * self._rows // max(len(self._data), 1)

    @property
    def local_files(self) -> tuple[str, ...]:
        """The Arrow files it is read from."""
        return tuple(file["filename"] for file in self._data.cache_files)

    def __iter__(self) -> Iterator[dict[str, Any] | DatasetError]:
        # Read the stored table: iterating the dataset itself would decode and re-encode every picture.
        labelled = {name: label for name, kind in self._data.features.items() if (label := _labeller(kind)) is not None}
        for batch in self._data.data.table.to_batches(max_chunksize=_BATCH):
            for record in batch.to_pylist():
                self._rows += 1
                yield record | {name: label(record[name]) for name, label in labelled.items()}


def _labeller(kind: Any) -> Callable[[Any], Any] | None:
    """A function from a stored class number to its label; None for columns without labels."""
    if not hasattr(kind, "int2str"):
        return None
    names: list[str] = kind.names
    return lambda value: names[value] if isinstance(value, int) and 0 <= value < len(names) else None


def _loaded(mapping: Path, spec: MappingSpec) -> Any:
    place = spec.places[0]
    folder = mapping.parent / place
    try:
        import datasets  # noqa: PLC0415 - an extra, and heavy
    except ImportError as error:
        raise DependencyError(
            f"{mapping}: reading {place!r} needs the package `datasets`, which cannot be imported ({error}); install "
            "it with: pip install 'prism-engine[hf]'. JSONL and Parquet files need no package: name them as `dataset:`"
        ) from error
    try:
        if folder.is_dir() and ((folder / "state.json").is_file() or (folder / "dataset_dict.json").is_file()):
            found = datasets.load_from_disk(str(folder))
        else:
            name = str(folder) if folder.is_dir() else place
            found = datasets.load_dataset(name, spec.subset, revision=spec.revision)
    except (OSError, ValueError, LookupError, TypeError, AttributeError, datasets.exceptions.DatasetsError) as error:
        raise DatasetError(f"dataset {place!r} cannot be loaded: {error}", path=mapping) from error
    return _split(found, mapping, spec) if isinstance(found, dict) else found


def _split(splits: Mapping[str, Any], mapping: Path, spec: MappingSpec) -> Any:
    names = ", ".join(splits)
    if spec.split is None and len(splits) == 1:
        return next(iter(splits.values()))
    if spec.split is None or spec.split not in splits:
        problem = "has multiple splits" if spec.split is None else f"has no split {spec.split!r}"
        raise DatasetError(f"dataset {spec.places[0]!r} {problem}; set `split:` to one of {names}", path=mapping)
    return splits[spec.split]
