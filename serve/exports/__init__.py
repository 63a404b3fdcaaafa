"""Exports: files for the programs around an endpoint."""
