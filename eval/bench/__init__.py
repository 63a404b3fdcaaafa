"""The bench stage: throughput, latency and memory of both variants."""
