"""Judges: models that read answers the rules cannot read, and models that grade answers by a rubric."""
