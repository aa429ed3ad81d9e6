"""Runs and plans one configuration or a sweep."""
