"""Trains the two embedded models."""
