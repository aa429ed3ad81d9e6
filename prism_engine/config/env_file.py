"""Reads a `.env` file, whatever editor wrote it."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Final

from dotenv import dotenv_values

from prism_engine.config.text_encoding import HEAD, encoding_of
from prism_engine.errors import ConfigError

_MAX_BYTES: Final = 1 << 20


def read_env_file(path: Path = Path(".env"), *, substitute: bool = True) -> dict[str, str | None]:
    """Return a file's variables; none if there is no such file.

    UTF-16, which Windows PowerShell writes, is read too. A byte that is not UTF-8 affects its own line alone.

    Args:
        path: the file.
        substitute: replace `${NAME}` by a variable of the file or the environment; else values are as written.

    Raises:
        ConfigError: the file cannot be read, or is far too large to be one.
    """
    try:
        if not path.is_file():
            return {}
        with path.open("rb") as file:
            data = file.read(_MAX_BYTES + 1)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror})") from error
    if len(data) > _MAX_BYTES:
        raise ConfigError(f"{path}: is larger than {_MAX_BYTES >> 20} MiB; is this a file of NAME=value lines?")
    encoding = encoding_of(data[:HEAD])
    text = data[encoding.mark :].decode(encoding.name, "replace")
    return dict(dotenv_values(stream=io.StringIO(text), interpolate=substitute))
