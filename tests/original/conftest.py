"""The commands of the original run through the same `prism` as all others."""

from tests.cli.conftest import prism

__all__ = ["prism"]
