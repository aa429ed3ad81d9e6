"""Parts of `benchmarks/peers.py`: environments, tasks, server, clients, measurement and ranking."""
