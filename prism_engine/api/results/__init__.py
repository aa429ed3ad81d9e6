"""Reads and writes a run's files: results, status, and scores under other rules."""
