"""Checks of a running endpoint."""
