"""Reads runs for the viewer in a process of its own, so that the server's memory stays flat and its pages quick.

    python -m prism_engine.web.indexing < job.json

A job names its `task` (see `TASKS`), the folders of `runs`, an empty folder `out`, and a `cache_dir` or null. What the
task returns is printed as JSON. Exit code 2: an error that the user can fix, on standard error.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import orjson

from prism_engine.api.analysis.viewed_runs import index_runs
from prism_engine.api.analysis.viewed_tables import analysis_tables, board_tables
from prism_engine.errors import PrismError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

USER_ERROR: Final = 2


def _index(folders: Sequence[Path], out: Path, cache_dir: Path | None) -> Any:
    indexed = index_runs(folders, out, cache_dir)
    return {"folders": indexed.folders, "pictures": indexed.pictures, "waiting": indexed.waiting}


TASKS: Final[Mapping[str, Callable[[Sequence[Path], Path, Path | None], Any]]] = {
    "rows": _index,
    "board": lambda folders, _, __: board_tables(folders),
    "analysis": lambda folders, out, _: analysis_tables(folders, out),
}


def main() -> None:
    """Do the job on standard input."""
    job = orjson.loads(sys.stdin.buffer.read())
    cache_dir = None if job["cache_dir"] is None else Path(job["cache_dir"])
    try:
        found = TASKS[job["task"]]([Path(each) for each in job["runs"]], Path(job["out"]), cache_dir)
    except PrismError as error:
        sys.stderr.write(str(error))
        sys.exit(USER_ERROR)
    sys.stdout.buffer.write(orjson.dumps(found, default=str))


if __name__ == "__main__":
    main()
