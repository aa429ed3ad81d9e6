"""OpenAI-compatible chat APIs: from a call to a typed outcome, with a budget and retries."""
