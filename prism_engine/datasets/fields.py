"""Converts a record of named values (JSON, Parquet, Hugging Face) to a row of text and pictures."""

from __future__ import annotations

import json
import math
import re
from itertools import islice
from string import ascii_uppercase
from typing import TYPE_CHECKING, Any

from prism_engine.datasets.answer_letters import letter_of_text
from prism_engine.datasets.column_guesses import LISTS, likely, misspelt
from prism_engine.datasets.images import PictureError
from prism_engine.datasets.picture_cells import is_picture_file, no_local_picture, split_list
from prism_engine.datasets.rows import OPTION, FileName, Row, column_name
from prism_engine.datasets.written_options import options_from, read_written

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from prism_engine.config.mapping import Mapping as MappingSpec
    from prism_engine.datasets.rows import EncodedPicture

_PICTURES = ("image", "images", "image_path")
_NUMBERED_PICTURE = re.compile(r"image[_ ]?(\d{1,2})")


class FieldError(Exception):
    """A record cannot be converted to a row; callers add the file and the row number."""

    def __init__(self, column: str, reason: str) -> None:
        super().__init__(reason)
        self.column = column


def plain_row(number: int, record: Mapping[str, Any], *, lettered: bool = True) -> Row:
    """Convert a record whose fields are named like a benchmark's columns.

    `image` or `images` holds the pictures (`image_path` their files; `image_1`, `image_2`, ... one each), `index` or
    `id` the id (by default the row's number from 0), `options` or `choices` a list of options, unless they are in
    columns A, B, ...

    Args:
        lettered: whether a list of options is split into columns A, B, ...

    Raises:
        FieldError: the record cannot be converted.
    """
    named = {column_name(name): value for name, value in record.items()}
    if len(named) < len(record):
        raise FieldError(", ".join(record), "two field names differ only in case or blanks; rename one")
    fields = _picture_fields(named)
    found = tuple(
        picture for name in fields for picture in _pictures(named.get(name), name, files=name == "image_path")
    )
    _refuse_nested(named.get("question"), "question")
    if lettered and not any(value for name, value in named.items() if OPTION.fullmatch(name)):
        listed = next((name for name in LISTS if _is_plain_list(named.get(name))), None)
        named |= {} if listed is None else _options(named.pop(listed), listed)
    named.setdefault("index", named.get("id", number - 1))
    left = {"image", "images", *fields} - {"image_path"}
    cells = {name: text_of(value, name) for name, value in named.items() if name not in left}
    return Row(number, _checked(cells), found)


def _picture_fields(named: Mapping[str, Any]) -> list[str]:
    """The names of the fields that hold a record's pictures.

    Raises:
        FieldError: there is none, but a misspelt one.
    """
    if (one := next((name for name in _PICTURES if named.get(name) is not None), None)) is not None:
        return [one]
    numbered = {int(found[1]): name for name in named if (found := _NUMBERED_PICTURE.fullmatch(name))}
    if numbered or any(name in named for name in _PICTURES):
        return [numbered[number] for number in sorted(numbered)]
    if (near := misspelt("image", named) or misspelt("image_path", named)) is not None:
        raise FieldError("image", f"the record has no such field; did you mean {near!r}? Rename it")
    if (near := next((name for name, value in named.items() if _is_picture(value)), None)) is not None:
        reason = f"the record has no such field, but {near!r} holds a picture; call it 'image', or use a mapping"
        raise FieldError("image", f"{reason} (configs/mapping.yaml)")
    return []


def _is_picture(value: object) -> bool:
    """Whether a value can only be a picture or several: bytes, or what Hugging Face's Image feature writes."""
    match value:
        case bytes() | {"bytes": bytes()}:
            return True
        case [first, *_]:
            return _is_picture(first)
        case _:
            return False


def _refuse_nested(value: object, column: str) -> None:
    if isinstance(value, dict | list):
        kind = "an object" if isinstance(value, dict) else "a list"
        reason = f"holds {kind} instead of a text; name the field inside it in a mapping, as in `{column}: a.b`"
        raise FieldError(column, f"{reason} (configs/mapping.yaml)")


def _is_plain_list(value: object) -> bool:
    """Whether a field is a list of texts, numbers and empty values: the options in order."""
    return isinstance(value, list) and not any(isinstance(item, list | dict) for item in value)


