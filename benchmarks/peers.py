"""prism and its peers on the same work: inspect_ai, curator, lmms-eval's async client and vLLM's run-batch.

Each peer is installed, pinned, into an environment of its own below --envs (once: some minutes, 3 GB). Linux only.
All get the same tasks, are configured as their own documentation advises, and run against a server of their own with
the same behaviour (`peer_tools/server.py`). Scenarios:

- `free`: an API without limits
- `rpm`, `tpm`: strict limits; the tools that have settings for them are given them
- `stages`: a picture described, then a question answered, both behind the API
- `kill`: kill -9 at half, then the same command
- `engine`: nano-captioner on vLLM in process, its start included

Wall time is from the start of a client to its end. A time is ranked only if the tool was never refused and lost
nothing; a bare aiohttp client is listed as a floor. The tools take turns, after an unmeasured run each.

    python benchmarks/peers.py [--scenarios free,kill] [--tools prism,curator] [--rounds 3] [--envs DIR] [--write FILE]

Exits with 1 if prism is not the first of the ranked tools in a scenario. `original.py` compares with the original
Prism.
"""

from __future__ import annotations

from peer_tools.command import main  # type: ignore[import-not-found]  # a script can import what is next to it

if __name__ == "__main__":
    main(__doc__)
