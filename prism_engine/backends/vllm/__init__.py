"""vLLM backends: an engine in this process, or an OpenAI server that the run starts and stops."""
