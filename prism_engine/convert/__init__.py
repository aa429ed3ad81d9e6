"""Converts published checkpoints of unusual layout into standard ones that vLLM and transformers load."""
