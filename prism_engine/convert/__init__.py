"""Checkpoints as others published them, made into ordinary ones that vLLM and transformers load."""
