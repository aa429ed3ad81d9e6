"""What an answer that could not be read is worth: nothing, a guess at random, or what guessing gives on average."""

from __future__ import annotations

from hashlib import blake2b
from typing import Final

GUESS_SEED: Final = 2680
"""The original's seed. Its draws hung on the order of the rows; here each row's hangs on its index alone."""


def lucky(index: str, ways: int, seed: int = GUESS_SEED) -> bool:
    """Whether a guess among so many answers is right for that row: once in `ways` rows, the same ones each time."""
    digest = blake2b(f"{seed}\n{index}".encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest) % ways == 0
