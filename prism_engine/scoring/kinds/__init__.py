"""The scorers, one file per answer kind."""