def mapped_row(number: int, record: Mapping[str, Any], spec: MappingSpec) -> Row:
    """Convert a record by a mapping's field names.

    Raises:
        FieldError: a field is missing, or its value is not what the mapping says.
    """
    images = spec.columns.get("image", ())
    fields = (images,) if isinstance(images, str) else images
    found = [
        picture for field in fields for picture in _pictures(_known(_value(record, field), spec), field, files=False)
    ]
    options = {
        letter: "" if text.strip() in spec.empty else text for letter, text in _mapped_options(record, spec).items()
    }
    plain = {name: field for name, field in spec.columns.items() if name not in ("image", "options")}
    cells = {
        column_name(name): text_of(_known(_value(record, str(field)), spec), name) for name, field in plain.items()
    }
    if spec.answer_is != "written":
        field = str(spec.columns.get("answer", ""))
        cells["answer"] = _answer(_known(_value(record, field), spec) if field else None, spec.answer_is, options)
    return Row(number, _checked({"index": str(number - 1)} | cells | options), tuple(found))


def _known(value: Any, spec: MappingSpec) -> Any:
    """A value; None if the mapping says that it is one of its words for an empty cell."""
    return None if isinstance(value, str) and value.strip() in spec.empty else value


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
            near = misspelt(name, cells) or likely(name, cells)
            if near is None:
                written = [cell for cell in cells if cell != "index"]
                raise FieldError(name, f"the record has no such field; it has {_shown(written)}")
            hint = f"did you mean {near!r}? Rename it, or use a mapping (configs/mapping.yaml)"
            raise FieldError(name, f"the record has no such field; {hint}")
    if not cells["index"]:
        raise FieldError("index", "the field is empty; every row needs a unique id")
    return cells


def _shown(names: Iterable[str]) -> str:
    return ", ".join(map(repr, islice(names, 16))) or "none"


def _value(record: Mapping[str, Any], field: str) -> Any:
    """The value of a field, possibly nested (`meta.source`)."""
    if field in record:
        return record[field]
    value: Any = record
    for name in field.split("."):
        if not isinstance(value, dict) or name not in value:
            raise FieldError(field, f"the record has no such field; it has {_shown(record)}")
        value = value[name]
    return value


def _options(values: object, column: str) -> dict[str, str]:
    """Options by letter, from a list or from anything that `written_options` reads."""
    if isinstance(values, list) and _is_plain_list(values):
        if len(values) > len(ascii_uppercase):
            raise FieldError(column, "is not a list of 1 to 26 options")
        return {letter: text_of(value, column) for letter, value in zip(ascii_uppercase, values, strict=False)}
    options = read_written(values) if isinstance(values, str) else options_from(values)
    if options is None:
        raise FieldError(column, f"cannot be read as a list of 1 to 26 options: {str(values)[:60]!r}")
    return options


def _mapped_options(record: Mapping[str, Any], spec: MappingSpec) -> dict[str, str]:
    match spec.columns.get("options"):
        case None:
            return {}
        case str() as field:
            value = _known(_value(record, field), spec)
            return {} if value is None else _options(value, field)
        case tuple() as fields:
            return _options([_known(_value(record, field), spec) for field in fields], "options")
        case dict() as letters:
            return {letter: text_of(_known(_value(record, field), spec), field) for letter, field in letters.items()}


def _answer(value: object, answer_is: str, options: dict[str, str]) -> str:
    if value is None:
        return ""
    read: dict[str, Callable[[Any, dict[str, str]], str | None]] = {
        "position": _letter_at,
        "number": lambda value, options: _letter_at(value, options, first=1),
        "text": _letter_of,
        "yes_no": _yes_or_no,
    }
    answer = read[answer_is](value, options)
    if answer is None:
        raise FieldError("answer", f"{value!r} does not match `answer_is: {answer_is}`")
    return answer


def _letter_at(value: object, options: dict[str, str], *, first: int = 0) -> str | None:
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    position = int(value) - first if isinstance(value, int | str) and str(value).isdecimal() else -1
    return list(options)[position] if 0 <= position < len(options) else None


def _letter_of(value: object, options: dict[str, str]) -> str | None:
    text = text_of(value, "answer")
    letters = [letter for letter, option in options.items() if option == text]
    return letters[0] if len(letters) == 1 else None if letters else letter_of_text(text, options)


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
            yield from _written_pictures(value, column, files=files)
        case list():
            for item in value:
                yield from _pictures(item, column, files=files)
        case {"bytes": bytes() as data}:
            yield data
        case {"path": str() as name}:
            yield FileName(name)
        case _:
            raise FieldError(column, f"holds {type(value).__name__} instead of a picture")


def _written_pictures(text: str, column: str, *, files: bool) -> Iterator[EncodedPicture]:
    """The pictures of a text: a payload, a file's name, or a written list of these."""
    try:
        items = (text,) if files else split_list(text)
    except PictureError as error:
        raise FieldError(column, str(error)) from error
    for item in items:
        if (reason := no_local_picture(item)) is not None:
            raise FieldError(column, reason)
        yield FileName(item) if files or is_picture_file(item) else item
