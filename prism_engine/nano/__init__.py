"""The embedded models: two small checkpoints made by `prism train`, as standard Hugging Face folders."""

from __future__ import annotations

from pathlib import Path

CAPTIONER = Path(__file__).parent / "captioner"
"""nano-captioner, an Idefics3: describes pictures of PrismScenes."""
REASONER = Path(__file__).parent / "reasoner"
"""nano-reasoner, a Llama: answers from descriptions of PrismScenes."""
