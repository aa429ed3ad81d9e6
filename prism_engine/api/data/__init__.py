"""Makes benchmarks, subsets and checkpoints."""
