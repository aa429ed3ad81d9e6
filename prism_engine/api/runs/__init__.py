"""Plans and executes runs: one configuration or a sweep."""
