"""The answer kinds, each declared by a scorer in its own file; `scoring.SCORERS` finds them."""
