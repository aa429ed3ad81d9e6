"""The control socket: who may use it, and where it can be."""

from __future__ import annotations

import os
import socket
import stat
from contextlib import closing

import pytest

from prism_engine.control import sockets
from prism_engine.control.sockets import (
    SOCKET_NAME,
    NotListeningError,
    connected_socket,
    listening_socket,
    remove_socket,
)
from prism_engine.errors import UserError


def test_only_the_owner_may_connect_and_the_end_leaves_nothing(tmp_path):
    folder = tmp_path / "new" / "run"
    made, inode = listening_socket(folder)
    with closing(made):
        assert stat.S_IMODE((folder / SOCKET_NAME).stat().st_mode) == 0o600
        connected_socket(folder, 5).close()
    remove_socket(folder, inode)
    assert list(folder.iterdir()) == []


def test_a_path_longer_than_an_address_works(tmp_path):
    folder = tmp_path / ("long" * 30) / ("name" * 30)
    made, _ = listening_socket(folder)
    with closing(made):
        assert (folder / SOCKET_NAME).is_socket()
        connected_socket(folder, 5).close()


def test_where_a_long_path_has_no_other_name_the_reason_is_given(tmp_path, monkeypatch):
    monkeypatch.setattr(sockets, "_DESCRIPTORS", tmp_path / "no proc")
    with pytest.raises(OSError, match="longer than the 100 bytes"):
        listening_socket(tmp_path / ("long" * 30))


def test_a_socket_that_a_killed_run_left_is_replaced_and_until_then_recognised(tmp_path):
    made, inode = listening_socket(tmp_path)
    made.close()  # as the kernel does; the name stays
    with pytest.raises(NotListeningError, match="was killed"):
        connected_socket(tmp_path, 5)
    again, _ = listening_socket(tmp_path)
    with closing(again):
        connected_socket(tmp_path, 5).close()
        remove_socket(tmp_path, inode + 1)  # of another run
        assert (tmp_path / SOCKET_NAME).is_socket()


def test_without_a_socket_no_run_listens(tmp_path):
    with pytest.raises(NotListeningError, match="no run listens here"):
        connected_socket(tmp_path / "missing", 5)


@pytest.mark.parametrize("kind", ["file", "folder", "link", "fifo"])
def test_what_a_received_folder_has_in_its_place_is_neither_used_nor_removed(tmp_path, kind):
    path, elsewhere = tmp_path / SOCKET_NAME, tmp_path / "agent.sock"
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(elsewhere))
        other.listen()
        match kind:
            case "file":
                path.write_text("x")
            case "folder":
                path.mkdir()
            case "link":  # to a socket of the user's own, such as that of an agent
                path.symlink_to(elsewhere)
            case "fifo":
                os.mkfifo(path)
        with pytest.raises(UserError, match="is not a socket of this user, so nothing is sent"):
            connected_socket(tmp_path, 5)
        with pytest.raises(FileExistsError):
            listening_socket(tmp_path)
        assert os.path.lexists(path)
        other.settimeout(0.1)
        with pytest.raises(TimeoutError):
            other.accept()


def test_another_user_s_socket_is_not_used(tmp_path, monkeypatch):
    made, _ = listening_socket(tmp_path)
    with closing(made):
        monkeypatch.setattr(os, "geteuid", lambda: 54321)
        with pytest.raises(UserError, match="is not a socket of this user"):
            connected_socket(tmp_path, 5)
        monkeypatch.setattr(sockets, "_is_own_socket", lambda _path: True)
        if os.getuid() != 0:  # root's processes are trusted
            with pytest.raises(UserError, match="another user's process listens there"):
                connected_socket(tmp_path, 5)
