"""Engines that serve a model: vLLM, its arguments, its log and its settings."""
