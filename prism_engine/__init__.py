"""Decoupled evaluation of vision-language models at full throughput."""

__version__ = "0.1.0"
