"""Pictures and tables to read."""

from __future__ import annotations

import base64
import csv
import io
import json
from typing import TYPE_CHECKING

import pytest
from PIL import Image

if TYPE_CHECKING:
    from pathlib import Path


def encode(side: int = 12, *, shade: int = 0, kind: str = "PNG") -> bytes:
    """An encoded picture whose bytes depend on all arguments."""
    image = Image.new("RGB", (side, side), (shade % 256, shade // 256 % 256, 90))
    stream = io.BytesIO()
    image.save(stream, kind)
    return stream.getvalue()


def text_of(data: bytes) -> str:
    return base64.b64encode(data).decode()


def payload(shade: int = 0) -> str:
    return text_of(encode(shade=shade))


class Tables:
    """Writes tables into a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, *rows: dict[str, str], name: str = "Toy", columns: tuple[str, ...] = ()) -> Path:
        path = self.folder / f"{name}.tsv"
        names = columns or tuple(dict.fromkeys(key for row in rows for key in row))
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, names, delimiter="\t", restval="")
            writer.writeheader()
            writer.writerows(rows)
        return path

    def raw(self, data: bytes | str, name: str = "Toy") -> Path:
        path = self.folder.joinpath(f"{name}.tsv")
        path.write_bytes(data if isinstance(data, bytes) else data.encode())
        return path


@pytest.fixture
def tables(tmp_path) -> Tables:
    folder = tmp_path / "data"
    folder.mkdir()
    return Tables(folder)


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def jsonl(tmp_path):
    """Write records to a JSONL file; text is written as it is."""

    def write(*records: dict[str, object] | str, name: str = "Toy") -> Path:
        path: Path = tmp_path / f"{name}.jsonl"
        lines = (record if isinstance(record, str) else json.dumps(record) for record in records)
        path.write_text("\n".join(lines), encoding="utf-8")
        return path

    return write
