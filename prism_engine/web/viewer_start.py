"""Starts the viewer."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from prism_engine.web.http_serving import HOST, serve
from prism_engine.web.viewer import Viewer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path


def serve_viewer(
    roots: Sequence[Path],
    port: int,
    announce: Callable[[str], None],
    *,
    cache_dir: Path | None = None,
    side_by_side: bool = False,
) -> None:
    """Serve the viewer on 127.0.0.1 until SIGINT or SIGTERM.

    Args:
        roots: folders with runs below them.
        port: 0 takes a free one.
        announce: called with the address to open, which has the token.
        cache_dir: the cache with pictures and prompts; None takes that of each run.
        side_by_side: open all runs side by side, not the list of runs.

    Raises:
        UserError: the port cannot be opened.
    """
    asyncio.run(_serve(Viewer(roots, cache_dir), port, announce, "view?runs=all&" if side_by_side else "?"))


async def _serve(viewer: Viewer, port: int, announce: Callable[[str], None], page: str) -> None:
    await serve(viewer.app(), port, lambda opened: announce(f"http://{HOST}:{opened}/{page}token={viewer.gate.token}"))
