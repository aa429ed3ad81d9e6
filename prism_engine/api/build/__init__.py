"""Turns a validated configuration into the parts of a run: models, budget, instruction, pipeline."""
