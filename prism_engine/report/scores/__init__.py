"""Reads prediction rows back and aggregates them into scores with intervals."""
