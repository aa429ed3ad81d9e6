"""An OpenAI-compatible server that misbehaves on purpose."""
