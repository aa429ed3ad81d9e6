"""Compatibility with the original Prism framework: its arguments, configuration files and result folders."""
