"""Everything about the original Prism: its arguments, its configuration files, its result folders."""
