"""The Python objects `Session`, `Perception` and `Reasoning`."""
