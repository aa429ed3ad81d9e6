"""`python -m prism_engine ...` is `prism ...`."""

from prism_engine.cli import main

main()
