"""The runs that the viewer may show: those below its folders, and how far each one is."""

from __future__ import annotations

import hashlib
import os
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from prism_engine.api.analysis.viewed_runs import rows_file
from prism_engine.api.results.status import RUN, RUNNING, STATUS_NAME, RunState
from prism_engine.control.sockets import SOCKET_NAME
from prism_engine.errors import ConfigError, NewerFileError
from prism_engine.report.scores.finished import JUDGED, PREDICTIONS
from prism_engine.report.scores.manifest import MANIFEST, read_manifest
from prism_engine.stage import label_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_LOOK_SECONDS: Final = 3.0
"""Time between two looks for new runs."""
FINISHED: Final = "finished"
"""The state of results without a status file."""


@dataclass(frozen=True)
class KnownRun:
    """One run."""

    id: str
    """Digits of the digest of its folder's path: what addresses name it by."""
    folder: Path
    name: str
    """Its folder below the viewer's."""

    @property
    def files(self) -> tuple[tuple[str, int, int], ...]:
        """What changes whenever its rows or its state do."""
        found = []
        for name in (STATUS_NAME, MANIFEST, PREDICTIONS):
            try:
                stat = (self.folder / name).stat()
            except OSError:
                continue
            found.append((name, stat.st_mtime_ns, stat.st_size))
        return tuple(found)

    def state(self) -> RunState | None:
        """Return its status; None if it has none that this version of prism reads."""
        try:
            return RunState.read(self.folder / STATUS_NAME)
        except (ConfigError, NewerFileError):
            return None

    def rows_mark(self) -> tuple[str, int, int] | None:
        """Return what changes whenever its rows do; None if it has no rows."""
        file = rows_file(self.folder, self.state())
        try:
            return None if file is None else (file.name, (stat := file.stat()).st_mtime_ns, stat.st_size)
        except OSError:  # the journal is deleted when a run has finished
            return None


@dataclass
class KnownRuns:
    """All runs below some folders; requests name them by their ids and never by a path."""

    roots: Sequence[Path]
    _found: dict[str, KnownRun] = field(default_factory=dict)
    _looked: float = field(default=float("-inf"))
    _facts: dict[str, tuple[object, dict[str, Any]]] = field(default_factory=dict)

    def all(self) -> Mapping[str, KnownRun]:
        """Return the runs by id; new ones are found within `_LOOK_SECONDS`."""
        if time.monotonic() - self._looked > _LOOK_SECONDS:
            folders = {folder: root for root in self.roots for folder in _run_folders(root)}
            self._found = {run.id: run for folder, root in folders.items() for run in [_known(folder, root)]}
            self._looked = time.monotonic()
        return self._found

    def chosen(self, ids: str) -> list[KnownRun] | None:
        """Return the runs with these ids, separated by dots, or `all`; None if one is not known."""
        known = self.all()
        if ids == "all":
            return list(known.values())
        runs = [known.get(each) for each in dict.fromkeys(ids.split("."))]
        return None if None in runs else [run for run in runs if run is not None]

    def facts(self, run: KnownRun) -> dict[str, Any]:
        """Return what the list says about a run."""
        mark = run.files
        known = self._facts.get(run.id)
        # A run may be killed without a change of its files.
        if known is None or known[0] != mark or known[1]["state"] == RUNNING:
            known = self._facts[run.id] = mark, _facts(run, run.state())
        return known[1]


def _run_folders(root: Path) -> dict[Path, None]:
    """Return the folders of runs below a folder, or that folder itself, sorted; judged results are their run again."""
    found: dict[Path, None] = {}
    for path, folders, files in os.walk(root):
        folders[:] = sorted(each for each in folders if not each.startswith((JUDGED, ".")))
        if STATUS_NAME in files or PREDICTIONS in files:
            found[Path(path)] = None
    return found


def _known(folder: Path, root: Path) -> KnownRun:
    digest = hashlib.sha256(os.fsencode(folder.absolute())).hexdigest()
    name = folder.relative_to(root).as_posix()
    return KnownRun(digest[:12], folder, "/".join(folder.absolute().parts[-4:]) if name == "." else name)


def _facts(run: KnownRun, state: RunState | None) -> dict[str, Any]:
    try:
        manifest = read_manifest(run.folder / MANIFEST)
    except (OSError, ValueError, NewerFileError):
        manifest = {}
    config = state.config if state is not None else _mapping(manifest.get("config"))
    progress = state.progress if state is not None else {}
    money = _mapping(progress.get("money") if state is not None else manifest.get("money"))
    return {
        "id": run.id,
        "name": run.name,
        "state": FINISHED if state is None else state.state,
        "command": RUN if state is None else state.command,
        "updated": state.updated.isoformat() if state is not None else _text(manifest.get("finished_at")),
        "own": state is not None and state.is_own,
        "benchmark": _text(_mapping(manifest.get("benchmark")).get("name")) or _benchmark(config.get("benchmark")),
        **{name: _text(config.get(name)) for name in ("mode", "perceiver", "reasoner", "instruction")},
        "samples": _numbers(progress.get("samples") if state is not None else manifest.get("samples")),
        "paused": progress.get("paused") is True,
        "right": _number(progress.get("right_so_far")),
        "seconds": _number(progress.get("seconds")),
        "eta": _number(progress.get("eta_seconds")),
        "stages": {
            label_of(str(name)[:40]): _numbers(stage)
            for name, stage in list(_mapping(progress.get("stages")).items())[:10]
            if isinstance(stage, dict)
        },
        "bounded": _numbers(progress.get("bounded_by")),
        "paid": _text(money.get("this_run")),
        "tags": {} if state is None else state.tags,
        "rows": rows_file(run.folder, state) is not None,
        "listens": (run.folder / SOCKET_NAME).is_socket(),
    }


def _benchmark(file: object) -> str | None:
    """Return the name of a benchmark by the file or name that a command had."""
    return Path(file[:500]).name.removesuffix(".tsv") if isinstance(file, str) else None


def _mapping(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: object) -> str | None:
    return value[:500] if isinstance(value, str) else None


def _number(value: object) -> float | None:
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _numbers(values: object) -> dict[str, float]:
    return {str(name)[:40]: value for name, value in list(_mapping(values).items())[:40] if _number(value) is not None}
