"""The control socket of a run's folder: made, found and checked; only its owner may use it."""

from __future__ import annotations

import errno
import os
import socket
import stat
import struct
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from prism_engine.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Iterator

SOCKET_NAME: Final = "control.sock"
_DRAFT_NAME: Final = "control.sock.new"
_LONGEST: Final = 100
"""Bytes of a path that every system's address of a Unix socket holds (Linux: 107)."""
_DESCRIPTORS: Final = Path("/proc/self/fd")


class NotListeningError(UserError):
    """No run listens in a folder."""


def listening_socket(folder: Path) -> tuple[socket.socket, int]:
    """Return a socket that listens in a run's folder and that only its owner may connect to, and its inode.

    The folder is created if it is missing.

    A socket that a killed run left behind is replaced: the caller holds the folder's lock, so no other run uses it.

    Raises:
        OSError: the folder cannot hold one: its file system has no sockets, its path is too long for this system, or
            something else has the name.
    """
    path, draft = folder / SOCKET_NAME, folder / _DRAFT_NAME
    folder.mkdir(parents=True, exist_ok=True)
    if _exists(path) and not _is_own_socket(path):
        raise FileExistsError(errno.EEXIST, f"{SOCKET_NAME} is something else", str(path))
    if _is_own_socket(draft):
        draft.unlink()
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        made.setblocking(False)
        with _address(draft) as address:
            made.bind(address)
        draft.chmod(0o600)  # before it listens, so that there is no moment at which others may connect
        made.listen()
        draft.rename(path)  # so whoever finds the name can connect
    except BaseException:
        made.close()
        raise
    return made, path.lstat().st_ino


def remove_socket(folder: Path, inode: int) -> None:
    """Remove the folder's socket, unless another run has made one since; anything else of that name stays.

    Args:
        inode: of the socket.

    Raises:
        OSError: it cannot be removed.
    """
    path = folder / SOCKET_NAME
    if _is_own_socket(path) and path.lstat().st_ino == inode:
        path.unlink(missing_ok=True)


def connected_socket(folder: Path, seconds: float) -> socket.socket:
    """Return a connection to the run that listens in a folder.

    Args:
        seconds: timeout of every operation.

    Raises:
        NotListeningError: none does.
        UserError: the socket belongs to someone else, or cannot be connected to.
    """
    path = folder / SOCKET_NAME
    if not _exists(path):
        raise NotListeningError(f"{folder}: no run listens here")
    if not _is_own_socket(path):
        raise UserError(f"{path}: is not a socket of this user, so nothing is sent to it")
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.settimeout(seconds)
        with _address(path) as address:
            connection.connect(address)
    except (ConnectionRefusedError, FileNotFoundError):
        connection.close()
        raise NotListeningError(f"{folder}: the run that listened here was killed") from None
    except OSError as error:
        connection.close()
        raise UserError(f"{path}: cannot be connected to ({error.strerror or error})") from error
    if not is_own_peer(connection):
        connection.close()
        raise UserError(f"{path}: another user's process listens there, so nothing is sent to it")
    return connection


def is_own_peer(connection: socket.socket) -> bool:
    """Whether the process at the other end is this user's or root's; True where the system cannot say."""
    if not hasattr(socket, "SO_PEERCRED"):  # then the socket's mode is what keeps others out
        return True
    _, user, _ = struct.unpack(
        "3i", connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    )
    return user in (os.geteuid(), 0)


def _exists(path: Path) -> bool:
    try:
        path.lstat()
    except OSError:
        return False
    return True


def _is_own_socket(path: Path) -> bool:
    try:
        status = path.lstat()
    except OSError:
        return False
    return stat.S_ISSOCK(status.st_mode) and status.st_uid == os.geteuid()


@contextmanager
def _address(path: Path) -> Iterator[str]:
    """Give a path as the address of a socket, which holds about a hundred bytes: a longer one goes by a descriptor.

    Raises:
        OSError: the path is too long, and this system has no other name for it.
    """
    if len(os.fsencode(path)) <= _LONGEST:
        yield str(path)
        return
    if not _DESCRIPTORS.is_dir():
        raise OSError(errno.ENAMETOOLONG, f"the path is longer than the {_LONGEST} bytes that a socket's may have")
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"{_DESCRIPTORS}/{folder}/{path.name}"
    finally:
        os.close(folder)
