"""Costs and return on investment."""
