"""The run: plan, pipeline, scheduler, journal, progress."""
