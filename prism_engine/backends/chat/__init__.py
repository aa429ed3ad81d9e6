"""OpenAI-compatible chat APIs: one request from a call to a typed outcome, paid for and retried."""
