"""Control of a running run from another process, through a Unix socket in the run's folder."""
