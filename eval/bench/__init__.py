"""The bench stage: throughput, latency and memory of every arm."""
