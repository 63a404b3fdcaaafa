"""Scenarios: what a client is told, with its claims, priced without a measured run."""
