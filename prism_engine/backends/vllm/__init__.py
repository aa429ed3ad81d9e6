"""vLLM, in this process or behind an OpenAI server that a run starts and stops."""
