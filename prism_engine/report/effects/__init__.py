"""What finished runs say about models: contrasts, failures, the two-factor analysis."""
