"""`python cli.py ...` in a checkout is the installed `prism ...`."""

from prism_engine.cli import main

main()
