"""Compares and analyses finished runs."""
