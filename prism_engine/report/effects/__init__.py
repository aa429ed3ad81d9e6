"""Statistics of finished runs: contrasts, failure attribution, the two-factor analysis."""
