"""The `prism` command: parse, call the API, print, exit code."""

from prism_engine.cli.process import main

__all__ = ["main"]
