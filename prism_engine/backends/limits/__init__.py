"""The limits of an API: concurrency, requests and tokens per minute, server headers, outages."""
