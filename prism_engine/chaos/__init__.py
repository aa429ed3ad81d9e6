"""An OpenAI-compatible server that injects faults."""
