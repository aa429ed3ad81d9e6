"""Servers for this machine's browser: the viewer of runs. Only this package and `chaos` serve HTTP."""
