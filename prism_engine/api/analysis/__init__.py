"""Compares and analyses finished runs: leaderboards, pairwise comparison, multi-run analysis."""
