"""Judges: models that read answers which rules cannot, and models that grade answers by a rubric."""
