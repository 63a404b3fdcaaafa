"""Other people's clients and fuzzers on the endpoint with real vLLM behind it."""
