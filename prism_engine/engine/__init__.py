"""Execution of a run: plan, pipeline, scheduler, journal, progress."""
