"""Rate limiting for APIs: concurrency, requests and tokens per minute, server headers, outages."""
