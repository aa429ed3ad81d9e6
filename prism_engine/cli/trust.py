"""Asks for consent before anything from someone else runs: a received run, or a checkpoint's own Python code."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import typer

from prism_engine.cli.show.console import stderr
from prism_engine.config.user_data import TRUST_ALL
from prism_engine.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from prism_engine.errors import UntrustedCodeError


def trusting_code(ctx: typer.Context, value: bool) -> bool:  # noqa: FBT001 - Typer's callback
    """Let checkpoints run their own code until the command ends, if the option is given."""
    if value and TRUST_ALL not in os.environ:
        os.environ[TRUST_ALL] = "1"
        ctx.call_on_close(lambda: os.environ.pop(TRUST_ALL, None))
    return value


def confirm_received(folder: Path, consequences: Sequence[str]) -> None:
    """Ask whether a run that someone else's prism wrote may continue.

    Raises:
        ConfigError: the answer is no; or no one is there to ask, and the message lists the consequences.
    """
    listed = "".join(f"\n  - {line}" for line in consequences)
    text = f"{folder}: this prism did not write this run (it was received, or an earlier version wrote it). It{listed}"
    if not _can_ask():
        raise ConfigError(f"{text}\n--trust continues it; `prism run` with your own options does not use its settings")
    if not _asks(text, "Continue it?"):
        raise ConfigError(f"{folder}: not continued, and nothing was started")


def confirm_code(error: UntrustedCodeError) -> bool:
    """Ask whether a checkpoint may run its own code, and remember a yes; False if no one is there to ask."""
    from prism_engine.api.build.code_trust import remember  # noqa: PLC0415 - commands import what they use when called

    if not (_can_ask() and _asks(str(error), "Run it, now and from now on?")):
        return False
    remember(error.checkpoint, error.revision)
    return True


def _can_ask() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty()


def _asks(text: str, question: str) -> bool:
    stderr.print(text, soft_wrap=True, markup=False)
    return typer.confirm(question, default=False, err=True)
