"""Rows to grade, read from JSON lines: Perception-Bench's format, or prism's own with rubrics in YAML."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError, field_validator

from prism_engine.config.frozen import Frozen
from prism_engine.config.yaml_files import read_yaml, validated
from prism_engine.config.yaml_loader import shown
from prism_engine.datasets.picture_places import PicturePlaces
from prism_engine.errors import ConfigError, DatasetError
from prism_engine.judging.rubric import Rubric, RubricRow
from prism_engine.similar_names import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from prism_engine.records import Image


class RubricSpec(Frozen):
    """A rubric in a rubrics file or a row.

    Example: `{criterion: "Is it accurate?", levels: [wrong, poor, fair, good, exact]}`.
    """

    criterion: str
    """The one question that the grade answers."""
    levels: list[str] = Field(min_length=5, max_length=5)
    """The meaning of grades 1 to 5, in that order; or a mapping from grade to meaning."""

    @field_validator("levels", mode="before")
    @classmethod
    def _in_order(cls, levels: object) -> object:
        if isinstance(levels, dict) and {str(grade) for grade in levels} == {"1", "2", "3", "4", "5"}:
            return [text for _, text in sorted((str(grade), text) for grade, text in levels.items())]
        return levels

    @property
    def rubric(self) -> Rubric:
        """The rubric itself."""
        one, two, three, four, five = self.levels
        return Rubric(self.criterion, (one, two, three, four, five))


class _Row(Frozen):
    model_config = ConfigDict(extra="ignore")

    id: str | int | None = None
    image: str | None = None
    instruction: str
    response: str
    reference: str | None = None
    rubric: str | RubricSpec | None = None


_RUBRICS: TypeAdapter[dict[str, RubricSpec]] = TypeAdapter(dict[str, RubricSpec])


def read_rubrics(path: Path) -> dict[str, Rubric]:
    """Read rubrics by name from a YAML file (`rubrics:` at the top level).

    Raises:
        ConfigError: the file cannot be read or is invalid.
    """
    data = read_yaml(path)
    if set(data) != {"rubrics"}:
        raise ConfigError(f"{path}: must have `rubrics:` at the top level, and nothing else")
    if not data["rubrics"]:
        raise ConfigError(f"{path}: rubrics: has none; write NAME: {{criterion: ..., levels: [five meanings]}}")
    specs = validated(_RUBRICS, data["rubrics"], f"{path}: rubrics")
    return {name: spec.rubric for name, spec in specs.items()}


def read_rows(
    path: Path, rubrics: Mapping[str, Rubric], default_rubric: str | None, keep: Callable[[bytes], Image]
) -> list[RubricRow]:
    """Read all rows, and each distinct picture once.

    Args:
        rubrics: rubrics by name, for rows that refer to one.
        default_rubric: the name of the rubric for rows without one.
        keep: stores a picture's bytes and returns the image; raises ValueError if they are not a picture.

    Raises:
        DatasetError: the file has no rows, or a row is invalid, refers to an unknown rubric, or names a picture outside
            the file's folder that is not allowed; the message names the row and the field.
    """
    pictures: dict[Path, Image] = {}
    places = PicturePlaces(path, ())
    rows = []
    for number, line in _lines(path):
        row = _parsed(line, path, number)
        image_path = None if row.image is None else path.parent / row.image
        if image_path is not None and image_path not in pictures:
            pictures[image_path] = _picture(image_path, places, keep, path, number)
        rows.append(
            RubricRow(
                id=str(number if row.id is None else row.id),
                image=None if image_path is None else pictures[image_path],
                instruction=row.instruction,
                response=row.response,
                rubric=_rubric(row.rubric if row.rubric is not None else default_rubric, rubrics, path, number),
                reference=row.reference,
            )
        )
    if not rows:
        raise DatasetError("has no rows", path=path)
    _check_ids(rows, path)
    return rows


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    try:
        with path.open("rb") as file:
            yield from ((number, line) for number, line in enumerate(file, start=1) if line.strip())
    except OSError as error:
        raise DatasetError(f"cannot be read ({error.strerror})", path=path) from error


def _parsed(line: bytes, path: Path, number: int) -> _Row:
    try:
        row = orjson.loads(line)
        return _Row.model_validate(
            _from_perception_bench(row) if isinstance(row, dict) and "orig_instruction" in row else row
        )
    except orjson.JSONDecodeError as error:
        raise DatasetError(f"is not valid JSON ({error})", path=path, row=number) from error
    except ValidationError as error:
        mistake = error.errors(include_url=False)[0]
        field = ".".join(map(str, mistake["loc"])) or "row"
        raise DatasetError(f"{field}: {mistake['msg']}", path=path, row=number) from error


def _from_perception_bench(row: dict[str, Any]) -> dict[str, Any]:
    """Rename Perception-Bench's fields; its `instruction` is a complete prompt, which is rebuilt here."""
    return {
        "id": row.get("id", row.get("question_id")),
        "image": row.get("image"),
        "instruction": row["orig_instruction"],
        "response": row.get("original_response", row.get("orig_response")),
        "reference": row.get("orig_reference_answer"),
        "rubric": {
            "criterion": row.get("orig_criteria"),
            "levels": [row.get(f"orig_score{grade}_description") for grade in range(1, 6)],
        },
    }


def _rubric(given: str | RubricSpec | None, rubrics: Mapping[str, Rubric], path: Path, number: int) -> Rubric:
    if isinstance(given, RubricSpec):
        return given.rubric
    if given is None:
        raise DatasetError(
            "has no rubric: add a `rubric` field, or give --rubric NAME with --rubrics FILE", path=path, row=number
        )
    if given not in rubrics:
        raise DatasetError(
            f"names an unknown rubric {shown(given)}{did_you_mean(given, rubrics) or ';'} define it under `rubrics:` "
            "in the file given with --rubrics",
            path=path, row=number,
        )  # fmt: skip
    return rubrics[given]


def _picture(image_path: Path, places: PicturePlaces, keep: Callable[[bytes], Image], path: Path, number: int) -> Image:
    try:
        if refusal := places.refusal(image_path):
            raise DatasetError(refusal, path=path, row=number, column="image")
        return keep(image_path.read_bytes())
    except OSError as error:
        raise DatasetError(f"image {image_path} cannot be read ({error.strerror})", path=path, row=number) from error
    except ValueError as error:
        raise DatasetError(f"image {image_path} {error}", path=path, row=number) from error


def _check_ids(rows: list[RubricRow], path: Path) -> None:
    ids: set[str] = set()
    for number, row in enumerate(rows, start=1):
        if row.id in ids:
            raise DatasetError("another row has this id", path=path, row=number, index=row.id)
        ids.add(row.id)
