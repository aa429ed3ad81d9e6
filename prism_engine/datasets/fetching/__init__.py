"""Downloads known benchmarks."""
