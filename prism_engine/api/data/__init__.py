"""Creates input data: synthetic benchmarks, blind-filtered subsets, converted and trained checkpoints."""
