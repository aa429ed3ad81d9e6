"""Interactive use from Python: `Session`, `Perception` and `Reasoning`, one question at a time."""
