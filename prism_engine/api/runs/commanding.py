"""Sends commands to a run that another process executes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prism_engine.api.results.status import KILLED, RUN, RUNNING
from prism_engine.control.client import send
from prism_engine.control.messages import request_for
from prism_engine.control.sockets import NotListeningError
from prism_engine.errors import UserError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from prism_engine.api.results.status import RunState


def command_run(one: RunState, command: str, values: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Have a running run pause, resume, drain, or change a setting; return `message` and `state`.

    Only the folder of `one` is used to find the run: nothing that its files say, which may be another's, decides where
    a command goes.

    Args:
        command: `pause`, `resume`, `drain`, `status` or `set`.
        values: for `set`, as they are typed: `{"rpm": "100", "max_cost": "2.50", "deadline": "1h30m"}`.

    Raises:
        UserError: a value is wrong, the run has refused the command, or no run listens; nothing was changed.
    """
    request_for(command, values)
    try:
        return send(one.folder, command, values)
    except NotListeningError:
        raise UserError(f"{one.folder}: {_why_silent(one)}") from None


def _why_silent(one: RunState) -> str:
    if one.command != RUN:
        return f"results of `prism {one.command}`; only runs can be controlled"
    if one.state == KILLED:
        return f"this run was killed; continue it with `prism resume {one.folder}`"
    if one.state == RUNNING:
        return (
            "this run does not listen: it starts or ends just now, runs on another machine or under an earlier version "
            "of prism, or its folder's file system holds no sockets. Signals work everywhere: Ctrl-C, or `kill -INT`"
        )
    return f"this run is not running ({one.state})"
