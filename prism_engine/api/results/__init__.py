"""The files of a run: results, status, scores under other rules."""
