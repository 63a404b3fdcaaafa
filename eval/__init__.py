"""Measurement: accuracy through lm-eval, load through vLLM's own benchmark."""
