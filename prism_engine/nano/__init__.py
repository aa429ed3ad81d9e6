"""The embedded models: two small checkpoints that `prism train` made, as ordinary Hugging Face folders."""

from __future__ import annotations

from pathlib import Path

CAPTIONER = Path(__file__).parent / "captioner"
"""nano-captioner, an Idefics3: describes pictures of PrismScenes."""
REASONER = Path(__file__).parent / "reasoner"
"""nano-reasoner, a Llama: answers from descriptions of PrismScenes."""
