"""Acceptance: each clause that was agreed held against what the run measured."""
