"""The embedded default: a benchmark and two tiny checkpoints that this machine makes itself."""
