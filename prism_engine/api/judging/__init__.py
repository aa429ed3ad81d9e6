"""Has a judge model re-score finished runs and grade responses against a rubric."""
