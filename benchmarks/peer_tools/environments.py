"""Virtual environments of the peers, one each, from the pinned versions in `locks/`."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

LOCKS = Path(__file__).parent / "locks"
DEFAULT = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "prism-engine-peers"
TORCH_CPU_INDEX = "https://download.pytorch.org/whl/cpu"
"""For a lock with a CPU build of torch, if the configured indexes lack it."""


class InstallError(Exception):
    """A peer could not be installed; the message ends with pip's."""


def pins(name: str) -> dict[str, str]:
    """Return the exact version of every distribution of a peer's environment.

    Raises:
        InstallError: the lock names a distribution without its version.
    """
    found = {}
    path = LOCKS / f"{name}.txt"
    for line in path.read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        distribution, separator, version = line.partition("==")
        if not separator or not version:
            raise InstallError(f"{path}: {line!r} has no exact version")
        found[distribution] = version
    return found


def python(name: str, folder: Path) -> Path:
    """Return the Python of a peer's environment, which is created below `folder` if it is not there or outdated.

    Everything is pinned, so pip resolves nothing: some peers' own requirements contradict each other.

    Raises:
        InstallError: pip failed.
    """
    home = folder.absolute() / name
    stamp = home / "installed"
    wanted = hashlib.sha256((LOCKS / f"{name}.txt").read_bytes()).hexdigest()
    found = home / "bin" / "python"
    if stamp.exists() and stamp.read_text() == wanted:
        return found
    print(f"installing {name} into {home} (minutes)", flush=True)
    shutil.rmtree(home, ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(home)], check=True)
    _install(found, name)
    stamp.write_text(wanted)
    return found


def _install(interpreter: Path, name: str) -> None:
    pip = [sys.executable, "-m", "pip", "--python", str(interpreter)]
    command = [*pip, "install", "--quiet", "--no-deps", "-r", str(LOCKS / f"{name}.txt")]
    cpu_build = any("+cpu" in version for version in pins(name).values())
    attempts = [command, [*command, "--extra-index-url", TORCH_CPU_INDEX]] if cpu_build else [command]
    for attempt in attempts:
        done = subprocess.run(attempt, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return
    raise InstallError(f"{name} cannot be installed: {' '.join(done.stderr.split())[-300:]}")
