"""Judges finished runs and grades responses by a rubric."""
