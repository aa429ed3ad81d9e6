"""Which option a reply chooses."""
