"""Rows read back and folded into scores with intervals."""
