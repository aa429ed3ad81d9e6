"""Converts a record of named values (JSON, Parquet, Hugging Face) to a row of text and pictures."""

from __future__ import annotations

import json
import math
import re
from string import ascii_uppercase
from typing import TYPE_CHECKING, Any

from prism_engine.datasets.rows import OPTION, FileName, Row, column_name

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from prism_engine.config.mapping import Mapping as MappingSpec
    from prism_engine.datasets.rows import EncodedPicture

_PICTURES = ("image", "images", "image_path")
_OPTIONS = ("options", "choices")
_FILE = re.compile(
    r"[^\n]+\.(?:png|jpe?g|webp|gif|bmp|tiff?|avif|jp2|j2k|ico|p[bgnp]m|pfm|tga|pcx|qoi|psd)", re.IGNORECASE
)
_WEB = re.compile(r"https?://", re.IGNORECASE)


class FieldError(Exception):
    """A record cannot be converted to a row; callers add the file and the row number."""

    def __init__(self, column: str, reason: str) -> None:
        super().__init__(reason)
        self.column = column


def plain_row(number: int, record: Mapping[str, Any], *, lettered: bool = True) -> Row:
    """Convert a record whose fields are named like a benchmark's columns.

    `image` or `images` holds the pictures (`image_path` their files), `index` or `id` the id (by default the row's
    number from 0), `options` or `choices` a list of options, unless they are in columns A, B, ...

    Args:
        lettered: whether a list of options is split into columns A, B, ...

    Raises:
        FieldError: the record cannot be converted.
    """
    named = {column_name(name): value for name, value in record.items()}
    if len(named) < len(record):
        raise FieldError(", ".join(record), "two field names differ only in case or blanks; rename one")
    pictures = next((name for name in _PICTURES if named.get(name) is not None), "image")
    found = tuple(_pictures(named.get(pictures), pictures, files=pictures == "image_path"))
    if not any(OPTION.fullmatch(name) for name in named) and lettered:
        listed = next((name for name in _OPTIONS if isinstance(named.get(name), list)), None)
        named |= {} if listed is None else _options(named.pop(listed), listed)
    named.setdefault("index", named.get("id", number - 1))
    cells = {name: text_of(value, name) for name, value in named.items() if name not in ("image", "images")}
    return Row(number, _checked(cells), found)


def mapped_row(number: int, record: Mapping[str, Any], spec: MappingSpec) -> Row:
    """Convert a record by a mapping's field names.

    Raises:
        FieldError: a field is missing, or its value is not what the mapping says.
    """
    images = spec.columns["image"]
    fields = (images,) if isinstance(images, str) else images
    found = [picture for field in fields for picture in _pictures(_value(record, field), field, files=False)]
    options = _mapped_options(record, spec)
    plain = {name: field for name, field in spec.columns.items() if name not in ("image", "options")}
    cells = {column_name(name): text_of(_value(record, str(field)), name) for name, field in plain.items()}
    if spec.answer_is != "written":
        field = str(spec.columns.get("answer", ""))
        cells["answer"] = _answer(_value(record, field) if field else None, spec.answer_is, options)
    return Row(number, _checked({"index": str(number - 1)} | cells | options), tuple(found))


def text_of(value: object, column: str) -> str:  # noqa: PLR0911 - one per type
    """Convert a value to cell text; a list of plain values is written as a Python list, like VLMEvalKit does.

    Raises:
        FieldError: the value is bytes.
    """
    match value:
        case None:
            return ""
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case float() if math.isnan(value):
            return ""
        case list() if all(isinstance(item, str | int | float) for item in value):
            return repr(value)
        case dict() | list():
            return json.dumps(value, ensure_ascii=False, default=str)
        case bytes():
            raise FieldError(column, "holds bytes instead of text")
        case _:
            return str(value)


def _checked(cells: dict[str, str]) -> dict[str, str]:
    for name in ("index", "question"):
        if name not in cells:
            raise FieldError(name, "the record has no such field")
    if not cells["index"]:
        raise FieldError("index", "the field is empty; every row needs a unique id")
    return cells


def _value(record: Mapping[str, Any], field: str) -> Any:
    """The value of a field, possibly nested (`meta.source`)."""
    if field in record:
        return record[field]
    value: Any = record
    for name in field.split("."):
        if not isinstance(value, dict) or name not in value:
            raise FieldError(field, f"the record has no such field; it has {', '.join(map(repr, list(record)[:16]))}")
        value = value[name]
    return value


def _options(values: object, column: str) -> dict[str, str]:
    if not isinstance(values, list) or not 0 < len(values) <= len(ascii_uppercase):
        raise FieldError(column, "is not a list of 1 to 26 options")
    return {letter: text_of(value, column) for letter, value in zip(ascii_uppercase, values, strict=False)}


def _mapped_options(record: Mapping[str, Any], spec: MappingSpec) -> dict[str, str]:
    match spec.columns.get("options"):
        case None:
            return {}
        case str() as field:
            value = _value(record, field)
            return {} if value in (None, []) else _options(value, field)
        case tuple() as fields:
            return _options([_value(record, field) for field in fields], "options")
        case dict() as letters:
            return {letter: text_of(_value(record, field), field) for letter, field in letters.items()}


def _answer(value: object, answer_is: str, options: dict[str, str]) -> str:
    if value is None:
        return ""
    read: dict[str, Callable[[Any, dict[str, str]], str | None]] = {
        "position": _letter_at, "text": _letter_of, "yes_no": _yes_or_no
    }  # fmt: skip
    answer = read[answer_is](value, options)
    if answer is None:
        raise FieldError("answer", f"{value!r} does not match `answer_is: {answer_is}`")
    return answer


def _letter_at(value: object, options: dict[str, str]) -> str | None:
    position = int(value) if isinstance(value, int | str) and str(value).isdecimal() else -1
    return list(options)[position] if 0 <= position < len(options) else None


def _letter_of(value: object, options: dict[str, str]) -> str | None:
    letters = [letter for letter, text in options.items() if text == text_of(value, "answer")]
    return letters[0] if len(letters) == 1 else None


def _yes_or_no(value: object, _: dict[str, str]) -> str | None:
    known = {"true": "Yes", "yes": "Yes", "1": "Yes", "false": "No", "no": "No", "0": "No"}
    return known.get(str(value).strip().lower())


def _pictures(value: object, column: str, *, files: bool) -> Iterator[EncodedPicture]:
    match value:
        case None | "":
            return
        case bytes():
            yield value
        case str():
            if _WEB.match(value):
                raise FieldError(column, "is a web address; prism does not download pictures, so fetch them first")
            yield FileName(value) if files or _FILE.fullmatch(value) else value
        case list():
            for item in value:
                yield from _pictures(item, column, files=files)
        case {"bytes": bytes() as data}:
            yield data
        case {"path": str() as name}:
            yield FileName(name)
        case _:
            raise FieldError(column, f"holds {type(value).__name__} instead of a picture")
